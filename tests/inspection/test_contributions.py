"""What single words contribute, against numbers worked out in another way."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch
from safetensors.numpy import load_file
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_llmtokens import JiebaTokenizer, LLMTokenEmbedder, TextNormalizer, text_pipeline
from sklearn_llmtokens.inspection import explain_text
from tests.checkpoints import TEXTS
from tests.static_checkpoints import write_model2vec

TWO = ["good", "bad", "good", "bad", "good", "good", "bad", "bad"]
THREE = ["a", "b", "c", "a", "b", "c", "a", "b"]


class Whole:
    """One unit for each text."""

    def word_spans(self, text):
        return [(0, len(text), 1.0)]


@pytest.fixture
def model(checkpoints):
    embedder = LLMTokenEmbedder(checkpoints["bert"], cache=None)
    return make_pipeline(embedder, StandardScaler(), LogisticRegression()).fit(TEXTS, TWO)


def test_words_of_tf_idf_contribute_coefficient_times_value():
    vectorizer = TfidfVectorizer(analyzer=JiebaTokenizer(), norm=None)
    model = make_pipeline(vectorizer, LogisticRegression()).fit(TEXTS, TWO)
    (explanation,) = explain_text(model, ["物流 很快，good"])
    weights = vectorizer.idf_ * model[-1].coef_[0]
    expected = [weights[vectorizer.vocabulary_[word]] for word in ("物流", "很快", "，", "good")]
    np.testing.assert_allclose(explanation.contributions[:, 0], expected)
    np.testing.assert_allclose(explanation.remainder, model[-1].intercept_)


def test_a_repeated_word_shares_its_contribution_evenly():
    model = make_pipeline(TfidfVectorizer(token_pattern=r"\w+", sublinear_tf=True), Ridge())
    model.fit(["bad bad bad", "good", "not good"], [0.0, 1.0, 0.5])
    (explanation,) = explain_text(model, ["bad good bad"])
    first, good, last = explanation.contributions[:, 0]
    assert first == pytest.approx(last)
    row = model[0].transform(["bad good bad"]).toarray()[0]
    expected = {word: row[i] * model[-1].coef_[i] for word, i in model[0].vocabulary_.items()}
    np.testing.assert_allclose([first + last, good], [expected["bad"], expected["good"]])


def test_without_context_a_token_contributes_its_own_state(checkpoints):
    """Hidden state 0 of BERT is a token's own: mean pooling adds up products with the coefficients."""
    embedder = LLMTokenEmbedder(checkpoints["bert"], layer=0, pooling="mean", normalize=False, cache=None)
    model = make_pipeline(embedder, LogisticRegression()).fit(TEXTS, TWO)
    text = "the staff were friendly"
    (explanation,) = explain_text(model, [text], unit="token")
    (tokens,) = embedder.transform_tokens([text])
    n_pooled = len(tokens.tokens) + 2  # with [CLS] and [SEP]
    expected = tokens.vectors.astype(np.float64) @ model[-1].coef_[0] / n_pooled
    np.testing.assert_allclose(explanation.contributions[:, 0], expected, atol=1e-6)
    assert explanation.offsets.tolist() == tokens.offsets.tolist()


@pytest.mark.parametrize("pooling", ["last", "weighted_mean", ("mean", "max")])
def test_without_special_tokens_nothing_is_left_but_the_intercept(checkpoints, pooling):
    """Qwen3 has none here: the states of the tokens make the vector, and what they do to each other adds up to 0."""
    embedder = LLMTokenEmbedder(checkpoints["qwen3"], pooling=pooling, normalize=True, cache=None)
    model = make_pipeline(embedder, LogisticRegression(C=100)).fit(TEXTS, TWO)
    for explanation in explain_text(model, TEXTS, unit=Whole()):
        np.testing.assert_allclose(explanation.remainder, model[-1].intercept_, atol=1e-5)


def test_a_head_is_followed_by_the_secant_of_its_activation(st_checkpoint):
    """tanh(0) is 0: what the head leaves is the part of its bias."""
    folder = st_checkpoint("qwen3", dense=20, normalize=False, pooling="mean", max_seq_length=128)
    model = make_pipeline(LLMTokenEmbedder(folder, cache=None), Ridge()).fit(TEXTS, np.arange(8.0))
    (explanation,) = explain_text(model, ["good staff"], unit=Whole())
    head = load_file(folder / "2_Dense/model.safetensors")
    without = LLMTokenEmbedder(folder, pooling="mean", normalize=False, cache=None).fit(TEXTS)
    linear = head["linear.weight"].astype(np.float64) @ without.transform(["good staff"])[0]
    slope = np.tanh(linear + head["linear.bias"]) / (linear + head["linear.bias"])
    np.testing.assert_allclose(explanation.contributions[0, 0], model[-1].coef_ @ (slope * linear), atol=1e-5)


def test_words_count_where_only_the_first_token_is_pooled(checkpoints):
    embedder = LLMTokenEmbedder(checkpoints["bert"], pooling="cls", cache=None)
    model = make_pipeline(embedder, LogisticRegression(C=100)).fit(TEXTS, TWO)
    (explanation,) = explain_text(model, ["The staff were friendly."])
    assert (np.abs(explanation.contributions) > 1e-4).all()


