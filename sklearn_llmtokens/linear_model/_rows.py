"""Training rows in blocks of one scale: inner products, and coefficients from what was learnt in the dual or primal."""

from collections.abc import Sequence
from copy import copy

import numpy as np
from scipy import sparse
from sklearn.linear_model import Ridge
from sklearn.utils.extmath import safe_sparse_dot

from ._blocks import columns_of, inner_products
from ._choice import Choice
from ._kernel_ridge import solve

# Up to so many rows their inner products are cheaper than passes over the features.
_MOST_DUAL_ROWS = 5000


class BlockRows:
    """Rows of features in blocks, each of which is scaled to a mean squared length of 1 about its mean.

    Parameters
    ----------
    X : ndarray or csr matrix of shape (n_rows, n_features)
        The features.
    blocks : sequence of slice
        The columns of each block.
    used : ndarray of shape (n_rows,), dtype=bool, default=None
        Which rows the scale is taken from; all by default.
    directions : sequence of ndarray of shape (n_features, n_directions), default=()
        Each is one block more: the products of the features with these columns.
    """

    def __init__(self, X, blocks: Sequence[slice], used=None, directions: Sequence[np.ndarray] = ()):
        self._n_features = X.shape[1]
        self._columns = list(blocks)
        self._directions = list(directions)
        self._blocks = self._read(X)
        scaling = self._blocks if used is None or used.all() else [block[used] for block in self._blocks]
        self._factors = [1 / np.sqrt(_spread(block)) for block in scaling]

    def __len__(self) -> int:
        return self._blocks[0].shape[0]

    def take(self, rows: np.ndarray, extra: np.ndarray | None = None) -> "BlockRows":
        """Return some of the rows, at the scale of all, and below them others (n_extra, n_features)."""
        part = copy(self)
        part._blocks = [block[rows] for block in self._blocks]
        if extra is not None and len(extra):
            part._blocks = [_stack(*pair) for pair in zip(part._blocks, self._read(extra), strict=True)]
        return part

    def above(self, other: "BlockRows") -> "BlockRows":
        """Return the rows, and below them those of another part of the same rows."""
        both = copy(self)
        both._blocks = [_stack(*pair) for pair in zip(self._blocks, other._blocks, strict=True)]
        return both

    def _read(self, X) -> list:
        """Return the blocks of rows of features."""
        products = [safe_sparse_dot(X, directions, dense_output=True) for directions in self._directions]
        return [columns_of(X, columns) for columns in self._columns] + products

    def grams(self) -> list[np.ndarray]:
        """Return the inner products of the rows in each block, each of shape (n_rows, n_rows)."""
        return [
            inner_products(block, block) * factor**2 for block, factor in zip(self._blocks, self._factors, strict=True)
        ]

    def gram(self, shares: np.ndarray) -> np.ndarray:
        """Return the inner products of the rows, whose blocks have these shares."""
        total = np.zeros((len(self), len(self)))
        for block, factor, share in zip(self._blocks, self._factors, shares, strict=True):
            if share > 0:
                products = inner_products(block, block)
                products *= share * factor**2
                total += products
        return total

    def products(self, coef: np.ndarray) -> np.ndarray:
        """Return the products of the rows with coefficients (n_features, n_targets)."""
        return sum(block @ coef[columns] for block, columns in zip(self._blocks, self._columns, strict=False))

    def coefficients(self, duals: np.ndarray, shares: np.ndarray) -> np.ndarray:
        """Return the coefficients (n_features, n_targets) of what was learnt in the dual (n_rows, n_targets)."""
        scales = [share * factor**2 for share, factor in zip(shares, self._factors, strict=True)]
        return self._join([scale * (block.T @ duals) for scale, block in zip(scales, self._blocks, strict=True)])

    def fit(
        self, targets: np.ndarray, weights: np.ndarray, choice: Choice, gram: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return coefficients (n_features, n_targets) and intercepts (n_targets,) of the ridge regression.

        The inner products of the rows may be passed where they are known.
        """
        if len(self) <= _MOST_DUAL_ROWS:
            gram = self.gram(choice.shares) if gram is None else gram
            duals, intercepts = solve(gram, targets, weights, choice.alpha)
            return self.coefficients(duals, choice.shares), intercepts
        factors = [np.sqrt(share) * factor for share, factor in zip(choice.shares, self._factors, strict=True)]
        scaled = [factor * block for factor, block in zip(factors, self._blocks, strict=True)]
        sparse_rows = any(map(sparse.issparse, scaled))
        X = sparse.hstack(scaled, format="csr") if sparse_rows else np.hstack(scaled)
        model = Ridge(choice.alpha, solver="sparse_cg" if sparse_rows else "cholesky", tol=1e-3)
        model.fit(X, targets, sample_weight=weights)
        intercepts = np.atleast_1d(model.intercept_)
        coef = model.coef_.reshape(len(intercepts), -1).T
        ends = np.cumsum([block.shape[1] for block in scaled])[:-1]
        return self._join(
            [factor * part for factor, part in zip(factors, np.split(coef, ends), strict=True)]
        ), intercepts

    def _join(self, parts: list[np.ndarray]) -> np.ndarray:
        """Return coefficients of the features from those of each block."""
        coef = np.zeros((self._n_features, parts[0].shape[1]))
        for columns, part in zip(self._columns, parts, strict=False):
            coef[columns] = part
        for directions, part in zip(self._directions, parts[len(self._columns) :], strict=True):
            used = np.flatnonzero(directions.any(axis=1))  # opinions lie in few of the features
            coef[used] += directions[used] @ part
        return coef


def _spread(block) -> float:
    """Return the mean squared distance of the rows from their mean; 1 where they are all equal."""
    if not block.shape[0]:
        return 1.0
    squares = block.multiply(block).sum() if sparse.issparse(block) else np.einsum("ij,ij->", block, block)
    mean = np.asarray(block.mean(axis=0)).ravel()
    spread = float(squares) / block.shape[0] - float(mean @ mean)
    return spread if spread > 1e-12 * max(float(mean @ mean), 1e-300) else 1.0


def _stack(upper, lower):
    if sparse.issparse(upper):
        return sparse.vstack([upper, sparse.csr_array(lower)], format="csr")
    return np.concatenate([upper, lower.toarray() if sparse.issparse(lower) else lower])
