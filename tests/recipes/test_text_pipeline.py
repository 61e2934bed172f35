import pickle

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.decomposition import TruncatedSVD
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MaxAbsScaler, RobustScaler

from sklearn_llmtokens import JiebaTokenizer, LLMTokenEmbedder, text_pipeline
from sklearn_llmtokens.datasets import load_toy_reviews
from sklearn_llmtokens.exceptions import MissingTextError
from sklearn_llmtokens.linear_model import BlockRidgeClassifier, BlockRidgeRegressor
from tests.checkpoints import TEXTS


@pytest.fixture
def embedder(checkpoints):
    return LLMTokenEmbedder(checkpoints["bert"])


@pytest.mark.slow
def test_classifies_reviews_better_than_chance_and_than_its_lexical_half():
    reviews = load_toy_reviews()
    whole = text_pipeline()
    lexical = clone(whole).set_params(features__meaning="drop")
    score, lexical_score = (
        cross_val_score(model, reviews.data, reviews.target, cv=3).mean() for model in (whole, lexical)
    )
    assert score > lexical_score
    assert score > 2 / len(reviews.target_names)


def test_every_block_has_rows_of_unit_length(embedder):
    features = text_pipeline(embedder=embedder).fit(TEXTS, [0, 1] * 4)["features"]
    for name, block in features.transformer_list[:3]:
        rows = block.transform(TEXTS)
        norms = np.sqrt(
            np.asarray(rows.multiply(rows).sum(1)).ravel() if hasattr(rows, "multiply") else (rows**2).sum(1)
        )
        np.testing.assert_allclose(norms, 1, atol=1e-5, err_msg=name)


@pytest.mark.slow
def test_many_texts_do_not_make_a_model_of_hundreds_of_megabytes(embedder):
    rng = np.random.default_rng(0)
    texts = ["".join(chr(0x4E00 + i) for i in rng.integers(0, 3000, 100)) for _ in range(600)]
    model = text_pipeline(embedder=embedder).fit(texts, np.arange(600) % 2)
    n_terms = [len(part.vocabulary_) for _, part in model["features"].transformer_list[:2]]
    assert max(n_terms) == 50_000  # of 120,000 runs of one to three characters
    assert len(pickle.dumps(model)) < 10e6


def test_regression_predicts_numbers(embedder):
    y = np.arange(8.0)
    model = text_pipeline("regression", embedder=embedder).fit(TEXTS, y)
    assert isinstance(model[-1], BlockRidgeRegressor)
    assert np.corrcoef(model.predict(TEXTS), y)[0, 1] > 0.9


def test_an_estimator_takes_the_place_of_the_linear_model_and_is_cloned(embedder):
    forest = RandomForestClassifier(n_estimators=5, random_state=0)
    model = text_pipeline(forest, embedder=embedder).fit(TEXTS, [0, 1] * 4)
    assert isinstance(model[-1], RandomForestClassifier)
    assert not hasattr(forest, "estimators_")


def test_any_transformer_can_give_the_meaning():
    lengths = FunctionTransformer(lambda texts: np.array([[len(t), t.count("，")] for t in texts], dtype=float))
    model = text_pipeline(embedder=lengths).fit(TEXTS, [0, 1] * 4)
    assert model.predict(TEXTS).shape == (8,)


def test_an_embedder_in_half_precision_is_one_in_single_precision():
    vectors = np.random.default_rng(0).normal(size=(8, 5)).astype(np.float16)

    def build(dtype):
        return text_pipeline(embedder=FunctionTransformer(lambda X: np.resize(vectors, (len(X), 5)).astype(dtype)))

    half, single = (build(dtype).fit(TEXTS, [0, 1] * 4).decision_function(TEXTS) for dtype in (np.float16, np.float32))
    np.testing.assert_array_equal(half, single)


def test_an_embedder_of_sparse_rows_is_refused_with_what_to_do():
    with pytest.raises(TypeError, match="returns sparse rows, which cannot be centred: end it in TruncatedSVD"):
        text_pipeline(embedder=TfidfVectorizer()).fit(TEXTS, [0, 1] * 4)
    model = text_pipeline(embedder=TfidfVectorizer()).set_params(features__meaning__scaler=MaxAbsScaler())
    assert model.fit(TEXTS, [0, 1] * 4).predict(TEXTS).shape == (8,)


