"""Which words of a history made the score of an item."""

import numpy as np
import pytest

from sklearn_llmtokens import LLMTokenEmbedder, text_recommender
from sklearn_llmtokens.inspection import explain_text
from sklearn_llmtokens.recommend import (
    Catalog,
    ContentRecommender,
    EASERecommender,
    HybridRecommender,
    PopularityRecommender,
)
from tests.checkpoints import TEXTS

IDS = list("abcdefgh")
EMBEDDERS = {"tf-idf": lambda checkpoints: None, "vectors": lambda checkpoints: LLMTokenEmbedder(checkpoints["bert"])}


@pytest.fixture(params=EMBEDDERS)
def embedder(request, checkpoints):
    return EMBEDDERS[request.param](checkpoints)


@pytest.mark.parametrize("query", ["items", "texts"])
@pytest.mark.parametrize("profile", ["harmonic", "last"])
def test_words_add_up_to_the_score(embedder, query, profile):
    recommender = ContentRecommender(Catalog(IDS, TEXTS), embedder=embedder, profile=profile, query=query).fit(None)
    histories = [["a", "c", "a"], ["e"]] if query == "items" else [["物流很快", "clean room"], ["电池 good"]]
    explanations = explain_text(recommender, histories, target=["b", "h"])
    scores = recommender.score_items(histories)[:, [1, 7]]
    for explanation, score, history in zip(explanations, scores, histories, strict=True):
        total = explanation.contributions.sum(axis=0) + explanation.remainder
        np.testing.assert_allclose(total, score, atol=1e-5)
        assert explanation.outputs == ["b", "h"]
        expected = [TEXTS[IDS.index(event)] for event in history] if query == "items" else history
        assert explanation.texts == expected


