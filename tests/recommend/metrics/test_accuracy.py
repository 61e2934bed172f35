"""NDCG, recall and reciprocal rank against trec_eval and against what can be worked out by hand."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_llmtokens.recommend import hit_rate_at_k, mrr_at_k, ndcg_at_k, recall_at_k

MEASURES = [ndcg_at_k, recall_at_k, hit_rate_at_k, mrr_at_k]
IDS = [f"i{n}" for n in range(30)]
queries = st.lists(
    st.tuples(
        st.sets(st.sampled_from(IDS), min_size=1, max_size=8),  # relevant
        st.lists(st.sampled_from(IDS), unique=True, max_size=20),  # recommended
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=60, deadline=None)
@given(queries=queries, k=st.sampled_from([1, 3, 5, 10, 20]))
def test_agrees_with_trec_eval(queries, k):
    pytrec_eval = pytest.importorskip("pytrec_eval")
    y_true, lists = [q[0] for q in queries], [q[1] for q in queries]
    qrels = {str(i): dict.fromkeys(items, 1) for i, items in enumerate(y_true)}
    # The padding is an unjudged document: trec_eval leaves out queries without any.
    run = {str(i): {item: -float(r) for r, item in enumerate([*row[:k], "pad"])} for i, row in enumerate(lists)}
    found = pytrec_eval.RelevanceEvaluator(
        qrels, {f"ndcg_cut.{k}", f"recall.{k}", f"success.{k}", "recip_rank"}
    ).evaluate(run)
    names = (f"ndcg_cut_{k}", f"recall_{k}", f"success_{k}", "recip_rank")
    for function, name in zip(MEASURES, names, strict=True):
        ours = function(y_true, lists, k=k, average=False)
        theirs = [found[str(i)][name] for i in range(len(lists))]
        np.testing.assert_allclose(ours, theirs, atol=1e-9, rtol=0, err_msg=name)
        assert function(y_true, lists, k=k) == pytest.approx(np.mean(theirs), abs=1e-9)


def test_one_target_a_query_by_hand():
    lists = [["a", "b", "c"], ["b", "c", "a"], ["b", "c", None]]
    assert recall_at_k(["a", "a", "a"], lists, k=2) == pytest.approx(1 / 3)
    assert hit_rate_at_k([["a", "b"], ["a"], ["d", "c"]], lists, k=2, average=False).tolist() == [1, 0, 1]
    assert mrr_at_k(["a", "a", "a"], lists, k=3) == pytest.approx((1 + 1 / 3 + 0) / 3)
    assert ndcg_at_k(["a", "a", "a"], lists, k=3) == pytest.approx((1 + 1 / math.log2(4) + 0) / 3)


@pytest.mark.parametrize("function", MEASURES)
@pytest.mark.parametrize(
    "recommended",
    [
        np.array([[3, 1], [2, 5]]),
        np.array([[3, 1], [2, 5]], dtype=object),
        [[3, 1], [2, 5]],
        [np.array([3, 1]), (2, 5)],
        [[3.0, 1.0], [2.0, 5.0]],
    ],
    ids=["array", "object", "lists", "mixed", "floats"],
)
@pytest.mark.parametrize("y_true", [[1, 9], np.array([1, 9]), [{1}, [9]], np.array([[1], [9]])], ids=str)
def test_forms_of_ids_and_lists(function, recommended, y_true):
    expected = function([1, 9], [[3, 1], [2, 5]], k=2, average=False)
    np.testing.assert_array_equal(function(y_true, recommended, k=2, average=False), expected)
    assert expected[0] > 0
    assert expected[1] == 0


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_y_may_be_a_series(library):
    series = pytest.importorskip(library).Series(["a", "b"])
    assert recall_at_k(series, [["a"], ["c"]], k=1) == 0.5


@pytest.mark.parametrize("function", MEASURES)
def test_empty_lists_are_misses(function):
    assert function(["a", "a"], [[], [None, None]], k=3) == 0
    assert function(["a"], np.empty((1, 0)), k=3) == 0
    assert function(["a", "a"], [["a"], [float("nan")]], k=3) == 0.5


@pytest.mark.parametrize("function", MEASURES)
@pytest.mark.parametrize(
    ("y_true", "recommended", "k", "message"),
    [
        (["a"], [["a"], ["b"]], 1, "y_true has 1 rows and recommended has 2"),
        ([[]], [["a"]], 1, r"y_true\[0\] holds no item"),
        ([None], [["a"]], 1, r"y_true\[0\] holds no item"),
        ([{"a": 2}], [["a"]], 1, "relevance has no degrees"),
        (["a"], [["b", "a", "b"]], 3, r"recommended\[0\] holds 'b' twice"),
        (["a"], ["abc"], 1, r"recommended\[0\] is 'abc', not a list"),
        (["a"], [7], 1, r"recommended\[0\] is 7, not a list"),
        (["a"], [["a"]], 0, "k == 0, must be >= 1"),
    ],
)
def test_what_is_wrong_is_named(function, y_true, recommended, k, message):
    with pytest.raises(ValueError, match=message):
        function(y_true, recommended, k=k)


def test_what_comes_after_k_is_not_read():
    assert recall_at_k(["a"], [["b", "c", "c", "a"]], k=2) == 0


@pytest.mark.parametrize("function", MEASURES)
@pytest.mark.parametrize(
    ("y_true", "message"),
    [
        ("a", "y_true is 'a': pass a list"),
        (3, "y_true is 3: pass a list"),
        ({"a"}, "y_true is a set"),
        ({"a": 1}, "y_true is a dict"),
    ],
)
def test_targets_that_are_no_list_are_refused(function, y_true, message):
    with pytest.raises(ValueError, match=message):
        function(y_true, [["a"]])


@pytest.mark.parametrize("padding", [None, float("nan"), np.float32("nan"), np.datetime64("NaT")])
def test_padding_among_what_is_relevant_counts_nothing(padding):
    assert recall_at_k([["a", padding]], [["a", "b"]], k=2) == 1
    assert ndcg_at_k([["a", padding], {"b", padding}], [["a", "b"], ["b", padding]], k=2) == 1
    with pytest.raises(ValueError, match=r"y_true\[1\] holds no item"):
        recall_at_k([["a"], [padding]], [["a"], ["b"]])


@pytest.mark.parametrize("measure", [recall_at_k, ndcg_at_k, mrr_at_k])
@pytest.mark.parametrize("average", [True, False])
def test_no_query_is_refused(measure, average):
    with pytest.raises(ValueError, match="recommended is empty: pass the list of at least one query"):
        measure([], [], average=average)