def test_one_pass_of_the_model_for_each_text(model):
    passes = []

    def count(module, args):
        if type(module).__name__ == "BertModel":
            passes.append(1)

    explain_text(model, TEXTS[:1])  # loads it
    passes.clear()
    handle = torch.nn.modules.module.register_module_forward_pre_hook(count)
    try:
        explain_text(model, TEXTS)
    finally:
        handle.remove()
    assert len(passes) == len(TEXTS)


@pytest.mark.parametrize("method", ["exact", "occlusion"])
def test_nothing_is_cached(checkpoints, tmp_path, method):
    embedder = LLMTokenEmbedder(checkpoints["bert"], cache=tmp_path / "vectors")
    model = make_pipeline(embedder, LogisticRegression()).fit(TEXTS, TWO)
    explain_text(model, ["a new text"], method=method)
    assert embedder.cache_info().rows == len(TEXTS)


def test_occlusion_is_the_change_of_the_score_without_the_word(model):
    (explanation,) = explain_text(model, ["The staff were"], method="occlusion")
    whole, *without = model.decision_function(["The staff were", " staff were", "The  were", "The staff "])
    np.testing.assert_allclose(explanation.contributions[:, 0], whole - without, atol=1e-6)
    np.testing.assert_allclose(explanation.remainder, whole - (whole - without).sum(), atol=1e-6)
    assert not explanation.exact


def test_forests_are_explained_by_occlusion_of_their_probabilities(checkpoints):
    embedder = LLMTokenEmbedder(checkpoints["bert"], cache=None)
    model = make_pipeline(embedder, RandomForestClassifier(20, random_state=0)).fit(TEXTS, THREE)
    (explanation,) = explain_text(model, ["good staff"], unit="token")
    np.testing.assert_allclose(explanation.scores, model.predict_proba(["good staff"])[0])
    (without,) = model.predict_proba([" staff"])
    np.testing.assert_allclose(explanation.contributions[0], explanation.scores - without)
    assert (explanation.exact, explanation.score_method) == (False, "predict_proba")


def test_occlusion_keeps_the_other_columns_of_a_frame():
    from sklearn.compose import ColumnTransformer

    frame = pd.DataFrame({"text": TEXTS, "price": np.arange(8.0)}, index=list("abcdefgh"))
    columns = ColumnTransformer([("text", TfidfVectorizer(), "text"), ("price", "passthrough", ["price"])])
    model = make_pipeline(columns, RandomForestClassifier(20, random_state=0)).fit(frame, TWO)
    (explanation,) = explain_text(model, frame[2:3])
    changed = frame[2:3].assign(text=TEXTS[2].replace("clean", ""))
    expected = model.predict_proba(frame[2:3])[0, 1] - model.predict_proba(changed)[0, 1]
    at = explanation.words.index("clean")
    np.testing.assert_allclose(explanation.contributions[at, 0], expected)


@pytest.mark.parametrize("library", [pd.DataFrame, pl.DataFrame, pa.table, pa.RecordBatch.from_pydict])
def test_words_of_a_table_of_any_library(library):
    columns = {
        "price": [3.0, None, 9.0, 4.0],
        "review": ["物流很快", "味道发苦", None, "包装完好"],
        "shop": ["甲店", "乙店", "甲店", "乙店"],
    }
    model = text_pipeline(embedder="zh-nano", missing="zero", text_columns="review")
    table = library(columns)
    model.fit(table, [1, 0, 0, 1])
    for method in ("exact", "occlusion"):
        found = explain_text(model, table, method=method)
        assert [explanation.words for explanation in found] == [
            ["物流", "很快"],
            ["味道", "发苦"],
            [],
            ["包装", "完好"],
        ]
        scores = np.concatenate([explanation.scores for explanation in found])
        np.testing.assert_allclose(scores, model.decision_function(table), atol=1e-5)


def test_targets_are_classes(model):
    (whole,) = explain_text(model, TEXTS[:1])
    (good,) = explain_text(model, TEXTS[:1], target="good")
    (bad,) = explain_text(model, TEXTS[:1], target="bad")
    assert (whole.outputs, bad.outputs) == (["good"], ["bad"])
    np.testing.assert_array_equal(whole.contributions, good.contributions)
    np.testing.assert_allclose(bad.contributions, -good.contributions)
    np.testing.assert_allclose(bad.remainder, -good.remainder)
    with pytest.raises(ValueError, match="target='ugly' is none of"):
        explain_text(model, TEXTS[:1], target="ugly")


def test_targets_of_several_classes_are_columns(checkpoints):
    embedder = LLMTokenEmbedder(checkpoints["bert"], cache=None)
    model = make_pipeline(embedder, LogisticRegression()).fit(TEXTS, THREE)
    (whole,) = explain_text(model, TEXTS[:1])
    (two,) = explain_text(model, TEXTS[:1], target=["c", "a"])
    np.testing.assert_allclose(two.contributions, whole.contributions[:, [2, 0]], atol=1e-12)
    assert whole.outputs == ["a", "b", "c"]


