"""Multinomial regression in the dual against scikit-learn's in the primal."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from tests.inside import solve_multinomial


@pytest.mark.parametrize("alpha", [0.1, 3.0])
def test_duals_are_those_of_logistic_regression(alpha):
    rng = np.random.default_rng(0)
    X, label_idx, weights = rng.normal(size=(60, 8)), rng.integers(4, size=60), rng.uniform(0.5, 2, 60)
    X[:, :4] += 2 * np.eye(4)[label_idx]
    duals = solve_multinomial(X @ X.T, label_idx, 4, weights, alpha, tolerance=1e-9)
    expected = LogisticRegression(C=1 / alpha, tol=1e-8, max_iter=1000).fit(X, label_idx, sample_weight=weights)
    np.testing.assert_allclose(X.T @ duals, expected.coef_.T, atol=1e-3 * np.abs(expected.coef_).max())


def test_many_rows_have_the_same_solution_in_single_precision():
    rng = np.random.default_rng(0)
    X, label_idx = rng.normal(size=(1100, 5)), rng.integers(3, size=1100)
    X[:, :3] += np.eye(3)[label_idx]
    duals = solve_multinomial(X @ X.T, label_idx, 3, np.ones(1100), 1.0, tolerance=1e-7)
    expected = LogisticRegression(C=1.0, tol=1e-8, max_iter=1000).fit(X, label_idx)
    np.testing.assert_allclose(X.T @ duals, expected.coef_.T, atol=0.02 * np.abs(expected.coef_).max())
