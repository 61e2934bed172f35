"""What a fitted model computes: its scores, their names, and the linear form of models that have one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline
from sklearn.semi_supervised import SelfTrainingClassifier

from .._utils._messages import shorten
from ._nodes import NotLinearError, dense_row

_ROUNDING = 1e-4  # of the sum of magnitudes: models that were fitted in float32 compute in it


@dataclass(frozen=True)
class Scores:
    """How a model scores rows.

    Attributes
    ----------
    method : {"decision_function", "predict_proba", "predict"}
        The first of these that the model has.
    classes : ndarray or None
        Its classes; None of regressors.
    """

    method: str
    classes: np.ndarray | None

    @classmethod
    def of(cls, model) -> "Scores":
        """Find out how a fitted model scores rows.

        Raises
        ------
        TypeError
            If it does not predict.
        """
        classes = getattr(model, "classes_", None)
        for method in ("decision_function", "predict_proba"):
            if hasattr(model, method):
                return cls(method, classes)
        if not hasattr(model, "predict"):
            raise TypeError(
                f"{type(model).__name__} has neither decision_function nor predict_proba nor predict: pass a fitted "
                "model, such as a Pipeline that ends in one."
            )
        if classes is not None:
            raise TypeError(f"{type(model).__name__} has neither decision_function nor predict_proba: no scores.")
        return cls("predict", None)

    def compute(self, model, X) -> np.ndarray:
        """Return the scores of rows: (n_rows, n_outputs) of float64, one column for two classes."""
        found = np.asarray(getattr(model, self.method)(X), dtype=np.float64)
        if found.ndim == 1:
            return found[:, np.newaxis]
        if self.method == "predict_proba" and found.shape[1] == 2:
            return found[:, 1:]
        return found

    def labels(self, n_outputs: int) -> list[Any]:
        """Return the class, or the number, of each output."""
        if self.classes is None or isinstance(self.classes, list):
            return list(range(n_outputs))
        classes = np.asarray(self.classes).tolist()
        if n_outputs == 1 and len(classes) == 2:
            return classes[1:]
        return classes if n_outputs == len(classes) else list(range(n_outputs))

    def choose(self, target, n_outputs: int) -> tuple[np.ndarray, np.ndarray, list[Any]]:
        """Find the outputs of a target.

        Parameters
        ----------
        target : class, list of classes, or None
            None is all outputs.
        n_outputs : int
            How many there are.

        Returns
        -------
        idx : ndarray of shape (n_chosen,), dtype=intp
            The outputs.
        signs : ndarray of shape (n_chosen,)
            -1 for the first of two classes, whose score is that of the second with its sign turned.
        labels : list of length n_chosen
            Their classes.

        Raises
        ------
        ValueError
            If a target is none of the classes.
        """
        labels = self.labels(n_outputs)
        known = {label: (k, 1.0) for k, label in enumerate(labels)}
        if n_outputs == 1 and self.classes is not None and len(self.classes) == 2:
            known[np.asarray(self.classes).tolist()[0]] = (0, -1.0)
        wanted = labels if target is None else (list(target) if isinstance(target, list | np.ndarray) else [target])
        wanted = [getattr(label, "item", lambda label=label: label)() for label in wanted]
        for label in wanted:
            if label not in known:
                raise ValueError(f"target={shorten(label)} is none of {shorten(list(known))}.")
        idx = np.array([known[label][0] for label in wanted], dtype=np.intp)
        return idx, np.array([known[label][1] for label in wanted]), wanted


def unwrapped(model):
    """Return the fitted model that a search or a self-training has chosen, and any other as it is."""
    while True:
        if isinstance(model, SelfTrainingClassifier):
            model = model.estimator_
        elif getattr(model, "best_estimator_", None) is not None:
            model = model.best_estimator_
        else:
            return model


def split(model) -> tuple[list, Any]:
    """Return the steps before the last one, and the last one, which predicts.

    Raises
    ------
    NotLinearError
        If the model is no pipeline.
    """
    if not isinstance(model, Pipeline):
        raise NotLinearError(f"{type(model).__name__} is no Pipeline")
    *steps, (_, last) = model.steps
    last = unwrapped(last)
    if isinstance(last, Pipeline):
        inner, last = split(last)
        return [part for _, part in steps] + inner, last
    return [part for _, part in steps], last


def linear_form(model, scores: Scores, container) -> tuple[np.ndarray, np.ndarray]:
    """Return functions of the features that differ from the scores by constants, and the scores.

    Parameters
    ----------
    model : estimator
        Fitted.
    scores : Scores
        How it scores rows.
    container : array, sparse array or frame of shape (1, n_features)
        A row.

    Returns
    -------
    coef : ndarray of shape (n_outputs, n_features)
        The functions.
    found : ndarray of shape (n_outputs,)
        The scores of the row.

    Raises
    ------
    NotLinearError
        If the scores are not ``coef_ @ row + intercept_``.
    """
    form = next((FINAL_FORMS[kind] for kind in type(model).__mro__ if kind in FINAL_FORMS), _coef_and_intercept)
    coef, intercept = form(model)
    found = scores.compute(model, container)[0]
    row = dense_row(container)
    if coef.shape != (len(found), len(row)):
        raise NotLinearError(f"coef_ of {type(model).__name__} has no row for each score")
    bound = np.abs(coef) @ np.abs(row) + np.abs(intercept)
    if not (np.abs(coef @ row + intercept - found) <= _ROUNDING * bound + np.finfo(float).tiny).all():
        raise NotLinearError(f"the scores of {type(model).__name__} are not linear in its features")
    return coef, found


def _coef_and_intercept(model) -> tuple[np.ndarray, np.ndarray]:
    coef, intercept = getattr(model, "coef_", None), getattr(model, "intercept_", 0.0)
    if coef is None:
        raise NotLinearError(f"{type(model).__name__} has no coef_")
    coef = coef.toarray() if sparse.issparse(coef) else np.asarray(coef)
    return np.atleast_2d(coef).astype(np.float64), np.atleast_1d(np.asarray(intercept, dtype=np.float64))


def _one_versus_rest(model: OneVsRestClassifier) -> tuple[np.ndarray, np.ndarray]:
    forms = [_coef_and_intercept(unwrapped(one)) for one in model.estimators_]
    return np.vstack([coef for coef, _ in forms]), np.concatenate([intercept for _, intercept in forms])


FINAL_FORMS: dict[type, Callable[[Any], tuple[np.ndarray, np.ndarray]]] = {OneVsRestClassifier: _one_versus_rest}
"""Coefficients (n_outputs, n_features) and constants (n_outputs,), by type, of models whose own are elsewhere."""
