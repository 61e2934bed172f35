import pickle
import re

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.model_selection import GridSearchCV, cross_validate

from sklearn_llmtokens.recommend import Catalog, PopularityRecommender, make_top_k_scorer, recall_at_k

CATALOG = Catalog(["a", "b", "c", "d"], ["one", "two", "three", "four"])


class Fixed(BaseEstimator):
    """Recommends the catalogue in its order."""

    catalog = CATALOG

    def __init__(self, reverse=False):
        self.reverse = reverse

    def fit(self, X, y=None):
        return self

    def recommend(self, X, k=10, *, filter_seen=True):
        lists = []
        for history in X:
            ids = [i for i in CATALOG.ids if not (filter_seen and i in history)][:k]
            lists.append([*(ids[::-1] if self.reverse else ids), *[None] * (k - len(ids))])
        return np.array(lists, dtype=object)


X, Y = [["a"], ["b"], ["c"]], ["b", "a", "d"]


def test_a_scorer_recommends_and_measures():
    assert make_top_k_scorer("recall", k=1)(Fixed(), X, Y) == pytest.approx(2 / 3)
    assert make_top_k_scorer("ndcg", k=3)(Fixed(), X, Y) == pytest.approx((1 + 1 + 1 / 2) / 3)
    assert make_top_k_scorer("mrr", k=3)(Fixed(), X, Y) == pytest.approx((1 + 1 + 1 / 3) / 3)
    assert make_top_k_scorer("recall", k=1, filter_seen=False)(Fixed(), X, Y) == pytest.approx(1 / 3)


def test_measures_of_the_catalogue_get_what_they_need():
    assert make_top_k_scorer("coverage", k=1)(Fixed(), X) == 0.5
    assert make_top_k_scorer("gini", k=1, greater_is_better=False)(Fixed(), X) < 0
    assert make_top_k_scorer("novelty", histories=X)(Fixed(), X) > 0
    assert make_top_k_scorer("diversity", vectors=np.eye(4))(Fixed(), X) == 1
    assert make_top_k_scorer("coverage", k=1, items=["a", "b"])(Fixed(), X) == 1


def half_hits(y_true, recommended, *, worth=0.5):
    return worth * recall_at_k(y_true, recommended, k=100)


def test_a_measure_of_ones_own():
    assert make_top_k_scorer(half_hits, k=2, worth=0.25)(Fixed(), X, Y) == pytest.approx(0.25 * 2 / 3)


METRICS = {
    "coverage": "catalog_coverage",
    "diversity": "intra_list_diversity",
    "gini": "exposure_gini",
    "hit_rate": "hit_rate_at_k",
    "mrr": "mrr_at_k",
    "ndcg": "ndcg_at_k",
    "novelty": "novelty",
    "recall": "recall_at_k",
}


def test_every_metric_with_a_name_is_tested():
    with pytest.raises(ValueError, match="'hits' is not known") as info:
        make_top_k_scorer("hits")
    assert set(re.findall(r"'(\w+)'", str(info.value))) - {"hits"} == set(METRICS)


@pytest.mark.parametrize("name", METRICS)
def test_scorers_are_picklable_and_have_a_name(name):
    options = {"novelty": {"histories": X}, "diversity": {"vectors": np.eye(4)}}.get(name, {})
    scorer = make_top_k_scorer(name, k=2, **options)
    assert pickle.loads(pickle.dumps(scorer))(Fixed(), X, Y) == scorer(Fixed(), X, Y)
    assert repr(scorer).startswith(f"make_top_k_scorer({METRICS[name]}, k=2")


@pytest.mark.slow
def test_searches_use_them_in_workers():
    search = GridSearchCV(Fixed(), {"reverse": [True, False]}, scoring=make_top_k_scorer("mrr", k=3), cv=3, n_jobs=2)
    assert search.fit(X, Y).best_params_ == {"reverse": False}


def test_a_search_is_scored_by_its_best_estimator():
    search = GridSearchCV(Fixed(), {"reverse": [True, False]}, scoring=make_top_k_scorer("mrr", k=3), cv=2)
    scores = cross_validate(search, X * 4, Y * 4, scoring=make_top_k_scorer("mrr", k=3), cv=2)
    assert (scores["test_score"] > 0).all()


def test_the_catalogue_is_the_one_with_added_items():
    model = PopularityRecommender(CATALOG).fit(X, Y).add_items(["e"], ["five"])
    assert make_top_k_scorer("coverage", k=4)(model, [["a"], ["b"]]) == 1


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        (("hits",), {}, ValueError, "metric='hits' is not known; choose one of 'ndcg', 'recall'"),
        (("ndcg", 0), {}, ValueError, "k == 0"),
        (("ndcg",), {"vectors": 1}, TypeError, "vectors"),
        (("novelty",), {}, TypeError, r"novelty needs more .* histories=\.\.\.\), where histories are the training"),
        (("diversity",), {}, TypeError, r"intra_list_diversity needs more .* vectors=\.\.\.\), where vectors are the"),
        (
            (lambda recommended, worth, *args, **more: 0,),
            {},
            TypeError,
            r"make_top_k_scorer\(\.\.\., worth=\.\.\.\)\.$",
        ),
        ((lambda y_true: 0,), {}, TypeError, "takes no argument `recommended`"),
    ],
)
def test_what_is_wrong_is_named(arguments, options, error, message):
    with pytest.raises(error, match=message):
        make_top_k_scorer(*arguments, **options)


def test_missing_y_and_other_estimators_are_named():
    with pytest.raises(ValueError, match="ndcg_at_k needs y"):
        make_top_k_scorer()(Fixed(), X)
    with pytest.raises(TypeError, match="BaseEstimator has no method `recommend`"):
        make_top_k_scorer()(BaseEstimator(), X, Y)
