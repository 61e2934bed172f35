"""Recommendation by what items are: profiles of item vectors against the catalogue, with cold items in it."""

from numbers import Integral, Real

import numpy as np
from scipy import sparse
from sklearn import config_context
from sklearn.base import clone
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.utils.validation import check_is_fitted

from .._sklearn import HasMethods, Interval, StrOptions
from .._utils._unit_rows import row_norms, unit_of_measure, unit_rows
from ._base import SHARED_CONSTRAINTS, BaseRecommender
from ._catalog import Catalog
from ._faiss import FaissIndex
from ._histories import Histories, as_rows, as_targets, as_text_histories
from ._index import DenseIndex, SparseIndex
from ._profiles import PROFILE_CONSTRAINTS, event_weights
from ._selection import Selection
from ._training import read_targets
from ._whitening import Whitening

_SPARE_SHORTLIST = 16
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
    reads : {"auto", "texts"}, default="auto"
        What of the catalogue `embedder` gets: a table of texts and features, where there are features, or the texts
        alone, in any case.
    query : {"items", "texts"}, default="items"
        Whether histories are of ids of the catalogue, or of texts: what somebody read or bought elsewhere.
    index : {"exact", "faiss"}, default="exact"
        Whether all items are compared with a query, or those in the cells of an inverted file of faiss that are
        nearest to it; for dense vectors alone. `score_items`, candidates, empty histories and queries for which these
        cells have too few items take the exact way.
    n_probe : int, default=32
        Number of cells that faiss searches. More find more of the true best, and take longer.
    unknown : {"error", "ignore"}, default="error"
        Whether an id that is not in the catalogue is an error in histories, `y`, `candidates` and `exclude`, or is left
        out. If no id has the type of the catalogue's ids, it is an error always.
    filter_seen : bool, default=True
        Whether items of the history are left out of what is recommended.

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
        "reads": [StrOptions({"auto", "texts"})],
        "query": [StrOptions({"items", "texts"})],
        "index": [StrOptions({"exact", "faiss"})],
        "n_probe": [Interval(Integral, 1, None, closed="left")],
        **SHARED_CONSTRAINTS,
    }

    def __init__(
        self,
        catalog,
        *,
        embedder=None,
        profile="harmonic",
        whiten=0.5,
        reads="auto",
        query="items",
        index="exact",
        n_probe=32,
        unknown="error",
        filter_seen=True,
    ):
        self.catalog = catalog
        self.embedder = embedder
        self.profile = profile
        self.whiten = whiten
        self.reads = reads
        self.query = query
        self.index = index
        self.n_probe = n_probe
        self.unknown = unknown
        self.filter_seen = filter_seen

    def item_vectors(self, ids=None):
        """Return the vectors of items as they are compared, those of items that were added, too.

        Parameters
        ----------
        ids : sequence of str or int, length n, default=None
            Ids of the catalogue. None is all of ``catalog_``, in its order.

        Returns
        -------
        ndarray or sparse array of shape (n, n_features_), dtype=float32
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
        >>> mmr_rerank(items, scores, recommender.catalog_, recommender.item_vectors(), k=1)
        array([['c']], dtype=object)
        """
        check_is_fitted(self)
        return self._index.take(np.arange(self.catalog_.n_items) if ids is None else self.catalog_.index_of(ids))

    def _fit(self, sequences: Histories) -> None:
        self._reads_features = self._reads_table(self.catalog_)
        if not self._reads_features:
            _require_texts(self.catalog_)
        told = self._told()
        if not len(told):
            raise ValueError(f"All {self.catalog_.n_items} texts are blank: recommend by clicks, without content.")
        columns = self._columns(told)
        self.embedder_ = _default_embedder(columns) if self.embedder is None else clone(self.embedder)
        raw = _embed(self.embedder_, columns, fit=True)
        self._unit_of_measure = _unit_of_measure(raw)
        raw = _checked(raw, len(told), self._unit_of_measure)
        dense = not sparse.issparse(raw)
        self._whitening = Whitening.of(raw, float(self.whiten)) if dense and self.whiten > 0 else None
        self.n_features_ = raw.shape[1]
        vectors = _rows_at(self._unit(raw), told, self.catalog_.n_items)
        self._index = DenseIndex(vectors, _rows_at(raw, told, self.catalog_.n_items)) if dense else SparseIndex(vectors)
        self._faiss = None
        if self.index == "faiss":
            if not dense:
                raise ValueError(
                    'index="faiss" is for dense vectors, and the embedder gives sparse ones: index="exact".'
                )
            self._faiss = FaissIndex(self._index.vectors, int(self.n_probe))

    def _refit(self, sequences: Histories) -> None:
        """Learn nothing: vectors do not depend on clicks."""

    def _prepare(self, histories: Histories):
        return self._profiles(histories)[0]

    def _score(self, queries, items) -> np.ndarray:
        return self._index.scores(queries, items)

    def _contributions(self, histories: Histories, item_idx: np.ndarray) -> np.ndarray:
        _, shares, vectors, places = self._profiles(histories)
        return shares * self._index.pair_scores(vectors[places], item_idx[histories.row_idx])

    def _add(self, idx: np.ndarray) -> None:
        if not len(idx):
            return
        told = self._told(idx)
        raw = vectors = self._index.take(told[:0])
        if len(told):
            raw = self._transform(self._columns(idx[told]), len(told))
            vectors = self._unit(raw)
        vectors = _rows_at(vectors, told, len(idx))
        self._index = self._index.extended(idx, vectors, _rows_at(raw, told, len(idx)))
        if self._faiss is not None:
            self._faiss.set(idx, vectors)

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

    def _ranked_chunks(self, histories: Histories, selection: Selection, k: int):
        if self._faiss is None or selection.union is not None:
            yield from super()._ranked_chunks(histories, selection, k)
            return
        queries = self._prepare(histories)
        n_needed = k + selection.n_blocked(histories.n_histories)
        n_wanted = np.minimum(n_needed + _SPARE_SHORTLIST, self.catalog_.n_items)
        shortlists = self._faiss.shortlist(queries, int(n_wanted.max(initial=1)), self.active_)
        shortlists[np.arange(shortlists.shape[1]) >= n_wanted[:, np.newaxis]] = -1  # as if the row had come alone
        is_exact = ((shortlists >= 0).sum(axis=1) < n_needed) | ~queries.any(axis=1)
        shortlists[is_exact] = -1
        row_idx, places = np.nonzero(shortlists >= 0)
        items, columns = np.unique(shortlists[row_idx, places], return_inverse=True)
        is_listed = np.zeros((histories.n_histories, len(items)), dtype=bool)
        is_listed[row_idx, columns] = True
        yield items, np.where(is_listed, self._score(queries, items), np.float32(-np.inf))
        exact = np.flatnonzero(is_exact)
        for items, scores in self._scored_chunks(histories.take(exact), None) if len(exact) else ():
            chunk = np.full((histories.n_histories, scores.shape[1]), -np.inf, dtype=np.float32)
            chunk[exact] = scores
            yield items, chunk

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

    def _transform(self, columns, n: int):
        return _checked(_embed(self.embedder_, columns), n, self._unit_of_measure)

    def _event_vectors(self, histories: Histories):
        """Give vectors of the distinct items or texts of some histories, and which of them each event has."""
        used, places = np.unique(histories.item_idx, return_inverse=True)
        if histories.texts is None or not len(used):
            return self._index.take(used), places
        texts = [histories.texts[i] for i in used]
        told = np.flatnonzero([not _is_blank(text) for text in texts])
        if not len(told):
            return _rows_at(self._index.take(told), told, len(used)), places
        raw = self._transform([texts[i] for i in told], len(told))
        return _rows_at(self._unit(raw), told, len(used)), places

    def _inputs_of_parts(self, X) -> dict[str, list]:
        """Return what `embedder` reads in ``fit(X)`` and of the queries `X`: for `precompute` of a search."""
        if self._reads_table(self.catalog):
            return {"embedder": [self.catalog.columns()]}
        texts = [self.catalog.texts()]
        if self.query == "texts" and X is not None:
            texts.append(as_text_histories(X).texts)
        return {"embedder": [told for some in texts if (told := [text for text in some if not _is_blank(text)])]}

    def _reads_table(self, catalog: Catalog) -> bool:
        """Return whether the embedder reads the features of a catalogue beside its texts."""
        return self.reads == "auto" and self.embedder is not None and catalog.has_features

    def _columns(self, idx: np.ndarray):
        """Give what the embedder reads of items."""
        return self.catalog_.columns(idx) if self._reads_features else self.catalog_.texts(idx)

    def _told(self, idx: np.ndarray | None = None) -> np.ndarray:
        """Give the places among `idx`, or all, of items that something is known of: not a blank text alone."""
        if self._reads_features:
            return np.arange(self.catalog_.n_items if idx is None else len(idx))
        return np.flatnonzero([not _is_blank(text) for text in self.catalog_.texts(idx)])

    def _unit(self, vectors):
        return unit_rows(vectors if self._whitening is None else self._whitening.apply(vectors))


