"""The estimator checks of scikit-learn."""

import pytest
from sklearn.utils.estimator_checks import check_param_validation, parametrize_with_checks

from sklearn_llmtokens.linear_model import BlockRidgeClassifier, BlockRidgeRegressor

ESTIMATORS = [BlockRidgeClassifier(), BlockRidgeRegressor()]
NOT_PASSED = dict.fromkeys(
    [f"check_sample_weight_equivalence_on_{kind}_data" for kind in ("dense", "sparse")],
    "one row is left out in turn, and its repetition stays",
)


@parametrize_with_checks(ESTIMATORS, expected_failed_checks=lambda _: NOT_PASSED)
def test_estimator_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=str)
def test_parameters_are_validated(estimator):
    check_param_validation(type(estimator).__name__, estimator)