def test_every_part_can_be_searched(embedder):
    grid = {
        "features__meaning__embedder__pooling": ["mean", "cls"],
        "features__words__analyzer__mode": ["accurate", "search"],
        "model__alphas": [[1], [10]],
    }
    search = GridSearchCV(text_pipeline(embedder=embedder), grid, cv=2).fit(TEXTS, [0, 1] * 4)
    assert len(search.cv_results_["params"]) == 8


def test_returns_a_fresh_model_each_time():
    assert text_pipeline()[-1] is not text_pipeline()[-1]
    assert isinstance(text_pipeline()[-1], BlockRidgeClassifier)


def test_a_missing_text_is_named_by_its_row():
    with pytest.raises(MissingTextError, match=r"X\[2\] is missing"):
        text_pipeline().fit(["好", "坏", None], [1, 0, 1])


def test_a_frame_of_one_column_is_read_as_its_texts(embedder):
    expected = text_pipeline(embedder=embedder).fit(TEXTS, [0, 1] * 4).predict_proba(TEXTS)
    for frame in (
        pd.DataFrame({"text": TEXTS}),
        pl.DataFrame({"text": TEXTS}),
        pa.table({"text": TEXTS}),
        pa.record_batch({"text": TEXTS}),
        pd.DataFrame({None: TEXTS}),
        np.array(TEXTS).reshape(-1, 1),
    ):
        model = text_pipeline(embedder=embedder).fit(frame, [0, 1] * 4)
        np.testing.assert_array_equal(model.predict_proba(frame), expected)
        np.testing.assert_array_equal(model.predict_proba(frame[:1]), expected[:1])


@pytest.mark.parametrize(
    "column",
    [
        pd.Series(TEXTS, index=range(3, 11)),
        pd.Series(TEXTS, dtype="category"),
        pd.Series(TEXTS, dtype="string"),
        pl.Series(TEXTS),
        pl.Series(TEXTS, dtype=pl.Categorical),
        pa.table({"text": TEXTS})["text"],
        pa.array(TEXTS),
        pa.array(TEXTS).dictionary_encode(),
        pa.chunked_array([TEXTS[:3], TEXTS[3:]], pa.string_view()),
        np.array(TEXTS, dtype=np.dtypes.StringDType()),
        np.ma.array(np.array(TEXTS, dtype=object), mask=False),
    ],
    ids=lambda X: f"{type(X).__module__.partition('.')[0]} {getattr(X, 'dtype', getattr(X, 'type', None))}",
)
def test_a_column_of_any_library_is_read_as_its_texts(embedder, column):
    expected = text_pipeline(embedder=embedder).fit(TEXTS, [0, 1] * 4).predict_proba(TEXTS)
    np.testing.assert_array_equal(
        text_pipeline(embedder=embedder).fit(column, [0, 1] * 4).predict_proba(column), expected
    )


@pytest.mark.parametrize("library", [pd.DataFrame, pl.DataFrame, pa.table])
def test_another_column_than_that_of_fit_is_refused(embedder, library):
    model = text_pipeline(embedder=embedder).fit(library({"text": TEXTS}), [0, 1] * 4)
    assert model.n_features_in_ == 1
    assert list(model.feature_names_in_) == ["text"]
    for method in (model.predict, model.predict_proba, lambda X: model.score(X, [0, 1] * 4)):
        with pytest.raises(ValueError, match=r"feature names should match.*\n.*unseen at fit time:\n- title"):
            method(library({"title": TEXTS}))
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(library({"title": TEXTS, "text": TEXTS}))
    with pytest.raises(ValueError, match="feature names should match"):
        pickle.loads(pickle.dumps(model)).predict(library({"title": TEXTS}))


def test_columns_without_names_are_counted(embedder):
    model = text_pipeline(embedder=embedder).fit(TEXTS, [0, 1] * 4)
    assert model.n_features_in_ == 1
    assert not hasattr(model, "feature_names_in_")
    with pytest.raises(ValueError, match="X has 2 features, but TableReader is expecting 1"):
        model.predict(np.array([TEXTS, TEXTS]).T)
    with pytest.warns(UserWarning, match="was fitted without feature names"):  # as any estimator of scikit-learn
        model.predict(pd.DataFrame({"text": TEXTS}))


