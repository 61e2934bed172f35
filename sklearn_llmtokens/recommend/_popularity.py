"""The items that most users have, lately or ever: what every other recommender must beat."""

from datetime import timedelta
from numbers import Real

import numpy as np

from .._utils._sklearn import Interval, StrOptions
from ._base import SHARED_CONSTRAINTS, BaseRecommender
from ._catalog import Catalog
from ._histories import Histories

_SHARE, _FEWEST = 0.01, 1000  # of the events, whatever the unit of their times; fewer than a thousand are noise


class PopularityRecommender(BaseRecommender):
    """Recommend what most training sequences have, or what was most popular of late.

    Parameters
    ----------
    catalog : Catalog
        The items.
    window : "auto", float, timedelta or None, default=None
        Time before the latest event in which events count, a number in the unit of the times. "auto" is the shortest
        one that holds a hundredth of the events, and a thousand at least. None, and where no times are known: all
        events count.
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
        Number of training sequences that have each item, or of its events in the window: the score.
    since_ : float or None
        The time from which events count, in the unit of the times, seconds since 1970 for dates. None where all count.

    Notes
    -----
    The score does not depend on the history, so that `explain` gives each event an equal share of it.

    Examples
    --------
    >>> from sklearn_llmtokens.recommend import Catalog, Interactions, PopularityRecommender
    >>> recommender = PopularityRecommender(Catalog(["a", "b", "c"])).fit([["b", "c"], ["b"]])
    >>> recommender.recommend([[], ["b"]], k=2)
    array([['b', 'c'],
           ['c', 'a']], dtype=object)
    >>> events = Interactions(["u", "v", "w"], ["a", "a", "c"], ["2024-01-01", "2024-01-02", "2024-03-01"])
    >>> PopularityRecommender(Catalog(["a", "b", "c"]), window=7 * 86_400).fit(events).predict([[]])
    array(['c'], dtype=object)
    """

    _parameter_constraints: dict = {
        "catalog": [Catalog],
        "window": [StrOptions({"auto"}), Interval(Real, 0, None, closed="left"), timedelta, None],
        **SHARED_CONSTRAINTS,
    }

    def __init__(self, catalog, *, window=None, unknown="error", filter_seen=True, verbose=0):
        self.catalog = catalog
        self.window = window
        self.unknown = unknown
        self.filter_seen = filter_seen
        self.verbose = verbose

    def _fit(self, sequences: Histories) -> None:
        self._length = None
        items, times = timed_events(sequences)
        if self.window is not None and len(times):
            self._length = _length(times, self.window)
            self._count(items, times, np.ones(len(times)))

    def _update(self, now: Histories, before: Histories) -> None:
        if self._length is None:
            return
        added, removed = timed_events(now), timed_events(before)
        items, times, counts = self._recent
        self._count(
            np.concatenate([items, added[0], removed[0]]),
            np.concatenate([times, added[1], removed[1]]),
            np.concatenate([counts, np.ones(len(added[0])), -np.ones(len(removed[0]))]),
        )

    def _count(self, items: np.ndarray, times: np.ndarray, counts: np.ndarray) -> None:
        """Count the events that are in the window before the latest one."""
        kept = times >= times.max() - self._length
        self._recent = items[kept], times[kept], counts[kept]
        found = np.bincount(items[kept], counts[kept], minlength=self.catalog_.n_items)
        self.popularity_ = found.astype(np.float32)

    @property
    def since_(self):
        """When the window begins."""
        return None if self._length is None else float(self._recent[1].max() - self._length)

    def _prepare(self, histories: Histories) -> int:
        return histories.n_histories

    def _score(self, queries: int, items) -> np.ndarray:
        return np.tile(self.popularity_[items], (queries, 1))

    def _contributions(self, histories: Histories, items: np.ndarray) -> np.ndarray:
        shares = self.popularity_[items].astype(np.float64) / np.maximum(histories.lengths, 1)[:, np.newaxis]
        return shares[histories.row_idx]


def timed_events(sequences: Histories) -> tuple[np.ndarray, np.ndarray]:
    """Return item and time of the events that are liked and whose time is known."""
    if sequences.times is None:
        return np.empty(0, np.intp), np.empty(0)
    known = ~np.isnan(sequences.times)
    if sequences.weights is not None:
        known &= sequences.weights > 0
    return sequences.item_idx[known], sequences.times[known]


def _length(times: np.ndarray, window) -> float:
    """Return how long the window is, in the unit of the times.

    Examples
    --------
    >>> _length(np.array([1.0, 5.0, 9.0]), 4)
    4.0
    >>> [round(_length(np.arange(n), "auto")) for n in (501.0, 2001.0, 200_001.0)]
    [500, 1000, 2000]
    """
    if isinstance(window, timedelta):
        return window.total_seconds()
    if window == "auto":
        share = min(1.0, max(_SHARE, _FEWEST / len(times)))
        return float(times.max() - np.quantile(times, 1 - share))
    return float(window)
