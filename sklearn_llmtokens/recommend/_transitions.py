"""What followed what: counts of items that came shortly after others."""

from numbers import Integral

import numpy as np
from scipy import sparse

from .._utils._sklearn import Interval
from ._base import SHARED_CONSTRAINTS, BaseRecommender
from ._catalog import Catalog
from ._histories import Histories
from ._item_item import ItemItemMixin, ItemWeights
from ._profiles import PROFILE_CONSTRAINTS


class TransitionRecommender(ItemItemMixin, BaseRecommender):
    """Recommend what followed the items of a history shortly after.

    An item that came `d` events after another in a training sequence counts ``1 / d`` for it, up to `window`.

    Parameters
    ----------
    catalog : Catalog
        The items.
    window : int, default=5
        Number of events after an item that count as following it.
    profile : {"harmonic", "last", "mean"} or float, default="harmonic"
        Weight of the events of a query from the latest one backwards: 1, 1/2, 1/3, ...; the latest alone; equal; or
        the powers of a factor in (0, 1].
    unknown : {"error", "ignore"}, default="error"
        Whether an id that is not in the catalogue is an error in histories, `y`, `candidates` and `exclude`, or is left
        out. If no id has the type of the catalogue's ids, it is an error always.
    filter_seen : bool, default=True
        Whether items of the history are left out of what is recommended. If False, an item that follows itself counts
        as others do.

    Attributes
    ----------
    catalog_ : Catalog
        The catalogue as it is now, with items that were added since ``fit``.
    active_ : ndarray of shape (n_items,), dtype=bool
        False for items that were removed.
    popularity_ : ndarray of shape (n_items,), dtype=float32
        Number of training sequences that have each item, which ranks items for an empty history.

    Notes
    -----
    Where events have weights, a pair counts by the product of both. Counts are divided by the square root of the
    product of how often the first item was followed and the second followed, so that popular items do not win
    everywhere.

    Examples
    --------
    >>> from sklearn_llmtokens.recommend import Catalog, TransitionRecommender
    >>> recommender = TransitionRecommender(Catalog(["a", "b", "c"])).fit([["a", "b", "c"], ["b", "c"]])
    >>> recommender.recommend([["a"], ["b"]], k=1)
    array([['b'],
           ['c']], dtype=object)
    """

    _parameter_constraints: dict = {
        "catalog": [Catalog],
        "window": [Interval(Integral, 1, None, closed="left")],
        "profile": PROFILE_CONSTRAINTS,
        **SHARED_CONSTRAINTS,
    }

    def __init__(self, catalog, *, window=5, profile="harmonic", unknown="error", filter_seen=True):
        self.catalog = catalog
        self.window = window
        self.profile = profile
        self.unknown = unknown
        self.filter_seen = filter_seen

    def _fit(self, sequences: Histories) -> None:
        known = np.unique(sequences.item_idx)
        counts = transitions(sequences, self.catalog_.n_items, int(self.window), again=not self.filter_seen)[known][
            :, known
        ]
        self._item_weights = ItemWeights(known, _balanced(counts), self.catalog_.n_items)


def transitions(sequences: Histories, n_items: int, window: int, *, again: bool = False) -> sparse.csr_array:
    """Count how often the column's item came up to `window` events after the row's item, by 1 / distance.

    An item that came after itself counts if `again` is True. Counts are float32, and float64 where events have weights.

    Examples
    --------
    >>> transitions(Histories(np.array([0, 3]), np.array([0, 1, 2])), 3, 2).toarray()
    array([[0. , 1. , 0.5],
           [0. , 0. , 1. ],
           [0. , 0. , 0. ]], dtype=float32)
    """
    row_idx, items = sequences.row_idx, sequences.item_idx
    weights = np.ones(len(items), np.float32) if sequences.weights is None else sequences.weights
    total = sparse.csr_array((n_items, n_items), dtype=np.float32)
    for distance in range(1, window + 1):
        same = row_idx[distance:] == row_idx[:-distance]
        if not again:
            same &= items[distance:] != items[:-distance]
        first, then = items[:-distance][same], items[distance:][same]
        values = (weights[:-distance] * weights[distance:])[same] / np.float32(distance)
        total = total + sparse.csr_array((values, (first, then)), shape=total.shape)
    return sparse.csr_array(total)


def _balanced(counts: sparse.csr_array) -> sparse.csr_array:
    """Divide counts by the square root of the sums of their row and their column."""
    magnitudes = abs(counts)
    scales = []
    for axis in (1, 0):
        total = np.asarray(magnitudes.sum(axis=axis, dtype=np.float64)).ravel()
        scales.append(np.divide(1.0, np.sqrt(total), out=np.zeros_like(total), where=total > 0))
    balanced = sparse.dia_array((scales[0][np.newaxis], [0]), shape=counts.shape) @ counts
    balanced = balanced @ sparse.dia_array((scales[1][np.newaxis], [0]), shape=counts.shape)
    return sparse.csr_array(balanced, dtype=np.float32)  # at most 1
