"""Scores of a search over two of its parameters, as a heat map."""

import numbers

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._utils._messages import shorten
from ._axes import axes_for


class SearchScoreDisplay:
    """Best score of a search for each pair of values of two parameters: of each layer and pooling, say.

    Use `from_estimator` or `from_cv_results` to make one; the constructor takes a table.

    Parameters
    ----------
    scores : array-like of shape (n_rows, n_columns)
        Scores; NaN where there is none.
    row_values, column_values : sequence of length n_rows, n_columns
        Values of both parameters.
    row_name, column_name : str
        What they are called.
    score_name : str, default="mean_test_score"
        Title of the colour bar.

    Attributes
    ----------
    im_ : matplotlib AxesImage
        The image.
    text_ : ndarray of shape (n_rows, n_columns), dtype=matplotlib Text, or None
        The scores as they are written; None where there are none.
    ax_ : matplotlib Axes
        The axes.
    figure_ : matplotlib Figure
        The figure.

    Examples
    --------
    >>> from sklearn_llmtokens.plotting import SearchScoreDisplay
    >>> results = {
    ...     "param_embed__layer": [-1, -1, -2, -2],
    ...     "param_embed__pooling": ["mean", "max", "mean", "max"],
    ...     "mean_test_score": [0.7, 0.6, 0.8, 0.5],
    ... }
    >>> display = SearchScoreDisplay.from_cv_results(results)
    >>> display.row_values, display.column_values
    ([-2, -1], ['max', 'mean'])
    >>> display.scores
    array([[0.5, 0.8],
           [0.6, 0.7]])
    """

    def __init__(self, scores, row_values, column_values, *, row_name, column_name, score_name="mean_test_score"):
        self.scores = scores
        self.row_values = row_values
        self.column_values = column_values
        self.row_name = row_name
        self.column_name = column_name
        self.score_name = score_name

    @classmethod
    def from_estimator(cls, search, *, rows="layer", columns="pooling", metric="score", ax=None, **kwargs):
        """Draw the scores of a fitted search.

        Parameters
        ----------
        search : GridSearchCV or another fitted search
            Has `cv_results_`.
        rows, columns : str
            Two parameters, whole or by the end of the name.
        metric : str, default="score"
            The score: ``mean_test_`` and this is the column.
        ax : matplotlib Axes, default=None
            Where to draw. None makes a new figure.
        **kwargs : dict
            As in `plot`.

        Returns
        -------
        SearchScoreDisplay
            The display, drawn.

        Raises
        ------
        NotFittedError
            If the search is not fitted.
        ValueError
            As in `from_cv_results`.
        """
        check_is_fitted(search, "cv_results_")
        return cls.from_cv_results(search.cv_results_, rows=rows, columns=columns, metric=metric, ax=ax, **kwargs)

    @classmethod
    def from_cv_results(cls, cv_results, *, rows="layer", columns="pooling", metric="score", ax=None, **kwargs):
        """Draw the scores in `cv_results_` of a search.

        Parameters
        ----------
        cv_results : dict of str to array-like of shape (n_candidates,)
            `cv_results_`, or a frame of it.
        rows, columns : str
            Two parameters, whole or by the end of the name: ``"layer"`` finds ``"embedder__layer"``. Of the candidates
            that agree in both, the best counts.
        metric : str, default="score"
            The score: ``mean_test_`` and this is the column.
        ax : matplotlib Axes, default=None
            Where to draw. None makes a new figure.
        **kwargs : dict
            As in `plot`.

        Returns
        -------
        SearchScoreDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If a parameter or the score is not there, or the end of a name fits several parameters.
        MissingDependencyError
            If matplotlib is not installed.
        """
        score_name = f"mean_test_{metric}"
        if score_name not in cv_results:
            known = [name.removeprefix("mean_test_") for name in cv_results if name.startswith("mean_test_")]
            raise ValueError(f"metric={shorten(metric)} is none of the search: choose one of {known}.")
        names = [_find_parameter(cv_results, name) for name in (rows, columns)]
        scores: dict = {}
        values = [np.ma.asarray(cv_results[f"param_{name}"], dtype=object).tolist() for name in names]
        for row, column, score in zip(*values, np.asarray(cv_results[score_name]).tolist(), strict=True):
            if row is not None and column is not None:  # masked: a grid without this parameter
                scores[row, column] = np.fmax(score, scores.get((row, column), np.nan))
        row_values, column_values = (sorted({pair[i] for pair in scores}, key=_order) for i in (0, 1))
        table = np.array([[scores.get((row, column), np.nan) for column in column_values] for row in row_values])
        display = cls(table, row_values, column_values, row_name=names[0], column_name=names[1], score_name=score_name)
        return display.plot(ax=ax, **kwargs)

    def plot(self, ax=None, *, include_values=True, values_format=None, cmap="viridis", colorbar=True):
        """Draw the heat map, its best score in a frame.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None makes a new figure.
        include_values : bool, default=True
            Whether scores are written.
        values_format : str, default=None
            Format of the scores. None writes three digits after the point.
        cmap : str or matplotlib Colormap, default="viridis"
            Colours from the worst score to the best.
        colorbar : bool, default=True
            Whether there is a colour bar.

        Returns
        -------
        SearchScoreDisplay
            The display itself.

        Raises
        ------
        ValueError
            If the table is not of the shape of its values, or has no score.
        MissingDependencyError
            If matplotlib is not installed.
        """
        scores = np.asarray(self.scores, dtype=np.float64)
        if scores.shape != (len(self.row_values), len(self.column_values)):
            raise ValueError(
                f"scores has the shape {scores.shape}: {len(self.row_values)} rows and {len(self.column_values)} "
                "columns are needed."
            )
        if np.isnan(scores).all():
            raise ValueError("scores has no number: every fit failed, or the two parameters were never tried together.")
        ax = axes_for(ax, "SearchScoreDisplay")
        self.im_ = ax.imshow(scores, cmap=cmap, aspect="auto")
        self.text_ = _write_scores(ax, self.im_, scores, values_format or ".3f") if include_values else None
        _frame_best(ax, scores)
        if colorbar:
            ax.figure.colorbar(self.im_, ax=ax, label=self.score_name)
        ax.set_xticks(range(len(self.column_values)), [str(value) for value in self.column_values])
        ax.set_yticks(range(len(self.row_values)), [str(value) for value in self.row_values])
        ax.set(xlabel=self.column_name, ylabel=self.row_name)
        self.ax_, self.figure_ = ax, ax.figure
        return self


