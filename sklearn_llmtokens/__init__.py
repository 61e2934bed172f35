"""What a language model knows about a text, as a feature in scikit-learn."""

from .embedding import LLMTokenEmbedder

__version__ = "0.1.0"

__all__ = ["LLMTokenEmbedder"]
