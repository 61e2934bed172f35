"""Contributions and remainder add up to the scores of the model, on every pipeline that is linear in its features."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier, SGDClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import FeatureUnion, make_pipeline, make_union
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, Normalizer, RobustScaler, StandardScaler
from sklearn.svm import SVC, LinearSVC

from sklearn_llmtokens import EmbeddingPCA, JiebaTokenizer, LLMTokenEmbedder, TextNormalizer, text_pipeline
from sklearn_llmtokens.inspection import explain_text
from sklearn_llmtokens.text import TextColumn
from tests.checkpoints import TEXTS
from tests.embedding.oracle import POOLINGS

TWO = ["good", "bad", "good", "bad", "good", "good", "bad", "bad"]
THREE = ["a", "b", "c", "a", "b", "c", "a", "b"]
QUERIES = ["物流很快，屏幕太暗", "The staff were  good", "ＡＢＣ苹果", ""]
STEPS = {
    "nothing": [],
    "scaler": [StandardScaler()],
    "scaler and unit length": [StandardScaler(), Normalizer()],
    "pca": [PCA(4)],
    "whitened pca": [StandardScaler(), PCA(4, whiten=True)],
    "embedding pca": [EmbeddingPCA(4, whiten=0.7, remove_top=1)],
    "svd": [TruncatedSVD(5)],
    "min and max": [MinMaxScaler(), RobustScaler(), MaxAbsScaler()],
    "selection": [SelectKBest(k=7), Normalizer("l1"), Normalizer("max")],
    "no step": ["passthrough", StandardScaler(with_std=False)],
}
FINALS = {
    "logistic": LogisticRegression(C=10),
    "ridge": RidgeClassifier(),
    "svc": LinearSVC(),
    "sgd": SGDClassifier(random_state=0),
    "lda": LinearDiscriminantAnalysis(),
    "one versus rest": OneVsRestClassifier(LogisticRegression()),
    "search": GridSearchCV(LogisticRegression(), {"C": [1, 10]}, cv=2),
}


def check_sums(model, y=TWO, X=TEXTS, queries=QUERIES, **kwargs):
    model.fit(X, y)
    explanations = explain_text(model, queries, **kwargs)
    compute = getattr(model, "decision_function", model.predict)
    for i, explanation in enumerate(explanations):
        row = queries[
            i : i + 1
        ]  # alone, as it is explained: a product of one row may round in another way than of four
        score = np.ravel(compute(row))
        total = explanation.contributions.sum(axis=0) + explanation.remainder
        np.testing.assert_allclose(total, score, rtol=1e-7, atol=1e-7)
        np.testing.assert_allclose(explanation.scores, score, rtol=1e-7, atol=1e-7)
        assert explanation.exact
        text = "\n".join(explanation.texts)
        assert all(word in text for word in explanation.words)
    return explanations


@pytest.fixture
def embedder(checkpoints):
    return LLMTokenEmbedder(checkpoints["bert"], cache=None)


@pytest.mark.parametrize("pooling", [*POOLINGS, ("cls", "mean")])
@pytest.mark.parametrize("normalize", [True, False])
def test_every_pooling_gives_words_their_share(embedder, pooling, normalize):
    model = make_pipeline(embedder.set_params(pooling=pooling, normalize=normalize), LogisticRegression(C=10))
    explanations = check_sums(model)
    assert all(np.abs(explanation.contributions).max() > 0 for explanation in explanations[:3])


@pytest.mark.parametrize("layer", [0, 2, -1, (1, 2)])
def test_every_layer(embedder, layer):
    check_sums(make_pipeline(embedder.set_params(layer=layer), LogisticRegression(C=10)))


def test_every_family(checkpoints, family):
    check_sums(make_pipeline(LLMTokenEmbedder(checkpoints[family], cache=None), StandardScaler(), LogisticRegression()))


@pytest.mark.parametrize("pooling", ["last", "mean"])
def test_scores_of_causal_models_are_those_of_predict_to_the_bit(checkpoints, pooling):
    # the last token of such a model may have terms of thousands that cancel
    embedder = LLMTokenEmbedder(checkpoints["llama"], pooling=pooling, normalize=False, cache=None)
    model = make_pipeline(embedder, Ridge(0.01)).fit(TEXTS, np.arange(8.0))
    found = explain_text(model, QUERIES[:3])
    assert [explanation.scores[0] for explanation in found] == [model.predict([text])[0] for text in QUERIES[:3]]


def test_scores_of_large_coefficients_are_those_of_predict_to_the_bit():
    # four rows that are scaled to unit variance, and targets of millions: the last place of a feature is seen
    model = make_pipeline(LLMTokenEmbedder(cache=None), StandardScaler(), Ridge(0.01))
    model.fit(TEXTS[:4], np.array([1e6, -1e6, 1e6, -1e6]))
    found = explain_text(model, QUERIES)
    assert [explanation.scores[0] for explanation in found] == [model.predict([text])[0] for text in QUERIES]


@pytest.mark.parametrize("steps", STEPS.values(), ids=STEPS)
@pytest.mark.parametrize("y", [TWO, THREE], ids=["binary", "multiclass"])
def test_every_step(embedder, steps, y):
    check_sums(make_pipeline(embedder, *steps, LogisticRegression(C=10)), y)


@pytest.mark.parametrize("final", FINALS.values(), ids=FINALS)
@pytest.mark.parametrize("y", [TWO, THREE], ids=["binary", "multiclass"])
def test_every_linear_model(embedder, final, y):
    check_sums(make_pipeline(embedder, StandardScaler(), final), y)


def test_svc_with_a_linear_kernel_has_one_function_for_two_classes(embedder):
    check_sums(make_pipeline(embedder, StandardScaler(), SVC(kernel="linear")))


@pytest.mark.parametrize("y", [np.arange(8.0), np.arange(16.0).reshape(8, 2)], ids=["one", "two"])
def test_regressions(embedder, y):
    (explanation, *_) = check_sums(make_pipeline(embedder, StandardScaler(), Ridge()), y)
    assert explanation.score_method == "predict"
    assert explanation.outputs == list(range(y[:1].size))


@pytest.mark.parametrize("pooling", ["mean", ("cls", "mean")])
def test_dense_head_with_an_activation(st_checkpoint, pooling):
    embedder = LLMTokenEmbedder(st_checkpoint(pooling=pooling, dense=20), cache=None)
    check_sums(make_pipeline(embedder, StandardScaler(), LogisticRegression(C=10)), THREE)


def test_bundled_recipe_as_it_is():
    check_sums(text_pipeline(), THREE)
    check_sums(text_pipeline("regression"), np.arange(8.0))


def test_union_of_vectors_and_terms(embedder):
    union = FeatureUnion(
        [
            ("words", TfidfVectorizer(analyzer=JiebaTokenizer(stop_words="zh", lowercase=True), sublinear_tf=True)),
            ("runs", make_pipeline(CountVectorizer(analyzer="char_wb", ngram_range=(1, 3)), TfidfTransformer())),
            ("pairs", TfidfVectorizer(ngram_range=(1, 2), stop_words="english", norm=None)),
            ("meaning", make_pipeline(embedder, StandardScaler(), Normalizer())),
            ("dropped", "drop"),
        ],
        transformer_weights={"meaning": 3.0},
    )
    check_sums(make_pipeline(TextColumn(), union, Normalizer(), LinearSVC()), THREE)


def test_normalised_and_segmented_texts(embedder):
    words = make_pipeline(JiebaTokenizer(lowercase=True), TfidfVectorizer(token_pattern=r"\S+"))
    check_sums(make_pipeline(TextNormalizer(), make_union(words, embedder), RidgeClassifier()))


def test_columns_of_a_frame():
    import pandas as pd

    frame = pd.DataFrame({"title": TEXTS, "price": np.arange(8.0), "shop": list("aabbccdd"), "body": TEXTS[::-1]})
    columns = ColumnTransformer(
        [
            ("numbers", StandardScaler(), ["price"]),
            ("body", TfidfVectorizer(analyzer="char"), "body"),
            ("title", LLMTokenEmbedder(cache=None), ["title"]),
        ]
    )
    explanations = check_sums(
        make_pipeline(columns, StandardScaler(with_mean=False), RidgeClassifier()), X=frame, queries=frame[2:4]
    )
    assert explanations[0].texts == [TEXTS[2], TEXTS[5]]
    assert explanations[0].text_idx.tolist() == sorted(explanations[0].text_idx.tolist())


@pytest.mark.parametrize("prompt", ["query: {text}", "{text} means", "echo", "prompt_eol"])
def test_prompts_belong_to_no_word(checkpoints, prompt):
    embedder = LLMTokenEmbedder(checkpoints["llama"], prompt=prompt, cache=None)
    (explanation, *_) = check_sums(make_pipeline(embedder, LogisticRegression(C=10)))
    assert explanation.words == ["物流", "很快", "，", "屏幕", "太暗"]


def test_windows_of_a_long_text(checkpoints):
    embedder = LLMTokenEmbedder(checkpoints["bert"], max_length=12, long_text="chunk", cache=None)
    long = "".join(TEXTS) * 2
    (explanation,) = check_sums(make_pipeline(embedder, LogisticRegression(C=10)), queries=[long])
    assert (explanation.contributions[-3:] != 0).all()  # the last window is explained too


def test_weighted_words(checkpoints):
    embedder = LLMTokenEmbedder(checkpoints["bert"], word_weights=JiebaTokenizer(stop_words="zh"), cache=None)
    check_sums(make_pipeline(embedder, LogisticRegression(C=10)))


@pytest.mark.parametrize("dtype", ["bfloat16", "int8"])
@pytest.mark.filterwarnings("ignore::sklearn_llmtokens.exceptions.PrecisionWarning")
def test_lower_precisions(checkpoints, dtype):
    embedder = LLMTokenEmbedder(checkpoints["bert"], dtype=dtype, cache=None)
    check_sums(make_pipeline(embedder, LogisticRegression(C=10)))


def test_others_are_not_called_exact(embedder):
    model = make_pipeline(embedder, RandomForestClassifier(5, random_state=0)).fit(TEXTS, TWO)
    assert not explain_text(model, QUERIES[:1])[0].exact
    with pytest.raises(ValueError, match="RandomForestClassifier has no coef_"):
        explain_text(model, QUERIES[:1], method="exact")


def test_words_of_a_table_are_found_in_their_columns_and_numbers_are_the_remainder():
    frame = pd.DataFrame(
        {
            "price": [3.0, None, 9.0, 4.0],
            "title": ["物流很快", "味道发苦", "", "包装完好"],
            "size": ["L", "M", "L", "M"],
            "review": ["发货迅速，很好", "又酸又涩", "颜色暗淡", "物流很快，很好"],
        }
    )
    for text_columns in (["title", "review"], ["review", "title"]):
        model = text_pipeline(embedder="zh-nano", text_columns=text_columns).fit(frame, [1, 0, 0, 1])
        found = explain_text(model, frame)
        assert [explanation.exact for explanation in found] == [True] * 4
        totals = [float(explanation.contributions.sum() + explanation.remainder[0]) for explanation in found]
        np.testing.assert_allclose(totals, model.decision_function(frame), atol=1e-5)
        assert found[0].words == ["物流", "很快", "发货", "迅速", "，", "很", "好"]
        assert found[2].words == ["颜色", "暗淡"]
        alone = explain_text(model, frame.assign(price=4.0))[0]
        np.testing.assert_allclose(alone.contributions, found[0].contributions, atol=1e-6)
        assert alone.remainder[0] != found[0].remainder[0]
        token = explain_text(model, frame[:1], unit="token", method="occlusion")[0]
        assert "L" not in token.words