def _find_parameter(cv_results, name: str) -> str:
    """Return the parameter of that name, or the only one whose name ends in it.

    Examples
    --------
    >>> _find_parameter({"param_a__layer": [], "param_a__pooling": []}, "layer")
    'a__layer'
    """
    known = [key.removeprefix("param_") for key in cv_results if str(key).startswith("param_")]
    found = [one for one in known if one == name] or [one for one in known if one.endswith(f"__{name}")]
    if len(found) != 1:
        problem = "is no parameter of the search" if not found else f"fits {found}"
        raise ValueError(f"{shorten(name)} {problem}: choose one of {known} for rows= and for columns=.")
    return found[0]


def _order(value) -> tuple:
    """Return a key that sorts numbers by value and all else after them, by its text."""
    is_number = isinstance(value, numbers.Real)
    return not is_number, value if is_number else 0, str(value)


def _write_scores(ax, image, scores: np.ndarray, values_format: str) -> np.ndarray:
    """Write each score, in black or white, whichever differs more from its colour."""
    texts = np.empty(scores.shape, dtype=object)
    middle = (np.nanmin(scores) + np.nanmax(scores)) / 2
    dark, bright = image.cmap(1.0), image.cmap(0.0)
    for i, j in np.ndindex(scores.shape):
        colour = dark if scores[i, j] < middle else bright
        text = "" if np.isnan(scores[i, j]) else format(scores[i, j], values_format)
        texts[i, j] = ax.text(j, i, text, ha="center", va="center", color=colour)
    return texts


def _frame_best(ax, scores: np.ndarray) -> None:
    from matplotlib.patches import Rectangle

    row, column = np.unravel_index(np.nanargmax(scores), scores.shape)
    ax.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, edgecolor="red", linewidth=2, clip_on=False))
