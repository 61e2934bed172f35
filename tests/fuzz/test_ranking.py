import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from sklearn_llmtokens.recommend import (
    Catalog,
    EASERecommender,
    HybridRecommender,
    ItemKNNRecommender,
    PopularityRecommender,
    SequenceKNNRecommender,
    TransitionRecommender,
)

from .clicks import N_ITEMS, catalog_of, content_of, items, queries, sequences, vectors, weighted_queries
from .profiles import fuzz

VECTORS = np.random.default_rng(0).normal(size=(N_ITEMS, 4))
CATALOG = catalog_of(VECTORS)
RECOMMENDERS = {
    "content": content_of(VECTORS),
    "content, whitened": content_of(VECTORS).set_params(whiten=0.5),
    "neighbours of sequences": SequenceKNNRecommender(CATALOG),
    "popularity": PopularityRecommender(CATALOG),
    "item-kNN": ItemKNNRecommender(CATALOG),
    "EASE": EASERecommender(CATALOG),
    "sparse EASE": EASERecommender(CATALOG, max_dense_items=0),
    "transitions": TransitionRecommender(CATALOG),
    "ridge": TransitionRecommender(CATALOG, method="ridge", prior=content_of(VECTORS).embedder),
    "hybrid": HybridRecommender(
        [
            ("content", content_of(VECTORS)),
            ("next", TransitionRecommender(CATALOG)),
            ("ease", EASERecommender(CATALOG)),
        ],
        weights={"content": 1, "next": (2, 0.5), "ease": -0.5},
    ),
}
lists = st.lists(items, max_size=N_ITEMS)


@pytest.mark.parametrize("name", RECOMMENDERS)
@fuzz
@given(
    clicks=sequences,
    asked=st.lists(lists, min_size=1, max_size=4),
    k=st.integers(1, N_ITEMS + 2),
    candidates=st.one_of(st.none(), lists),
    exclude=st.one_of(st.none(), lists),
    filter_seen=st.booleans(),
    removed=st.lists(items, max_size=3),
)
def test_lists_are_a_stable_sort_of_what_is_allowed(name, clicks, asked, k, candidates, exclude, filter_seen, removed):
    fitted = RECOMMENDERS[name].fit(clicks).remove_items(removed)
    found, top = fitted.recommend(
        asked, k, candidates=candidates, exclude=exclude, filter_seen=filter_seen, return_scores=True
    )
    for history, row, values, scores in zip(asked, found, top, fitted.score_items(asked), strict=True):
        allowed = set(range(N_ITEMS) if candidates is None else candidates) - set(exclude or []) - set(removed)
        allowed -= set(history if filter_seen else [])
        expected = sorted(allowed, key=lambda item: (-scores[item], item))[:k]
        assert row.tolist() == expected + [None] * (k - len(expected))
        assert_allclose(values, [*scores[expected], *[-np.inf] * (k - len(expected))], atol=1e-6)


@pytest.mark.parametrize("name", RECOMMENDERS)
@fuzz
@given(clicks=sequences, asked=st.one_of(queries, weighted_queries), data=st.data())
def test_shares_add_up_to_the_score(name, clicks, asked, data):
    fitted = RECOMMENDERS[name].fit(clicks)
    wanted = [data.draw(items) for _ in asked]
    scores = fitted.score_items(asked)
    assert np.isfinite(scores).all()
    for i, shares in enumerate(fitted.explain(asked, wanted)):
        assert shares.shape == (len(asked[i]),)
        assert_allclose(shares.sum(), scores[i, wanted[i]], rtol=1e-4, atol=1e-5 * np.abs(shares).sum() + 1e-12)


@fuzz
@given(clicks=sequences, asked=queries, table=vectors, n_first=st.integers(1, N_ITEMS - 1), data=st.data())
def test_items_added_and_removed_are_as_in_a_fresh_fit(clicks, asked, table, n_first, data):
    whole = content_of(table).fit(None)
    grown = content_of(table[:n_first]).fit(None)
    cut = data.draw(st.integers(n_first, N_ITEMS))
    for start, stop in ((n_first, cut), (cut, N_ITEMS)):
        if stop > start:
            grown.add_items(range(start, stop), features=table[start:stop])
    assert_allclose(grown.score_items(asked), whole.score_items(asked), atol=1e-6)
    removed = data.draw(st.lists(items, max_size=4))
    everything = {"k": N_ITEMS, "filter_seen": False}
    expected = whole.recommend(asked, exclude=removed, **everything)
    assert whole.remove_items(removed).recommend(asked, **everything).tolist() == expected.tolist()

    known = [[item % n_first for item in sequence] for sequence in clicks]
    few = [[item % n_first for item in history] for history in asked]
    for cls in (PopularityRecommender, ItemKNNRecommender, EASERecommender, TransitionRecommender):
        fitted = cls(Catalog(range(n_first))).fit(known).add_items(range(n_first, N_ITEMS))
        assert_allclose(fitted.score_items(few), cls(Catalog(range(N_ITEMS))).fit(known).score_items(few), atol=1e-6)


@pytest.mark.parametrize("name", RECOMMENDERS)
@fuzz
@given(clicks=sequences, asked=queries, exponent=st.integers(-1000, 90), data=st.data())
def test_the_unit_of_the_weights_changes_no_order(name, clicks, asked, exponent, data):
    fitted, unit = RECOMMENDERS[name].fit(clicks), 2.0**exponent
    given_weights = [[data.draw(st.sampled_from([1.0, 2.0, 0.5, 4.0])) for _ in history] for history in asked]
    once, scaled = (
        fitted.recommend(
            [
                [(item, w * factor) for item, w in zip(*row, strict=True)]
                for row in zip(asked, given_weights, strict=True)
            ],
            k=N_ITEMS,
        )
        for factor in (1.0, unit)
    )
    assert once.tolist() == scaled.tolist()
