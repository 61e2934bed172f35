"""Compatibility shims for private names of scikit-learn: a release that moves one is met in this file alone."""

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn import config_context
from sklearn.base import _fit_context
from sklearn.utils import _safe_indexing as safe_indexing
from sklearn.utils._indexing import _get_column_indices as column_indices
from sklearn.utils._param_validation import (
    HasMethods,
    Options,
    RealNotInt,
    StrOptions,
)
from sklearn.utils._param_validation import Interval as _Interval
from sklearn.utils._repr_html.estimator import _VisualBlock as VisualBlock
from sklearn.utils.metaestimators import _BaseComposition as BaseComposition
from sklearn.utils.validation import _check_feature_names_in as check_feature_names_in
from sklearn.utils.validation import _check_n_features as check_n_features
from sklearn.utils.validation import _check_sample_weight as check_sample_weight

__all__ = [
    "BaseComposition",
    "HasMethods",
    "Interval",
    "Options",
    "RealNotInt",
    "StrOptions",
    "VisualBlock",
    "check_feature_names_in",
    "check_n_features",
    "check_sample_weight",
    "column_indices",
    "fit_context",
    "parallel_block",
    "safe_indexing",
    "set_request",
]


class Interval(_Interval):
    """An interval of numbers; a duration of NumPy is none, although it passes for an integer."""

    def is_satisfied_by(self, val):
        """Return whether `val` is a number in the interval."""
        return not isinstance(val, np.timedelta64) and super().is_satisfied_by(val)


def parallel_block(parts: Sequence[tuple[str, Any]]) -> VisualBlock:
    """Return the block of named estimators side by side, for the HTML repr.

    Parameters
    ----------
    parts : sequence of (str, estimator or str)
        Names and estimators. The class stands beside the name: an estimator that holds another one is drawn as that
        one alone.

    Returns
    -------
    _VisualBlock
        What ``_sk_visual_block_`` returns.
    """
    names = [
        name if isinstance(part, str) or part is None else f"{name}: {type(part).__name__}" for name, part in parts
    ]
    return VisualBlock("parallel", [part for _, part in parts], names=names)


def set_request(estimator, method: str, **requests: bool):
    """Set which metadata a method of an estimator requests, without a cycle in its state.

    ``set_fit_request`` leaves the estimator itself, for messages, in its own ``_metadata_request``. Such a cycle cannot
    be written by skops. A class name does for messages too.

    Parameters
    ----------
    estimator : estimator
        Is changed.
    method : str
        The method, such as ``"fit"``.
    **requests : bool
        By name of the metadata, whether it is requested.

    Returns
    -------
    estimator
        The same.
    """
    with config_context(enable_metadata_routing=True):
        getattr(estimator, f"set_{method}_request")(**requests)
    request = estimator._metadata_request
    for part in (request, *vars(request).values()):
        if getattr(part, "owner", None) is not None and part is not estimator:
            part.owner = type(estimator).__name__
    return estimator


def fit_context(*, prefer_skip_nested_validation: bool):
    """Return scikit-learn's decorator of ``fit``, which validates parameters, with a fit that is all or nothing.

    The method gets a shallow copy of the estimator, whose attributes become those of the estimator once it has
    returned. A fit that fails or is interrupted changes nothing, and other threads see the old state or the new one.

    Parameters
    ----------
    prefer_skip_nested_validation : bool
        As in scikit-learn: whether estimators that are fitted inside skip the validation of their parameters.

    Returns
    -------
    callable
        The decorator.
    """
    validating = _fit_context(prefer_skip_nested_validation=prefer_skip_nested_validation)

    def decorator(fit):
        validated = validating(fit)

        @functools.wraps(fit)
        def whole_fit(estimator, *args, **kwargs):
            draft = object.__new__(type(estimator))
            draft.__dict__ = dict(vars(estimator))
            validated(draft, *args, **kwargs)
            estimator.__dict__ = vars(draft)
            return estimator

        return whole_fit

    return decorator
