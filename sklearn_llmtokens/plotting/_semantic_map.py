"""Scatter plot of vectors in two dimensions, with names at the centres of clusters."""

import numpy as np
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.utils import check_array, check_consistent_length

from .._utils._columns import is_missing, read_column
from ._axes import axes_for
from ._fonts import font_for
from ._label_layout import AROUND, BESIDE, cut, place_labels
from ._map_style import GREYS, draw_legend, group_colours, point_style

_NAME_WIDTH = 24  # characters, Chinese ones count twice
_TEXT_WIDTH = 32
_TRIED = 6  # as many texts are measured for each one that may be written


class SemanticMapDisplay:
    """Map of vectors in two dimensions, coloured by label, with a name at the centre of each label's points.

    Use `from_vectors` or `from_estimator` to make one; the constructor takes points of two dimensions.

    Points are smaller and more transparent the more there are, and drawn in random order, so that no label hides
    another. Labels and texts that would cover others are left out, at the size that the figure has when it is drawn.

    Parameters
    ----------
    points : ndarray of shape (n_points, 2)
        Where each point lies.
    labels : array-like of shape (n_points,), default=None
        The label of each point. None draws all in one colour. Points whose label is missing (None, NaN) are "no label".
    texts : array-like of str of shape (n_points,), default=None
        What is written beside each point where there is room; "" writes nothing.
    names : dict of label to str, default=None
        What each label is called, as `name_clusters` returns it. None, or a label that is not in it, writes the label.
    noise_label : int or str, default=-1
        The label of points in no cluster. They are grey, below all others and last in the legend.
    explained_variance_ratio : array-like of shape (2,), default=None
        Share of the variance along each axis, which is then written there.

    Attributes
    ----------
    scatter_ : matplotlib PathCollection
        The points with a label, or all of them if there are no labels.
    background_ : matplotlib PathCollection or None
        Noise and points without a label.
    names_ : list of matplotlib Annotation
        The names of labels that are written.
    texts_ : list of matplotlib Annotation
        The texts that are written.
    ax_ : matplotlib Axes
        The axes.
    figure_ : matplotlib Figure
        The figure.

    See Also
    --------
    sklearn_llmtokens.exploration.name_clusters : Name clusters by their words.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_llmtokens.plotting import SemanticMapDisplay
    >>> vectors = np.random.default_rng(0).normal(size=(20, 8))
    >>> display = SemanticMapDisplay.from_vectors(vectors, labels=["news", "shop"] * 10)
    >>> display.points.shape
    (20, 2)
    """

    def __init__(self, points, *, labels=None, texts=None, names=None, noise_label=-1, explained_variance_ratio=None):
        self.points = points
        self.labels = labels
        self.texts = texts
        self.names = names
        self.noise_label = noise_label
        self.explained_variance_ratio = explained_variance_ratio

    @classmethod
    def from_estimator(cls, estimator, X, labels=None, **kwargs):
        """Turn texts into vectors by a fitted transformer, reduce these to two dimensions and draw them.

        Parameters
        ----------
        estimator : transformer
            Fitted: an embedder, or a pipeline that ends in two columns.
        X : texts of length n_points
            What `estimator` takes.
        labels : array-like of shape (n_points,), default=None
            The label of each.
        **kwargs : dict
            As in `from_vectors`.

        Returns
        -------
        SemanticMapDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            As in `from_vectors`.
        """
        return cls.from_vectors(estimator.transform(X), labels, **kwargs)

    @classmethod
    def from_vectors(
        cls,
        vectors,
        labels=None,
        *,
        texts=None,
        names=None,
        noise_label=-1,
        reducer=None,
        random_state=0,
        ax=None,
        **kwargs,
    ):
        """Reduce vectors to two dimensions and draw them.

        Parameters
        ----------
        vectors : array-like of shape (n_points, n_features)
            The vectors; two at least.
        labels : array-like of shape (n_points,), default=None
            The label of each.
        texts : array-like of str of shape (n_points,), default=None
            What is written beside each.
        names : dict of label to str, default=None
            What each label is called.
        noise_label : int or str, default=-1
            The label of points in no cluster.
        reducer : transformer, default=None
            Returns two columns from ``fit_transform``: ``TSNE()``, say. It is cloned. None is PCA, and vectors of two
            columns are drawn as they are.
        random_state : int, RandomState instance or None, default=0
            Of the PCA.
        ax : matplotlib Axes, default=None
            Where to draw. None makes a new figure.
        **kwargs : dict
            As in `plot`.

        Returns
        -------
        SemanticMapDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If the reducer does not return two columns, or lengths differ.
        MissingDependencyError
            If matplotlib is not installed.
        """
        vectors = check_array(vectors, ensure_min_samples=2, input_name="vectors")
        if vectors.shape[1] == 2 and reducer is None:
            return cls(vectors, labels=labels, texts=texts, names=names, noise_label=noise_label).plot(ax=ax, **kwargs)
        if reducer is None:
            reducer = PCA(2, random_state=random_state)
            # PCA's default solver is inaccurate where means are large beside what varies about them.
            vectors = vectors - vectors.mean(axis=0, dtype=np.float64)
        else:
            reducer = clone(reducer)
        display = cls(
            reducer.fit_transform(vectors),
            labels=labels,
            texts=texts,
            names=names,
            noise_label=noise_label,
            explained_variance_ratio=getattr(reducer, "explained_variance_ratio_", None),
        )
        return display.plot(ax=ax, **kwargs)

    def plot(self, ax=None, *, include_names=True, n_texts=25, **kwargs):
        """Draw the map.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None makes a new figure.
        include_names : bool, default=True
            Whether the name of each label is written at the median of its points, for as many as there is room for.
        n_texts : int, default=25
            At most so many of the `texts` are written, chosen at random.
        **kwargs : dict
            Passed to ``Axes.scatter``: `s` and `alpha`, say, which depend on the number of points otherwise.

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
        order = np.random.default_rng(0).permutation(len(points))
        groups, background = self._groups()
        names = [name for name, _ in groups]
        texts = [] if self.texts is None else [_one_line(text) for text in self.texts]
        family = font_for([*names, *texts])
        colours = group_colours(len(groups))
        self._scatter(ax, points, order, groups, background, colours, kwargs)
        draw_legend(ax, groups, background, colours, family)
        self._label_axes(ax)
        ax.figure.figure.draw_without_rendering()  # settles the size of the axes
        boxes: list = []
        self.names_ = self._write_names(ax, points, groups, colours, family, boxes) if include_names else []
        rows = np.array([row for row in order.tolist() if texts and texts[row]], dtype=np.intp)[: _TRIED * n_texts]
        self.texts_ = place_labels(
            ax,
            [texts[row] for row in rows.tolist()],
            points[rows],
            BESIDE,
            boxes,
            styles=[{}] * len(rows),
            limit=n_texts,
            fontsize=7,
            family=family,
        )
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _groups(self) -> tuple[list[tuple[str, np.ndarray]], list[tuple[str, np.ndarray]]]:
        """Return name and rows of the labels, and of noise and points without a label."""
        if self.labels is None:
            return [], []
        names = self.names or {}
        groups: list[tuple[str, np.ndarray]] = []
        background: list[tuple[str, np.ndarray]] = []
        missing: list[int] = []
        for label, rows in _rows_by_label(self.labels, missing):
            name = cut(str(names.get(label, "noise" if label == self.noise_label else label)), _NAME_WIDTH)
            (background if label == self.noise_label else groups).append((name, rows))
        return groups, background + ([("no label", np.array(missing))] if missing else [])

    def _scatter(self, ax, points, order, groups, background, colours, kwargs) -> None:
        """Draw the background first, then all other points in random order."""
        style = point_style(max(len(points), 1)) | kwargs
        fixed = {"c", "color"} & kwargs.keys()
        colour_of = np.zeros((len(points), 3))
        for (_, rows), colour in zip(groups, colours, strict=True):
            colour_of[rows] = colour
        behind = np.zeros(len(points), dtype=bool)
        self.background_ = None
        if background:
            rows = np.concatenate([rows for _, rows in background])
            behind[rows] = True
            greys = [GREYS.get(name, GREYS["noise"]) for name, rows in background for _ in rows]
            self.background_ = ax.scatter(*points[rows].T, **({} if fixed else {"c": greys}), **style)
        front = order[~behind[order]]
        by_label = {"c": colour_of[front]} if groups and not fixed else {}
        self.scatter_ = ax.scatter(*points[front].T, **by_label, **style)

    def _label_axes(self, ax) -> None:
        ax.set(xticks=[], yticks=[])
        if self.explained_variance_ratio is not None:
            shares = [f"{share:.1%} of the variance" for share in np.asarray(self.explained_variance_ratio).tolist()]
            ax.set(xlabel=f"component 1: {shares[0]}", ylabel=f"component 2: {shares[1]}")

    def _write_names(self, ax, points, groups, colours, family, boxes) -> list:
        """Write names at the medians of their points, those of the largest groups first."""
        by_size = sorted(range(len(groups)), key=lambda i: -len(groups[i][1]))
        box = {"boxstyle": "square,pad=0.15", "facecolor": "white", "alpha": 0.85, "linewidth": 1.2}
        return place_labels(
            ax,
            [groups[i][0] for i in by_size],
            np.array([np.median(points[groups[i][1]], axis=0) for i in by_size]).reshape(-1, 2),
            AROUND,
            boxes,
            styles=[{"bbox": {**box, "edgecolor": colours[i]}} for i in by_size],
            limit=len(groups),
            fontsize=9,
            family=family,
        )


def _rows_by_label(labels, missing: list[int]):
    """Yield each label with its rows in ascending order, numbers before strings; put missing ones into a list.

    Examples
    --------
    >>> missing = []
    >>> [(label, rows.tolist()) for label, rows in _rows_by_label(["b", None, "a", "b"], missing)], missing
    ([('a', [2]), ('b', [0, 3])], [1])
    """
    rows: dict = {}
    for row, label in enumerate(read_column(labels, "labels").tolist()):
        if is_missing(label):
            missing.append(row)
        else:
            rows.setdefault(label, []).append(row)
    for label in sorted(rows, key=lambda one: (isinstance(one, str), one)):
        yield label, np.array(rows[label])


def _one_line(text) -> str:
    return "" if is_missing(text) else cut(str(text), _TEXT_WIDTH)
