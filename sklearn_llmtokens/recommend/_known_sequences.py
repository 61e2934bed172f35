"""Which histories were learnt as they are: nothing has happened since.

The first thing that somebody does after a pause is another kind of event than the next one of a visit. A recommender
does not know who asks, but it knows the sequences that it has learnt: a history that equals one of them is that of
somebody who comes back. That holds from two different items on: one item is what many new users begin with as well.
"""

from dataclasses import dataclass

import numpy as np

from ._histories import Histories

_FACTOR = np.uint64(0x9E3779B97F4A7C15)  # odd, and without a pattern: 2 ** 64 divided by the golden ratio


@dataclass(frozen=True)
class KnownSequences:
    """Sequences of items, as hashes of 64 bits.

    Attributes
    ----------
    hashes : ndarray of shape (n,), dtype=uint64
        Ascending and distinct.
    counts : ndarray of shape (n,), dtype=int64
        How many sequences have each.

    Examples
    --------
    >>> known = KnownSequences.of(Histories(np.array([0, 2, 3]), np.array([4, 5, 4])))
    >>> known.hold(Histories(np.array([0, 1, 3, 5]), np.array([4, 5, 4, 4, 5])))
    array([False, False,  True])
    """

    hashes: np.ndarray
    counts: np.ndarray

    @classmethod
    def of(cls, sequences: Histories) -> "KnownSequences":
        """Read training sequences; those of fewer than two different items are left out."""
        return cls(*np.unique(sequence_hashes(sequences)[has_two_items(sequences)], return_counts=True))

    def updated(self, now: Histories, before: Histories) -> "KnownSequences":
        """Return these with the sequences `now` in the place of `before`."""
        added, removed = KnownSequences.of(now), KnownSequences.of(before)
        hashes, place = np.unique(np.concatenate([self.hashes, added.hashes, removed.hashes]), return_inverse=True)
        counts = np.zeros(len(hashes), dtype=np.int64)
        np.add.at(counts, place, np.concatenate([self.counts, added.counts, -removed.counts]))
        return KnownSequences(hashes[counts > 0], counts[counts > 0])

    def hold(self, histories: Histories) -> np.ndarray:
        """Check which histories are among the sequences, shape (n_histories,), dtype=bool."""
        return np.isin(sequence_hashes(histories), self.hashes)


def has_two_items(histories: Histories) -> np.ndarray:
    """Check which histories have two different items at least, shape (n_histories,), dtype=bool.

    Examples
    --------
    >>> has_two_items(Histories(np.array([0, 2, 4, 5, 5]), np.array([4, 5, 4, 4, 5])))
    array([ True, False, False, False])
    """
    item_idx = histories.item_idx
    differs = item_idx != item_idx[np.repeat(histories.indptr[:-1], histories.lengths)]
    return np.bincount(histories.row_idx[differs], minlength=histories.n_histories) > 0


def sequence_hashes(histories: Histories) -> np.ndarray:
    """Return a hash of the items of each history and of their order, shape (n_histories,), dtype=uint64.

    It is a polynomial in an odd number whose coefficients are mixed positions of items, modulo ``2 ** 64``.
    """
    mixed = (histories.item_idx.astype(np.uint64) + np.uint64(1)) * _FACTOR
    mixed ^= mixed >> np.uint64(32)
    powers = np.cumprod(np.full(int(histories.lengths.max(initial=0)) + 1, _FACTOR), dtype=np.uint64)
    sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(mixed * powers[histories.ages], dtype=np.uint64)])
    return sums[histories.indptr[1:]] - sums[histories.indptr[:-1]]
