"""Self-training: what rows without a label say, once the classes of many of them are clear."""

import numpy as np
from scipy.special import softmax

from ._choice import Choice
from ._rows import BlockRows

_LABEL_WEIGHT = 3.0  # of a label beside a prediction


def learn_from_unlabelled(
    rows: BlockRows, label_idx: np.ndarray, logits: np.ndarray, log_priors: np.ndarray, shares: np.ndarray, alpha: float
) -> tuple[np.ndarray, np.ndarray]:
    """Fit all rows anew, those without a label to sharpened probabilities: one round of self-training.

    What rows without a label share with those whose class is clear becomes known. Probabilities are squared and
    normalised, a soft form of pseudo-labels [1]_.

    Parameters
    ----------
    rows : BlockRows
        All rows.
    label_idx : ndarray of shape (n_rows,)
        Their classes; -1 for none.
    logits : ndarray of shape (n_rows, n_classes)
        What the first fit says of them.
    log_priors : ndarray of shape (n_classes,)
        Logarithms of the shares of the classes.
    shares : ndarray of shape (n_blocks,)
        What each block counts.
    alpha : float
        Strength of the regularisation.

    Returns
    -------
    coef, intercepts : ndarray of shape (n_features, n_classes) and (n_classes,)
        Of logits with the spread of those of the first fit.

    References
    ----------
    .. [1] Dong-Hyun Lee. "Pseudo-Label: The Simple and Efficient Semi-Supervised Learning Method for Deep Neural
       Networks". Workshop on Challenges in Representation Learning, ICML 2013.
    """
    n_classes = logits.shape[1]
    targets = np.square(softmax(logits, axis=1))
    targets /= targets.sum(1, keepdims=True)
    labelled = label_idx >= 0
    targets[labelled] = np.eye(n_classes)[label_idx[labelled]]
    weights = np.where(labelled, _LABEL_WEIGHT, 1.0)
    coef, intercepts = rows.fit(targets, weights, Choice(shares, alpha))
    slopes = rows.products(coef) + intercepts - 1 / n_classes
    scale = np.std(logits - log_priors) / max(np.std(slopes), 1e-12)
    return scale * coef, scale * (intercepts - 1 / n_classes) + log_priors
