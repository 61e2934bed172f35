"""Normalised discounted cumulative gain: hits further up count more."""

import numpy as np

from ._hits import find_hits, summarise


def ndcg_at_k(y_true, recommended, k=10, *, average=True):
    r"""Compute the normalised discounted cumulative gain at k, with relevance 0 or 1.

    A hit in place r adds :math:`1 / \log_2(r + 1)`; the sum is divided by that of the best list there is [1]_. With
    one relevant item for each query it is that one term.

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

    References
    ----------
    .. [1] Kalervo Järvelin, Jaana Kekäläinen. "Cumulated gain-based evaluation of IR techniques". ACM TOIS 20, 2002.

    Examples
    --------
    >>> from sklearn_llmtokens.recommend import ndcg_at_k
    >>> ndcg_at_k(["a", "c"], [["a", "b"], ["b", "c"]], k=2)
    0.815
    """
    hits = find_hits(y_true, recommended, k)
    gain = hits.is_hit @ _discount(hits.is_hit.shape[1])
    best = np.concatenate([[0.0], np.cumsum(_discount(k))])
    return summarise(gain / best[np.minimum(hits.n_relevant, k)], average)


def _discount(n: int) -> np.ndarray:
    """Return the weight of each of the first n places, shape (n,)."""
    return 1 / np.log2(np.arange(2, n + 2))
