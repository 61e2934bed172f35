"""What the recipes take as `embedder=`: nothing, the name of a model, or a transformer."""

import os

from sklearn.base import BaseEstimator, clone

from .._utils._messages import shorten
from ..embedding import LLMTokenEmbedder


def transformer_of_texts(embedder) -> BaseEstimator:
    """Return the transformer that `embedder` names, or a clone of the one that it is."""
    if embedder is None:
        return LLMTokenEmbedder()
    if isinstance(embedder, str | os.PathLike):
        return LLMTokenEmbedder(embedder)
    if not hasattr(embedder, "transform"):
        raise TypeError(
            f"embedder={shorten(embedder)} has no transform: pass the name of a model or a transformer from texts to "
            "vectors."
        )
    return clone(embedder)
