"""Log loss of scores at the scale that suits them best, and the constants of rare and of frequent classes."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax

# Scores have unit variance. A probability of 0.99 among two classes takes a scale of about 3, among 100 of about 10.
_SCALES = np.geomspace(0.25, 64, 17)

_OFFSET_PENALTY = 2.0  # half of it times the squared offsets is added to the loss of all rows


@dataclass(frozen=True)
class Calibration:
    """What makes logits of scores: ``scale * scores + log_priors + offsets``; and their mean log loss."""

    scale: float
    offsets: np.ndarray  # (n_classes,)
    log_loss: float


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
    spread = np.sqrt(np.mean(np.square(scores - scores.mean(1, keepdims=True))))
    if not spread > 0:
        return 1.0, float(-weights @ log_softmax(log_priors)[label_idx])
    rows = np.arange(len(label_idx))
    losses = [
        -weights @ log_softmax(scores * (scale / spread) + log_priors, axis=1)[rows, label_idx] for scale in _SCALES
    ]
    best = int(np.argmin(losses))
    return float(_SCALES[best] / spread), float(losses[best])


def calibrate_scores(
    scores: np.ndarray, label_idx: np.ndarray, weights: np.ndarray, log_priors: np.ndarray
) -> Calibration:
    """Fit a scale and one constant per class to scores: multinomial regression of these alone, with a penalty.

    In a Gaussian discriminant the constants are minus half the squared lengths of the means. In a regression of
    indicators they are missing, and a class whose rows lie far from all others is predicted too often.

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
    Calibration
        Its offsets have the mean 0 over the classes of these rows, and are 0 in others.
    """
    scale, loss = best_scale(scores, label_idx, weights, log_priors)
    rows, seen = np.arange(len(label_idx)), np.unique(label_idx)

    def objective(values):
        factor, offsets = scale * np.exp(values[0]), np.zeros(len(log_priors))
        offsets[seen] = values[1:] - values[1:].mean()
        log_probabilities = log_softmax(factor * scores + log_priors + offsets, axis=1)
        errors = np.exp(log_probabilities)
        errors[rows, label_idx] -= 1
        errors *= weights[:, np.newaxis]
        of_offsets = errors.sum(0)[seen] + _OFFSET_PENALTY * offsets[seen]
        value = -weights @ log_probabilities[rows, label_idx] + _OFFSET_PENALTY / 2 * offsets @ offsets
        return value, np.r_[factor * np.sum(errors * scores), of_offsets - of_offsets.mean()]

    bounds = [(np.log(0.5), np.log(2.0)), *[(None, None)] * len(seen)]
    found = minimize(objective, np.zeros(1 + len(seen)), jac=True, method="L-BFGS-B", bounds=bounds).x
    offsets = np.zeros(len(log_priors))
    offsets[seen] = found[1:] - found[1:].mean()
    log_probabilities = log_softmax(scale * np.exp(found[0]) * scores + log_priors + offsets, axis=1)
    loss = -weights @ log_probabilities[rows, label_idx]
    return Calibration(float(scale * np.exp(found[0])), offsets, float(loss / weights.sum()))