def test_events_have_the_shares_that_the_recommender_gives_them(checkpoints):
    """TF-IDF of letters alone: every feature is in a word, so that nothing is left."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    recommender = ContentRecommender(Catalog(IDS, TEXTS), embedder=TfidfVectorizer()).fit(None)
    (explanation,) = explain_text(recommender, [["c", "g"]], target="c")
    (shares,) = recommender.explain([["c", "g"]], ["c"])
    by_event = np.bincount(explanation.text_idx, explanation.contributions[:, 0], minlength=2)
    np.testing.assert_allclose(by_event, shares, atol=1e-6)
    np.testing.assert_allclose(explanation.remainder, 0, atol=1e-6)


def test_the_item_that_is_recommended_first_is_the_default():
    recommender = ContentRecommender(Catalog(IDS, TEXTS)).fit(None)
    (explanation,) = explain_text(recommender, [["a"]])
    assert explanation.outputs == recommender.recommend([["a"]], k=1)[0].tolist()


def test_blank_texts_and_empty_histories_have_no_words():
    recommender = ContentRecommender(Catalog([*IDS, "blank"], [*TEXTS, " "])).fit([["a", "b"]])
    first, second = explain_text(recommender, [["blank", "a"], []], target="b")
    assert set(first.text_idx) == {1}
    assert second.words == []


def test_unknown_targets_are_an_error():
    recommender = ContentRecommender(Catalog(IDS, TEXTS)).fit(None)
    with pytest.raises(ValueError, match="'z'"):
        explain_text(recommender, [["a"]], target="z")


def test_recommenders_by_clicks_have_no_words_to_explain():
    recommender = PopularityRecommender(Catalog(IDS, TEXTS)).fit([["a", "b"]])
    with pytest.raises(TypeError, match="PopularityRecommender"):
        explain_text(recommender, [["a"]])


CLICKS = [["a", "b", "d"], ["a", "b"], ["b", "d", "g"], ["c", "g"], ["a", "d"]]


def test_words_of_a_hybrid_add_up_to_its_score(checkpoints):
    catalog = Catalog(IDS, TEXTS)
    hybrid = text_recommender(catalog, embedder=LLMTokenEmbedder(checkpoints["bert"])).fit(CLICKS)
    hybrid.add_items(["new"], ["物流很快"])
    histories = [["a", "c", "a"], ["e", "new"], []]
    items = hybrid.recommend(histories, k=3)
    items[1, 2] = None
    scores = hybrid.score_items(histories)
    for row, explanation in enumerate(explain_text(hybrid, histories, target=items)):
        asked = [item for item in items[row] if item is not None]
        assert explanation.outputs == asked
        total = explanation.contributions.sum(axis=0) + explanation.remainder
        np.testing.assert_allclose(total, scores[row, hybrid.catalog_.index_of(asked)], atol=1e-5)
        assert np.abs(explanation.contributions).sum() > 0 or not histories[row]


def test_words_of_a_hybrid_have_the_share_of_its_content():
    """The inner hybrid has its content twice as heavy as its clicks, and the outer one halves both."""
    catalog = Catalog(IDS, TEXTS)
    content = ContentRecommender(catalog)
    parts = [("content", content), ("ease", EASERecommender(catalog, l2=1.0))]
    inner = HybridRecommender(parts, weights=[2, 1])
    outer = HybridRecommender([("inner", inner), ("popular", PopularityRecommender(catalog))], weights=[0.5, 0.5])
    outer.fit(CLICKS)
    alone, within = content.fit(CLICKS), outer.recommenders_["inner"]
    histories, items = [["a", "c"]], ["g"]
    of_inner = outer.explain(histories, items, by="part")["inner"] / within.score_items(histories)[:, 6]
    of_content = within.explain(histories, items, by="part")["content"] / alone.score_items(histories)[:, 6]
    (expected,), (found,) = (explain_text(model, histories, target="g") for model in (alone, outer))
    assert found.words == expected.words
    np.testing.assert_allclose(found.contributions, of_inner * of_content * expected.contributions, atol=1e-6)
    np.testing.assert_allclose(found.scores, outer.score_items(histories)[:, 6], atol=1e-6)


def test_tokens_of_a_hybrid_are_those_of_its_language_model(checkpoints):
    catalog = Catalog(IDS, TEXTS)
    vectors = ContentRecommender(catalog, embedder=LLMTokenEmbedder(checkpoints["bert"]))
    hybrid = HybridRecommender([("words", ContentRecommender(catalog)), ("vectors", vectors)], weights=[1, 1]).fit(None)
    (found,), (expected,) = (
        explain_text(model, [["a"]], target="b", unit="token") for model in (hybrid, vectors.fit(None))
    )
    assert found.words == expected.words
    assert found.contributions.sum() + found.remainder[0] == pytest.approx(hybrid.score_items([["a"]])[0, 1], abs=1e-5)


def test_an_empty_history_has_the_popularity_as_its_score():
    recommender = ContentRecommender(Catalog(IDS, TEXTS)).fit([["a", "b"], ["b"]])
    (explanation,) = explain_text(recommender, [[]], target="b")
    assert (explanation.words, explanation.scores.tolist(), explanation.remainder.tolist()) == ([], [2.0], [2.0])


def test_hybrids_without_content_and_sums_of_ranks_have_no_words():
    catalog = Catalog(IDS, TEXTS)
    clicks = HybridRecommender([("ease", EASERecommender(catalog))], weights=[1]).fit(CLICKS)
    with pytest.raises(TypeError, match="HybridRecommender has no part that recommends by texts"):
        explain_text(clicks, [["a"]])
    ranks = HybridRecommender([("content", ContentRecommender(catalog))], weights=[1], fusion="ranks").fit(CLICKS)
    with pytest.raises(ValueError, match="events and words have no exact shares"):
        explain_text(ranks, [["a"]])


def test_rows_of_targets_are_one_for_each_history():
    recommender = ContentRecommender(Catalog(IDS, TEXTS)).fit(None)
    with pytest.raises(ValueError, match="items has the shape"):
        explain_text(recommender, [["a"]], target=[["b"], ["c"]])
