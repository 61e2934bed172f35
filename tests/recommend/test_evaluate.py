"""Several recommenders on the same splits: means, intervals and differences by hand, and what is refused."""

import functools
import re
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator
from sklearn.exceptions import FitFailedWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold
from sklearn.utils.validation import check_is_fitted

from sklearn_llmtokens.exceptions import MissingDependencyError
from sklearn_llmtokens.recommend import (
    Catalog,
    ColdItemSplit,
    ContentRecommender,
    EASERecommender,
    GlobalTimeSplit,
    HybridRecommender,
    Interactions,
    LeaveLastOut,
    PopularityRecommender,
    TransitionRecommender,
    catalog_coverage,
    evaluate,
    hit_rate_at_k,
    intra_list_diversity,
    make_queries,
    ndcg_at_k,
    novelty,
)
from tests.recommend.test_embedded_once import CATALOG, COUNTED, TEXTS, Counting, assert_each_once

RNG = np.random.default_rng(0)
EVENTS = {
    "user_id": np.repeat(np.arange(30), 6),
    "item_id": [f"i{j}" for j in RNG.integers(0, 100, 180)],
    "timestamp": RNG.permutation(180),
}
QUERIES = make_queries(EVENTS)
SPLIT = GlobalTimeSplit(quantile=0.6, targets="successive")
MODELS = {"popular": PopularityRecommender(CATALOG), "next": TransitionRecommender(CATALOG)}


@pytest.fixture(autouse=True)
def _start_at_zero():
    COUNTED.clear()


def test_a_row_is_a_model_and_its_measures_are_those_of_its_lists():
    table = evaluate(MODELS, QUERIES, SPLIT, ["ndcg@10", "hit_rate@20", "mrr@5", "recall@20", "novelty", "coverage@3"])
    assert table.index.tolist() == list(MODELS)
    assert table.index.name == "model"
    (train, test), X, y = next(SPLIT.split(QUERIES.X)), QUERIES.X, QUERIES.y
    users, is_before = QUERIES.groups, QUERIES.times <= QUERIES.times[train].max()
    known = [y[is_before & (users == user)].tolist() for user in set(users[train])]
    for name, model in MODELS.items():
        lists = model.fit(X[train], y[train]).recommend(X[test], k=20)
        row = table.loc[name]
        assert row["ndcg@10"] == pytest.approx(ndcg_at_k(y[test], lists, 10))
        assert row["hit_rate@20"] == row["recall@20"] == pytest.approx(hit_rate_at_k(y[test], lists, 20))
        assert row["novelty@10"] == pytest.approx(novelty(lists, known, 10))
        assert row["coverage@3"] == pytest.approx(catalog_coverage(lists, CATALOG, 3))
        assert np.isnan([row["coverage@3_low"], row["coverage@3_high"]]).all()
        assert row["ndcg@10_low"] <= row["ndcg@10"] <= row["ndcg@10_high"]
        assert (row["n_queries"], row["n_users"]) == (len(test), len(set(QUERIES.groups[test])))
        assert row["fit_seconds"] > 0
        assert row["recommend_seconds"] > 0


def test_intervals_are_the_percentiles_of_means_whose_users_are_drawn():
    """Beside a loop that draws users and their queries one by one."""
    found = evaluate(MODELS, QUERIES, SPLIT, "mrr@100", baseline="popular", n_resamples=200, confidence_level=0.8)
    train, test = next(SPLIT.split(QUERIES.X))
    users = QUERIES.groups[test]
    rows_of = [np.flatnonzero(users == user) for user in dict.fromkeys(users)]
    assert max(map(len, rows_of)) > 1
    values = {}
    for name, model in MODELS.items():
        lists = model.fit(QUERIES.X[train], QUERIES.y[train]).recommend(QUERIES.X[test], k=100)
        rank = [
            list(row).index(one) + 1 if one in row else np.inf for row, one in zip(lists, QUERIES.y[test], strict=True)
        ]
        values[name] = 1 / np.array(rank)
    generator, means = np.random.default_rng(0), {name: [] for name in MODELS}
    for _ in range(200):
        drawn = np.concatenate([rows_of[i] for i in generator.integers(0, len(rows_of), len(rows_of))])
        for name in MODELS:
            means[name].append(values[name][drawn].mean())
    for name in MODELS:
        assert found.loc[name, "mrr@100"] == pytest.approx(values[name].mean())
        ends = found.loc[name, ["mrr@100_low", "mrr@100_high"]]
        np.testing.assert_allclose(ends.to_list(), np.quantile(means[name], [0.1, 0.9]))
    differences = np.subtract(means["next"], means["popular"])
    ends = found.loc["next", ["mrr@100_diff_low", "mrr@100_diff_high"]]
    np.testing.assert_allclose(ends.to_list(), np.quantile(differences, [0.1, 0.9]))
    assert found.loc["popular", ["mrr@100_diff", "mrr@100_diff_low", "mrr@100_diff_high"]].tolist() == [0, 0, 0]


