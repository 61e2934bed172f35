"""What a language model knows about a text, as a feature in scikit-learn."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._recipes import text_pipeline
    from .embedding import LLMTokenEmbedder
    from .features import EmbeddingPCA
    from .model_selection import precompute
    from .recommend import top_k_labels
    from .text import JiebaTokenizer, TextNormalizer

__version__ = "0.1.0"

__all__ = [
    "EmbeddingPCA",
    "JiebaTokenizer",
    "LLMTokenEmbedder",
    "TextNormalizer",
    "precompute",
    "text_pipeline",
    "top_k_labels",
]

# Each is imported where it is first needed, so that `import sklearn_llmtokens` costs next to nothing.
_HOMES = {
    "EmbeddingPCA": "features",
    "JiebaTokenizer": "text",
    "LLMTokenEmbedder": "embedding",
    "TextNormalizer": "text",
    "precompute": "model_selection",
    "text_pipeline": "_recipes",
    "top_k_labels": "recommend",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
