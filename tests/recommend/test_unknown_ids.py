"""Ids that are not in the catalogue: of items that left it, of another type, missing."""

import pickle

import numpy as np
import pytest

from sklearn_llmtokens.exceptions import UnknownItemError
from sklearn_llmtokens.recommend import (
    Catalog,
    ColdItemSplit,
    ContentRecommender,
    EASERecommender,
    Event,
    GlobalTimeSplit,
    HybridRecommender,
    ItemKNNRecommender,
    PopularityRecommender,
    TransitionRecommender,
    calibrated_rerank,
    hit_rate_at_k,
    make_queries,
    make_top_k_scorer,
    mrr_at_k,
    ndcg_at_k,
    novelty,
    recall_at_k,
)

CATALOG = Catalog(["1", "2", "3", "4"], ["green tea", "black tea", "iron pot", "tea cup"])
HISTORIES = [["1", "2"], ["2", "3"], ["1", "4"]]
METRICS = [ndcg_at_k, recall_at_k, hit_rate_at_k, mrr_at_k]


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize(
    ("y_true", "recommended"),
    [
        ([1, 2], [["1", "2"], ["2", "1"]]),
        (np.array([1, 2]), np.array([["1", "2"], ["2", None]], dtype=object)),
        ([[1], [2, 3]], [["1"], ["2"]]),
        (["1", "2"], np.array([[1, 2], [2, 1]])),
        ([b"1", b"2"], [["1", "2"], ["2", "1"]]),
        ([True, False], [["1", "2"], ["2", "1"]]),
    ],
)
def test_ids_that_share_no_type_are_refused(metric, y_true, recommended):
    with pytest.raises(ValueError, match=r"^y_true has ids of type .*: none of them can be equal"):
        metric(y_true, recommended, k=2)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize(
    ("y_true", "recommended", "value"),
    [
        ([1.0, 2.0], [[1, 2], [2, 1]], 1),  # what a column of integers with a gap becomes
        ([np.int64(1), np.int32(2)], [[1, 2], [2, 1]], 1),
        (np.array(["1", "2"]), [["1", "2"], ["2", "1"]], 1),
        ([1, "2"], [["1", "2"], ["2", "1"]], 0.5),
        (["9", "8"], [["1", "2"], ["2", "1"]], 0),
        ([1, 2], [[None], [None]], 0),
    ],
)
def test_ids_that_share_a_type_are_compared(metric, y_true, recommended, value):
    assert metric(y_true, recommended, k=2) == value


def test_novelty_refuses_ids_of_another_type():
    with pytest.raises(ValueError, match="recommended has ids of type str and histories of type int"):
        novelty([["1"]], [[1, 2]])
    assert novelty([["1"]], [[("1", 2.0), None]]) == 0


def test_a_splitter_refuses_targets_of_another_type():
    with pytest.raises(ValueError, match="y has ids of type int and X of type str"):
        next(ColdItemSplit(2, test_size=0.5).split([["1", "2"], ["2"], ["3"]], [1, 2, 3]))
    assert len(list(ColdItemSplit(2, test_size=1).split([["1"], [], [], ["2"]], ["2", "3", "1", "3"]))) == 2


@pytest.mark.parametrize("cls", [PopularityRecommender, ItemKNNRecommender, EASERecommender, ContentRecommender])
@pytest.mark.parametrize("unknown", ["error", "ignore"])
def test_score_refuses_ids_of_another_type(cls, unknown):
    recommender = cls(CATALOG, unknown=unknown).fit(HISTORIES)
    with pytest.raises(ValueError, match=r"y\[0\] is 2, which is not in the catalogue of 4 items \('2', a str, is\)"):
        recommender.score([["1"]], [2])
    with pytest.raises(ValueError, match=r"X\[0\]\[0\] is 1, .* \('1', a str, is\)"):
        recommender.recommend([[1]])
    with pytest.raises(ValueError, match=r"X\[0\]\[0\] is 1, .* \('1', a str, is\)"):
        recommender.fit([[1, 2]])
    for name in ("candidates", "exclude"):
        with pytest.raises(ValueError, match=rf"{name}\[1\]\[0\] is 2, .* \('2', a str, is\)"):
            recommender.recommend([["1"], ["2"]], **{name: [["1"], [2]]})
    with pytest.raises(ValueError, match="none of them can be equal"):
        make_top_k_scorer("recall")(recommender, [["1"]], [2])


