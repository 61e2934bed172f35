"""Texts to vectors of a pretrained language model."""

from ._embedder import LLMTokenEmbedder
from ._store import CacheInfo, set_memory_limit

__all__ = ["CacheInfo", "LLMTokenEmbedder", "set_memory_limit"]
