"""Histories as flat arrays: what a batch of users did, read once and then handled by vector arithmetic."""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from decimal import Decimal
from numbers import Real

import numpy as np
from scipy import sparse

from .._utils._columns import is_missing, read_column, read_rows
from .._utils._messages import shorten
from ._catalog import Catalog
from ._event_table import refuse_table
from ._history import Event, History, flatten
from ._interactions import LARGEST_WEIGHT, Interactions
from ._times import seconds_of
from ._unknown_items import find_items


@dataclass(frozen=True)
class Histories:
    """The histories of a batch, one after the other, oldest event first.

    Attributes
    ----------
    indptr : ndarray of shape (n_histories + 1,), dtype=int64
        History `i` is the events from ``indptr[i]`` to ``indptr[i + 1]``.
    item_idx : ndarray of shape (n_events,), dtype=intp
        Position in the catalogue of the item of each event, or in `texts` where these are given.
    weights : ndarray of shape (n_events,), dtype=float64, or None
        Weight of each event; None where all of them are 1.
    times : ndarray of shape (n_events,), dtype=float64, or None
        Time of each event, NaN where it is not known; None where none is.
    texts : list of str or None
        Distinct texts, for histories of texts instead of items.
    """

    indptr: np.ndarray
    item_idx: np.ndarray
    weights: np.ndarray | None = None
    times: np.ndarray | None = None
    texts: list[str] | None = None

    @property
    def n_histories(self) -> int:
        return len(self.indptr) - 1

    @property
    def summary(self) -> str:
        return f"{len(self.item_idx):,} events of {self.n_histories:,} users"

    @property
    def lengths(self) -> np.ndarray:
        """Number of events of each history."""
        return np.diff(self.indptr)

    @property
    def row_idx(self) -> np.ndarray:
        """The history of each event."""
        return np.repeat(np.arange(self.n_histories), self.lengths)

    @property
    def ages(self) -> np.ndarray:
        """Number of events of the same history that came after each event: 0 for the latest."""
        return np.repeat(self.indptr[1:], self.lengths) - 1 - np.arange(len(self.item_idx))

    def rows(self, start: int, stop: int) -> "Histories":
        """Return the histories from `start` to `stop`, without copies of their events."""
        events = slice(int(self.indptr[start]), int(self.indptr[stop]))
        return replace(
            self,
            indptr=self.indptr[start : stop + 1] - self.indptr[start],
            item_idx=self.item_idx[events],
            weights=None if self.weights is None else self.weights[events],
            times=None if self.times is None else self.times[events],
        )

    def take(self, idx: np.ndarray) -> "Histories":
        """Return the histories at `idx`, in that order, each as often as it is named."""
        lengths = self.lengths[idx]
        indptr = np.concatenate([[0], np.cumsum(lengths)])
        events = np.repeat(self.indptr[:-1][idx] - indptr[:-1], lengths) + np.arange(indptr[-1])
        return self.select(events, indptr)

    def select(self, events: np.ndarray, indptr: np.ndarray) -> "Histories":
        """Return the events at `events`, cut into histories by `indptr`."""
        return replace(
            self,
            indptr=indptr,
            item_idx=self.item_idx[events],
            weights=None if self.weights is None else self.weights[events],
            times=None if self.times is None else self.times[events],
        )

    def where(self, kept: np.ndarray) -> "Histories":
        """Return the histories without the events for which `kept`, shape (n_events,), is False."""
        lengths = np.bincount(self.row_idx[kept], minlength=self.n_histories)
        return self.select(np.flatnonzero(kept), np.concatenate([[0], np.cumsum(lengths)]))

    def known(self) -> "Histories":
        """Return the histories without the events whose item is not known, those of position -1."""
        is_known = self.item_idx >= 0
        return self if is_known.all() else self.where(is_known)

    def matrix(self, n_items: int, values: np.ndarray | None = None) -> sparse.csr_array:
        """Return the summed values of each item's events, float32, of shape (n_histories, n_items)."""
        data = np.ones(len(self.item_idx), np.float32) if values is None else np.asarray(values, np.float32)
        # from pairs, which copies: a CSR array over these very arrays would sort and merge the histories in place
        matrix = sparse.csr_array((data, (self.row_idx, self.item_idx)), shape=(self.n_histories, n_items))
        matrix.sum_duplicates()
        return matrix


