"""Recommended pipelines as plain scikit-learn objects; no other part imports them."""

from ._distill import distill
from ._pipeline import TextPipeline
from ._text_pipeline import text_pipeline
from ._text_recommender import text_recommender

__all__ = ["TextPipeline", "distill", "text_pipeline", "text_recommender"]

TextPipeline.__module__ = "sklearn_llmtokens"  # which lists it: pickles outlive files
