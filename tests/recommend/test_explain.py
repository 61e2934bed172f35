"""`explain` of several items: one pass over the catalogue, and the values of one item at a time."""

import numpy as np
import pytest

from sklearn_llmtokens import text_recommender
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
)
from tests.recommend.test_embedded_once import CATALOG, HISTORIES, IDS, Counting

CONTENT = ContentRecommender(CATALOG, embedder=Counting())
RECOMMENDERS = {
    "content": CONTENT,
    "tf-idf": ContentRecommender(CATALOG),
    "neighbours of sequences": SequenceKNNRecommender(CATALOG),
    "popularity": PopularityRecommender(CATALOG),
    "recency": RecencyRecommender(CATALOG),
    "item-kNN": ItemKNNRecommender(CATALOG),
    "EASE": EASERecommender(CATALOG),
    "sparse EASE": EASERecommender(CATALOG, max_dense_items=0),
    "transitions": TransitionRecommender(CATALOG),
    "ridge": TransitionRecommender(CATALOG, method="ridge", prior=CONTENT.embedder),
    "weights given": HybridRecommender([("a", CONTENT), ("b", EASERecommender(CATALOG))], weights=[(1, 2), (2, 0)]),
    "recipe": text_recommender(CATALOG, embedder=Counting()),
}
QUERIES = [HISTORIES[0], [], [(IDS[3], 2.0), (IDS[4], -1.0)], HISTORIES[7][:1], [None, IDS[9]]]


@pytest.mark.parametrize("recommender", RECOMMENDERS.values(), ids=RECOMMENDERS)
def test_ten_items_have_the_shares_that_each_has_alone(recommender):
    fitted = recommender.fit(HISTORIES).add_items(["new"], ["绿茶盘"])
    items = fitted.recommend(QUERIES, k=10)
    items[0, 4], items[3, 0] = None, "new"
    together = fitted.explain(QUERIES, items)
    for j, column in enumerate(items.T):
        for shares, alone in zip(together, fitted.explain(QUERIES, column), strict=True):
            np.testing.assert_allclose(shares[:, j], alone, rtol=0, atol=1e-9)
    scores = fitted.score_items(QUERIES)
    for i, history in enumerate(QUERIES):
        assert together[i].shape == (len(history), 10)
        for j, item in enumerate(items[i]):
            if item is not None and len(history):
                score = scores[i, fitted.catalog_.index_of([item])[0]]
                assert together[i][:, j].sum() == pytest.approx(score, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("k", [1, 10])
def test_a_hybrid_scores_the_catalogue_once_however_many_items_are_explained(k, monkeypatch):
    calls = []
    score = EASERecommender._score
    monkeypatch.setattr(EASERecommender, "_score", lambda self, *args: calls.append(1) or score(self, *args))
    fitted = HybridRecommender([("a", CONTENT), ("b", EASERecommender(CATALOG))], weights=[1, 1]).fit(HISTORIES)
    items = fitted.recommend(HISTORIES[:5], k=k)
    calls.clear()
    fitted.explain(HISTORIES[:5], items)
    assert len(calls) == 1


def test_no_item_has_no_share():
    fitted = EASERecommender(Catalog(["a", "b"])).fit([["a", "b"]])
    assert [shares.shape for shares in fitted.explain([["a"], []], [[], []])] == [(1, 0), (0, 0)]
    assert fitted.explain([], []) == []


BY_RANKS = HybridRecommender([("a", CONTENT), ("b", EASERecommender(CATALOG))], weights=[1, 2], fusion="ranks")
INSIDE = HybridRecommender([("inner", RECOMMENDERS["weights given"]), ("p", PopularityRecommender(CATALOG))])
HYBRIDS = {
    "weights given": RECOMMENDERS["weights given"],
    "recipe": RECOMMENDERS["recipe"],
    "ranks": BY_RANKS,
    "hybrid in a hybrid": INSIDE.set_params(weights=[1, 0.5]),
}


@pytest.mark.parametrize("recommender", HYBRIDS.values(), ids=HYBRIDS)
def test_shares_of_parts_add_up_to_the_score(recommender):
    fitted = recommender.fit(HISTORIES).add_items(["new"], ["绿茶盘"])
    items = fitted.recommend(QUERIES, k=10)
    items[0, 4], items[3, 0] = None, "new"
    shares = fitted.explain(QUERIES, items, by="part")
    assert list(shares) == [*fitted.recommenders_, "cold_bias_", "popularity_"]
    scores, total = fitted.score_items(QUERIES), sum(shares.values())
    for (i, j), item in np.ndenumerate(items):
        if item is None:
            assert all(np.isnan(share[i, j]) for share in shares.values())
        else:
            score = scores[i, fitted.catalog_.index_of([item])[0]]
            assert total[i, j] == pytest.approx(score, rel=1e-5, abs=1e-5)
    alone = fitted.explain(QUERIES, items[:, 1], by="part")
    for name, share in shares.items():
        np.testing.assert_allclose(alone[name], share[:, 1], rtol=0, atol=1e-9)


def test_the_share_of_a_part_is_its_weight_times_its_score_beside_its_best():
    content, ease = ContentRecommender(CATALOG), EASERecommender(CATALOG, l2=1.0)
    hybrid = HybridRecommender([("a", content), ("b", ease)], weights=[2, 3]).fit(HISTORIES)
    query, item = [HISTORIES[0]], hybrid.recommend([HISTORIES[0]], k=3)[0, 2]
    shares = hybrid.explain(query, [item], by="part")
    for name, weight, part in (("a", 2, content), ("b", 3, ease)):
        scores = part.fit(HISTORIES).score_items(query)[0]
        unseen = np.delete(scores, CATALOG.index_of(HISTORIES[0]))
        expected = weight * scores[CATALOG.index_of([item])[0]] / np.abs(unseen).max()
        assert shares[name][0] == pytest.approx(expected, rel=1e-5)
    assert shares["cold_bias_"].tolist() == shares["popularity_"].tolist() == [0.0]


def test_an_empty_history_has_the_popularity_of_the_item_and_a_new_item_its_bias():
    hybrid = HybridRecommender([("a", CONTENT)], default_weights=[1]).fit(HISTORIES).add_items(["new"], ["绿茶盘"])
    popular = int(hybrid.popularity_.argmax())
    shares = hybrid.explain([[], [IDS[0]]], [CATALOG.ids[popular], "new"], by="part")
    assert shares["popularity_"].tolist() == [hybrid.popularity_[popular], 0]
    assert shares["a"][0] == 0
    assert shares["cold_bias_"].tolist() == [0, hybrid.cold_bias_]


def test_what_has_no_parts_and_no_words_is_named():
    ease = EASERecommender(Catalog(["a", "b"])).fit([["a", "b"]])
    with pytest.raises(ValueError, match="EASERecommender has no parts, as a HybridRecommender has: use by='event'"):
        ease.explain([["a"]], ["b"], by="part")
    with pytest.raises(ValueError, match=r"neither 'event' nor 'part'.*inspection\.explain_text\(recommender, X"):
        ease.explain([["a"]], ["b"], by="word")
    with pytest.raises(ValueError, match=r"by='user' is neither 'event' nor 'part'\.$"):
        ease.explain([["a"]], ["b"], by="user")
