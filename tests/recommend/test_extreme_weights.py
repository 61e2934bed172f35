"""Weights and features of any unit of measure: the same order, scores that are what they say, or an error."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin

from sklearn_llmtokens.recommend import (
    Catalog,
    ContentRecommender,
    EASERecommender,
    HybridRecommender,
    ItemKNNRecommender,
    PopularityRecommender,
    RecencyRecommender,
    SequenceKNNRecommender,
    TransitionRecommender,
    mmr_rerank,
)
from sklearn_llmtokens.recommend.metrics import intra_list_diversity

N_ITEMS = 12
VECTORS = np.random.default_rng(0).normal(size=(N_ITEMS, 5))
CATALOG = Catalog(range(N_ITEMS), [f"word{i} word{i % 3} word{i % 4}" for i in range(N_ITEMS)], VECTORS)
SEQUENCES = [np.random.default_rng(i).permutation(N_ITEMS)[: 3 + i % 4].tolist() for i in range(30)]
SCALES = [5e-324, 1e-300, 1e-57, 1e-20, 1e-7, 3e-6, 1e12, 1e20, 1e30]


class Table(TransformerMixin, BaseEstimator):
    """The features themselves, times a factor, in a dtype, dense or sparse."""

    def __init__(self, factor=1.0, dtype=np.float64, as_sparse=False):
        self.factor = factor
        self.dtype = dtype
        self.as_sparse = as_sparse

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        vectors = (np.asarray(X)[:, 1:].astype(np.float64) * self.factor).astype(self.dtype)
        return sparse.csr_array(vectors) if self.as_sparse else vectors


def content(**params):
    whiten = params.pop("whiten", 0.5)
    return ContentRecommender(CATALOG, embedder=Table(**params), whiten=whiten)


RECOMMENDERS = {
    "content": content(),
    "content, not whitened": content(whiten=0),
    "content, sparse": ContentRecommender(CATALOG),
    "neighbours of sequences": SequenceKNNRecommender(CATALOG),
    "popularity": PopularityRecommender(CATALOG),
    "recency": RecencyRecommender(CATALOG),
    "item-kNN": ItemKNNRecommender(CATALOG),
    "EASE": EASERecommender(CATALOG, l2=1.0),
    "sparse EASE": EASERecommender(CATALOG, l2=1.0, max_dense_items=0),
    "transitions": TransitionRecommender(CATALOG),
    "hybrid": HybridRecommender(
        [("content", content()), ("knn", ItemKNNRecommender(CATALOG)), ("next", TransitionRecommender(CATALOG))]
    ),
    "hybrid, given": HybridRecommender(
        [("content", content()), ("ease", EASERecommender(CATALOG))], weights={"content": 1, "ease": 2}
    ),
}


def weighted(weights, items=(4, 7, 1)):
    return [list(zip(items, weights, strict=True))]


@pytest.mark.parametrize("name", RECOMMENDERS)
@pytest.mark.parametrize("scale", SCALES)
def test_the_unit_of_the_weights_of_a_query_changes_no_order(name, scale):
    fitted = RECOMMENDERS[name].fit(SEQUENCES)
    expected = fitted.recommend(weighted([1.0, 2.0, 4.0]), k=N_ITEMS)
    query = weighted([scale, 2 * scale, 4 * scale] if scale < 1e30 else [scale / 4, scale / 2, scale])
    items, scores = fitted.recommend(query, k=N_ITEMS, return_scores=True)
    assert items.tolist() == expected.tolist()
    assert np.isfinite(scores[:, : N_ITEMS - 3]).all()


@pytest.mark.parametrize("name", RECOMMENDERS)
@pytest.mark.parametrize("weights", [[1e-7, 2e-7, 3e-7], [1e-57, 1.0, 1e20], [2e-6, 0.0, -1e-6], [1e30, 1e30, -1e30]])
def test_shares_add_up_to_the_score(name, weights):
    fitted = RECOMMENDERS[name].fit(SEQUENCES)
    query, items = weighted(weights), [[0, 5, 9]]
    scores = fitted.score_items(query)[:, items[0]].astype(np.float64)
    shares = fitted.explain(query, items)[0]
    assert_allclose(shares.sum(axis=0), scores[0], atol=1e-6 * np.abs(shares).sum(axis=0).max() + 1e-30)


@pytest.mark.parametrize("name", ["content", "content, not whitened", "content, sparse"])
@pytest.mark.parametrize("scale", SCALES)
def test_scores_of_light_and_heavy_histories_are_cosines(name, scale):
    fitted = RECOMMENDERS[name].fit(None)
    expected = fitted.score_items(weighted([1.0, 1.0, 1.0]))
    assert_allclose(fitted.score_items(weighted([scale] * 3)), expected, atol=1e-6)
    assert np.abs(expected).max() > 0.5


def test_a_decay_of_two_weeks_over_five_years_leaves_the_order():
    ages = np.array([1825, 1811, 1800])
    fitted = RECOMMENDERS["content, not whitened"].set_params(profile="mean").fit(None)
    units = VECTORS / np.linalg.norm(VECTORS, axis=1, keepdims=True)
    profile = np.exp(-(ages - 1800) / 14) @ units[[4, 7, 1]]
    scores = fitted.score_items(weighted(np.exp(-ages / 14).tolist()))
    assert_allclose(scores[0], units @ profile / np.linalg.norm(profile), atol=1e-6)


@pytest.mark.parametrize("weights", [[0.1, 0.2, -0.3], [1.0, 1e-9, -1.0], [1e-30, 1e-30, -2e-30]])
def test_events_that_cancel_leave_a_score_of_zero(weights):
    fitted = content(whiten=0).set_params(profile="mean").fit(None)
    query = weighted(weights, items=(4, 4, 4))
    assert_array_equal(fitted.score_items(query), 0)
    assert_array_equal(fitted.explain(query, [5])[0], 0)


@pytest.mark.parametrize("factor", [1e-300, 1e-50, 1e-30, 1e-7, 1e20, 1e200])
@pytest.mark.parametrize("whiten", [0, 0.5])
@pytest.mark.parametrize("as_sparse", [False, True])
def test_the_unit_of_the_features_changes_no_score(factor, whiten, as_sparse):
    query = [[4, 7, 1]]
    expected = content(whiten=whiten, as_sparse=as_sparse).fit(None).add_items([99], ["a"], VECTORS[:1] + 0.5)
    found = content(whiten=whiten, as_sparse=as_sparse, factor=factor).fit(None)
    found.add_items([99], ["a"], VECTORS[:1] + 0.5)
    assert_allclose(found.score_items(query), expected.score_items(query), atol=1e-6)
    assert_allclose(np.sum(found.explain(query, [5])[0]), found.score_items(query)[0, 5], atol=1e-6)


@pytest.mark.parametrize("whiten", [0, 0.5])
def test_small_features_in_single_precision_give_the_same_scores(whiten):
    found = content(whiten=whiten, dtype=np.float32, factor=1e-7).fit(None).score_items([[4, 7, 1]])
    expected = content(whiten=whiten).fit(None).score_items([[4, 7, 1]])
    assert_allclose(found, expected, atol=1e-5)


def test_vectors_of_new_items_beyond_single_precision_are_refused():
    fitted = content(whiten=0).fit(None)
    with pytest.raises(ValueError, match="float32"):
        fitted.add_items([99], ["a"], np.full((1, 5), 1e60))


@pytest.mark.parametrize("name", RECOMMENDERS)
@pytest.mark.parametrize("weight", [1.1e30, 1e39, -1e300, pytest.param(10**400, id="int"), float("inf"), float("nan")])
def test_weights_beyond_the_range_are_refused_with_their_place(name, weight):
    rows = [[1, 2], [3, (4, weight), 5]]
    with pytest.raises(ValueError, match=r"The weight of X\[1\]\[1\] is"):
        RECOMMENDERS[name].fit(rows)
    fitted = RECOMMENDERS[name].fit(SEQUENCES)
    for method in (fitted.recommend, fitted.score_items, lambda X: fitted.explain(X, [5, 6])):
        with pytest.raises(ValueError, match=r"The weight of X\[1\]\[1\] is"):
            method(rows)


def in_unit(scale):
    rng = np.random.default_rng(5)
    return [[(item, float(rng.integers(1, 4)) * scale) for item in sequence] for sequence in SEQUENCES]


@pytest.mark.parametrize(
    "recommender", [TransitionRecommender(CATALOG), ItemKNNRecommender(CATALOG, shrinkage=0.0)], ids=str
)
@pytest.mark.parametrize("scale", [1e-100, 1e-57, 1e-20, 1e-7, 1e20, 3e29])
def test_the_unit_of_the_weights_of_training_changes_no_score(recommender, scale):
    expected = recommender.fit(in_unit(1.0)).score_items(SEQUENCES[:5])
    found = recommender.fit(in_unit(scale)).score_items(SEQUENCES[:5])
    assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
    assert expected.any()


REFUSED = {
    "item-kNN": lambda scale: scale < 1e-15,
    "EASE": lambda scale: not 1e-15 < scale < 1e7,
    "sparse EASE": lambda scale: not 1e-15 < scale < 1e7,
    "hybrid": lambda scale: scale < 1e-15,
    "hybrid, given": lambda scale: not 1e-15 < scale < 1e7,
}


@pytest.mark.parametrize("name", ["item-kNN", "EASE", "sparse EASE", "hybrid", "hybrid, given"])
@pytest.mark.parametrize("scale", [1e-57, 1e-20, 1e-7, 1e20, 3e29])
def test_absolute_weights_of_training_are_exact_or_refused(name, scale):
    recommender = RECOMMENDERS[name]
    if REFUSED[name](scale):
        with pytest.raises(ValueError, match="weights of all events"):
            recommender.fit(in_unit(scale))
        return
    scores = recommender.fit(in_unit(scale)).score_items(SEQUENCES[:5])
    assert np.isfinite(scores).all()
    assert scores.any()


@pytest.mark.parametrize(("name", "parameter"), [("item-kNN", "shrinkage"), ("EASE", "l2"), ("sparse EASE", "l2")])
@pytest.mark.parametrize("scale", [1e-57, 1e-20, 1e-7, 1e20, 3e29])
def test_what_is_added_to_products_of_weights_scales_with_them(name, parameter, scale):
    recommender = RECOMMENDERS[name]
    params = recommender.get_params()
    same = type(recommender)(**{**params, parameter: params[parameter] * scale**2})
    expected = recommender.fit(in_unit(1.0)).score_items(SEQUENCES[:5])
    assert_allclose(same.fit(in_unit(scale)).score_items(SEQUENCES[:5]), expected, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("l2", [1e-20, 1e35])
@pytest.mark.parametrize("max_dense_items", [0, 100])
def test_a_penalty_that_rounding_drowns_or_that_drowns_the_clicks_is_refused(l2, max_dense_items):
    recommender = EASERecommender(CATALOG, l2=l2, max_dense_items=max_dense_items)
    with pytest.raises(ValueError, match="l2="):
        recommender.fit(SEQUENCES)


@pytest.mark.parametrize("weight", [1e31, 1e300, 1e-31, float("inf"), pytest.param(10**400, id="int"), (1, 1e39)])
@pytest.mark.parametrize("name", ["weights", "default_weights"])
def test_weights_of_a_hybrid_that_float32_cannot_hold_are_refused(weight, name):
    recommender = HybridRecommender([("content", content()), ("knn", ItemKNNRecommender(CATALOG))])
    recommender.set_params(**{name: {"content": 1, "knn": weight}})
    with pytest.raises(ValueError, match="weight of 'knn'"):
        recommender.fit(SEQUENCES)


@pytest.mark.parametrize("profile", [0.1, 1e-5])
def test_a_part_of_a_hybrid_that_knows_only_an_old_event_gives_no_nan(profile):
    parts = [("content", content()), ("next", TransitionRecommender(CATALOG, profile=profile))]
    fitted = HybridRecommender(parts, weights=[1e10, 1e10]).fit([[0, 1], [0, 2], [0, 1]])
    query = [[0, *[3, 4, 5, 6] * 12]]
    scores = fitted.score_items(query)
    assert np.isfinite(scores).all()
    assert_allclose(fitted.explain(query, [8])[0].sum(), scores[0, 8], rtol=1e-5)


@pytest.mark.parametrize("factor", [1e-200, 1e-20, 1e100])
def test_the_unit_of_vectors_changes_no_diversity_and_no_reranking(factor):
    lists, scores = [[1, 2, 3, 4, 5]], [[5.0, 4.5, 4.0, 3.5, 3.0]]
    expected = intra_list_diversity(lists, CATALOG, VECTORS, k=5)
    assert intra_list_diversity(lists, CATALOG, VECTORS * factor, k=5) == pytest.approx(expected)
    once, again = (
        mmr_rerank(lists, scores, items=CATALOG, vectors=vectors, k=3) for vectors in (VECTORS, VECTORS * factor)
    )
    assert once.tolist() == again.tolist()
