"""Tables of events of any library: which column is which, by the names that other libraries and data sets use."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from .._utils._lazy import eager_call
from .._utils._messages import shorten

_NAMES = {  # the names that are looked for, in lower case and without "_", "-" and spaces
    "user": ("userid", "user"),
    "item": ("itemid", "item", "movieid"),
    "time": ("timestamp", "datetime", "time"),
    "weight": ("weight", "rating"),
    "id": ("itemid", "item", "movieid", "id"),
    "text": ("text", "title", "name"),
}
_DEFAULTS = {"user": "user_id", "item": "item_id", "time": "timestamp", "weight": "weight"}
_EXAMPLES = {
    "user": "user_id, userId, UserID, user",
    "item": "item_id, movieId, MovieID, item",
    "time": "timestamp, datetime, time",
    "weight": "weight, rating",
    "id": "item_id, id, movieId",
    "text": "text, title, name",
}


def read_event_table(events, asked: Mapping[str, str | None]) -> tuple[list, list]:
    """Read the columns of a table of any library.

    Parameters
    ----------
    events : DataFrame, mapping of columns, or array
        The table.
    asked : mapping of {"user", "item", "time", "weight"} to str or None
        Name of each column, "auto" to find it, None for one that is not read.

    Returns
    -------
    columns : list of length 4
        The columns as they are in the table; None for one that is not read.
    names : list of length 4
        Their names, for messages.

    Raises
    ------
    ValueError
        If a column is not there, or several may be the one; the message has their names.
    TypeError
        If `events` is no table, or not in memory.

    Examples
    --------
    >>> events = {"userId": [1], "movieId": [2], "rating": [5.0]}
    >>> read_event_table(events, {"user": "auto", "item": "auto", "time": None, "weight": "auto"})
    ([[1], [2], None, [5.0]], ['userId', 'movieId', None, 'rating'])
    """
    if isinstance(events, np.ndarray) and events.dtype.names is None:
        names = [_DEFAULTS[role] if name == "auto" else name for role, name in asked.items()]
        wanted = [name for name in names if name is not None]
        if events.ndim != 2 or events.shape[1] != len(wanted):
            raise ValueError(f"events has the shape {events.shape}; the columns {wanted} are expected, (n_events, n).")
        columns = iter(events.T)
        return [None if name is None else next(columns) for name in names], names
    available, column = table_columns(events, "events")
    names = [find_column(available, role) if name == "auto" else name for role, name in asked.items()]
    missing = [name for name in names if name is not None and name not in available]
    if missing:
        raise ValueError(f"events has no column {missing[0]!r}, it has {available}: name the columns to use.")
    return [None if name is None else column(name) for name in names], names


def find_column(available: Iterable, role: str, table: str = "events"):
    """Return the name of the column that is the user, the item, the time, the weight, or the id or text of an item.

    Parameters
    ----------
    available : iterable
        Names of columns.
    role : {"user", "item", "time", "weight", "id", "text"}
        What is looked for.
    table : str, default="events"
        What has the columns, for the message.

    Returns
    -------
    str
        The one name that is known for it.

    Raises
    ------
    ValueError
        If none is, or several are.

    Examples
    --------
    >>> [find_column(["UserID", "MovieID", "Rating", "Timestamp"], role) for role in ("user", "item", "time", "weight")]
    ['UserID', 'MovieID', 'Timestamp', 'Rating']
    """
    available = list(available)
    found = [name for name in available if isinstance(name, str) and _plain(name) in _NAMES[role]]
    if len(found) == 1:
        return found[0]
    if found:
        raise ValueError(f"{table} has the columns {found}, each of which may be the {role}: pass {role}= one of them.")
    none = f", or {role}=None where there is none" if role in ("time", "weight", "text") else ""
    raise ValueError(
        f"{table} has no column that is known as the {role} (such as {_EXAMPLES[role]}), it has "
        f"[{', '.join(map(shorten, available))}]: pass {role}= its name{none}."
    )


def refuse_table(X) -> None:
    """Raise a TypeError if a table of events, or the whole of what `make_queries` returns, stands for histories."""
    kind = type(X).__name__
    if hasattr(X, "columns") and not callable(X.columns):
        raise TypeError(
            f"X is a frame ({kind}): events are read by Interactions.from_frame(X), and histories are one column of "
            "lists."
        )
    if isinstance(X, tuple) and hasattr(X, "_fields"):
        raise TypeError(
            f"X is a {kind}, a tuple of {', '.join(X._fields)}: pass X and y, as in fit(queries.X, queries.y)."
        )


def _plain(name: str) -> str:
    """Return the name of a column as it is compared; RecBole's have a type after a colon."""
    return name.partition(":")[0].lower().replace("_", "").replace("-", "").replace(" ", "")


def table_columns(table, name: str) -> tuple[list, Any]:
    """Return the names of the columns of a table of any library, and what gives one by its name."""
    if isinstance(table, np.ndarray) and table.dtype.names is not None:
        return list(table.dtype.names), table.__getitem__
    if isinstance(table, Mapping):
        return list(table), table.__getitem__
    if hasattr(table, "to_struct_array") and hasattr(table, "column"):  # pyarrow.RecordBatch, unknown to narwhals
        return table.schema.names, table.column
    import narwhals as nw

    kind = type(table).__name__
    if (call := eager_call(table)) is not None:
        raise TypeError(f"{name} is a {kind}, which is not in memory: pass what its {call} returns.")
    try:
        frame = nw.from_native(table, eager_only=True)
    except TypeError:
        raise TypeError(f"{name} is a {kind}: pass a DataFrame, a dict of columns, or an array.") from None
    return frame.columns, lambda name: frame.get_column(name).to_native()  # not frame[0], which is a row
