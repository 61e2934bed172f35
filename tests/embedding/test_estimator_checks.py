"""scikit-learn's own checks: the parametrised set, and those that it leaves out. None is expected to fail."""

import pytest
from sklearn.utils import estimator_checks as checks
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from sklearn_llmtokens import LLMTokenEmbedder
from tests.inside import forget_vectors

# The checks feed numbers, which are read as text; those of set_output mix frames and arrays.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Numbers .* are read as text:sklearn.exceptions.DataConversionWarning"),
    pytest.mark.filterwarnings("ignore:X (has|does not have valid) feature names:UserWarning"),
]


@pytest.fixture(autouse=True)
def _fresh_state():
    """The checks share the loaded model, and no vectors."""
    yield
    forget_vectors()


LEFT_OUT = [
    checks.check_param_validation,
    checks.check_set_output_transform,
    checks.check_set_output_transform_pandas,
    checks.check_set_output_transform_polars,
    checks.check_global_output_transform_pandas,
    checks.check_global_set_output_transform_polars,
    checks.check_transformer_get_feature_names_out,
    checks.check_transformer_get_feature_names_out_pandas,
]


@parametrize_with_checks([LLMTokenEmbedder(), LLMTokenEmbedder(cache=None)])
def test_estimator_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("check", LEFT_OUT, ids=lambda check: check.__name__)
def test_checks_that_the_set_leaves_out(check):
    check("LLMTokenEmbedder", LLMTokenEmbedder())


def test_at_least_forty_checks_run():
    """A tag may silence nearly all of them without a word."""
    assert len(list(estimator_checks_generator(LLMTokenEmbedder()))) >= 40
