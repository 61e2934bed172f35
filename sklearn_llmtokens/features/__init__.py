"""Transformers of vectors: dimensionality reduction, whitening, and removal of dominant directions."""

from .._public import name_public_module
from ._embedding_pca import EmbeddingPCA

__all__ = ["EmbeddingPCA"]

name_public_module(globals())
