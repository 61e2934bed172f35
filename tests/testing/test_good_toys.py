import pytest
from sklearn.utils.estimator_checks import check_estimator, parametrize_with_checks

from sklearn_llmtokens.testing import (
    TEXT_TO_TEXT_EXPECTED_FAILED_CHECKS,
    check_text_estimator,
    parametrize_with_text_checks,
)
from tests.testing.toys import CountCharacters, UpperCase

GOOD = [CountCharacters(), CountCharacters(binary=True, missing="zero", extras=["a"]), UpperCase()]


@parametrize_with_text_checks(GOOD)
def test_a_correct_transformer_passes(estimator, check):
    check(estimator)


def test_all_at_once():
    check_text_estimator(CountCharacters())


@parametrize_with_checks([UpperCase()], expected_failed_checks=lambda _: TEXT_TO_TEXT_EXPECTED_FAILED_CHECKS)
@pytest.mark.filterwarnings("ignore:Numbers .* are read as text:sklearn.exceptions.DataConversionWarning")
def test_text_to_text_fails_only_what_is_declared(estimator, check):
    check(estimator)


@pytest.mark.filterwarnings("ignore:Numbers .* are read as text:sklearn.exceptions.DataConversionWarning")
def test_nothing_more_is_declared_than_fails():
    results = check_estimator(UpperCase(), on_fail=None, on_skip=None)
    failed = {result["check_name"] for result in results if result["status"] == "failed"}
    assert failed == set(TEXT_TO_TEXT_EXPECTED_FAILED_CHECKS)
