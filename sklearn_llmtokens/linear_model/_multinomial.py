"""Multinomial logistic regression in the dual: from inner products of rows, like the ridge regression beside it."""

import numpy as np
from scipy.linalg import cholesky, get_blas_funcs, solve_triangular
from scipy.optimize import minimize
from scipy.special import log_softmax

_MOST_STEPS = 100
# Up to so many rows, products have double precision and steps go on until they lower the loss by less than the first
# share. Beyond, single precision halves the time, and later steps change no accuracy that was measured.
_MOST_EXACT_ROWS = 1000
_TOLERANCES = (1e-4, 1e-3)


def solve_multinomial(
    gram: np.ndarray,
    label_idx: np.ndarray,
    n_classes: int,
    weights: np.ndarray,
    alpha: float,
    tolerance: float | None = None,
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
    tolerance : float, default=None
        A step that lowers the loss by a smaller share is the last one. None is 0.0001 up to 1,000 rows, else 0.001.

    Returns
    -------
    ndarray of shape (n_rows, n_classes)
        Duals: the scores of x are ``sum_i dual_i <x, x_i>`` and a constant per class.
    """
    n_rows = len(gram)
    ridge = 1e-6 * np.trace(gram) / n_rows + 1e-12
    factor = cholesky(gram + ridge * np.eye(n_rows), lower=True, check_finite=False)
    is_small = n_rows <= _MOST_EXACT_ROWS
    lower = np.asfortranarray(factor, dtype=np.float64 if is_small else np.float32)
    triangular_product = get_blas_funcs("trmm", (lower,))
    rows = np.arange(n_rows)

    def objective(values):
        values = values.reshape(n_rows + 1, n_classes)
        coef, intercepts = values[:-1], values[-1]
        log_probabilities = log_softmax(triangular_product(1.0, lower, coef, lower=1) + intercepts, axis=1)
        errors = np.exp(log_probabilities)
        errors[rows, label_idx] -= 1
        errors *= weights[:, np.newaxis]
        loss = -weights @ log_probabilities[rows, label_idx] + alpha / 2 * np.vdot(coef, coef)
        of_coef = triangular_product(1.0, lower, errors, lower=1, trans_a=1) + alpha * coef
        return float(loss), np.vstack([of_coef, errors.sum(0)]).ravel()

    start = np.zeros((n_rows + 1, n_classes))
    start[-1] = np.log(np.bincount(label_idx, weights, minlength=n_classes) + 1e-3)
    tolerance = _TOLERANCES[not is_small] if tolerance is None else tolerance
    options = {"maxiter": _MOST_STEPS, "ftol": tolerance}
    found = minimize(objective, start.ravel(), jac=True, method="L-BFGS-B", options=options).x
    return solve_triangular(factor, found.reshape(n_rows + 1, n_classes)[:-1], lower=True, trans="T")
