"""Texts to vectors of a pretrained language model."""

from ._embedder import LLMTokenEmbedder

__all__ = ["LLMTokenEmbedder"]