def given_events(X, catalog: Catalog, *, unknown: str = "error") -> Histories:
    """Read `X` as histories of items of a catalogue.

    Parameters
    ----------
    X : list, array or Series of histories
        A history is a sequence of ids, oldest first, or of `Event` or plain tuples ``(id, weight)`` and
        ``(id, weight, time)``; ids and tuples may be mixed. It may be empty. Arrays of Arrow have lists of ids, or
        lists of structs with the fields of `Event`.
        Missing values before the first event or after the last one pad a row: they are skipped.
    catalog : Catalog
        Where the ids are looked up.
    unknown : {"error", "ignore"}, default="error"
        Whether an id that is not in the catalogue is an error, or its event is left out.

    Returns
    -------
    Histories
        The same as flat arrays. Events that are left out keep their place, with the position -1.

    Raises
    ------
    ValueError
        If an id is not in the catalogue, a weight is not finite, or times go back; the message has the row and the
        place in it.
    TypeError
        If `X` or a row of it is not a sequence, or an id is neither a str nor an int: 1.0 and True are not the id 1.

    Examples
    --------
    >>> catalog = Catalog(["a", "b", "c"])
    >>> histories = given_events([["b", "a"], [None], [("c", 0.5)]], catalog).known()
    >>> histories.indptr, histories.item_idx, histories.weights
    (array([0, 2, 2, 3]), array([1, 0, 2]), array([1. , 1. , 0.5]))
    """
    rows = as_rows(X)
    if len(rows) and all(type(row) is History for row in rows):
        indptr, event_idx, ids, weights, times = flatten(rows)
    else:
        rows = [_as_row(row, i) for i, row in enumerate(rows)]
        indptr = np.concatenate([[0], np.cumsum([len(row) for row in rows], dtype=np.int64)]).astype(np.int64)
        ids, weights, times = _split_events([event for row in rows for event in row], indptr)
        _refuse_gaps(ids, indptr)
        event_idx = np.arange(len(ids))
    item_idx = find_items(
        catalog,
        ids,
        lambda at: _place(indptr, int((event_idx == at).argmax())),
        unknown=unknown,
        skip_missing=True,
        kind="an id or an event",
        advice=": add it, leave the event out, or set unknown='ignore'",
    )[event_idx]
    return Histories(indptr, item_idx, weights, times)


def as_text_histories(X) -> Histories:
    """Read `X` as histories of texts.

    Parameters
    ----------
    X : list, array or Series of histories
        A history is a sequence of texts, oldest first, or of tuples as in `given_events` with a text in the place of
        the id. Missing values that pad a row keep their place, with the position -1.

    Returns
    -------
    Histories
        Flat arrays, with the distinct texts beside them.

    Raises
    ------
    ValueError
        As in `given_events`.
    TypeError
        If something else than a text stands where one is expected.
    """
    rows = [_as_row(row, i) for i, row in enumerate(as_rows(X))]
    indptr = np.concatenate([[0], np.cumsum([len(row) for row in rows], dtype=np.int64)]).astype(np.int64)
    texts, weights, times = _split_events([event for row in rows for event in row], indptr)
    _refuse_gaps(texts, indptr)
    wrong = next((i for i, text in enumerate(texts) if not isinstance(text, str) and not is_missing(text)), None)
    if wrong is not None:
        raise TypeError(f"{_place(indptr, wrong)} is {shorten(texts[wrong])}, not a str: query='texts' takes texts.")
    index: dict[str, int] = {}
    codes = (index.setdefault(text, len(index)) if isinstance(text, str) else -1 for text in texts)
    return Histories(indptr, np.fromiter(codes, np.intp, len(texts)), weights, times, list(index))


def as_targets(y, catalog: Catalog, n_rows: int, *, unknown: str = "error") -> np.ndarray:
    """Read `y` as one item for each row.

    Parameters
    ----------
    y : sequence of str or int, length n_rows
        Ids.
    catalog : Catalog
        Where they are looked up.
    n_rows : int
        Number of rows of `X`.

    unknown : {"error", "ignore"}, default="error"
        Whether an id that is not in the catalogue is an error.

    Returns
    -------
    ndarray of shape (n_rows,), dtype=intp
        Positions in the catalogue; -1 for what is ignored.

    Raises
    ------
    ValueError
        If an id is not in the catalogue, or the length is another.
    TypeError
        If `y` has no order, or an id is neither a str nor an int.
    """
    ids = read_column(y, "y").tolist()
    if len(ids) != n_rows:
        raise ValueError(f"X has {n_rows} rows and y has {len(ids)}: y is the item that followed each history.")
    return find_items(catalog, ids, "y[{}]".format, unknown=unknown, advice=": add it, or set unknown='ignore'")


def as_rows(X) -> Sequence:
    """Return the rows of `X` as a sequence."""
    if isinstance(X, Interactions):
        return X.histories().tolist()
    refuse_table(X)
    return read_rows(X, "X", "histories")


