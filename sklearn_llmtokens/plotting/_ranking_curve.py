"""Hit rate and NDCG over the length of the list, for several recommenders."""

import numpy as np

from ._axes import axes_for

_METRICS = ("HR", "NDCG")


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
    def from_predictions(cls, y_true, recommended, *, metric="HR", ax=None, **kwargs):
        """Compute the curves from one target a query and ranked lists, and draw them.

        Parameters
        ----------
        y_true : array-like of shape (n_queries,)
            The item that followed each query.
        recommended : dict of str to array-like of shape (n_queries, n_columns)
            The lists of each recommender, best first; None fills short rows.
        metric : {"HR", "NDCG"}, default="HR"
            Hit rate, or normalised discounted cumulative gain.
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
            If `metric` is not known, the numbers of rows differ, `y_true` is not one item a query, or a list names an
            item twice.
        MissingDependencyError
            If matplotlib is not installed.
        """
        if metric not in _METRICS:
            raise ValueError(f"metric={metric!r} is not known; choose 'HR' or 'NDCG'.")
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
        ax.legend(frameon=False)
        self.ax_, self.figure_ = ax, ax.figure
        return self


def _curve(y_true, lists, metric: str, name: str) -> np.ndarray:
    """Compute the quality at each k, shape (n_columns,)."""
    lists = np.asarray(lists, dtype=object)
    targets = np.asarray(y_true, dtype=object)
    if targets.ndim != 1:
        raise ValueError(f"y_true has {targets.ndim} dimensions: one item a query is needed.")
    if lists.ndim != 2 or len(lists) != len(targets):
        raise ValueError(f"The lists of {name!r} have the shape {lists.shape}: {len(targets)} rows are needed.")
    for i, row in enumerate(lists.tolist()):
        twice = next((item for j, item in enumerate(row) if item is not None and item in row[:j]), None)
        if twice is not None:
            raise ValueError(f"Row {i} of {name!r} holds {twice!r} twice: a list names an item once.")
    is_hit = (lists == targets[:, np.newaxis]).astype(float)
    worth = np.ones(lists.shape[1]) if metric == "HR" else 1 / np.log2(np.arange(2, lists.shape[1] + 2))
    return np.cumsum(is_hit * worth, axis=1).mean(axis=0)
