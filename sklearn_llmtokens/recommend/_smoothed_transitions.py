"""What followed what, smoothed by texts: the events of similar items count for each other."""

from numbers import Integral, Real

import numpy as np
from scipy import sparse

from .._utils._sklearn import Interval
from .._utils._top_k import top_columns
from ._base import SHARED_CONSTRAINTS, BaseRecommender
from ._histories import Histories
from ._item_item import as_float32
from ._profiles import PROFILE_CONSTRAINTS, event_weights
from ._transitions import transitions

_ROWS_AT_ONCE = 256
_ROUNDING = 1e-6  # of an item's similarity to itself: what single precision may leave of a similarity of 0


class SmoothedTransitionRecommender(BaseRecommender):
    """Recommend what followed items similar to those of a history, and what is similar to that.

    Most pairs of items are never seen one after the other. So an event counts for the nearest items of its item too,
    and an item has a share in the score of its nearest ones. Both reach items without a click, through their content.

    Parameters
    ----------
    content : recommender
        Which items are similar: a `ContentRecommender`, or a `HybridRecommender` of several whose weights are given.
        It is cloned.
    window : int, default=5
        Number of events after an item that count as following it, by ``1 / distance``.
    profile : {"harmonic", "last", "mean"} or float, default="harmonic"
        Weight of the events of a query from the latest one backwards: 1, 1/2, 1/3, ...; the latest alone; equal; or
        the powers of a factor in (0, 1].
    backward_weight : float, default=0.5
        How much an item that came before counts beside one that came after.
    shrinkage : float, default=1.0
        Added to the sum of an item's counts, by whose square root they are divided.
    n_neighbors : int, default=30
        Number of items that are similar to an item.
    amplification : float, default=3.0
        Power of the similarity of content by which they count (case amplification [1]_). They share a weight of 1, as
        much as the item itself.
    unknown : {"error", "ignore"}, default="error"
        Whether an id that is not in the catalogue is an error in histories, `y`, `candidates` and `exclude`, or is left
        out. If no id has the type of the catalogue's ids, it is an error always.
    filter_seen : bool, default=True
        Whether items of the history are left out of what is recommended. If False, an item that follows itself counts
        as others do; `content` gets it too.

    Attributes
    ----------
    catalog_ : Catalog
        The catalogue as it is now, with items that were added since ``fit``.
    active_ : ndarray of shape (n_items,), dtype=bool
        False for items that were removed.
    popularity_ : ndarray of shape (n_items,), dtype=float32
        Number of training sequences that have each item, which ranks items for an empty history.
    content_ : recommender
        The fitted recommender that ranks similar items.

    Notes
    -----
    With ``A`` the weights of nearest items, rows of sum 1, ``T`` the transitions, rows divided by the square root of
    their sum plus `shrinkage`, and ``p`` the profile, the scores are ``p (I + A) T (I + A)^T``.

    References
    ----------
    .. [1] John S. Breese, David Heckerman, Carl Kadie. "Empirical Analysis of Predictive Algorithms for Collaborative
       Filtering". UAI 1998.

    Examples
    --------
    >>> from sklearn_llmtokens.recommend import Catalog, ContentRecommender, SmoothedTransitionRecommender
    >>> catalog = Catalog(["a", "b", "pot", "kettle"], ["green tea", "black tea", "iron teapot", "iron kettle"])
    >>> recommender = SmoothedTransitionRecommender(ContentRecommender(catalog), n_neighbors=1).fit([["a", "pot"]])
    >>> recommender.recommend([["b"]], k=2)
    array([['pot', 'kettle']], dtype=object)
    """

    _parameter_constraints: dict = {
        "content": [BaseRecommender],
        "window": [Interval(Integral, 1, None, closed="left")],
        "profile": PROFILE_CONSTRAINTS,
        "backward_weight": [Interval(Real, 0, None, closed="left")],
        "shrinkage": [Interval(Real, 0, None, closed="left")],
        "n_neighbors": [Interval(Integral, 1, None, closed="left")],
        "amplification": [Interval(Real, 0, None, closed="neither")],
        **SHARED_CONSTRAINTS,
    }

    def __init__(
        self,
        content,
        *,
        window=5,
        profile="harmonic",
        backward_weight=0.5,
        shrinkage=1.0,
        n_neighbors=30,
        amplification=3.0,
        unknown="error",
        filter_seen=True,
    ):
        self.content = content
        self.window = window
        self.profile = profile
        self.backward_weight = backward_weight
        self.shrinkage = shrinkage
        self.n_neighbors = n_neighbors
        self.amplification = amplification
        self.unknown = unknown
        self.filter_seen = filter_seen

    @property
    def catalog(self):
        """The catalogue of `content`."""
        return self.content.catalog

    def _fit(self, sequences: Histories) -> None:
        self.content_ = self._nested(self.content)._fit_sequences(sequences, self._embedded)
        self._spread = self._spread_of(np.arange(self.catalog_.n_items))
        self._learn_transitions(sequences)

    def _refit(self, sequences: Histories) -> None:
        self.content_._refit_sequences(sequences)
        self._learn_transitions(sequences)

    def _learn_transitions(self, sequences: Histories) -> None:
        counts = transitions(sequences, self.catalog_.n_items, int(self.window), again=not self.filter_seen)
        counts = counts.astype(np.float64)
        counts = sparse.csr_array(counts + float(self.backward_weight) * counts.T)
        total = np.asarray(abs(counts).sum(axis=1, dtype=np.float64)).ravel() + float(self.shrinkage)
        scale = np.divide(1.0, np.sqrt(total), out=np.zeros_like(total), where=total > 0)
        scaled = sparse.csr_array(counts.multiply(scale[:, np.newaxis]))
        what = f"Transitions with backward_weight={self.backward_weight} and shrinkage={self.shrinkage}"
        scaled.data = as_float32(scaled.data, what)
        self._transitions = scaled
        self._reached = self._columns_of(self._spread)

    def _prepare(self, histories: Histories) -> sparse.csr_array:
        n_known = self._transitions.shape[0]
        profile = histories.matrix(self.catalog_.n_items, event_weights(histories, self.profile))
        return sparse.csr_array((profile @ self._spread)[:, :n_known] @ self._transitions)

    def _score(self, queries: sparse.csr_array, items) -> np.ndarray:
        return (queries @ self._reached)[:, items].toarray()

    def _contributions(self, histories: Histories, items: np.ndarray) -> np.ndarray:
        n_known = self._transitions.shape[0]
        followed = self._spread[histories.item_idx][:, :n_known] @ self._transitions
        shares = np.empty((len(histories.item_idx), items.shape[1]))
        for j, column in enumerate(items.T):
            nearest = self._spread[column[histories.row_idx]][:, :n_known]
            shares[:, j] = np.asarray(followed.multiply(nearest).sum(axis=1, dtype=np.float64)).ravel()
        return event_weights(histories, self.profile)[:, np.newaxis] * shares

    def _add(self, idx: np.ndarray) -> None:
        if not len(idx):
            return
        self.content_ = self.content_._extended(self.catalog_, idx, self._embedded)
        n_items = self.catalog_.n_items
        kept = sparse.csr_array(self._spread)
        kept.resize((kept.shape[0], n_items))
        new = self._spread_of(idx)
        rows = sparse.vstack([kept, new], format="csr")
        place = np.arange(n_items)
        place[idx] = self._spread.shape[0] + np.arange(len(idx))
        is_longer = idx[-1] + 1 == n_items and len(idx) == n_items - self._spread.shape[0]
        self._spread = rows if is_longer else rows[place]
        if is_longer:
            self._reached = sparse.hstack([self._reached, self._columns_of(new)], format="csr")
        else:
            self._reached = self._columns_of(self._spread)

    def _columns_of(self, spread: sparse.csr_array) -> sparse.csr_array:
        """Return a row for each item of ``fit``, with the items of `spread` that are similar to it."""
        return sparse.csr_array(spread[:, : self._transitions.shape[0]].T)

    def _spread_of(self, idx: np.ndarray) -> sparse.csr_array:
        """Return the rows of ``I + A`` of some items."""
        n_items = self.catalog_.n_items
        n_neighbors = min(int(self.n_neighbors), n_items - 1)
        parts = [sparse.csr_array((0, n_items), dtype=np.float32)]
        for start in range(0, len(idx), _ROWS_AT_ONCE):
            rows = idx[start : start + _ROWS_AT_ONCE]
            one_each = Histories(np.arange(len(rows) + 1), rows)
            scores = self.content_._score(self.content_._prepare(one_each), slice(0, n_items))
            parts.append(_nearest(scores, rows, n_neighbors, float(self.amplification)))
        return sparse.vstack(parts, format="csr")


