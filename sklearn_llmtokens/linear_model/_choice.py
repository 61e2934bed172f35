"""Strengths and weights of blocks by leave-one-out: means over all candidates, each as likely as its losses say."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ._kernel_ridge import decompose, leave_one_out

# Rows to choose by: what words are worth grows with the rows, and eigenvectors of more rows take longer than all else.
MOST_ROWS = 1000

# Losses of few rows differ by chance, and one row counts in all of them: their differences count by this factor.
_TRUST = 0.3

Loss = Callable[[np.ndarray, np.ndarray], float]


@dataclass(frozen=True)
class Choice:
    """Shares of the blocks (n_blocks,), the strength of regularisation, and the weight of rows of class names."""

    shares: np.ndarray
    alpha: float
    name_weight: float = 0.0


def choose(grams: Sequence[np.ndarray], targets, candidates: np.ndarray, alphas, row_weights, loss: Loss) -> Choice:
    """Average candidates of block shares, strengths and row weights by their leave-one-out likelihood.

    The weight of a candidate is ``exp(-0.3 loss)``, a tempered form of pseudo-Bayesian model averaging [1]_. So the
    choice of few rows stays near to the middle of the candidates, and that of many rows is the best of them.

    Parameters
    ----------
    grams : list of ndarray of shape (n_rows, n_rows)
        Inner products of the rows in each block.
    targets : ndarray of shape (n_rows, n_targets)
        What is to be predicted.
    candidates : ndarray of shape (n_candidates, n_blocks)
        Shares of the blocks.
    alphas : sequence of float
        Strengths.
    row_weights : mapping of float to ndarray of shape (n_rows,)
        The weights of the rows, by the weight of those of class names.
    loss : callable
        Returns the negative log-likelihood of all rows, from slopes and intercepts as `leave_one_out` yields them.

    Returns
    -------
    Choice
        The mean shares, and the geometric means of strengths and weights.

    References
    ----------
    .. [1] Yuling Yao, Aki Vehtari, Daniel Simpson, Andrew Gelman. "Using stacking to average Bayesian predictive
       distributions". Bayesian Analysis 13, 2018.
    """
    losses = np.empty((len(candidates), len(row_weights), len(alphas)))
    for i, shares in enumerate(candidates):
        gram = mix(grams, shares)
        for j, weights in enumerate(row_weights.values()):
            parts = decompose(gram, weights)
            losses[i, j] = [loss(*predictions) for predictions in leave_one_out(parts, targets, alphas)]
    likely = np.exp(_TRUST * (losses.min() - losses))
    return middle(candidates, alphas, list(row_weights), likely / likely.sum())


def middle(candidates: np.ndarray, alphas, name_weights, likely=None) -> Choice:
    """Return the mean of the candidates with these probabilities, equal ones by default."""
    shape = (len(candidates), len(name_weights), len(alphas))
    likely = np.full(shape, 1 / np.prod(shape)) if likely is None else likely
    name_weight = np.exp(likely.sum((0, 2)) @ np.log(name_weights)) if name_weights[0] > 0 else 0.0
    alpha = np.exp(likely.sum((0, 1)) @ np.log(alphas))
    return Choice(likely.sum((1, 2)) @ candidates, float(alpha), float(name_weight))


def mix(grams: Sequence[np.ndarray], shares: np.ndarray) -> np.ndarray:
    """Return the weighted sum of the Gram matrices."""
    return sum(share * gram for share, gram in zip(shares, grams, strict=True))


def rows_to_choose_by(groups: np.ndarray, most: int = MOST_ROWS) -> np.ndarray:
    """Return sorted indices of at most so many rows, of every group as many as it has or as of the others.

    Examples
    --------
    >>> groups = np.array([0] * 6 + [1] * 2)
    >>> groups[rows_to_choose_by(groups, most=5)].tolist()
    [0, 0, 0, 1, 1]
    """
    if len(groups) <= most:
        return np.arange(len(groups))
    order = np.random.default_rng(0).permutation(len(groups))
    by_group = order[np.argsort(groups[order], kind="stable")]
    starts = np.r_[0, np.flatnonzero(np.diff(groups[by_group])) + 1]
    place = np.arange(len(groups)) - np.repeat(starts, np.diff(np.r_[starts, len(groups)]))
    return np.sort(by_group[np.argsort(place, kind="stable")[:most]])
