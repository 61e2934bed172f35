"""Rules on ranked lists, each a value that can be kept, compared in a log, and passed to `rule_rerank`."""

from collections.abc import Set
from dataclasses import dataclass, field
from numbers import Integral, Real
from typing import Any

import narwhals as nw
import numpy as np
from sklearn.utils import check_scalar

from .._utils._columns import is_missing, read_column, read_list
from .._utils._messages import shorten
from ._catalog import Catalog
from ._catalog_ids import plain_ids
from ._feature_rows import as_native


@dataclass(frozen=True)
class Available:
    """Leave out every item that is not one of these, such as those in stock.

    Where the items are few or known before, ``recommend(X, candidates=items)`` does the same and leaves no list short.

    Parameters
    ----------
    items : collection of str or int
        Ids; those that are not in the catalogue do not matter.

    Examples
    --------
    >>> from sklearn_llmtokens.recommend import Available, rule_rerank
    >>> rule_rerank([["a", "b"]], [[2.0, 1.0]], items=["a", "b"], rules=[Available({"b"})], k=1).items
    array([['b']], dtype=object)
    """

    items: frozenset = field(repr=False)

    def __post_init__(self):
        object.__setattr__(self, "items", frozenset(_read_ids(self.items, "Available")))


@dataclass(frozen=True)
class Boost:
    """Add a number to the scores of some items, in units of the range of scores of a list.

    Parameters
    ----------
    items : collection of str or int
        Ids of the catalogue.
    amount : float, default=0.1
        What is added to a score that is scaled to 0..1 within the list, from -1 to 1. 1 puts the last candidate level
        with the first one; a negative number lowers the items.

    Examples
    --------
    >>> from sklearn_llmtokens.recommend import Boost, rule_rerank
    >>> rules = [Boost(["c"], 0.7)]
    >>> rule_rerank([["a", "b", "c"]], [[2.0, 1.0, 0.0]], items=["a", "b", "c"], rules=rules).items
    array([['a', 'c', 'b']], dtype=object)
    """

    items: frozenset
    amount: float = 0.1

    def __post_init__(self):
        check_scalar(self.amount, "Boost.amount", Real, min_val=-1, max_val=1)
        object.__setattr__(self, "items", frozenset(_read_ids(self.items, "Boost")))


@dataclass(frozen=True)
class Pin:
    """Show items at places of their own, whether they are candidates or not.

    Parameters
    ----------
    items : sequence of str or int
        Ids of the catalogue: the first one is shown at `place`, the others after it.
    place : int, default=1
        The place of the first one, from 1.

    Examples
    --------
    >>> from sklearn_llmtokens.recommend import Pin, rule_rerank
    >>> rule_rerank([["a", "b"]], [[2.0, 1.0]], items=["a", "b", "c"], rules=[Pin(["c"], place=2)]).items
    array([['a', 'c', 'b']], dtype=object)
    """

    items: tuple
    place: int = 1

    def __post_init__(self):
        check_scalar(self.place, "Pin.place", Integral, min_val=1)
        object.__setattr__(self, "items", tuple(plain_ids(read_list(self.items, "Pin.items"), "Pin.items[{}]".format)))


@dataclass(frozen=True, eq=False)
class MaxPerGroup:
    """Show at most n items of each group: of a brand, a seller, a series.

    Parameters
    ----------
    groups : str or array-like of shape (n_items,)
        Name of a column of the catalogue's features, or the group of each item in the order of `items`. An item whose
        group is missing is of no group, and never too much.
    n : int
        Most items of a group in a list.

    Examples
    --------
    >>> from sklearn_llmtokens.recommend import MaxPerGroup, rule_rerank
    >>> rules = [MaxPerGroup(["x", "x", "y"], 1)]
    >>> rule_rerank([["a", "b", "c"]], [[2.0, 1.0, 0.0]], items=["a", "b", "c"], rules=rules, k=2).items
    array([['a', 'c']], dtype=object)
    """

    groups: Any = field(repr=False)
    n: int

    def __post_init__(self):
        check_scalar(self.n, "MaxPerGroup.n", Integral, min_val=1)
        if not isinstance(self.groups, str):
            object.__setattr__(self, "groups", read_column(self.groups, "MaxPerGroup.groups"))


def group_name(rule: MaxPerGroup) -> str:
    """Return what a group of a rule is called in reasons."""
    return rule.groups if isinstance(rule.groups, str) else "group"


def groups_of(rule: MaxPerGroup, items, codes: np.ndarray) -> dict[int, Any]:
    """Return the group of each item at some positions of a catalogue, None where it has none."""
    if isinstance(rule.groups, str):
        values = read_list(_feature(items, codes, rule.groups), rule.groups)
    elif len(rule.groups) == len(items):
        values = rule.groups[codes].tolist()
    else:
        raise ValueError(
            f"MaxPerGroup.groups has {len(rule.groups)} entries for {len(items)} items: one group for each item of the "
            "catalogue is needed."
        )
    return {code: None if is_missing(value) else value for code, value in zip(codes.tolist(), values, strict=True)}


def _read_ids(items, rule: str) -> list:
    """Return ids of a set, or of what else holds ids."""
    ids = list(items) if isinstance(items, Set) else read_list(items, f"{rule}.items")
    return plain_ids(ids, f"{rule}.items[{{}}]".format)


def _feature(items, codes: np.ndarray, name: str):
    """Return a column of the features of some items."""
    features = as_native(items.features(codes)) if isinstance(items, Catalog) else None
    names = features.columns if isinstance(features, nw.DataFrame) else []
    if name not in names:
        raise ValueError(
            f"MaxPerGroup got the column {shorten(name)}, and the features of the items have {shorten(list(names))}: "
            "pass a Catalog with this column, or the group of each item as an array."
        )
    return features[name].to_native()  # type: ignore[index]
