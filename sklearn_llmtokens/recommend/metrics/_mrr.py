"""Reciprocal rank: how far up the first relevant item stands."""

import numpy as np

from ._hits import find_hits, summarise


def mrr_at_k(y_true, recommended, k=10, *, average=True):
    """Compute the mean reciprocal rank of the first relevant item, 0 where none is among the first k.

    Parameters
    ----------
    y_true : array-like of shape (n_queries,), or sequence of collections
        The item that was relevant to each query, or a collection of them.
    recommended : array-like of shape (n_queries, n_columns), or sequence of sequences
        Item ids, best first, as ``recommend`` gives them; None fills short rows.
    k : int, default=10
        How many of each list count.
    average : bool, default=True
        Whether to average over the queries.

    Returns
    -------
    float or ndarray of shape (n_queries,)
        Between 0 and 1; one value for each query if `average` is False.

    Raises
    ------
    ValueError
        If `k` is less than 1, the numbers of rows differ, a query has no relevant item, or a list holds an item twice.

    Examples
    --------
    >>> from sklearn_llmtokens.recommend import mrr_at_k
    >>> mrr_at_k(["a", "c"], [["b", "a"], ["a", "b"]], k=2)
    0.25
    """
    is_hit = find_hits(y_true, recommended, k).is_hit
    reciprocal = is_hit / np.arange(1, is_hit.shape[1] + 1)
    return summarise(reciprocal.max(axis=1, initial=0.0), average)