def test_numbers_written_as_text_are_named():
    recommender = PopularityRecommender(Catalog([1, 2, 3])).fit([[1, 2]])
    with pytest.raises(ValueError, match=r"X\[0\]\[0\] is '1', .* \(1, an int, is\)"):
        recommender.recommend([["1"]])
    with pytest.raises(ValueError, match=r"X\[0\]\[0\] is 'tea', which is not in the catalogue of 3 items: add it"):
        recommender.recommend([["tea"]])
    with pytest.raises(ValueError, match=r"y\[1\] is 9, which is not in the catalogue of 3 items\.$"):
        recommender.score([[1], [1]], [2, 9])


def test_an_unknown_id_is_an_error_of_its_own_that_can_be_pickled():
    recommender = PopularityRecommender(CATALOG).fit(HISTORIES)
    with pytest.raises(UnknownItemError) as caught:
        recommender.recommend([["1"], ["9"]])
    again = pickle.loads(pickle.dumps(caught.value))
    assert (again.item, str(again)) == ("9", str(caught.value))
    assert "set unknown='ignore'" in str(again)


def test_a_long_id_is_cut_in_messages():
    recommender = PopularityRecommender(CATALOG).fit(HISTORIES)
    calls = (
        lambda one: recommender.recommend([[one]]),
        lambda one: recommender.recommend([[(one, 1.0)]]),
        lambda one: recommender.recommend([["1"]], candidates=[one]),
        lambda one: recommender.recommend([["1"]], exclude=[[one]]),
        lambda one: recommender.similar_items([one]),
        lambda one: recommender.explain([["1"]], [one]),
        lambda one: recommender.remove_items([one]),
        lambda one: recommender.update_items([one], ["tea"]),
        lambda one: recommender.fit([[one]]),
        lambda one: recommender.fit([["1"]], [one]),
        lambda one: recommender.score([["1"]], [one]),
        lambda one: recommender.recommend([one]),
        lambda one: recommender.recommend([[one.encode()]]),
        lambda one: recommender.recommend([[("1", one)]]),
        lambda one: recommender.recommend([[("1", 1.0, 2.0, one)]]),
        lambda one: recommender.recommend([[("1", 1.0, one)]]),
        lambda one: make_queries({"user_id": [1], "item_id": ["a"], "timestamp": [one]}),
        lambda one: next(GlobalTimeSplit([1, 2, 3], cut=one).split([[], [], []], [1, 2, 3], [1, 1, 2])),
        lambda one: next(GlobalTimeSplit([1, 2, 3], targets=one).split([[], [], []], [1, 2, 3], [1, 1, 2])),
        lambda one: Catalog([one, one]),
        lambda one: Catalog([[one]]),
        lambda one: Catalog(["a"], [[one]]),
        lambda one: Catalog(["a"], [one.encode()]),
        lambda one: ndcg_at_k(one, [["1"]]),
        lambda one: ndcg_at_k([1], [[one]]),
        lambda one: ndcg_at_k(["1"], [[one, one]]),
        lambda one: ndcg_at_k(["1"], [one]),
        lambda one: calibrated_rerank([["1"]], [[1.0]], histories=[[one]], items=CATALOG, categories=["x"] * 4),
        lambda one: calibrated_rerank([[one]], [[1.0]], histories=[["1"]], items=CATALOG, categories=["x"] * 4),
        lambda one: make_top_k_scorer(one),
    )
    for call in calls:
        with pytest.raises((ValueError, TypeError)) as caught:
            call("x" * 500)
        assert str(caught.value).count("x") < 60, str(caught.value)


@pytest.mark.parametrize(
    "history",
    [
        ["gone", "1"],
        ["1", "gone"],
        ["1", ("gone", 2.0)],
        ["gone", ("1", 1.0, 3.0), Event("gone", 1.0, 4.0)],
        np.array(["1", "gone"]),
        ["gone", 77, "1"],
    ],
    ids=["first", "last", "weighted", "times", "array", "two types"],
)
def test_items_that_left_the_catalogue_are_ignored(history):
    recommender = ItemKNNRecommender(CATALOG, unknown="ignore").fit(HISTORIES)
    assert recommender.recommend([history], 3).tolist() == recommender.recommend([["1"]], 3).tolist()
    shares = recommender.explain([history], ["2"])[0]
    assert len(shares) == len(history)
    assert np.count_nonzero(shares) == 1
    assert shares.sum() == pytest.approx(recommender.score_items([["1"]])[0, 1])
    with pytest.raises(ValueError, match="which is not in the catalogue"):
        recommender.set_params(unknown="error").recommend([history])


