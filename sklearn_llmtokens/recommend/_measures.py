"""Measures of ranked lists by their names, and what each of them needs beside the lists."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils import check_scalar

from .._utils._messages import shorten
from .metrics import (
    catalog_coverage,
    exposure_gini,
    hit_rate_at_k,
    intra_list_diversity,
    mrr_at_k,
    ndcg_at_k,
    novelty,
    recall_at_k,
)

METRICS: dict[str, Callable] = {
    "ndcg": ndcg_at_k,
    "recall": recall_at_k,
    "hit_rate": hit_rate_at_k,
    "mrr": mrr_at_k,
    "coverage": catalog_coverage,
    "gini": exposure_gini,
    "novelty": novelty,
    "diversity": intra_list_diversity,
}
NEEDED = {
    "histories": "the training histories, one for each user",
    "vectors": "the vectors of the items, in the order of the catalogue",
}
_FILLED = {"y_true", "recommended", "k", "items", "histories"}


@dataclass(frozen=True)
class Measure:
    """A measure of lists of one length.

    Attributes
    ----------
    name : str
        Name of its column.
    function : callable
        What computes it, with arguments of the names that it takes.
    k : int
        Length of the lists.
    """

    name: str
    function: Callable
    k: int

    @property
    def is_of_queries(self) -> bool:
        """Whether it has a value for each query."""
        return "average" in inspect.signature(self.function).parameters

    def compute(self, **given: Any) -> np.ndarray | float:
        """Return a value for each query, shape (n_queries,), or one for all lists.

        Parameters
        ----------
        **given : dict
            `y_true`, `recommended`, `items` and `histories`, of which the measure gets those that it takes.

        Returns
        -------
        ndarray of shape (n_queries,), or float
            The values.
        """
        parameters = inspect.signature(self.function).parameters
        if any(one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters.values()):
            taken = {**given, "k": self.k}
        else:
            taken = {name: value for name, value in (given | {"k": self.k}).items() if name in parameters}
        if self.is_of_queries:
            taken["average"] = False
        values = np.asarray(self.function(**taken), dtype=np.float64)
        if values.shape not in ((), (len(given["recommended"]),)):
            raise ValueError(
                f"The metric {self.name!r} returned the shape {values.shape}: one number, or one for each query."
            )
        return values if values.ndim else float(values)


def read_measures(metrics, k: int) -> list[Measure]:
    """Read metrics by name, or as functions.

    Parameters
    ----------
    metrics : str, callable, list of them, or dict of name to one of them
        "ndcg@10", or "ndcg" for lists of length `k`, or a function.
    k : int
        Length of the lists of those that name none.

    Returns
    -------
    list of Measure
        The measures, in their order.

    Raises
    ------
    ValueError
        If a name is not known, occurs twice, or there is none.
    TypeError
        If one is neither a str nor callable, takes no lists, or needs more than what there is.

    Examples
    --------
    >>> [(one.name, one.function.__name__, one.k) for one in read_measures(["ndcg@5", "mrr"], 10)]
    [('ndcg@5', 'ndcg_at_k', 5), ('mrr@10', 'mrr_at_k', 10)]
    """
    check_scalar(k, "k", Integral, min_val=1)
    if isinstance(metrics, str) or callable(metrics):
        metrics = [metrics]
    if isinstance(metrics, Mapping):
        found = [_measure(metric, int(k), str(name)) for name, metric in metrics.items()]
    else:
        found = [_measure(metric, int(k), None) for metric in metrics]
    names = [one.name for one in found]
    if not names:
        raise ValueError("metrics is empty: pass at least one name or function.")
    twice = next((name for i, name in enumerate(names) if name in names[:i]), None)
    if twice is not None:
        raise ValueError(f"metrics has {twice!r} twice: pass a dict of names to tell both apart.")
    return found


def _measure(metric, k: int, name: str | None) -> Measure:
    if isinstance(metric, str):
        base, at, length = metric.partition("@")
        if base not in METRICS or (at and not (length.isdecimal() and int(length))):
            names = ", ".join(map(repr, METRICS))
            raise ValueError(f"metrics has {shorten(metric)}: choose one of {names}, such as 'ndcg@10', or a function.")
        function, k = METRICS[base], int(length) if at else k
        own = f"{base}@{k}"
    elif callable(metric):
        function = metric
        own = getattr(metric, "__name__", getattr(getattr(metric, "func", None), "__name__", "metric"))
    else:
        raise TypeError(f"metrics holds {shorten(metric)} of type {type(metric).__name__}: pass a name or a function.")
    _refuse_unfilled(function, name or own)
    return Measure(name or own, function, k)


def _refuse_unfilled(function: Callable, name: str) -> None:
    parameters = inspect.signature(function).parameters
    many = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    is_open = any(one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters.values())
    if "recommended" not in parameters and not is_open:
        raise TypeError(f"The metric {name!r} takes no argument `recommended`: a measure of ranked lists is expected.")
    for missing, one in parameters.items():
        if missing not in _FILLED and one.default is one.empty and one.kind not in many:
            what = f", {NEEDED[missing]}," if missing in NEEDED else ""
            raise TypeError(
                f"The metric {name!r} needs `{missing}`{what} as well: pass functools.partial(function, {missing}=...)."
            )
