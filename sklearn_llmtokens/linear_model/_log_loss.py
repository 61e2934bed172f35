"""Log loss of scores at the scale that suits them best: what leave-one-out scores are compared by."""

import numpy as np
from scipy.special import log_softmax

# Scores have unit variance. A probability of 0.99 among two classes takes a scale of about 3, among 100 of about 10.
_SCALES = np.geomspace(0.25, 64, 17)


def best_scale(slopes: np.ndarray, log_priors: np.ndarray, label_idx: np.ndarray, weights: np.ndarray):
    """Find the factor that makes logits of scores, and the log loss with it.

    A strong ridge shrinks scores without changing their order, so that the squared error says little of it.

    Parameters
    ----------
    slopes : ndarray of shape (n_rows, n_classes)
        Scores of rows that they were not learnt from.
    log_priors : ndarray of shape (n_classes,)
        Logits of the classes where nothing is known of a row.
    label_idx : ndarray of shape (n_rows,)
        The class of each row.
    weights : ndarray of shape (n_rows,)
        Weights of the rows.

    Returns
    -------
    scale : float
        The best factor.
    log_loss : float
        The weighted sum of the losses with it.
    """
    spread = np.sqrt(np.mean(np.square(slopes - slopes.mean(1, keepdims=True))))
    if not spread > 0:
        return 1.0, float(-weights @ log_softmax(log_priors)[label_idx])
    rows = np.arange(len(label_idx))
    losses = [
        -weights @ log_softmax(slopes * (scale / spread) + log_priors, axis=1)[rows, label_idx] for scale in _SCALES
    ]
    best = int(np.argmin(losses))
    return float(_SCALES[best] / spread), float(losses[best])