def test_a_history_of_nothing_else_is_an_empty_one():
    recommender = PopularityRecommender(CATALOG, unknown="ignore").fit(HISTORIES)
    assert recommender.recommend([["gone"], []], 2).tolist() == [["1", "2"]] * 2
    shares = recommender.explain([["gone", "gone"], ["1"]], ["2", None])
    assert shares[0].tolist() == [0, 0]
    assert np.isnan(shares[1]).all()


def test_fit_leaves_out_what_is_not_in_the_catalogue():
    lenient = EASERecommender(CATALOG, unknown="ignore")
    expected = EASERecommender(CATALOG).fit([["1", "2"], ["3"], ["2"]])
    fitted = lenient.fit([["1", "gone"], ["3", "gone"], ["gone"]], ["2", "gone", "2"])
    np.testing.assert_allclose(fitted.score_items([["1"]]), expected.score_items([["1"]]))
    assert fitted.popularity_.tolist() == [1, 2, 1, 0]
    with pytest.raises(ValueError, match=r"y\[1\] is 'gone'"):
        EASERecommender(CATALOG).fit([["1"], ["3"]], ["2", "gone"])


@pytest.mark.parametrize("by_hand", [False, True])
def test_rows_of_users_leave_out_what_is_not_in_the_catalogue(by_hand):
    events = {"user_id": [1, 1, 1, 1, 2, 2], "item_id": ["1", "gone", "2", "1", "3", "gone"], "timestamp": range(6)}
    X, y, groups, _ = make_queries(events)
    rows = ([list(history) for history in X], list(y), groups) if by_hand else (X, y)
    recommender = TransitionRecommender(CATALOG, window=1, unknown="ignore").fit(*rows)
    assert recommender.popularity_.tolist() == [1, 1, 1, 0]
    expected = TransitionRecommender(CATALOG, window=1).fit([["1", "2", "1"], ["3"]])
    np.testing.assert_array_equal(recommender.score_items([["1"], ["2"]]), expected.score_items([["1"], ["2"]]))
    with pytest.raises(UnknownItemError, match="'gone'"):
        TransitionRecommender(CATALOG).fit(*rows)


def test_a_target_that_left_the_catalogue_is_one_that_is_not_found():
    recommender = PopularityRecommender(CATALOG, unknown="ignore").fit(HISTORIES)
    assert recommender.score([["2"], ["2"]], ["1", "gone"]) == pytest.approx(0.5)
    with pytest.raises(ValueError, match=r"y\[1\] is 'gone'"):
        recommender.set_params(unknown="error").score([["2"], ["2"]], ["1", "gone"])


def test_candidates_and_exclusions_that_left_the_catalogue():
    recommender = PopularityRecommender(CATALOG, unknown="ignore").fit(HISTORIES)
    assert recommender.recommend([[]], 2, candidates=["gone", "3"]).tolist() == [["3", None]]
    assert recommender.recommend([[], []], 1, candidates=[["gone"], ["4"]]).tolist() == [[None], ["4"]]
    assert recommender.recommend([[]], 1, exclude=["gone", "1"]).tolist() == [["2"]]


def test_texts_know_no_unknown_ids():
    recommender = ContentRecommender(CATALOG, query="texts", unknown="ignore").fit([["black tea"]], ["gone"])
    assert recommender.predict([["green tea leaves", None]]).tolist() == ["1"]
    assert recommender.popularity_.tolist() == [0, 0, 0, 0]
    assert [len(share) for share in recommender.explain([[None, "green tea"]], ["1"])] == [2]


def test_parts_of_a_hybrid_ignore_what_it_ignores():
    parts = [
        ("knn", ItemKNNRecommender(CATALOG)),
        ("inner", HybridRecommender([("content", ContentRecommender(CATALOG))], weights=[1])),
    ]
    hybrid = HybridRecommender(parts, weights=[1, 1], unknown="ignore").fit([["1", "gone", "2"], ["2", "3"]])
    assert hybrid.recommend([["gone", "1"]], 2).tolist() == hybrid.recommend([["1"]], 2).tolist()
    for part in hybrid.recommenders_.values():
        assert part.recommend([["gone", "1"]], 2).shape == (1, 2)
    assert hybrid.recommenders_["inner"].recommenders_["content"].unknown == "ignore"
    strict = HybridRecommender([("knn", ItemKNNRecommender(CATALOG, unknown="ignore"))], weights=[1])
    with pytest.raises(ValueError, match="gone"):
        strict.fit([["1", "gone"]])


def test_another_value_is_refused():
    with pytest.raises(ValueError, match="'unknown' parameter"):
        PopularityRecommender(CATALOG, unknown="drop").fit(HISTORIES)
