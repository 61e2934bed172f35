"""All pairs of rows whose cosine similarity reaches a threshold, exactly and in bounded memory."""

from collections.abc import Iterator

import numpy as np
from scipy import sparse

from .._utils._unit_rows import unit_rows

_TILE = 2048  # rows and columns of a block of products: 16 MB of float32
_CANDIDATES = 2_000_000  # candidate pairs of sparse rows that are looked at together
_CHUNK = 20_000  # pairs whose similarity is computed together
_SLACK = 1e-5  # more than float32 can be wrong by


def similar_pairs(vectors, threshold: float, max_pairs: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the pairs of rows with a cosine similarity of `threshold` or more.

    Parameters
    ----------
    vectors : ndarray or csr_array of shape (n_rows, n_features)
        Finite numbers. A row of zeros is similar to none.
    threshold : float
        The least similarity, above 0.
    max_pairs : int
        More are an error.

    Returns
    -------
    pairs : ndarray of shape (n_pairs, 2), dtype=intp
        Rows; the smaller one first.
    similarities : ndarray of shape (n_pairs,), dtype=float64
        Their cosine similarity, computed in double precision.

    Raises
    ------
    ValueError
        If there are more than `max_pairs`.

    Examples
    --------
    >>> similar_pairs(np.array([[1.0, 0.0], [0.0, 1.0], [4.0, 3.0]]), 0.7, 10)
    (array([[0, 2]]), array([0.8]))
    """
    candidates = _sparse_candidates if sparse.issparse(vectors) else _dense_candidates
    found, values, n_found = [np.empty((0, 2), dtype=np.intp)], [np.empty(0)], 0
    for pairs in candidates(vectors, threshold):
        for start in range(0, len(pairs), _CHUNK):
            chunk = pairs[start : start + _CHUNK]
            similarities = _cosines(vectors, chunk)
            reached = similarities >= threshold - 1e-12
            found.append(chunk[reached])
            values.append(np.minimum(similarities[reached], 1.0))
            n_found += int(reached.sum())
            if n_found > max_pairs:
                raise ValueError(
                    f"More than {max_pairs:,} pairs have a similarity of {threshold} or more, and only rows up to "
                    f"{chunk[-1, 0]:,} of {vectors.shape[0]:,} were "
                    "compared: raise threshold, or max_pairs."
                )
    return np.vstack(found), np.concatenate(values)


def _dense_candidates(vectors: np.ndarray, threshold: float) -> Iterator[np.ndarray]:
    """Yield pairs that may reach the threshold, from products of blocks of rows above the diagonal."""
    rows = unit_rows(vectors).astype(np.float32, copy=False)
    for top in range(0, len(rows), _TILE):
        for left in range(top, len(rows), _TILE):
            products = rows[top : top + _TILE] @ rows[left : left + _TILE].T  # (tile, tile)
            first, second = np.nonzero(products >= threshold - _SLACK)
            pairs = np.column_stack([first + top, second + left])
            yield pairs[pairs[:, 0] < pairs[:, 1]]


def _sparse_candidates(vectors: sparse.csr_array, threshold: float) -> Iterator[np.ndarray]:
    """Yield pairs that share a feature of both prefixes.

    Let features be ordered by how many rows have them, the rarest first. The prefix of a row ends where the length of
    what remains is below the threshold. If two rows share nothing in their prefixes, their rarest common feature is in
    the remainder of one of them, and their product is at most the length of that remainder.
    """
    prefix = _prefixes(unit_rows(vectors.astype(np.float64)), threshold - _SLACK)
    by_feature = sparse.csc_array(prefix).T.tocsr()  # (n_features, n_rows)
    n_candidates = np.cumsum(prefix @ np.diff(by_feature.indptr))
    start = 0
    while start < prefix.shape[0]:
        before = n_candidates[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(n_candidates, before + _CANDIDATES, side="right")))
        shared = sparse.coo_array(prefix[start:stop] @ by_feature)
        pairs = np.column_stack([shared.coords[0] + start, shared.coords[1]]).astype(np.intp)
        yield pairs[pairs[:, 0] < pairs[:, 1]]
        start = stop


def _prefixes(unit: sparse.csr_array, threshold: float) -> sparse.csr_array:
    """Return ones at the features of the prefix of each row, int64 of the same shape."""
    row_idx = np.repeat(np.arange(unit.shape[0]), np.diff(unit.indptr))
    frequency = np.bincount(unit.indices, minlength=unit.shape[1])
    order = np.lexsort((unit.indices, frequency[unit.indices], row_idx))  # by row, the rarest feature first
    squares = np.square(unit.data[order])
    ends = np.cumsum(np.bincount(row_idx, squares, minlength=unit.shape[0]))
    remainder = ends[row_idx] - (np.cumsum(squares) - squares)  # squared length from this feature on
    is_prefix = remainder >= threshold**2
    chosen = order[is_prefix]
    return sparse.csr_array(
        (np.ones(len(chosen), dtype=np.int64), (row_idx[is_prefix], unit.indices[chosen])), shape=unit.shape
    )


def _cosines(vectors, pairs: np.ndarray) -> np.ndarray:
    """Compute the cosine similarity of pairs of rows in double precision, shape (n_pairs,)."""
    first, second = (unit_rows(vectors[pairs[:, i]].astype(np.float64)) for i in (0, 1))
    if sparse.issparse(vectors):
        return np.asarray(first.multiply(second).sum(axis=1)).ravel()
    return np.einsum("ij,ij->i", first, second)
