"""Ridge regressions of each item on others: exact over all items, or over the nearest of each where items are many."""

import numpy as np
from scipy import sparse
from scipy.linalg import lapack

from .._utils._top_k import top_columns
from .._utils._unit_rows import unit_of_measure
from ._content_prior import ContentPrior

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
    targets: sparse.csr_array,
    l2: float,
    n_neighbors: int,
    prior: ContentPrior | None = None,
    strength: float = 0,
    columns: np.ndarray | None = None,
) -> sparse.csc_array:
    """Solve each item's regression over its nearest items alone.

    The nearest items of `j` are those with the largest ``|targets + strength C|[i, j] / sqrt(gram[i, i] + l2)``.

    Parameters
    ----------
    gram, targets, l2, prior, strength
        As in `dense_regression`.
    n_neighbors : int
        Number of items that an item is predicted from.
    columns : ndarray of shape (n,), default=None
        The items that are predicted; None is all.

    Returns
    -------
    sparse array of shape (n_items, n), dtype=float64
        Weights, a column for each item that is predicted.

    Examples
    --------
    >>> gram = sparse.csr_array(np.array([[3.0, 1.0], [1.0, 1.0]]))
    >>> targets = sparse.csr_array(np.array([[0.0, 2.0], [1.0, 0.0]]))
    >>> neighbour_regression(gram, targets, 1.0, 5).toarray()
    array([[0. , 0.5],
           [0.5, 0. ]])
    """
    n_items, total = gram.shape[0], l2 + strength
    columns = np.arange(n_items) if columns is None else columns
    if n_items:
        _ratio(gram, total)
    gram = sparse.csr_array(gram)
    gram.sort_indices()
    by_column = sparse.csc_array(targets)
    scale = 1 / np.sqrt(gram.diagonal() + total)
    n_near = min(int(n_neighbors), n_items)
    step = max(1, min(_COLUMNS, _SYSTEM_ENTRIES // max(1, n_near * n_near)))
    rows, values, lengths = [np.empty(0, np.intp)], [np.empty(0)], []
    for start in range(0, len(columns), step):
        part = columns[start : start + step]
        right = by_column[:, part].toarray()
        if prior is not None and strength:
            right += strength * prior.columns(part)
        near = np.sort(top_columns((np.abs(right) * scale[:, np.newaxis]).T, n_near), axis=1)
        wanted = np.take_along_axis(right, near.T, axis=0).T
        is_near = wanted != 0
        solved = np.linalg.solve(_systems(gram, near, is_near, total), wanted[:, :, np.newaxis])[:, :, 0]
        is_near &= solved != 0
        rows.append(near[is_near])
        values.append(solved[is_near])
        lengths.append(is_near.sum(axis=1))
    indptr = np.concatenate([[0], np.cumsum(np.concatenate([*lengths, np.empty(0, int)]))])
    return sparse.csc_array((np.concatenate(values), np.concatenate(rows), indptr), shape=(n_items, len(columns)))


def _systems(gram: sparse.csr_array, near: np.ndarray, is_near: np.ndarray, l2: float) -> np.ndarray:
    """Return ``gram[near, near] + l2 I`` of each row of `near`, shape (n, n_near, n_near); no gram where not `is_near`.

    An item itself is then not among those that it is predicted from, however few these are.
    """
    n, n_near = near.shape
    rows = np.repeat(near, n_near, axis=1).ravel()
    columns = np.tile(near, (1, n_near)).ravel()
    systems = np.asarray(gram[rows, columns] if len(rows) else np.empty(0), np.float64).reshape(n, n_near, n_near)
    if not is_near.all():
        systems *= is_near[:, :, np.newaxis] & is_near[:, np.newaxis, :]
    systems[:, np.arange(n_near), np.arange(n_near)] += l2
    return systems
