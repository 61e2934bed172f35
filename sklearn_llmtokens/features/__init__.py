"""Transformers of vectors: dimensionality reduction, whitening, and removal of dominant directions."""

from ._embedding_pca import EmbeddingPCA

__all__ = ["EmbeddingPCA"]
