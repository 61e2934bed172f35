"""Ridge regression of many targets on sparse rows, by conjugate gradients: no Gram matrix is held.

The Gram matrix of 50,000 tokens would take 10 GB; a product with the rows and one with their transpose take none.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from joblib import cpu_count
from scipy import sparse

_BLOCK = 64  # targets that are solved for at once
_TOLERANCE = 1e-3
_MOST_ITERATIONS = 20
_MOST_THREADS = 4  # each holds a block of targets for all rows: 256 MB for a million texts
_ROWS_AT_ONCE = 65_536


class SharedRows:
    """Rows of tokens beside rows of the parts that tokens share, without these being written out.

    With rows ``R`` of tokens and parts ``S`` of tokens, the columns are those of ``[R, R @ S]``. A product with them is
    ``R @ (top + S @ bottom)``, which costs little more than one with ``R`` alone.

    Parameters
    ----------
    rows : csr_array of shape (n_rows, n_tokens), dtype=float32
        Weights of tokens.
    parts : csr_array of shape (n_tokens, n_parts), dtype=float32
        Parts of tokens.
    """

    def __init__(self, rows: sparse.csr_array, parts: sparse.csr_array):
        self._rows, self._rows_transposed = rows, rows.T.tocsr()
        self._parts, self._parts_transposed = parts, parts.T.tocsr()

    def __matmul__(self, coef: np.ndarray) -> np.ndarray:
        """Return the product with coefficients (n_tokens + n_parts, n_targets): (n_rows, n_targets)."""
        return self._rows @ self.per_token(coef)

    def per_token(self, coef: np.ndarray) -> np.ndarray:
        """Add to the coefficients of each token those of its parts: (n_tokens, n_targets)."""
        n_tokens = self._rows.shape[1]
        return coef[:n_tokens] + self._parts @ coef[n_tokens:]

    def transposed_product(self, values: np.ndarray) -> np.ndarray:
        """Return the product of the transpose with values (n_rows, n_targets): (n_tokens + n_parts, n_targets)."""
        return self.with_parts(self._rows_transposed @ values)

    def with_parts(self, per_token: np.ndarray) -> np.ndarray:
        """Append to sums over the rows of each token (n_tokens, n_targets) those of each part."""
        return np.concatenate([per_token, self._parts_transposed @ per_token])

    def squares(self) -> np.ndarray:
        """Return the sum of squares of each column: (n_tokens + n_parts,)."""
        of_parts = np.zeros(self._parts.shape[1])
        for start in range(0, self._rows.shape[0], _ROWS_AT_ONCE):
            of_parts += (self._rows[start : start + _ROWS_AT_ONCE] @ self._parts).power(2).sum(axis=0)
        return np.concatenate([self._rows.power(2).sum(axis=0), of_parts])


def solve_ridge(
    rows: SharedRows, moments: np.ndarray, l2: float, on_block: Callable[[int], object] | None = None
) -> np.ndarray:
    """Minimise ``||rows @ W - Y||^2 + l2 * ||W||^2``.

    Parameters
    ----------
    rows : SharedRows
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
    diagonal = (rows.squares() + l2).astype(np.float32)[:, np.newaxis]
    solution = np.zeros_like(moments)

    def solve(part: slice) -> int:
        solution[:, part] = _solve_block(rows, np.ascontiguousarray(moments[:, part]), l2, diagonal)
        return len(range(*part.indices(moments.shape[1])))

    parts = [slice(start, start + _BLOCK) for start in range(0, moments.shape[1], _BLOCK)]
    with ThreadPoolExecutor(min(_MOST_THREADS, cpu_count(), len(parts))) as pool:
        for n_solved in pool.map(solve, parts):
            if on_block is not None:
                on_block(n_solved)
    return solution


def _solve_block(rows: SharedRows, moments: np.ndarray, l2: float, diagonal: np.ndarray) -> np.ndarray:
    solution, residual = np.zeros_like(moments), moments.copy()
    scaled = residual / diagonal
    direction, product = scaled.copy(), _dots(residual, scaled)
    enough = _TOLERANCE**2 * _dots(moments, moments)
    for _ in range(_MOST_ITERATIONS):
        step = rows.transposed_product(rows @ direction) + np.float32(l2) * direction
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
