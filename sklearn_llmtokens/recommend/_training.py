"""From the rows of a fit to training sequences: one for each user, in which an event counts once.

Two rows show the same event if it stands at the same place among the events of the same user, and for no other reason.
Rows of `make_queries` know user and place. Rows made by hand begin with the first event of their user, whom `groups`
names. Rows without users are one user each: no comparison of contents makes one person of two.
"""

import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from .._utils._columns import read_column
from .._utils._messages import shorten
from .._utils._warnings import stacklevel_of_caller
from ..exceptions import TrainingRowsWarning
from ._catalog import Catalog
from ._histories import Histories, as_rows, as_targets, given_events
from ._history import History, distinct_events
from ._splitting import as_codes, rows_of_groups


def read_training(X, y, groups, catalog: Catalog, *, unknown: str = "error") -> Histories:
    """Read the rows of a fit as sequences, one for each user.

    Parameters
    ----------
    X : Interactions, or list, array or Series of histories
        As `given_events` takes them.
    y : sequence of str or int, length n_rows, or None
        The item that followed each; None takes the histories as they are.
    groups : array-like of shape (n_rows,) or None
        The user of each row.
    catalog : Catalog
        Where ids are looked up.
    unknown : {"error", "ignore"}, default="error"
        Whether an id that is not in the catalogue is an error, or its event is left out.

    Returns
    -------
    Histories
        The sequences, in the order in which their users come first.

    Raises
    ------
    ValueError
        If there is no row, an id is not in the catalogue, lengths differ, or rows of one user contradict each other.
    TypeError
        If a row is not a sequence, or an id is neither a str nor an int.
    """
    rows = as_rows(X)
    if not len(rows):
        raise ValueError("Found array with 0 sample(s): X has no history. X=None fits without any.")
    if y is None and isinstance(X, np.ndarray):
        _warn_of_events(X)
    y_idx = None if y is None else as_targets(y, catalog, len(rows), unknown=unknown)
    known = _known(rows)
    if not len(known) and groups is None:
        sequences = _appended(given_events(rows, catalog, unknown=unknown), y_idx).known()
        if y_idx is not None:
            _warn_of_growth(sequences)
        return sequences

    users = _users(rows, known, groups)
    kept = np.delete(np.arange(len(rows)), known[_covered([rows[i] for i in known.tolist()])])
    try:
        histories = given_events([rows[i] for i in kept.tolist()], catalog, unknown=unknown)
    except (TypeError, ValueError):
        given_events(rows, catalog, unknown=unknown)  # whose error message counts all rows
        raise
    starts = np.full(len(rows), -1)
    starts[known] = [rows[i].start for i in known]
    shown = _of_histories(histories, kept, users, starts)
    if y_idx is not None:
        followed = _followed(rows, known, read_column(y, "y").tolist())
        _warn_of_order(rows, known, followed)
        ends = np.zeros(len(rows), dtype=np.int64)
        ends[kept] = np.bincount(histories.row_idx[histories.item_idx >= 0], minlength=len(kept))
        ends[known] = [rows[i].stop for i in known]
        shown = shown.joined(_of_targets(y_idx, users, ends, followed))
    return _united(shown.take(np.flatnonzero(shown.item_idx >= 0)), int(users.max()) + 1, catalog)


def read_targets(rows: Sequence, y_idx: np.ndarray, groups) -> Histories:
    """Return what followed the rows of each user as one sequence, where histories are of something else.

    Parameters
    ----------
    rows : sequence of histories, length n_rows
        As `as_rows` returns them.
    y_idx : ndarray of shape (n_rows,), dtype=intp
        The item that followed each.
    groups : array-like of shape (n_rows,) or None
        The user of each row.

    Returns
    -------
    Histories
        The sequences.

    Examples
    --------
    >>> sequences = read_targets([["x", "y"], ["z"], ["x"]], np.array([5, 6, 7]), ["u", "v", "u"])
    >>> sequences.indptr, sequences.item_idx
    (array([0, 2, 3]), array([7, 5, 6]))
    """
    known = _known(rows)
    users = _users(rows, known, groups)
    order = np.lexsort((np.array([len(row) for row in rows], dtype=np.intp), users))
    return Histories(np.concatenate([[0], np.cumsum(np.bincount(users))]), y_idx[order])


def _known(rows: Sequence) -> np.ndarray:
    """Return the numbers of the rows that know their user."""
    return np.flatnonzero(np.fromiter((type(row) is History for row in rows), bool, len(rows)))


