"""The closed forms against ridge regressions that are fitted one by one."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from sklearn_llmtokens.linear_model._kernel_ridge import decompose, leave_one_out, solve


@pytest.fixture
def problem():
    rng = np.random.default_rng(0)
    return rng.normal(size=(12, 20)) + 1, rng.normal(size=(12, 2)), rng.uniform(0.5, 2, 12)


@pytest.mark.parametrize("alpha", [0.1, 3.0])
def test_leave_one_out_predicts_what_a_fit_without_the_row_does(problem, alpha):
    X, Y, weights = problem
    _, (slopes, intercepts) = leave_one_out(decompose(X @ X.T, weights), Y, [1.0, alpha])
    for i in range(len(X)):
        rest = np.arange(len(X)) != i
        model = Ridge(alpha).fit(X[rest], Y[rest], sample_weight=weights[rest])
        np.testing.assert_allclose(slopes[i] + intercepts[i], model.predict(X[i : i + 1])[0])
        np.testing.assert_allclose(intercepts[i], np.average(Y[rest], axis=0, weights=weights[rest]))


@pytest.mark.parametrize("alpha", [0.1, 3.0])
def test_the_dual_solution_is_that_of_ridge_regression(problem, alpha):
    X, Y, weights = problem
    duals, intercepts = solve(X @ X.T, Y, weights, alpha)
    expected = Ridge(alpha).fit(X, Y, sample_weight=weights)
    np.testing.assert_allclose(X.T @ duals, expected.coef_.T)
    np.testing.assert_allclose(intercepts, expected.intercept_)
