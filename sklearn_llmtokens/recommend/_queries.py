"""From a table of events (who, what, when) to the rows that recommenders and splitters work on."""

from collections.abc import Mapping
from numbers import Integral
from typing import NamedTuple

import numpy as np
from sklearn.utils import check_scalar

from .._utils._columns import missing_places
from ._times import as_seconds, ordered_times


class Queries(NamedTuple):
    """Rows for recommenders: what came before, what followed, whose it was and when.

    Parameters
    ----------
    X : ndarray of shape (n_queries,), dtype object
        Histories, oldest event first: arrays of item ids, or of tuples (id, weight, time).
    y : ndarray of shape (n_queries,)
        The item that followed.
    groups : ndarray of shape (n_queries,)
        The user.
    times : ndarray of shape (n_queries,)
        When `y` happened.
    """

    X: np.ndarray
    y: np.ndarray
    groups: np.ndarray
    times: np.ndarray


def make_queries(
    events,
    *,
    user="user_id",
    item="item_id",
    time="timestamp",
    weight=None,
    min_history=0,
    drop_repeats=False,
    history_times=False,
):
    """Turn a table of events into queries: a row an event, with everything that its user did before.

    Rows are ordered by user, then by time; events of a user at one time stay in the order of the table.

    Parameters
    ----------
    events : DataFrame of pandas, polars or another library, mapping of columns, or array of shape (n_events, 3)
        The events. The columns of an array are user, item and time, in this order. Times are numbers, dates, or dates
        as ISO text ("2024-01-31").
    user, item, time : str, default="user_id", "item_id", "timestamp"
        Names of the columns.
    weight : str, default=None
        Name of a column of weights of events. With it, events of a history are (id, weight, time).
    min_history : int, default=0
        Least number of earlier events. 0 keeps the first event of each user, with an empty history: the splitters of
        this package need these rows to tell who is new, and leave them out themselves. 1 drops them.
    drop_repeats : bool, default=False
        Whether an event is dropped if the same user's event just before it has the same item.
    history_times : bool, default=False
        Whether events of a history are (id, weight, time) instead of ids; the weight is 1 without `weight`. Dates are
        seconds since 1970 there.

    Returns
    -------
    Queries
        A named tuple ``(X, y, groups, times)``.

    Raises
    ------
    ValueError
        If a column is missing, there is no event, a user, item, time or weight is missing, or times are numbers written
        as text; the message names the row.
    TypeError
        If `events` is none of these.

    Notes
    -----
    Histories are views of one array: n events of a user take memory for n events, not n * n / 2.

    Examples
    --------
    >>> from sklearn_llmtokens.recommend import make_queries
    >>> events = {"user_id": [1, 2, 1, 1], "item_id": ["a", "a", "c", "b"], "timestamp": [1, 1, 3, 2]}
    >>> X, y, groups, times = make_queries(events)
    >>> [list(history) for history in X], y.tolist(), groups.tolist(), times.tolist()
    ([[], ['a'], ['a', 'b'], []], ['a', 'b', 'c', 'a'], [1, 1, 1, 2], [1, 2, 3, 1])
    """
    check_scalar(min_history, "min_history", Integral, min_val=0)
    names = [user, item, time] if weight is None else [user, item, time, weight]
    users, items, times, *rest = _columns(events, names)

    order = _order(users, times)
    users, items, times = users[order], items[order], times[order]
    weights = rest[0][order].astype(np.float64) if rest else np.ones(len(order))
    if drop_repeats:
        kept = np.r_[True, (items[1:] != items[:-1]) | (users[1:] != users[:-1])]
        users, items, times, weights = users[kept], items[kept], times[kept], weights[kept]

    starts = _starts(users)
    rows = np.flatnonzero(np.arange(len(users)) - starts >= min_history)
    events_told = items
    if history_times or weight is not None:
        triples = zip(items.tolist(), weights.tolist(), as_seconds(times).tolist(), strict=True)
        events_told = np.fromiter(triples, dtype=object, count=len(items))
    X = np.empty(len(rows), dtype=object)
    for i, row in enumerate(rows):
        X[i] = events_told[starts[row] : row]
    return Queries(X, items[rows], users[rows], times[rows])


