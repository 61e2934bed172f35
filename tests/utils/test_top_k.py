import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sklearn_llmtokens._utils._top_k import TopK, top_columns

SCORES = arrays(
    np.float32,
    st.tuples(st.integers(1, 4), st.integers(1, 12)),
    elements=st.sampled_from([-np.inf, -1.0, 0.0, 0.5, 2.0]),
)


@settings(max_examples=100, deadline=None)
@given(SCORES, st.integers(1, 12))
def test_columns_are_those_of_a_stable_sort(scores, k):
    k = min(k, scores.shape[1])
    expected = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    assert top_columns(scores, k).tolist() == expected.tolist()


@settings(max_examples=100, deadline=None)
@given(SCORES, st.integers(1, 12), st.lists(st.integers(0, 12), max_size=3))
def test_chunks_give_what_the_whole_gives(scores, k, cuts):
    cuts = sorted({0, scores.shape[1], *(min(cut, scores.shape[1]) for cut in cuts)})
    top = TopK(len(scores), k)
    for start, stop in itertools.pairwise(cuts):
        top.update(scores[:, start:stop], np.arange(start, stop))
    for row, found, values in zip(scores, top.item_idx, top.scores, strict=True):
        order = [i for i in np.argsort(-row, kind="stable") if row[i] > -np.inf][:k]
        assert found.tolist() == order + [-1] * (k - len(order))
        assert values.tolist() == [*row[order], *[-np.inf] * (k - len(order))]


WIDE_SCORES = arrays(
    st.sampled_from([np.float16, np.float32, np.float64]),
    st.tuples(st.integers(1, 3), st.integers(64, 700)),
    elements=st.sampled_from([-np.inf, -1.0, 0.0, 0.5, 2.0, np.inf]),
    fill=st.just(0.0),
)


@settings(max_examples=60, deadline=None)
@given(WIDE_SCORES, st.integers(1, 5))
def test_blocks_of_wide_rows_give_what_a_stable_sort_gives(scores, k):
    expected = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    assert top_columns(scores, k).tolist() == expected.tolist()


@pytest.mark.parametrize("n_columns", [63, 64, 65, 127, 1000, 4099])
@pytest.mark.parametrize("order", ["C", "F"])
def test_distinct_scores_at_every_width(n_columns, order):
    scores = np.asarray(np.random.default_rng(n_columns).permuted(np.tile(np.arange(n_columns) * 1.0, (7, 1)), axis=1))
    scores = np.asarray(scores, order=order)
    expected = np.argsort(-scores, axis=1, kind="stable")
    for k in (1, 2, 7, 63):
        assert top_columns(scores, k).tolist() == expected[:, :k].tolist()


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64])
def test_counts_are_compared_as_numbers(dtype):
    scores = np.array([[0, 1, 0, 1, 1]], dtype=dtype)
    assert top_columns(scores, 4).tolist() == [[1, 3, 4, 0]]


def test_no_rows_and_no_columns():
    assert top_columns(np.empty((0, 3)), 2).shape == (0, 2)
    assert top_columns(np.empty((2, 0)), 0).shape == (2, 0)
