"""Vectors of the items of a catalogue, dense or sparse: inner products with profiles, and items that come later.

A product of matrices does not return equal columns for equal vectors, because columns at its edges are summed in
another order. Titles that occur twice are common, and equal scores stand in the order of the catalogue. So duplicates
are found in what the embedder returned, and all of them take the score of one product.
"""

import numpy as np
from scipy import sparse

_BLOCK_ITEMS = 32_768
_SPARSE_COST = 6  # of a product of two sparse numbers, where one of a sparse and a dense number costs 1
_DENSE_PROFILES = 8_388_608  # float32: 32 MiB


class DenseItemVectors:
    """Dense vectors of items.

    Parameters
    ----------
    vectors : ndarray of shape (n_items, n_features), dtype=float32
        The vectors.
    hashes : ndarray of shape (n_items,), dtype=uint64
        Hashes of what they were made from, as `row_hashes` returns them: items of one hash are duplicates.
    """

    def __init__(self, vectors: np.ndarray, hashes: np.ndarray):
        _, first, group, counts = np.unique(hashes, return_index=True, return_inverse=True, return_counts=True)
        self._hashes = hashes
        self._is_duplicate = (counts > 1)[group]
        self._group = (np.cumsum(counts > 1) - 1)[group]
        self.vectors = vectors
        if self._is_duplicate.any():
            self.vectors = vectors[np.where(self._is_duplicate, first[group], np.arange(len(vectors)))]
        self._shared = self.vectors[first[counts > 1]]  # one vector of each group of duplicates

    @classmethod
    def of(cls, vectors: np.ndarray, raw: np.ndarray) -> "DenseItemVectors":
        """Return vectors that were made from `raw`, shape (n_items, n_raw_features)."""
        return cls(vectors, row_hashes(raw))

    def extended(self, idx: np.ndarray, vectors: np.ndarray, raw: np.ndarray) -> "DenseItemVectors":
        """Return these with other vectors at `idx`, ascending; those past the end make them more. These stay."""
        order = _order(len(self.vectors), idx)
        whole = np.concatenate([self.vectors, vectors], dtype=np.float32)
        hashes = np.concatenate([self._hashes, row_hashes(raw)])
        return DenseItemVectors(whole if order is None else whole[order], hashes if order is None else hashes[order])

    def scores(self, profiles: np.ndarray, items) -> np.ndarray:
        """Return the inner products with the vectors at `items`, a slice or positions."""
        scores = profiles @ self.vectors[items].T
        columns = np.flatnonzero(self._is_duplicate[items])
        if len(columns):  # the same product for every choice of items
            scores[:, columns] = (profiles @ self._shared.T)[:, self._group[items][columns]]
        return scores

    def pair_scores(self, profiles: np.ndarray, item_idx: np.ndarray) -> np.ndarray:
        """Return the inner product of each row with the vector of one item, float64."""
        return np.einsum("ij,ij->i", profiles, self.vectors[item_idx], dtype=np.float64)

    def take(self, idx: np.ndarray) -> np.ndarray:
        """Return the vectors at `idx`."""
        return self.vectors[idx]


class SparseItemVectors:
    """Sparse vectors of items, by item (for profiles) and, in blocks of items, by feature (for scores).

    Parameters
    ----------
    vectors : sparse array of shape (n_items, n_features)
        The vectors.
    """

    def __init__(self, vectors):
        self.vectors = sparse.csr_array(vectors, dtype=np.float32)
        blocks = range(0, max(self.vectors.shape[0], 1), _BLOCK_ITEMS)
        self._by_feature = [sparse.csr_array(self.vectors[start : start + _BLOCK_ITEMS].T) for start in blocks]

    @classmethod
    def of(cls, vectors, raw) -> "SparseItemVectors":
        """Return vectors; sparse products sum entries in their order, so that duplicates tie without help."""
        return cls(vectors)

    def extended(self, idx: np.ndarray, vectors, raw) -> "SparseItemVectors":
        """Return these with other vectors at `idx`, ascending; those past the end make them more. These stay."""
        order = _order(self.vectors.shape[0], idx)
        whole = sparse.vstack([self.vectors, sparse.csr_array(vectors, dtype=np.float32)], format="csr")
        return SparseItemVectors(whole if order is None else whole[order])

    def scores(self, profiles: sparse.csr_array, items) -> np.ndarray:
        """Return the inner products with the vectors at `items`, a slice or positions."""
        if not isinstance(items, slice):
            return np.ascontiguousarray((profiles @ self.take(items).T).toarray(), dtype=np.float32)
        out = np.empty((profiles.shape[0], items.stop - items.start), dtype=np.float32)
        for i, by_feature in enumerate(self._by_feature):
            start = i * _BLOCK_ITEMS
            a, b = max(start, items.start), min(start + by_feature.shape[1], items.stop)
            if a < b:
                inside = by_feature if b - a == by_feature.shape[1] else by_feature[:, a - start : b - start]
                out[:, a - items.start : b - items.start] = _products(profiles, self.vectors, slice(a, b), inside)
        return out

    def pair_scores(self, profiles: sparse.csr_array, item_idx: np.ndarray) -> np.ndarray:
        """Return the inner product of each row with the vector of one item, float64."""
        products = profiles.astype(np.float64).multiply(self.take(item_idx))
        return np.asarray(products.sum(axis=1)).ravel()

    def take(self, idx: np.ndarray) -> sparse.csr_array:
        """Return the vectors at `idx`."""
        return self.vectors[idx]


def row_hashes(vectors: np.ndarray) -> np.ndarray:
    """Return a hash of each row, uint64: a sum of its bits times random odd numbers (multilinear hashing).

    Two different rows among a million have equal hashes by chance with a probability of 3e-8.

    Examples
    --------
    >>> hashes = row_hashes(np.float32([[1, 2], [0, 1], [1, 2]]))
    >>> bool(hashes[0] == hashes[2]), bool(hashes[0] == hashes[1])
    (True, False)
    """
    odd = np.random.default_rng(0).integers(0, 2**63, vectors.shape[1], dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    out = np.empty(len(vectors), dtype=np.uint64)
    for start in range(0, len(vectors), 4096):
        bits = np.ascontiguousarray(vectors[start : start + 4096], dtype=np.float32).view(np.uint32)
        out[start : start + 4096] = (bits * odd).sum(axis=1, dtype=np.uint64)
    return out


def _order(n_items: int, idx: np.ndarray) -> np.ndarray | None:
    """Return where the row of each item is once those of `idx` stand behind `n_items` others; None if they all stay.

    Examples
    --------
    >>> _order(3, np.array([1, 3]))
    array([0, 3, 2, 4])
    """
    if idx[0] >= n_items:
        return None
    order = np.arange(max(n_items, int(idx[-1]) + 1))
    order[idx] = n_items + np.arange(len(idx))
    return order


def _products(profiles: sparse.csr_array, vectors: sparse.csr_array, items: slice, by_feature: sparse.csr_array):
    """Return the inner products with some items, by the cheaper of two ways, shape (n_queries, n)."""
    n_sparse = int(np.diff(by_feature.indptr)[profiles.indices].sum(dtype=np.int64))
    if _SPARSE_COST * n_sparse < by_feature.nnz * profiles.shape[0]:
        return (profiles @ by_feature).toarray()
    rows = vectors[items]
    step = max(1, _DENSE_PROFILES // profiles.shape[1])
    queries = range(0, profiles.shape[0], step)
    return np.vstack([(rows @ profiles[start : start + step].toarray().T).T for start in queries])
