"""Transformers of vectors: dimensionality reduction, whitening; and of tables: numbers, dates, categories."""

from .._public import name_public_module
from ._embedding_pca import EmbeddingPCA
from ._table_features import TableFeatures

__all__ = ["EmbeddingPCA", "TableFeatures"]

name_public_module(globals())
