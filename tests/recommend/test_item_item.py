"""The arithmetic of recommenders that learn from clicks, each against a naive loop or the formula of its paper."""

from functools import partial

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV

from sklearn_llmtokens.recommend import (
    Catalog,
    EASERecommender,
    ItemKNNRecommender,
    PopularityRecommender,
    TransitionRecommender,
)
from sklearn_llmtokens.recommend import _ease as ease_module
from sklearn_llmtokens.recommend import _item_knn as knn_module
from sklearn_llmtokens.recommend import _item_regression as regression
from sklearn_llmtokens.recommend._item_item import latest_events, presence, strongest
from tests.inside import as_histories

IDS = list(range(10, 22))
CATALOG = Catalog(IDS)


@pytest.fixture
def sequences():
    rng = np.random.default_rng(3)
    return [[IDS[j] for j in rng.integers(0, 11, rng.integers(1, 8))] for _ in range(80)]  # the last item is unknown


def clicks(sequences):
    X = np.zeros((len(sequences), len(IDS)))
    for row, sequence in zip(X, sequences, strict=True):
        row[[IDS.index(one) for one in sequence]] = 1
    return X


def counts_of(history):
    return np.bincount([IDS.index(one) for one in history], minlength=len(IDS))


def test_popularity_counts_sequences(sequences):
    scores = PopularityRecommender(CATALOG).fit(sequences).score_items([[10]])[0]
    np.testing.assert_array_equal(scores, clicks(sequences).sum(axis=0))


@pytest.mark.parametrize("l2", [0.5, 20.0])
def test_ease_is_the_formula_of_the_paper(sequences, l2):
    X = clicks(sequences)
    P = np.linalg.inv(X.T @ X + l2 * np.eye(len(IDS)))
    B = -P / np.diag(P)
    np.fill_diagonal(B, 0)
    recommender = EASERecommender(CATALOG, l2=l2, profile="mean").fit(sequences)
    histories = [[10, 12, 12], [15], [21]]
    expected = np.array([counts_of(history) @ B for history in histories])
    np.testing.assert_allclose(recommender.score_items(histories), expected, atol=1e-5)
    assert recommender.is_dense_


def test_ease_is_a_ridge_regression_of_each_item_on_the_others(sequences):
    X, recommender = clicks(sequences), EASERecommender(CATALOG, l2=3.0).fit(sequences)
    others = np.delete(np.arange(len(IDS)), 4)
    ridge = Ridge(alpha=3.0, fit_intercept=False).fit(X[:, others], X[:, 4])
    scores = recommender.score_items([[IDS[i]] for i in others])[:, 4]
    np.testing.assert_allclose(scores, ridge.coef_, atol=1e-5)


@pytest.mark.parametrize("l2", [0.5, 20.0])
def test_the_approximation_with_all_neighbours_is_the_closed_form(sequences, l2):
    exact = EASERecommender(CATALOG, l2=l2).fit(sequences)
    gram = clicks(sequences).T @ clicks(sequences)
    assert (gram[:11, :11] > 0).all()  # an item that never occurs with another would be left out
    approximate = EASERecommender(CATALOG, l2=l2, max_dense_items=5, n_neighbors=20).fit(sequences)
    assert not approximate.is_dense_
    queries = [[one] for one in IDS]
    np.testing.assert_allclose(approximate.score_items(queries), exact.score_items(queries), atol=1e-5)


def test_ease_of_nearest_items_reads_the_latest_events_of_a_long_sequence(monkeypatch):
    monkeypatch.setattr(ease_module, "latest_events", partial(latest_events, n=4))
    long, short = IDS[:6], [IDS[:2], IDS[4:6], IDS[:3:2]]
    read = EASERecommender(CATALOG, l2=1.0, max_dense_items=0).fit([long, *short])
    cut = EASERecommender(CATALOG, l2=1.0, max_dense_items=0).fit([long[2:], *short])
    np.testing.assert_allclose(read.score_items([IDS[:5:4]]), cut.score_items([IDS[:5:4]]))
    assert read.popularity_[0] == 3
    dense = EASERecommender(CATALOG, l2=1.0).fit([long, *short]).score_items([IDS[:5:4]])
    assert not np.allclose(dense, EASERecommender(CATALOG, l2=1.0).fit([long[2:], *short]).score_items([IDS[:5:4]]))


