"""Re-ranking for proportion: a list whose categories are shared out like those of the history."""

import numpy as np
from sklearn.utils import check_array

from .._utils._columns import is_missing, read_column, read_list, refuse_missing
from .._utils._messages import shorten
from ._candidates import Candidates, choose_greedily, read_candidates
from ._ids import decode_ids, event_item, event_weight, item_index

_SMOOTHING = 0.01  # alpha of Steck (2018), section 3: keeps the divergence finite


def calibrated_rerank(recommended, scores, *, histories, items, categories, k=10, calibration_weight=0.5):
    r"""Choose k of the candidates of each query so that their categories are in proportion to the history's.

    Calibration [1]_: one after the other, the candidate is taken with which the list has the largest
    :math:`(1 - \lambda) \sum_i r_i - \lambda\, \mathrm{KL}(p \,\|\, \tilde q)`. r is the score, scaled to 0..1 within
    the query; p is the distribution of categories in the history, by weights; q is that of the list, and
    :math:`\tilde q = 0.99 q + 0.01 p`.

    Parameters
    ----------
    recommended : array-like of shape (n_queries, n_candidates), or sequence of sequences
        Candidates, best first, as ``recommend(X, k=100, return_scores=True)`` gives them; None fills short rows.
    scores : array-like of shape (n_queries, n_candidates), or sequence of sequences
        Their scores.
    histories : sequence of histories, length n_queries
        Ids of items, or (id, weight[, time]); an event of negative weight counts nothing, and missing values pad short
        rows. An empty history has no proportions: its list follows the scores.
    items : Catalog or array-like of shape (n_items,)
        The catalogue, or its ids.
    categories : array-like of shape (n_items,) or (n_items, n_categories)
        One category for each item, in the order of `items`; or the share of each category in each item, or 0 and 1 for
        several categories, which then share the item equally.
    k : int, default=10
        How many are chosen.
    calibration_weight : float, default=0.5
        The :math:`\lambda` of [1]_, the weight of the proportions: from 0 (the order of the scores) to 1 (proportion
        alone).

    Returns
    -------
    ndarray of shape (n_queries, min(k, n_candidates)), dtype=object
        Item ids, best first; None at the end where rows are short.

    Raises
    ------
    ValueError
        If an argument is out of range, shapes differ, an item is not in the catalogue or twice in a list, a score is
        not finite, or an item has no category.

    References
    ----------
    .. [1] Harald Steck. "Calibrated recommendations". RecSys 2018.

    Examples
    --------
    >>> from sklearn_llmtokens.recommend import calibrated_rerank
    >>> items, categories = ["a", "b", "c", "d"], ["news", "news", "news", "shop"]
    >>> scores = [[3.0, 2.9, 2.8, 2.0]]
    >>> calibrated_rerank(
    ...     [items], scores, histories=[["a", "d"]], items=items, categories=categories, k=2, calibration_weight=0.9
    ... )
    array([['a', 'd']], dtype=object)
    """
    candidates = read_candidates(recommended, scores, items, k, {"calibration_weight": calibration_weight})
    index = item_index(items)
    shares = _shares(categories, len(index))
    if len(histories) != len(candidates.codes):
        raise ValueError(f"histories has {len(histories)} rows and recommended has {len(candidates.codes)}.")
    wanted = np.array([_wanted(history, i, index, shares) for i, history in enumerate(histories)])
    chosen = _rerank(candidates, wanted.reshape(len(histories), -1), shares, k, calibration_weight)
    return decode_ids(items, chosen)


def _rerank(candidates: Candidates, wanted: np.ndarray, shares: np.ndarray, k: int, weight: float) -> np.ndarray:
    rows = np.arange(len(wanted))
    own = shares[np.maximum(candidates.codes, 0)]  # (n_queries, n_candidates, n_categories)
    total = np.zeros_like(wanted)

    def gain(step):
        # What has been chosen adds the same score to every candidate's sum, so that it may be left out.
        listed = (total[:, np.newaxis, :] + own) / (step + 1)
        return (1 - weight) * candidates.relevance - weight * divergence(wanted[:, np.newaxis, :], listed)

    def update(columns):
        np.add(total, own[rows, columns], out=total)

    return choose_greedily(candidates, k, gain, update)


def divergence(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Return the Kullback-Leibler divergence of p from q, once q is smoothed by a hundredth of p; over the last axis.

    Parameters
    ----------
    p, q : ndarray of shape (..., n_categories)
        Distributions; a p of zeros has divergence 0.

    Returns
    -------
    ndarray of shape (...,)
        The divergence, in nats.

    Examples
    --------
    >>> float(divergence(np.array([0.5, 0.5]), np.array([1.0, 0.0])))
    1.959
    """
    smooth = (1 - _SMOOTHING) * q + _SMOOTHING * p
    ratio = np.divide(p, smooth, out=np.ones(np.broadcast_shapes(p.shape, q.shape)), where=p > 0)
    return (p * np.log(ratio)).sum(axis=-1)


def _wanted(history, i: int, index: dict, shares: np.ndarray) -> np.ndarray:
    """Return the distribution of categories of a history, zeros where it is empty, shape (n_categories,)."""
    events = [event for event in read_list(history, f"histories[{i}]") if not is_missing(event)]  # padding
    for j, event in enumerate(events):
        if event_item(event) not in index:
            raise ValueError(f"histories[{i}][{j}] is {shorten(event)}, which is not an item of the catalogue.")
    weights = np.array([max(event_weight(event), 0.0) for event in events])
    if not weights.sum() > 0:
        return np.zeros(shares.shape[1])
    return weights @ shares[[index[event_item(event)] for event in events]] / weights.sum()


def _shares(categories, n_items: int) -> np.ndarray:
    """Return the share of each category in each item, shape (n_items, n_categories)."""
    values = np.asarray(categories)
    if len(values) != n_items:
        raise ValueError(f"categories has {len(values)} rows for {n_items} items: one row for each item is needed.")
    if values.ndim == 1:
        remedy = "every item needs a category, give those without one a name."
        refuse_missing(read_column(categories, "categories"), "categories", remedy)
        names, codes = np.unique(values.astype(str), return_inverse=True)
        return np.eye(len(names))[codes]
    table = check_array(values, dtype=np.float64, ensure_non_negative=True, input_name="categories")
    sums = table.sum(axis=1, keepdims=True)
    if not sums.all():
        raise ValueError(f"categories[{int(np.flatnonzero(sums == 0)[0])}] is all 0: every item needs a category.")
    return table / sums
