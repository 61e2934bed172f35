"""The embedder inside scikit-learn: pipelines, searches, unions, frames, names, and openTSNE."""

import pickle
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import DataConversionWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score
from sklearn.multioutput import ClassifierChain
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_llmtokens import LLMTokenEmbedder, TextNormalizer
from tests.checkpoints import TEXTS
from tests.inside import spy_on_texts

X = [f"{text} {i}" for i in range(5) for text in TEXTS[:6]]
Y = np.array([0, 0, 1, 1, 2, 2] * 5)


def pipeline(folder, **params):
    return Pipeline(
        [
            ("embed", LLMTokenEmbedder(folder, **params)),
            ("pca", PCA(n_components=4, random_state=0)),
            ("forest", RandomForestClassifier(n_estimators=5, random_state=0)),
        ]
    )


GRID = {
    "embed__pooling": ["mean", "cls"],
    "embed__layer": [1, -1],
    "pca__n_components": [2, 4],
    "forest__max_depth": [2],
}


def test_grid_search_over_every_step(checkpoints, tmp_path):
    search = GridSearchCV(pipeline(checkpoints["bert"], cache=tmp_path / "store"), GRID, cv=StratifiedKFold(3)).fit(
        X, Y
    )
    assert not np.isnan(search.cv_results_["mean_test_score"]).any()
    assert search.predict(X).shape == Y.shape
    assert search.best_estimator_.named_steps["embed"].pooling_ in {("mean",), ("cls",)}


def test_search_in_one_process_runs_each_text_once_for_each_vector(checkpoints, monkeypatch):
    seen = spy_on_texts(monkeypatch)
    GridSearchCV(pipeline(checkpoints["bert"]), GRID, cv=3).fit(X, Y)
    assert len(seen) == 4 * len(X)  # 2 poolings x 2 layers


def test_cross_validation_and_clone(checkpoints):
    scores = cross_val_score(pipeline(checkpoints["bert"]), X, Y, cv=3, error_score="raise")
    assert len(scores) == 3
    copy = clone(pipeline(checkpoints["bert"], layer=(0, 1)))
    assert copy.get_params()["embed__layer"] == (0, 1)


def test_labels_that_a_chain_puts_beside_texts_are_named_where_they_are_read(checkpoints):
    """ClassifierChain appends labels to X, here integers in fit and floats in predict."""
    data = pl.DataFrame({"text": X})
    labels = np.column_stack([Y > 0, Y > 1]).astype(int)
    chain = ClassifierChain(make_pipeline(LLMTokenEmbedder(checkpoints["bert"]), LogisticRegression()))
    with pytest.warns(DataConversionWarning, match=r"Numbers \(int\) in column 1 are read as text") as in_fit:
        chain.fit(data, labels)
    with pytest.warns(DataConversionWarning, match=r"Numbers \(float\) in column 1 are read as text") as in_predict:
        predicted = chain.predict(data)
    assert {warning.filename for warning in (*in_fit, *in_predict)} == {__file__}
    first, second = chain.estimators_
    np.testing.assert_array_equal(predicted[:, 0], first.predict(X))
    beside = np.column_stack([np.array(X, dtype=object), predicted[:, 0].astype(int).astype(str)])
    np.testing.assert_array_equal(predicted[:, 1], second.predict(beside))


def test_feature_union(checkpoints):
    union = FeatureUnion([("llm", LLMTokenEmbedder(checkpoints["bert"])), ("words", TfidfVectorizer(analyzer="char"))])
    rows = union.fit_transform(X)
    assert rows.shape[1] == 32 + len(union.transformer_list[1][1].vocabulary_)
    assert list(union.get_feature_names_out()[:2]) == ["llm__llmtokenembedder0", "llm__llmtokenembedder1"]


@pytest.mark.parametrize("library", [pd.DataFrame, pl.DataFrame])
def test_column_transformer(checkpoints, library):
    frame = library({"title": X, "text": X[::-1], "price": np.arange(len(X), dtype=float)})
    columns = ColumnTransformer(
        [
            ("title", LLMTokenEmbedder(checkpoints["bert"], pooling="cls"), "title"),
            ("both", LLMTokenEmbedder(checkpoints["bert"]), ["title", "text"]),
            ("price", StandardScaler(), ["price"]),
        ]
    )
    rows = columns.fit_transform(frame)
    assert rows.shape == (len(X), 32 + 64 + 1)
    expected = LLMTokenEmbedder(checkpoints["bert"], pooling="cls").fit_transform(X)
    np.testing.assert_allclose(rows[:, :32], expected, atol=1e-6)
    names = columns.get_feature_names_out()
    assert names[0] == "title__llmtokenembedder0"  # "title" selects a Series, whose name is no column name
    assert list(names[[32, 64]]) == ["both__title_0", "both__text_0"]
    assert names[-1] == "price__price"


def test_feature_names(checkpoints):
    ours = LLMTokenEmbedder(checkpoints["bert"]).fit(X)
    names = ours.get_feature_names_out()
    assert list(names) == [f"llmtokenembedder{i}" for i in range(32)]
    assert names.dtype == object