def _nearest(scores: np.ndarray, own_idx: np.ndarray, n_neighbors: int, amplification: float) -> sparse.csr_array:
    """Return rows with 1 at the item itself and a total of 1 at the most similar ones.

    Examples
    --------
    >>> _nearest(np.array([[1.0, 0.5, 0.25]]), np.array([0]), 2, 1.0).toarray()
    array([[1.        , 0.6666667 , 0.33333334]], dtype=float32)
    """
    n_rows, n_items = scores.shape
    own = np.abs(scores[np.arange(n_rows), own_idx])
    scores = np.where(scores > _ROUNDING * own[:, np.newaxis], scores, 0)
    scores[np.arange(n_rows), own_idx] = -1
    nearest = top_columns(scores, n_neighbors)
    values = np.take_along_axis(scores, nearest, axis=1).astype(np.float64)
    if n_neighbors:  # in proportion to the largest, whose power is neither too large nor too small
        values /= np.where(values[:, :1] > 0, values[:, :1], 1)
    values **= amplification
    total = values.sum(axis=1, keepdims=True)
    values = np.divide(values, total, out=np.zeros_like(values), where=total > 0)
    columns = np.concatenate([own_idx[:, np.newaxis], nearest], axis=1)
    data = np.concatenate([np.ones((n_rows, 1)), values], axis=1).astype(np.float32)
    indptr = np.arange(n_rows + 1) * columns.shape[1]
    return sparse.csr_array((data.ravel(), columns.ravel(), indptr), shape=(n_rows, n_items))