def test_knn_reads_the_latest_events_of_a_long_sequence(monkeypatch):
    monkeypatch.setattr(knn_module, "latest_events", partial(latest_events, n=4))
    long, short = IDS[:6], [IDS[:2], IDS[4:6], IDS[:3:2]]
    read = ItemKNNRecommender(CATALOG).fit([long, *short])
    cut = ItemKNNRecommender(CATALOG).fit([long[2:], *short])
    np.testing.assert_allclose(read.score_items([IDS]), cut.score_items([IDS]))
    assert read.popularity_[0] == 3
    monkeypatch.setattr(knn_module, "latest_events", partial(latest_events, n=6))
    whole = ItemKNNRecommender(CATALOG).fit([long, *short])
    assert not np.allclose(whole.score_items([IDS]), cut.score_items([IDS]))


def test_the_approximation_takes_the_nearest_items_by_cosine(sequences):
    X = clicks(sequences)
    recommender = EASERecommender(CATALOG, l2=1.0, max_dense_items=0, n_neighbors=3).fit(sequences)
    gram = X.T @ X
    weights = recommender.score_items([[one] for one in IDS])
    for j in range(11):
        cosines = gram[j] / np.sqrt(np.diag(gram) + 1.0)
        cosines[j] = -1
        near = np.argsort(-cosines, kind="stable")[:3]
        ridge = Ridge(alpha=1.0, fit_intercept=False).fit(X[:, near], X[:, j])
        expected = np.zeros(len(IDS))
        expected[near] = ridge.coef_
        np.testing.assert_allclose(weights[:, j], expected, atol=1e-5)


def test_a_matrix_that_float32_cannot_factor_is_factored_in_float64(sequences, monkeypatch):
    expected = EASERecommender(CATALOG, l2=1.0).fit(sequences).score_items([[10]])
    inverse = regression._inverse
    monkeypatch.setattr(
        regression, "_inverse", lambda gram, l2, dtype: None if dtype is np.float32 else inverse(gram, l2, dtype)
    )
    found = EASERecommender(CATALOG, l2=1.0).fit(sequences).score_items([[10]])
    np.testing.assert_allclose(found, expected, atol=1e-5)
    monkeypatch.setattr(regression, "_inverse", lambda *_: None)
    with pytest.raises(ValueError, match=r"singular for l2=1\.0: pass a larger l2"):
        EASERecommender(CATALOG, l2=1.0).fit(sequences)


def test_the_inverse_is_mirrored_across_tiles(monkeypatch):
    monkeypatch.setattr(regression, "_TILE", 3)
    X = np.random.default_rng(0).normal(size=(20, 10))
    weights = ease_module.dense_ease(sparse.csr_array(X.T @ X), 2.0)
    P = np.linalg.inv(X.T @ X + 2.0 * np.eye(10))
    expected = -P / np.diag(P)
    np.fill_diagonal(expected, 0)
    np.testing.assert_allclose(weights, expected, atol=1e-5)


@pytest.mark.parametrize("shrinkage", [0.0, 10.0])
def test_knn_is_the_cosine_of_the_nearest(sequences, shrinkage):
    X = clicks(sequences)
    gram, norms = X.T @ X, np.sqrt(X.sum(axis=0))
    denominators = np.outer(norms, norms) + shrinkage
    cosines = np.divide(gram, denominators, out=np.zeros_like(gram), where=denominators > 0)
    np.fill_diagonal(cosines, 0)
    expected = np.zeros_like(cosines)
    for row, values in zip(expected, cosines, strict=True):
        near = np.argsort(-values, kind="stable")[:4]
        row[near] = values[near]
    recommender = ItemKNNRecommender(CATALOG, n_neighbors=4, shrinkage=shrinkage).fit(sequences)
    np.testing.assert_allclose(recommender.score_items([[one] for one in IDS]), expected, atol=1e-6)


