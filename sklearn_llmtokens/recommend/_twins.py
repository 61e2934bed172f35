"""Items with equal vectors: they get equal scores, whichever way a matrix product rounds.

A product of matrices does not give equal columns for equal vectors: it sums the columns at its edges in another order.
Titles that occur twice are common, and their order would be a matter of luck, not of the catalogue. So vectors are
compared before anything is multiplied, and members of a group take the score of one of them.
"""

from copy import copy

import numpy as np

_N_BUCKETS = np.uint64(65_536)


class Twins:
    """Groups of items whose vectors are equal.

    Parameters
    ----------
    vectors : ndarray of shape (n_items, n_features), dtype=float32
        The vectors, as the embedder gave them.

    Attributes
    ----------
    hashes : ndarray of shape (n_items,), dtype=uint64
        A hash of each vector. Two different ones among a million are equal by chance with a probability of 3e-8.
    members : ndarray of shape (n_members,), dtype=intp
        Ascending positions of the items that have a twin.
    group : ndarray of shape (n_members,), dtype=intp
        The group of each, a place in `first`.
    first : ndarray of shape (n_groups,), dtype=intp
        The first item of each group.

    Examples
    --------
    >>> twins = Twins(np.float32([[1, 2], [0, 1], [1, 2], [3, 3]]))
    >>> twins.members, twins.first
    (array([0, 2]), array([0]))
    """

    def __init__(self, vectors: np.ndarray):
        self.hashes = _hashes(vectors)
        self._group(np.arange(len(vectors)))

    def extended(self, idx: np.ndarray, vectors: np.ndarray) -> "Twins":
        """Give the groups with vectors at `idx`, ascending; those past the end make it longer. These stay."""
        n_items = max(len(self.hashes), int(idx[-1]) + 1)
        hashes = np.zeros(n_items, dtype=np.uint64)
        hashes[: len(self.hashes)] = self.hashes
        hashes[idx] = new = _hashes(vectors)
        was_new = np.zeros(n_items, dtype=bool)
        was_new[idx] = True
        was_new[self.members] = True
        may_be_new = np.zeros(_N_BUCKETS, dtype=bool)
        may_be_new[new % _N_BUCKETS] = True
        other = copy(self)
        other.hashes = hashes
        other._group(np.flatnonzero(was_new | may_be_new[hashes % _N_BUCKETS]))
        return other

    def _group(self, among: np.ndarray) -> None:
        """Find the groups among some items."""
        _, first, inverse, counts = np.unique(
            self.hashes[among], return_index=True, return_inverse=True, return_counts=True
        )
        is_group = counts > 1
        is_member = is_group[inverse]
        self.members = among[is_member]
        self.group = (np.cumsum(is_group) - 1)[inverse[is_member]]
        self.first = among[first[is_group]]


def _hashes(vectors: np.ndarray) -> np.ndarray:
    """Give a sum of the bits of each row, times random odd numbers, modulo 2 ** 64 (multilinear hashing)."""
    factors = np.random.default_rng(0).integers(0, 2**63, vectors.shape[1], dtype=np.uint64) * np.uint64(2) + np.uint64(
        1
    )
    out = np.empty(len(vectors), dtype=np.uint64)
    for start in range(0, len(vectors), 4096):
        bits = np.ascontiguousarray(vectors[start : start + 4096], dtype=np.float32).view(np.uint32)
        out[start : start + 4096] = (bits * factors).sum(axis=1, dtype=np.uint64)
    return out
