"""`ShortRepr`: estimators that hold others, or long lists of words, on a few lines."""

import inspect
from collections.abc import Iterator, Mapping, Set
from itertools import islice
from typing import Any

import numpy as np
from sklearn import get_config
from sklearn.base import BaseEstimator

from ._messages import shorten

_WIDTH = 100
_INDENT = 2
_MOST_VALUES = 3  # of a list, dict or set; of one inside another, the first
_LONGEST_VALUE = 60  # characters


class ShortRepr:
    """Mixin for the repr of estimators; stands before `BaseEstimator`.

    Parameters that have their default are left out, unless ``sklearn.set_config(print_changed_only=False)``. Pairs of a
    name and an estimator are written ``name=Estimator()``, and of long lists, dicts and sets the first values.
    """

    def __repr__(self, N_CHAR_MAX=700):
        return short_repr(self)


def short_repr(value, indent: int = 0) -> str:
    """Return the repr of an estimator or a value, in as many lines of 100 characters as it takes.

    Examples
    --------
    >>> from sklearn.feature_extraction.text import CountVectorizer
    >>> from sklearn.pipeline import Pipeline
    >>> short_repr(Pipeline([("words", CountVectorizer(stop_words=[str(i) for i in range(9)]))]))
    "Pipeline(words=CountVectorizer(stop_words=['0', '1', '2', ...]))"
    """
    line = _one_line(value)
    if indent + len(line) <= _WIDTH or not isinstance(value, BaseEstimator):
        return line
    pad = " " * (indent + _INDENT)
    items = "".join(f"{pad}{name}={short_repr(one, indent + _INDENT)},\n" for name, one in _items(value))
    return f"{type(value).__name__}(\n{items}{' ' * indent})"


def _one_line(value, most: int = _MOST_VALUES) -> str:
    if isinstance(value, BaseEstimator):
        return f"{type(value).__name__}({', '.join(f'{name}={_one_line(item)}' for name, item in _items(value))})"
    if isinstance(value, np.ndarray):
        return f"array of shape {value.shape}" if value.size > _MOST_VALUES else repr(value)
    if isinstance(value, Mapping) and value:
        return "{" + _some((f"{_one_line(key)}: {_one_line(one, 1)}" for key, one in value.items()), most) + "}"
    for kind, left, right in ((list, "[", "]"), (tuple, "(", ")"), (Set, "{", "}")):
        if isinstance(value, kind) and value:
            written = _some((_one_line(one, 1) for one in value), most)
            return left + written + ("," if right == ")" and len(value) == 1 else "") + right
    return shorten(value) if isinstance(value, str | bytes) or len(repr(value)) > _LONGEST_VALUE else repr(value)


def _some(written: Iterator[str], most: int) -> str:
    """Return the first values, with an ellipsis for others."""
    first = list(islice(written, most + 1))
    return ", ".join([*first[:most], *(["..."] if len(first) > most else [])])


def _items(estimator: BaseEstimator) -> list[tuple[str, Any]]:
    """Return the parameters that are written, those that are lists of named estimators as the estimators."""
    items: list[tuple[str, Any]] = []
    defaults = inspect.signature(type(estimator).__init__).parameters
    for name, value in estimator.get_params(deep=False).items():
        if _are_named(value):
            items += [pair[:2] for pair in value]
        elif not get_config()["print_changed_only"] or not _is_default(value, defaults[name].default):
            items.append((name, value))
    return items


def _are_named(value) -> bool:
    return isinstance(value, list) and any(
        isinstance(pair, tuple) and len(pair) >= 2 and isinstance(pair[1], BaseEstimator) for pair in value
    )


def _is_default(value, default) -> bool:
    return value is default or (isinstance(value, str | int | float | tuple) and repr(value) == repr(default))