def _as_row(row, i: int) -> Sequence:
    if type(row) is list:
        return row
    if hasattr(row, "as_py"):
        row = row.as_py()
    if isinstance(row, str | bytes | Set | Mapping) or not isinstance(row, Iterable):
        raise TypeError(
            f"X[{i}] is {shorten(row)} of type {type(row).__name__}: a row is a history, a list of ids, even of one."
        )
    if isinstance(row, Iterator):
        raise TypeError(f"X[{i}] is a {type(row).__name__}, which can be read only once: pass a list of ids.")
    if isinstance(row, Event):
        raise TypeError(f"X[{i}] is an Event: a row is a history, a list of events, even of one.")
    return row.tolist() if hasattr(row, "tolist") else list(row)


def _split_events(events: list, indptr: np.ndarray) -> tuple[list, np.ndarray | None, np.ndarray | None]:
    """Return ids, weights and times of events that are ids or tuples."""
    kinds = set(map(type, events))
    if any(issubclass(kind, Mapping) or hasattr(kind, "as_py") for kind in kinds):
        events = [_from_struct(event) for event in events]
    if not any(isinstance(event, tuple) for event in events):
        return events, None, None
    ids: list = []
    weights, times = np.ones(len(events)), np.full(len(events), np.nan)
    for at, event in enumerate(events):
        if not isinstance(event, tuple):
            ids.append(event)
            continue
        if not 1 <= len(event) <= 3:
            raise ValueError(
                f"{_place(indptr, at)} is {shorten(event)}: an event is (id, weight) or (id, weight, time)."
            )
        ids.append(event[0])
        if len(event) > 1:
            weights[at] = _number(event[1], f"The weight of {_place(indptr, at)}")
        if len(event) > 2:
            times[at] = seconds_of(event[2], f"The time of {_place(indptr, at)}")
    _refuse_disorder(times, indptr)
    return ids, None if (weights == 1).all() else weights, None if np.isnan(times).all() else times


def _from_struct(event):
    """Return an event of Arrow as Python's; of a struct with the fields of `Event`, missing ones are not known."""
    event = event.as_py() if hasattr(event, "as_py") else event
    if isinstance(event, Mapping) and "item" in event and set(event) <= set(Event._fields):
        return Event(**{name: value for name, value in event.items() if name == "item" or value is not None})
    return event


def _refuse_gaps(values: list, indptr: np.ndarray) -> None:
    """Raise a ValueError if a value is missing between two others of its row: at its ends it pads the row.

    Examples
    --------
    >>> _refuse_gaps([None, "a", None, "b"], np.array([0, 3, 4]))
    >>> _refuse_gaps(["a", None, "b"], np.array([0, 3]))
    Traceback (most recent call last):
        ...
    ValueError: X[0][1] is missing (None): only the ends of a row may be padded. Leave the event out.
    """
    if set(map(type, values)) <= {str, int}:
        return
    there = np.fromiter((not is_missing(value) for value in values), bool, len(values))
    if there.all():
        return
    n_before = np.concatenate([[0], np.cumsum(there)])
    lengths = np.diff(indptr)
    is_gap = ~there & (n_before[:-1] > np.repeat(n_before[indptr[:-1]], lengths))
    is_gap &= n_before[:-1] < np.repeat(n_before[indptr[1:]], lengths)
    if is_gap.any():
        at = int(is_gap.argmax())
        raise ValueError(
            f"{_place(indptr, at)} is missing ({values[at]!r}): only the ends of a row may be padded. Leave the event "
            "out."
        )


def _number(value, what: str) -> float:
    if not isinstance(value, Real | Decimal):
        raise TypeError(f"{what} is {shorten(value)} of type {type(value).__name__}, not a number.")
    if is_missing(value) or not -LARGEST_WEIGHT <= value <= LARGEST_WEIGHT:  # type: ignore[operator]
        raise ValueError(
            f"{what} is {shorten(value)}: it must be finite, and at most 1e30; divide all weights by one number."
        )
    return float(value)


def _refuse_disorder(times: np.ndarray, indptr: np.ndarray) -> None:
    falls = np.flatnonzero(np.diff(times) < 0) + 1
    falls = falls[~np.isin(falls, indptr)]
    if len(falls):
        at = int(falls[0])
        raise ValueError(
            f"{_place(indptr, at)} is at {times[at]}, before the event that stands before it ({times[at - 1]}): a "
            "history is given oldest first."
        )


def _place(indptr: np.ndarray, at: int) -> str:
    row = int(np.searchsorted(indptr, at, side="right")) - 1
    return f"X[{row}][{at - int(indptr[row])}]"
