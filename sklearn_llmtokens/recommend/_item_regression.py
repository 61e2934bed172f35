"""Ridge regressions of each item on others: exact over all items, or over the nearest of each where items are many."""

import numpy as np
from scipy import sparse
from scipy.linalg import lapack

from .._utils._unit_rows import unit_of_measure
from ._content_prior import ContentPrior
from ._item_item import largest_entries

_TILE = 1024
_DENSE_ABOVE = 0.02  # share of entries from which a dense product is faster than a sparse one
_COLUMNS, _SYSTEM_ENTRIES = 256, 2_000_000  # that are solved at once
# of what is inverted to `l2`: from here on in double precision, and refused
_SINGLE_RATIO, _DOUBLE_RATIO = 1e6, 1e14


def regularised_inverse(gram: sparse.csr_array, l2: float) -> tuple[np.ndarray, float]:
    """Invert ``unit * (gram + l2 I)``, where `unit` is a power of two that leaves it in the range of float32.

    Parameters
    ----------
    gram : sparse array of shape (n_items, n_items)
        Symmetric, positive semidefinite.
    l2 : float
        Penalty.

    Returns
    -------
    inverse : ndarray of shape (n_items, n_items), dtype=float32 or float64
        The inverse, C-ordered.
    unit : float
        The power of two.

    Raises
    ------
    ValueError
        If rounding would drown `l2`, or the matrix has no Cholesky factor.
    """
    ratio = _ratio(gram, l2)
    unit = unit_of_measure(float(gram.diagonal().max()) + l2)
    gram = gram * unit if unit != 1 else gram
    inverse = _inverse(gram, l2 * unit, np.float32) if 1 / _SINGLE_RATIO < ratio < _SINGLE_RATIO else None
    if inverse is None:  # rounding made it indefinite, or would decide what comes out
        inverse = _inverse(gram, l2 * unit, np.float64)
    if inverse is None:
        raise ValueError(f"The co-occurrence matrix is singular for l2={l2}: pass a larger l2.")
    return inverse, unit


def _ratio(gram: sparse.csr_array, l2: float) -> float:
    """Return how many times `l2` the largest eigenvalue of `gram` is at most; raise if rounding would drown `l2`."""
    largest = float(abs(gram).sum(axis=1, dtype=np.float64).max())
    if largest > _DOUBLE_RATIO * l2:
        raise ValueError(
            f"l2={l2} is lost beside co-occurrences that add up to {largest:.1e}: pass a larger l2, or divide the "
            "weights of all events by one number."
        )
    return largest / l2


def _inverse(gram: sparse.csr_array, l2: float, dtype) -> np.ndarray | None:
    """Invert in place by a Cholesky factorisation; None if there is none."""
    matrix = gram.astype(dtype).toarray()
    matrix[np.diag_indices_from(matrix)] += dtype(l2)
    factor, invert = (lapack.spotrf, lapack.spotri) if dtype is np.float32 else (lapack.dpotrf, lapack.dpotri)
    # symmetric, so that the transpose, which LAPACK wants in its order of columns, is the matrix itself
    factored, info = factor(matrix.T, lower=False, overwrite_a=True, clean=False)
    if info != 0:
        return None
    inverse, info = invert(factored, lower=False, overwrite_c=True)
    if info != 0:
        return None
    matrix = inverse.T
    _mirror(matrix)
    return matrix


def _mirror(matrix: np.ndarray) -> None:
    """Copy the lower triangle of a C-ordered matrix to the upper one, by tiles."""
    n = len(matrix)
    for i in range(0, n, _TILE):
        rows = slice(i, i + _TILE)
        for j in range(0, i, _TILE):
            columns = slice(j, j + _TILE)
            matrix[columns, rows] = matrix[rows, columns].T
        tile = matrix[rows, rows]
        upper = np.triu_indices(len(tile), 1)
        tile[upper] = tile.T[upper]


def dense_regression(
    gram: sparse.csr_array, targets: sparse.csr_array, l2: float, prior: ContentPrior | None = None, strength: float = 0
) -> np.ndarray:
    """Return ``B = (gram + (l2 + strength) I)^-1 (targets + strength C)`` with ``C`` the weights of the prior.

    It minimises ``|T - S B|^2 + l2 |B|^2 + strength |B - C|^2`` with ``gram = S^T S`` and ``targets = S^T T``.

    Parameters
    ----------
    gram, targets : sparse arrays of shape (n_items, n_items)
        Products of the rows.
    l2 : float
        Penalty of the squared weights.
    prior : ContentPrior, default=None
        What the weights are shrunk towards.
    strength : float, default=0
        How much.

    Returns
    -------
    ndarray of shape (n_items, n_items)
        Weights, column `j` those that predict item `j`.

    Examples
    --------
    >>> gram = sparse.csr_array(np.array([[3.0, 0.0], [0.0, 1.0]]))
    >>> dense_regression(gram, sparse.csr_array(np.array([[0.0, 2.0], [1.0, 0.0]])), 1.0).round(4)
    array([[0. , 0.5],
           [0.5, 0. ]], dtype=float32)
    """
    if not gram.shape[0]:
        return np.empty((0, 0), dtype=np.float32)
    inverse, unit = regularised_inverse(gram, l2 + strength)
    scaled = sparse.csr_array((targets * unit).T, dtype=inverse.dtype)
    dense = scaled.nnz > _DENSE_ABOVE * scaled.shape[0] ** 2
    weights = ((scaled.toarray() if dense else scaled) @ inverse).T  # the inverse is symmetric
    if prior is not None and strength:
        weights = weights + prior.product(inverse) * inverse.dtype.type(unit * strength)
    return np.ascontiguousarray(weights)


