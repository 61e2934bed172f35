"""Kernel ridge regression with weighted rows and an intercept: solutions, and exact leave-one-out predictions.

The problem is ``min_w,b sum_i v_i (y_i - w x_i - b)^2 + alpha |w|^2`` with row weights v. In the dual, with centred
rows, ``w = X' V^(1/2) (V^(1/2) K V^(1/2) + alpha)^-1 V^(1/2) (y - mean)``, where K is the centred Gram matrix.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve


@dataclass(frozen=True)
class Decomposition:
    """The eigendecomposition of a weighted, centred Gram matrix, which serves every strength."""

    eigenvalues: np.ndarray  # (n_rows,)
    vectors: np.ndarray  # (n_rows, n_rows)
    weights: np.ndarray  # (n_rows,), positive


def decompose(gram: np.ndarray, weights: np.ndarray) -> Decomposition:
    """Return the eigendecomposition of the Gram matrix of centred rows, which have the given weights."""
    roots = np.sqrt(weights)
    eigenvalues, vectors = np.linalg.eigh(roots[:, np.newaxis] * centre(gram, weights) * roots)
    return Decomposition(eigenvalues.clip(min=0), vectors, weights)


def centre(gram: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the Gram matrix of the rows less their weighted mean.

    Examples
    --------
    >>> rows = np.array([[1.0], [3.0]])
    >>> centre(rows @ rows.T, np.array([1.0, 1.0]))
    array([[ 1., -1.],
           [-1.,  1.]])
    """
    shares = weights / weights.sum()
    means = gram @ shares
    return gram - means[:, np.newaxis] - means + shares @ means


def leave_one_out(
    parts: Decomposition, targets: np.ndarray, alphas: Sequence[float]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Compute what is predicted for each row by the ridge regression of all other rows, for each strength.

    The residual without row i is that with it, divided by ``1 - h_ii``, where h is the hat matrix [1]_.

    Parameters
    ----------
    parts : Decomposition
        Of n_rows rows.
    targets : ndarray of shape (n_rows, n_targets)
        What is to be predicted.
    alphas : sequence of float
        Strengths of the regularisation.

    Yields
    ------
    slopes : ndarray of shape (n_rows, n_targets)
        The predictions less the intercepts.
    intercepts : ndarray of shape (n_rows, n_targets)
        The mean target of the other rows.

    References
    ----------
    .. [1] Ryan M. Rifkin, Ross A. Lippert. "Notes on Regularized Least Squares". MIT-CSAIL-TR-2007-025, 2007.
    """
    shares = parts.weights / parts.weights.sum()
    roots = np.sqrt(parts.weights)[:, np.newaxis]
    centred = targets - shares @ targets
    rotated, squares = parts.vectors.T @ (roots * centred), np.square(parts.vectors)
    intercepts = targets - centred / (1 - shares)[:, np.newaxis]
    for alpha in alphas:
        gains = parts.eigenvalues / (parts.eigenvalues + alpha)
        fitted = parts.vectors @ (gains[:, np.newaxis] * rotated) / roots
        leverage = squares @ gains + shares
        predictions = targets - (centred - fitted) / (1 - leverage).clip(min=1e-9)[:, np.newaxis]
        yield predictions - intercepts, intercepts


def solve(gram: np.ndarray, targets: np.ndarray, weights: np.ndarray, alpha: float) -> tuple[np.ndarray, np.ndarray]:
    """Solve the ridge regression of rows that need not be centred.

    With residuals ``alpha * dual_i / v_i`` and duals that sum to zero, which the intercept asks for, two solutions
    with one factor are enough.

    Parameters
    ----------
    gram : ndarray of shape (n_rows, n_rows)
        Inner products of the rows.
    targets : ndarray of shape (n_rows, n_targets)
        What is to be predicted.
    weights : ndarray of shape (n_rows,)
        Positive weights of the rows.
    alpha : float
        Strength of the regularisation.

    Returns
    -------
    duals : ndarray of shape (n_rows, n_targets)
        The prediction of x is ``sum_i dual_i <x, x_i> + intercept``.
    intercepts : ndarray of shape (n_targets,)
        The constants.
    """
    means = weights @ targets / weights.sum()
    factor = cho_factor(gram + np.diag(alpha / weights), check_finite=False)
    solution = cho_solve(factor, np.c_[np.ones(len(gram)), targets - means], check_finite=False)
    ones, duals = solution[:, :1], solution[:, 1:]
    offsets = duals.sum(0) / ones.sum()
    return duals - ones * offsets, means + offsets
