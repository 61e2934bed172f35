"""Hit rate, NDCG and coverage over the length of the list, for several recommenders."""

import numpy as np

from ._axes import axes_for, legend

_METRICS = ("HR", "NDCG", "coverage")


class RankingCurveDisplay:
    """Quality of ranked lists over their length k, with one line per recommender.

    Use `from_predictions` to make one from lists; the constructor takes the curves.

    Parameters
    ----------
    curves : dict of str to array-like of shape (n_lengths,)
        Quality at k = 1, 2, ... of each recommender, by name.
    metric : str, default="HR"
        What it is, for the axis.

    Attributes
    ----------
    lines_ : list of matplotlib Line2D
        The lines.
    ax_ : matplotlib Axes
        The axes.
    figure_ : matplotlib Figure
        The figure.

    Examples
    --------
    >>> from sklearn_llmtokens.plotting import RankingCurveDisplay
    >>> lists = {"content": [["a", "b"], ["b", "c"]], "popular": [["a", "b"], ["a", "b"]]}
    >>> display = RankingCurveDisplay.from_predictions(["a", "c"], lists)
    >>> display.curves["content"]
    array([0.5, 1. ])
    """

    def __init__(self, curves, *, metric="HR"):
        self.curves = curves
        self.metric = metric

    @classmethod
    def from_predictions(cls, y_true, recommended, *, metric="HR", items=None, ax=None, **kwargs):
        """Compute the curves from one target a query and ranked lists, and draw them.

        Parameters
        ----------
        y_true : array-like of shape (n_queries,)
            The item that followed each query. None for coverage, which needs none.
        recommended : dict of str to array-like of shape (n_queries, n_columns)
            The lists of each recommender, best first; None fills short rows.
        metric : {"HR", "NDCG", "coverage"}, default="HR"
            Hit rate, normalised discounted cumulative gain, or the share of the catalogue that is in at least one list.
        items : Catalog or array-like of shape (n_items,), default=None
            The catalogue, or its ids. Coverage needs it.
        ax : matplotlib Axes, default=None
            Where to draw. None makes a new figure.
        **kwargs : dict
            Passed to ``Axes.plot``.

        Returns
        -------
        RankingCurveDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If `metric` is not known, the numbers of rows differ, `y_true` is not one item per query, a list names an
            item twice, or `items` is missing for coverage.
        MissingDependencyError
            If matplotlib is not installed.
        """
        if metric not in _METRICS:
            raise ValueError(f"metric={metric!r} is not known; choose 'HR', 'NDCG' or 'coverage'.")
        if metric == "coverage":
            if items is None:
                raise ValueError("metric='coverage' needs items: pass the Catalog or the ids of its items.")
            curves = {name: coverage_curve(lists, len(items), name) for name, lists in recommended.items()}
        else:
            curves = {name: _curve(y_true, lists, metric, name) for name, lists in recommended.items()}
        return cls(curves, metric=metric).plot(ax=ax, **kwargs)

    def plot(self, ax=None, **kwargs):
        """Draw the lines.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None makes a new figure.
        **kwargs : dict
            Passed to ``Axes.plot``.

        Returns
        -------
        RankingCurveDisplay
            The display itself.

        Raises
        ------
        MissingDependencyError
            If matplotlib is not installed.
        """
        ax = axes_for(ax, "RankingCurveDisplay")
        self.lines_ = []
        for name, curve in self.curves.items():
            style = {"marker": "o", "markersize": 3, "label": name, **kwargs}
            self.lines_ += ax.plot(np.arange(1, len(curve) + 1), curve, **style)
        ax.set(xlabel="k", ylabel=f"{self.metric}@k")
        ax.set_ylim(bottom=0)
        ax.xaxis.get_major_locator().set_params(integer=True)
        legend(ax, self.curves)
        self.ax_, self.figure_ = ax, ax.figure
        return self


def _curve(y_true, lists, metric: str, name: str) -> np.ndarray:
    """Compute the quality at each k, shape (n_columns,)."""
    is_hit = hits(y_true, lists, name).astype(float)
    worth = np.ones(is_hit.shape[1]) if metric == "HR" else 1 / np.log2(np.arange(2, is_hit.shape[1] + 2))
    return np.cumsum(is_hit * worth, axis=1).mean(axis=0)


def hits(y_true, lists, name: str) -> np.ndarray:
    """Check in which place of each list the target stands, bool of shape (n_queries, n_columns)."""
    lists = _read_lists(lists, name)
    targets = np.asarray(y_true, dtype=object)
    if targets.ndim != 1:
        raise ValueError(f"y_true has {targets.ndim} dimensions: one item per query is needed.")
    if len(lists) != len(targets):
        raise ValueError(f"The lists of {name!r} have the shape {lists.shape}: {len(targets)} rows are needed.")
    return lists == targets[:, np.newaxis]


def coverage_curve(lists, n_items: int, name: str) -> np.ndarray:
    """Compute the share of the catalogue in the first k places of any list at each k, shape (n_columns,).

    Examples
    --------
    >>> coverage_curve([["a", "b"], ["a", None]], 4, "content")
    array([0.25, 0.5 ])
    """
    lists = _read_lists(lists, name)
    first: dict = {}
    for place, column in enumerate(lists.T.tolist()):
        for item in column:
            if item is not None:
                first.setdefault(item, place)
    return np.cumsum(np.bincount(list(first.values()), minlength=lists.shape[1])) / n_items


def _read_lists(lists, name: str) -> np.ndarray:
    """Return lists of which none names an item twice, object of shape (n_queries, n_columns)."""
    lists = np.asarray(lists, dtype=object)
    if lists.ndim != 2:
        raise ValueError(f"The lists of {name!r} have the shape {lists.shape}: (n_queries, n_columns) is needed.")
    for i, row in enumerate(lists.tolist()):
        twice = next((item for j, item in enumerate(row) if item is not None and item in row[:j]), None)
        if twice is not None:
            raise ValueError(f"Row {i} of {name!r} holds {twice!r} twice: a list names an item once.")
    return lists
