"""From vectors and classifiers to ranked lists."""

from ._labels import top_k_labels

__all__ = ["top_k_labels"]