@pytest.mark.parametrize("library", [pd.DataFrame, pl.DataFrame, pa.table])
def test_feature_names_say_their_column(checkpoints, library):
    ours = LLMTokenEmbedder(checkpoints["bert"], pooling=("cls", "mean")).fit(library({"title": X, "a_1": X[::-1]}))
    expected = [f"{column}_{i}" for column in ("title", "a_1") for i in range(64)]
    assert list(ours.get_feature_names_out()) == list(ours.get_feature_names_out(["title", "a_1"])) == expected
    assert ours.get_feature_names_out().dtype == object
    with pytest.raises(ValueError, match="not equal to feature_names_in_"):
        ours.get_feature_names_out(["a_1", "title"])
    assert list(pickle.loads(pickle.dumps(ours)).get_feature_names_out()) == expected


@pytest.mark.parametrize(
    "data", [np.array([X, X], dtype=object).T, pd.DataFrame({0: X, 1: X}), pd.Series(X, name="title")], ids=type
)
def test_feature_names_are_those_of_the_class_where_no_column_has_one(checkpoints, data):
    ours = LLMTokenEmbedder(checkpoints["bert"]).fit(data)
    n_features = 32 * ours.n_features_in_
    assert list(ours.get_feature_names_out()) == [f"llmtokenembedder{i}" for i in range(n_features)]
    with pytest.raises(ValueError, match="input_features should have length"):
        ours.get_feature_names_out(["a", "b", "c"])


@pytest.mark.parametrize("output", ["pandas", "polars"])
def test_frames_out_of_several_columns_and_steps_say_them_too(checkpoints, output):
    frame = pd.DataFrame({"title": X, "text": X[::-1], "price": 1.0})
    embedder = LLMTokenEmbedder(checkpoints["bert"])
    columns = ColumnTransformer(
        [("first", embedder, ["title"]), ("second", embedder, ["text"]), ("price", StandardScaler(), ["price"])],
        verbose_feature_names_out=False,
    ).set_output(transform=output)
    names = [f"{column}_{i}" for column in ("title", "text") for i in range(32)]
    out = columns.fit_transform(frame)
    assert list(out.columns) == list(columns.get_feature_names_out()) == [*names, "price"]
    steps = make_pipeline(TextNormalizer(), embedder).set_output(transform=output)
    out = steps.fit_transform(frame[["title", "text"]])
    assert list(out.columns) == list(steps.get_feature_names_out()) == names


def test_pandas_output_keeps_the_index(checkpoints):
    index = [7, 3, 100]
    ours = LLMTokenEmbedder(checkpoints["bert"]).set_output(transform="pandas")
    plain = LLMTokenEmbedder(checkpoints["bert"]).fit_transform(X[:3])
    for data in (pd.Series(X[:3], index=index), pd.DataFrame({"a": X[:3]}, index=index)):
        out = ours.fit_transform(data)
        assert isinstance(out, pd.DataFrame)
        assert list(out.index) == index
        assert list(out.columns) == list(ours.get_feature_names_out())
        assert (out.dtypes == np.float32).all()
        np.testing.assert_array_equal(out.to_numpy(), plain)


@pytest.mark.parametrize("data", [X[:3], tuple(X[:3]), np.array(X[:3]), np.array(X[:3], dtype=object)], ids=type)
def test_pandas_output_of_other_containers(checkpoints, data):
    out = LLMTokenEmbedder(checkpoints["bert"]).set_output(transform="pandas").fit_transform(data)
    assert out.shape == (3, 32)
    assert list(out.index) == [0, 1, 2]


@pytest.mark.parametrize("data", [X[:3], pl.Series(X[:3]), pl.DataFrame({"a": X[:3]}), pd.Series(X[:3])], ids=type)
def test_polars_output(checkpoints, data):
    out = LLMTokenEmbedder(checkpoints["bert"]).set_output(transform="polars").fit_transform(data)
    assert isinstance(out, pl.DataFrame)
    assert out.shape == (3, 32)
    assert set(out.dtypes) == {pl.Float32}


def test_no_rows_as_a_frame(checkpoints):
    frame = pd.DataFrame({"a": X, "b": X})
    ours = LLMTokenEmbedder(checkpoints["bert"]).set_output(transform="pandas").fit(frame)
    assert ours.transform(frame[:0]).shape == (0, 64)


def test_html_and_text_representation(checkpoints):
    ours = LLMTokenEmbedder(checkpoints["bert"], layer=2)
    assert "LLMTokenEmbedder" in ours._repr_html_()
    assert "layer=2" in repr(ours)
    ours.fit(X)
    assert "LLMTokenEmbedder" in pipeline(checkpoints["bert"])._repr_html_()
    assert repr(ours).splitlines()[0] == repr(clone(ours))


def test_the_smallest_pipeline_of_the_article(checkpoints):
    model = make_pipeline(
        LLMTokenEmbedder(checkpoints["bert"]), PCA(3), RandomForestClassifier(n_estimators=5, random_state=0)
    )
    assert model.fit(X, Y).score(X, Y) > 0.5


def test_opentsne_in_a_pipeline(checkpoints):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from openTSNE.sklearn import TSNE

        texts = [f"{text} {i}" for i in range(6) for text in TEXTS]
        layout = make_pipeline(
            LLMTokenEmbedder(checkpoints["bert"]),
            TSNE(perplexity=5, n_iter=50, early_exaggeration_iter=20, random_state=0, n_jobs=1, neighbors="exact"),
        )
        points = layout.fit_transform(texts)
        assert points.shape == (len(texts), 2)
        assert np.isfinite(points).all()
        placed = layout.transform(["a new text", texts[0]])
    assert placed.shape == (2, 2)
    assert np.isfinite(placed).all()
