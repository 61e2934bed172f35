"""Nearest items by who had them: the classic of item-based collaborative filtering."""

from numbers import Integral, Real

import numpy as np
from scipy import sparse

from .._utils._sklearn import Interval
from ._base import SHARED_CONSTRAINTS, BaseRecommender
from ._catalog import Catalog
from ._histories import Histories
from ._item_item import (
    ItemWeights,
    as_float32,
    cooccurrence,
    latest_events,
    presence,
    repeats,
    strongest,
    with_diagonal,
)
from ._pair_model import PairModelMixin
from ._profiles import PROFILE_CONSTRAINTS


class ItemKNNRecommender(PairModelMixin, BaseRecommender):
    """Recommend the nearest neighbours of the items of a history, by the cosine between who had them [1]_.

    Parameters
    ----------
    catalog : Catalog
        The items.
    n_neighbors : int, default=100
        Number of neighbours that an item has.
    shrinkage : float, default=10.0
        Number that is added to the denominator of the cosine, which takes the weight from pairs that few users had.
    profile : {"harmonic", "last", "mean"} or float, default="harmonic"
        Weight of the events of a query from the latest one backwards: 1, 1/2, 1/3, ...; the latest alone; equal; or
        the powers of a factor in (0, 1].
    unknown : {"error", "ignore"}, default="error"
        Whether an id that is not in the catalogue is an error in histories, `y`, `candidates` and `exclude`, or is left
        out. If no id has the type of the catalogue's ids, it is an error always.
    filter_seen : bool, default=True
        Whether items of the history are left out of what is recommended. If False, an item is its own neighbour, too,
        by how many of those who had it had it again.
    verbose : int, default=0
        1 writes what is fitted, on how much, and in how many seconds, to standard error.

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
    With ``filter_seen=False`` the weight of an item for itself is ``r / (n + shrinkage)``: n sequences have it, r of
    them twice or more. It is no neighbour that counts towards `n_neighbors`.

    Of a sequence of more than 1,000 events the latest 1,000 are read: pairs are as many as the square, and one visitor
    that opened every page would make all items neighbours of all.

    References
    ----------
    .. [1] Mukund Deshpande, George Karypis. "Item-Based Top-N Recommendation Algorithms". ACM TOIS 22, 2004.

    Examples
    --------
    >>> from sklearn_llmtokens.recommend import Catalog, ItemKNNRecommender
    >>> histories = [["tea", "pot"], ["tea", "pot", "cup"], ["novel", "lamp"]]
    >>> recommender = ItemKNNRecommender(Catalog(["tea", "pot", "cup", "novel", "lamp"])).fit(histories)
    >>> recommender.similar_items(["tea", "lamp"], k=1)
    array([['pot'],
           ['novel']], dtype=object)
    """

    _parameter_constraints: dict = {
        "catalog": [Catalog],
        "n_neighbors": [Interval(Integral, 1, None, closed="left")],
        "shrinkage": [Interval(Real, 0, None, closed="left")],
        "profile": PROFILE_CONSTRAINTS,
        **SHARED_CONSTRAINTS,
    }

    def __init__(
        self,
        catalog,
        *,
        n_neighbors=100,
        shrinkage=10.0,
        profile="harmonic",
        unknown="error",
        filter_seen=True,
        verbose=0,
    ):
        self.catalog = catalog
        self.n_neighbors = n_neighbors
        self.shrinkage = shrinkage
        self.profile = profile
        self.unknown = unknown
        self.filter_seen = filter_seen
        self.verbose = verbose

    def _products(self, sequences: Histories) -> tuple:
        n_items, read = self.catalog_.n_items, latest_events(sequences)
        return cooccurrence(presence(read, n_items)), repeats(read, n_items)

    def _weights(self, products: tuple, change: tuple | None) -> ItemWeights:
        known = np.flatnonzero(products[0].diagonal() > 0)
        gram, n_again = products[0][known][:, known], products[1][known]
        total = gram.diagonal() + float(self.shrinkage)
        weights = strongest(_cosines(gram, float(self.shrinkage)), int(self.n_neighbors))
        if not self.filter_seen:
            weights = with_diagonal(weights, np.divide(n_again, total, out=np.zeros(len(known)), where=total > 0))
        return ItemWeights(known, weights, self.catalog_.n_items)


def _cosines(gram: sparse.csr_array, shrinkage: float) -> sparse.csr_array:
    """Return ``gram_ij / (sqrt(gram_ii gram_jj) + shrinkage)`` with a diagonal of zeros."""
    norms = np.sqrt(gram.diagonal().astype(np.float64))
    row_idx = np.repeat(np.arange(gram.shape[0]), np.diff(gram.indptr))
    denominators = norms[row_idx] * norms[gram.indices] + shrinkage
    values = np.divide(gram.data, denominators, out=np.zeros(len(denominators)), where=denominators > 0)
    values[row_idx == gram.indices] = 0.0
    values = as_float32(values, f"Cosines with shrinkage={shrinkage}")
    cosines = sparse.csr_array((values, gram.indices, gram.indptr), shape=gram.shape)
    cosines.eliminate_zeros()
    return cosines