def _default_embedder(texts: list[str]):
    """Give TF-IDF of words and characters, or of characters alone where no text has a word of two of them."""
    from sklearn.pipeline import make_union

    words = TfidfVectorizer(sublinear_tf=True, dtype=np.float32)
    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 3), sublinear_tf=True, dtype=np.float32)
    has_words = any(map(words.build_analyzer(), texts))
    return make_union(words, characters) if has_words else characters


def _is_blank(text: str) -> bool:
    return not text or text.isspace()


def _require_texts(catalog: Catalog) -> None:
    if catalog.has_features and not catalog.has_texts:
        raise ValueError(
            'The catalogue has features and no texts, and embedder=None (TF-IDF) and reads="texts" need texts: pass an '
            'embedder of the features, such as StandardScaler() or a ColumnTransformer, and reads="auto".'
        )


def _rows_at(vectors, places: np.ndarray, n: int):
    """Give `n` rows: `vectors` at `places`, ascending, and zeros elsewhere.

    Examples
    --------
    >>> _rows_at(np.float32([[1, 2]]), np.array([1]), 3)
    array([[0., 0.],
           [1., 2.],
           [0., 0.]], dtype=float32)
    """
    if len(places) == n:
        return vectors
    if not sparse.issparse(vectors):
        out = np.zeros((n, vectors.shape[1]), dtype=vectors.dtype)
        out[places] = vectors
        return out
    lengths = np.zeros(n, dtype=np.int64)
    lengths[places] = np.diff(vectors.indptr)
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    return sparse.csr_array((vectors.data, vectors.indices, indptr), shape=(n, vectors.shape[1]))


