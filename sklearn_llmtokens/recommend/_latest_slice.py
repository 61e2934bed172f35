"""The latest part of training sequences, held out to learn the weights of recommenders."""

from dataclasses import dataclass

import numpy as np

from ._fusion_weights import FEWEST_QUERIES
from ._histories import Histories
from ._known_sequences import has_two_items

_QUANTILE = 0.9
PRETENDED_COLD = 0.1  # share of the items whose events are hidden while weights are learnt


@dataclass(frozen=True)
class HeldOut:
    """The latest events, from which weights are learnt, and what came before them.

    Attributes
    ----------
    earlier : Histories
        Sequences for the recommenders to learn from.
    queries : Histories
        What came before each held-out event.
    target_idx : ndarray of shape (n,), dtype=intp
        The items of these events.
    is_back : ndarray of shape (n,), dtype=bool
        Whether a query is a whole sequence as it was at the cut, of two different items at least: nothing has happened
        since. False without times.
    is_known : ndarray of shape (n_items,), dtype=bool
        Whether an item has an event in `earlier`.
    is_cut : bool
        Whether the sequences were cut at one moment.
    hides_items : bool
        Whether the events of some items are left out of `earlier`, because few targets are new by themselves.
    rng : numpy.random.Generator
        Draws what stands for the catalogue.
    """

    earlier: Histories
    queries: Histories
    target_idx: np.ndarray
    is_back: np.ndarray
    is_known: np.ndarray
    is_cut: bool
    hides_items: bool
    rng: np.random.Generator


def hold_out(sequences: Histories, n_items: int, n_validation: int, *, again: bool = False) -> HeldOut | None:
    """Hold out the latest events of training sequences; None where there are too few to learn from.

    Those of an item that was in the sequence before are held out only if `again` is True.
    """
    rng = np.random.default_rng(0)
    earlier, queries, target_idx, is_back, is_cut = latest_slice(sequences, n_validation, again=again)
    n_new = (~is_known(earlier, n_items))[target_idx].sum()
    hides_items = sequences.times is None or bool(n_new < FEWEST_QUERIES)
    if hides_items:
        is_hidden = rng.random(n_items) < PRETENDED_COLD
        earlier = earlier.where(~is_hidden[earlier.item_idx])
    has_events = is_known(earlier, n_items)
    if len(target_idx) < FEWEST_QUERIES or not has_events.any():
        return None
    return HeldOut(earlier, queries, target_idx, is_back, has_events, is_cut, hides_items, rng)


