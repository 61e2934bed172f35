"""EASE: which items predict which, by one ridge regression for each item, all of them solved at once."""

from numbers import Integral, Real

import numpy as np
from scipy import sparse

from .._utils._sklearn import HasMethods, Interval, StrOptions
from ._base import SHARED_CONSTRAINTS, BaseRecommender
from ._catalog import Catalog
from ._content_prior import ContentPrior
from ._histories import Histories
from ._item_item import ItemWeights, cooccurrence, latest_events, presence, repeats, with_diagonal
from ._item_regression import regularised_inverse
from ._pair_model import RegressionMixin
from ._profiles import PROFILE_CONSTRAINTS


class EASERecommender(RegressionMixin, BaseRecommender):
    """Recommend by the closed-form item-item model of Steck [1]_.

    Each item is predicted from all others by a ridge regression over the training sequences. Items without a training
    sequence have the score 0.

    Parameters
    ----------
    catalog : Catalog
        The items.
    l2 : float, default=50.0
        Penalty of the squared weights, in sequences. More of it trusts pairs that were seen seldom less.
    profile : {"harmonic", "last", "mean"} or float, default=0.8
        Weight of the events of a query from the latest one backwards: 1, 1/2, 1/3, ...; the latest alone; equal, as in
        the paper; or the powers of a factor in (0, 1].
    prior : transformer, default=None
        Texts to vectors, such as an `LLMTokenEmbedder`: weights are shrunk towards those of a regression between the
        vectors of items [3]_, so that items without clicks are reached. It is cloned. None shrinks them towards 0.
    item_input : {"auto", "texts"}, default="auto"
        What `prior` reads of an item: the text alone, or, where the catalogue has features, both as a table.
    prior_strength : float, default=100.0
        How much they are shrunk towards it, in sequences.
    max_dense_items : int, default=20000
        Up to this number of items with clicks, or of all with a `prior`, the exact solution is computed: 4 bytes a pair
        of items, and a time that grows with the third power. Beyond, each item is predicted from its `n_neighbors`
        nearest items alone.
    n_neighbors : int, default=200
        Number of items that an item is predicted from in the approximation.
    unknown : {"error", "ignore"}, default="error"
        Whether an id that is not in the catalogue is an error in histories, `y`, `candidates` and `exclude`, or is left
        out. If no id has the type of the catalogue's ids, it is an error always.
    filter_seen : bool, default=True
        Whether items of the history are left out of what is recommended. If False, an item predicts itself as well, by
        a ridge regression of being there twice on being there.
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
    is_dense_ : bool
        Whether the exact solution was computed.
    prior_ : transformer or None
        The fitted `prior`.

    Notes
    -----
    An item that a sequence has several times counts once; where events have weights, it counts by the largest. With
    ``filter_seen=False`` the weight of an item for itself is ``r / (n + l2)``: n sequences have it, r of them twice or
    more. Weights of other items do not change by this.

    In the approximation the neighbours of an item are those with the highest cosine between both columns of the
    sequences, where `l2` is added to the squared length of each, and the regression on them is solved exactly. The
    columns are independent of each other, as in [2]_. Of a sequence of more than 1,000 events the latest 1,000 are
    read: pairs are as many as the square, and one visitor that opened every page would make all items neighbours of
    all.

    With ``C`` the weights of the prior, ``e`` its strength and ``P = (X^T X + (l2 + e) I)^-1``, the weights are
    ``e P C - P (1 + e diag(P C)) / diag(P)`` outside a diagonal of zeros.

    References
    ----------
    .. [1] Harald Steck. "Embarrassingly Shallow Autoencoders for Sparse Data". WWW 2019. arXiv:1905.03375.
    .. [2] Xia Ning, George Karypis. "SLIM: Sparse Linear Methods for Top-N Recommender Systems". ICDM 2011.
    .. [3] Jaewan Moon, Seongmin Park, Jongwuk Lee. "LLM-Enhanced Linear Autoencoders for Recommendation". CIKM 2025.
       arXiv:2508.13500.

    Examples
    --------
    >>> from sklearn_llmtokens.recommend import Catalog, EASERecommender
    >>> histories = [["tea", "pot"], ["tea", "pot", "cup"], ["novel", "lamp"], ["novel", "lamp"]]
    >>> recommender = EASERecommender(Catalog(["tea", "pot", "cup", "novel", "lamp"]), l2=1.0).fit(histories)
    >>> recommender.recommend([["tea"], ["lamp"]], k=1)
    array([['pot'],
           ['novel']], dtype=object)
    """

    _parameter_constraints: dict = {
        "catalog": [Catalog],
        "l2": [Interval(Real, 0, None, closed="neither")],
        "profile": PROFILE_CONSTRAINTS,
        "prior": [HasMethods(["fit", "transform"]), None],
        "item_input": [StrOptions({"auto", "texts"})],
        "prior_strength": [Interval(Real, 0, None, closed="left")],
        "max_dense_items": [Interval(Integral, 0, None, closed="left")],
        "n_neighbors": [Interval(Integral, 1, None, closed="left")],
        **SHARED_CONSTRAINTS,
    }

    def __init__(
        self,
        catalog,
        *,
        l2=50.0,
        profile=0.8,
        prior=None,
        item_input="auto",
        prior_strength=100.0,
        max_dense_items=20_000,
        n_neighbors=200,
        unknown="error",
        filter_seen=True,
        verbose=0,
    ):
        self.catalog = catalog
        self.l2 = l2
        self.profile = profile
        self.prior = prior
        self.item_input = item_input
        self.prior_strength = prior_strength
        self.max_dense_items = max_dense_items
        self.n_neighbors = n_neighbors
        self.unknown = unknown
        self.filter_seen = filter_seen
        self.verbose = verbose

    @property
    def is_dense_(self):
        """Whether the exact solution was computed."""
        return not sparse.issparse(self._item_weights.weights)

    def _products(self, sequences: Histories) -> tuple:
        n_items = self.catalog_.n_items
        n_known = n_items if self.prior is not None else len(np.unique(sequences.item_idx))
        read = sequences if n_known <= self.max_dense_items else latest_events(sequences)
        return cooccurrence(presence(read, n_items)), repeats(read, n_items)

    def _systems(self, products: tuple) -> tuple:
        gram = products[0]
        targets = sparse.csr_array(gram - sparse.dia_array((gram.diagonal()[np.newaxis], [0]), shape=gram.shape))
        targets.eliminate_zeros()
        return gram, targets

    def _targets(self, products: tuple, columns: np.ndarray) -> sparse.csc_array:
        rows = sparse.coo_array(products[0][columns])  # symmetric
        other = rows.col != columns[rows.row]
        entries = rows.data[other], (rows.col[other], rows.row[other])
        return sparse.csc_array(entries, shape=(products[0].shape[0], len(columns)))

    def _dense(self, gram, targets, l2: float, strength: float) -> np.ndarray:
        return dense_ease(gram, l2, self._prior, strength)

    def _weights(self, products: tuple, change: tuple | None) -> ItemWeights:
        found = self._regression(products, change if self.filter_seen else None, f"Weights with l2={self.l2}")
        if self.filter_seen:
            return found
        known, total = found.item_idx, products[0].diagonal() + float(self.l2)
        weights = with_diagonal(found.weights, (products[1] / total)[known].astype(np.float32))
        return ItemWeights(known, weights, self.catalog_.n_items)


