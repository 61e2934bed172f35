"""Cost of a search in encoded texts and seconds, for several ways to run it."""

import numpy as np
from sklearn.utils import check_consistent_length

from .._utils._optional import require


class SearchCostDisplay:
    """Bars of the texts through the model and of the seconds of a search, for several ways to run it.

    Parameters
    ----------
    names : sequence of str, length n
        The ways.
    n_encoded : array-like of shape (n,)
        How many texts went through the model.
    seconds : array-like of shape (n,)
        How long the search took.

    Attributes
    ----------
    bars_ : list of two matplotlib BarContainer
        The bars of both panels.
    axes_ : ndarray of shape (2,), of matplotlib Axes
        The panels.
    figure_ : matplotlib Figure
        The figure.

    Examples
    --------
    >>> from sklearn_llmtokens.plotting import SearchCostDisplay
    >>> results = {"each fold": (54000, 900.0), "once": (600, 14.0)}
    >>> display = SearchCostDisplay.from_results(results)
    >>> display.names
    ['each fold', 'once']
    """

    def __init__(self, names, n_encoded, seconds):
        self.names = names
        self.n_encoded = n_encoded
        self.seconds = seconds

    @classmethod
    def from_results(cls, results, *, ax=None, **kwargs):
        """Draw results by name.

        Parameters
        ----------
        results : dict of str to (int, float)
            Texts through the model, and seconds, of each way.
        ax : sequence of two matplotlib Axes, default=None
            Where to draw. None makes a new figure.
        **kwargs : dict
            Passed to ``Axes.barh``.

        Returns
        -------
        SearchCostDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If there is no result, or one is not two numbers.
        MissingDependencyError
            If matplotlib is not installed.
        """
        if not results:
            raise ValueError("results is empty: pass at least one way with its numbers.")
        for name, result in results.items():
            if np.shape(result) != (2,):
                raise ValueError(f"{name!r} has the result {result!r}: (texts, seconds) is needed.")
        n_encoded, seconds = zip(*results.values(), strict=True)
        return cls(list(results), list(n_encoded), list(seconds)).plot(ax=ax, **kwargs)

    def plot(self, ax=None, **kwargs):
        """Draw the two panels.

        Parameters
        ----------
        ax : sequence of two matplotlib Axes, default=None
            Where to draw. None makes a new figure.
        **kwargs : dict
            Passed to ``Axes.barh``.

        Returns
        -------
        SearchCostDisplay
            The display itself.

        Raises
        ------
        ValueError
            If lengths differ, or `ax` is not two axes.
        MissingDependencyError
            If matplotlib is not installed.
        """
        check_consistent_length(self.names, self.n_encoded, self.seconds)
        plt = require("matplotlib.pyplot", extra="plot", purpose="SearchCostDisplay")
        if ax is None:
            _, ax = plt.subplots(1, 2, figsize=(8, 0.6 + 0.5 * len(self.names)), sharey=True, layout="constrained")
        axes = np.ravel(ax)
        if len(axes) != 2:
            raise ValueError(f"ax has {len(axes)} axes: two are needed, for texts and for seconds.")
        rows = np.arange(len(self.names))
        self.bars_ = []
        for panel, values, label, shown in (
            (axes[0], self.n_encoded, "texts through the model", "{:,.0f}"),
            (axes[1], self.seconds, "seconds", "{:,.1f}"),
        ):
            bars = panel.barh(rows, values, **kwargs)
            panel.bar_label(bars, fmt=shown, padding=3)
            panel.set(xlabel=label, yticks=rows, yticklabels=self.names)
            panel.margins(x=0.25)
            self.bars_.append(bars)
        if not axes[0].yaxis_inverted():
            axes[0].invert_yaxis()
        if not axes[1].yaxis_inverted():
            axes[1].invert_yaxis()
        self.axes_, self.figure_ = axes, axes[0].figure
        return self
