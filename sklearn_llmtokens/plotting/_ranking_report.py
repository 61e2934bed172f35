"""Four pictures of recommenders: hit rate over k, by length of the history and by age of the item, and coverage."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from .._utils._optional import require
from ._ranking_curve import RankingCurveDisplay, coverage_curve, hits

_LENGTHS = (1, 2, 5, 10, 20, 50)
_AGES = (30, 90, 365)


@dataclass(frozen=True)
class HitRatesByGroup:
    """Hit rates of groups of queries.

    Parameters
    ----------
    labels : list of str, length n_groups
        What each group is.
    n_queries : list of int, length n_groups
        How many queries it has.
    rates : dict of str to ndarray of shape (n_groups,)
        The hit rate of each recommender, by name.
    """

    labels: list[str]
    n_queries: list[int]
    rates: dict[str, np.ndarray]

    def standard_errors(self, name: str) -> np.ndarray:
        """Return the binomial standard error of each group.

        Parameters
        ----------
        name : str
            The recommender.

        Returns
        -------
        ndarray of shape (n_groups,)
            Standard errors of its hit rates.
        """
        rates = self.rates[name]
        return np.sqrt(rates * (1 - rates) / np.array(self.n_queries))


class RankingReportDisplay:
    """Where recommenders find what followed: over k, by history length and by item age; and what they show at all.

    Use `from_estimators` or `from_predictions` to make one; the constructor takes computed values. Bars are standard
    errors. The recommenders answer the same queries, so that differences between them are known better than that.

    Parameters
    ----------
    hit_rate : dict of str to array-like of shape (k,)
        Hit rate at 1, 2, ..., k of each recommender, by name.
    coverage : dict of str to array-like of shape (k,)
        Share of the catalogue in the first 1, 2, ..., k places of the lists.
    by_length : HitRatesByGroup
        Hit rate at k by the number of events of the history.
    by_age : HitRatesByGroup, default=None
        Hit rate at k by the time between the first event of the item and the query. None leaves the picture out.

    Attributes
    ----------
    axes_ : ndarray of 3 or 4 matplotlib Axes
        The axes: hit rate, history length, item age (if there is one), coverage.
    figure_ : matplotlib Figure
        The figure.

    See Also
    --------
    RankingCurveDisplay : One of the curves alone, and NDCG.

    Examples
    --------
    >>> from sklearn_llmtokens.plotting import RankingReportDisplay
    >>> lists = {"content": [["a", "b"], ["b", "c"]], "popular": [["a", "b"], ["a", "b"]]}
    >>> display = RankingReportDisplay.from_predictions(["a", "c"], lists, [["b"], ["a", "b"]], items=["a", "b", "c"])
    >>> display.by_length.labels, display.by_length.rates["popular"]
    (['1', '2-4'], array([1., 0.]))
    """

    def __init__(self, hit_rate, coverage, by_length, by_age=None):
        self.hit_rate = hit_rate
        self.coverage = coverage
        self.by_length = by_length
        self.by_age = by_age

    @classmethod
    def from_estimators(cls, recommenders, X, y_true, *, interactions=None, k=20, **kwargs):
        """Ask fitted recommenders, compute the values and draw them.

        Parameters
        ----------
        recommenders : dict of str to recommender
            Fitted recommenders of one catalogue, by name.
        X : list, array or Series of histories, length n_queries
            The queries.
        y_true : array-like of shape (n_queries,)
            The item that followed each query.
        interactions : Interactions, default=None
            As in `from_predictions`.
        k : int, default=20
            Length of the lists.
        **kwargs : dict
            Further arguments of `from_predictions`.

        Returns
        -------
        RankingReportDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            As in `from_predictions`.
        """
        if not recommenders:
            raise ValueError("recommenders is empty: pass at least one fitted recommender by its name.")
        lists = {name: recommender.recommend(X, k=k) for name, recommender in recommenders.items()}
        items = next(iter(recommenders.values())).catalog_
        return cls.from_predictions(y_true, lists, X, items=items, interactions=interactions, **kwargs)

    @classmethod
    def from_predictions(
        cls,
        y_true,
        recommended,
        X,
        *,
        items,
        interactions=None,
        times=None,
        lengths=_LENGTHS,
        ages=_AGES,
        day=86_400.0,
        ax=None,
    ):
        """Compute the values from ranked lists, and draw them.

        Parameters
        ----------
        y_true : array-like of shape (n_queries,)
            The item that followed each query.
        recommended : dict of str to array-like of shape (n_queries, k)
            The lists of each recommender, best first; None fills short rows.
        X : sequence of histories, length n_queries
            The queries: rows of `make_queries`, or lists.
        items : Catalog or array-like of shape (n_items,)
            The catalogue, or its ids.
        interactions : Interactions, default=None
            Events with times, which say how old an item was: those of training, or all of them. None leaves the
            picture of item age out.
        times : array-like of shape (n_queries,), default=None
            When each query was. None takes it from the rows of `make_queries`.
        lengths : sequence of int, default=(1, 2, 5, 10, 20, 50)
            The least number of events of each group of histories, ascending.
        ages : sequence of float, default=(30, 90, 365)
            Where the age of the items is cut, in days, ascending. An item without an event before the query is new.
        day : float, default=86400.0
            How long a day is in the unit of the times; dates are seconds.
        ax : sequence of matplotlib Axes, default=None
            Four axes, or three without `interactions`. None makes a new figure.

        Returns
        -------
        RankingReportDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If there is no list, the numbers of rows differ, a list names an item twice, or times are missing.
        MissingDependencyError
            If matplotlib is not installed.
        """
        if not recommended:
            raise ValueError("recommended is empty: pass the lists of at least one recommender by its name.")
        hit_rate: dict[str, np.ndarray] = {}
        is_hit: dict[str, np.ndarray] = {}
        for name, lists in recommended.items():
            found = hits(y_true, lists, name)
            if len(found) != len(X):
                raise ValueError(f"X has {len(X)} rows and the lists of {name!r} have {len(found)}.")
            hit_rate[name] = np.cumsum(found, axis=1).mean(axis=0)
            is_hit[name] = np.asarray(found.any(axis=1))
        coverage = {name: coverage_curve(lists, len(items), name) for name, lists in recommended.items()}
        by_age = None
        if interactions is not None:
            by_age = _group(_age_groups(_ages(y_true, X, times, interactions) / day, ages), is_hit)
        by_length = _group(_length_groups([len(row) for row in X], lengths), is_hit)
        return cls(hit_rate, coverage, by_length, by_age).plot(ax=ax)

    def plot(self, ax=None):
        """Draw the pictures.

        Parameters
        ----------
        ax : sequence of matplotlib Axes, default=None
            Four axes, or three where `by_age` is None. None makes a new figure.

        Returns
        -------
        RankingReportDisplay
            The display itself.

        Raises
        ------
        ValueError
            If there is another number of axes.
        MissingDependencyError
            If matplotlib is not installed.
        """
        plt = require("matplotlib.pyplot", extra="plot", purpose="RankingReportDisplay")
        n_axes = 3 if self.by_age is None else 4
        if ax is None:
            shape = (1, 3) if n_axes == 3 else (2, 2)
            _, ax = plt.subplots(*shape, figsize=(4.5 * shape[1], 3.5 * shape[0]), layout="constrained")
        axes = np.ravel(np.asarray(ax, dtype=object))
        if len(axes) != n_axes:
            raise ValueError(f"ax has {len(axes)} axes: {n_axes} are needed.")
        k = len(next(iter(self.hit_rate.values())))
        groups = [(self.by_length, "events of the history"), (self.by_age, "age of the item, days")]
        RankingCurveDisplay(self.hit_rate, metric="HR").plot(ax=axes[0])
        for place, (group, what) in zip(axes[1:-1], groups, strict=False):
            _draw_groups(place, group, what, k)
        RankingCurveDisplay(self.coverage, metric="coverage").plot(ax=axes[-1])
        axes[-1].get_legend().remove()  # one legend, in the first picture
        self.axes_, self.figure_ = axes, axes[0].figure
        return self


def _draw_groups(ax, groups: HitRatesByGroup, what: str, k: int) -> None:
    """Draw the hit rate of each group with its standard error; recommenders stand beside each other."""
    places, n_names = np.arange(len(groups.labels)), len(groups.rates)
    for i, (name, rates) in enumerate(groups.rates.items()):
        shift = min(0.12, 0.8 / n_names) * (i - (n_names - 1) / 2)
        ax.errorbar(places + shift, rates, groups.standard_errors(name), label=name, marker="o", ms=3, capsize=2)
    labels = [f"{label}\n{n:,}" for label, n in zip(groups.labels, groups.n_queries, strict=True)]
    ax.set_xticks(places, labels, fontsize=8)
    ax.set(xlabel=f"{what}; number of queries", ylabel=f"HR@{k}", xlim=(-0.5, len(places) - 0.5))
    ax.set_ylim(bottom=0)


def _group(groups: list[tuple[str, np.ndarray]], is_hit: dict[str, np.ndarray]) -> HitRatesByGroup:
    """Return the hit rates of the groups that have a query."""
    groups = [(label, member) for label, member in groups if member.any()]
    rates = {name: np.array([hit[member].mean() for _, member in groups]) for name, hit in is_hit.items()}
    return HitRatesByGroup([label for label, _ in groups], [int(member.sum()) for _, member in groups], rates)


def _length_groups(n_events: list[int], starts) -> list[tuple[str, np.ndarray]]:
    """Return a label and the members of each group of lengths.

    Examples
    --------
    >>> [(label, member.tolist()) for label, member in _length_groups([0, 1, 3, 9], (1, 2, 5))]
    [('0', [True, False, False, False]), ('1', [False, True, False, False]), ('2-4', [False, False, True, False]),
     ('5+', [False, False, False, True])]
    """
    lengths, starts = np.array(n_events), [0, *starts]
    groups = []
    for start, stop in zip(starts, [*starts[1:], None], strict=True):
        label = f"{start}+" if stop is None else f"{start}" if stop == start + 1 else f"{start}-{stop - 1}"
        groups.append((label, (lengths >= start) & (lengths < (np.inf if stop is None else stop))))
    return groups


def _age_groups(days: np.ndarray, cuts) -> list[tuple[str, np.ndarray]]:
    """Return a label and the members of each group of ages; what is new has the age NaN."""
    groups = [("new", np.isnan(days)), (f"< {cuts[0]:g}", days < cuts[0])]
    groups += [(f"{low:g}-{high:g}", (days >= low) & (days < high)) for low, high in pairwise(cuts)]
    return [*groups, (f"{cuts[-1]:g}+", days >= cuts[-1])]


def _ages(y_true, X, times, interactions) -> np.ndarray:
    """Return how long before each query its target had its first event, NaN where there was none before."""
    if interactions.time is None:
        raise ValueError("interactions has no times, which say how old an item was: leave it out.")
    if times is None:
        times = [getattr(row, "time", None) for row in X]
        lost = next((i for i, time in enumerate(times) if time is None), None)
        if lost is not None:
            raise ValueError(f"X[{lost}] does not know its time, as rows of make_queries do: pass times.")
    asked = _seconds(times)
    first: dict = {}
    for item, time in zip(interactions.item.tolist(), _seconds(interactions.time).tolist(), strict=True):
        first[item] = min(time, first.get(item, np.inf))
    ages = asked - np.array([first.get(item, np.inf) for item in np.asarray(y_true, dtype=object).tolist()])
    return np.where(ages > 0, ages, np.nan)


def _seconds(times) -> np.ndarray:
    """Return numbers as they are, dates as seconds since 1970, durations as seconds, float64."""
    times = np.asarray(times)
    if times.dtype.kind in "mM":
        return times.astype(f"{times.dtype.kind}8[us]").astype(np.int64) / 1e6
    return times.astype(np.float64)
