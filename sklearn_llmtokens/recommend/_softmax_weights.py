"""Weights of several scores, learnt by telling the item that followed from those that did not."""

import numpy as np
from scipy import optimize

from .._utils._top_k import top_columns

# Each recommender's best items are the rivals that matter; random ones stand for the rest of the catalogue.
N_BEST = 100
N_RANDOM = 200
_RIDGE = 1e-3
# The prior counts as much as some twenty queries at least: likelihood alone trusts what is sure of few items, and finds
# fewer of those that followed among the first ten.
STRENGTH = 20.0
STRENGTHS = (np.inf, 320.0, 80.0, STRENGTH)  # that are compared; with inf the prior holds alone
_CUT = 10  # items that are looked at


def shortlist(
    parts: list[np.ndarray], target_idx: np.ndarray, allowed: np.ndarray, rng
) -> tuple[np.ndarray, np.ndarray]:
    """Choose the items that stand for the catalogue in the learning of weights.

    Parameters
    ----------
    parts : list of ndarrays of shape (n_queries, n_items), dtype=float32
        Scores of each recommender.
    target_idx : ndarray of shape (n_queries,), dtype=intp
        The item that followed each query: the first column of what is returned.
    allowed : ndarray of shape (n_queries, n_items), dtype=bool
        False for items that are not ranked.
    rng : numpy.random.Generator
        Draws the random items.

    Returns
    -------
    item_idx : ndarray of shape (n_queries, m), dtype=intp
        Positions of the items.
    log_counts : ndarray of shape (n_queries, m), dtype=float32
        Logarithm of the number of items that each stands for, -inf for a column that stands for none.
    """
    n_queries, n_items = allowed.shape
    columns = [target_idx[:, np.newaxis]]
    n_best = min(N_BEST, n_items)
    for scores in parts:
        columns.append(top_columns(np.where(allowed, scores, np.float32(-np.inf)), n_best))
    best = np.concatenate(columns, axis=1)
    drawn = rng.integers(0, n_items, (n_queries, N_RANDOM))
    rows = np.arange(n_queries)[:, np.newaxis]

    is_best = np.zeros((n_queries, n_items), dtype=bool)
    is_best[rows, best] = True
    counts_best = _first_of_each(best) & allowed[rows, best]
    counts_best[:, 0] = True
    counts_drawn = allowed[rows, drawn] & ~is_best[rows, drawn]
    n_others = (allowed & ~is_best).sum(axis=1)
    n_drawn = np.maximum(counts_drawn.sum(axis=1), 1)
    item_idx = np.concatenate([best, drawn], axis=1)
    with np.errstate(divide="ignore"):
        log_best = np.log(counts_best.astype(np.float32))
        log_drawn = np.log(counts_drawn * (n_others / n_drawn)[:, np.newaxis].astype(np.float32))
    return item_idx, np.concatenate([log_best, log_drawn], axis=1, dtype=np.float32)