def test_a_missing_text_is_one_without_words(embedder):
    texts, y = [*TEXTS, None, pd.NA, float("nan")], [0, 1] * 4 + [1, 1, 1]
    model = text_pipeline(embedder=embedder, missing="zero").fit(texts, y)
    rows = model[:-1].transform([None, ""]).toarray()
    np.testing.assert_array_equal(rows[0], rows[1])
    names = model[:-1].get_feature_names_out()
    assert not rows[0, [not name.startswith("meaning") for name in names]].any()
    assert model.predict([None]) == [1]
    for column in (pl.Series([*TEXTS, None]), pa.array([*TEXTS, None]), pd.Series([*TEXTS, None], dtype="category")):
        np.testing.assert_allclose(model.predict_proba(column)[-1:], model.predict_proba([None]))
    assert clone(model).fit(texts, y).predict([None]) == [1]


def test_missing_is_refused_where_it_is_neither_of_its_values():
    with pytest.raises(ValueError, match="missing='keep' is neither 'error' nor 'zero'"):
        text_pipeline(missing="keep")


@pytest.mark.parametrize("fitted_under", ["default", "pandas", "polars"])
@pytest.mark.parametrize("task", ["classification", "regression"])
def test_the_configured_output_changes_no_result(embedder, task, fitted_under):
    y = [0, 1] * 4
    model = text_pipeline(task, embedder=embedder).fit(TEXTS, y)
    expected, rows = model.predict(TEXTS), model[:-1].transform(TEXTS)
    with config_context(transform_output=fitted_under):
        other = text_pipeline(task, embedder=embedder).fit(TEXTS, y)
    for used_under in ("default", "pandas", "polars"):
        with config_context(transform_output=used_under):
            for loaded in (pickle.loads(pickle.dumps(other)), pickle.loads(pickle.dumps(model))):
                np.testing.assert_array_equal(loaded.predict(TEXTS), expected)
                np.testing.assert_array_equal(loaded[:-1].transform(pd.Series(TEXTS)).toarray(), rows.toarray())


@pytest.mark.parametrize("output", ["pandas", "polars"])
def test_parts_that_are_swapped_work_under_any_configured_output(embedder, output):
    y = [0, 1] * 4
    meaning_alone = {"features__words": "drop", "features__characters": "drop"}
    grid = [{"features__meaning__scaler": [RobustScaler(), "passthrough"]}, {k: [v] for k, v in meaning_alone.items()}]
    expected = GridSearchCV(text_pipeline(embedder=embedder), grid, cv=2).fit(TEXTS, y)
    with config_context(transform_output=output):
        search = GridSearchCV(text_pipeline(embedder=embedder), grid, cv=2).fit(TEXTS, y)
        np.testing.assert_array_equal(search.cv_results_["mean_test_score"], expected.cv_results_["mean_test_score"])
        alone = text_pipeline(embedder=embedder).set_params(**meaning_alone).fit(TEXTS, y)
        other = text_pipeline(embedder=make_pipeline(JiebaTokenizer(), TfidfVectorizer(), TruncatedSVD(2)))
        other_scores = other.fit(TEXTS, y).decision_function(TEXTS)
    np.testing.assert_array_equal(
        alone.predict_proba(TEXTS),
        text_pipeline(embedder=embedder).set_params(**meaning_alone).fit(TEXTS, y).predict_proba(TEXTS),
    )
    np.testing.assert_array_equal(other.decision_function(TEXTS), other_scores)


@pytest.mark.parametrize(
    "config", [{"enable_metadata_routing": True}, {"assume_finite": True}, {"skip_parameter_validation": True}], ids=str
)
def test_other_configurations_change_no_result(embedder, config):
    expected = text_pipeline(embedder=embedder).fit(TEXTS, [0, 1] * 4).decision_function(TEXTS)
    with config_context(**config):
        model = text_pipeline(embedder=embedder).fit(TEXTS, [0, 1] * 4)
        np.testing.assert_array_equal(model.decision_function(TEXTS), expected)
        with pytest.raises(MissingTextError, match=r"X\[1\] is missing"):
            model.predict(["好", None])


