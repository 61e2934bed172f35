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
    TransitionRecommender,
)
from tests.recommend.test_embedded_once import CATALOG, HISTORIES, IDS, Counting

CONTENT = ContentRecommender(CATALOG, embedder=Counting())
RECOMMENDERS = {
    "content": CONTENT,
    "tf-idf": ContentRecommender(CATALOG),
    "popularity": PopularityRecommender(CATALOG),
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
