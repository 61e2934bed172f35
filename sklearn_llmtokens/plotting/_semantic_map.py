"""Scatter plot of vectors in two dimensions."""

import numpy as np
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.utils import check_array, check_consistent_length

from ._axes import axes_for, font_for, legend


class SemanticMapDisplay:
    """Map of vectors in two dimensions, coloured by label.

    Use `from_vectors` to make one; the constructor takes points that are two-dimensional already.

    Parameters
    ----------
    points : ndarray of shape (n_points, 2)
        Where each point lies.
    labels : array-like of shape (n_points,), default=None
        The label of each point. None draws all in one colour; a missing one (None, NaN) among them makes its point one
        of "no label".
    texts : array-like of str of shape (n_points,), default=None
        What is written beside each point; "" writes nothing.

    Attributes
    ----------
    scatters_ : list of matplotlib PathCollection
        The points of each label.
    ax_ : matplotlib Axes
        The axes.
    figure_ : matplotlib Figure
        The figure.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_llmtokens.plotting import SemanticMapDisplay
    >>> vectors = np.random.default_rng(0).normal(size=(20, 8))
    >>> display = SemanticMapDisplay.from_vectors(vectors, labels=["news", "shop"] * 10)
    >>> display.points.shape
    (20, 2)
    """

    def __init__(self, points, *, labels=None, texts=None):
        self.points = points
        self.labels = labels
        self.texts = texts

    @classmethod
    def from_vectors(cls, vectors, labels=None, *, texts=None, reducer=None, random_state=0, ax=None, **kwargs):
        """Reduce vectors to two dimensions and draw them.

        Parameters
        ----------
        vectors : array-like of shape (n_points, n_features)
            The vectors; two at least.
        labels : array-like of shape (n_points,), default=None
            The label of each.
        texts : array-like of str of shape (n_points,), default=None
            What is written beside each.
        reducer : transformer, default=None
            Gives two columns by ``fit_transform``: ``TSNE()``, say. It is cloned. None is PCA.
        random_state : int, RandomState instance or None, default=0
            Of the PCA.
        ax : matplotlib Axes, default=None
            Where to draw. None makes a new figure.
        **kwargs : dict
            Passed to ``Axes.scatter``.

        Returns
        -------
        SemanticMapDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If the reducer does not give two columns, or lengths differ.
        MissingDependencyError
            If matplotlib is not installed.
        """
        vectors = check_array(vectors, ensure_min_samples=2, input_name="vectors")
        reducer = PCA(2, random_state=random_state) if reducer is None else clone(reducer)
        return cls(reducer.fit_transform(vectors), labels=labels, texts=texts).plot(ax=ax, **kwargs)

    def plot(self, ax=None, **kwargs):
        """Draw the map.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None makes a new figure.
        **kwargs : dict
            Passed to ``Axes.scatter``.

        Returns
        -------
        SemanticMapDisplay
            The display itself.

        Raises
        ------
        ValueError
            If the points are not of two dimensions, or lengths differ.
        MissingDependencyError
            If matplotlib is not installed.
        """
        points = np.asarray(self.points)
        if points.ndim != 2 or points.shape[1] != 2:
            raise ValueError(f"The points have the shape {points.shape}: two columns are needed.")
        check_consistent_length(points, self.labels, self.texts)
        ax = axes_for(ax, "SemanticMapDisplay")
        style = {"s": 14, "alpha": 0.8, **kwargs}
        if self.labels is None:
            self.scatters_ = [ax.scatter(*points.T, **style)]
        else:
            self.scatters_ = _scatter_by_label(ax, points, np.asarray(self.labels), style)
        if self.texts is not None:
            family = font_for(self.texts)
            for point, text in zip(points, self.texts, strict=True):
                ax.annotate(text, point, xytext=(3, 3), textcoords="offset points", fontsize=7, family=family)
        ax.set(xticks=[], yticks=[])
        self.ax_, self.figure_ = ax, ax.figure
        return self


def _scatter_by_label(ax, points: np.ndarray, labels: np.ndarray, style: dict) -> list:
    """Draw the points of each label in a colour of its own, with a legend."""
    groups = _groups(labels)
    colours = _colours(len(groups))
    scatters = [
        ax.scatter(*points[rows].T, **{"color": colour, "label": name, **style})
        for (name, rows), colour in zip(groups, colours, strict=True)
    ]
    legend(ax, [name for name, _ in groups], loc="center left", bbox_to_anchor=(1, 0.5))
    return scatters


def _groups(labels: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """Return the name and the rows of each label in ascending order, and at the end those without a label.

    Examples
    --------
    >>> [(name, rows.tolist()) for name, rows in _groups(np.array(["b", None, "a", "b"], dtype=object))]
    [('a', [2]), ('b', [0, 3]), ('no label', [1])]
    """
    rows: dict = {}
    without = []
    for row, label in enumerate(labels.tolist()):
        if label is None or type(label).__name__ == "NAType" or label != label:
            without.append(row)
        else:
            rows.setdefault(label, []).append(row)
    groups = [
        (str(label), np.array(rows[label])) for label in sorted(rows, key=lambda one: (isinstance(one, str), one))
    ]
    return [*groups, ("no label", np.array(without))] if without else groups


def _colours(n: int) -> list:
    """Return n colours that are as easy to distinguish as n allows."""
    from matplotlib import colormaps

    if n <= 20:
        palette = colormaps["tab10" if n <= 10 else "tab20"]
        return [palette(i) for i in range(n)]
    return [colormaps["hsv"](i / n) for i in range(n)]
