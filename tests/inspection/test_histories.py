"""Which words of a history made the score of an item."""

import numpy as np
import pytest

from sklearn_llmtokens import LLMTokenEmbedder
from sklearn_llmtokens.inspection import explain_text
from sklearn_llmtokens.recommend import Catalog, ContentRecommender, PopularityRecommender
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
