"""How much training events count by their age: half as much after each half-life."""

from dataclasses import dataclass
from datetime import timedelta
from numbers import Real

import numpy as np

from .._utils._sklearn import Interval, StrOptions
from ._histories import Histories

_FEWEST = 1000  # events of which a thousandth may be wrong
HALF_LIFE_CONSTRAINTS = [StrOptions({"auto"}), Interval(Real, 0, None, closed="neither"), timedelta, None]


@dataclass(frozen=True)
class Recency:
    """Weights of events by their time.

    Attributes
    ----------
    latest : float
        The time from which ages are counted: that of the latest event in ``fit``. Later events count as it does.
    half_life : float
        Age at which an event counts half as much, in the unit of the times.
    """

    latest: float
    half_life: float

    @classmethod
    def of(cls, half_life, times: np.ndarray | None) -> "Recency | None":
        """Read a half-life; None where every event counts as much.

        Parameters
        ----------
        half_life : "auto", float, timedelta or None
            "auto" is the median age of the events.
        times : ndarray of shape (n_events,) or None
            Numbers, seconds since 1970 for dates; NaN where a time is not known.

        Raises
        ------
        ValueError
            If it is a duration of 0 or less.

        Examples
        --------
        >>> Recency.of("auto", np.array([0.0, 7.0, 8.0, 9.0, np.nan]))
        Recency(latest=9.0, half_life=1.5)
        """
        known = np.empty(0) if times is None else times[~np.isnan(times)]
        if half_life is None or not len(known):
            return None
        latest = latest_time(known)
        found = float(np.median(latest - known)) if half_life == "auto" else half_life_of(half_life)
        return cls(latest, found) if found > 0 else None  # 0 where most events are of one moment

    def weights(self, sequences: Histories) -> np.ndarray:
        """Return the weight of each event, in [0, 1], shape (n_events,); 1/2 where the time is not known.

        Examples
        --------
        >>> Recency(9.0, 2.0).weights(Histories(np.array([0, 3]), np.arange(3), times=np.array([5.0, np.nan, 11.0])))
        array([0.25, 0.5 , 1.  ])
        """
        if sequences.times is None:
            return np.full(len(sequences.item_idx), 0.5)
        ages = np.maximum(self.latest - sequences.times, 0) / self.half_life
        return 0.5 ** np.where(np.isnan(ages), 1.0, ages)


def latest_time(times: np.ndarray) -> float:
    """Return the time of the latest event, or that of the latest but a thousandth, where these are wrong.

    They are taken to be wrong, such as a date in 2099, where they alone make the time from the first event to the last
    one more than twice as long.

    Examples
    --------
    >>> times = np.arange(2000.0)
    >>> latest_time(times), latest_time(np.append(times, 1e6))
    (1999.0, 1998.0)
    """
    latest, usual = float(times.max()), float(np.quantile(times, 0.999, method="lower"))
    return usual if latest - usual > usual - float(times.min()) > 0 and len(times) >= _FEWEST else latest


def half_life_of(given: float | timedelta) -> float:
    """Return a half-life that was passed in the unit of the times; raise where it is a duration of 0 or less."""
    if not isinstance(given, timedelta):
        return float(given)
    if given.total_seconds() <= 0:
        raise ValueError(f"half_life is {given.total_seconds():g} seconds: pass a time above 0, or 'auto'.")
    return given.total_seconds()
