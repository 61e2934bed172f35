"""Batches of about equal cost over a total order, with next to no padding. Pure functions over lengths."""

from collections.abc import Sequence

import numpy as np


def token_budget_batches(lengths: Sequence[int], budget: int, *, equal: bool = False) -> list[np.ndarray]:
    """Cut sequences into batches of at most `budget` tokens, padding included.

    Sequences are taken longest first, so that a batch that does not fit into memory is met at once and neighbours in a
    batch are of nearly one length. Equal lengths keep the order they came in.

    Parameters
    ----------
    lengths : sequence of int of length n_sequences
        Tokens of each sequence; none may be 0.
    budget : int
        Most tokens of a batch, counted as rows times the longest. A longer sequence is a batch of its own.
    equal : bool, default=False
        Whether the sequences of a batch must be of one length, so that there is no padding at all.

    Returns
    -------
    list of ndarray of int
        Indices of the sequences, a batch each; together a permutation of ``range(n_sequences)``.

    Examples
    --------
    >>> token_budget_batches([2, 9, 3, 2], budget=9)
    [array([1]), array([2, 0, 3])]
    """
    n_tokens = np.asarray(lengths, dtype=np.int64)
    order = np.argsort(-n_tokens, kind="stable")
    falling = -n_tokens[order]
    batches = []
    start = 0
    while start < len(order):
        longest = int(n_tokens[order[start]])
        stop = start + max(1, budget // longest)
        if equal:
            stop = min(stop, int(np.searchsorted(falling, -longest, side="right")))
        batches.append(order[start:stop])
        start = stop
    return batches


def total_order(texts: Sequence[str], idx: np.ndarray | None = None) -> np.ndarray:
    """Order texts by length, then by their characters.

    Shards cut from this order hold texts of nearly one length, and hold the same texts in whatever order these came,
    which makes a row independent of the order of the input.

    Parameters
    ----------
    texts : sequence of str
        Distinct texts.
    idx : ndarray of shape (n,), optional
        The texts to be ordered, by default all of them.

    Returns
    -------
    ndarray of shape (n,), dtype=intp
        Their indices in this order.

    Examples
    --------
    >>> total_order(["bb", "c", "aa"])
    array([1, 2, 0])
    """
    if idx is None:
        idx = np.arange(len(texts))
    if len(idx) < 2:
        return idx.copy()
    lengths = np.fromiter((len(texts[int(i)]) for i in idx), np.int64, len(idx))
    order = idx[np.argsort(lengths, kind="stable")]
    lengths.sort()
    # The texts of one length at a time: a list of all indices would take five times the memory of the array.
    for same in np.split(order, np.flatnonzero(np.diff(lengths)) + 1):
        same[:] = sorted(same.tolist(), key=texts.__getitem__)
    return order
