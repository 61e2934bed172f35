"""One row of `make_queries`: a sequence of events that knows whose it is, wherever it is copied to."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from .._utils._columns import is_missing, read_list
from ._ids import event_item
from ._times import as_seconds


class Event(NamedTuple):
    """One event of a history, where its weight or its time matters.

    Parameters
    ----------
    item : str or int
        Id of the item.
    weight : float, default=1.0
        How much the event counts; a negative weight is a dislike, which makes nothing popular and is not wanted. Its
        magnitude is at most 1e30.
    time : float, default=nan
        When it was: a number in any unit, the same everywhere, a duration, which becomes seconds, or a date, which
        becomes seconds since 1970, in UTC where it has no time zone. NaN, None and NaT where it is not known.

    Examples
    --------
    >>> from sklearn_llmtokens.recommend import Event
    >>> [Event("tea", time=17.0), Event("pot", weight=0.5, time=18.0)]
    [Event(item='tea', weight=1.0, time=17.0), Event(item='pot', weight=0.5, time=18.0)]
    """

    item: str | int
    weight: float = 1.0
    time: float = float("nan")


@dataclass(frozen=True, eq=False, slots=True)
class UserEvents:
    """All events of one user, oldest first: what the histories of this user share.

    Attributes
    ----------
    table : str
        Digest of the table that they are of: users of the same name in different tables are different ones.
    user : object
        The user.
    items : ndarray of shape (n_events,)
        Item ids.
    times : ndarray of shape (n_events,) or None
        Numbers, durations or dates.
    weights : ndarray of shape (n_events,), dtype=float64, or None
        Weights.
    as_events : bool
        Whether a history shows tuples (id, weight, time) instead of ids.
    """

    table: str
    user: Any
    items: np.ndarray = field(repr=False)
    times: np.ndarray | None = field(repr=False)
    weights: np.ndarray | None = field(repr=False)
    as_events: bool

    @property
    def person(self) -> tuple:
        """What two copies of the same user's events have in common, and no other's."""
        return self.table, self.user

    def shown(self, start: int, stop: int) -> list:
        """Return events as a history shows them."""
        items = self.items[start:stop].tolist()
        if not self.as_events:
            return items
        weights, times = self.shown_weights()[start:stop].tolist(), self.shown_times()[start:stop].tolist()
        return [Event(*event) for event in zip(items, weights, times, strict=True)]

    def shown_weights(self) -> np.ndarray:
        """Return the weights, float64, as a history shows them: 1 where it has ids alone."""
        return self.weights if self.as_events and self.weights is not None else np.ones(len(self.items))

    def shown_times(self) -> np.ndarray:
        """Return the times, float64, as a history shows them: NaN where it has ids alone."""
        if not self.as_events or self.times is None:
            return np.full(len(self.items), np.nan)
        return as_seconds(self.times).astype(np.float64)


class History(Sequence):
    """What a user did up to some moment: a sequence of item ids, oldest first, that knows its user.

    :func:`make_queries` makes them. A history behaves as the list of its events, and a part ``history[-20:]`` is a
    history of the same user. It holds on to the events of its user alone: a pickle of some rows has nobody else's.

    Parameters
    ----------
    events : UserEvents
        All events of the user.
    start, stop : int
        The events that it has; the one at `stop` followed.

    Attributes
    ----------
    user : object
        The user.
    time : scalar
        When the event that followed was; None where nothing followed, or times are not known.

    Examples
    --------
    >>> from sklearn_llmtokens.recommend import make_queries
    >>> X, y, *_ = make_queries({"user_id": [7, 7, 7], "item_id": ["a", "b", "c"], "timestamp": [1, 2, 3]})
    >>> X[2], X[2].user, X[2] == ["a", "b"], X[2][-1:]
    (History(['a', 'b']), 7, True, History(['b']))
    """

    __slots__ = ("events", "start", "stop")

    def __init__(self, events: UserEvents, start: int, stop: int):
        self.events = events
        self.start = start
        self.stop = stop

    @property
    def user(self):
        """The user."""
        return self.events.user

    @property
    def time(self):
        """When the event that followed was, or None."""
        times = self.events.times
        return None if times is None or self.stop >= len(times) else times[self.stop]

    def tolist(self) -> list:
        """Return the events as a list.

        Returns
        -------
        list of str, int or Event
            The events.
        """
        return self.events.shown(self.start, self.stop)

    def __len__(self) -> int:
        return self.stop - self.start

    def __getitem__(self, at):
        if isinstance(at, slice):
            start, stop, step = at.indices(len(self))
            if step != 1:
                return self.tolist()[at]
            return History(self.events, self.start + start, self.start + max(start, stop))
        place = range(self.start, self.stop)[at]
        return self.events.shown(place, place + 1)[0]

    def __iter__(self):
        return iter(self.tolist())

    def __eq__(self, other) -> bool:
        if isinstance(other, str | bytes) or not isinstance(other, Sequence | np.ndarray):
            return NotImplemented
        return self.tolist() == (other.tolist() if hasattr(other, "tolist") else list(other))

    __hash__ = None  # type: ignore[assignment]  # equal to a list, which has none

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        if not self.events.as_events:
            array = self.events.items[self.start : self.stop]
            return np.array(array, dtype=dtype) if copy or dtype not in (None, array.dtype) else array
        return np.fromiter(self.tolist(), dtype=object, count=len(self))

    def __repr__(self) -> str:
        return f"History({self.tolist()})"


def flatten(rows: Sequence[History]) -> tuple[np.ndarray, np.ndarray, list, np.ndarray | None, np.ndarray | None]:
    """Put the events of histories one after the other, and read each event of a user once.

    Parameters
    ----------
    rows : sequence of History
        The histories.

    Returns
    -------
    indptr : ndarray of shape (n_histories + 1,), dtype=int64
        History `i` is the events from ``indptr[i]`` to ``indptr[i + 1]``.
    event_idx : ndarray of shape (n_events,), dtype=int64
        The place of each event among those that are returned.
    ids : list of length n_distinct
        Item ids of the events that a history shows.
    weights : ndarray of shape (n_events,), dtype=float64, or None
        Weights of all events; None where all of them are 1.
    times : ndarray of shape (n_events,), dtype=float64, or None
        Times of all events; None where none is known.
    """
    parts, of_row = distinct_events(rows)
    offsets = np.concatenate([[0], np.cumsum([len(part.items) for part in parts], dtype=np.int64)])
    lengths = np.fromiter(map(len, rows), np.int64, len(rows))
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    first = offsets[of_row] + np.fromiter((row.start for row in rows), np.int64, len(rows))
    places = np.repeat(first - indptr[:-1], lengths) + np.arange(indptr[-1])
    is_shown = np.zeros(offsets[-1], dtype=bool)
    is_shown[places] = True
    ids = [one for i, part in enumerate(parts) for one in part.items[is_shown[offsets[i] : offsets[i + 1]]].tolist()]
    return indptr, (np.cumsum(is_shown) - 1)[places], ids, *_weights_and_times(parts, places)


def _weights_and_times(parts: list[UserEvents], places: np.ndarray) -> tuple[np.ndarray | None, np.ndarray | None]:
    weights = times = None
    if any(part.as_events and part.weights is not None for part in parts):
        weights = np.concatenate([part.shown_weights() for part in parts])[places]
    if any(part.as_events and part.times is not None for part in parts):
        times = np.concatenate([part.shown_times() for part in parts])[places]
    return None if weights is None or (weights == 1).all() else weights, times if len(places) else None


def items_of_users(histories) -> list[set]:
    """Return the items of each user; rows that `make_queries` made for one user are one, and others are one each.

    Examples
    --------
    >>> items_of_users([["a", "b"], ["a"]]) == [{"a", "b"}, {"a"}]
    True
    """
    users: dict = {}
    for i, history in enumerate(histories):
        user = history.events.person if type(history) is History else i
        users.setdefault(user, set()).update(
            event_item(event) for event in read_list(history, f"histories[{i}]") if not is_missing(event)
        )
    return list(users.values())


def distinct_events(rows: Sequence[History]) -> tuple[list[UserEvents], np.ndarray]:
    """Return the events of users that histories are of, each object once, and which one each history is of."""
    index: dict[int, int] = {}
    parts: list[UserEvents] = []
    for row in rows:
        if index.setdefault(id(row.events), len(parts)) == len(parts):
            parts.append(row.events)
    return parts, np.fromiter((index[id(row.events)] for row in rows), np.int64, len(rows))
