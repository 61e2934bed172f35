"""What messages show of a value."""

import numpy as np
import pytest

from sklearn_llmtokens._utils._messages import shorten


@pytest.mark.parametrize("value", ["tea", "", b"tea", 7, True, None, 1.5, ("a", 1.0), ["a", None], "x" * 30])
def test_a_short_value_is_its_repr(value):
    assert shorten(value) == repr(value)


@pytest.mark.parametrize(
    "value",
    ["x" * 31, "x" * 10**6, b"x" * 1000, ["x" * 500, "y"], {"a": "x" * 500}, ("x" * 500, 1.0), [["x" * 31]] * 1000,
     np.array(["x" * 500], dtype=object), np.str_("x" * 31)],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_at_most_thirty_characters_of_a_value_are_shown(value):
    assert 0 < shorten(value).count("x") <= 30
    assert len(shorten(value)) <= 40


def test_an_id_of_numpy_is_shown_as_text():
    assert shorten(np.str_("tea")) == "'tea'"


def test_a_number_that_python_does_not_print_is_described():
    assert shorten(10**5000) == "<int of 16610 bits>"