def _first_of_each(columns: np.ndarray) -> np.ndarray:
    """Check of each entry whether the entries left of it in its row are others.

    Examples
    --------
    >>> _first_of_each(np.array([[3, 1, 3, 3], [2, 2, 0, 1]]))
    array([[ True,  True, False, False],
           [ True, False,  True,  True]])
    """
    order = np.argsort(columns, axis=1, kind="stable")
    ordered = np.take_along_axis(columns, order, axis=1)
    first = np.ones(columns.shape, dtype=bool)
    first[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    out = np.empty_like(first)
    np.put_along_axis(out, order, first, axis=1)
    return out


def softmax_weights(
    features: np.ndarray,
    log_counts: np.ndarray,
    is_free: np.ndarray,
    prior: np.ndarray | None = None,
    strength: float = STRENGTH,
) -> np.ndarray:
    """Return the weights under which the softmax over a shortlist finds the item that followed, the first column.

    Parameters
    ----------
    features : ndarray of shape (n_queries, m, n_features), dtype=float32
        Scores of the shortlisted items.
    log_counts : ndarray of shape (n_queries, m), dtype=float32
        Logarithm of the number of items that each stands for.
    is_free : ndarray of shape (n_features,), dtype=bool
        True for weights that may be negative.
    prior : ndarray of shape (n_features,), optional
        Prior means of the weights, in their proportions: their common scale is learnt. 0 where `is_free`.
    strength : float, default=STRENGTH
        As how many queries `prior` counts.

    Returns
    -------
    ndarray of shape (n_features,), dtype=float64
        Weights.

    Notes
    -----
    With ``x_qj`` the features of item j of query q, ``c_qj`` its `log_counts` and item 0 the one that followed, the
    weights w minimise by L-BFGS-B the convex function::

        mean_q [ log sum_j exp(x_qj w + c_qj) - x_q0 w ] + sum_i r_i (w_i - m_i)^2

    Without a prior, ``m = 0`` and ``r_i = 0.001``. With one, ``m`` is the prior times the scale that minimises the same
    function along it, and ``r_i`` is `strength` divided by the number of queries where weights are not free.

    Examples
    --------
    >>> features = np.array([[[1.0, 0.3], [0.0, 0.4]], [[1.0, 0.1], [0.5, 0.1]]], dtype=np.float32)
    >>> zeros, is_free = np.zeros((2, 2), np.float32), np.zeros(2, dtype=bool)
    >>> weights = softmax_weights(features, zeros, is_free)
    >>> bool(weights[0] > weights[1])
    True
    >>> weights = softmax_weights(features, zeros, is_free, prior=np.array([1.0, 1.0]))
    >>> bool(weights[0] > weights[1] > 0)
    True
    """
    if prior is None or not np.any(prior):
        none = np.zeros(len(is_free))
        return _most_likely(features, log_counts, is_free, none, none + _RIDGE)
    scaled = _scaled_prior(features, log_counts, is_free, prior)
    return _about(scaled, features, log_counts, is_free, strength)


def chosen_weights(
    features: np.ndarray,
    log_counts: np.ndarray,
    is_free: np.ndarray,
    prior: np.ndarray,
    strengths: tuple[float, ...] = STRENGTHS,
) -> tuple[np.ndarray, float]:
    """Return the weights that rank best of those that `softmax_weights` learns with several strengths.

    What is likeliest of the whole catalogue is not always best among the first ten: on some catalogues the prior ranks
    better than all that is learnt from two thousand queries.

    Parameters
    ----------
    features, log_counts, is_free, prior : ndarrays
        As in `softmax_weights`.
    strengths : tuple of float, default=STRENGTHS
        As how many queries the prior may count, descending. With inf it holds alone, with the scale that is most
        likely.

    Returns
    -------
    weights : ndarray of shape (n_features,), dtype=float64
        Those with the largest NDCG@10 of the queries; of equal ones, those nearest to the prior.
    strength : float
        Theirs.
    """
    if not np.any(prior):
        return softmax_weights(features, log_counts, is_free), strengths[-1]
    scaled = weights = _scaled_prior(features, log_counts, is_free, prior)
    found = []
    for strength in strengths:
        if np.isfinite(strength):
            weights = _about(scaled, features, log_counts, is_free, strength, weights)
        found.append((ndcg(features, log_counts, weights).mean(), weights, strength))
    _, best, chosen = max(found, key=lambda one: one[0])  # the first of equal ones
    return best, chosen


def ndcg(features: np.ndarray, log_counts: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return NDCG@10 of the item that followed, the first column, below all others of the same score, shape (n,).

    Examples
    --------
    >>> features = np.array([[[1.0], [0.0], [2.0]], [[1.0], [0.0], [1.0]]], dtype=np.float32)
    >>> ndcg(features, np.zeros((2, 3)), np.array([1.0])).round(3), ndcg(features, np.zeros((2, 3)), np.array([0.0]))
    (array([0.631, 0.631]), array([0.5, 0.5]))
    """
    scores = features @ weights.astype(np.float32)
    ranks = ((scores >= scores[:, :1]) & np.isfinite(log_counts)).sum(axis=1) - 1
    return np.where(ranks < _CUT, 1 / np.log2(2.0 + ranks), 0.0)


def _scaled_prior(features: np.ndarray, log_counts: np.ndarray, is_free: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """Return the prior times its most likely scale, with the free weights that are most likely beside it."""
    directions = np.column_stack([prior / np.abs(prior).max(), np.eye(len(is_free))[:, is_free]])
    along = features @ directions.astype(np.float32)
    free = np.arange(along.shape[2]) > 0
    return directions @ _most_likely(along, log_counts, free, np.zeros(len(free)), np.full(len(free), _RIDGE))


def _about(
    scaled: np.ndarray,
    features: np.ndarray,
    log_counts: np.ndarray,
    is_free: np.ndarray,
    strength: float,
    start: np.ndarray | None = None,
) -> np.ndarray:
    """Return the weights shrunk towards a scaled prior."""
    ridge = np.where(is_free, _RIDGE, strength / len(features))
    return _most_likely(features, log_counts, is_free, np.where(is_free, 0, scaled), ridge, start)


def _most_likely(
    features: np.ndarray,
    log_counts: np.ndarray,
    is_free: np.ndarray,
    centre: np.ndarray,
    ridge: np.ndarray,
    start: np.ndarray | None = None,
) -> np.ndarray:
    """Minimise the mean negative log-likelihood and ``ridge @ (weights - centre) ** 2``."""
    target = features[:, 0].mean(axis=0, dtype=np.float64)

    def loss_and_gradient(weights):
        logits = features @ weights.astype(np.float32) + log_counts
        top = logits.max(axis=1, keepdims=True)
        probabilities = np.exp(logits - top)
        total = probabilities.sum(axis=1, keepdims=True)
        probabilities /= total
        log_total = (top + np.log(total)).mean(dtype=np.float64)
        expected = np.matmul(probabilities[:, np.newaxis, :], features)[:, 0].mean(axis=0, dtype=np.float64)
        off = weights - centre
        return log_total - target @ weights + ridge @ off**2, expected - target + 2 * ridge * off

    bounds = [(None, None) if free else (0.0, None) for free in is_free]
    start = np.where(is_free, 0.0, 1.0) if start is None else start
    return optimize.minimize(loss_and_gradient, start, jac=True, method="L-BFGS-B", bounds=bounds).x