def latest_slice(
    sequences: Histories, n_queries: int, *, again: bool = True
) -> tuple[Histories, Histories, np.ndarray, np.ndarray, bool]:
    """Hold out the latest events of sequences that are wanted: those whose weight is above 0.

    With times, sequences are cut at the 0.9 quantile of all times, and the first, the middle and the last event after
    it that have one before them are held out: what comes after a pause, and what comes next in a visit. Without times,
    or where few sequences go on after it, it is the last event of every sequence of three events or more, and of half
    of those of two, drawn at random. The others of these stay whole, because what is left of one that is cut says
    nothing of what is clicked together.

    Parameters
    ----------
    sequences : Histories
        Training sequences.
    n_queries : int
        Largest number of held-out events; they are taken evenly from all.
    again : bool, default=True
        Whether an event is wanted whose item was in the sequence before.

    Returns
    -------
    earlier : Histories
        The sequences without what was held out.
    queries : Histories
        What came before each held-out event.
    target_idx : ndarray of shape (n_held_out,), dtype=intp
        The items of these events.
    is_back : ndarray of shape (n_held_out,), dtype=bool
        Whether the query is all of the sequence before the cut, of two different items at least. False without a cut.
    is_cut : bool
        Whether there is a cut.

    Examples
    --------
    >>> sequences = Histories(np.array([0, 3, 5, 7]), np.array([5, 6, 7, 8, 9, 5, 8]))
    >>> earlier, queries, target_idx, *_ = latest_slice(sequences, 10)
    >>> earlier.item_idx, queries.item_idx, target_idx
    (array([5, 6, 8, 5, 8]), array([5, 6, 8]), array([7, 9]))
    """
    is_wanted = _wanted(sequences, again)
    ends = _ends(sequences, is_wanted)
    pairs = np.random.default_rng(0).permutation(np.flatnonzero(ends == 2))
    held = np.sort(np.concatenate([np.flatnonzero(ends >= 3), pairs[: len(pairs) // 2]]))
    n_kept, places, is_cut = np.where(ends >= 3, ends - 1, sequences.lengths), ends[held] - 1, False
    if sequences.times is not None:
        n_before = _events_before(sequences)
        later = np.flatnonzero((ends >= 2) & (n_before < ends))
        is_cut = len(later) >= min(n_queries, len(held)) // 20
        if is_cut:
            n_kept, (held, places) = n_before, _first_middle_last(sequences, later, n_before, ends, is_wanted)
    if len(held) > n_queries:
        kept = np.linspace(0, len(held) - 1, n_queries).astype(np.intp)
        held, places = held[kept], places[kept]
    if not is_cut:
        n_kept[held] = places
    target_idx = sequences.item_idx[sequences.indptr[held] + places]
    queries = _first_events(sequences.take(held), places)
    is_back = (places == n_kept[held]) & is_cut & has_two_items(queries)
    return _first_events(sequences, n_kept), queries, target_idx, is_back, bool(is_cut)


def _first_middle_last(
    sequences: Histories, later: np.ndarray, n_before: np.ndarray, ends: np.ndarray, is_wanted: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return sequences and places of up to three wanted events of each sequence in `later`."""
    first, last = np.maximum(n_before[later], 1), ends[later] - 1
    pairs = np.concatenate([np.column_stack([later, place]) for place in (first, (first + last) // 2, last)])
    held, places = np.unique(pairs, axis=0).T
    kept = is_wanted[sequences.indptr[held] + places]
    return held[kept], places[kept]


def _wanted(sequences: Histories, again: bool) -> np.ndarray:
    """Check which events may be held out: of a weight above 0, and, but for `again`, of an item for the first time.

    Examples
    --------
    >>> sequences = Histories(np.array([0, 4, 6]), np.array([5, 6, 5, 7, 7, 7]), np.float32([1, 2, 1, -1, 1, 1]))
    >>> _wanted(sequences, again=False)
    array([ True,  True, False, False,  True, False])
    """
    is_wanted = np.ones(len(sequences.item_idx), dtype=bool)
    if not again:
        rows, items = sequences.row_idx, sequences.item_idx
        order = np.lexsort((items, rows))  # stable: events of one item stay in their order
        is_wanted[order[1:]] = (np.diff(rows[order]) != 0) | (np.diff(items[order]) != 0)
    return is_wanted if sequences.weights is None else is_wanted & (sequences.weights > 0)


def _ends(sequences: Histories, is_wanted: np.ndarray) -> np.ndarray:
    """Return how many events of each sequence there are up to the last wanted one.

    Examples
    --------
    >>> _ends(Histories(np.array([0, 3, 4]), np.array([5, 6, 7, 8])), np.array([True, True, False, False]))
    array([2, 0])
    """
    ends = np.zeros(sequences.n_histories, dtype=np.int64)
    wanted = np.flatnonzero(is_wanted)
    rows = sequences.row_idx[wanted]
    np.maximum.at(ends, rows, wanted - sequences.indptr[rows] + 1)
    return ends


def _events_before(sequences: Histories) -> np.ndarray:
    """Return how many events of each sequence are not after the quantile; one without a time is like the one before."""
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
    """Return the first `n` events of each sequence."""
    position = np.arange(len(sequences.item_idx)) - np.repeat(sequences.indptr[:-1], sequences.lengths)
    events = np.flatnonzero(position < np.repeat(n, sequences.lengths))
    return sequences.select(events, np.concatenate([[0], np.cumsum(n)]))


def is_known(sequences: Histories, n_items: int) -> np.ndarray:
    """Check which items have an event, shape (n_items,)."""
    return np.bincount(sequences.item_idx, minlength=n_items) > 0
