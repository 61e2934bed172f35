"""The k best labels of a fitted classifier: the shortest way from a classifier to a recommendation."""

from numbers import Integral

import numpy as np
from sklearn.utils import check_scalar

from .._utils._top_k import top_columns

_ONE_A_CLASS = 'For SVC and NuSVC, set decision_function_shape="ovr", or wrap it in CalibratedClassifierCV.'


def top_k_labels(estimator, X, k=5, *, return_scores=False):
    """Rank the labels of a fitted classifier for each row of `X`.

    Labels are ranked by ``predict_proba``, or by ``decision_function`` where the classifier has no ``predict_proba``.
    Equal scores are ranked in the order of ``estimator.classes_``.

    Parameters
    ----------
    estimator : classifier
        A fitted classifier, or a pipeline or search that ends in one. It may be multilabel: one that was fitted with an
        indicator matrix, whatever the form of its probabilities.
    X : array-like or list of texts
        What `estimator` predicts from.
    k : int, default=5
        Number of labels for each row. Where there are fewer classes, the result has as many columns as classes.
    return_scores : bool, default=False
        Whether to return the scores as well.

    Returns
    -------
    labels : ndarray of shape (n_rows, min(k, n_classes))
        Labels, best first, of the dtype of ``estimator.classes_``. For a multilabel classifier, the column numbers of
        the indicator matrix that it was fitted with: index ``MultiLabelBinarizer.classes_`` with them for the names.
    scores : ndarray of shape (n_rows, min(k, n_classes))
        Scores of these labels: probabilities, or values of ``decision_function``. Only if `return_scores` is True.

    Raises
    ------
    TypeError
        If `estimator` is not a classifier with one of the two methods.
    ValueError
        If `k` is less than 1, a score is NaN, the scores are not one for each class, or an output of a classifier with
        several outputs has other classes than 0 and 1. With ``decision_function_shape="ovo"`` scores of ``SVC`` are
        one for each pair of classes.

    See Also
    --------
    sklearn.metrics.top_k_accuracy_score : How often the right label is among the k best.

    Examples
    --------
    >>> from sklearn.feature_extraction.text import TfidfVectorizer
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_llmtokens.recommend import top_k_labels
    >>> texts = ["sweet ripe apples", "a gripping novel", "a bright screen", "juicy apples", "the novel drags"]
    >>> labels = ["fruit", "books", "tablets", "fruit", "books"]
    >>> model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(texts, labels)
    >>> top_k_labels(model, ["apples", "a long novel"], k=2)
    array([['fruit', 'books'],
           ['books', 'fruit']], dtype='<U7')

    Several labels for each text:

    >>> from sklearn.multiclass import OneVsRestClassifier
    >>> from sklearn.preprocessing import MultiLabelBinarizer
    >>> binarizer = MultiLabelBinarizer()
    >>> tags = binarizer.fit_transform([["food"], ["gift", "read"], ["gift"], ["food"], ["read"]])
    >>> model = make_pipeline(TfidfVectorizer(), OneVsRestClassifier(LogisticRegression())).fit(texts, tags)
    >>> binarizer.classes_[top_k_labels(model, ["a gripping novel"], k=2)]
    array([['read', 'gift']], dtype=object)
    """
    check_scalar(k, "k", Integral, min_val=1)
    scores, classes = _class_scores(estimator, X)
    if np.isnan(scores).any():
        row = int(np.flatnonzero(np.isnan(scores).any(axis=1))[0])
        raise ValueError(f"The scores of X[{row}] from {type(estimator).__name__} contain NaN, which has no rank.")
    top = top_columns(scores, min(int(k), scores.shape[1]))
    if return_scores:
        return classes[top], np.take_along_axis(scores, top, axis=1)
    return classes[top]


def _class_scores(estimator, X) -> tuple[np.ndarray, np.ndarray]:
    """Return the scores, shape (n_rows, n_classes), and the label of each column."""
    method = next((name for name in ("predict_proba", "decision_function") if hasattr(estimator, name)), None)
    if method is None:
        raise TypeError(
            f"{type(estimator).__name__} has neither predict_proba nor decision_function: pass a fitted classifier."
        )
    scores = getattr(estimator, method)(X)
    classes = getattr(estimator, "classes_", None)
    if classes is None:
        raise TypeError(f"{type(estimator).__name__} has no classes_: pass a fitted classifier.")
    if isinstance(scores, list):
        columns = [_indicator_score(output, classes[j], j) for j, output in enumerate(scores)]
        return np.stack(columns, axis=1), np.arange(len(columns))
    scores = np.asarray(scores)
    if isinstance(classes, list):  # a chain of classifiers: one column an output, and a list of classes each
        classes = np.arange(len(classes))
    if scores.ndim == 1:
        scores = np.stack([-scores, scores], axis=1) if len(classes) == 2 else scores[:, np.newaxis]
    if scores.shape[1] != len(classes):
        raise ValueError(
            f"{method} of {type(estimator).__name__} gives {scores.shape[1]} columns for {len(classes)} classes: "
            f"one score for each class is needed. {_ONE_A_CLASS}"
        )
    is_paired = getattr(_decider(estimator), "decision_function_shape", None) == "ovo"
    if method == "decision_function" and len(classes) == 3 and is_paired:  # three classes have three pairs
        raise ValueError(
            f"The 3 columns that {method} of {type(estimator).__name__} gives are one for each pair of the 3 classes, "
            f"not one for each class. {_ONE_A_CLASS}"
        )
    return scores, np.asarray(classes)


def _decider(estimator):
    """Return the estimator whose decision values a pipeline, a search or another wrapper of scikit-learn hands on."""
    while True:
        if hasattr(estimator, "steps"):
            inner = estimator.steps[-1][1]
        else:
            names = ("best_estimator_", "final_estimator_", "estimator_")
            inner = next((getattr(estimator, name) for name in names if hasattr(estimator, name)), None)
        if inner is None or isinstance(inner, str):
            return estimator
        estimator = inner


def _indicator_score(output: np.ndarray, classes: np.ndarray, j: int) -> np.ndarray:
    """Return the score of class 1 of an output that says whether a label applies; 0 where it never did."""
    if not set(np.asarray(classes).tolist()) <= {0, 1}:
        raise ValueError(
            f"Output {j} has the classes {np.asarray(classes).tolist()}, not 0 and 1: labels are ranked for one "
            "output, or for an indicator matrix. Rank each output by itself."
        )
    is_one = np.asarray(classes) == 1
    return output[:, is_one][:, 0] if is_one.any() else np.zeros(len(output), dtype=output.dtype)