@dataclass(frozen=True)
class _Shown:
    """Events that rows show, in arrays of shape (n_events,).

    Attributes
    ----------
    user : ndarray of int64
        Number of the user.
    place : ndarray of int64
        Twice the number of the event among those of its user. A target that is not what followed stands between two
        events, at an odd place.
    item_idx : ndarray of intp
        Position in the catalogue.
    weight : ndarray of float64
    time : ndarray of float64
    row : ndarray of int64
        The row that shows it.
    rank : ndarray of int64
        Of two rows that show an event, that of the lower rank says its weight and time.
    """

    user: np.ndarray
    place: np.ndarray
    item_idx: np.ndarray
    weight: np.ndarray
    time: np.ndarray
    row: np.ndarray
    rank: np.ndarray

    def joined(self, other: "_Shown") -> "_Shown":
        """Return the events of both."""
        return _Shown(
            *(np.concatenate([mine, theirs]) for mine, theirs in zip(self._columns(), other._columns(), strict=True))
        )

    def take(self, idx: np.ndarray) -> "_Shown":
        """Return the events at `idx`."""
        return _Shown(*(column[idx] for column in self._columns()))

    def _columns(self) -> list[np.ndarray]:
        return [getattr(self, one.name) for one in fields(self)]


def _of_histories(histories: Histories, rows: np.ndarray, users: np.ndarray, starts: np.ndarray) -> _Shown:
    """Return the events of histories.

    `rows` are their numbers among all rows, `users` and `starts` those of all. A start of -1 is that of a row by hand,
    whose events are numbered without what is left out of it.
    """
    n, of_history = len(histories.item_idx), histories.row_idx
    of_row, firsts = rows[of_history], histories.indptr[of_history]
    n_before = np.concatenate([[0], np.cumsum(histories.item_idx >= 0)])
    by_hand = n_before[:-1] - n_before[firsts]
    number = np.where(starts[of_row] < 0, by_hand, starts[of_row] + np.arange(n) - firsts)
    weights = np.ones(n) if histories.weights is None else histories.weights
    times = np.full(n, np.nan) if histories.times is None else histories.times
    rank = -histories.lengths[of_history]  # the longest history is the latest word
    return _Shown(users[of_row], 2 * number, histories.item_idx, weights, times, of_row, rank)


@dataclass(frozen=True)
class _Followed:
    """What followed each row, shape (n_rows,): its weight and time, and whether it is the target that was passed."""

    is_target: np.ndarray
    is_other: np.ndarray
    weight: np.ndarray
    time: np.ndarray


def _followed(rows: Sequence, known: np.ndarray, targets: list) -> _Followed:
    """Compare the targets with what followed the rows of `make_queries`; others are taken as they are."""
    n_rows = len(rows)
    is_target, is_other = np.ones(n_rows, dtype=bool), np.zeros(n_rows, dtype=bool)
    weight, time = np.ones(n_rows), np.full(n_rows, np.nan)
    if not len(known):
        return _Followed(is_target, is_other, weight, time)
    parts, of_row = distinct_events([rows[i] for i in known.tolist()])
    lengths = np.array([len(part.items) for part in parts])
    stops = np.array([rows[i].stop for i in known])
    goes_on = stops < lengths[of_row]
    places = np.where(goes_on, (np.cumsum(lengths) - lengths)[of_row] + stops, 0)
    ids = [one for part in parts for one in part.items.tolist()]
    is_same = np.array([ids[at] == targets[i] for at, i in zip(places.tolist(), known.tolist(), strict=True)])
    is_target[known], is_other[known] = goes_on & is_same, goes_on & ~is_same
    found, at = known[is_target[known]], places[is_target[known]]
    weight[found] = np.concatenate([part.shown_weights() for part in parts])[at]
    time[found] = np.concatenate([part.shown_times() for part in parts])[at]
    return _Followed(is_target, is_other, weight, time)


def _of_targets(y_idx: np.ndarray, users: np.ndarray, ends: np.ndarray, followed: _Followed) -> _Shown:
    """Return the targets as events."""
    places, rows = 2 * ends - ~followed.is_target, np.arange(len(y_idx))
    return _Shown(users, places, y_idx, followed.weight, followed.time, rows, np.ones_like(rows))


def _united(shown: _Shown, n_users: int, catalog: Catalog) -> Histories:
    """Put events in order, each once, as one sequence for each user."""
    shown = shown.take(np.lexsort((shown.rank, shown.item_idx, shown.place, shown.user)))
    is_new = np.ones(len(shown.user), dtype=bool)
    same_place = (np.diff(shown.user) == 0) & (np.diff(shown.place) == 0)
    is_new[1:] = ~same_place | (np.diff(shown.item_idx) != 0)
    wrong = np.flatnonzero(same_place & is_new[1:] & (shown.place[1:] % 2 == 0))
    if len(wrong):
        first, second = int(wrong[0]), int(wrong[0]) + 1
        ids = [shorten(catalog.ids[shown.item_idx[at]]) for at in (first, second)]
        raise ValueError(
            f"X[{shown.row[first]}] and X[{shown.row[second]}] are of one user, whose event {shown.place[first] // 2} "
            f"is {ids[0]} by the one and {ids[1]} by the other: a history with groups begins with the first event of "
            "its user. Pass whole histories, rows of make_queries, or a group for each session."
        )
    shown = shown.take(np.flatnonzero(is_new))
    indptr = np.concatenate([[0], np.cumsum(np.bincount(shown.user, minlength=n_users))]).astype(np.int64)
    weights = None if (shown.weight == 1).all() else shown.weight
    times = None if np.isnan(shown.time).all() else shown.time
    return Histories(indptr, shown.item_idx, weights, times)


