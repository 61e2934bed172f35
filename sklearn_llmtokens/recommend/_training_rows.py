"""From the rows of a fit to training sequences, in which a user counts once."""

from collections.abc import Sequence

import numpy as np

from ._catalog import Catalog
from ._histories import Histories, as_histories, as_rows, as_targets
from ._ids import event_item


def read_training(X, y, catalog: Catalog, *, unknown: str = "error") -> Histories:
    """Read the rows of a fit as sequences.

    Parameters
    ----------
    X : list, array or Series of histories
        As `as_histories` takes them.
    y : sequence of str or int, length n_rows, or None
        The item that followed each; None takes the histories as they are.
    catalog : Catalog
        Where ids are looked up.
    unknown : {"error", "ignore"}, default="error"
        Whether an id that is not in the catalogue is an error, or its event is left out.

    Returns
    -------
    Histories
        The sequences.

    Raises
    ------
    ValueError
        If there is no row, an id is not in the catalogue, or `y` has another length.
    TypeError
        If a row is not a sequence, or an id is neither a str nor an int.
    """
    rows = as_rows(X)
    if not len(rows):
        raise ValueError("Found array with 0 sample(s): X has no history. X=None fits without any.")
    if y is None:
        return as_histories(rows, catalog, unknown=unknown)
    y_idx = as_targets(y, catalog, len(rows), unknown=unknown)
    is_start, goes_on = starts_of_others(rows, y.tolist() if hasattr(y, "tolist") else list(y))
    kept = np.flatnonzero(~(is_start & goes_on))  # what absorbs no row of its own array may absorb another one
    try:
        histories = as_histories([rows[i] for i in kept], catalog, unknown=unknown)
    except (TypeError, ValueError):
        as_histories(rows, catalog, unknown=unknown)  # whose complaint counts all rows
        raise
    return training_sequences(histories, y_idx[kept], (is_start[kept], goes_on[kept])).known()


def starts_of_others(rows: Sequence, targets: list) -> tuple[np.ndarray, np.ndarray]:
    """Say of each row whether it is the start of another row in memory, which goes on with its target.

    `make_queries` gives such rows: n of them hold n * n / 2 events, and only the longest one needs to be read. As in
    `training_sequences`, a row absorbs one other row at most.

    Parameters
    ----------
    rows : sequence of histories
        Rows that are no 1-D arrays are never the start of another one.
    targets : list, length n_rows
        The item that followed each.

    Returns
    -------
    is_start : ndarray of shape (n_rows,), dtype=bool
        True where another row says it all.
    goes_on : ndarray of shape (n_rows,), dtype=bool
        True for those other rows.

    Examples
    --------
    >>> items = np.array([3, 1, 2])
    >>> starts_of_others([items[:1], items[:2], np.array([3])], [1, 2, 1])
    (array([ True, False, False]), array([False,  True, False]))
    """
    starts = [_start_in_memory(row) for row in rows]
    waiting: dict[tuple, list[int]] = {}
    for i, start in enumerate(starts):
        if start is not None:
            waiting.setdefault((start, len(rows[i])), []).append(i)
    is_start, goes_on = np.zeros(len(rows), dtype=bool), np.zeros(len(rows), dtype=bool)
    for i, start in enumerate(starts):
        longer = waiting.get((start, len(rows[i]) + 1)) if start is not None else None
        if longer and event_item(rows[longer[-1]][-1]) == targets[i]:
            goes_on[longer.pop()] = True
            is_start[i] = True
    return is_start, goes_on


def _start_in_memory(row) -> tuple | None:
    if type(row) is not np.ndarray or row.ndim != 1:
        return None
    return row.__array_interface__["data"][0], row.dtype.str, row.strides


def training_sequences(
    histories: Histories, y_idx: np.ndarray, known: tuple[np.ndarray, np.ndarray] | None = None
) -> Histories:
    """Put each history and the item that followed into one sequence, and count a user once.

    Where every event of a user is a row of its own, the sequence of a row is the history of the next one. Such a row is
    absorbed by that next one, each row absorbing one at most, so that the user's longest sequence is what is left.

    Parameters
    ----------
    histories : Histories
        The rows of `X`.
    y_idx : ndarray of shape (n_histories,), dtype=intp
        The item that followed each.
    known : pair of ndarrays of shape (n_histories,), dtype=bool, default=None
        Which rows are absorbed already, and which have absorbed one: as `starts_of_others` gives them.

    Returns
    -------
    Histories
        The sequences.

    Examples
    --------
    >>> histories = as_histories([["a"], ["a", "b"], ["c"]], Catalog(["a", "b", "c"]))
    >>> sequences = training_sequences(histories, np.array([1, 2, 0]))
    >>> [part.tolist() for part in np.split(sequences.item_idx, sequences.indptr[1:-1])]
    [[0, 1, 2], [2, 0]]
    """
    known = known or (np.zeros(len(y_idx), dtype=bool), np.zeros(len(y_idx), dtype=bool))
    kept = np.flatnonzero(~_absorbed(histories, y_idx, *known))
    histories, y_idx = histories.take(kept), y_idx[kept]
    indptr = histories.indptr + np.arange(len(histories.indptr))
    last = indptr[1:] - 1

    def with_targets(values, targets):
        out = np.empty(indptr[-1], dtype=values.dtype)
        is_last = np.zeros(len(out), dtype=bool)
        is_last[last] = True
        out[is_last], out[~is_last] = targets, values
        return out

    return Histories(
        indptr,
        with_targets(histories.item_idx, y_idx),
        None if histories.weights is None else with_targets(histories.weights, 1.0),
        None if histories.times is None else with_targets(histories.times, np.nan),
    )


def _absorbed(histories: Histories, y_idx: np.ndarray, is_start: np.ndarray, goes_on: np.ndarray) -> np.ndarray:
    """Say of each row whether its whole sequence is the history of another row."""
    items, times = histories.item_idx.astype(np.int64), histories.times
    bounds = list(zip(histories.indptr[:-1].tolist(), histories.indptr[1:].tolist(), strict=True))
    waiting: dict[tuple[bytes, bytes], list[int]] = {}
    for row, (start, stop) in enumerate(bounds):
        if stop > start and not goes_on[row]:
            # the time of the last event is that of the other row's target, which is not known
            key = items[start:stop].tobytes(), b"" if times is None else times[start : stop - 1].tobytes()
            waiting.setdefault(key, []).append(row)
    absorbed = is_start.copy()
    for row, (start, stop) in enumerate(bounds):
        if is_start[row]:
            continue
        sequence = items[start:stop].tobytes() + np.int64(y_idx[row]).tobytes()
        others = waiting.get((sequence, b"" if times is None else times[start:stop].tobytes()))
        if others:
            others.pop()
            absorbed[row] = True
    return absorbed