def test_places_are_those_of_the_text_that_came_in():
    model = make_pipeline(
        TextNormalizer(html=True, case="lower"), TfidfVectorizer(analyzer=JiebaTokenizer(), norm=None), Ridge()
    )
    model.fit(["物流很快", "屏幕太暗", "abc"], [1.0, 0.0, 0.7])
    text = "<b>物流</b>很快！ABC"
    (explanation,) = explain_text(model, [text])
    strong = {word for word, value in zip(explanation.words, explanation.contributions[:, 0], strict=True) if value}
    assert strong == {"物流", "很快", "ABC"}
    for word, (start, end) in zip(explanation.words, explanation.offsets, strict=True):
        assert text[start:end] == word


def test_a_token_of_two_words_is_shared_by_their_characters(checkpoints):
    embedder = LLMTokenEmbedder(checkpoints["xlm-roberta"], cache=None)
    model = make_pipeline(embedder, LogisticRegression()).fit(TEXTS, TWO)

    class Characters:
        def word_spans(self, text):
            return [(i, i + 1, 1.0) for i in range(len(text)) if text[i] != " "]

    (tokens,) = explain_text(model, ["The staff"], unit="token")
    (characters,) = explain_text(model, ["The staff"], unit=Characters())
    for (start, end), value in zip(tokens.offsets, tokens.contributions, strict=True):
        inside = (characters.offsets[:, 0] >= start) & (characters.offsets[:, 1] <= end)
        np.testing.assert_allclose(characters.contributions[inside, 0], value[0] / (end - start), atol=1e-12)
    assert len(tokens.words) < 9  # some token has several characters


def test_units_that_cannot_be_found_are_an_error(model):
    class Overlapping:
        def word_spans(self, text):
            return [(0, 3, 1.0), (2, 4, 1.0)]

    with pytest.raises(ValueError, match="overlap"):
        explain_text(model, ["good staff"], unit=Overlapping())
    with pytest.raises(ValueError, match="unit='sentence' is neither"):
        explain_text(model, ["good staff"], unit="sentence")
    words_alone = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(TEXTS, TWO)
    with pytest.raises(ValueError, match="no LLMTokenEmbedder of the model reads 'good staff'"):
        explain_text(words_alone, ["good staff"], unit="token")


def test_wrong_arguments_are_named(model):
    with pytest.raises(ValueError, match="a single str"):
        explain_text(model, "good staff")
    with pytest.raises(ValueError, match="method='magic' is none of"):
        explain_text(model, ["good staff"], method="magic")
    with pytest.raises(TypeError, match="neither decision_function nor predict_proba nor predict"):
        explain_text(make_pipeline(TfidfVectorizer()).fit(TEXTS), ["good staff"])


def test_texts_that_are_cut_are_warned_of_once(checkpoints):
    from sklearn_llmtokens.exceptions import TruncationWarning

    embedder = LLMTokenEmbedder(checkpoints["bert"], max_length=8, cache=None)
    with pytest.warns(TruncationWarning):
        model = make_pipeline(embedder, LogisticRegression()).fit(TEXTS, TWO)
    with pytest.warns(TruncationWarning, match="2 distinct") as caught:
        (first, _) = explain_text(model, [TEXTS[2], TEXTS[6]])
    assert len(caught) == 1
    assert first.contributions[-1, 0] == 0  # "." is not read


def test_the_fitted_model_stays_as_it_was(model):
    import joblib

    before = joblib.hash(model)
    explain_text(model, TEXTS)
    assert joblib.hash(model) == before


def test_rows_of_text_pipeline_agree_with_sums_of_its_parts():
    model = text_pipeline().fit(TEXTS, TWO)
    (explanation,) = explain_text(model, ["物流很快"])
    coef = model[-1].coef_[0]
    block = slice(0, len(model["features"]["characters"].vocabulary_))
    row = model["features"].transform(["物流很快"]).toarray()[0]
    assert explanation.contributions.sum() + explanation.remainder[0] == pytest.approx(
        coef @ row + model[-1].intercept_[0], abs=1e-6
    )
    assert abs(explanation.contributions.sum()) > abs(coef[block] @ row[block]) * 0.5


@pytest.mark.parametrize("normalize", [True, False])
def test_tokens_of_a_static_checkpoint_contribute_their_vectors(tmp_path, normalize):
    """All tokens are in words: nothing is left but the intercept, and a word counts as often as it stands there."""
    embedder = LLMTokenEmbedder(write_model2vec(tmp_path, normalize=normalize), cache=None)
    model = make_pipeline(embedder, LogisticRegression()).fit(["物流 很快", "good room", "good", "很快"], [0, 1, 1, 0])
    (explanation,) = explain_text(model, ["物流 good 物流"])
    np.testing.assert_allclose(explanation.scores, model.decision_function(["物流 good 物流"]), atol=1e-6)
    np.testing.assert_allclose(explanation.remainder, model[-1].intercept_, atol=1e-6)
    first, good, last = explanation.contributions[:, 0]
    assert first == pytest.approx(last)
    assert good > first
