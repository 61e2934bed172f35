"""Find which texts reach which embedders: run the steps before them, with stand-ins that record their input.

Nothing here looks into the fitted state of a pipeline. Parameters are found and set through `get_params` and
`set_params`, and texts arrive through `fit_transform`.

An estimator whose embedder reads something else than its own `X`, as a recommender reads the texts of its catalogue,
has a method ``_inputs_of_parts(X)``. For what ``fit(X)`` and a prediction for `X` would do it returns, by the name of a
parameter, the list of what the estimator in that parameter is fitted on or transforms.
"""

import pickle
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import joblib
import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    clone,
    is_classifier,
    is_regressor,
)
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import FeatureUnion, Pipeline

from ..embedding import LLMTokenEmbedder
from ..embedding._for_precompute import Texts, unique_texts_of


@dataclass(frozen=True)
class Request:
    """Texts that an embedder was asked for.

    Attributes
    ----------
    embedder : LLMTokenEmbedder
        Fitted on them.
    texts : Texts
        Each text once.
    """

    embedder: LLMTokenEmbedder
    texts: Texts


@dataclass
class _Variant:
    """A pipeline without what does not matter, and the embedders that candidates put into each place."""

    estimator: BaseEstimator
    embedders: list[dict[str, LLMTokenEmbedder]] = field(default_factory=list)


def record(forms: Iterable, X, y) -> list[Request]:
    """Find the texts that embedders get when each form of an estimator is fitted.

    Forms that differ in nothing but their embedders, or in what comes after them, share one run of what comes before.

    Parameters
    ----------
    forms : iterable of estimator
        Pipelines, or anything that holds one. They are changed.
    X, y : array-like
        What they are fitted on.

    Returns
    -------
    list of Request
        One for each different embedder in each place.
    """
    variants: dict[Any, _Variant] = {}
    for full in forms:
        embedders = embedders_of(full)
        if not embedders:
            continue
        bare = _without_what_follows(full, embedders)
        variant = variants.setdefault(_signature(bare), _Variant(bare))
        variant.embedders.append(embedders)
    requests: list[Request] = []
    for variant in variants.values():
        recorders = {place: _Recorder(requests) for place in variant.embedders[0]}
        for place, recorder in recorders.items():
            recorder.embedders = _distinct_embedders([embedders[place] for embedders in variant.embedders])
        whole = recorders[""] if "" in recorders else variant.estimator.set_params(**recorders)
        # In this process and thread: what a worker writes down would not come back.
        with joblib.parallel_config(backend="sequential"):
            _send(whole, X, y)
    return requests


def embedders_of(estimator) -> dict[str, LLMTokenEmbedder]:
    """Return the embedders in an estimator by the names of the parameters that hold them.

    Parameters
    ----------
    estimator : estimator
        Anything.

    Returns
    -------
    dict of str to LLMTokenEmbedder
        The name is empty for an embedder itself.
    """
    if isinstance(estimator, LLMTokenEmbedder):
        return {"": estimator}
    if not hasattr(estimator, "get_params") or isinstance(estimator, type):
        return {}
    return {name: value for name, value in _parameters(estimator).items() if isinstance(value, LLMTokenEmbedder)}


class _Recorder(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """A stand-in for an embedder, which records the texts that it gets and returns a column of zeros.

    Parameters
    ----------
    requests : list
        Gets a `Request` for each of ``embedders``, the embedders that candidates have in this place.
    """

    _n_features_out = 1

    def __init__(self, requests):
        self.requests = requests
        self.embedders = []

    def fit(self, X, y=None):
        for embedder in self.embedders:
            fitted = clone(embedder).fit(X)
            texts, self.n_rows_ = unique_texts_of(fitted, X)
            self.requests.append(Request(fitted, texts))
        return self

    def transform(self, X):
        return np.zeros((self.n_rows_, 1))

    def __sklearn_clone__(self):
        return self


def _parameters(estimator) -> dict[str, Any]:
    return estimator.get_params(deep=True)


def _without_what_follows(estimator, embedders: dict[str, LLMTokenEmbedder]):
    """Remove from a pipeline what does not lead to an embedder: later steps, other branches, and caches of steps."""
    if "" in embedders:
        return _Recorder([])
    estimator.set_params(**{place: _Recorder([]) for place in embedders})
    for container in [estimator, *_parameters(estimator).values()]:
        if not _leads_to_a_recorder(container):
            continue
        if isinstance(container, Pipeline):
            later = container.steps[_last_step(container) + 1 :]
            container.set_params(memory=None, **{name: "passthrough" for name, _ in later})
        elif isinstance(container, ColumnTransformer):
            container.set_params(**_to_drop(container.transformers))
        elif isinstance(container, FeatureUnion):
            container.set_params(**_to_drop(container.transformer_list))
    return estimator


def _to_drop(branches: list[tuple]) -> dict[str, str]:
    return {name: "drop" for name, branch, *_ in branches if not _leads_to_a_recorder(branch)}


def _last_step(pipeline: Pipeline) -> int:
    return max(i for i, (_, step) in enumerate(pipeline.steps) if _leads_to_a_recorder(step))


def _leads_to_a_recorder(estimator) -> bool:
    if isinstance(estimator, _Recorder):
        return True
    if not hasattr(estimator, "get_params") or isinstance(estimator, type):
        return False
    return any(isinstance(value, _Recorder) for value in _parameters(estimator).values())


def _send(estimator, X, y) -> None:
    """Send `X` to the recorders in `estimator`."""
    if isinstance(estimator, Pipeline):
        last = _last_step(estimator)
        reached = estimator[:last].fit_transform(X, y) if last else X
        _send(estimator[last], reached, y)
    elif hasattr(estimator, "_inputs_of_parts"):
        _send_own(estimator, X)
    elif is_classifier(estimator) or is_regressor(estimator) or not hasattr(estimator, "fit_transform"):
        # Meta-estimators hand their input on to what they hold.
        for name, part in _parameters(estimator).items():
            if "__" not in name and _leads_to_a_recorder(part):
                _send(part, X, y)
    else:
        estimator.fit_transform(X, y)


def _send_own(estimator, X) -> None:
    """Send what the parts of an estimator read in place of `X`."""
    for name, inputs in estimator._inputs_of_parts(X).items():
        part = estimator.get_params(deep=False)[name]
        if _leads_to_a_recorder(part):
            for one in inputs:
                _send(part, one, None)


def _distinct_embedders(embedders: list[LLMTokenEmbedder]) -> list[LLMTokenEmbedder]:
    return list({_signature(embedder): embedder for embedder in embedders}.values())


def _signature(estimator):
    """Return a key that is equal for equal estimators; what cannot be hashed equals nothing else."""
    try:
        return joblib.hash(estimator)
    except (pickle.PicklingError, AttributeError, TypeError):
        return object()
