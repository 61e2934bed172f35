"""Trade-off between accuracy and diversity or fairness, over the strength of a re-ranking."""

import numpy as np
from sklearn.utils import check_consistent_length

from ._axes import axes_for, legend


class TradeoffDisplay:
    """Accuracy against diversity or fairness over the strength of a re-ranking, with one line per method.

    Up and to the right is better. A line that runs level to the right gains the one for nothing of the other.

    Parameters
    ----------
    trade_offs : array-like of shape (n_points,)
        The strengths, the same for all methods.
    accuracy : dict of str to array-like of shape (n_points,)
        Accuracy of each method at each strength.
    benefit : dict of str to array-like of shape (n_points,)
        Diversity, calibration or fairness of the same; more is better.
    accuracy_name : str, default="NDCG@10"
        Title of the axis.
    benefit_name : str, default="diversity"
        Title of the axis.

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
    >>> from sklearn_llmtokens.plotting import TradeoffDisplay
    >>> results = {"MMR": [(0.0, 0.30, 0.2), (0.5, 0.29, 0.5), (1.0, 0.10, 0.9)]}
    >>> display = TradeoffDisplay.from_results(results, benefit_name="intra-list diversity")
    >>> display.accuracy["MMR"]
    [0.3, 0.29, 0.1]
    """

    def __init__(self, trade_offs, accuracy, benefit, *, accuracy_name="NDCG@10", benefit_name="diversity"):
        self.trade_offs = trade_offs
        self.accuracy = accuracy
        self.benefit = benefit
        self.accuracy_name = accuracy_name
        self.benefit_name = benefit_name

    @classmethod
    def from_results(cls, results, *, accuracy_name="NDCG@10", benefit_name="diversity", ax=None, **kwargs):
        """Draw measured points.

        Parameters
        ----------
        results : dict of str to list of (float, float, float)
            Of each method the points (strength, accuracy, benefit), with the same strengths for all.
        accuracy_name : str, default="NDCG@10"
            Title of the axis.
        benefit_name : str, default="diversity"
            Title of the axis.
        ax : matplotlib Axes, default=None
            Where to draw. None makes a new figure.
        **kwargs : dict
            Passed to ``Axes.plot``.

        Returns
        -------
        TradeoffDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If there is no result, a point is not three numbers, or the strengths of two methods differ.
        MissingDependencyError
            If matplotlib is not installed.
        """
        if not results:
            raise ValueError("results is empty: pass the points of at least one method.")
        for name, points in results.items():
            wrong = next((point for point in points if np.shape(point) != (3,)), None)
            if wrong is not None:
                raise ValueError(f"{name!r} has the point {wrong!r}: (strength, accuracy, benefit) is needed.")
        strengths = {name: [point[0] for point in points] for name, points in results.items()}
        first = next(iter(strengths.values()))
        odd = next((name for name, values in strengths.items() if values != first), None)
        if odd is not None:
            raise ValueError(f"{odd!r} was measured at {strengths[odd]}, the first method at {first}.")
        display = cls(
            first,
            {name: [point[1] for point in points] for name, points in results.items()},
            {name: [point[2] for point in points] for name, points in results.items()},
            accuracy_name=accuracy_name,
            benefit_name=benefit_name,
        )
        return display.plot(ax=ax, **kwargs)

    def plot(self, ax=None, **kwargs):
        """Draw the lines, each point with its strength.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None makes a new figure.
        **kwargs : dict
            Passed to ``Axes.plot``.

        Returns
        -------
        TradeoffDisplay
            The display itself.

        Raises
        ------
        ValueError
            If names or lengths differ.
        MissingDependencyError
            If matplotlib is not installed.
        """
        if self.accuracy.keys() != self.benefit.keys():
            raise ValueError(f"accuracy has {list(self.accuracy)} and benefit {list(self.benefit)}: names must agree.")
        ax = axes_for(ax, "TradeoffDisplay")
        self.lines_ = []
        for name, accuracy in self.accuracy.items():
            benefit = self.benefit[name]
            check_consistent_length(self.trade_offs, accuracy, benefit)
            self.lines_ += ax.plot(benefit, accuracy, **{"marker": "o", "label": name, **kwargs})
            for strength, x, y in zip(np.asarray(self.trade_offs).tolist(), benefit, accuracy, strict=True):
                ax.annotate(f"{strength:g}", (x, y), xytext=(4, 4), textcoords="offset points", fontsize=8)
        ax.margins(0.1)  # room for the strengths
        ax.set(xlabel=self.benefit_name, ylabel=self.accuracy_name)
        legend(ax, self.accuracy)
        self.ax_, self.figure_ = ax, ax.figure
        return self
