"""Multinomial logistic regression in the dual: from inner products of rows, like the ridge regression beside it."""

import numpy as np
from scipy.linalg import cholesky, solve_triangular
from scipy.optimize import minimize
from scipy.special import log_softmax

_MOST_STEPS = 100
_TOLERANCE = 1e-5  # of the loss, relative


def solve_multinomial(
    gram: np.ndarray, label_idx: np.ndarray, n_classes: int, weights: np.ndarray, alpha: float
) -> np.ndarray:
    """Minimise ``-sum_i v_i log p(y_i | x_i) + alpha / 2 |w|^2`` over coefficients w and free intercepts.

    With a factor ``gram = L L'`` the rows of L stand for the rows: a rotation of the features changes neither the
    problem nor the steps of L-BFGS.

    Parameters
    ----------
    gram : ndarray of shape (n_rows, n_rows)
        Inner products of the rows.
    label_idx : ndarray of shape (n_rows,)
        The class of each row.
    n_classes : int
        Number of classes.
    weights : ndarray of shape (n_rows,)
        Positive weights v of the rows.
    alpha : float
        Strength of the regularisation.

    Returns
    -------
    ndarray of shape (n_rows, n_classes)
        Duals: the scores of x are ``sum_i dual_i <x, x_i>`` and a constant per class.
    """
    n_rows = len(gram)
    ridge = 1e-6 * np.trace(gram) / n_rows + 1e-12
    factor = cholesky(gram + ridge * np.eye(n_rows), lower=True, check_finite=False)
    rows = np.arange(n_rows)

    def objective(values):
        values = values.reshape(n_rows + 1, n_classes)
        coef, intercepts = values[:-1], values[-1]
        log_probabilities = log_softmax(factor @ coef + intercepts, axis=1)
        errors = np.exp(log_probabilities)
        errors[rows, label_idx] -= 1
        errors *= weights[:, np.newaxis]
        loss = -weights @ log_probabilities[rows, label_idx] + alpha / 2 * np.vdot(coef, coef)
        return loss, np.vstack([factor.T @ errors + alpha * coef, errors.sum(0)]).ravel()

    start = np.zeros((n_rows + 1, n_classes))
    start[-1] = np.log(np.bincount(label_idx, weights, minlength=n_classes) + 1e-3)
    options = {"maxiter": _MOST_STEPS, "ftol": _TOLERANCE}
    found = minimize(objective, start.ravel(), jac=True, method="L-BFGS-B", options=options).x
    return solve_triangular(factor, found.reshape(n_rows + 1, n_classes)[:-1], lower=True, trans="T")
