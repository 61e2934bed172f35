"""Find rows whose label is probably wrong, from probabilities of models that have not seen the row."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import cross_val_predict
from sklearn.utils import check_array

from .._utils._columns import read_column, refuse_missing
from .._utils._messages import shorten
from .._utils._optional import require
from .._utils._text_frames import column_names
from ._columns import read_labels

_SCORES = ("normalized_margin", "self_confidence")
_METHODS = ("confident_learning", "cleanlab")


@dataclass(frozen=True)
class LabelErrors:
    """Rows whose label is probably wrong, and what each row's label is worth.

    Parameters
    ----------
    rows : ndarray of shape (n_suspected,), dtype=intp
        The suspected rows, the most suspected one first.
    quality : ndarray of shape (n_rows,), dtype=float64
        Quality of the label of every row, between 0 (wrong) and 1.
    suggested : ndarray of shape (n_rows,), dtype=object
        The most probable class of every row.
    classes : list
        The classes, in the order of the columns of `probabilities`.
    probabilities : ndarray of shape (n_rows, n_classes), dtype=float64
        Out-of-fold probabilities.
    """

    rows: np.ndarray
    quality: np.ndarray
    suggested: np.ndarray
    classes: list
    probabilities: np.ndarray

    def __repr__(self) -> str:
        return (
            f"LabelErrors({len(self.rows):,} of {len(self.quality):,} rows suspected, classes={shorten(self.classes)})"
        )


def find_label_errors(
    X,
    y,
    estimator=None,
    *,
    cv=5,
    classes=None,
    score="normalized_margin",
    method="confident_learning",
    groups=None,
    n_jobs=None,
):
    """Find rows whose label is probably wrong, the most suspected one first.

    Parameters
    ----------
    X : array-like of shape (n_rows, n_classes), or the rows that `estimator` takes
        Out-of-fold probabilities if `estimator` is None, each row a distribution over the classes in ascending order;
        else texts, vectors or whatever `estimator` is fitted to.
    y : array-like of shape (n_rows,)
        The label of each row.
    estimator : classifier with `predict_proba`, default=None
        Computes the probabilities: clones of it are fitted to the other folds. It is not fitted itself.
    cv : int, cross-validation generator or iterable, default=5
        Folds, as in `cross_val_predict`.
    classes : array-like of shape (n_classes,), default=None
        Class of each column of the probabilities. None is the names of the columns, where `X` is a frame and they
        are the labels, and else the labels in ascending order.
    score : {"normalized_margin", "self_confidence"}, default="normalized_margin"
        Quality of a label: (1 + p(label) - largest other p) / 2, or p(label).
    method : {"confident_learning", "cleanlab"}, default="confident_learning"
        Which rows are suspected: those of confident learning, or those of `cleanlab.filter.find_label_issues`, which
        needs cleanlab and estimates how many labels of each class are wrong.
    groups : array-like of shape (n_rows,), default=None
        Passed to `cv`: rows of one group are in one fold of `GroupKFold`.
    n_jobs : int, default=None
        Number of folds that are fitted at the same time, as in `joblib.Parallel`.

    Returns
    -------
    LabelErrors
        The suspected rows, and quality, most probable class and probabilities of every row.

    Raises
    ------
    ValueError
        If the probabilities are no distributions, `y` has a class without a column, one of two classes has a single
        row and is to be judged by an `estimator`, or a parameter is unknown.
    MissingDependencyError
        If `method` is ``"cleanlab"`` and cleanlab is not installed.

    Notes
    -----
    Confident learning compares each probability with a threshold of its class, the mean probability of the class in
    the rows that have it as label. A row is suspected if the most probable of the classes that reach their threshold is
    not its label (Northcutt, Jiang and Chuang 2021, "Confident Learning: Estimating Uncertainty in Dataset Labels",
    JAIR 70, equations 1 and 2). As in cleanlab, a row whose label is its most probable class is not.

    The scores are those of Kuan and Mueller 2022, "Model-agnostic label quality scoring to detect real-world label
    errors".

    A suspected row is one that the model contradicts: look at it before you change it. Of three classes or more, one of
    a single row is unknown to the model that judges this row, which gives its label a probability of 0.

    Examples
    --------
    >>> from sklearn_llmtokens.exploration import find_label_errors
    >>> probabilities = [[0.9, 0.1], [0.8, 0.2], [0.2, 0.8], [0.1, 0.9], [0.95, 0.05]]
    >>> found = find_label_errors(probabilities, ["good", "good", "bad", "bad", "bad"], classes=["good", "bad"])
    >>> found.rows, found.suggested[found.rows]
    (array([4]), array(['good'], dtype=object))
    >>> found.quality
    array([0.9 , 0.8 , 0.8 , 0.9 , 0.05])
    """
    for name, value, known in (("score", score, _SCORES), ("method", method, _METHODS)):
        if value not in known:
            raise ValueError(f"{name}={shorten(value)} is neither {known[0]!r} nor {known[1]!r}.")
    if classes is None and hasattr(X, "columns") and estimator is None:
        classes = _classes_of_columns(X, y)
    if estimator is not None:
        _refuse_a_class_that_one_fold_lacks(y)
        X = cross_val_predict(estimator, X, y, groups=groups, cv=cv, method="predict_proba", n_jobs=n_jobs)
    probabilities = _read_probabilities(X)
    classes, label_idx = _match_classes(y, classes, probabilities.shape)
    quality = label_quality(probabilities, label_idx, score)
    if method == "cleanlab":
        cleanlab = require("cleanlab.filter", extra="labels", purpose='method="cleanlab"')
        is_suspected = np.asarray(cleanlab.find_label_issues(label_idx, probabilities, n_jobs=1))
    else:
        is_suspected = confident_classes(probabilities, label_idx) != label_idx
        is_suspected &= probabilities.argmax(axis=1) != label_idx
    suspected = np.flatnonzero(is_suspected)
    suggested = np.array(classes, dtype=object)[probabilities.argmax(axis=1)]
    rows = suspected[np.argsort(quality[suspected], kind="stable")]
    return LabelErrors(rows, quality, suggested, classes, probabilities)


def label_quality(probabilities: np.ndarray, label_idx: np.ndarray, score: str) -> np.ndarray:
    """Compute the quality of each label, shape (n_rows,), between 0 and 1.

    Examples
    --------
    >>> label_quality(np.array([[0.7, 0.2, 0.1]]), np.array([1]), "normalized_margin")
    array([0.25])
    """
    rows = np.arange(len(label_idx))
    own = probabilities[rows, label_idx]
    if score == "self_confidence":
        return own
    others = probabilities.copy()
    others[rows, label_idx] = -np.inf
    return (1 + own - others.max(axis=1)) / 2


def confident_classes(probabilities: np.ndarray, label_idx: np.ndarray) -> np.ndarray:
    """Return the most probable class that reaches its threshold, the label itself where none does; shape (n_rows,).

    Examples
    --------
    >>> confident_classes(np.array([[0.9, 0.1], [0.5, 0.5], [0.6, 0.4], [0.0, 1.0]]), np.array([0, 0, 1, 1]))
    array([0, 0, 1, 1])
    """
    n_classes = probabilities.shape[1]
    counts = np.bincount(label_idx, minlength=n_classes)
    own = probabilities[np.arange(len(label_idx)), label_idx]
    sums = np.bincount(label_idx, own, minlength=n_classes)
    thresholds = np.where(
        counts > 0, sums / np.maximum(counts, 1), np.inf
    )  # a class without a label is never confident
    confident = np.where(probabilities >= thresholds - 1e-9, probabilities, -np.inf)
    return np.where(np.isneginf(confident).all(axis=1), label_idx, confident.argmax(axis=1))


def _refuse_a_class_that_one_fold_lacks(y) -> None:
    """Raise if one of two classes has a single row: whoever judges it has learnt from the other class alone."""
    column = read_column(y, "y")
    counts: Counter = Counter(refuse_missing(column, "y", "drop the rows without a label.").tolist())
    rarest = min(counts, key=counts.__getitem__, default=None)
    if len(counts) == 2 and counts[rarest] == 1:
        raise ValueError(
            f"y has two classes, and one row of {shorten(rarest)}: the model that judges this row would know one class "
            "only. Pass at least two rows of each class."
        )


def _classes_of_columns(X, y) -> list | None:
    """Return the names of the columns of a frame where all labels are among them, else None."""
    names = column_names(X)
    return names if set(read_column(y, "y").tolist()) <= set(names) else None


def _read_probabilities(X) -> np.ndarray:
    """Return distributions over at least two classes, float64 of shape (n_rows, n_classes)."""
    probabilities = check_array(X, dtype=np.float64, ensure_min_features=2, input_name="probabilities")
    wrong = np.flatnonzero((probabilities < 0).any(axis=1) | (np.abs(probabilities.sum(axis=1) - 1) > 1e-3))
    if len(wrong):
        raise ValueError(
            f"X[{wrong[0]}] is no distribution (its sum is {probabilities[wrong[0]].sum():.3g}): pass probabilities of "
            "each class, as predict_proba returns them, or texts and an estimator."
        )
    return probabilities


def _match_classes(y, classes, shape: tuple[int, int]) -> tuple[list, np.ndarray]:
    """Return the class of each column and the column of each label."""
    found, label_idx = read_labels(y, shape[0], "y")
    classes = found if classes is None else np.asarray(classes, dtype=object).tolist()
    if len(classes) != shape[1]:
        raise ValueError(
            f"There are {shape[1]} columns of probabilities and {len(classes)} classes: pass classes=, the class of "
            "each column."
        )
    places = {label: i for i, label in enumerate(classes)}
    unknown = next((label for label in found if label not in places), None)
    if unknown is not None:
        raise ValueError(f"y has the label {shorten(unknown)}, which is not in classes.")
    return classes, np.array([places[label] for label in found], dtype=np.intp)[label_idx]
