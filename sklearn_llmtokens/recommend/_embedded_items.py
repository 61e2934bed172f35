"""What an embedder returns for items of a catalogue: computed once for all content recommenders that need the same."""

import pickle
import time
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import joblib
import numpy as np
from scipy import sparse
from sklearn import config_context
from sklearn.base import BaseEstimator, clone
from sklearn.feature_extraction.text import TfidfVectorizer

from .._utils._unit_rows import unit_of_measure
from .._utils._whitening import PrincipalDirections
from ._catalog import Catalog
from ._fit_log import FitLog


@dataclass(frozen=True)
class EmbeddedItems:
    """Vectors of items, as an embedder returned them.

    Attributes
    ----------
    given : transformer or None
        The unfitted embedder that was asked for.
    embedder : transformer
        The fitted one.
    reads_features : bool
        Whether it reads the features beside the texts.
    unit : float
        What its vectors are multiplied with, so that their squares are float32.
    has_content : ndarray of shape (n,), dtype=intp
        Ascending places among the items of those that have a vector: the others' texts are blank.
    raw : ndarray or csr_array of shape (n, n_features), dtype=float32
        One vector for each item; zeros without content.
    seconds : float
        How long the embedder took.
    """

    given: Any
    embedder: Any
    reads_features: bool
    unit: float
    has_content: np.ndarray
    raw: Any
    seconds: float = 0.0

    @cached_property
    def directions(self) -> PrincipalDirections:
        """The principal directions of the vectors of items with content."""
        return PrincipalDirections.of(self.raw[self.has_content])

    @classmethod
    def fitted(cls, catalog: Catalog, embedder, reads_features: bool) -> "EmbeddedItems":
        """Fit a clone of `embedder` on a catalogue; None is TF-IDF."""
        has_content = places_with_content(catalog, None, reads_features)
        if not len(has_content):
            raise ValueError(f"All {catalog.n_items} texts are blank: recommend by clicks, without content.")
        start = time.perf_counter()
        columns = item_columns(catalog, has_content, reads_features)
        fitted = _default_embedder(columns) if embedder is None else clone(embedder)
        raw = embed(fitted, columns, fit=True)
        unit = _unit(raw)
        raw = rows_at(checked(raw, len(has_content), unit), has_content, catalog.n_items)
        return cls(embedder, fitted, reads_features, unit, has_content, raw, time.perf_counter() - start)

    def of_new(self, catalog: Catalog, idx: np.ndarray) -> "EmbeddedItems":
        """Return vectors of other items by the same fitted embedder."""
        has_content = places_with_content(catalog, idx, self.reads_features)
        raw = self.raw[:0]
        if len(has_content):
            raw = self.transform(item_columns(catalog, idx[has_content], self.reads_features), len(has_content))
        raw = rows_at(raw, has_content, len(idx))
        return EmbeddedItems(self.given, self.embedder, self.reads_features, self.unit, has_content, raw)

    def without_items(self) -> "EmbeddedItems":
        """Return the same without vectors: what a fitted recommender keeps."""
        none = np.empty(0, dtype=np.intp)
        return EmbeddedItems(self.given, self.embedder, self.reads_features, self.unit, none, self.raw[:0].copy())

    def transform(self, columns, n: int):
        """Return the vectors of `n` texts or rows of a table, float32, dense or sparse."""
        return checked(embed(self.embedder, columns), n, self.unit)


def embedded_items(
    made: list[EmbeddedItems] | None, catalog: Catalog, embedder, reads_features: bool, log: FitLog
) -> EmbeddedItems:
    """Return what an embedder made of a catalogue, from `made` where it is there; what is made anew is added to it."""
    items = find_fitted(made or [], embedder, reads_features)
    if items is None:
        with log.step(f"vectors by {'TF-IDF' if embedder is None else type(embedder).__name__}"):
            items = EmbeddedItems.fitted(catalog, embedder, reads_features)
        if made is not None:
            made.append(items)
    return items


def find_fitted(made: list[EmbeddedItems], embedder, reads_features: bool) -> EmbeddedItems | None:
    """Return what was made by an embedder with the same parameters, if anything was."""
    return next(
        (one for one in made if one.reads_features == reads_features and _is_same(one.given, embedder)),
        None,
    )


def find_new(made: list[EmbeddedItems], fitted: EmbeddedItems) -> EmbeddedItems | None:
    """Return what was made of new items by the same fitted embedder, if anything was."""
    return next((one for one in made if one.embedder is fitted.embedder), None)


def is_blank(text: str) -> bool:
    return not text or text.isspace()


