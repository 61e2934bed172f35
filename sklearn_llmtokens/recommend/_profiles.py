"""How much each event of a history counts, by how many came after it."""

from numbers import Real

import numpy as np

from .._utils._sklearn import Interval, StrOptions
from ._histories import Histories

_USUAL_WEIGHT = 1e12
PROFILES = ("harmonic", "last", "mean")

# "mean", "harmonic", "last", or the factor by which an event counts less than the one after it
PROFILE_CONSTRAINTS = [StrOptions(set(PROFILES)), Interval(Real, 0, 1, closed="right")]


def event_weights(histories: Histories, profile: str | float) -> np.ndarray:
    """Return the weight of each event: what its place in the history gives it, times its own.

    Parameters
    ----------
    histories : Histories
        The histories.
    profile : {"harmonic", "last", "mean"} or float
        1, 1/2, 1/3, ... from the latest event backwards; the latest event alone; 1 each; or powers of a factor.

    Returns
    -------
    ndarray of shape (n_events,), dtype=float64
        Weights. Where the largest magnitude of a history is beyond 1e-12 to 1e12, all of its weights are divided by it:
        their proportions count, which keeps its scores in the range of float32 and in their order.

    Examples
    --------
    >>> histories = Histories(np.array([0, 3]), np.array([7, 8, 9]))
    >>> event_weights(histories, "harmonic"), event_weights(histories, 0.5)
    (array([0.33333333, 0.5       , 1.        ]), array([0.25, 0.5 , 1.  ]))
    """
    ages = histories.ages
    if profile == "harmonic":
        weights = 1.0 / (1.0 + ages)
    elif profile == "last":
        weights = (ages == 0).astype(np.float64)
    elif profile == "mean":
        weights = np.ones(len(ages))
    else:
        weights = float(profile) ** ages
    if histories.weights is None:
        return weights
    return _in_range(weights * _in_range(histories.weights, histories), histories)


def _in_range(weights: np.ndarray, histories: Histories) -> np.ndarray:
    """Divide the weights of histories by their largest magnitude where it is beyond what float32 should multiply."""
    largest = np.zeros(histories.n_histories)
    np.maximum.at(largest, histories.row_idx, np.abs(weights))
    largest[(largest == 0) | ((largest > 1 / _USUAL_WEIGHT) & (largest < _USUAL_WEIGHT))] = 1.0
    return weights / largest[histories.row_idx]
