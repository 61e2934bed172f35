"""Recommended pipelines as plain scikit-learn objects; no other part imports them."""

from ._text_pipeline import text_pipeline
from ._text_recommender import text_recommender

__all__ = ["text_pipeline", "text_recommender"]
