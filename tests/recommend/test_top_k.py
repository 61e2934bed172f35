import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sklearn_llmtokens.recommend._top_k import TopK, top_columns

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


def test_no_rows_and_no_columns():
    assert top_columns(np.empty((0, 3)), 2).shape == (0, 2)
    assert top_columns(np.empty((2, 0)), 0).shape == (2, 0)
