"""The items whose events are of late: what is new, or still alive, whoever asks."""

from datetime import timedelta
from numbers import Real

import numpy as np

from .._utils._sklearn import Interval, StrOptions
from ._base import SHARED_CONSTRAINTS, BaseRecommender
from ._catalog import Catalog
from ._histories import Histories
from ._popularity import timed_events
from ._recency import half_life_of, latest_time

_SHARE = 0.07  # of the events, whatever the unit of their times


class RecencyRecommender(BaseRecommender):
    """Recommend what is chosen of late rather than long ago, however often.

    It is weak alone, and made for a `HybridRecommender`: what others find is worth less where its events are old.

    Parameters
    ----------
    catalog : Catalog
        The items.
    half_life : "auto", float or timedelta, default="auto"
        Age at which an event counts half as much, a number in the unit of the times. "auto" is the time in which the
        latest 7 % of the events came.
    unknown : {"error", "ignore"}, default="error"
        Whether an id that is not in the catalogue is an error in histories, `y`, `candidates` and `exclude`, or is left
        out. If no id has the type of the catalogue's ids, it is an error always.
    filter_seen : bool, default=True
        Whether items of the history are left out of what is recommended.
    verbose : int, default=0
        1 writes what is fitted, on how much, and in how many seconds, to standard error.

    Attributes
    ----------
    catalog_ : Catalog
        The catalogue as it is now, with items that were added since ``fit``.
    active_ : ndarray of shape (n_items,), dtype=bool
        False for items that were removed.
    popularity_ : ndarray of shape (n_items,), dtype=float32
        Number of training sequences that have each item, which ranks items for an empty history.
    recency_ : ndarray of shape (n_items,), dtype=float32
        The score, from 0 to 1.
    half_life_ : float or None
        The `half_life` in the unit of the times, seconds since 1970 for dates. None as long as "auto" knows less than
        two different times: then items with an event have the score 1, and others 0.

    Notes
    -----
    With `t` the events of item `i` that are liked and whose time is known, and ``age_t`` their times before the latest
    event of all, the score is ::

        (mean_t 0.5 ** (age_t / half_life_) + max_t 0.5 ** (age_t / half_life_)) / 2

    The mean is high for items that came or rose of late, the maximum low for those that nobody chooses any more. The
    score does not depend on the history, so that `explain` gives each event an equal share of it.

    Examples
    --------
    >>> from sklearn_llmtokens.recommend import Catalog, Interactions, RecencyRecommender
    >>> events = Interactions(["u", "v", "w", "x"], ["a", "a", "b", "a"], [1.0, 2.0, 9.0, 10.0])
    >>> recommender = RecencyRecommender(Catalog(["a", "b", "c"]), half_life=2).fit(events)
    >>> recommender.recommend([["c"]], k=2)
    array([['b', 'a']], dtype=object)
    """

    _parameter_constraints: dict = {
        "catalog": [Catalog],
        "half_life": [StrOptions({"auto"}), Interval(Real, 0, None, closed="neither"), timedelta],
        **SHARED_CONSTRAINTS,
    }

    recency_: np.ndarray

    def __init__(self, catalog, *, half_life="auto", unknown="error", filter_seen=True, verbose=0):
        self.catalog = catalog
        self.half_life = half_life
        self.unknown = unknown
        self.filter_seen = filter_seen
        self.verbose = verbose

    def _fit(self, sequences: Histories) -> None:
        self.half_life_ = None if self.half_life == "auto" else half_life_of(self.half_life)
        self._events = np.empty(0, np.intp), np.empty(0), np.empty(0)
        self._learn((sequences, 1.0))

    def _update(self, now: Histories, before: Histories) -> None:
        self._learn((before, -1.0), (now, 1.0))

    def _add(self, idx: np.ndarray) -> None:
        n_new = self.catalog_.n_items - len(self.recency_)
        self.recency_ = np.concatenate([self.recency_, np.zeros(n_new, dtype=np.float32)])

    def _learn(self, *signed: tuple[Histories, float]) -> None:
        """Add events to those learnt, or take them away with the sign -1, and compute the scores."""
        parts = [self._events]
        for sequences, sign in signed:
            idx, moments = timed_events(sequences)
            parts.append((idx, moments, np.full(len(idx), sign)))
        item_idx, times, counts = (np.concatenate([part[column] for part in parts]) for column in range(3))
        self._events = _merged(item_idx, times, counts)
        items, times, counts = self._events
        n_items = self.catalog_.n_items
        self.recency_ = np.zeros(n_items, dtype=np.float32)
        if not len(items):
            return
        now = latest_time(times)
        if self.half_life_ is None:
            self.half_life_ = _half_life(np.repeat(times, counts.astype(np.intp)), now)
        ages = np.maximum(now - times, 0)
        values = np.ones(len(times)) if self.half_life_ is None else 0.5 ** (ages / self.half_life_)
        n_events = np.bincount(items, counts, minlength=n_items)
        mean = np.bincount(items, counts * values, minlength=n_items) / np.where(n_events > 0, n_events, 1)
        largest = np.zeros(n_items)
        np.maximum.at(largest, items, values)
        self.recency_ = ((mean + largest) / 2).astype(np.float32)

    def _prepare(self, histories: Histories) -> int:
        return histories.n_histories

    def _score(self, queries: int, items) -> np.ndarray:
        return np.tile(self.recency_[items], (queries, 1))

    def _contributions(self, histories: Histories, items: np.ndarray) -> np.ndarray:
        shares = self.recency_[items].astype(np.float64) / np.maximum(histories.lengths, 1)[:, np.newaxis]
        return shares[histories.row_idx]


def _merged(items: np.ndarray, times: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the different events, by item and time, with their counts; those that were taken away are left out.

    Examples
    --------
    >>> _merged(np.array([1, 0, 1, 1]), np.array([5.0, 7.0, 5.0, 6.0]), np.array([1.0, 1.0, 1.0, 0.0]))
    (array([0, 1]), array([7., 5.]), array([1., 2.]))
    """
    order = np.lexsort((times, items))
    items, times, counts = items[order], times[order], counts[order]
    is_first = np.ones(len(items), dtype=bool)
    is_first[1:] = (np.diff(items) != 0) | (np.diff(times) != 0)
    first = np.flatnonzero(is_first)
    totals = np.add.reduceat(counts, first) if len(first) else counts
    first, totals = first[totals > 0], totals[totals > 0]
    return items[first], times[first], totals


def _half_life(times: np.ndarray, now: float) -> float | None:
    """Return the time in which the latest 7 % of the events came, or 7 % of all the time where these came at once.

    None where there are no two times.

    Examples
    --------
    >>> round(_half_life(np.arange(101.0), 100.0), 6)
    7.0
    >>> _half_life(np.array([0.0, 100.0, 100.0]), 100.0), _half_life(np.array([3.0, 3.0]), 3.0)
    (7.0, None)
    """
    return float(now - np.quantile(times, 1 - _SHARE)) or float(now - times.min()) * _SHARE or None
