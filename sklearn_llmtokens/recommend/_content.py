"""Recommendation by what items are: profiles of item vectors against the catalogue, with cold items in it."""

from numbers import Real

import numpy as np
from scipy import sparse
from sklearn.utils.validation import check_is_fitted

from .._utils._sklearn import HasMethods, Interval, StrOptions
from .._utils._unit_rows import row_norms, unit_rows
from ._base import SHARED_CONSTRAINTS, BaseRecommender
from ._catalog import Catalog
from ._embedded_items import EmbeddedItems, embedded_items, find_new, is_blank, rows_at
from ._histories import Histories, as_rows, as_targets, as_text_histories
from ._item_vectors import DenseItemVectors, SparseItemVectors
from ._profiles import PROFILE_CONSTRAINTS, event_weights
from ._training import read_targets

_CANCELLED = 1e-6  # of the weights: the length of a sum of unit vectors in float32 that is only rounding


class ContentRecommender(BaseRecommender):
    """Recommend items whose vectors are near to those of a history.

    The vectors of the items are computed once, in ``fit``. A query is the weighted sum of the vectors of its history,
    and an item's score is the cosine between both. No clicks are needed, so that new items are recommended at once.

    Parameters
    ----------
    catalog : Catalog
        The items, with texts or features.
    embedder : transformer, default=None
        Gives a vector, dense or sparse, for each text, or for each row of texts and features (see `Catalog`): any
        transformer of scikit-learn, a pipeline, :class:`~sklearn_llmtokens.LLMTokenEmbedder`. It is cloned, and fitted
        on the catalogue. None is TF-IDF of words and of runs of 1 to 3 characters within words, or of these runs alone
        where no text has a word of two characters; it reads the texts alone, also where the catalogue has features.
    profile : {"harmonic", "last", "mean"} or float, default="harmonic"
        Weight of the events from the latest one backwards: 1, 1/2, 1/3, ...; the latest alone; equal; or the powers of
        a factor in (0, 1].
    whiten : float, default=0.5
        Exponent of whitening of dense vectors: their principal directions are divided by the standard deviation to this
        power, so that what all texts share counts less. 0 leaves the vectors as they are, 1 gives all directions
        the same variance. Sparse vectors are left as they are. The covariance is shrunk [2]_, which matters where
        there are fewer items than features.
    item_input : {"auto", "texts"}, default="auto"
        What of the catalogue `embedder` gets: a table of texts and features, where there are features, or the texts
        alone, in any case.
    query : {"items", "texts"}, default="items"
        Whether histories are of ids of the catalogue, or of texts: what somebody read or bought elsewhere.
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
    embedder_ : transformer
        The fitted embedder.
    n_features_ : int
        Length of a vector.

    Raises
    ------
    ValueError
        In ``fit``, if the catalogue has neither texts nor features, if it has no texts and texts alone are read, if all
        texts are blank and nothing else is read, or if the embedder gives NaN or infinity.

    Notes
    -----
    Vectors are divided by their length (after whitening), and so is the profile, so that scores are between -1 and 1. A
    profile of length zero (a text without known words) has the score 0 with every item. A blank text is not embedded:
    nothing is known of its item, so that its vector is zeros, and not that of all other blank ones.

    References
    ----------
    .. [1] Jianlin Su, Jiarun Cao, Weijie Liu, Yangyiwen Ou. "Whitening Sentence Representations for Better Semantics
       and Faster Retrieval". 2021. arXiv:2103.15316.
    .. [2] Olivier Ledoit, Michael Wolf. "A well-conditioned estimator for large-dimensional covariance matrices".
       Journal of Multivariate Analysis 88, 2004.

    Examples
    --------
    >>> from sklearn_llmtokens.recommend import Catalog, ContentRecommender
    >>> catalog = Catalog(["t1", "t2", "p", "c"], ["green tea", "black tea", "iron pot", "paper cup"])
    >>> recommender = ContentRecommender(catalog).fit([["t1"], ["t2", "p"]])
    >>> recommender.recommend([["t1"]], k=1)
    array([['t2']], dtype=object)
    >>> recommender.add_items(["t3"], ["green tea leaves"]).recommend([["t1"]], k=2)
    array([['t3', 't2']], dtype=object)
    """

    _parameter_constraints: dict = {
        "catalog": [Catalog],
        "embedder": [HasMethods(["fit", "transform"]), None],
        "profile": PROFILE_CONSTRAINTS,
        "whiten": [Interval(Real, 0, 1, closed="both")],
        "item_input": [StrOptions({"auto", "texts"})],
        "query": [StrOptions({"items", "texts"})],
        **SHARED_CONSTRAINTS,
    }

    def __init__(
        self,
        catalog,
        *,
        embedder=None,
        profile="harmonic",
        whiten=0.5,
        item_input="auto",
        query="items",
        unknown="error",
        filter_seen=True,
        verbose=0,
    ):
        self.catalog = catalog
        self.embedder = embedder
        self.profile = profile
        self.whiten = whiten
        self.item_input = item_input
        self.query = query
        self.unknown = unknown
        self.filter_seen = filter_seen
        self.verbose = verbose

    def item_vectors(self, ids=None):
        """Return the vectors of items as they are compared, those of items that were added, too.

        Parameters
        ----------
        ids : sequence of str or int, length n, default=None
            Ids of the catalogue. None is all of ``catalog_``, in its order.

        Returns
        -------
        ndarray or sparse array of shape (n, `n_features_`), dtype=float32
            Vectors of unit length; zeros for an item of which nothing is known.

        Raises
        ------
        ValueError
            If an id is not in the catalogue.

        Examples
        --------
        >>> from sklearn_llmtokens.recommend import Catalog, ContentRecommender, mmr_rerank
        >>> recommender = ContentRecommender(Catalog(["a", "b"], ["green tea", "iron pot"])).fit(None)
        >>> recommender.add_items(["c"], ["black tea"]).item_vectors().shape[0]
        3
        >>> items, scores = recommender.recommend([["a"]], return_scores=True)
        >>> vectors = recommender.item_vectors()
        >>> mmr_rerank(items, scores, items=recommender.catalog_, vectors=vectors, k=1)
        array([['c']], dtype=object)
        """
        check_is_fitted(self)
        return self._vectors.take(np.arange(self.catalog_.n_items) if ids is None else self.catalog_.index_of(ids))

    def _fit(self, sequences: Histories) -> None:
        reads_features = self._reads_table(self.catalog_)
        if not reads_features:
            _require_texts(self.catalog_)
        items = embedded_items(self._embedded, self.catalog_, self.embedder, reads_features, self._log)
        is_whitened = self.whiten > 0 and not sparse.issparse(items.raw)
        self._whitening = items.directions.whitening(float(self.whiten)) if is_whitened else None
        self._items = items.without_items()
        self.embedder_ = items.embedder
        self.n_features_ = items.raw.shape[1]
        kind = SparseItemVectors if sparse.issparse(items.raw) else DenseItemVectors
        self._vectors = kind.of(self._unit_vectors(items), items.raw)

    def _refit(self, sequences: Histories) -> None:
        """Learn nothing: vectors do not depend on clicks."""

    def _update(self, now: Histories, before: Histories) -> None:
        """Learn nothing: vectors do not depend on clicks."""

    def _prepare(self, histories: Histories):
        return self._profiles(histories)[0]

    def _score(self, queries, items) -> np.ndarray:
        return self._vectors.scores(queries, items)

    def _contributions(self, histories: Histories, items: np.ndarray) -> np.ndarray:
        _, shares, vectors, places = self._profiles(histories)
        events, row_idx = vectors[places], histories.row_idx
        columns = [shares * self._vectors.pair_scores(events, column[row_idx]) for column in items.T]
        return np.stack(columns, axis=1)

    def _add(self, idx: np.ndarray) -> None:
        if not len(idx):
            return
        made = [] if self._embedded is None else self._embedded
        items = find_new(made, self._items)
        if items is None:
            items = self._items.of_new(self.catalog_, idx)
            made.append(items)
        self._vectors = self._vectors.extended(idx, self._unit_vectors(items), items.raw)

    def _training_sequences(self, X, y, groups=None) -> Histories:
        if self.query == "items" or X is None:
            return super()._training_sequences(X, y, groups)
        rows = as_rows(X)
        histories = as_text_histories(rows)
        if histories.n_histories == 0:
            raise ValueError("Found array with 0 sample(s): X has no history. X=None fits without any.")
        if y is None:
            return Histories(np.zeros(1, dtype=np.int64), np.empty(0, dtype=np.intp))
        return read_targets(rows, as_targets(y, self.catalog_, len(rows), unknown=self.unknown), groups).known()

    def _given(self, X) -> Histories:
        return as_text_histories(X) if self.query == "texts" else super()._given(X)

    def _profiles(self, histories: Histories):
        """Return the profiles, of length 1 or 0, and what they are sums of.

        Returns
        -------
        profiles : ndarray or csr_array of shape (n_histories, n_features), dtype=float32
            ``shares @ vectors[places]`` of each history.
        shares : ndarray of shape (n_events,), dtype=float64
            Weight of each event, divided by the length of the sum; 0 where the events cancel each other out.
        vectors : ndarray or csr_array of shape (n_distinct, n_features), dtype=float32
            Vectors of distinct items or texts.
        places : ndarray of shape (n_events,), dtype=intp
            The vector of each event.
        """
        weights = event_weights(histories, self.profile)
        vectors, places = self._event_vectors(histories)
        lengths = row_norms(_weighted_sums(histories, weights, vectors, places))
        total = np.bincount(histories.row_idx, np.abs(weights), minlength=histories.n_histories)
        scale = np.divide(1.0, lengths, out=np.zeros_like(lengths), where=lengths > _CANCELLED * total)
        shares = weights * scale[histories.row_idx]
        return _weighted_sums(histories, shares, vectors, places).astype(np.float32), shares, vectors, places

    def _event_vectors(self, histories: Histories):
        """Return vectors of the distinct items or texts of some histories, and which of them each event has."""
        used, places = np.unique(histories.item_idx, return_inverse=True)
        if histories.texts is None or not len(used):
            return self._vectors.take(used), places
        texts = [histories.texts[i] for i in used]
        has_content = np.flatnonzero([not is_blank(text) for text in texts])
        if not len(has_content):
            return rows_at(self._vectors.take(has_content), has_content, len(used)), places
        raw = self._items.transform([texts[i] for i in has_content], len(has_content))
        return rows_at(self._unit(raw), has_content, len(used)), places

    def _inputs_of_parts(self, X) -> dict[str, list]:
        """Return what `embedder` reads in ``fit(X)`` and of the queries `X`: for `precompute` of a search."""
        if self._reads_table(self.catalog):
            return {"embedder": [self.catalog.columns()]}
        texts = [self.catalog.texts()]
        if self.query == "texts" and X is not None:
            texts.append(as_text_histories(X).texts)
        return {"embedder": [filled for some in texts if (filled := [text for text in some if not is_blank(text)])]}

    def _reads_table(self, catalog: Catalog) -> bool:
        """Return whether the embedder reads the features of a catalogue beside its texts."""
        return self.item_input == "auto" and self.embedder is not None and catalog.has_features

    def _unit_vectors(self, items: EmbeddedItems):
        """Return the vectors of items as they are compared; zeros for those without content, whitened or not."""
        return rows_at(self._unit(items.raw[items.has_content]), items.has_content, items.raw.shape[0])

    def _unit(self, vectors):
        return unit_rows(vectors if self._whitening is None else self._whitening.apply(vectors))


def _require_texts(catalog: Catalog) -> None:
    if catalog.has_features and not catalog.has_texts:
        raise ValueError(
            'The catalogue has features and no texts, and embedder=None (TF-IDF) and item_input="texts" need texts: '
            'pass an embedder of the features, such as StandardScaler() or a ColumnTransformer, and item_input="auto".'
        )


def _weighted_sums(histories: Histories, weights: np.ndarray, vectors, places: np.ndarray):
    """Return the sum of the vectors of each history's events, shape (n_histories, n_features)."""
    events = sparse.csr_array((weights, places, histories.indptr), shape=(histories.n_histories, vectors.shape[0]))
    return events @ vectors
