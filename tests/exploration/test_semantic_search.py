"""Search by meaning: the neighbours of scikit-learn, in one product."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.neighbors import NearestNeighbors

from sklearn_llmtokens import LLMTokenEmbedder
from sklearn_llmtokens.exploration import SemanticSearch

RNG = np.random.default_rng(0)
VECTORS = RNG.normal(size=(500, 16)) * RNG.uniform(0.1, 10, (500, 1))
TEXTS = ["快递很快", "屏幕清晰", "送货太慢", "电池耐用"]


@pytest.mark.parametrize("make", [np.asarray, sparse.csr_array])
def test_rows_are_the_nearest_neighbours_by_cosine(make):
    queries = RNG.normal(size=(40, 16))
    rows, similarities = SemanticSearch(None).fit(make(VECTORS)).query(make(queries), k=7)
    distances, expected = NearestNeighbors(n_neighbors=7, metric="cosine").fit(VECTORS).kneighbors(queries)
    np.testing.assert_array_equal(rows, expected)
    np.testing.assert_allclose(similarities, 1 - distances, atol=1e-5)
    assert rows.dtype == np.intp
    assert similarities.dtype == np.float32


def test_texts_are_embedded_by_a_clone():
    embedder = TfidfVectorizer(analyzer="char")
    search = SemanticSearch(embedder).fit(TEXTS)
    assert not hasattr(embedder, "vocabulary_")
    rows, similarities = search.query(["屏幕清晰", "货很慢"], k=1)
    assert rows.tolist() == [[1], [2]]
    assert similarities[0, 0] == pytest.approx(1)
    again = pickle.loads(pickle.dumps(search)).query(["货很慢"], k=4)
    np.testing.assert_array_equal(again[0], search.query(["货很慢"], k=4)[0])
    assert clone(search).embedder is not embedder


@pytest.mark.parametrize("embedder", [TfidfVectorizer(analyzer="char"), LLMTokenEmbedder("zh-nano", cache=None)])
@pytest.mark.parametrize(
    "column",
    [
        list,
        pd.Series,
        lambda texts: pd.DataFrame({"review": texts}, index=list("wxyz")[: len(texts)]),
        lambda texts: pl.DataFrame({"review": texts}),
        lambda texts: pa.table({"review": texts}),
        lambda texts: pa.RecordBatch.from_pydict({"review": texts}),
        lambda texts: np.array(texts, dtype=object).reshape(-1, 1),
    ],
)
def test_texts_and_queries_are_columns_of_any_container_without_a_warning(embedder, column):
    expected = SemanticSearch(embedder).fit(TEXTS).query(["货很慢"], k=4)
    search = SemanticSearch(embedder).fit(column(TEXTS))
    for queries in (["货很慢"], pd.Series(["货很慢"]), column(["货很慢"]), pa.array(["货很慢"])):
        found = search.query(queries, k=4)  # warnings are errors
        np.testing.assert_array_equal(found[0], expected[0])
        np.testing.assert_array_equal(found[1], expected[1])
    if hasattr(search, "feature_names_in_"):
        with pytest.raises(ValueError, match="feature names should match"):
            search.query(pd.DataFrame({"title": ["货很慢"]}))
    assert not hasattr(search.fit(TEXTS), "feature_names_in_")


def test_several_columns_reach_the_embedder_as_a_frame():
    frame = pd.DataFrame({"title": ["快递", "屏幕"], "body": ["很慢", "清晰"]})
    search = SemanticSearch(LLMTokenEmbedder("zh-nano", cache=None)).fit(frame)
    assert search.query(frame[1:], k=1)[0].tolist() == [[1]]


@pytest.mark.parametrize("vectors", [VECTORS, sparse.csr_array(VECTORS)])
def test_no_query_has_no_result(vectors):
    rows, similarities = SemanticSearch(None).fit(vectors).query(vectors[:0], k=7)
    assert rows.shape == similarities.shape == (0, 7)
    assert SemanticSearch(LLMTokenEmbedder("zh-nano", cache=None)).fit(TEXTS).query([], k=7)[0].shape == (0, 4)


def test_many_queries_are_answered_as_each_alone():
    vectors = RNG.normal(size=(20_000, 3)).astype(np.float32)
    search = SemanticSearch(None).fit(vectors)
    rows, _ = search.query(vectors[:1000], k=2)
    assert rows[:, 0].tolist() == list(range(1000))
    for i in (0, 837, 838, 839, 999):
        assert rows[i].tolist() == search.query(vectors[[i]], k=2)[0][0].tolist()


def test_equal_rows_keep_their_order_and_k_is_at_most_all():
    search = SemanticSearch(None).fit([[0.0, 1.0], [2.0, 0.0], [1.0, 0.0]])
    rows, similarities = search.query([[5.0, 0.0]], k=10)
    assert rows.tolist() == [[1, 2, 0]]
    assert similarities.tolist() == [[1.0, 1.0, 0.0]]


def test_a_refit_forgets_the_rows_before():
    search = SemanticSearch(None).fit(VECTORS).fit(VECTORS[:3, :4])
    assert search.query(VECTORS[:1, :4])[0].shape == (1, 3)


def test_what_is_wrong_is_named():
    with pytest.raises(NotFittedError):
        SemanticSearch(None).query([[1.0]])
    search = SemanticSearch(None).fit(VECTORS)
    with pytest.raises(ValueError, match="X has 3 features, but SemanticSearch was fitted with 16"):
        search.query([[1.0, 2.0, 3.0]])
    for k in (0, 1.5, "3"):
        with pytest.raises(ValueError, match=r"k=.*: an integer of at least 1 is needed"):
            search.query(VECTORS[:1], k=k)
    with pytest.raises(ValueError, match="The 'embedder' parameter of SemanticSearch must be"):
        SemanticSearch("zh-mini").fit(TEXTS)