def dense_ease(
    gram: sparse.csr_array, l2: float, prior: ContentPrior | None = None, strength: float = 0.0
) -> np.ndarray:
    """Return ``B = I - P / diag(P)`` with ``P`` the inverse of ``gram + l2 I`` (eq. 8 of Steck 2019).

    With a prior of weights ``C`` and strength ``e`` it is ``e P C - P (1 + e diag(P C)) / diag(P)`` with ``P`` the
    inverse of ``gram + (l2 + e) I``, outside the diagonal.

    Parameters
    ----------
    gram : sparse array of shape (n_items, n_items)
        Co-occurrence counts, symmetric.
    l2 : float
        Penalty.
    prior : ContentPrior, default=None
        What the weights are shrunk towards.
    strength : float, default=0
        How much.

    Returns
    -------
    ndarray of shape (n_items, n_items)
        Weights with a diagonal of zeros, column `j` those that predict item `j`.

    Examples
    --------
    >>> dense_ease(sparse.csr_array(np.array([[2.0, 1.0], [1.0, 2.0]])), 1.0).round(4)
    array([[0.    , 0.3333],
           [0.3333, 0.    ]], dtype=float32)
    """
    if not gram.shape[0]:
        return np.empty((0, 0), dtype=np.float32)
    inverse, unit = regularised_inverse(gram, l2 + strength)
    diagonal = np.diag(inverse).copy()
    if prior is None or not strength:
        inverse /= -diagonal
        np.fill_diagonal(inverse, 0.0)
        return inverse
    pulled = prior.product(inverse) * inverse.dtype.type(unit * strength)
    pulled -= inverse * ((1 + np.diag(pulled)) / diagonal)
    np.fill_diagonal(pulled, 0.0)
    return pulled
