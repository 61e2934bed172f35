"""Find texts that are equal or nearly so."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.utils import check_array

from .._utils._distinct import first_places
from .._utils._messages import shorten
from ._columns import is_numeric, read_text_column
from ._similar_pairs import similar_pairs


@dataclass(frozen=True)
class NearDuplicates:
    """Groups of rows that are equal or nearly so.

    Parameters
    ----------
    groups : list of ndarray of intp
        The rows of each group in ascending order; the largest group first. A row is in at most one group.
    pairs : ndarray of shape (n_pairs, 2), dtype=intp
        The pairs that reach the threshold, the most similar first; the smaller row stands first. Of rows that are equal
        only the first is compared with others, and each other one is paired with it.
    similarities : ndarray of shape (n_pairs,), dtype=float64
        Cosine similarity of each pair, 1 for equal rows.
    n_rows : int
        Number of rows that were compared.
    """

    groups: list[np.ndarray]
    pairs: np.ndarray
    similarities: np.ndarray
    n_rows: int

    def kept(self) -> np.ndarray:
        """Return the rows that stay if of each group the first alone is kept.

        Returns
        -------
        ndarray of shape (n_kept,), dtype=intp
            Rows, ascending.
        """
        stays = np.ones(self.n_rows, dtype=bool)
        for group in self.groups:
            stays[group[1:]] = False
        return np.flatnonzero(stays)

    def __repr__(self) -> str:
        return f"NearDuplicates({len(self.groups):,} groups, {len(self.pairs):,} pairs, {self.n_rows:,} rows)"


def find_near_duplicates(X, *, threshold=0.9, max_pairs=1_000_000):
    """Find all pairs of rows whose cosine similarity reaches a threshold, and the groups that they form.

    The result is exact: every pair is compared, or ruled out by a bound. Memory is limited by blocks of rows and by
    `max_pairs`.

    Parameters
    ----------
    X : list, 1-D array or Series of str, or array-like or sparse matrix of shape (n_rows, n_features)
        Texts or vectors. Texts are compared by TF-IDF of their shingles, sets of two and three characters in a row,
        which finds copies with small edits. Vectors of an embedder find what means the same.
    threshold : float, default=0.9
        The least similarity of a pair, above 0 and at most 1.
    max_pairs : int, default=1_000_000
        More pairs are an error, which says how far the search came.

    Returns
    -------
    NearDuplicates
        Groups, pairs and similarities.

    Raises
    ------
    ValueError
        If `threshold` is out of its range, more than `max_pairs` pairs reach it, or `X` cannot be read.

    Notes
    -----
    Rows belong to one group if a chain of pairs connects them, so that the ends of a long chain can be less similar
    than the threshold.

    Sparse vectors are compared only where they share a feature of both prefixes: the rarest features of a row, without
    which its length is below the threshold (Bayardo, Ma and Srikant 2007, "Scaling up all pairs similarity search").

    Examples
    --------
    >>> from sklearn_llmtokens.exploration import find_near_duplicates
    >>> texts = ["物流很快，包装很好，下次还来", "屏幕不清楚", "物流很快，包装很好，下次还来！", "屏幕不清楚"]
    >>> found = find_near_duplicates(texts, threshold=0.8)
    >>> [group.tolist() for group in found.groups]
    [[0, 2], [1, 3]]
    >>> found.pairs.tolist(), found.similarities
    ([[1, 3], [0, 2]], array([1. , 0.9...]))
    >>> found.kept()
    array([0, 1])
    """
    if not 0 < threshold <= 1:
        raise ValueError(f"threshold={shorten(threshold)}: a cosine similarity above 0 and at most 1 is needed.")
    if is_numeric(X):
        vectors = _canonical(check_array(X, accept_sparse="csr", dtype=[np.float64, np.float32], input_name="X"))
        first = _first_equal_rows(vectors)
        chosen = np.flatnonzero(first == np.arange(len(first)))
        vectors = vectors[chosen]
    else:
        texts = read_text_column(X)
        first = first_places(texts)
        chosen = np.flatnonzero(first == np.arange(len(first)))
        vectors = _shingles([texts[i] for i in chosen.tolist()])
    copies = np.flatnonzero(first != np.arange(len(first)))
    if len(copies) > max_pairs:
        raise ValueError(
            f"X has {len(copies):,} rows that are equal to earlier ones, more than max_pairs={max_pairs}: raise it."
        )
    pairs, similarities = similar_pairs(vectors, threshold, max_pairs - len(copies))
    pairs = np.vstack([np.column_stack([first[copies], copies]), chosen[pairs]])
    similarities = np.concatenate([np.ones(len(copies)), similarities])
    order = np.lexsort((pairs[:, 1], pairs[:, 0], -similarities))
    return NearDuplicates(_groups(pairs, len(first)), pairs[order], similarities[order], len(first))


def _shingles(texts: list[str]) -> sparse.csr_array:
    """Return TF-IDF of shingles, rows of unit length; zeros for a text of one character."""
    try:
        vectors = TfidfVectorizer(analyzer="char", ngram_range=(2, 3), binary=True, dtype=np.float32).fit_transform(
            texts
        )
    except ValueError as error:
        if "empty vocabulary" not in str(error):
            raise
        return sparse.csr_array((len(texts), 1), dtype=np.float32)
    return sparse.csr_array(vectors)


def _canonical(vectors):
    """Return sparse vectors as a copy with each entry once and in order, without zeros; dense ones as they are."""
    if not sparse.issparse(vectors):
        return vectors
    vectors = sparse.csr_array(vectors, copy=True)
    vectors.sum_duplicates()
    vectors.eliminate_zeros()
    return vectors


def _first_equal_rows(vectors) -> np.ndarray:
    """Return the index of the first row equal to each, shape (n_rows,).

    Examples
    --------
    >>> _first_equal_rows(np.array([[0.0, 1.0], [1.0, 0.0], [-0.0, 1.0]]))
    array([0, 1, 0])
    """

    def content(i: int) -> bytes:
        if isinstance(vectors, np.ndarray):
            return (vectors[i] + 0.0).tobytes()  # -0.0 becomes 0.0
        of_row = slice(vectors.indptr[i], vectors.indptr[i + 1])
        return vectors.indices[of_row].tobytes() + vectors.data[of_row].tobytes()

    n_rows = vectors.shape[0]
    _, group, sizes = np.unique(
        np.fromiter((hash(content(i)) for i in range(n_rows)), np.int64, n_rows),
        return_inverse=True,
        return_counts=True,
    )
    first = np.arange(n_rows)
    seen: dict[bytes, int] = {}
    for i in np.flatnonzero(sizes[group] > 1).tolist():  # only these are kept, as most rows have no equal
        first[i] = seen.setdefault(content(i), i)
    return first


def _groups(pairs: np.ndarray, n_rows: int) -> list[np.ndarray]:
    """Return the connected rows of at least two, ascending in each group, the largest group first."""
    graph = sparse.coo_array((np.ones(len(pairs), dtype=bool), (pairs[:, 0], pairs[:, 1])), shape=(n_rows, n_rows))
    _, group_of = connected_components(graph, directed=False)
    rows = np.argsort(group_of, kind="stable")
    groups = np.split(rows, np.flatnonzero(np.diff(group_of[rows])) + 1)
    return sorted((group for group in groups if len(group) > 1), key=lambda group: (-len(group), group[0]))
