"""Ridge regression of many targets on sparse rows, by conjugate gradients: no Gram matrix is held.

The Gram matrix of 50,000 tokens would take 10 GB; a product with the rows and one with their transpose take none.
"""

from collections.abc import Callable

import numpy as np
from scipy import sparse

_BLOCK = 64  # targets that are solved for at once
_TOLERANCE = 1e-3
_MOST_ITERATIONS = 20


def solve_ridge(
    rows: sparse.csr_array, moments: np.ndarray, l2: float, on_block: Callable[[int], object] | None = None
) -> np.ndarray:
    """Minimise ``||rows @ W - Y||^2 + l2 * ||W||^2``.

    Parameters
    ----------
    rows : csr_array of shape (n_rows, n_columns), dtype=float32
        The rows.
    moments : ndarray of shape (n_columns, n_targets), dtype=float32
        ``rows.T @ Y``.
    l2 : float
        Strength of the penalty, above 0.
    on_block : callable, default=None
        Called with the number of targets that were solved for.

    Returns
    -------
    ndarray of shape (n_columns, n_targets), dtype=float32
        ``W``, by conjugate gradients with the diagonal as preconditioner (Saad 2003, "Iterative Methods for Sparse
        Linear Systems", algorithm 9.1), until residuals are a thousandth of the moments.
    """
    transposed = rows.T.tocsr()
    diagonal = (np.asarray(rows.power(2).sum(axis=0)).ravel() + l2).astype(np.float32)[:, np.newaxis]
    solution = np.zeros_like(moments)
    for start in range(0, moments.shape[1], _BLOCK):
        part = slice(start, start + _BLOCK)
        solution[:, part] = _solve_block(rows, transposed, np.ascontiguousarray(moments[:, part]), l2, diagonal)
        if on_block is not None:
            on_block(len(range(*part.indices(moments.shape[1]))))
    return solution


def _solve_block(
    rows: sparse.csr_array, transposed: sparse.csr_array, moments: np.ndarray, l2: float, diagonal: np.ndarray
) -> np.ndarray:
    solution, residual = np.zeros_like(moments), moments.copy()
    scaled = residual / diagonal
    direction, product = scaled.copy(), _dots(residual, scaled)
    enough = _TOLERANCE**2 * _dots(moments, moments)
    for _ in range(_MOST_ITERATIONS):
        step = transposed @ (rows @ direction) + np.float32(l2) * direction
        length = product / np.maximum(_dots(direction, step), np.finfo(np.float32).tiny)
        solution += length * direction
        residual -= length * step
        if (_dots(residual, residual) <= enough).all():
            break
        scaled = residual / diagonal
        previous, product = product, _dots(residual, scaled)
        direction = scaled + product / np.maximum(previous, np.finfo(np.float32).tiny) * direction
    return solution


def _dots(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return the inner product of each pair of columns: (n_targets,)."""
    return np.einsum("ij,ij->j", left, right)
