"""Search texts by meaning: the rows whose vectors are nearest to that of a query."""

from numbers import Integral

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, clone
from sklearn.utils import check_array
from sklearn.utils.validation import check_is_fitted, validate_data

from .._utils._messages import shorten
from .._utils._pickling import VersionedPickle
from .._utils._sklearn import HasMethods, fit_context
from .._utils._text_frames import batch_as_table
from .._utils._top_k import top_columns
from .._utils._unit_rows import unit_rows
from ._columns import one_column

_MAX_SCORES = 2**24  # similarities that are in memory at the same time: 64 MB


class SemanticSearch(VersionedPickle, BaseEstimator):
    """Find the rows that are most similar to a query, by the cosine of their vectors.

    The search is exact. Vectors are scaled to unit length once, in `fit`; a query is then one product with a matrix.

    Parameters
    ----------
    embedder : transformer or None
        Turns texts into vectors, dense or sparse: `LLMTokenEmbedder`, `TfidfVectorizer`, or a pipeline of transformers.
        None takes vectors in place of texts.

    Attributes
    ----------
    embedder_ : transformer or None
        The fitted embedder.
    vectors_ : ndarray or csr_array of shape (n_rows, n_features), dtype=float32
        Vectors of the rows, of unit length.
    n_features_in_ : int
        Number of columns seen in `fit`, where `X` was a frame.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, where `X` was a frame with names. Queries in a frame have the same.

    See Also
    --------
    sklearn.neighbors.NearestNeighbors : Further metrics, radius queries and trees for few dimensions.

    Examples
    --------
    >>> from sklearn.feature_extraction.text import TfidfVectorizer
    >>> from sklearn_llmtokens.exploration import SemanticSearch
    >>> texts = ["快递很快", "屏幕清晰", "送货太慢"]
    >>> search = SemanticSearch(TfidfVectorizer(analyzer="char")).fit(texts)
    >>> rows, similarities = search.query(["快递慢不慢"], k=2)
    >>> [texts[i] for i in rows[0]]
    ['快递很快', '送货太慢']
    """

    _parameter_constraints: dict = {"embedder": [HasMethods(["fit", "transform"]), None]}

    def __init__(self, embedder):
        self.embedder = embedder

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y=None):
        """Fit a clone of the embedder, and keep the vectors of the rows.

        Parameters
        ----------
        X : texts of length n_rows, or array-like of shape (n_rows, n_features)
            What is searched. Vectors if `embedder` is None. Of a frame of one column, the embedder gets the column.
        y : None
            Ignored.

        Returns
        -------
        SemanticSearch
            The fitted search.
        """
        X = batch_as_table(X)
        for attribute in ("n_features_in_", "feature_names_in_"):
            self.__dict__.pop(attribute, None)
        if hasattr(X, "columns"):
            validate_data(self, X, reset=True, skip_check_array=True)
        self.embedder_ = None if self.embedder is None else clone(self.embedder)
        self.vectors_ = _unit_vectors(X if self.embedder_ is None else self.embedder_.fit_transform(one_column(X)))
        return self

    def query(self, X, k=10):
        """Return the k most similar rows of each query.

        Parameters
        ----------
        X : texts of length n_queries, or array-like of shape (n_queries, n_features)
            The queries: a list of texts, also for one text. Vectors if `embedder` is None.
        k : int, default=10
            Number of rows for each query. Fewer where there are not so many.

        Returns
        -------
        rows : ndarray of shape (n_queries, k), dtype=intp
            Positions of rows, counted from 0, the most similar first; equal ones in the order of `fit`.
        similarities : ndarray of shape (n_queries, k), dtype=float32
            Cosine similarities.

        Raises
        ------
        ValueError
            If `k` is less than 1, or the queries are not of the kind seen in `fit`.
        """
        check_is_fitted(self)
        if not isinstance(k, Integral) or k < 1:
            raise ValueError(f"k={shorten(k)}: an integer of at least 1 is needed.")
        X = batch_as_table(X)
        if hasattr(X, "columns") and hasattr(self, "feature_names_in_"):  # queries of a list are of no column
            validate_data(self, X, reset=False, skip_check_array=True)
        queries = _unit_vectors(X if self.embedder_ is None else self.embedder_.transform(one_column(X)), min_rows=0)
        n_rows, n_features = self.vectors_.shape
        if queries.shape[1] != n_features:
            raise ValueError(f"X has {queries.shape[1]} features, but SemanticSearch was fitted with {n_features}.")
        k = min(int(k), n_rows)
        rows = np.empty((queries.shape[0], k), dtype=np.intp)
        similarities = np.empty((queries.shape[0], k), dtype=np.float32)
        step = max(1, _MAX_SCORES // n_rows)
        for start in range(0, queries.shape[0], step):
            chunk = slice(start, start + step)
            scores = queries[chunk] @ self.vectors_.T  # (n_chunk, n_rows)
            scores = scores.toarray() if sparse.issparse(scores) else scores
            rows[chunk] = top_columns(scores, k)
            similarities[chunk] = np.take_along_axis(scores, rows[chunk], axis=1)
        return rows, similarities


def _unit_vectors(vectors, min_rows: int = 1):
    """Return vectors as float32 of unit length, dense or sparse."""
    return unit_rows(
        check_array(vectors, accept_sparse="csr", dtype=np.float32, input_name="X", ensure_min_samples=min_rows)
    )
