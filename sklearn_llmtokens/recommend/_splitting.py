"""What the splitters have in common: times and users of rows, lengths of histories."""

import numpy as np

from .._utils._columns import missing_places
from ._ids import event_item
from ._times import ordered_times


def as_times(times, n_rows: int) -> np.ndarray:
    """Check the times of the rows.

    Parameters
    ----------
    times : array-like of shape (n_rows,)
        Numbers, dates, or dates as ISO text.
    n_rows : int
        Number of rows of X.

    Returns
    -------
    ndarray of shape (n_rows,)
        The times.

    Raises
    ------
    ValueError
        If there are not `n_rows` of them, one is missing, or they are neither numbers nor dates; numbers
        written as text are refused.
    """
    times = np.asarray(times)
    if times.dtype.kind not in "iufMOUT" or times.ndim != 1:
        raise ValueError(
            f"times has dtype {times.dtype} and {times.ndim} dimensions: a number or a date a row is needed."
        )
    if len(times) != n_rows:
        raise ValueError(
            f"X has {n_rows} rows and times has {len(times)}: they are given for all rows that are split. For a search "
            "inside of a split, give the inner splitter the times of the training rows."
        )
    missing = missing_places(times)
    if missing.any():
        raise ValueError(f"times[{int(np.flatnonzero(missing)[0])}] is missing: drop the row.")
    return ordered_times(times, "times")


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
        If `groups` is None or has another length.
    """
    if groups is None:
        raise ValueError(f"groups is None: pass the {what} of each row as groups.")
    groups = np.asarray(groups)
    if len(groups) != n_rows:
        raise ValueError(f"X has {n_rows} rows and groups has {len(groups)}: one {what} a row is needed.")
    return groups


def as_codes(values: np.ndarray) -> np.ndarray:
    """Number the distinct values in the order in which they come.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Anything hashable.

    Returns
    -------
    ndarray of shape (n,), dtype int64
        The numbers.

    Examples
    --------
    >>> as_codes(np.array(["b", "a", "b"]))
    array([0, 1, 0])
    """
    codes: dict = {}
    return np.fromiter((codes.setdefault(value, len(codes)) for value in values.tolist()), np.int64, len(values))


def history_lengths(X) -> np.ndarray:
    """Give the number of events of each history.

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


def items_of(history) -> list:
    """Give the item ids of a history, whatever the form of its events.

    Parameters
    ----------
    history : sequence of events
        Ids, or tuples (id, weight[, time]).

    Returns
    -------
    list of str or int
        The ids.
    """
    return [event_item(event) for event in (history.tolist() if isinstance(history, np.ndarray) else history)]
