"""Vectors of items for re-rankers: one row for each item of the catalogue as it is now."""

import numpy as np
import pytest
from scipy import sparse

from sklearn_llmtokens import text_recommender
from sklearn_llmtokens.recommend import ContentRecommender, mmr_rerank
from tests.recommend.test_embedded_once import CATALOG, HISTORIES, IDS, Counting

NEW = {"n1": "绿茶盘", "n2": "红木 茶盘"}


def changed(recommender):
    recommender.fit(HISTORIES).remove_items([IDS[2]]).add_items(list(NEW), list(NEW.values()))
    return recommender.update_items([IDS[4], IDS[2]], [NEW["n1"], "铁壶"]).remove_items(["n2"])


@pytest.mark.parametrize("embedder", [None, Counting()], ids=["sparse", "dense"])
def test_rows_are_those_of_the_catalogue_after_every_change(embedder):
    recommender = changed(ContentRecommender(CATALOG, embedder=embedder, whiten=0.3))
    vectors = recommender.item_vectors()
    assert vectors.shape == (len(IDS) + 2, recommender.n_features_)
    assert vectors.dtype == np.float32
    assert sparse.issparse(vectors) == (embedder is None)
    table = vectors.toarray() if sparse.issparse(vectors) else vectors
    np.testing.assert_allclose(np.linalg.norm(table, axis=1), 1, rtol=1e-5)
    ids = recommender.catalog_.ids.tolist()
    assert ids == [*IDS, *NEW]
    np.testing.assert_array_equal(table[ids.index("n1")], table[ids.index(IDS[4])])  # the same text by now
    some = recommender.item_vectors(["n2", IDS[0]])
    np.testing.assert_array_equal(some.toarray() if sparse.issparse(some) else some, table[[len(IDS) + 1, 0]])
    last = ContentRecommender(CATALOG, embedder=embedder, whiten=0.3, profile="last").fit(None)
    changed(last)
    np.testing.assert_allclose(last.score_items([["n1"]])[0], table @ table[ids.index("n1")], atol=1e-5)


def test_the_parts_of_a_hybrid_hand_out_vectors_for_its_own_catalogue():
    """The recipe of the page: lists of the hybrid, with an item that was added, varied by vectors of one part."""
    hybrid = changed(text_recommender(CATALOG, embedder=Counting()))
    vectors = hybrid.recommenders_["content"].item_vectors()
    assert len(vectors) == hybrid.catalog_.n_items
    items, scores = hybrid.recommend(HISTORIES[:3], k=9, candidates=[*IDS, "n1"], return_scores=True)
    varied = mmr_rerank(items, scores, items=hybrid.catalog_, vectors=vectors, k=4, lambda_=0.5)
    for row, candidates in zip(varied, items, strict=True):
        assert row[0] == candidates[0]
        assert set(row) <= set(candidates)
    alike = hybrid.catalog_.index_of(["n1", IDS[4]])
    assert vectors[alike[0]] @ vectors[alike[1]] == pytest.approx(1, abs=1e-5)
    given = {"items": hybrid.catalog_, "vectors": vectors, "k": 2, "lambda_": 0.1}
    pair = mmr_rerank([["n1", IDS[4], IDS[0]]], [[1, 1, 0]], **given)
    assert pair.tolist() == [["n1", IDS[0]]]
