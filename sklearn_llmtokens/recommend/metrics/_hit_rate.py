"""Hit rate: the share of queries whose list holds something relevant."""

import numpy as np

from ._hits import find_hits, summarise


def hit_rate_at_k(y_true, recommended, k=10, *, average=True):
    """Compute the share of queries with a relevant item among the first k of the list: HR@k.

    With one relevant item for each query it is the recall.

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
        Between 0 and 1; 0 or 1 for each query if `average` is False.

    Raises
    ------
    ValueError
        If `k` is less than 1, the numbers of rows differ, a query has no relevant item, or a list holds an item twice.

    Examples
    --------
    >>> from sklearn_llmtokens.recommend import hit_rate_at_k
    >>> hit_rate_at_k([["a", "c"], ["c"]], [["b", "a"], ["a", "b"]], k=2)
    0.5
    """
    is_hit = find_hits(y_true, recommended, k).is_hit
    return summarise(np.asarray(is_hit.any(axis=1), dtype=np.float64), average)
