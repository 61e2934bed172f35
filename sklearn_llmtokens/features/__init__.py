"""What to do with vectors once there are some: reduce, whiten, and drop the directions that say nothing."""

from ._embedding_pca import EmbeddingPCA

__all__ = ["EmbeddingPCA"]
