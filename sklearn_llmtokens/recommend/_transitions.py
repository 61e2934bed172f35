"""What followed what: counts of items that came shortly after others, or a regression from events onto the next."""

from datetime import timedelta
from numbers import Integral, Real

import numpy as np
from scipy import sparse

from .._utils._sklearn import HasMethods, Interval, StrOptions
from ._base import SHARED_CONSTRAINTS, BaseRecommender
from ._catalog import Catalog
from ._histories import Histories
from ._item_item import ItemWeights
from ._pair_model import RegressionMixin
from ._prefix_products import prefix_products
from ._profiles import PROFILE_CONSTRAINTS
from ._recency import HALF_LIFE_CONSTRAINTS, Recency
from ._times import session_gap_of


class TransitionRecommender(RegressionMixin, BaseRecommender):
    """Recommend what followed the items of a history.

    By counts, an item that came `d` events after another in a training sequence counts ``1 / d`` for it. By regression,
    the events so far predict the next item: what an item adds is then not counted again for those beside it, and the
    texts of items can say what to expect of those with few events or none.

    Parameters
    ----------
    catalog : Catalog
        The items.
    method : {"counts", "ridge"}, default="counts"
        Counts of pairs, or a ridge regression [1]_ [2]_ from the events before each event onto its item.
    window : int, default=5
        Number of events after an item that count as following it, with ``method="counts"``.
    profile : {"harmonic", "last", "mean"} or float, default="harmonic"
        Weight of the events of a query from the latest one backwards: 1, 1/2, 1/3, ...; the latest alone; equal; or
        the powers of a factor in (0, 1].
    l2 : float, default=80.0
        Penalty of the squared weights, in events. This parameter and those below are of ``method="ridge"``.
    decay : float, default=0.88
        In (0, 1]: factor by which an event weighs less than the one after it in the rows that are learnt from.
    session_gap : "auto", float, timedelta or None, default="auto"
        Time between two events of a user after which a new session begins, a number in the unit of the times. "auto"
        is half a day, where the times are dates, or numbers that can be seconds (milli-, micro-, nanoseconds) since
        1970; else, and with None, a history is one session.
    session_weight : float, default=0.4
        Weight of events of earlier sessions beside those of the session of the next item.
    half_life : "auto", float, timedelta or None, default=None
        Age at which what followed counts half as much, a number in the unit of the times. "auto" is the median age of
        the training events; None, and without times: all of it counts as much. Ages are those on the day of the fit.
    prior : transformer, default=None
        Texts to vectors, such as an `LLMTokenEmbedder`: weights are shrunk towards those of a regression between the
        vectors of items [3]_, so that items without events are reached. It is cloned. None shrinks them towards 0.
    item_input : {"auto", "texts"}, default="auto"
        What `prior` reads of an item: the text alone, or, where the catalogue has features, both as a table.
    prior_strength : float, default=100.0
        How much they are shrunk towards it, in events.
    max_dense_items : int, default=5000
        Up to this number of items the regression is exact; beyond, each item is predicted from its `n_neighbors`
        nearest items alone, which is faster, and smaller by far.
    n_neighbors : int, default=50
        Number of items that an item is predicted from in the approximation.
    unknown : {"error", "ignore"}, default="error"
        Whether an id that is not in the catalogue is an error in histories, `y`, `candidates` and `exclude`, or is left
        out. If no id has the type of the catalogue's ids, it is an error always.
    filter_seen : bool, default=True
        Whether items of the history are left out of what is recommended. If False, an item that follows itself counts
        as others do.
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
    prior_ : transformer or None
        The fitted `prior`.

    Notes
    -----
    Counts are divided by the square root of the product of how often the first item was followed and the second
    followed, so that popular items do not win everywhere. Where events have weights, a pair counts by the product of
    both.

    The regression has a row for each event `t` but the first of a sequence. Its row of ``S`` has
    ``decay ** (t - p - 1)`` for each event `p` before, times `session_weight` if a new session began in between; its
    row of ``T`` has 1 at the item of `t`. With ``C`` the weights of the prior, and ``e`` its strength, they are ::

        B = (S^T S + (l2 + e) I)^-1 (S^T T + e C)

    which minimises ``|T - S B|^2 + l2 |B|^2 + e |B - C|^2``. ``C`` is the closed form of EASE on centred vectors of
    unit length, without its negative weights. Times count as far as they make sessions, and by `half_life`: with it,
    the row of event `t` counts ``0.5 ** (age of t / half_life)`` in both products. An update counts the ages as the fit
    did, and what came later in full: one wrong date does not make all that was learnt old. Fit anew from time to time.

    References
    ----------
    .. [1] Minjin Choi et al. "Session-aware Linear Item-Item Models for Session-based Recommendation". WWW 2021.
    .. [2] Seongmin Park et al. "Temporal Linear Item-Item Model for Sequential Recommendation". WSDM 2025.
       arXiv:2412.07382.
    .. [3] Jaewan Moon, Seongmin Park, Jongwuk Lee. "LLM-Enhanced Linear Autoencoders for Recommendation". CIKM 2025.
       arXiv:2508.13500.

    Examples
    --------
    >>> from sklearn_llmtokens.recommend import Catalog, TransitionRecommender
    >>> recommender = TransitionRecommender(Catalog(["a", "b", "c"])).fit([["a", "b", "c"], ["b", "c"]])
    >>> recommender.recommend([["a"], ["b"]], k=1)
    array([['b'],
           ['c']], dtype=object)
    >>> recommender.set_params(method="ridge", l2=1.0).fit([["a", "b", "c"], ["b", "c"]]).predict([["b"]])
    array(['c'], dtype=object)
    """

    _parameter_constraints: dict = {
        "catalog": [Catalog],
        "method": [StrOptions({"counts", "ridge"})],
        "window": [Interval(Integral, 1, None, closed="left")],
        "profile": PROFILE_CONSTRAINTS,
        "l2": [Interval(Real, 0, None, closed="neither")],
        "decay": [Interval(Real, 0, 1, closed="right")],
        "session_gap": [StrOptions({"auto"}), Interval(Real, 0, None, closed="left"), timedelta, None],
        "session_weight": [Interval(Real, 0, 1, closed="both")],
        "half_life": HALF_LIFE_CONSTRAINTS,
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
        method="counts",
        window=5,
        profile="harmonic",
        l2=80.0,
        decay=0.88,
        session_gap="auto",
        session_weight=0.4,
        half_life=None,
        prior=None,
        item_input="auto",
        prior_strength=100.0,
        max_dense_items=5000,
        n_neighbors=50,
        unknown="error",
        filter_seen=True,
        verbose=0,
    ):
        self.catalog = catalog
        self.method = method
        self.window = window
        self.profile = profile
        self.l2 = l2
        self.decay = decay
        self.session_gap = session_gap
        self.session_weight = session_weight
        self.half_life = half_life
        self.prior = prior
        self.item_input = item_input
        self.prior_strength = prior_strength
        self.max_dense_items = max_dense_items
        self.n_neighbors = n_neighbors
        self.unknown = unknown
        self.filter_seen = filter_seen
        self.verbose = verbose

    def _fit(self, sequences: Histories) -> None:
        self._recency = Recency.of(self.half_life, sequences.times)
        if self.method == "counts":
            self._prior, self._prior_items, self._prior_columns = None, None, None
            self._refit(sequences)
        else:
            super()._fit(sequences)

    def _products(self, sequences: Histories) -> tuple:
        n_items, again = self.catalog_.n_items, not self.filter_seen
        recency = None if self._recency is None else self._recency.weights(sequences)
        if self.method == "counts":
            return (transitions(sequences, n_items, int(self.window), recency, again=again),)
        gap = session_gap_of(self.session_gap, sequences.times)
        decay, later = float(self.decay), float(self.session_weight)
        return prefix_products(sequences, n_items, decay, later, gap, row_weights=recency, again=again)

    def _weights(self, products: tuple, change: tuple | None) -> ItemWeights:
        if self.method == "ridge":
            return self._regression(products, change, f"Weights with l2={self.l2}")
        counts = sparse.csr_array(products[0])
        known = np.flatnonzero(np.diff(counts.indptr) + np.diff(sparse.csc_array(counts).indptr) > 0)
        return ItemWeights(known, _balanced(counts[known][:, known]), self.catalog_.n_items)

    def _systems(self, products: tuple) -> tuple:
        return products

    def _targets(self, products: tuple, columns: np.ndarray) -> sparse.csc_array:
        return sparse.csc_array(products[1][:, columns])


def transitions(
    sequences: Histories, n_items: int, window: int, recency: np.ndarray | None = None, *, again: bool = False
) -> sparse.csr_array:
    """Count how often the column's item came up to `window` events after the row's item, by 1 / distance.

    Where there is `recency`, shape (n_events,), a pair counts by that of the later event.

    An item that came after itself counts if `again` is True. Counts are float32, and float64 where events have weights
    or recency.

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
        if recency is not None:
            values = values * recency[distance:][same]
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
