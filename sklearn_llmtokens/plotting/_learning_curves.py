"""Score of several models over the number of labels."""

import narwhals as nw
import numpy as np
from sklearn.model_selection import LearningCurveDisplay, learning_curve

from .._utils._messages import shorten
from ._axes import axes_for, legend

_SIZES = (0.1, 0.178, 0.316, 0.562, 1.0)  # equal steps on a logarithmic axis


class LearningCurvesDisplay:
    """Score on other rows over the number of labels that a model learns from, with one line per model.

    Each line is drawn by scikit-learn's `LearningCurveDisplay`: means of the repetitions, in a band of one standard
    deviation.

    Parameters
    ----------
    curves : dict of str to (array-like of shape (n_sizes,), array-like of shape (n_sizes, n_repetitions))
        Numbers of labels, ascending, and scores of each model, by name.
    score_name : str, default="score"
        Title of the axis.

    Attributes
    ----------
    displays_ : list of sklearn.model_selection.LearningCurveDisplay
        One for each model, with its line and band.
    ax_ : matplotlib Axes
        The axes.
    figure_ : matplotlib Figure
        The figure.

    See Also
    --------
    sklearn.model_selection.LearningCurveDisplay : One model, and its scores on the rows that it learnt from.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_llmtokens.plotting import LearningCurvesDisplay
    >>> frame = pd.DataFrame(
    ...     {"model": ["words"] * 4, "labels": [8, 8, 32, 32], "accuracy": [0.6, 0.7, 0.8, 0.9]}
    ... )
    >>> display = LearningCurvesDisplay.from_frame(frame, size="labels", score="accuracy")
    >>> display.curves["words"]
    (array([ 8, 32]), array([[0.6, 0.7],
           [0.8, 0.9]]))
    """

    def __init__(self, curves, *, score_name="score"):
        self.curves = curves
        self.score_name = score_name

    @classmethod
    def from_estimators(
        cls,
        estimators,
        X,
        y,
        *,
        train_sizes=_SIZES,
        cv=5,
        scoring=None,
        n_jobs=None,
        random_state=0,
        score_name=None,
        ax=None,
    ):
        """Fit each model to more and more labels, and draw the scores on the other rows.

        Parameters
        ----------
        estimators : dict of str to estimator
            Models by name. Clones of them are fitted, to the same rows.
        X : texts, array or frame of n_rows rows
            The rows.
        y : array-like of shape (n_rows,)
            The labels.
        train_sizes : array-like of shape (n_sizes,), default=(0.1, 0.178, 0.316, 0.562, 1.0)
            Shares of the rows that are trained on, or numbers of them.
        cv : int, cross-validation generator or iterable, default=5
            Folds.
        scoring : str or callable, default=None
            As in `learning_curve`. None is the score of the estimators.
        n_jobs : int, default=None
            As in `learning_curve`.
        random_state : int, RandomState instance or None, default=0
            Of the choice of rows, which are shuffled.
        score_name : str, default=None
            Title of the axis. None is `scoring` if it is a string, else "score".
        ax : matplotlib Axes, default=None
            Where to draw. None makes a new figure.

        Returns
        -------
        LearningCurvesDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If there is no estimator, and as in `learning_curve`.
        MissingDependencyError
            If matplotlib is not installed.
        """
        if not estimators:
            raise ValueError("estimators is empty: pass at least one estimator by its name.")
        curves = {}
        for name, estimator in estimators.items():
            sizes, _, scores = learning_curve(
                estimator,
                X,
                y,
                train_sizes=train_sizes,
                cv=cv,
                scoring=scoring,
                shuffle=True,
                random_state=random_state,
                n_jobs=n_jobs,
            )
            curves[name] = (sizes, scores)
        score_name = score_name or (scoring if isinstance(scoring, str) else "score")
        return cls(curves, score_name=score_name).plot(ax=ax)

    @classmethod
    def from_frame(cls, frame, *, model="model", size="size", score="score", score_name=None, ax=None):
        """Draw scores of a table with one row per model, number of labels and repetition.

        Parameters
        ----------
        frame : pandas, polars or pyarrow frame
            The scores. All numbers of labels of a model are repeated equally often.
        model, size, score : str
            Columns of the name, the number of labels and the score.
        score_name : str, default=None
            Title of the axis. None is `score`.
        ax : matplotlib Axes, default=None
            Where to draw. None makes a new figure.

        Returns
        -------
        LearningCurvesDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If a column is missing, or numbers of repetitions differ.
        MissingDependencyError
            If matplotlib is not installed.
        """
        table = nw.from_native(frame, eager_only=True)
        lost = next((column for column in (model, size, score) if column not in table.columns), None)
        if lost is not None:
            raise ValueError(f"There is no column {shorten(lost)} in {table.columns}: name the columns of the table.")
        scores: dict = {}
        for name, n_labels, value in zip(*(table[column].to_list() for column in (model, size, score)), strict=True):
            scores.setdefault(str(name), {}).setdefault(n_labels, []).append(value)
        curves = {}
        for name, by_size in scores.items():
            repetitions = {len(values) for values in by_size.values()}
            if len(repetitions) > 1:
                raise ValueError(
                    f"{shorten(name)} has {sorted(repetitions)} scores for a size: as many for each are needed."
                )
            sizes = sorted(by_size)
            curves[name] = (np.array(sizes), np.array([by_size[one] for one in sizes], dtype=np.float64))
        return cls(curves, score_name=score_name or score).plot(ax=ax)

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
        LearningCurvesDisplay
            The display itself.

        Raises
        ------
        ValueError
            If sizes and scores of a model differ in length.
        MissingDependencyError
            If matplotlib is not installed.
        """
        ax = axes_for(ax, "LearningCurvesDisplay")
        self.displays_ = []
        for i, (name, (sizes, scores)) in enumerate(self.curves.items()):
            sizes, scores = np.asarray(sizes), np.asarray(scores, dtype=np.float64)
            if scores.ndim != 2 or len(scores) != len(sizes):
                raise ValueError(f"{shorten(name)} has {len(sizes)} sizes and scores of the shape {scores.shape}.")
            display = LearningCurveDisplay(
                train_sizes=sizes, train_scores=scores, test_scores=scores, score_name=self.score_name
            )
            display.plot(
                ax,
                score_type="test",
                line_kw={"color": f"C{i}", "marker": "o", "markersize": 4, **kwargs},
                fill_between_kw={"color": f"C{i}", "alpha": 0.15, "linewidth": 0},
            )
            display.lines_[0].set_label(name)
            self.displays_.append(display)
        _label_sizes(ax, np.unique(np.concatenate([np.asarray(sizes) for sizes, _ in self.curves.values()])))
        legend(ax, self.curves)
        self.ax_, self.figure_ = ax, ax.figure
        return self


def _label_sizes(ax, sizes: np.ndarray) -> None:
    """Write the sizes themselves on the axis, where there are few, in place of powers of ten."""
    from matplotlib.ticker import NullLocator, ScalarFormatter

    ax.set(xscale="log", xlabel="number of labels")
    ax.xaxis.set_major_formatter(ScalarFormatter())
    if len(sizes) <= 8:
        ax.set_xticks(sizes)
        ax.xaxis.set_minor_locator(NullLocator())