@pytest.mark.parametrize(
    "task", ["classification", "regression", RandomForestClassifier(n_estimators=5, random_state=0)]
)
def test_weights_reach_the_last_step_alone(embedder, task):
    y, weights = [0, 1] * 4, np.array([9.0, 1, 1, 1, 1, 1, 1, 0])

    def make():
        model = text_pipeline(task, embedder=embedder)
        if task == "classification":  # without the direction of opinions, which the pipeline alone knows
            model.set_params(model__block_weights=[{"characters": 1, "words": 1, "meaning": 3}])
        return model

    model = make().fit(TEXTS, y, model__sample_weight=weights)
    rows = model[:-1].transform(TEXTS)
    blocks = {name: part.transform(TEXTS).shape[1] for name, part in model["features"].transformer_list}
    facts = {"blocks": blocks} if isinstance(task, str) else {}
    expected = clone(model[-1]).fit(rows, y, sample_weight=weights, **facts).predict(rows)
    np.testing.assert_allclose(model.predict(TEXTS), expected)
    unweighted_mean = make().fit(TEXTS, y)["features"]["meaning"]["scaler"].mean_
    with config_context(enable_metadata_routing=True):
        routed = make().fit(TEXTS, y, sample_weight=weights)
        np.testing.assert_array_equal(routed["features"]["meaning"]["scaler"].mean_, unweighted_mean)
        np.testing.assert_allclose(clone(routed).fit(TEXTS, y, sample_weight=weights).predict(TEXTS), expected)
        search = GridSearchCV(make(), {"column__missing": ["error"]}, cv=2)
        assert search.fit(TEXTS, y, sample_weight=weights).predict(TEXTS).shape == (8,)


def test_requests_of_an_estimator_that_is_passed_stay(embedder):
    with config_context(enable_metadata_routing=True):
        final = LogisticRegression().set_fit_request(sample_weight=False)
        model = text_pipeline(final, embedder=embedder)
        assert model[-1].get_metadata_routing().fit.requests["sample_weight"] is False
        assert model[-1].get_metadata_routing().score.requests["sample_weight"] is True
        weighted = model.fit(TEXTS, [0, 1] * 4)
        with pytest.raises(TypeError, match="sample_weight"):
            weighted.fit(TEXTS, [0, 1] * 4, sample_weight=np.ones(8))


def test_a_model_can_be_named(checkpoints, tmp_path):
    folder = checkpoints["bert"]
    for name in (str(folder), folder):
        part = text_pipeline(embedder=name)["features"]["meaning"]["embedder"]
        assert isinstance(part, LLMTokenEmbedder)
        assert part.model == name
    named, passed = (text_pipeline(embedder=one).fit(TEXTS, [0, 1] * 4) for one in (folder, LLMTokenEmbedder(folder)))
    np.testing.assert_array_equal(named.predict_proba(TEXTS), passed.predict_proba(TEXTS))


@pytest.mark.parametrize(
    ("typo", "meant"),
    [
        ("zh-mni", "zh-mini"),
        ("zhmini", "zh-mini"),
        ("ZH-mini", "zh-mini"),
        ("zh_mini", "zh-mini"),
        ("zh-nan", "zh-nano"),
        ("zhnano", "zh-nano"),
        ("ZH_NANO", "zh-nano"),
    ],
)
def test_a_typo_in_a_bundled_name_is_answered_with_the_name(typo, meant):
    with pytest.raises(OSError, match=f"Did you mean {meant!r}"):
        text_pipeline(embedder=typo).fit(TEXTS, [0, 1] * 4)


def test_texts_stay_texts_where_transformers_give_frames(embedder):
    with config_context(transform_output="pandas"):
        column = text_pipeline(embedder=embedder)[0].fit(TEXTS).transform(TEXTS)
    assert list(column) == TEXTS


def test_features_have_names(embedder):
    features = text_pipeline(embedder=embedder).fit(TEXTS, [0, 1] * 4)[:-1]
    assert len(features.get_feature_names_out()) == features.transform(TEXTS).shape[1]


@pytest.mark.parametrize(
    ("task", "error"), [("clustering", ValueError), (LogisticRegression, TypeError), (None, TypeError), (3, TypeError)]
)
def test_refuses_what_is_no_task(task, error):
    with pytest.raises(error, match="classification"):
        text_pipeline(task)


def test_refuses_an_embedder_without_transform():
    with pytest.raises(TypeError, match="transform"):
        text_pipeline(embedder=LogisticRegression())
