"""Novelty: how little known the recommended items are."""

from collections import Counter

import numpy as np

from .._histories import as_rows
from .._history import items_of_users
from .._ids import encode_lists, refuse_other_types
from ._hits import summarise


def novelty(recommended, histories, k=10, *, average=True):
    r"""Compute the mean self-information of the recommended items, in bits.

    An item that n of N histories hold is worth :math:`-\log_2 \frac{n + 1}{N + 1}`: 0 for one that everybody knows,
    :math:`\log_2(N + 1)` for one that nobody has met. Without the two ones, which keep it finite, it is the measure
    of [1]_.

    Parameters
    ----------
    recommended : array-like of shape (n_queries, n_columns), or sequence of sequences
        Item ids, best first, as ``recommend`` gives them; None fills short rows.
    histories : Interactions, or sequence of sequences
        What was known before: the training histories, one for each user, as a recommender takes them. Rows of one user
        of `make_queries` count as one.
    k : int, default=10
        How many of each list count.
    average : bool, default=True
        Whether to average over the queries.

    Returns
    -------
    float or ndarray of shape (n_queries,)
        Bits; one value for each query if `average` is False. An empty list has NaN, and the mean leaves it out.

    Raises
    ------
    ValueError
        If `k` is less than 1, there is no history, all lists are empty, a list holds an item twice, or ids
        of both sides share no type.

    References
    ----------
    .. [1] Tao Zhou et al. "Solving the apparent diversity-accuracy dilemma of recommender systems". PNAS 107, 2010.

    Examples
    --------
    >>> from sklearn_llmtokens.recommend import novelty
    >>> novelty([["a"], ["b"]], [["a"], ["a", "c"], ["a"]])
    1.0
    """
    known = items_of_users(as_rows(histories))
    if not known:
        raise ValueError("histories is empty: pass the histories that the recommender was fitted on.")
    codes, index = encode_lists(recommended, k=k)
    n_known = Counter(item for items in known for item in items)
    refuse_other_types(index, n_known, ("recommended", "histories"))
    bits = np.array([-np.log2((n_known[item] + 1) / (len(known) + 1)) for item in index] or [0.0])
    shown = codes >= 0
    n_shown = shown.sum(axis=1)
    total = np.where(shown, bits[np.maximum(codes, 0)], 0.0).sum(axis=1)
    return summarise(np.divide(total, n_shown, out=np.full(len(codes), np.nan), where=n_shown > 0), average)
