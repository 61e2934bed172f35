"""Which recommended items are relevant: what the measures of accuracy have in common."""

from dataclasses import dataclass
from itertools import chain

import numpy as np

from .._ids import as_sets, encode_lists, refuse_other_types


@dataclass(frozen=True)
class Hits:
    """Relevant places of ranked lists.

    Attributes
    ----------
    is_hit : ndarray of shape (n_queries, n_columns), dtype bool
        Whether the item in each place is relevant.
    n_relevant : ndarray of shape (n_queries,), dtype int64
        How many items are relevant to each query, recommended or not.
    """

    is_hit: np.ndarray
    n_relevant: np.ndarray


def find_hits(y_true, recommended, k: int) -> Hits:
    """Find the relevant items among the first k of each list.

    Parameters
    ----------
    y_true : array-like of shape (n_queries,), or sequence of collections
        One item id, or a collection of them, for each query.
    recommended : array-like of shape (n_queries, n_columns), or sequence of sequences
        Item ids, best first; None fills short rows.
    k : int
        How many of each list count.

    Returns
    -------
    Hits
        The places and the numbers of relevant items.

    Raises
    ------
    ValueError
        If the input is not as described, an item is twice in a list, or ids of both sides share no type.

    Examples
    --------
    >>> find_hits(["a", "c"], [["b", "a"], ["a", "b"]], k=2).is_hit
    array([[False,  True],
           [False, False]])
    """
    codes, index = encode_lists(recommended, k=k)
    if not len(codes):
        raise ValueError("recommended is empty: pass the list of at least one query.")
    relevant = as_sets(y_true, len(codes))
    refuse_other_types(chain.from_iterable(relevant), index, ("y_true", "recommended"))
    is_hit = np.zeros(codes.shape, dtype=bool)
    for i, items in enumerate(relevant):
        for item in items:
            code = index.get(item)
            if code is not None:
                is_hit[i] |= codes[i] == code
    return Hits(is_hit, np.array([len(items) for items in relevant], dtype=np.int64))


def summarise(values: np.ndarray, average: bool):
    """Return the mean of `values`, or the values themselves.

    Parameters
    ----------
    values : ndarray of shape (n_queries,)
        One value per query; NaN where a query has none.
    average : bool
        Whether to average.

    Returns
    -------
    float or ndarray of shape (n_queries,)
        The mean over the queries that have a value, or all values.

    Raises
    ------
    ValueError
        If no query has a value.
    """
    if not average:
        return values
    has_value = ~np.isnan(values)
    if not has_value.any():
        raise ValueError("No list is long enough to be measured: nothing was recommended.")
    return float(values[has_value].mean())