def test_one_seed_is_one_table_and_another_draws_other_users():
    def ends(**arguments):
        return evaluate(MODELS, QUERIES, SPLIT, "mrr", **arguments)[["mrr@10_low", "mrr@10_high"]]

    pd.testing.assert_frame_equal(ends(), ends())
    assert not ends().equals(ends(random_state=1))
    with_none = evaluate(MODELS, QUERIES, SPLIT, "mrr", n_resamples=0, baseline="next")
    assert list(with_none.columns[:2]) == ["mrr@10", "mrr@10_diff"]


def test_models_stay_as_they_are_and_share_the_vectors_of_the_catalogue():
    content = ContentRecommender(CATALOG, embedder=Counting())
    both = HybridRecommender([("content", content), ("ease", EASERecommender(CATALOG))])
    models = {
        "content": content,
        "last": ContentRecommender(CATALOG, embedder=Counting(), profile="last"),
        "both": both,
    }
    table = evaluate(models, QUERIES, GlobalTimeSplit(quantile=[0.5, 0.7]), "hit_rate")
    assert_each_once(TEXTS)
    assert table["embed_seconds"].tolist()[1:] == [0, 0]
    assert table["embed_seconds"].iloc[0] > 0
    for model in models.values():
        with pytest.raises(NotFittedError):
            check_is_fitted(model)
    fitted = content.fit(None)
    evaluate({"content": content}, QUERIES, SPLIT)
    assert fitted.popularity_.sum() == 0


@pytest.mark.parametrize(
    "splitter",
    [
        None,
        GlobalTimeSplit(QUERIES.times, quantile=0.7),
        LeaveLastOut(),
        ColdItemSplit(2, test_size=0.1, random_state=0),
        KFold(3, shuffle=True, random_state=0),
        GroupKFold(3),
        3,
        [(np.arange(90), np.arange(90, 180))],
    ],
    ids=["default", "time", "last", "cold", "KFold", "GroupKFold", "number", "rows"],
)
def test_splitters_of_both_packages(splitter):
    models = {"content": ContentRecommender(CATALOG)}
    table = evaluate(models, Interactions.from_frame(EVENTS), splitter, ["hit_rate@10", "gini@10"], n_resamples=20)
    n_test = {"KFold": 180, "GroupKFold": 180, "int": 180, "list": 90, "LeaveLastOut": 30}.get(type(splitter).__name__)
    assert table.loc["content", "n_queries"] == n_test or n_test is None
    assert 0 <= table.loc["content", "hit_rate@10"] <= 1
    assert 0 < table.loc["content", "gini@10"] < 1


def test_users_of_rows_by_hand_are_groups_for_the_fit_the_splitter_and_the_intervals():
    by_hand = [list(row) for row in QUERIES.X], QUERIES.y.tolist(), QUERIES.groups.tolist(), QUERIES.times.tolist()
    measured = ["ndcg@10", "ndcg@10_low", "ndcg@10_high", "n_users"]
    expected = evaluate(MODELS, QUERIES, SPLIT)[measured]
    pd.testing.assert_frame_equal(evaluate(MODELS, by_hand, SPLIT)[measured], expected)


@pytest.mark.filterwarnings("ignore::sklearn_llmtokens.exceptions.TrainingRowsWarning")
def test_rows_without_users_are_one_user_each():
    X, y = [["i0"], ["i1"], ["i2"], ["i3"]], ["i1", "i2", "i3", "i4"]
    table = evaluate(MODELS, (X, y), [([0, 1], [2, 3])])
    assert table["n_users"].tolist() == [2, 2]


def first_is_long(y_true, recommended):
    return [len(row[0]) for row in recommended]


def test_metrics_of_ones_own():
    vectors = np.eye(100)
    metrics = {
        "first": first_is_long,
        "diversity": functools.partial(intra_list_diversity, vectors=vectors),
        "hits": "hit_rate@3",
        "known": lambda recommended, histories, k: float(len(histories) * k),
    }
    table = evaluate(MODELS, QUERIES, SPLIT, metrics, k=4)
    train, _ = next(SPLIT.split(QUERIES.X))
    assert table["diversity"].tolist() == [1, 1]
    assert table["first"].between(2, 3).all()
    assert table["first_low"].notna().all()
    assert table["known"].tolist() == [4 * len(set(QUERIES.groups[train]))] * 2
    assert "hits_low" in table.columns
    assert "half_hits" in evaluate(MODELS, QUERIES, SPLIT, half_hits).columns


def half_hits(y_true, recommended):
    return 0.5 * hit_rate_at_k(y_true, recommended)


def test_a_search_is_a_model():
    search = GridSearchCV(TransitionRecommender(CATALOG), {"window": [1, 3]}, cv=GlobalTimeSplit(quantile=0.8))
    table = evaluate({"search": search}, QUERIES, SPLIT, "recall@5")
    train, test = next(SPLIT.split(QUERIES.X))
    best = search.fit(QUERIES.X[train], QUERIES.y[train]).best_estimator_
    expected = hit_rate_at_k(QUERIES.y[test], best.recommend(QUERIES.X[test], k=5), 5)
    assert table.loc["search", "recall@5"] == pytest.approx(expected)


