"""Texts to vectors of a pretrained language model."""

from .._public import name_public_module
from ._cache import CacheInfo, set_memory_limit
from ._embed_batches import EmbedBatches
from ._embedder import LLMTokenEmbedder
from ._parquet import embed_parquet

__all__ = ["CacheInfo", "EmbedBatches", "LLMTokenEmbedder", "embed_parquet", "set_memory_limit"]

name_public_module(globals())