def neighbour_regression(
    gram: sparse.csr_array,
    right: sparse.csc_array,
    l2: float,
    n_neighbors: int,
) -> sparse.csc_array:
    """Solve ``(gram + l2 I) w = right`` of each column over its nearest items alone.

    The nearest items of a column are those with the largest ``|right[i, j]| / sqrt(gram[i, i] + l2)``.

    Parameters
    ----------
    gram : sparse array of shape (n_items, n_items)
        Symmetric, positive semidefinite.
    right : sparse array of shape (n_items, n)
        What the items are regressed on, with a column for each item that is predicted.
    l2 : float
        Penalty.
    n_neighbors : int
        Number of items that an item is predicted from.

    Returns
    -------
    sparse array of shape (n_items, n), dtype=float64
        Weights, a column for each item that is predicted.

    Examples
    --------
    >>> gram = sparse.csr_array(np.array([[3.0, 1.0], [1.0, 1.0]]))
    >>> neighbour_regression(gram, sparse.csc_array(np.array([[0.0, 2.0], [1.0, 0.0]])), 1.0, 5).toarray()
    array([[0. , 0.5],
           [0.5, 0. ]])
    """
    gram = sparse.csr_array(gram)
    gram.sort_indices()
    if gram.shape[0]:
        _ratio(gram, l2)
    diagonal = gram.diagonal() + l2
    right = _nearest(sparse.csc_array(right), 1 / np.sqrt(diagonal), int(n_neighbors))
    lengths = np.diff(right.indptr)
    order = np.argsort(lengths, kind="stable")  # systems of one batch are of like size
    order = order[lengths[order] > 0]
    solved = np.zeros(len(right.data))
    while len(order):
        step = max(1, min(_COLUMNS, _SYSTEM_ENTRIES // max(1, int(lengths[order[-1]]) ** 2)))
        columns, order = order[-step:], order[:-step]
        width = int(lengths[columns[-1]])
        is_near = np.arange(width) < lengths[columns][:, np.newaxis]
        entries = np.where(is_near, right.indptr[columns][:, np.newaxis] + np.arange(width), 0)
        near, wanted = right.indices[entries], np.where(is_near, right.data[entries], 0.0)
        systems = _systems(gram, diagonal, near, is_near)
        solved[entries[is_near]] = np.linalg.solve(systems, wanted[:, :, np.newaxis])[:, :, 0][is_near]
    weights = sparse.csc_array((solved, right.indices, right.indptr), shape=right.shape)
    weights.eliminate_zeros()
    return weights


def _nearest(right: sparse.csc_array, scale: np.ndarray, n: int) -> sparse.csc_array:
    """Return the `n` entries of each column that are largest in magnitude times `scale` of their row, sorted."""
    right.sort_indices()
    right.eliminate_zeros()
    kept = largest_entries(np.abs(right.data) * scale[right.indices], right.indptr, n)
    indptr = np.concatenate([[0], np.cumsum(np.minimum(np.diff(right.indptr), n))])
    return sparse.csc_array((right.data[kept].astype(np.float64), right.indices[kept], indptr), shape=right.shape)


def _systems(gram: sparse.csr_array, diagonal: np.ndarray, near: np.ndarray, is_near: np.ndarray) -> np.ndarray:
    """Return ``gram[near, near]`` of each row of `near`, shape (n, n_near, n_near), with another diagonal.

    Where an item is not `is_near`, its row and its column are 0 but for the diagonal.
    """
    n, n_near = near.shape
    above, beside = np.triu_indices(n_near, 1)
    pairs = near[:, above].ravel(), near[:, beside].ravel()
    values = np.asarray(gram[pairs] if pairs[0].size else np.empty(0), np.float64).reshape(n, len(above))
    if not is_near.all():
        values *= is_near[:, above] & is_near[:, beside]
    systems = np.empty((n, n_near, n_near))
    systems[:, above, beside] = values
    systems[:, beside, above] = values
    systems[:, np.arange(n_near), np.arange(n_near)] = np.where(is_near, diagonal[near], 1.0)
    return systems
