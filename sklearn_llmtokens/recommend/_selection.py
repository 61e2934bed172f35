"""Which items may be recommended to whom: candidates, exclusions, and what a user has seen."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .._utils._columns import read_list, read_rows
from ._catalog import Catalog
from ._histories import Histories
from ._unknown_items import find_items


@dataclass(frozen=True)
class _Pairs:
    """Pairs of a query and an item, sorted by query: those of query `i` are from ``indptr[i]`` to ``indptr[i + 1]``."""

    indptr: np.ndarray
    item_idx: np.ndarray

    def rows(self, start: int, stop: int) -> "_Pairs":
        events = slice(int(self.indptr[start]), int(self.indptr[stop]))
        return _Pairs(self.indptr[start : stop + 1] - self.indptr[start], self.item_idx[events])

    def places(self, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return rows and columns of the pairs in a table whose columns are the items at `positions`, ascending."""
        if not len(positions):
            return np.empty(0, np.intp), np.empty(0, np.intp)
        column = np.minimum(np.searchsorted(positions, self.item_idx), len(positions) - 1)
        here = positions[column] == self.item_idx
        row = np.repeat(np.arange(len(self.indptr) - 1), np.diff(self.indptr))
        return row[here], column[here]


@dataclass(frozen=True)
class Selection:
    """What each query may be given.

    Attributes
    ----------
    union : ndarray of shape (n,), dtype=intp, or None
        Ascending positions of all items that are a candidate of any query; None where there are no candidates.
    allowed : _Pairs or None
        Candidates by query, where they differ.
    blocked : tuple of _Pairs
        Items that a query is not given.
    """

    union: np.ndarray | None
    allowed: _Pairs | None
    blocked: tuple[_Pairs, ...]

    @classmethod
    def read(
        cls,
        catalog: Catalog,
        histories: Histories,
        candidates=None,
        exclude=None,
        *,
        filter_seen: bool,
        unknown: str = "error",
    ) -> "Selection":
        """Read the arguments of `recommend`; missing values pad lists, as in what it returns."""
        n_queries = histories.n_histories
        union = allowed = None
        blocked: list[_Pairs] = []
        if candidates is not None:
            candidates = read_rows(candidates, "candidates", "ids")
            allowed = _read_lists(candidates, catalog, n_queries, "candidates", unknown)
            is_shared = _is_one_list(candidates)  # by all queries, as its first row says
            union = np.unique(allowed.rows(0, min(n_queries, 1)).item_idx if is_shared else allowed.item_idx)
            allowed = None if is_shared else allowed
        if exclude is not None:
            blocked.append(_read_lists(read_rows(exclude, "exclude", "ids"), catalog, n_queries, "exclude", unknown))
        if filter_seen and histories.texts is None:
            blocked.append(_Pairs(histories.indptr, histories.item_idx))
        return cls(union, allowed, tuple(blocked))

    def rows(self, start: int, stop: int) -> "Selection":
        """Return the selection of some queries."""
        allowed = None if self.allowed is None else self.allowed.rows(start, stop)
        return Selection(self.union, allowed, tuple(pairs.rows(start, stop) for pairs in self.blocked))

    def mask(self, scores: np.ndarray, positions: np.ndarray) -> None:
        """Set the scores of items that a query is not given to -inf."""
        if self.allowed is not None:
            is_allowed = np.zeros(scores.shape, dtype=bool)
            is_allowed[self.allowed.places(positions)] = True
            scores[~is_allowed] = -np.inf
        for pairs in self.blocked:
            scores[pairs.places(positions)] = -np.inf


def _is_one_list(lists: Sequence) -> bool:
    return all(isinstance(one, str) or not hasattr(one, "__iter__") for one in lists)


def _read_lists(lists: Sequence, catalog: Catalog, n_queries: int, name: str, unknown: str) -> _Pairs:
    if _is_one_list(lists):
        idx = _read_list(lists, catalog, name, unknown)
        return _Pairs(len(idx) * np.arange(n_queries + 1), np.tile(idx, n_queries))
    if len(lists) != n_queries:
        raise ValueError(
            f"{name} has {len(lists)} lists for {n_queries} queries: pass one for each, or one list of ids."
        )
    parts = [_read_list(one, catalog, f"{name}[{i}]", unknown) for i, one in enumerate(lists)]
    indptr = np.concatenate([[0], np.cumsum([len(part) for part in parts])])
    return _Pairs(indptr, np.concatenate(parts) if parts else np.empty(0, np.intp))


def _read_list(ids, catalog: Catalog, name: str, unknown: str) -> np.ndarray:
    advice = ": leave it out, or set unknown='ignore'"
    found = find_items(
        catalog, read_list(ids, name), lambda at: f"{name}[{at}]", unknown=unknown, skip_missing=True, advice=advice
    )
    return found[found >= 0]
