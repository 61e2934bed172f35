"""Coverage: how much of the catalogue is recommended to anybody."""

import numpy as np

from .._ids import encode_lists, item_index


def catalog_coverage(recommended, items, k=10):
    """Compute the share of the catalogue that is in at least one list.

    Parameters
    ----------
    recommended : array-like of shape (n_queries, n_columns), or sequence of sequences
        Item ids, best first, as ``recommend`` gives them; None fills short rows.
    items : Catalog or array-like of shape (n_items,)
        The catalogue, or its ids.
    k : int, default=10
        How many of each list count.

    Returns
    -------
    float
        Between 0 and 1. It grows with the number of queries: compare at equal numbers.

    Raises
    ------
    ValueError
        If `k` is less than 1, a recommended item is not in the catalogue, or a list holds an item twice.

    Examples
    --------
    >>> from sklearn_llmtokens.recommend import catalog_coverage
    >>> catalog_coverage([["a", "b"], ["a", None]], ["a", "b", "c", "d"])
    0.5
    """
    index = item_index(items)
    codes, _ = encode_lists(recommended, index, k)
    return len(np.unique(codes[codes >= 0])) / len(index)
