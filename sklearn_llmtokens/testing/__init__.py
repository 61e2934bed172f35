"""Checks for estimators whose input is text, for this package and for others. None of it needs pytest to import."""

from ._suite import (
    TEXT_TO_TEXT_EXPECTED_FAILED_CHECKS,
    check_text_estimator,
    parametrize_with_text_checks,
    text_estimator_checks,
)

__all__ = [
    "TEXT_TO_TEXT_EXPECTED_FAILED_CHECKS",
    "check_text_estimator",
    "parametrize_with_text_checks",
    "text_estimator_checks",
]
