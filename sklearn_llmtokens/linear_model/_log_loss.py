"""Log loss of scores at the scale that suits them best; sums of scores of several models, with a constant per class."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax

# Scores have unit variance. A probability of 0.99 among two classes takes a scale of about 3, among 100 of about 10.
_SCALES = np.geomspace(0.25, 64, 17)

_OFFSET_PENALTY = 2.0  # half of it, times the squared constants, is added to the loss of all rows


@dataclass(frozen=True)
class ExpectedShare:
    """The share of the second of two models that is expected, and half of what it costs to miss it by 1."""

    share: float
    penalty: float


@dataclass(frozen=True)
class Calibration:
    """What makes logits of the scores of models: ``sum_j scales_j scores_j + log_priors + offsets``; and their loss."""

    scales: np.ndarray  # (n_models,)
    shares: np.ndarray  # (n_models,), of scores of one spread; they add up to 1
    offsets: np.ndarray  # (n_classes,)
    log_loss: float  # mean


def best_scale(scores: np.ndarray, label_idx: np.ndarray, weights: np.ndarray, log_priors: np.ndarray):
    """Find the factor that makes logits of scores, and the log loss with it.

    A strong ridge shrinks scores without changing their order, so that the squared error says little of it.

    Parameters
    ----------
    scores : ndarray of shape (n_rows, n_classes)
        Scores of rows that they were not learnt from.
    label_idx : ndarray of shape (n_rows,)
        The class of each row.
    weights : ndarray of shape (n_rows,)
        Weights of the rows.
    log_priors : ndarray of shape (n_classes,)
        Logits of the classes where nothing is known of a row.

    Returns
    -------
    scale : float
        The best factor.
    log_loss : float
        The weighted sum of the losses with it.
    """
    spread = _spread(scores)
    if not spread > 0:
        return 1.0, float(-weights @ log_softmax(log_priors)[label_idx])
    rows = np.arange(len(label_idx))

    @cache
    def loss(i: int) -> float:
        log_probabilities = log_softmax(scores * (_SCALES[i] / spread) + log_priors, axis=1)
        return float(-weights @ log_probabilities[rows, label_idx])

    best = bisect_left(range(len(_SCALES) - 1), True, key=lambda i: loss(i) <= loss(i + 1))  # it is convex in the scale
    return float(_SCALES[best] / spread), loss(best)


def calibrate_scores(
    scores: Sequence[np.ndarray],
    label_idx: np.ndarray,
    weights: np.ndarray,
    log_priors: np.ndarray,
    expected: ExpectedShare | None = None,
) -> Calibration:
    """Fit a scale for each model and a constant for each class: multinomial regression of scores, with a penalty.

    In a Gaussian discriminant the constants are minus half the squared lengths of the means. In a regression of
    indicators they are missing, and a class whose rows lie far from all others is predicted too often.

    Parameters
    ----------
    scores : sequence of ndarray of shape (n_rows, n_classes)
        Scores of rows that they were not learnt from, by one model or two.
    label_idx : ndarray of shape (n_rows,)
        The class of each row.
    weights : ndarray of shape (n_rows,)
        Weights of the rows.
    log_priors : ndarray of shape (n_classes,)
        Logits of the classes where nothing is known of a row.
    expected : ExpectedShare, default=None
        What the share of the second of two models is shrunk towards.

    Returns
    -------
    Calibration
        Its offsets have the mean 0 over the classes of these rows, and are 0 in others. No scale is negative.
    """
    spreads = np.array([_spread(part) or 1.0 for part in scores])
    n_models = len(scores)
    start_shares = np.ones(1) if expected is None else np.array([1 - expected.share, expected.share])
    mean = sum(share * part / spread for share, part, spread in zip(start_shares, scores, spreads, strict=True))
    units = best_scale(mean, label_idx, weights, log_priors)[0] / spreads
    rows, seen = np.arange(len(label_idx)), np.unique(label_idx)

    def unpack(values):
        offsets = np.zeros(len(log_priors))
        offsets[seen] = values[n_models:] - values[n_models:].mean()
        scales = units * values[:n_models]
        logits = sum(scale * part for scale, part in zip(scales, scores, strict=True)) + log_priors + offsets
        return scales, offsets, log_softmax(logits, axis=1)

    def objective(values):
        _, offsets, log_probabilities = unpack(values)
        errors = np.exp(log_probabilities)
        errors[rows, label_idx] -= 1
        errors *= weights[:, np.newaxis]
        of_scales = units * [np.vdot(errors, part) for part in scores]
        of_offsets = errors.sum(0)[seen] + _OFFSET_PENALTY * offsets[seen]
        loss = -weights @ log_probabilities[rows, label_idx] + _OFFSET_PENALTY / 2 * offsets @ offsets
        if expected is not None:
            penalty, slopes = _penalty_of_share(values[:n_models], expected)
            loss, of_scales = loss + penalty, of_scales + slopes
        return loss, np.r_[of_scales, of_offsets - of_offsets.mean()]

    start = np.r_[start_shares, np.zeros(len(seen))]
    bounds = [(0.0, None)] * n_models + [(None, None)] * len(seen)
    found = minimize(objective, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    scales, offsets, log_probabilities = unpack(found)
    shares = found[:n_models] / max(found[:n_models].sum(), 1e-12)
    loss = -weights @ log_probabilities[rows, label_idx]
    return Calibration(scales, shares, offsets, float(loss / weights.sum()))


def _penalty_of_share(scales: np.ndarray, expected: ExpectedShare) -> tuple[float, np.ndarray]:
    """Return what the share of the second of two scales costs, and the derivatives by the scales."""
    total = scales.sum() + 1e-9
    excess = scales[1] / total - expected.share
    slopes = expected.penalty * excess * np.array([-scales[1], scales[0]]) / total**2
    return expected.penalty / 2 * excess**2, slopes


def _spread(scores: np.ndarray) -> float:
    """Return the standard deviation of the scores about the mean of their row."""
    return float(np.sqrt(np.mean(np.square(scores - scores.mean(1, keepdims=True)))))
