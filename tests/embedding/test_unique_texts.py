"""Each distinct text goes through the model once, with its words, and every cell gets its vector."""

import math

import numpy as np
import pytest

from sklearn_llmtokens import LLMTokenEmbedder


class Spans:
    """The same words for every text that has three characters, and none for others."""

    def __init__(self, spans):
        self.spans = spans

    def word_spans(self, text):
        return self.spans if len(text) == 3 else []


def embedder(checkpoints, **params):
    return LLMTokenEmbedder(checkpoints["bert"], **{"cache": None, **params})


def test_each_text_of_several_columns_is_encoded_once(checkpoints, texts_through_the_model):
    X = np.array([["a", "b"], ["b", "a"], ["c", "b"]], dtype=object)
    rows = embedder(checkpoints).fit_transform(X)
    assert sorted(texts_through_the_model) == ["a", "b", "c"]
    a, b, c = embedder(checkpoints).fit_transform(["a", "b", "c"])
    np.testing.assert_array_equal(rows, [[*a, *b], [*b, *a], [*c, *b]])


def test_a_missing_cell_gets_zeros(checkpoints, texts_through_the_model):
    X = np.array([["b", None], [None, "b"], ["a", "b"]], dtype=object)
    rows = embedder(checkpoints, missing="zero").fit_transform(X)
    assert sorted(texts_through_the_model) == ["a", "b"]
    a, b = embedder(checkpoints).fit_transform(["a", "b"])
    zero = np.zeros_like(a)
    np.testing.assert_array_equal(rows, [[*b, *zero], [*zero, *b], [*a, *b]])


def test_words_may_overlap_and_be_empty(checkpoints):
    spans = [(0, 2, 1.0), (1, 3, 0.5), (3, 3, 0.0)]
    rows = embedder(checkpoints, word_weights=Spans(spans)).fit_transform(["abc", "a"])
    assert np.isfinite(rows).all()


def test_words_come_in_any_order_and_as_any_numbers(checkpoints, texts_through_the_model):
    plain, other = [(0, 2, 1.0), (2, 3, 0.5)], [(np.int64(2), 3, np.float32(0.5)), [0, 2, 1]]
    rows = [
        embedder(checkpoints, word_weights=Spans(spans), cache="memory").fit_transform(["abc"])
        for spans in (plain, other)
    ]
    np.testing.assert_array_equal(*rows)
    assert texts_through_the_model == ["abc"]


def test_no_words_at_all_are_refused(checkpoints):
    with pytest.raises(ValueError, match=r"gave None for X\[0\]"):
        embedder(checkpoints, word_weights=Spans(None)).fit_transform(["abc"])


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
def test_words_that_are_none_are_refused_with_their_row(checkpoints, span):
    with pytest.raises(ValueError, match=r"gave \(.*\) for X\[1\], a text of 3 characters"):
        embedder(checkpoints, word_weights=Spans([span])).fit_transform(["ab", "abc"])
