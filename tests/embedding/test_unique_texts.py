import math

import numpy as np
import pytest

from sklearn_llmtokens._utils._texts import read_texts
from sklearn_llmtokens.embedding._unique_texts import find_unique_texts


class Spans:
    """The same words for every text that has three characters, and none for others."""

    def __init__(self, spans):
        self.spans = spans

    def word_spans(self, text):
        return self.spans if len(text) == 3 else []


def test_cells_are_numbered_row_by_row_and_each_text_is_there_once():
    cells = find_unique_texts(read_texts(np.array([["a", "b"], ["b", "a"], ["c", "b"]], dtype=object)))
    assert list(cells.texts.texts) == ["a", "b", "c"]
    np.testing.assert_array_equal(cells.inverse, [0, 1, 1, 0, 2, 1])
    np.testing.assert_array_equal(cells.rows, [0, 1, 4])


def test_a_missing_cell_has_no_text_and_gets_zeros():
    table = read_texts(np.array([["b", None], [None, "b"], ["a", "b"]], dtype=object), missing="keep")
    cells = find_unique_texts(table)
    assert list(cells.texts.texts) == ["b", "a"]
    np.testing.assert_array_equal(cells.inverse, [0, -1, -1, 0, 1, 0])
    vectors = np.full((6, 1), np.nan)
    vectors[cells.rows, 0] = [1, 2]
    cells.fill(vectors)
    np.testing.assert_array_equal(vectors[:, 0], [1, 0, 0, 1, 2, 1])


def test_words_may_overlap_and_be_empty():
    spans = [(0, 2, 1.0), (1, 3, 0.5), (3, 3, 0.0)]
    assert find_unique_texts(read_texts(["abc"]), Spans(spans)).texts.spans == [tuple(spans)]


def test_words_come_in_any_order_and_as_any_numbers():
    spans = [(np.int64(2), 3, np.float32(0.5)), [0, 2, 1]]
    (found,) = find_unique_texts(read_texts(["abc"]), Spans(spans)).texts.spans
    assert repr(found) == "((0, 2, 1.0), (2, 3, 0.5))"


def test_no_words_at_all_are_refused():
    with pytest.raises(ValueError, match=r"gave None for X\[0\]"):
        find_unique_texts(read_texts(["abc"]), Spans(None))


@pytest.mark.parametrize(
    "span",
    [
        (0, 1, math.nan),
        (0, 1, math.inf),
        (0, 1, -1.0),
        (0, 4, 1.0),
        (-1, 1, 1.0),
        (2, 1, 1.0),
        (0, 1),
        (0.5, 1, 1.0),
        ("a", "b", 1.0),
        (0, 1, None),
    ],
)
def test_words_that_are_none_are_refused_with_their_row(span):
    with pytest.raises(ValueError, match=r"gave \(.*\) for X\[1\], a text of 3 characters"):
        find_unique_texts(read_texts(["ab", "abc"]), Spans([span]))