def _weighted_sums(histories: Histories, weights: np.ndarray, vectors, places: np.ndarray):
    """Give the sum of the vectors of each history's events, shape (n_histories, n_features)."""
    events = sparse.csr_array((weights, places, histories.indptr), shape=(histories.n_histories, vectors.shape[0]))
    return events @ vectors


def _embed(embedder, columns, *, fit: bool = False):
    """Return the vectors of items, dense or sparse, whatever ``set_config(transform_output=...)`` asks for."""
    with config_context(transform_output="default"):
        if not fit:
            return embedder.transform(columns)
        if hasattr(embedder, "fit_transform"):
            return embedder.fit_transform(columns)
        return embedder.fit(columns).transform(columns)


def _unit_of_measure(vectors) -> float:
    values = vectors.data if sparse.issparse(vectors) else np.asarray(vectors)
    if values.dtype.kind not in "fiu" or not np.isfinite(values).all():
        return 1.0
    return unit_of_measure(float(np.abs(values).max(initial=0)))


def _checked(vectors, n_items: int, unit: float):
    """Return vectors as float32 rows in another unit of measure, dense or sparse; raise if they are not finite."""
    if not sparse.issparse(vectors):
        vectors = np.asarray(vectors)
    if unit != 1.0:
        vectors = vectors * unit
    with np.errstate(over="ignore"):
        vectors = (
            sparse.csr_array(vectors, dtype=np.float32)
            if sparse.issparse(vectors)
            else vectors.astype(np.float32, copy=False)
        )
    if vectors.ndim != 2 or vectors.shape[0] != n_items:
        raise ValueError(
            f"The embedder gave the shape {vectors.shape} for {n_items} items: a row each is needed. Of a catalogue "
            "with features it reads a table: a ColumnTransformer takes the texts and the features apart."
        )
    if not np.isfinite(vectors.data if sparse.issparse(vectors) else vectors).all():
        raise ValueError("The embedder gave NaN or infinity, or numbers beyond the range of float32.")
    return vectors
