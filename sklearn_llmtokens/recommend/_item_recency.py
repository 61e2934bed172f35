"""The items whose events are of late: what is new, or still alive, whoever asks."""

from datetime import timedelta
from numbers import Real

import numpy as np

from .._utils._sklearn import Interval, StrOptions
from ._base import SHARED_CONSTRAINTS, BaseRecommender
from ._catalog import Catalog
from ._histories import Histories
from ._popularity import timed_events
from ._recency import half_life_of

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
        The `half_life` in the unit of the times, seconds since 1970 for dates. None where no times are known: the score
        of each item is 0.

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

    def __init__(self, catalog, *, half_life="auto", unknown="error", filter_seen=True, verbose=0):
        self.catalog = catalog
        self.half_life = half_life
        self.unknown = unknown
        self.filter_seen = filter_seen
        self.verbose = verbose

    def _fit(self, sequences: Histories) -> None:
        items, times = timed_events(sequences)
        n_items = self.catalog_.n_items
        self.half_life_ = _half_life(times, self.half_life) if len(times) else None
        self._now, self._sums, self._counts = -np.inf, np.zeros(n_items), np.zeros(n_items)
        self._latest = np.full(n_items, -np.inf)
        self._learn(items, times, np.ones(len(times)))

    def _update(self, now: Histories, before: Histories) -> None:
        added, removed = timed_events(now), timed_events(before)
        signs = np.concatenate([np.ones(len(added[0])), -np.ones(len(removed[0]))])
        self._learn(np.concatenate([added[0], removed[0]]), np.concatenate([added[1], removed[1]]), signs)

    def _add(self, idx: np.ndarray) -> None:
        n_new = self.catalog_.n_items - len(self._sums)
        self._sums, self._counts = (np.concatenate([one, np.zeros(n_new)]) for one in (self._sums, self._counts))
        self._latest = np.concatenate([self._latest, np.full(n_new, -np.inf)])
        self._learn(np.empty(0, np.intp), np.empty(0), np.empty(0))

    def _learn(self, items: np.ndarray, times: np.ndarray, signs: np.ndarray) -> None:
        """Add events to those learnt, or take them away where their sign is -1."""
        n_items = self.catalog_.n_items
        if self.half_life_ is not None and len(times):
            now = max(self._now, times.max())
            values = signs * 0.5 ** ((now - times) / self.half_life_)
            faded = self._sums * 0.5 ** ((now - self._now) / self.half_life_)
            self._now, self._sums = now, faded + np.bincount(items, values, minlength=n_items)
            self._counts = self._counts + np.bincount(items, signs, minlength=n_items)
            self._latest = self._latest.copy()
            np.maximum.at(self._latest, items[signs > 0], times[signs > 0])
        self.recency_ = np.zeros(n_items, dtype=np.float32)
        some = self._counts > 0
        if self.half_life_ is not None:
            mean = np.maximum(self._sums[some], 0) / self._counts[some]
            self.recency_[some] = (mean + 0.5 ** ((self._now - self._latest[some]) / self.half_life_)) / 2

    def _prepare(self, histories: Histories) -> int:
        return histories.n_histories

    def _score(self, queries: int, items) -> np.ndarray:
        return np.tile(self.recency_[items], (queries, 1))

    def _contributions(self, histories: Histories, items: np.ndarray) -> np.ndarray:
        shares = self.recency_[items].astype(np.float64) / np.maximum(histories.lengths, 1)[:, np.newaxis]
        return shares[histories.row_idx]


def _half_life(times: np.ndarray, given) -> float:
    """Return the half-life in the unit of the times.

    That of "auto" is 7 % of all the time where the latest events came at once, and 1 where all did.

    Examples
    --------
    >>> round(_half_life(np.arange(101.0), "auto"), 6), _half_life(np.arange(101.0), 3)
    (7.0, 3.0)
    >>> _half_life(np.array([0.0, 100.0, 100.0]), "auto"), _half_life(np.array([3.0, 3.0]), "auto")
    (7.0, 1.0)
    """
    if given != "auto":
        return half_life_of(given)
    latest = times.max()
    return float(latest - np.quantile(times, 1 - _SHARE) or (latest - times.min()) * _SHARE or 1.0)
