"""scikit-learn's own checks. Nine subtract outputs, which are strings here, and cannot pass."""

import pytest
from sklearn.exceptions import DataConversionWarning
from sklearn.utils.estimator_checks import (
    check_estimator,
    check_param_validation,
    check_set_output_transform,
    check_transformer_get_feature_names_out,
    check_transformer_get_feature_names_out_pandas,
    parametrize_with_checks,
)

from sklearn_llmtokens.text import JiebaTokenizer, TextNormalizer

pytestmark = pytest.mark.filterwarnings(
    f"ignore::{DataConversionWarning.__module__}.{DataConversionWarning.__name__}"  # the checks feed numbers
)

ESTIMATORS = [JiebaTokenizer(), TextNormalizer()]
SUBTRACTING = dict.fromkeys(
    [
        "check_pipeline_consistency",
        "check_estimators_pickle",
        "check_transformer_data_not_an_array",
        "check_transformer_general",
        "check_methods_sample_order_invariance",
        "check_methods_subset_invariance",
        "check_fit_idempotent",
    ],
    "the check subtracts outputs, which are strings here; sklearn_llmtokens.testing has a counterpart",
)


@parametrize_with_checks(ESTIMATORS, expected_failed_checks=lambda estimator: SUBTRACTING)
def test_sklearn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda estimator: type(estimator).__name__)
def test_only_subtraction_fails(estimator):
    results = check_estimator(estimator, expected_failed_checks=SUBTRACTING, on_skip=None, on_fail="raise")
    failed = [result for result in results if result["status"] == "xfail"]
    assert sum(result["status"] == "passed" for result in results) >= 36
    assert len(failed) == 9
    assert all("unsupported operand type(s) for -: 'str' and 'str'" in str(result["exception"]) for result in failed)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda estimator: type(estimator).__name__)
@pytest.mark.parametrize(
    "check",
    [
        check_param_validation,
        check_transformer_get_feature_names_out,
        check_transformer_get_feature_names_out_pandas,
    ],
    ids=lambda check: check.__name__,
)
def test_checks_that_the_set_leaves_out(estimator, check):
    check(type(estimator).__name__, estimator)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda estimator: type(estimator).__name__)
def test_output_setting_is_accepted_and_again_only_subtraction_fails(estimator):
    """With pandas or polars asked for, texts stay what they are on purpose: TfidfVectorizer would read column names."""
    with pytest.raises(TypeError, match="unsupported operand type"):
        check_set_output_transform(type(estimator).__name__, estimator)
