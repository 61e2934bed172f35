"""The latest part of training sequences, held out to learn from it what the rest is good for."""

import numpy as np

from ._histories import Histories

_QUANTILE = 0.9


def latest_slice(sequences: Histories, n_queries: int) -> tuple[Histories, Histories, np.ndarray]:
    """Hold out the latest event of sequences.

    With times, sequences are cut at the 0.9 quantile of all times, and the last event of those that go on after it is
    held out. Without times, or where few do, it is the last event of every sequence of two events or more.

    Parameters
    ----------
    sequences : Histories
        Training sequences.
    n_queries : int
        Largest number of held-out events; they are taken evenly from all.

    Returns
    -------
    earlier : Histories
        The sequences without what was held out.
    queries : Histories
        What came before each held-out event.
    target_idx : ndarray of shape (n_held_out,), dtype=intp
        The items of these events.

    Examples
    --------
    >>> sequences = Histories(np.array([0, 3, 4, 6]), np.array([5, 6, 7, 8, 9, 5]))
    >>> earlier, queries, target_idx = latest_slice(sequences, 10)
    >>> earlier.item_idx, queries.item_idx, target_idx
    (array([5, 6, 8, 9]), array([5, 6, 9]), array([7, 5]))
    """
    lengths = sequences.lengths
    n_kept = np.where(lengths >= 2, lengths - 1, lengths)
    held = np.flatnonzero(lengths >= 2)
    if sequences.times is not None:
        n_before = _events_before(sequences)
        later = np.flatnonzero((n_before >= 1) & (n_before < lengths))
        if len(later) >= min(n_queries, len(held)) // 20:
            n_kept, held = n_before, later
    if len(held) > n_queries:
        held = held[np.linspace(0, len(held) - 1, n_queries).astype(np.intp)]
    target_idx = sequences.item_idx[sequences.indptr[held + 1] - 1]
    queries = sequences.take(held)
    return _first_events(sequences, n_kept), _first_events(queries, queries.lengths - 1), target_idx


def _events_before(sequences: Histories) -> np.ndarray:
    """Give how many events of each sequence are not after the quantile; one without a time is like the one before."""
    times = sequences.times
    assert times is not None
    known = ~np.isnan(times)
    cut = np.quantile(times[known], _QUANTILE)
    starts = np.zeros(len(times), dtype=bool)
    starts[sequences.indptr[:-1][sequences.lengths > 0]] = True
    source = np.maximum.accumulate(np.where(known | starts, np.arange(len(times)), 0))
    is_before = ~(times[source] > cut)
    return np.bincount(sequences.row_idx[is_before], minlength=sequences.n_histories)


def _first_events(sequences: Histories, n: np.ndarray) -> Histories:
    """Give the first `n` events of each sequence."""
    position = np.arange(len(sequences.item_idx)) - np.repeat(sequences.indptr[:-1], sequences.lengths)
    events = np.flatnonzero(position < np.repeat(n, sequences.lengths))
    return sequences.select(events, np.concatenate([[0], np.cumsum(n)]))