def test_filter_seen_is_passed_on():
    again = make_queries({"user_id": [1] * 4 + [2] * 4, "item_id": ["i1"] * 8, "timestamp": list(range(8))})
    models = {"popular": PopularityRecommender(CATALOG)}
    splits = [(np.arange(4), np.arange(5, 8))]
    assert evaluate(models, again, splits)["hit_rate@10"].tolist() == [0]
    assert evaluate(models, again, splits, filter_seen=False)["hit_rate@10"].tolist() == [1]


class Broken(BaseEstimator):
    def fit(self, X, y):
        raise ZeroDivisionError("no luck")

    def recommend(self, X, k):
        return None


def test_an_error_names_the_model_and_the_split():
    models = MODELS | {"broken": Broken()}
    with pytest.raises(ZeroDivisionError, match="no luck") as info:
        evaluate(models, QUERIES, SPLIT)
    assert info.value.__notes__ == ["The model 'broken' failed in split 1 of 1 of evaluate."]
    with pytest.warns(FitFailedWarning, match="'broken' failed in split 1 .*ZeroDivisionError: no luck"):
        table = evaluate(models, QUERIES, SPLIT, ["ndcg", "coverage"], error_score=np.nan, baseline="popular")
    assert table.loc["broken", ["ndcg@10", "ndcg@10_low", "coverage@10", "fit_seconds"]].isna().all()
    assert table.loc["popular", "ndcg@10"] > 0


def test_without_pandas_there_are_rows(monkeypatch):
    expected = evaluate(MODELS, QUERIES, SPLIT, "ndcg")
    monkeypatch.setitem(sys.modules, "pandas", None)
    rows = evaluate(MODELS, QUERIES, SPLIT, "ndcg", as_frame=False)
    assert list(rows) == list(MODELS)
    assert list(rows["next"]) == list(expected.columns)
    assert rows["next"]["ndcg@10"] == expected.loc["next", "ndcg@10"]
    with pytest.raises(MissingDependencyError, match=r"evaluate\(as_frame=True\) needs 'pandas'"):
        evaluate(MODELS, QUERIES, SPLIT)


def test_what_runs_is_written_on_demand(capsys):
    evaluate(MODELS, QUERIES, SPLIT, verbose=0)
    assert capsys.readouterr() == ("", "")
    evaluate(MODELS, QUERIES, SPLIT, verbose=1)
    out, err = capsys.readouterr()
    assert out == ""
    assert re.search(r"^\[evaluate\] next, split 1 of 1: \d+ rows, \d+ queries: [\d.]+ s$", err, re.MULTILINE)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"models": [PopularityRecommender(CATALOG)]}, TypeError, "models is .*: pass a dict such as"),
        ({"models": {}}, TypeError, "models is {}: pass a dict"),
        ({"models": {"k": KFold()}}, TypeError, "The model 'k' is a KFold, which does not recommend"),
        ({"metrics": "hits@10"}, ValueError, "metrics has 'hits@10': choose one of 'ndcg'"),
        ({"metrics": ["ndcg@0"]}, ValueError, "metrics has 'ndcg@0'"),
        ({"metrics": ["ndcg", "ndcg@10"]}, ValueError, "metrics has 'ndcg@10' twice"),
        ({"metrics": []}, ValueError, "metrics is empty"),
        ({"metrics": [3]}, TypeError, "metrics holds 3 of type int"),
        ({"metrics": "diversity"}, TypeError, "'diversity@10' needs `vectors`, the vectors of the items"),
        ({"metrics": np.mean}, TypeError, "takes no argument `recommended`"),
        ({"metrics": lambda recommended: [1.0]}, ValueError, r"returned the shape \(1,\)"),
        ({"baseline": "best"}, ValueError, "baseline='best' is none of the models"),
        ({"confidence_level": 95}, ValueError, "confidence_level == 95"),
        ({"n_resamples": -1}, ValueError, "n_resamples == -1"),
        ({"queries": ([["i1"]], ["i2"], None, None, None)}, ValueError, "a tuple of 5 columns"),
        ({"queries": ([["i1"]], ["i2", "i3"])}, ValueError, "X has 1 rows and y has 2"),
        ({"queries": [["i1"]]}, TypeError, "events is a list: pass a DataFrame"),
        ({"splitter": []}, ValueError, "The splitter has no split"),
    ],
)
def test_what_is_wrong_is_named_before_anything_is_fitted(arguments, error, message):
    given = {"models": MODELS, "queries": QUERIES, "splitter": SPLIT} | arguments
    with pytest.raises(error, match=message):
        evaluate(**given)


def test_a_target_that_no_list_can_hold_is_an_error():
    queries = make_queries(EVENTS | {"item_id": [f"j{i}" for i in range(180)]})
    models = {"popular": PopularityRecommender(Catalog(["i1"]), unknown="error")}
    with pytest.raises(ValueError, match="not in the catalogue"):
        evaluate(models, queries, SPLIT)
