"""What the splitters have in common: times and users of rows, lengths of histories."""

from collections.abc import Set

import numpy as np

from .._utils._columns import read_column, refuse_missing
from ._history import History, distinct_events
from ._ids import event_item
from ._times import ordered_times


def times_of_rows(times, X) -> np.ndarray | None:
    """Return when the item of each row followed.

    Parameters
    ----------
    times : array-like of shape (n_rows,) or None
        Numbers, durations, dates, or dates as ISO text. None asks the rows, which know it if `make_queries` made them.
    X : sequence of histories, length n_rows
        The rows.

    Returns
    -------
    ndarray of shape (n_rows,) or None
        The times; None where they were not passed and a row does not know.

    Raises
    ------
    ValueError
        If there are not as many as rows, one is missing, or they are neither numbers nor dates; numbers written as text
        are refused.
    """
    if times is None:
        known = [history.time for history in X] if _know_their_user(X) else [None]
        return None if any(time is None for time in known) else np.array(known)
    column = read_column(times, "times")
    if len(column) != len(X):
        raise ValueError(
            f"X has {len(X)} rows and times has {len(column)}: one time for each row is needed. For a search inside of "
            "a split, leave times out if make_queries made the rows, which know theirs, or use metadata routing."
        )
    return ordered_times(refuse_missing(column, "times", "drop the row.", source=times), "times")


def users_of_rows(groups, X) -> np.ndarray:
    """Return the number of the user of each row.

    Parameters
    ----------
    groups : array-like of shape (n_rows,) or None
        The users. None asks the rows, which know it if `make_queries` made them.
    X : sequence of histories, length n_rows
        The rows.

    Returns
    -------
    ndarray of shape (n_rows,), dtype int64
        The numbers, in the order in which users come.

    Raises
    ------
    ValueError
        If they were not passed and a row does not know, one is missing, or the length is another.
    """
    if groups is None and len(X) and _know_their_user(X):
        return as_codes([history.events.person for history in X])
    return as_codes(rows_of_groups(groups, len(X), "user").tolist())


def numbers_of_rows(X) -> np.ndarray:
    """Return what orders rows of one user and time: the number of the event that followed, or that of the row."""
    if not _know_their_user(X):
        return np.arange(len(X))
    return np.fromiter((history.stop for history in X), np.int64, len(X))


def _know_their_user(X) -> bool:
    return all(type(history) is History for history in X)


def rows_of_groups(groups, n_rows: int, what: str) -> np.ndarray:
    """Check that every row has a group.

    Parameters
    ----------
    groups : array-like of shape (n_rows,) or None
        The groups.
    n_rows : int
        Number of rows of X.
    what : str
        What a group is, for the message.

    Returns
    -------
    ndarray of shape (n_rows,)
        The groups.

    Raises
    ------
    ValueError
        If `groups` is None, has another length, or one is missing.
    """
    if groups is None:
        raise ValueError(
            f"groups is None: pass the {what} of each row as groups, or rows of make_queries, which know theirs."
        )
    column = read_column(groups, "groups")
    if len(column) != n_rows:
        raise ValueError(f"X has {n_rows} rows and groups has {len(column)}: one {what} for each row is needed.")
    return refuse_missing(column, "groups", f"name the {what} of each row.", source=groups)


def as_codes(values: list) -> np.ndarray:
    """Number the distinct values in the order in which they come.

    Parameters
    ----------
    values : list of length n
        Anything that can be hashed.

    Returns
    -------
    ndarray of shape (n,), dtype int64
        The numbers.

    Examples
    --------
    >>> as_codes(["b", "a", "b"])
    array([0, 1, 0])
    """
    codes: dict = {}
    return np.fromiter((codes.setdefault(value, len(codes)) for value in values), np.int64, len(values))


def history_lengths(X) -> np.ndarray:
    """Return the number of events of each history.

    Parameters
    ----------
    X : sequence of histories
        The histories.

    Returns
    -------
    ndarray of shape (n_rows,), dtype int64
        The lengths.
    """
    return np.fromiter((len(history) for history in X), np.int64, len(X))


class HeldItems:
    """The items of histories, in which is looked up which histories hold some of them.

    Parameters
    ----------
    X : sequence of histories, length n_rows
        The histories, of ids or of tuples (id, weight[, time]).

    Attributes
    ----------
    ids : list
        Item ids of all events; those that several rows of one user of `make_queries` show, once.

    Examples
    --------
    >>> HeldItems([["a", "b"], [], [("c", 0.5)]]).any_of({"b", "c"})
    array([ True, False,  True])
    """

    def __init__(self, X):
        if len(X) and _know_their_user(X):
            parts, of_row = distinct_events(list(X))
            offsets = np.concatenate([[0], np.cumsum([len(part.items) for part in parts])])
            self.ids = [one for part in parts for one in part.items.tolist()]
            self._starts = offsets[of_row] + np.array([history.start for history in X])
            self._stops = offsets[of_row] + np.array([history.stop for history in X])
        else:
            self.ids = [event_item(event) for history in X for event in history]
            self._stops = np.cumsum(history_lengths(X))
            self._starts = self._stops - history_lengths(X)

    def any_of(self, items: Set) -> np.ndarray:
        """Return whether each history holds any of some items, shape (n_rows,)."""
        n_before = np.concatenate([[0], np.cumsum([one in items for one in self.ids], dtype=np.int64)])
        return n_before[self._stops] > n_before[self._starts]
