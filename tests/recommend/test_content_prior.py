"""Regressions of items on items whose weights are shrunk towards those of their texts, beside their closed forms."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import FunctionTransformer

from sklearn_llmtokens.recommend import Catalog, EASERecommender, Interactions, TransitionRecommender

N_ITEMS = 14
RNG = np.random.default_rng(0)
VECTORS = RNG.normal(size=(N_ITEMS, 5))
TEXTS = [f"title {i}" for i in range(N_ITEMS)]
CATALOG = Catalog(list(range(N_ITEMS)), TEXTS)
SEQUENCES = [RNG.integers(0, N_ITEMS - 2, RNG.integers(2, 7)).tolist() for _ in range(30)]  # the last two are cold
QUERIES = [[i] for i in range(N_ITEMS)]


class Looked(TransformerMixin, BaseEstimator):
    """The vectors of the titles above."""

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return np.stack([VECTORS[int(text.split()[1])] for text in X])


def content_weights(vectors, l2=2.0):
    """EASE on centred vectors of unit length: features are the users."""
    centred = vectors - vectors.mean(axis=0)
    unit = centred / np.linalg.norm(centred, axis=1, keepdims=True)
    inverse = np.linalg.inv(unit @ unit.T + l2 * np.eye(len(unit)))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    return np.maximum(weights, 0)  # what is unlike says nothing


def test_ease_with_a_prior_is_the_minimum_with_a_diagonal_of_zeros():
    X = np.zeros((len(SEQUENCES), N_ITEMS))
    for row, items in enumerate(SEQUENCES):
        X[row, items] = 1
    C, l2, strength = content_weights(VECTORS), 3.0, 5.0
    expected = np.zeros((N_ITEMS, N_ITEMS))
    for j in range(N_ITEMS):  # one regression without the item itself
        others = np.delete(np.arange(N_ITEMS), j)
        gram = X[:, others].T @ X[:, others] + (l2 + strength) * np.eye(N_ITEMS - 1)
        expected[others, j] = np.linalg.solve(gram, X[:, others].T @ X[:, j] + strength * C[others, j])
    ease = EASERecommender(CATALOG, l2=l2, prior=Looked(), prior_strength=strength, profile="mean").fit(SEQUENCES)
    np.testing.assert_allclose(ease.score_items(QUERIES), expected, atol=2e-5)


def rows_of(sequences, decay):
    S, T = [], []
    for items in sequences:
        for t in range(1, len(items)):
            row = np.zeros(N_ITEMS)
            for p in range(t):
                row[items[p]] += decay ** (t - p - 1)
            target = np.zeros(N_ITEMS)
            target[items[t]] = 1
            S.append(row)
            T.append(target)
    return np.array(S), np.array(T)


def distinct(sequences):
    """Sequences in which no item comes twice: an item does not follow itself."""
    return [list(dict.fromkeys(items)) for items in sequences]


@pytest.mark.parametrize("strength", [0.0, 4.0])
def test_transitions_by_ridge_are_the_closed_form(strength):
    sequences = distinct(SEQUENCES)
    S, T = rows_of(sequences, 0.6)
    C = content_weights(VECTORS)
    gram = S.T @ S + (2.0 + strength) * np.eye(N_ITEMS)
    expected = np.linalg.solve(gram, S.T @ T + strength * C)
    recommender = TransitionRecommender(
        CATALOG, method="ridge", l2=2.0, decay=0.6, prior=Looked(), prior_strength=strength, profile="mean"
    ).fit(sequences)
    np.testing.assert_allclose(recommender.score_items(QUERIES), expected, atol=2e-5)


def test_the_approximation_with_all_neighbours_is_the_closed_form():
    sequences = distinct(SEQUENCES)
    parameters = {"method": "ridge", "l2": 2.0, "prior": Looked(), "prior_strength": 4.0, "profile": "mean"}
    S, T = rows_of(sequences, 0.88)
    gram = S.T @ S + 6.0 * np.eye(N_ITEMS)
    right = S.T @ T + 4.0 * content_weights(VECTORS)
    sparse_one = TransitionRecommender(CATALOG, max_dense_items=2, n_neighbors=50, **parameters).fit(sequences)
    expected = np.zeros_like(gram)
    for j in range(N_ITEMS):
        others = np.flatnonzero((right[:, j] != 0) & (np.arange(N_ITEMS) != j))
        expected[others, j] = np.linalg.solve(gram[np.ix_(others, others)], right[others, j])
    np.testing.assert_allclose(sparse_one.score_items(QUERIES), expected, atol=2e-5)


def test_few_neighbours_are_those_of_the_largest_products():
    sequences = distinct(SEQUENCES)
    S, T = rows_of(sequences, 0.88)
    gram, right = S.T @ S, S.T @ T
    scaled = np.abs(right) / np.sqrt(np.diag(gram) + 2.0)[:, np.newaxis]
    recommender = TransitionRecommender(
        CATALOG, method="ridge", l2=2.0, max_dense_items=2, n_neighbors=3, profile="mean"
    ).fit(sequences)
    scores = recommender.score_items(QUERIES)
    for j in range(N_ITEMS - 2):
        assert set(np.flatnonzero(scores[:, j])) <= set(np.argsort(-scaled[:, j])[:3])


def test_few_neighbours_with_a_prior_are_chosen_from_its_largest_weights():
    n_items, n_neighbors = 80, 2
    vectors = np.random.default_rng(1).normal(size=(n_items, 5))
    S, T = (np.pad(rows, ((0, 0), (0, n_items - N_ITEMS))) for rows in rows_of(distinct(SEQUENCES), 0.88))
    gram, C = S.T @ S + 6.0 * np.eye(n_items), content_weights(vectors)
    right = S.T @ T
    for j in range(n_items):
        kept = np.argsort(-C[:, j])[: 16 * n_neighbors]
        right[kept, j] += 4.0 * C[kept, j]
    expected = np.zeros_like(gram)
    for j in range(n_items):
        near = np.argsort(-np.abs(right[:, j]) / np.sqrt(np.diag(gram)))[:n_neighbors]
        expected[near, j] = np.linalg.solve(gram[np.ix_(near, near)], right[near, j])
    recommender = TransitionRecommender(
        Catalog(list(range(n_items)), [f"title {i}" for i in range(n_items)]),
        method="ridge",
        l2=2.0,
        prior=FunctionTransformer(lambda titles: np.stack([vectors[int(title.split()[1])] for title in titles])),
        prior_strength=4.0,
        max_dense_items=2,
        n_neighbors=n_neighbors,
        profile="mean",
    ).fit(distinct(SEQUENCES))
    np.testing.assert_allclose(recommender.score_items([[i] for i in range(n_items)]), expected, atol=2e-5)


@pytest.mark.parametrize("max_dense_items", [100, 3])
def test_items_without_events_are_reached_by_their_texts(max_dense_items):
    catalog = Catalog(["a", "b", "c", "d"], ["green tea", "iron pot", "green tea leaves", "iron pot lid"])
    recommender = TransitionRecommender(
        catalog, method="ridge", prior=TfidfVectorizer(), max_dense_items=max_dense_items
    ).fit([["a", "b"], ["b", "a"]])
    assert recommender.similar_items(["c"], k=1).tolist() == [["a"]]
    assert recommender.similar_items(["b"], k=2).tolist()[0][0] in ("a", "d")
    without = TransitionRecommender(catalog, method="ridge").fit([["a", "b"], ["b", "a"]])
    assert (without.score_items([["c"]]) == 0).all()


@pytest.mark.parametrize("max_dense_items", [100, 3])
@pytest.mark.parametrize("kind", [EASERecommender, TransitionRecommender])
def test_added_items_are_recommended_and_recommend(kind, max_dense_items):
    catalog = Catalog(["a", "b", "c", "d"], ["green tea", "iron pot", "black tea", "paper cup"])
    method = {"method": "ridge"} if kind is TransitionRecommender else {}
    recommender = kind(catalog, prior=TfidfVectorizer(), max_dense_items=max_dense_items, **method)
    recommender.fit([["a", "b"], ["b", "d"], ["c", "a"]])
    before = recommender.score_items([["a"], ["b"]])
    recommender.add_items(["e", "f"], ["iron pot with lid", "a green tea"])
    np.testing.assert_array_equal(recommender.score_items([["a"], ["b"]])[:, :4], before)
    assert recommender.similar_items(["e"], k=1).tolist() == [["b"]]
    assert recommender.similar_items(["f"], k=1).tolist() == [["a"]]
    assert "f" in recommender.similar_items(["a"], k=2)[0]


def test_a_prior_needs_texts():
    with pytest.raises(ValueError, match="texts"):
        EASERecommender(Catalog(["a", "b"]), prior=TfidfVectorizer()).fit([["a", "b"]])


def test_sessions_weigh_less_what_came_before_them():
    catalog = Catalog(["a", "b", "c"])
    day = 86_400
    events = Interactions(["u"] * 3 + ["v"] * 3, ["a", "b", "c"] * 2, [0, 30 * day, 30 * day + 60] * 2)
    weights = {}
    for session_weight in (0.0, 1.0):
        recommender = TransitionRecommender(
            catalog, method="ridge", l2=1.0, session_gap=day, session_weight=session_weight, decay=1.0
        ).fit(events)
        weights[session_weight] = recommender.score_items([["a"], ["b"]])
    assert (weights[0.0][0] == 0).all()  # nothing followed in the session of a
    assert weights[1.0][0, 1] > 0
    assert weights[0.0][1, 2] > weights[1.0][1, 2] > 0


def test_sparse_vectors_are_reduced_and_new_items_with_them():
    rng = np.random.default_rng(1)
    words = [f"w{i}" for i in range(60)]
    titles = [" ".join(rng.choice(words, 6)) for _ in range(40)]
    recommender = TransitionRecommender(
        Catalog(list(range(40)), titles), method="ridge", prior=TfidfVectorizer(), max_dense_items=10
    ).fit([rng.integers(0, 40, 4).tolist() for _ in range(20)])
    recommender.add_items([100], [titles[7]])
    assert recommender.similar_items([100], k=1).tolist() == [[7]]
    assert sparse.issparse(recommender.prior_.transform(titles[:1]))
