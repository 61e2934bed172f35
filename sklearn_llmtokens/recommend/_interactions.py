"""Events of users as one table: who, what, when and how much, each column once."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from itertools import pairwise
from numbers import Real
from typing import Any

import numpy as np

from .._utils._columns import missing_places, read_column
from .._utils._messages import shorten
from .._utils._optional import require
from .._utils._row_labels import refuse_other_order
from ._event_table import read_event_table
from ._history import History, UserEvents
from ._times import ordered_times

_COLUMNS = ("user", "item", "time", "weight")
LARGEST_WEIGHT = 1e30  # the product of two, summed over all events, stays finite in double precision


@dataclass(frozen=True, eq=False)
class Interactions:
    """Events of users, ordered by user and then by time: the training data of recommenders.

    Recommenders learn from it directly, ``recommender.fit(interactions)``, and `make_queries` cuts it into rows. Events
    of a user at one time, and all of them without times, stay in the order in which they come.

    Parameters
    ----------
    user : array-like of shape (n_events,)
        Whose each event is: str, int or anything else that can be hashed and ordered.
    item : array-like of shape (n_events,)
        Id of the item: str or int.
    time : array-like of shape (n_events,), default=None
        When it was: numbers, durations, dates, or dates as text ("2024-01-31", "2024/1/31 8:00"). Dates with a time
        zone become those of UTC. None where it is not known.
    weight : array-like of shape (n_events,), default=None
        How much it counts, at most 1e30; a negative weight is a dislike. None is 1 for each.

    Attributes
    ----------
    user, item : ndarray of shape (n_events,), dtype int64 or object
        The columns in order.
    time : ndarray of shape (n_events,) or None
        Numbers, timedelta64 or datetime64.
    weight : ndarray of shape (n_events,), dtype float64, or None
        The weights.

    Raises
    ------
    ValueError
        If lengths differ, there is no event, a value is missing, a weight is of a magnitude beyond 1e30, times are
        numbers written as text, or columns of pandas have the same row labels in another order; the message names the
        row or the columns.
    TypeError
        If a column is no list, array or Series, a table is passed in its place, or a user cannot be hashed.

    See Also
    --------
    make_queries : Rows of a history and what followed, for validation.

    Examples
    --------
    >>> from sklearn_llmtokens.recommend import Catalog, Interactions, PopularityRecommender
    >>> interactions = Interactions(["u", "v", "u"], ["a", "a", "b"], [2, 1, 1])
    >>> interactions, interactions.item
    (<Interactions of 3 events of 2 users>, array(['b', 'a', 'a'], dtype=object))
    >>> PopularityRecommender(Catalog(["a", "b"])).fit(interactions).popularity_
    array([2., 1.], dtype=float32)
    """

    user: np.ndarray
    item: np.ndarray = None  # type: ignore[assignment]  # so that a table in the place of `user` has a message
    time: np.ndarray | None = None
    weight: np.ndarray | None = None

    def __post_init__(self):
        if self.item is None or isinstance(self.user, Mapping) or hasattr(self.user, "columns"):
            raise TypeError(
                f"Interactions got a {type(self.user).__name__} as its users"
                f"{' and no items' if self.item is None else ''}: a table is read by Interactions.from_frame(table), "
                "and columns are passed as Interactions(users, items)."
            )
        self._keep(self._columns(), _COLUMNS)

    @classmethod
    def from_frame(cls, events, *, user="auto", item="auto", time="auto", weight=None) -> "Interactions":
        """Read a table of events.

        Parameters
        ----------
        events : DataFrame of pandas, polars, pyarrow or another library, mapping of columns, or array
            The events. An array has the columns user, item, time and, with `weight`, the weight, in this order; one
            with named fields has them by name.
        user, item : str, default="auto"
            Names of the columns. "auto" finds those that RecTools, LensKit, RecBole and MovieLens have: user_id,
            userId, UserID or user; item_id, movieId, MovieID or item. Case, spaces, "_" and "-" do not matter.
        time : str or None, default="auto"
            Name of the column; "auto" finds timestamp, datetime or time. None where there is none.
        weight : str or None, default=None
            Name of the column; "auto" finds weight or rating. None where each event counts 1.

        Returns
        -------
        Interactions
            The events.

        Raises
        ------
        ValueError
            If a column is missing, several columns may be the one that is looked for, and as for
            :class:`Interactions`.
        TypeError
            If `events` is none of these, or a lazy frame; the message has the call that brings it into memory.

        See Also
        --------
        load_recbole_interactions : Read an ``.inter`` file of RecBole.

        Examples
        --------
        >>> from sklearn_llmtokens.recommend import Interactions
        >>> events = {"user_id": ["u", "u"], "item_id": ["a", "b"], "timestamp": ["2024-01-31", "2024-01-02"]}
        >>> Interactions.from_frame(events).item
        array(['b', 'a'], dtype=object)
        """
        columns, names = read_event_table(events, {"user": user, "item": item, "time": time, "weight": weight})
        self = object.__new__(cls)
        self._keep(columns, names)
        return self

    def to_frame(self):
        """Return the events as a table with the column names of RecTools.

        Returns
        -------
        pandas.DataFrame of shape (n_events, 3 or 4)
            The columns user_id, item_id, datetime (where times are known) and weight (1 where there is none), ordered
            by user and time. Times are as they are here: RecTools takes numbers for nanoseconds, so that seconds need
            ``pandas.to_datetime(frame["datetime"], unit="s")`` before.

        Raises
        ------
        MissingDependencyError
            If pandas is not installed.

        Examples
        --------
        >>> from sklearn_llmtokens.recommend import Interactions
        >>> Interactions(["u", "v"], ["a", "b"], ["2024-01-31", "2024-01-02"]).to_frame()
          user_id item_id   datetime  weight
        0       u       a 2024-01-31     1.0
        1       v       b 2024-01-02     1.0
        """
        pandas = require("pandas", extra="frames", purpose="to_frame")
        columns: dict[str, Any] = {"user_id": self.user.tolist(), "item_id": self.item.tolist()}
        if self.time is not None:
            columns["datetime"] = self.time
        return pandas.DataFrame({**columns, "weight": 1.0 if self.weight is None else self.weight})

    @property
    def n_events(self) -> int:
        """Number of events."""
        return len(self.user)

    @property
    def n_users(self) -> int:
        """Number of users."""
        return len(self._starts) - 1

    def histories(self) -> np.ndarray:
        """Return everything that each user did.

        Returns
        -------
        ndarray of shape (n_users,), dtype object
            A :class:`History` for each user, in the order of `user`. It has events instead of ids where there are
            weights or times.
        """
        users = user_events(self, as_events=self.time is not None or self.weight is not None)
        return np.fromiter((History(user, 0, len(user.items)) for user in users), object, len(users))

    def without_repeats(self) -> "Interactions":
        """Leave out events whose item is that of the same user's event just before.

        Returns
        -------
        Interactions
            The other events.
        """
        is_repeat = (self.item[1:] == self.item[:-1]) & (self.user[1:] == self.user[:-1])
        kept = np.r_[True, ~is_repeat]
        columns: list[Any] = [None if column is None else column[kept] for column in self._columns()]
        return Interactions(*columns)

    def __repr__(self) -> str:
        return f"<Interactions of {self.n_events} events of {self.n_users} users>"

    @cached_property
    def _starts(self) -> np.ndarray:
        """Where each user begins, and the end."""
        is_first = np.r_[True, self.user[1:] != self.user[:-1], True]
        return np.flatnonzero(is_first)

    @cached_property
    def _digest(self) -> str:
        """SHA-256 of the content, by which copies of one table are known as such."""
        content = hashlib.sha256()
        for column in self._columns():
            if column is not None and column.dtype != object:
                content.update(f"{column.dtype}".encode() + column.tobytes())
            else:
                content.update(repr(None if column is None else column.tolist()).encode())
        return content.hexdigest()

    def _columns(self) -> list[Any]:
        return [getattr(self, name) for name in _COLUMNS]

    def _keep(self, given: list, names: Sequence) -> None:
        """Read the columns, put them in order and set them."""
        refuse_other_order(dict(zip(map(repr, names), given, strict=True)))
        columns: list[Any] = [
            None if one is None else _present(one, name) for one, name in zip(given, names, strict=True)
        ]
        lengths = [len(column) for column in columns if column is not None]
        if len(set(lengths)) > 1:
            named = [name for column, name in zip(columns, names, strict=True) if column is not None]
            raise ValueError(f"The columns {named} have different lengths: {lengths}.")
        if not lengths[0]:
            raise ValueError("events has no row: at least one event is needed.")
        columns[0], columns[1] = _as_ids(columns[0]), _as_ids(columns[1])
        columns[2] = None if columns[2] is None else _finite(ordered_times(columns[2], names[2]), names[2])
        columns[3] = None if columns[3] is None else _as_weights(columns[3], names[3])
        order = _order(columns[0], columns[2], names[0])
        for name, column in zip(_COLUMNS, columns, strict=True):
            object.__setattr__(self, name, None if column is None else _read_only(column[order]))


def user_events(interactions: Interactions, *, as_events: bool) -> list[UserEvents]:
    """Return the events of each user, as views."""
    found = []
    starts = interactions._starts.tolist()
    for start, stop in pairwise(starts):
        columns: list[Any] = [None if column is None else column[start:stop] for column in interactions._columns()]
        user, item, times, weights = columns
        found.append(UserEvents(interactions._digest, user[:1].tolist()[0], item, times, weights, as_events))
    return found


def _finite(times: np.ndarray, name: str) -> np.ndarray:
    if times.dtype.kind == "f" and np.isinf(times).any():
        raise ValueError(
            f"{name!r} is infinite in row {int(np.isinf(times).argmax())}: pass the time, or drop the row."
        )
    return times


def _present(values, name: str) -> np.ndarray:
    """Return a column without missing values."""
    column = read_column(values, repr(name))
    missing = missing_places(column)
    if missing.any():
        raise ValueError(f"{name!r} is missing in row {int(missing.argmax())}: drop the row or fill it.")
    return column


def _as_ids(column: np.ndarray) -> np.ndarray:
    """Return integers that came as objects as int64, and others as they are."""
    if column.dtype.kind == "O" and all(type(value) is int and -(2**63) <= value < 2**63 for value in column):
        return column.astype(np.int64)
    return column


def _as_weights(column: np.ndarray, name: str) -> np.ndarray:
    wrong = None
    if column.dtype.kind not in "biuf":
        wrong = next((value for value in column.tolist() if not isinstance(value, Real | Decimal)), None)
    if wrong is not None:
        raise ValueError(f"{name!r} holds {shorten(wrong)}: weights are numbers.")
    weights = column.astype(np.float64)
    is_large = ~(np.abs(weights) <= LARGEST_WEIGHT)
    if is_large.any():
        row = int(is_large.argmax())
        raise ValueError(
            f"{name!r} is {weights[row]} in row {row}: a weight is finite, and at most 1e30; divide all by one number."
        )
    return weights


def _order(users: np.ndarray, times: np.ndarray | None, name: str) -> np.ndarray:
    """Return the rows by user, then time, then as they come."""
    if users.dtype.kind == "O":
        values = users.tolist()
        try:
            ordered = sorted(set(values), key=lambda value: (type(value).__name__, value))
        except TypeError as error:
            raise TypeError(
                f"{name!r} holds users that cannot be hashed and ordered, such as {shorten(values[0])}: {error}"
            ) from None
        codes = {value: code for code, value in enumerate(ordered)}
        users = np.array([codes[value] for value in values])
    return np.argsort(users, kind="stable") if times is None else np.lexsort((times, users))


def _read_only(column: np.ndarray) -> np.ndarray:
    column.setflags(write=False)
    return column
