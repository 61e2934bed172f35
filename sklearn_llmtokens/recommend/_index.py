"""Vectors of items, ready to be multiplied with profiles: dense or sparse, in memory that can grow."""

from copy import copy

import numpy as np
from scipy import sparse

from ._twins import Twins

_SPARE_ITEMS = 4096
_BLOCK_ITEMS = 32_768
_SPARSE_COST = 6  # of a product of two sparse numbers, where one of a sparse and a dense number costs 1
_DENSE_PROFILES = 8_388_608  # float32: 32 MiB


class DenseIndex:
    """Dense vectors of items, in an array with room at its end.

    Parameters
    ----------
    vectors : ndarray of shape (n_items, n_features), dtype=float32
        The vectors.
    raw : ndarray of shape (n_items, n_raw_features), default=None
        What they were made from: items with equal rows get equal vectors and scores. None is the vectors.

    Attributes
    ----------
    n_items : int
        Number of vectors.
    """

    def __init__(self, vectors: np.ndarray, raw: np.ndarray | None = None):
        self.n_items = len(vectors)
        self._buffer = np.asarray(vectors, dtype=np.float32)
        self._reserve(self.n_items)
        self._twins = Twins(vectors if raw is None else raw)
        self._align(np.arange(self.n_items))

    @property
    def vectors(self) -> np.ndarray:
        """The vectors, a view."""
        return self._buffer[: self.n_items]

    def extended(self, idx: np.ndarray, vectors: np.ndarray, raw: np.ndarray | None = None) -> "DenseIndex":
        """Give the index with vectors at `idx`, ascending; those past the end make it longer.

        This one stays as it is. Both share an array where no vector is replaced, so that only the newest is extended.
        """
        other = object.__new__(DenseIndex)
        vars(other).update(vars(self))
        n_items = max(self.n_items, int(idx[-1]) + 1)
        if n_items > len(self._buffer) or idx[0] < self.n_items or not self._buffer.flags.writeable:
            other._reserve(n_items)
        other._buffer[idx] = vectors
        other.n_items = n_items
        other._twins = self._twins.extended(idx, vectors if raw is None else raw)
        other._align(idx)
        return other

    def scores(self, profiles: np.ndarray, items) -> np.ndarray:
        """Give the inner products with the vectors at `items`, a slice or positions."""
        scores = profiles @ self.vectors[items].T
        members, group = self._twins.members, self._twins.group
        if isinstance(items, slice):
            here = slice(*np.searchsorted(members, [items.start, items.stop]))
            columns, group = members[here] - items.start, group[here]
        else:
            place = np.minimum(np.searchsorted(members, items), max(len(members) - 1, 0))
            columns = np.flatnonzero(members[place] == items) if len(members) else place[:0]
            group = group[place[columns]]
        if len(columns):  # the same product for every choice of items
            scores[:, columns] = (profiles @ self.vectors[self._twins.first].T)[:, group]
        return scores

    def pair_scores(self, profiles: np.ndarray, item_idx: np.ndarray) -> np.ndarray:
        """Give the inner product of each row with the vector of one item."""
        return np.einsum("ij,ij->i", profiles, self.vectors[item_idx], dtype=np.float64)

    def take(self, idx: np.ndarray) -> np.ndarray:
        """Give vectors."""
        return self.vectors[idx]

    def _align(self, idx: np.ndarray) -> None:
        """Give the twins of items at `idx`, and these, the vector of the first of them."""
        members, group, first = self._twins.members, self._twins.group, self._twins.first
        touched = np.isin(group, group[np.isin(members, idx)])
        self._buffer[members[touched]] = self._buffer[first[group[touched]]]

    def _reserve(self, n_items: int) -> None:
        buffer = np.empty((n_items + max(_SPARE_ITEMS, n_items // 8), self._buffer.shape[1]), dtype=np.float32)
        buffer[: self.n_items] = self._buffer[: self.n_items]
        self._buffer = buffer

    def __getstate__(self) -> dict:
        return vars(self) | {"_buffer": self.vectors}  # without the room at the end


class SparseIndex:
    """Sparse vectors of items in blocks, each by item (for profiles) and by feature (for scores).

    Parameters
    ----------
    vectors : sparse array of shape (n_items, n_features)
        The vectors.

    Attributes
    ----------
    n_items : int
        Number of vectors.
    """

    def __init__(self, vectors):
        vectors = sparse.csr_array(vectors, dtype=np.float32)
        self._by_item: list[sparse.csr_array] = []
        self._by_feature: list[sparse.csr_array] = []
        self.n_items = 0
        self._append(vectors)

    def extended(self, idx: np.ndarray, vectors, raw=None) -> "SparseIndex":
        """Give the index with vectors at `idx`, ascending; those past the end make it longer. This one stays."""
        vectors = sparse.csr_array(vectors, dtype=np.float32)
        is_new = idx >= self.n_items
        if is_new.all():
            other = copy(self)
            other._by_item, other._by_feature = list(self._by_item), list(self._by_feature)
        else:
            whole = sparse.vstack([*self._by_item, vectors[~is_new]], format="csr")
            order = np.arange(self.n_items)
            order[idx[~is_new]] = self.n_items + np.arange((~is_new).sum())
            other = SparseIndex(whole[order])
        if is_new.any():
            other._append(vectors[is_new])
        return other

    def scores(self, profiles: sparse.csr_array, items) -> np.ndarray:
        """Give the inner products with the vectors at `items`, a slice or positions."""
        if not isinstance(items, slice):
            return np.ascontiguousarray((profiles @ self.take(items).T).toarray(), dtype=np.float32)
        out = np.empty((profiles.shape[0], items.stop - items.start), dtype=np.float32)
        start = 0
        for by_item, by_feature in zip(self._by_item, self._by_feature, strict=True):
            stop = start + by_item.shape[0]
            a, b = max(start, items.start), min(stop, items.stop)
            if a < b:
                part = slice(a - start, b - start)
                out[:, a - items.start : b - items.start] = _products(profiles, by_item, by_feature, part)
            start = stop
        return out

    def pair_scores(self, profiles: sparse.csr_array, item_idx: np.ndarray) -> np.ndarray:
        """Give the inner product of each row with the vector of one item."""
        products = profiles.astype(np.float64).multiply(self.take(item_idx))
        return np.asarray(products.sum(axis=1)).ravel()

    def take(self, idx: np.ndarray) -> sparse.csr_array:
        """Give vectors."""
        if len(self._by_item) == 1:
            return self._by_item[0][idx]
        starts = np.cumsum([0, *(block.shape[0] for block in self._by_item)])
        which = np.searchsorted(starts, idx, side="right") - 1
        order = np.argsort(which, kind="stable")
        parts = [block[idx[which == j] - starts[j]] for j, block in enumerate(self._by_item) if (which == j).any()]
        stacked = sparse.vstack(parts, format="csr") if parts else self._by_item[0][idx]
        return stacked[np.argsort(order, kind="stable")]

    def _append(self, vectors: sparse.csr_array) -> None:
        """Add blocks that begin at multiples of the block size where they can, small ones merged as they come."""
        at = 0
        while at < vectors.shape[0] or not self._by_item:
            stop = at + _BLOCK_ITEMS - self.n_items % _BLOCK_ITEMS
            block = vectors[at:stop]
            self.n_items += block.shape[0]
            at = stop
            while self._mergeable(block):
                block = sparse.vstack([self._by_item.pop(), block], format="csr")
                self._by_feature.pop()
            self._by_item.append(block)
            self._by_feature.append(sparse.csr_array(block.T))

    def _mergeable(self, block: sparse.csr_array) -> bool:
        if not self._by_item:
            return False
        last = self._by_item[-1].shape[0]
        begins_block = (self.n_items - block.shape[0]) % _BLOCK_ITEMS == 0
        return not begins_block and 2 * block.shape[0] > last


def _products(profiles: sparse.csr_array, by_item: sparse.csr_array, by_feature: sparse.csr_array, part: slice):
    """Give the inner products with the items of a block, the cheaper way, shape (n_queries, n_items)."""
    n_sparse = int(np.diff(by_feature.indptr)[profiles.indices].sum(dtype=np.int64))
    if _SPARSE_COST * n_sparse < by_item.nnz * profiles.shape[0]:
        whole = part == slice(0, by_item.shape[0])
        return (profiles @ (by_feature if whole else by_feature[:, part])).toarray()
    items = by_item[part]
    step = max(1, _DENSE_PROFILES // profiles.shape[1])
    queries = range(0, profiles.shape[0], step)
    return np.vstack([(items @ profiles[start : start + step].toarray().T).T for start in queries])
