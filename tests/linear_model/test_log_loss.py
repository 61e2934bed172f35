"""The calibration of scores against what logistic regression and arithmetic say."""

import numpy as np
import pytest
from scipy.special import log_softmax

from sklearn_llmtokens.linear_model._log_loss import best_scale, calibrate_scores


@pytest.fixture
def problem():
    rng = np.random.default_rng(0)
    label_idx = rng.choice(4, 200, p=[0.4, 0.3, 0.2, 0.1])
    scores = rng.normal(size=(200, 4)) + 2 * np.eye(4)[label_idx] + [1.0, 0, 0, -1.0]
    return scores, label_idx, rng.uniform(0.5, 2, 200), np.log([0.4, 0.3, 0.2, 0.1])


def penalised_loss(problem, scale, offsets):
    scores, label_idx, weights, log_priors = problem
    losses = -log_softmax(scale * scores + log_priors + offsets, axis=1)[np.arange(len(scores)), label_idx]
    return weights @ losses + offsets @ offsets


def test_no_other_scale_or_constants_have_a_lower_penalised_loss(problem):
    found = calibrate_scores(*problem)
    lowest = penalised_loss(problem, found.scale, found.offsets)
    assert found.log_loss == pytest.approx((lowest - found.offsets @ found.offsets) / problem[2].sum())
    for factor in (0.98, 1.02):
        assert penalised_loss(problem, factor * found.scale, found.offsets) > lowest
    for i in range(4):
        for step in (-0.05, 0.05):
            offsets = found.offsets + step * (np.eye(4)[i] - 1 / 4)
            assert penalised_loss(problem, found.scale, offsets) > lowest


def test_constants_undo_what_is_added_to_the_scores_of_a_class(problem):
    found = calibrate_scores(*problem)
    assert found.offsets.sum() == pytest.approx(0)
    np.testing.assert_allclose(found.offsets / found.scale, [-1, 0, 0, 1], atol=0.4)
    assert found.log_loss < best_scale(*problem)[1] / problem[2].sum()


def test_a_class_without_a_row_has_no_constant(problem):
    scores, label_idx, weights, log_priors = problem
    known = label_idx < 3
    found = calibrate_scores(scores[known], label_idx[known], weights[known], log_priors)
    assert found.offsets[3] == 0
    assert found.offsets[:3].sum() == pytest.approx(0)


def test_scores_that_say_nothing_leave_the_priors():
    label_idx = np.repeat([0, 1], [30, 10])
    found = calibrate_scores(np.zeros((40, 2)), label_idx, np.ones(40), np.log([0.75, 0.25]))
    np.testing.assert_allclose(found.offsets, 0, atol=1e-5)
    assert found.log_loss == pytest.approx(-0.75 * np.log(0.75) - 0.25 * np.log(0.25))
