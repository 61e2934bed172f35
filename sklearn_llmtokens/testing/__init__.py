"""Checks for estimators of texts and for recommenders of any package; pytest is not needed to import them."""

from .._public import name_public_module
from ._recommenders import check_recommender, recommender_checks
from ._suite import (
    TEXT_TO_TEXT_EXPECTED_FAILED_CHECKS,
    check_text_estimator,
    parametrize_with_text_checks,
    text_estimator_checks,
)

__all__ = [
    "TEXT_TO_TEXT_EXPECTED_FAILED_CHECKS",
    "check_recommender",
    "check_text_estimator",
    "parametrize_with_text_checks",
    "recommender_checks",
    "text_estimator_checks",
]

name_public_module(globals())