def _users(rows: Sequence, known: np.ndarray, groups) -> np.ndarray:
    """Return the number of the user of each row, in the order in which users come first."""
    persons: list = list(range(len(rows)))
    for i in known.tolist():
        persons[i] = rows[i].events.person
    if groups is None:
        return as_codes(persons)
    users = rows_of_groups(groups, len(rows), "user")
    codes = as_codes(users.tolist())
    first: dict = {}
    for i in known.tolist():
        other = first.setdefault(codes[i], i)
        if persons[other] != persons[i]:
            raise ValueError(
                f"groups has {shorten(users[i])} for X[{other}] and X[{i}], which make_queries made for the users "
                f"{shorten(rows[other].user)} and {shorten(rows[i].user)} or in different calls: in fit, a group is "
                "one user. Rows of make_queries need no groups; set_fit_request(groups=False) keeps them from fit."
            )
    return codes


def _covered(rows: Sequence[History]) -> np.ndarray:
    """Check which histories are part of another one: of equal ones, all but the first.

    Examples
    --------
    >>> from sklearn_llmtokens.recommend._history import UserEvents
    >>> events = UserEvents("", 7, np.array(["a", "b", "c"]), None, None, False)
    >>> _covered([History(events, 0, 1), History(events, 0, 3), History(events, 1, 2), History(events, 0, 3)])
    array([ True, False,  True,  True])
    """
    is_covered = np.zeros(len(rows), dtype=bool)
    if not len(rows):
        return is_covered
    _, of_row = distinct_events(rows)
    starts, stops = np.array([row.start for row in rows]), np.array([row.stop for row in rows])
    order = np.lexsort((-stops, starts, of_row))
    reach = stops[order] + of_row[order] * (stops.max() + 1)  # larger for each user than for the ones before
    is_covered[order[1:]] = np.maximum.accumulate(reach)[:-1] >= reach[1:]
    return is_covered


def _appended(histories: Histories, y_idx: np.ndarray | None) -> Histories:
    """Put each history and the item that followed into one sequence.

    Examples
    --------
    >>> sequences = _appended(Histories(np.array([0, 2, 2]), np.array([5, 6])), np.array([7, 8]))
    >>> sequences.indptr, sequences.item_idx
    (array([0, 3, 4]), array([5, 6, 7, 8]))
    """
    if y_idx is None:
        return histories
    ends, weights, times = histories.indptr[1:], histories.weights, histories.times
    return Histories(
        histories.indptr + np.arange(len(histories.indptr)),
        np.insert(histories.item_idx, ends, y_idx),
        None if weights is None else np.insert(weights, ends, 1.0),
        None if times is None else np.insert(times, ends, np.nan),
    )


def _warn_of_events(X: np.ndarray) -> None:
    """Warn if an array of histories may be one of events: some columns of numbers."""
    if X.ndim == 2 and X.shape[1] in (2, 3, 4) and X.dtype.kind in "iuf":
        warnings.warn(
            f"X has the shape {X.shape}, and each row is read as a history of {X.shape[1]} items. Columns of users and "
            "items are read by Interactions.from_frame(X); X.tolist() is for histories.",
            TrainingRowsWarning,
            stacklevel=stacklevel_of_caller(),
        )


def _warn_of_growth(sequences: Histories) -> None:
    """Warn if most rows are the beginning of another row, as if they were of the same users."""
    items, stops = sequences.item_idx, sequences.indptr[1:]
    bounds = list(zip(sequences.indptr[:-1].tolist(), stops.tolist(), strict=True))
    waiting = Counter(hash(items[start : stop - 1].tobytes()) for start, stop in bounds if stop > start + 1)
    n_growing = 0
    for start, stop in bounds:
        whole = hash(items[start:stop].tobytes())
        if waiting[whole] > 0:
            waiting[whole] -= 1
            n_growing += 1
    if 2 * n_growing > len(bounds):
        warnings.warn(
            f"{n_growing} of {len(bounds)} rows are, with what followed, the history of another row, as if users grew "
            "from row to row, and each row is counted as a user of its own: pass the users as groups, or the rows of "
            "make_queries as they are, which know their users.",
            TrainingRowsWarning,
            stacklevel=stacklevel_of_caller(),
        )


def _warn_of_order(rows: Sequence, known: np.ndarray, followed: _Followed) -> None:
    """Warn if targets are not what followed their rows."""
    others = np.flatnonzero(followed.is_other)
    if len(others):
        at = int(others[0])
        true = rows[at].events.items[rows[at].stop]
        warnings.warn(
            f"y is not what followed in {len(others)} of {len(known)} rows of make_queries: X[{at}] was followed by "
            f"{shorten(true)}. If this is not meant, X and y are in different orders. These targets count as further "
            "events.",
            TrainingRowsWarning,
            stacklevel=stacklevel_of_caller(),
        )
