"""The estimator checks of scikit-learn: the parametrised set, and those that it leaves out."""

import pytest
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import check_estimator, parametrize_with_checks

from sklearn_llmtokens.features import EmbeddingPCA, TableFeatures

pytestmark = [
    # the checks fit the default of 64 components on a handful of columns
    pytest.mark.filterwarnings("ignore:n_components=64 is more than:UserWarning"),
    # the set_output checks fit frames and transform arrays on purpose
    pytest.mark.filterwarnings("ignore:X (has|does not have valid) feature names:UserWarning"),
]

LEFT_OUT = [
    "check_param_validation",
    "check_set_output_transform",
    "check_set_output_transform_pandas",
    "check_set_output_transform_polars",
    "check_global_output_transform_pandas",
    "check_global_set_output_transform_polars",
    "check_transformer_get_feature_names_out",
    "check_transformer_get_feature_names_out_pandas",
]
ESTIMATORS = [EmbeddingPCA(), EmbeddingPCA(None, whiten=0.5), EmbeddingPCA(None, whiten=True), TableFeatures()]


@parametrize_with_checks(ESTIMATORS)
def test_estimator_checks(estimator, check):
    check(estimator)


def test_at_least_forty_checks_run():
    results = check_estimator(EmbeddingPCA(), on_skip=None)
    not_passed = {result["check_name"] for result in results if result["status"] != "passed"}
    assert not_passed <= {"check_array_api_input"}
    assert len(results) - len(not_passed) >= 40


@pytest.mark.parametrize("name", LEFT_OUT)
@pytest.mark.parametrize("estimator", ESTIMATORS, ids=str)
def test_checks_that_the_parametrised_set_leaves_out(estimator, name):
    getattr(estimator_checks, name)(type(estimator).__name__, estimator)
