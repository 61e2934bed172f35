"""Sentence embeddings from Hugging Face models for scikit-learn, with Chinese tokenisation and recommenders."""

import os.path
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._recipes import TextPipeline, distill, text_pipeline, text_recommender
    from ._trusted_types import trusted_types
    from .embedding import EmbedBatches, LLMTokenEmbedder, embed_parquet
    from .features import EmbeddingPCA
    from .model_selection import precompute
    from .recommend import (
        Catalog,
        ContentRecommender,
        EASERecommender,
        HybridRecommender,
        ItemKNNRecommender,
        PopularityRecommender,
        RecencyRecommender,
        SequenceKNNRecommender,
        TransitionRecommender,
        top_k_labels,
    )
    from .text import JiebaTokenizer, TextNormalizer

    __docs_dir__: str

__version__ = "0.1.0"

__all__ = [
    "Catalog",
    "ContentRecommender",
    "EASERecommender",
    "EmbedBatches",
    "EmbeddingPCA",
    "HybridRecommender",
    "ItemKNNRecommender",
    "JiebaTokenizer",
    "LLMTokenEmbedder",
    "PopularityRecommender",
    "RecencyRecommender",
    "SequenceKNNRecommender",
    "TextNormalizer",
    "TextPipeline",
    "TransitionRecommender",
    "distill",
    "embed_parquet",
    "precompute",
    "text_pipeline",
    "text_recommender",
    "top_k_labels",
    "trusted_types",
]

# Each is imported where it is first needed, so that `import sklearn_llmtokens` costs next to nothing.
_MODULES = {
    "Catalog": "recommend",
    "ContentRecommender": "recommend",
    "EASERecommender": "recommend",
    "EmbedBatches": "embedding",
    "EmbeddingPCA": "features",
    "HybridRecommender": "recommend",
    "ItemKNNRecommender": "recommend",
    "JiebaTokenizer": "text",
    "LLMTokenEmbedder": "embedding",
    "PopularityRecommender": "recommend",
    "RecencyRecommender": "recommend",
    "SequenceKNNRecommender": "recommend",
    "TextNormalizer": "text",
    "TextPipeline": "_recipes",
    "TransitionRecommender": "recommend",
    "distill": "_recipes",
    "embed_parquet": "embedding",
    "precompute": "model_selection",
    "text_pipeline": "_recipes",
    "text_recommender": "_recipes",
    "top_k_labels": "recommend",
    "trusted_types": "_trusted_types",
}


def _find_docs() -> str:
    """Return the folder of the documentation's pages, as Markdown: in an installed package, or in a clone."""
    package = os.path.dirname(__file__)
    installed = os.path.join(package, "_docs")
    return installed if os.path.isdir(installed) else os.path.join(os.path.dirname(package), "docs")


def __getattr__(name: str) -> Any:
    if name == "__docs_dir__":
        globals()[name] = _find_docs()
        return globals()[name]
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f".{_MODULES[name]}", __name__), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
