"""The Gini coefficient of exposure: how unevenly places in the lists are shared among the items."""

import numpy as np

from .._exposures import exposures
from .._ids import encode_lists, item_index


def exposure_gini(recommended, items, k=10, *, position_weights="uniform"):
    """Compute the Gini coefficient of the exposure that items get.

    Parameters
    ----------
    recommended : array-like of shape (n_queries, n_columns), or sequence of sequences
        Item ids, best first, as ``recommend`` gives them; None fills short rows.
    items : Catalog or array-like of shape (n_items,)
        The catalogue, or its ids: an item that is never recommended counts, with exposure 0.
    k : int, default=10
        How many of each list count.
    position_weights : {"uniform", "log"}, default="uniform"
        What a place is worth: 1, or 1 / log2(rank + 1), as readers look less at places further down.

    Returns
    -------
    float
        0 where all items get the same, ``1 - 1 / n_items`` where one item gets all.

    Raises
    ------
    ValueError
        If `k` is less than 1, nothing is recommended, a recommended item is not in the catalogue, or a list holds an
        item twice.

    Examples
    --------
    >>> from sklearn_llmtokens.recommend import exposure_gini
    >>> exposure_gini([["a", "b"], ["c", "d"]], ["a", "b", "c", "d"])
    0.0
    >>> exposure_gini([["a"], ["a"]], ["a", "b", "c", "d"])
    0.75
    """
    index = item_index(items)
    codes, _ = encode_lists(recommended, index, k)
    exposure = exposures(codes, len(index), position_weights)
    if not exposure.any():
        raise ValueError("Nothing was recommended: exposure has no distribution.")
    return gini(exposure)


def gini(values: np.ndarray) -> float:
    """Return the Gini coefficient of non-negative values; 0 where all are 0.

    Parameters
    ----------
    values : ndarray of shape (n,)
        The values.

    Returns
    -------
    float
        Half the mean absolute difference of two values, divided by their mean.

    Examples
    --------
    >>> gini(np.array([1.0, 3.0]))
    0.25
    """
    n, total = len(values), float(values.sum())
    if total == 0:
        return 0.0
    ranks = np.arange(1, n + 1)
    return max(float(((2 * ranks - n - 1) * np.sort(values)).sum() / (n * total)), 0.0)
