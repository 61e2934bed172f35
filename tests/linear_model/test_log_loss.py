"""The calibration of scores against what logistic regression and arithmetic say."""

import numpy as np
import pytest
from scipy.special import log_softmax

from tests.inside import ExpectedShare, best_scale, calibrate_scores


@pytest.fixture
def problem():
    """Return scores of four classes of which two are too high or too low, labels, weights and log priors."""
    rng = np.random.default_rng(0)
    label_idx = rng.choice(4, 200, p=[0.4, 0.3, 0.2, 0.1])
    scores = rng.normal(size=(200, 4)) + 2 * np.eye(4)[label_idx] + [1.0, 0, 0, -1.0]
    return scores, label_idx, rng.uniform(0.5, 2, 200), np.log([0.4, 0.3, 0.2, 0.1])


def penalised_loss(problem, scale, offsets):
    scores, label_idx, weights, log_priors = problem
    losses = -log_softmax(scale * scores + log_priors + offsets, axis=1)[np.arange(len(scores)), label_idx]
    return weights @ losses + offsets @ offsets


def test_no_other_scale_or_constants_have_a_lower_penalised_loss(problem):
    found = calibrate_scores([problem[0]], *problem[1:])
    lowest = penalised_loss(problem, found.scales[0], found.offsets)
    assert found.log_loss == pytest.approx((lowest - found.offsets @ found.offsets) / problem[2].sum())
    for factor in (0.98, 1.02):
        assert penalised_loss(problem, factor * found.scales[0], found.offsets) > lowest
    for i in range(4):
        for step in (-0.05, 0.05):
            offsets = found.offsets + step * (np.eye(4)[i] - 1 / 4)
            assert penalised_loss(problem, found.scales[0], offsets) > lowest


def test_constants_undo_what_is_added_to_the_scores_of_a_class(problem):
    found = calibrate_scores([problem[0]], *problem[1:])
    assert found.offsets.sum() == pytest.approx(0)
    np.testing.assert_allclose(found.offsets / found.scales[0], [-1, 0, 0, 1], atol=0.4)
    assert found.log_loss < best_scale(*problem)[1] / problem[2].sum()


def test_a_class_without_a_row_has_no_constant(problem):
    scores, label_idx, weights, log_priors = problem
    known = label_idx < 3
    found = calibrate_scores([scores[known]], label_idx[known], weights[known], log_priors)
    assert found.offsets[3] == 0
    assert found.offsets[:3].sum() == pytest.approx(0)


def test_scores_that_say_nothing_leave_the_priors():
    label_idx = np.repeat([0, 1], [30, 10])
    nothing = np.zeros((40, 2))
    found = calibrate_scores([nothing, nothing], label_idx, np.ones(40), np.log([0.75, 0.25]), ExpectedShare(0.5, 1.0))
    np.testing.assert_allclose(found.offsets, 0, atol=1e-5)
    assert found.log_loss == pytest.approx(-0.75 * np.log(0.75) - 0.25 * np.log(0.25))


@pytest.fixture
def two_models():
    """Return a function that makes scores of two models, the second of which is better, and labels."""

    def make(n_rows):
        rng = np.random.default_rng(0)
        label_idx = rng.integers(3, size=n_rows)
        signal = 2 * np.eye(3)[label_idx]
        scores = [rng.normal(size=(n_rows, 3)) + strength * signal for strength in (1.0, 1.3, 0.0)]
        return scores, (label_idx, np.ones(n_rows), np.log([1 / 3] * 3))

    return make


@pytest.mark.parametrize(("n_rows", "counts"), [(60, False), (2000, True)])
def test_a_second_model_counts_where_rows_are_many_enough_to_show_that_it_is_better(two_models, n_rows, counts):
    scores, further = two_models(n_rows)
    found = calibrate_scores(scores[:2], *further, ExpectedShare(0.0, penalty=64.0))
    assert (found.shares[1] > 0.5) == counts
    assert found.shares.sum() == pytest.approx(1)
    noise = calibrate_scores(scores[::2], *further, ExpectedShare(0.0, penalty=64.0))
    assert noise.shares[1] < 0.1


@pytest.mark.parametrize("share", [0.0, 0.75])
def test_shares_of_few_rows_are_the_expected_ones(two_models, share):
    scores, further = two_models(6)
    found = calibrate_scores(scores[:2], *further, ExpectedShare(share, penalty=1000.0))
    assert found.shares[1] == pytest.approx(share, abs=0.02)


def test_scales_and_shares_minimise_the_penalised_loss(two_models):
    scores, (label_idx, weights, log_priors) = two_models(200)
    expected = ExpectedShare(0.25, penalty=40.0)
    found = calibrate_scores(scores[:2], label_idx, weights, log_priors, expected)
    spreads = [np.std(part - part.mean(1, keepdims=True)) for part in scores[:2]]

    def penalised(scales):
        logits = scales[0] * scores[0] + scales[1] * scores[1]
        share = scales[1] * spreads[1] / (scales[0] * spreads[0] + scales[1] * spreads[1])
        losses = -log_softmax(logits + log_priors + found.offsets, axis=1)[np.arange(200), label_idx]
        return losses.sum() + 20 * (share - 0.25) ** 2

    for change in ([1.03, 1], [0.97, 1], [1, 1.03], [1, 0.97]):
        assert penalised(found.scales * change) > penalised(found.scales)
