"""Recall: the share of what is relevant that the list holds; with one target for each query, the hit rate."""

from ._hits import find_hits, summarise


def recall_at_k(y_true, recommended, k=10, *, average=True):
    """Compute the share of relevant items that are among the first k of the list.

    With one relevant item for each query this is the hit rate, HR@k.

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
    >>> from sklearn_llmtokens.recommend import recall_at_k
    >>> recall_at_k(["a", "c"], [["b", "a"], ["a", "b"]], k=2)
    0.5
    """
    hits = find_hits(y_true, recommended, k)
    return summarise(hits.is_hit.sum(axis=1) / hits.n_relevant, average)
