"""The latest part of training sequences, held out to learn from it what the rest is good for."""

import numpy as np

from ._histories import Histories

_QUANTILE = 0.9


def latest_slice(sequences: Histories, n_queries: int) -> tuple[Histories, Histories, np.ndarray]:
    """Hold out the latest event of sequences that is wanted: one whose weight is above 0.

    With times, sequences are cut at the 0.9 quantile of all times, and the last event of those that go on after it is
    held out. Without times, or where few do, it is the last event of every sequence of three events or more, and of
    half of those of two, drawn at random. The others of these stay whole, because what is left of one that is cut says
    nothing of what is clicked together.

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
    >>> sequences = Histories(np.array([0, 3, 5, 7]), np.array([5, 6, 7, 8, 9, 5, 8]))
    >>> earlier, queries, target_idx = latest_slice(sequences, 10)
    >>> earlier.item_idx, queries.item_idx, target_idx
    (array([5, 6, 8, 5, 8]), array([5, 6, 8]), array([7, 9]))
    """
    ends = _ends(sequences)
    pairs = np.random.default_rng(0).permutation(np.flatnonzero(ends == 2))
    held = np.sort(np.concatenate([np.flatnonzero(ends >= 3), pairs[: len(pairs) // 2]]))
    n_kept = np.where(ends >= 3, ends - 1, sequences.lengths)
    is_cut = False
    if sequences.times is not None:
        n_before = _events_before(sequences)
        later = np.flatnonzero((n_before >= 1) & (n_before < ends))
        is_cut = len(later) >= min(n_queries, len(held)) // 20
        if is_cut:
            n_kept, held = n_before, later
    if len(held) > n_queries:
        held = held[np.linspace(0, len(held) - 1, n_queries).astype(np.intp)]
    if not is_cut:
        n_kept[held] = ends[held] - 1
    target_idx = sequences.item_idx[sequences.indptr[held] + ends[held] - 1]
    return _first_events(sequences, n_kept), _first_events(sequences.take(held), ends[held] - 1), target_idx


def _ends(sequences: Histories) -> np.ndarray:
    """Give how many events of each sequence there are up to the last one whose weight is above 0.

    Examples
    --------
    >>> _ends(Histories(np.array([0, 3, 4]), np.array([5, 6, 7, 8]), np.float32([1, 2, -1, 0])))
    array([2, 0])
    """
    if sequences.weights is None:
        return sequences.lengths
    ends = np.zeros(sequences.n_histories, dtype=np.int64)
    wanted = np.flatnonzero(sequences.weights > 0)
    rows = sequences.row_idx[wanted]
    np.maximum.at(ends, rows, wanted - sequences.indptr[rows] + 1)
    return ends


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
