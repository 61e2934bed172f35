"""Re-ranking for proportion: a list whose categories are shared out like those of the history."""

import numpy as np
from sklearn.utils import check_array

from .._utils._columns import is_missing
from .._utils._messages import shorten
from ._candidates import Candidates, choose_greedily, read_candidates
from ._ids import decode_lists, event_item, event_weight, item_index, refuse_missing

_SMOOTHING = 0.01  # alpha of Steck (2018), section 3: keeps the divergence finite


def calibrated_rerank(recommended, scores, histories, items, categories, k=10, *, trade_off=0.5):
    r"""Choose k of the candidates of each query so that their categories are in proportion to the history's.

    Calibration [1]_: one after the other, the candidate is taken with which the list has the largest
    :math:`(1 - \lambda) \sum_i r_i - \lambda\, \mathrm{KL}(p \,\|\, \tilde q)`. r is the score, scaled to 0..1 within
    the query; p is the distribution of categories in the history, by weights; q is that of the list, and
    :math:`\tilde q = .99 q + .01 p`.

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
        One category an item, in the order of `items`; or the share of each category in each item, or 0 and 1 for
        several categories, which then share the item equally.
    k : int, default=10
        How many are chosen.
    trade_off : float, default=0.5
        The :math:`\lambda` above, between 0 (the order of the scores) and 1 (proportion alone).

    Returns
    -------
    ndarray of shape (n_queries, min(k, n_candidates))
        Item ids, best first; an object array with None at the end where rows are short.

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
    >>> calibrated_rerank([items], scores, [["a", "d"]], items, categories, k=2, trade_off=0.9)
    array([['a', 'd']], dtype=object)
    """
    candidates = read_candidates(recommended, scores, items, k, trade_off)
    index = item_index(items)
    shares = _shares(categories, len(index))
    if len(histories) != len(candidates.codes):
        raise ValueError(f"histories has {len(histories)} rows and recommended has {len(candidates.codes)}.")
    wanted = np.array([_wanted(history, i, index, shares) for i, history in enumerate(histories)])
    return decode_lists(_rerank(candidates, wanted.reshape(len(histories), -1), shares, k, trade_off), items)


def _rerank(candidates: Candidates, wanted: np.ndarray, shares: np.ndarray, k: int, trade_off: float) -> np.ndarray:
    rows = np.arange(len(wanted))
    own = shares[np.maximum(candidates.codes, 0)]  # (n_queries, n_candidates, n_categories)
    total = np.zeros_like(wanted)

    def gain(step):
        # What has been chosen adds the same score to every candidate's sum, so that it may be left out.
        listed = (total[:, np.newaxis, :] + own) / (step + 1)
        return (1 - trade_off) * candidates.relevance - trade_off * divergence(wanted[:, np.newaxis, :], listed)

    def update(columns):
        np.add(total, own[rows, columns], out=total)

    return choose_greedily(candidates, k, gain, update)


def divergence(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Give the Kullback-Leibler divergence of p from q, once q is smoothed by a hundredth of p; over the last axis.

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
    """Give the distribution of categories of a history, zeros where it is empty, shape (n_categories,)."""
    events = history.tolist() if isinstance(history, np.ndarray) else list(history)
    events = [event for event in events if not is_missing(event)]  # which pad short rows
    for j, event in enumerate(events):
        if event_item(event) not in index:
            raise ValueError(f"histories[{i}][{j}] is {shorten(event)}, which is not an item of the catalogue.")
    weights = np.array([max(event_weight(event), 0.0) for event in events])
    if not weights.sum() > 0:
        return np.zeros(shares.shape[1])
    return weights @ shares[[index[event_item(event)] for event in events]] / weights.sum()


def _shares(categories, n_items: int) -> np.ndarray:
    """Give the share of each category in each item, shape (n_items, n_categories)."""
    values = np.asarray(categories)
    if len(values) != n_items:
        raise ValueError(f"categories has {len(values)} rows for {n_items} items: one row an item is needed.")
    if values.ndim == 1:
        refuse_missing(categories, "categories", "every item needs a category, give those without one a name.")
        names, codes = np.unique(values.astype(str), return_inverse=True)
        return np.eye(len(names))[codes]
    table = check_array(values, dtype=np.float64, ensure_non_negative=True, input_name="categories")
    sums = table.sum(axis=1, keepdims=True)
    if not sums.all():
        raise ValueError(f"categories[{int(np.flatnonzero(sums == 0)[0])}] is all 0: every item needs a category.")
    return table / sums