def _columns(events, names: list[str]) -> list[np.ndarray]:
    """Give the columns as arrays of equal length without missing values: ids of int64 or object, times that order."""
    columns = [_clean(column, name) for column, name in zip(_raw_columns(events, names), names, strict=True)]
    lengths = {len(column) for column in columns}
    if len(lengths) > 1:
        raise ValueError(f"The columns {names} have different lengths: {[len(column) for column in columns]}.")
    if lengths == {0}:
        raise ValueError("events has no row: at least one event is needed.")
    columns[2] = ordered_times(columns[2], names[2])
    return columns


def _raw_columns(events, names: list[str]) -> list:
    if isinstance(events, np.ndarray):
        if events.ndim != 2 or events.shape[1] != len(names):
            raise ValueError(f"events has the shape {events.shape}; the columns {names} are expected, (n_events, n).")
        return list(events.T)
    if isinstance(events, Mapping):
        available = list(events)
    else:
        import narwhals as nw

        try:
            events = nw.from_native(events, eager_only=True)
        except TypeError:
            kind = type(events).__name__
            raise TypeError(f"events is a {kind}: pass a DataFrame, a dict of columns, or an array.") from None
        available = events.columns
    missing = [name for name in names if name not in available]
    if missing:
        raise ValueError(f"events has no column {missing[0]!r}, it has {available}: name the columns to use.")
    if isinstance(events, Mapping):
        return [_to_numpy(events[name]) for name in names]
    return [_series_to_numpy(events[name]) for name in names]


def _to_numpy(values) -> np.ndarray:
    """Give an array, of objects where numpy would round integers beyond 64 bits to floats."""
    array = np.asarray(values)
    if array.dtype.kind == "f" and isinstance(values, list | tuple):
        return np.array(values, dtype=object) if any(type(v) is int and v >= 2**63 for v in values) else array
    return array


def _series_to_numpy(series) -> np.ndarray:
    """Give ids as objects or int64: a null would turn integers into floats in silence."""
    if series.is_null().any() or series.dtype.is_numeric() or series.dtype.is_temporal():
        return series.to_numpy() if not series.is_null().any() else np.array(series.to_list(), dtype=object)
    return np.array(series.to_list(), dtype=object)


def _clean(column: np.ndarray, name: str) -> np.ndarray:
    """Refuse missing values, and give strings as objects."""
    if column.ndim != 1:
        raise ValueError(f"The column {name!r} has {column.ndim} dimensions; one value an event is expected.")
    missing = missing_places(column)
    if missing.any():
        row = int(np.flatnonzero(missing)[0])
        raise ValueError(f"{name!r} is missing in row {row}: drop the row or fill it.")
    if column.dtype.kind == "O":
        values = column.tolist()
        if all(type(value) is int and -(2**63) <= value < 2**63 for value in values):
            return np.array(values, dtype=np.int64)
        return column
    return column.astype(object) if column.dtype.kind in "UT" else column


def _order(users: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Give the rows by user, then time, then as they come."""
    if users.dtype.kind == "O":
        codes = {value: code for code, value in enumerate(sorted(set(users.tolist()), key=_sort_key))}
        users = np.array([codes[value] for value in users.tolist()])
    return np.lexsort((times, users))


def _sort_key(value):
    return type(value).__name__, value


def _starts(users: np.ndarray) -> np.ndarray:
    """Give for each row the first row of its user, users being consecutive.

    Examples
    --------
    >>> _starts(np.array([7, 7, 7, 9]))
    array([0, 0, 0, 3])
    """
    is_first = np.r_[True, users[1:] != users[:-1]]
    return np.maximum.accumulate(np.where(is_first, np.arange(len(users)), 0))
