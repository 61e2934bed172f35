import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from sklearn_llmtokens.recommend import (
    Catalog,
    EASERecommender,
    HybridRecommender,
    ItemKNNRecommender,
    PopularityRecommender,
    TransitionRecommender,
)

from .clicks import (
    N_ITEMS,
    PROFILES,
    balanced,
    content_of,
    cosines,
    followed,
    presence,
    profile_of,
    queries,
    scores_of,
    sequences,
    units,
    vectors,
)
from .profiles import fuzz

CATALOG = Catalog(range(N_ITEMS))
profiles = st.sampled_from(PROFILES)


@fuzz
@given(
    clicks=sequences,
    asked=queries,
    profile=profiles,
    shrink=st.sampled_from([0.0, 1.0, 10.0]),
    n_neighbors=st.integers(1, N_ITEMS),
    window=st.integers(1, 6),
)
def test_click_models_are_their_loops(clicks, asked, profile, shrink, n_neighbors, window):
    popularity = PopularityRecommender(CATALOG).fit(clicks)
    assert popularity.score_items(asked).tolist() == [presence(clicks).sum(axis=0).tolist()] * len(asked)
    knn = ItemKNNRecommender(CATALOG, shrinkage=shrink, n_neighbors=n_neighbors, profile=profile).fit(clicks)
    expected = scores_of(asked, cosines(clicks, shrink, n_neighbors), profile)
    assert_allclose(knn.score_items(asked), expected, rtol=1e-5, atol=1e-6)
    following = TransitionRecommender(CATALOG, window=window, profile=profile).fit(clicks)
    expected = scores_of(asked, balanced(followed(clicks, window)), profile)
    assert_allclose(following.score_items(asked), expected, rtol=1e-5, atol=1e-6)


@fuzz
@given(clicks=sequences, asked=queries, profile=profiles, l2=st.sampled_from([0.1, 1.0, 50.0]))
def test_ease_is_its_closed_form(clicks, asked, profile, l2):
    table = presence(clicks)
    inverse = np.linalg.inv(table.T @ table + l2 * np.eye(N_ITEMS))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    expected = scores_of(asked, weights, profile)
    dense = EASERecommender(CATALOG, l2=l2, profile=profile).fit(clicks)
    assert_allclose(dense.score_items(asked), expected, rtol=1e-3, atol=1e-4)
    nearest = np.zeros((N_ITEMS, N_ITEMS))  # each item from those that occur with it
    gram = table.T @ table
    for j in range(N_ITEMS):
        near = [i for i in range(N_ITEMS) if i != j and gram[i, j]]
        if near:
            nearest[near, j] = np.linalg.solve(gram[np.ix_(near, near)] + l2 * np.eye(len(near)), gram[near, j])
    sparse = EASERecommender(CATALOG, l2=l2, profile=profile, max_dense_items=0, n_neighbors=N_ITEMS).fit(clicks)
    assert_allclose(sparse.score_items(asked), scores_of(asked, nearest, profile), rtol=1e-4, atol=1e-5)


def cosines_with_profiles(asked, table, profile):
    rows, found = units(table), np.zeros((len(asked), len(table)))
    for i, history in enumerate(asked):
        total = sum(weight * rows[item] for item, weight in profile_of(history, profile))
        length = np.linalg.norm(total)
        found[i] = rows @ total / length if length > 1e-6 * sum(abs(w) for _, w in profile_of(history, profile)) else 0
    return found


@fuzz
@given(asked=queries, table=vectors, profile=profiles, factor=st.sampled_from([1.0, 1e-30, 1e30]))
def test_content_is_cosines_with_the_profile(asked, table, profile, factor):
    found = content_of(table * factor, profile=profile).fit(None).score_items(asked)
    assert_allclose(found, cosines_with_profiles(asked, table, profile), atol=1e-5)


@fuzz
@given(
    clicks=sequences,
    asked=queries,
    table=vectors,
    weights=st.tuples(*[st.floats(0.1, 5)] * 2),
    amplification=st.sampled_from([1.0, 3.0]),
)
def test_composed_recommenders_are_their_formulas(clicks, asked, table, weights, amplification):
    assume(any(len(set(sequence)) > 1 for sequence in clicks))
    content, catalog = content_of(table), content_of(table).catalog
    hybrid = HybridRecommender([("content", content), ("knn", ItemKNNRecommender(catalog))], weights=list(weights))
    parts = [cosines_with_profiles(asked, table, "harmonic"), scores_of(asked, cosines(clicks, 10.0, 100), "harmonic")]
    expected = np.zeros((len(asked), N_ITEMS))
    for part, weight in zip(parts, weights, strict=True):
        for i, history in enumerate(asked):
            others = [j for j in range(N_ITEMS) if j not in history]
            best = max((abs(part[i, j]) for j in others), default=0)
            expected[i] += weight * part[i] / (best if best > 1e-6 * np.abs(part[i]).max() else 1)
    assert_allclose(hybrid.fit(clicks).score_items(asked), expected, rtol=1e-4, atol=1e-4)
