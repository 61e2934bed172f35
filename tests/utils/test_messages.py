"""What error messages show of a value: seen on one that repeats the name of an unknown data set."""

import numpy as np
import pytest

from sklearn_llmtokens.datasets import fetch_amazon_interactions


def shown(value) -> str:
    """Return what the message shows of the value."""
    with pytest.raises(ValueError, match=r"^name=.* is not known; ") as info:
        fetch_amazon_interactions(value)
    return str(info.value).removeprefix("name=").rpartition(" is not known; ")[0]


@pytest.mark.parametrize("value", ["tea", "", b"tea", 7, True, None, 1.5, ("a", 1.0), ["a", None], "x" * 30])
def test_a_short_value_is_its_repr(value):
    assert shown(value) == repr(value)


@pytest.mark.parametrize(
    "value",
    ["x" * 31, "x" * 10**6, b"x" * 1000, ["x" * 500, "y"], {"a": "x" * 500}, ("x" * 500, 1.0), [["x" * 31]] * 1000,
     np.array(["x" * 500], dtype=object), np.str_("x" * 31)],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_at_most_thirty_characters_of_a_value_are_shown(value):
    assert 0 < shown(value).count("x") <= 30
    assert len(shown(value)) <= 40


def test_an_id_of_numpy_is_shown_as_text():
    assert shown(np.str_("tea")) == "'tea'"


def test_a_number_that_python_does_not_print_is_described():
    assert shown(10**5000) == "<int of 16610 bits>"
