"""Model selection over embeddings with one forward pass per text."""

from ._precompute import precompute
from ._receipt import Receipt

__all__ = ["Receipt", "precompute"]