@pytest.mark.parametrize("window", [1, 3, 20])
def test_transitions_are_a_loop_over_pairs(sequences, window):
    counts = np.zeros((len(IDS), len(IDS)))
    for sequence in sequences:
        for i, first in enumerate(sequence):
            for j in range(i + 1, min(i + 1 + window, len(sequence))):
                if sequence[j] != first:
                    counts[IDS.index(first), IDS.index(sequence[j])] += 1 / (j - i)
    scale = np.sqrt(np.outer(counts.sum(axis=1), counts.sum(axis=0)))
    expected = np.divide(counts, scale, out=np.zeros_like(counts), where=scale > 0)
    recommender = TransitionRecommender(CATALOG, window=window).fit(sequences)
    np.testing.assert_allclose(recommender.score_items([[one] for one in IDS]), expected, atol=1e-5)
    harmonic = expected[[0]] / 3 + expected[[1]] / 2 + expected[[2]]
    np.testing.assert_allclose(recommender.score_items([IDS[:3]]), harmonic, atol=1e-5)


def test_weights_of_events_count_in_fit_and_in_queries():
    plain = [[10, 11], [10, 12]]
    weighted = [[(10, 1.0), (11, 3.0)], [10, (12, 1.0)]]
    for cls in (TransitionRecommender, EASERecommender, ItemKNNRecommender):
        by_plain, by_weight = cls(CATALOG).fit(plain), cls(CATALOG).fit(weighted)
        assert by_plain.recommend([[10]], 1) == [[11]]  # a tie, by the catalogue
        scores = by_weight.score_items([[10], [(10, 2.0)]])
        np.testing.assert_allclose(2 * scores[0], scores[1], rtol=1e-6)
        assert (by_weight.score_items([[10]]) != by_plain.score_items([[10]])).any()


def test_presence_takes_the_largest_weight_of_an_item():
    histories = as_histories([[(10, 0.5), (11, 2.0), (10, 3.0), (10, 1.0)], [], [12]], CATALOG)
    assert presence(histories, 3).toarray().tolist() == [[3, 2, 0], [0, 0, 0], [0, 0, 1]]


def test_strongest_keeps_the_first_of_equal_values():
    matrix = sparse.csr_array(np.array([[1.0, -3.0, 1.0, 1.0], [0, 0, 0, 2.0], [0, 0, 0, 0]]))
    assert strongest(matrix, 2).toarray().tolist() == [[1, -3, 0, 0], [0, 0, 0, 2], [0, 0, 0, 0]]


def test_no_histories_at_all():
    for cls in (EASERecommender, ItemKNNRecommender, TransitionRecommender, PopularityRecommender):
        recommender = cls(CATALOG).fit(None)
        assert recommender.recommend([[10], []], 2).tolist() == [[11, 12], [10, 11]]
    with pytest.raises(ValueError, match="X has no history"):
        EASERecommender(CATALOG).fit([])


def test_parameters_are_checked_in_fit():
    for recommender in (
        EASERecommender(CATALOG, l2=0),
        ItemKNNRecommender(CATALOG, shrinkage=-1),
        TransitionRecommender(CATALOG, window=0),
        TransitionRecommender(CATALOG, profile="newest"),
        PopularityRecommender(IDS),
    ):
        with pytest.raises(ValueError, match="parameter of"):
            recommender.fit([[10]])


def test_a_search_over_parameters(sequences):
    X, y = [row[:-1] for row in sequences], [row[-1] for row in sequences]
    grid = {"l2": [0.1, 1e6], "profile": ["mean", "harmonic", 0.5]}
    search = GridSearchCV(EASERecommender(CATALOG), grid, cv=3, error_score="raise").fit(X, y)
    assert len(search.cv_results_["params"]) == 6
    assert search.best_estimator_.catalog is CATALOG
