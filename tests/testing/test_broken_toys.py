"""Each check fails a transformer that is wrong in the one way that it looks for, and says so."""

import pytest

from sklearn_llmtokens.testing import check_text_estimator, text_estimator_checks
from tests.testing import broken_inputs, broken_outputs, broken_state  # noqa: F401 (each registers its own)
from tests.testing.broken import BROKEN
from tests.testing.toys import CountCharacters


def by_name(estimator):
    found = {}
    for _, check in text_estimator_checks(estimator):
        arguments = ",".join(f"{key}={value}" for key, value in check.keywords.items())
        found[f"{check.func.__name__}({arguments})" if arguments else check.func.__name__] = check
    return found


@pytest.mark.parametrize(("estimator", "check", "message"), BROKEN)
@pytest.mark.filterwarnings("ignore:.*default value.*:UserWarning")
def test_a_broken_transformer_fails(estimator, check, message):
    with pytest.raises(AssertionError, match=message):
        by_name(estimator)[check](estimator)


def test_every_check_has_failed_once():
    assert set(by_name(CountCharacters())) == {param.values[1] for param in BROKEN}


def test_the_first_failure_is_raised():
    with pytest.raises(AssertionError, match="in place"):
        check_text_estimator(broken_state.AppendsToParameter(extras=["a"]))
