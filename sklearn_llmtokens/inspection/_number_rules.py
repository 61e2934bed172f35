"""How linear functions of what a step returns become functions of what it read, for steps from numbers to numbers.

A rule takes the fitted step, the row that it read (n_features_in,), the row that it returned (n_features_out,) and
functions of the latter (n_outputs, n_features_out). It returns functions of the former, (n_outputs, n_features_in),
that differ by constants alone for this row. What a step divides a row by is a constant, once the row is given. A step
of a new kind needs an entry in `NUMBER_RULES` and nothing else.
"""

from collections.abc import Callable

import numpy as np
from sklearn.decomposition import PCA, FastICA, IncrementalPCA, TruncatedSVD
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.feature_selection import SelectorMixin
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    RobustScaler,
    StandardScaler,
)
from sklearn.random_projection import BaseRandomProjection

from ..features import EmbeddingPCA
from ._nodes import NotLinearError

NumberRule = Callable[..., np.ndarray]


def divide_by_scale(step, x, y, coef):
    """Of scalers whose ``scale_`` divides; None where they do not scale."""
    return coef if step.scale_ is None else coef / step.scale_


def min_max(step, x, y, coef):
    """Of `MinMaxScaler`, whose ``scale_`` multiplies."""
    if step.clip:
        raise NotLinearError("MinMaxScaler(clip=True) is not linear")
    return coef * step.scale_


def by_ratio(step, x, y, coef):
    """Of steps that scale each feature or each row: ``y = (y / x) * x``, with the ratio of this row."""
    return coef * np.divide(y, x, out=np.zeros_like(y), where=x != 0)


def principal_components(step, x, y, coef):
    """Of PCA: centred rows times components, divided by standard deviations where it whitens."""
    if step.whiten:
        std = np.sqrt(step.explained_variance_)
        coef = coef / np.maximum(std, np.finfo(std.dtype).eps)
    return coef @ step.components_


def embedding_pca(step, x, y, coef):
    """Of `EmbeddingPCA`, whose components are divided by ``scale_``."""
    return (coef / step.scale_) @ step.components_


def components(step, x, y, coef):
    """Of steps that multiply with ``components_`` alone."""
    return np.asarray(coef @ step.components_)


def selected(step, x, y, coef):
    """Of steps that keep some features."""
    found = np.zeros((len(coef), len(x)))
    found[:, step.get_support(indices=True)] = coef
    return found


def identity(step, x, y, coef):
    """Of `FunctionTransformer` without a function."""
    if step.func is not None:
        raise NotLinearError(f"FunctionTransformer(func={step.func!r}) may do anything")
    return coef


NUMBER_RULES: dict[type, NumberRule] = {
    StandardScaler: divide_by_scale,
    MaxAbsScaler: divide_by_scale,
    RobustScaler: divide_by_scale,
    MinMaxScaler: min_max,
    Normalizer: by_ratio,
    TfidfTransformer: by_ratio,
    PCA: principal_components,
    IncrementalPCA: principal_components,
    EmbeddingPCA: embedding_pca,
    TruncatedSVD: components,
    FastICA: components,
    BaseRandomProjection: components,
    SelectorMixin: selected,
    FunctionTransformer: identity,
}
"""Rules by type; that of the nearest base class applies."""