def places_with_content(catalog: Catalog, idx: np.ndarray | None, reads_features: bool) -> np.ndarray:
    """Return the places among `idx`, or all, of items that have more than a blank text."""
    if reads_features:
        return np.arange(catalog.n_items if idx is None else len(idx))
    return np.flatnonzero([not is_blank(text) for text in catalog.texts(idx)])


def item_columns(catalog: Catalog, idx: np.ndarray, reads_features: bool):
    """Return what an embedder reads of items."""
    return catalog.columns(idx) if reads_features else catalog.texts(idx)


def rows_at(vectors, places: np.ndarray, n: int):
    """Return `n` rows: `vectors` at `places`, ascending, and zeros elsewhere.

    Examples
    --------
    >>> rows_at(np.float32([[1, 2]]), np.array([1]), 3)
    array([[0., 0.],
           [1., 2.],
           [0., 0.]], dtype=float32)
    """
    if len(places) == n:
        return vectors
    if not sparse.issparse(vectors):
        out = np.zeros((n, vectors.shape[1]), dtype=vectors.dtype)
        out[places] = vectors
        return out
    lengths = np.zeros(n, dtype=np.int64)
    lengths[places] = np.diff(vectors.indptr)
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    return sparse.csr_array((vectors.data, vectors.indices, indptr), shape=(n, vectors.shape[1]))


def embed(embedder, columns, *, fit: bool = False):
    """Return the vectors of items, dense or sparse, whatever ``set_config(transform_output=...)`` asks for."""
    with config_context(transform_output="default"):
        if not fit:
            return embedder.transform(columns)
        if hasattr(embedder, "fit_transform"):
            return embedder.fit_transform(columns)
        return embedder.fit(columns).transform(columns)


def checked(vectors, n_items: int, unit: float):
    """Return vectors as float32 rows in another unit of measure, dense or sparse; raise if they are not finite."""
    if not sparse.issparse(vectors):
        vectors = np.asarray(vectors)
    if unit != 1.0:
        vectors = vectors * unit
    with np.errstate(over="ignore"):
        vectors = (
            sparse.csr_array(vectors, dtype=np.float32)
            if sparse.issparse(vectors)
            else vectors.astype(np.float32, copy=False)
        )
    if vectors.ndim != 2 or vectors.shape[0] != n_items:
        raise ValueError(
            f"The embedder returned the shape {vectors.shape} for {n_items} items: one row for each is needed. Of a "
            "catalogue with features it reads a table: a ColumnTransformer takes the texts and the features apart."
        )
    if not np.isfinite(vectors.data if sparse.issparse(vectors) else vectors).all():
        raise ValueError("The embedder returned NaN or infinity, or numbers beyond the range of float32.")
    return vectors


def _default_embedder(texts: list[str]):
    """Return TF-IDF of words and characters, or of characters alone where no text has a word of two of them."""
    from sklearn.pipeline import make_union

    words = TfidfVectorizer(sublinear_tf=True, dtype=np.float32)
    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 3), sublinear_tf=True, dtype=np.float32)
    has_words = any(map(words.build_analyzer(), texts))
    return make_union(words, characters) if has_words else characters


def _unit(vectors) -> float:
    values = vectors.data if sparse.issparse(vectors) else np.asarray(vectors)
    if values.dtype.kind not in "fiu" or not np.isfinite(values).all():
        return 1.0
    return unit_of_measure(float(np.abs(values).max(initial=0)))


def _is_same(one, other) -> bool:
    """Check whether two unfitted embedders, or parameters of them, are the same.

    Examples
    --------
    >>> _is_same(TfidfVectorizer(ngram_range=(1, 2)), TfidfVectorizer(ngram_range=(1, 2)))
    True
    >>> _is_same(TfidfVectorizer(ngram_range=(1, 2)), TfidfVectorizer())
    False
    """
    if one is other:
        return True
    if type(one) is not type(other) or _clones_itself(one):  # and may hold more than parameters
        return False
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(_is_same, one, other))
    if hasattr(one, "get_params") and not isinstance(one, type):
        first, second = one.get_params(deep=False), other.get_params(deep=False)
        return first.keys() == second.keys() and all(_is_same(first[name], second[name]) for name in first)
    try:
        return joblib.hash(one) == joblib.hash(other)
    except (pickle.PicklingError, TypeError, AttributeError):
        return False


def _clones_itself(value) -> bool:
    method = getattr(type(value), "__sklearn_clone__", None)
    return method not in (None, BaseEstimator.__sklearn_clone__)
