"""What followed where similar events came before: neighbours are the beginnings of training sequences."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from numbers import Integral, Real

import numpy as np
from scipy import sparse

from .._utils._sklearn import Interval
from ._base import SHARED_CONSTRAINTS, BaseRecommender
from ._catalog import Catalog
from ._histories import Histories
from ._profiles import PROFILE_CONSTRAINTS, event_weights
from ._recency import HALF_LIFE_CONSTRAINTS, Recency

_PAIRS_AT_ONCE = 8_000_000  # of an event of a query and one of a context


class SequenceKNNRecommender(BaseRecommender):
    """Recommend what followed where similar events came before.

    Each event of a training sequence has a context: the events just before it. A query is compared with every context
    that shares an item with it, and the score of an item is the norm of the similarities of those it followed. Two
    items that came before together count for more than both alone: a matrix of items by items cannot express this.

    Parameters
    ----------
    catalog : Catalog
        The items.
    window : int, default=15
        Number of events of a context.
    decay : float, default=0.85
        In (0, 1]: factor by which an event of a context weighs less than the one after it.
    profile : {"harmonic", "last", "mean"} or float, default=0.85
        Weight of the events of a query from the latest one backwards: 1, 1/2, 1/3, ...; the latest alone; equal; or
        the powers of a factor in (0, 1]. The `window` latest events are read.
    power : float, default=2.5
        Order of the norm, 1 at least: with 1 the score is a sum over pairs of events; the larger, the more the
        contexts decide that share several items with the query.
    max_events : int, default=2_000_000
        Largest number of training events that are neighbours: the time of a query grows with it. Beyond, they are the
        latest ones where times are known, and else those of the last sequences.
    half_life : "auto", float, timedelta or None, default=None
        Age at which a training event is half as much of a neighbour, a number in the unit of the times. "auto" is the
        median age of the training events; None, and without times: all count as much. Ages are those on the day of the
        fit: what an update adds counts in full.
    unknown : {"error", "ignore"}, default="error"
        Whether an id that is not in the catalogue is an error in histories, `y`, `candidates` and `exclude`, or is left
        out. If no id has the type of the catalogue's ids, it is an error always.
    filter_seen : bool, default=True
        Whether items of the history are left out of what is recommended.
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
    With ``x_t`` the context of the training event `t`, whose event `p` has the weight ``decay ** (t - p - 1)``, ``q``
    the events of a query, and ``idf_i = log(1 + n_sequences / (1 + popularity_[i]))``, the score of item `j` is ::

        (sum over t of item j of  (sum over items i of  idf_i q_i x_ti) ** power) ** (1 / power)

    Nearest neighbours of sessions are those of [1]_ and [2]_, with each beginning of a sequence as a session, and the
    event after it alone as what it recommends. Nothing is learnt but an index, so that ``fit`` and ``update`` are
    instant, and a pickle holds the training events. Contexts whose similarity is negative are no neighbours. Where
    events have weights, those of a training sequence are divided by the largest of all, those of a query by its own.

    References
    ----------
    .. [1] Malte Ludewig, Dietmar Jannach. "Evaluation of Session-based Recommendation Algorithms". User Modeling and
       User-Adapted Interaction 28, 2018. arXiv:1803.09587.
    .. [2] Diksha Garg et al. "Sequence and Time Aware Neighborhood for Session-based Recommendations". SIGIR 2019.
       arXiv:1910.12781.

    Examples
    --------
    >>> from sklearn_llmtokens.recommend import Catalog, SequenceKNNRecommender
    >>> sequences = [["a", "b", "c"], ["a", "d"], ["a", "d"], ["b", "d"]]
    >>> recommender = SequenceKNNRecommender(Catalog(["a", "b", "c", "d"])).fit(sequences)
    >>> recommender.recommend([["a", "b"], ["a"]], k=1)
    array([['c'],
           ['d']], dtype=object)
    """

    _parameter_constraints: dict = {
        "catalog": [Catalog],
        "window": [Interval(Integral, 1, None, closed="left")],
        "decay": [Interval(Real, 0, 1, closed="right")],
        "profile": PROFILE_CONSTRAINTS,
        "power": [Interval(Real, 1, 10, closed="both")],
        "max_events": [Interval(Integral, 1, None, closed="left")],
        "half_life": HALF_LIFE_CONSTRAINTS,
        **SHARED_CONSTRAINTS,
    }

    def __init__(
        self,
        catalog,
        *,
        window=15,
        decay=0.85,
        profile=0.85,
        power=2.5,
        max_events=2_000_000,
        half_life=None,
        unknown="error",
        filter_seen=True,
        verbose=0,
    ):
        self.catalog = catalog
        self.window = window
        self.decay = decay
        self.profile = profile
        self.power = power
        self.max_events = max_events
        self.half_life = half_life
        self.unknown = unknown
        self.filter_seen = filter_seen
        self.verbose = verbose

    def _fit(self, sequences: Histories) -> None:
        self._n_sequences = sequences.n_histories
        self._recency = Recency.of(self.half_life, sequences.times)
        self._contexts = self._contexts_of(_latest(sequences, int(self.max_events)))
        self._weigh_items()

    def _update(self, now: Histories, before: Histories) -> None:
        self._n_sequences += now.n_histories - before.n_histories
        added, removed = self._contexts_of(now), self._contexts_of(before)
        self._contexts = self._contexts.joined(added, 1.0).joined(removed, -1.0)
        self._weigh_items()

    def _contexts_of(self, sequences: Histories) -> "Contexts":
        contexts = Contexts.of(sequences, int(self.window), float(self.decay))
        if self._recency is None:
            return contexts
        return replace(contexts, votes=(contexts.votes * self._recency.weights(sequences)).astype(np.float32))

    def _add(self, idx: np.ndarray) -> None:
        self._weigh_items()

    def _weigh_items(self) -> None:
        """Index the contexts by the items of the catalogue, whose rare ones count more."""
        idf = np.log1p(self._n_sequences / (1.0 + np.maximum(self.popularity_, 0).astype(np.float64)))
        self._index = self._contexts.index(idf)

    def __getstate__(self) -> dict:
        state = super().__getstate__()
        state.pop("_index", None)  # many times as large as the events, and made from them in no time
        return state

    def __setstate__(self, state: dict) -> None:
        super().__setstate__(state)
        if hasattr(self, "_contexts"):
            self._weigh_items()

    def _prepare(self, histories: Histories) -> sparse.csr_array:
        """Return the scores of the items that followed a similar context, shape (n_histories, n_items)."""
        queries = histories.matrix(self.catalog_.n_items, self._event_weights(histories))
        queries.eliminate_zeros()  # events before the window
        rows = [sparse.csr_array((0, self.catalog_.n_items), dtype=np.float32)]
        for start, stop in self._index.batches(queries):
            rows.append(self._index.scores(queries[start:stop], float(self.power)))
        return sparse.csr_array(sparse.vstack(rows), dtype=np.float32)

    def _score(self, queries: sparse.csr_array, items) -> np.ndarray:
        return queries[:, items].toarray()

    def _contributions(self, histories: Histories, items: np.ndarray) -> np.ndarray:
        values, shares = self._event_weights(histories), []
        for row, (start, stop) in enumerate(zip(histories.indptr[:-1], histories.indptr[1:], strict=True)):
            events = histories.item_idx[start:stop]
            shares.append(self._index.shares(events, values[start:stop], items[row], float(self.power)))
        return np.concatenate([np.empty((0, items.shape[1])), *shares])

    def _event_weights(self, histories: Histories) -> np.ndarray:
        """Return the weights of events of queries, 0 beyond the window; those of a query are at most 1."""
        weights = event_weights(histories, self.profile) * (histories.ages < self.window)
        if histories.weights is None:
            return weights
        largest = np.zeros(histories.n_histories)
        np.maximum.at(largest, histories.row_idx, np.abs(weights))
        return weights / np.where(largest > 0, largest, 1.0)[histories.row_idx]


@dataclass(frozen=True)
class Contexts:
    """Training events, each with those before it in its sequence.

    Attributes
    ----------
    item_idx : ndarray of shape (n_events,), dtype=int32
        The item of each event.
    n_before : ndarray of shape (n_events,), dtype=int32
        Number of events of its context, which stand just before it.
    weights : ndarray of shape (n_events,), dtype=float32
        Weight of each event in a context.
    votes : ndarray of shape (n_events,), dtype=float32
        Weight of what each event says.
    decay : float
        Factor by which an event of a context weighs less than the one after it.
    """

    item_idx: np.ndarray
    n_before: np.ndarray
    weights: np.ndarray
    votes: np.ndarray
    decay: float

    @classmethod
    def of(cls, sequences: Histories, window: int, decay: float) -> "Contexts":
        """Read training sequences; their weights are divided by the largest."""
        weights = np.ones(len(sequences.item_idx)) if sequences.weights is None else sequences.weights
        weights = (weights / max(np.abs(weights).max(initial=0.0), np.finfo(float).tiny)).astype(np.float32)
        n_before = np.repeat(sequences.lengths, sequences.lengths) - 1 - sequences.ages
        n_before = np.minimum(n_before, window).astype(np.int32)
        return cls(sequences.item_idx.astype(np.int32), n_before, weights, weights, decay)

    def joined(self, other: "Contexts", sign: float) -> "Contexts":
        """Return both, the votes of `other` times `sign`."""
        return Contexts(
            np.concatenate([self.item_idx, other.item_idx]),
            np.concatenate([self.n_before, other.n_before]),
            np.concatenate([self.weights, other.weights]),
            np.concatenate([self.votes, np.float32(sign) * other.votes]),
            self.decay,
        )

    def index(self, idf: np.ndarray) -> "ContextIndex":
        """Return what finds contexts by items, whose weights are `idf`, shape (n_items,)."""
        indptr = np.concatenate([[0], np.cumsum(self.n_before, dtype=np.int64)])
        events = np.repeat(np.arange(len(self.item_idx)), self.n_before)
        distances = np.arange(len(events)) - indptr[events] + 1
        before = events - distances
        items = self.item_idx[before]
        values = self.weights[before] * (self.decay ** (distances - 1.0) * idf[items]).astype(np.float32)
        shape = (len(self.item_idx), len(idf))
        contexts = sparse.csr_array((values, items, indptr), shape=shape)
        votes = (self.votes.astype(np.float64), self.item_idx, np.arange(shape[0] + 1))
        return ContextIndex(sparse.csr_array(contexts.T), sparse.csr_array(votes, shape=shape))


@dataclass(frozen=True)
class ContextIndex:
    """Contexts by item, and what followed them.

    Attributes
    ----------
    contexts : sparse array of shape (n_items, n_events), dtype=float32
        Weight of each item in each context.
    votes : sparse array of shape (n_events, n_items), dtype=float64
        What followed: one item for each context.
    """

    contexts: sparse.csr_array
    votes: sparse.csr_array

    def batches(self, queries: sparse.csr_array) -> Iterator[tuple[int, int]]:
        """Yield where batches of queries begin and end, of as many pairs of events as fit into memory."""
        n_pairs = np.concatenate([[0], np.cumsum(np.diff(self.contexts.indptr)[queries.indices], dtype=np.int64)])
        n_pairs, start = n_pairs[queries.indptr], 0
        while start < queries.shape[0]:
            stop = int(np.searchsorted(n_pairs, n_pairs[start] + _PAIRS_AT_ONCE, side="right")) - 1
            stop = max(start + 1, min(stop, queries.shape[0]))
            yield start, stop
            start = stop

    def scores(self, queries: sparse.csr_array, power: float) -> sparse.csr_array:
        """Return the norms of the similarities by item, shape (n_queries, n_items), float64."""
        similar = queries @ self.contexts
        values = np.maximum(similar.data, 0, dtype=np.float64) ** power
        if similar.nnz < similar.shape[0] * self.votes.shape[1]:
            sums = sparse.csr_array((values, similar.indices, similar.indptr), shape=similar.shape) @ self.votes
        else:  # a context has one vote, and a table adds up those of an item three times as fast as a product
            votes = values * self.votes.data[similar.indices], self.votes.indices[similar.indices], similar.indptr
            table = sparse.csr_array(votes, shape=(similar.shape[0], self.votes.shape[1])).toarray()
            sums = sparse.csr_array(table)
        sums.data = np.sign(sums.data) * np.abs(sums.data) ** (1 / power)
        return sums

    def shares(self, item_idx: np.ndarray, values: np.ndarray, items: np.ndarray, power: float) -> np.ndarray:
        """Return what each event of one query adds to the scores of `items`, shape (n_events, k), float64."""
        weights = sparse.dia_array((values[np.newaxis], [0]), shape=(len(values), len(values)))
        shared = sparse.csr_array(weights @ self.contexts[item_idx], dtype=np.float64)
        total = np.bincount(shared.indices, shared.data, minlength=shared.shape[1])
        slopes = np.where(total > 0, total, 0.0) ** (power - 1) * (total > 0)
        shared.data *= slopes[shared.indices]
        shares = (shared @ self.votes)[:, items].toarray()
        sums = np.abs(shares.sum(axis=0))
        return shares * np.where(sums > 0, sums, 1.0) ** (1 / power - 1)


def _latest(sequences: Histories, n: int) -> Histories:
    """Return at most `n` events: the latest, or those at the end where times are not known.

    Examples
    --------
    >>> sequences = Histories(np.array([0, 3, 5]), np.arange(5), times=np.array([1.0, 4.0, 5.0, 2.0, 3.0]))
    >>> _latest(sequences, 3).item_idx
    array([1, 2, 4])
    """
    if len(sequences.item_idx) <= n:
        return sequences
    order = np.arange(len(sequences.item_idx))
    if sequences.times is not None:
        order = np.argsort(np.nan_to_num(sequences.times, nan=-np.inf), kind="stable")
    kept = np.zeros(len(order), dtype=bool)
    kept[order[-n:]] = True
    return sequences.where(kept)
