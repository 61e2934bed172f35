"""Vectors beside the texts of a batch: every container, the same vectors; what does not travel is refused."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.base import BaseEstimator
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

from sklearn_llmtokens import EmbedBatches, LLMTokenEmbedder
from sklearn_llmtokens.exceptions import MissingTextError, NonFiniteVectorError
from tests.checkpoints import HIDDEN, TEXTS
from tests.inside import n_loads

IDS = list(range(len(TEXTS)))


@pytest.fixture
def embedder(checkpoints):
    return LLMTokenEmbedder(str(checkpoints["bert"]), cache=None)


@pytest.fixture
def expected(embedder):
    return embedder.fit_transform(TEXTS)


class Doubler(BaseEstimator):
    """A transformer without any model."""

    def __init__(self, scale=1.0):
        self.scale = scale

    def __sklearn_is_fitted__(self):
        return True

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return np.array([[len(text), self.scale * len(text)] for text in X], dtype=np.float32).reshape(-1, 2)


def rows(column):
    """Vectors of a column of any container."""
    return np.stack([np.asarray(cell) for cell in column])


BATCHES = {
    "dict": {"id": np.array(IDS), "text": np.array(TEXTS, dtype=object)},
    "pandas": pd.DataFrame({"id": IDS, "text": TEXTS}, index=np.array(IDS) * 3),
    "table": pa.table({"id": IDS, "text": TEXTS}),
    "chunks": pa.table({"id": IDS, "text": pa.chunked_array([TEXTS[:3], TEXTS[3:]])}),
    "batch": pa.record_batch({"id": IDS, "text": TEXTS}),
    "large": pa.table({"id": IDS, "text": pa.array(TEXTS, pa.large_string())}),
    "view": pa.table({"id": IDS, "text": pa.array(TEXTS, pa.string_view())}),
    "dictionary": pa.table({"id": IDS, "text": pa.array(TEXTS).dictionary_encode()}),
    "dict of lists": {"id": IDS, "text": TEXTS},
    "dict of polars": {"id": IDS, "text": pl.Series(TEXTS)},
}


@pytest.mark.parametrize("kind", BATCHES)
def test_each_container_gets_the_vectors_and_keeps_its_type(embedder, expected, kind):
    batch = BATCHES[kind]
    found = EmbedBatches(embedder)(batch)
    assert type(found) is type(batch)
    column = found["text_vector"]
    np.testing.assert_array_equal(
        rows(column.to_pylist() if isinstance(batch, pa.Table | pa.RecordBatch) else column), expected
    )
    assert list(found["id"]) == list(batch["id"])
    if kind == "pandas":
        assert list(found.index) == list(batch.index)


def test_arrow_vectors_are_lists_of_fixed_size(embedder):
    found = EmbedBatches(embedder, dtype="float16")(BATCHES["batch"])
    assert found.schema.field("text_vector").type == pa.list_(pa.float16(), HIDDEN)


@pytest.mark.parametrize("kind", ["dict", "pandas", "batch"])
def test_an_iterator_gives_an_iterator(embedder, expected, kind):
    found = EmbedBatches(embedder)(iter([BATCHES[kind], BATCHES[kind]]))
    first, second = (rows(list(b["text_vector"]) if kind != "batch" else b["text_vector"].to_pylist()) for b in found)
    np.testing.assert_array_equal(first, expected)
    np.testing.assert_array_equal(second, expected)


def test_no_rows_give_no_vectors_and_load_no_model(embedder):
    before = n_loads()
    assert len(EmbedBatches(embedder)(BATCHES["pandas"].iloc[:0])["text_vector"]) == 0
    assert EmbedBatches(embedder)(BATCHES["table"].slice(0, 0)).schema.field("text_vector").type.list_size == HIDDEN
    assert n_loads() == before


def test_several_columns(embedder, expected):
    batch = pa.table({"a": TEXTS, "b": TEXTS[::-1]})
    found = EmbedBatches(embedder, ["b", "a"], suffix=" as vector")(batch)
    assert found.schema.names == ["a", "b", "b as vector", "a as vector"]
    np.testing.assert_array_equal(rows(found["a as vector"].to_pylist()), expected)
    np.testing.assert_array_equal(rows(found["b as vector"].to_pylist()), expected[::-1])


def test_a_pickle_is_small_and_works(embedder, expected):
    data = pickle.dumps(EmbedBatches(embedder))
    assert len(data) < 10_000
    np.testing.assert_array_equal(pickle.loads(data)(BATCHES["dict"])["text_vector"], expected)


def test_what_does_not_pickle_is_refused_before_it_is_sent(embedder):
    class Words:
        def word_spans(self, text):
            return []

    with pytest.raises(TypeError, match="does not pickle"):
        EmbedBatches(embedder.set_params(word_weights=Words()))


def test_batches_are_embedded_in_the_process_that_got_them(embedder, expected, monkeypatch):
    from joblib import Parallel

    monkeypatch.setattr(Parallel, "__call__", lambda *args: pytest.fail("joblib was asked"))
    embedder.set_params(n_jobs=2)
    np.testing.assert_array_equal(EmbedBatches(embedder)(BATCHES["dict"])["text_vector"], expected)


def test_any_fitted_transformer_will_do(embedder, expected):
    pipeline = make_pipeline(embedder, PCA(3, random_state=0)).fit(TEXTS)
    found = EmbedBatches(pipeline)(BATCHES["dict"])["text_vector"]
    np.testing.assert_allclose(found, pipeline.transform(TEXTS), atol=1e-6)
    with pytest.raises(NotFittedError):
        EmbedBatches(make_pipeline(embedder, PCA(3)))


@pytest.mark.parametrize(
    ("batch", "columns", "error", "match"),
    [
        ({"id": np.arange(2)}, "text", KeyError, "'text', and the columns are 'id'"),
        ({"text": np.array(["a"]), "text_vector": np.zeros(1)}, "text", ValueError, "already"),
        ({"text": np.array([1, 2])}, "text", TypeError, r"X\[0\] is 1"),
        (pa.table({"text": [b"a"]}), "text", TypeError, "holds binary"),
        (pa.table({"text": [1]}), "text", TypeError, "holds int64"),
        (pa.table({"text": ["a", None]}), "text", MissingTextError, r"X\[1\] is missing"),
        (pd.DataFrame({"text": ["a", None]}), "text", MissingTextError, r"X\[1\] is missing"),
        (["a", "b"], "text", TypeError, "A batch is a list"),
        ({"text": "abc"}, "text", TypeError, "Column 'text' is a str: a list or an array"),
        (pd.DataFrame([["a", "b"]], columns=["text", "text"]), "text", ValueError, "2 columns 'text'"),
        (pa.Table.from_arrays([["a"], ["b"]], names=["text", "text"]), "text", ValueError, "2 columns 'text'"),
        ({"text": np.array(["a"])}, [], ValueError, "one name or several"),
        ({"text": np.array(["a"])}, ["text", "text"], ValueError, "one name or several"),
        ({"text": np.array(["a"])}, [0], TypeError, "are str"),
    ],
)
def test_what_cannot_be_embedded_is_named(batch, columns, error, match):
    with pytest.raises(error, match=match):
        EmbedBatches(LLMTokenEmbedder(), columns)(batch)


def test_an_unknown_type_is_refused():
    with pytest.raises(ValueError, match="float64"):
        EmbedBatches(Doubler(), dtype="float64")


def test_missing_texts_get_zeros_if_the_embedder_says_so(embedder):
    found = EmbedBatches(embedder.set_params(missing="zero"))(pa.table({"text": ["a", None]}))
    assert not np.any(found["text_vector"].to_pylist()[1])


def test_a_value_beyond_float16_is_named():
    batch = {"text": np.array(["a", "bbb"])}
    np.testing.assert_array_equal(EmbedBatches(Doubler(), dtype="float16")(batch)["text_vector"], [[1, 1], [3, 3]])
    with pytest.raises(NonFiniteVectorError, match="Row 1 of column 'text'"):
        EmbedBatches(Doubler(3e4), dtype="float16")(batch)
