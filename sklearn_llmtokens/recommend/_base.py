"""What every recommender does: read histories, rank, explain, and take in new items without a fit.

A recommender of its own implements four small hooks, and may implement two more:

``_fit(sequences)``
    Learn from training sequences (`Histories`); ``self.catalog_`` and ``self.popularity_`` are set.
``_prepare(histories)``
    Give what is needed to score a batch of histories, in any form. An empty history may give anything.
``_score(queries, items)``
    Give the scores, float32 of shape (n_queries, n), for `items`, a slice of the catalogue or an ascending array of
    positions. The array is written to afterwards, so that it must be a new one.
``_contributions(histories, item_idx)``
    Give the share of every event, flat and float64, in the score of one item for each history.
``_add(idx)``
    Take in the items at `idx`, ascending, which are at the end of ``self.catalog_`` or came back with another text.
    ``self`` is a shallow copy, which is given up if this or another part fails: set attributes anew, and change nothing
    in place that the original has.
``_refit(sequences)``
    Learn from other sequences of the same catalogue, just after a fit; what does not depend on them may stay.
"""

from collections.abc import Iterator
from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.utils import check_scalar
from sklearn.utils.validation import check_is_fitted

from .._pickling import VersionedPickle
from .._sklearn import fit_context
from .._utils._columns import is_missing
from .._utils._messages import shorten
from .._utils._top_k import TopK
from ..exceptions import UnknownItemError
from ._catalog import Catalog
from ._catalog_part import as_list
from ._histories import Histories, given_events
from ._ids import check_relevant
from ._selection import Selection
from ._training import read_training
from ._unknown_items import UNKNOWN_CONSTRAINTS

SHARED_CONSTRAINTS: dict = {"unknown": UNKNOWN_CONSTRAINTS, "filter_seen": ["boolean"]}  # of every recommender
_CHUNK_ITEMS = 32_768
_CHUNK_SCORES = 8_388_608  # float32: 32 MiB


class BaseRecommender(VersionedPickle, BaseEstimator):
    """Base of recommenders: the methods that they share.

    Parameters
    ----------
    catalog : Catalog
        The items.
    unknown : {"error", "ignore"}, default="error"
        Whether an id that is not in the catalogue is an error in histories, `y`, `candidates` and `exclude`, or is left
        out: of items that left the catalogue, say. If no id has the type of the catalogue's ids, it is an error always.
    filter_seen : bool, default=True
        Whether what is recommended is new to the user. If False, items of the history are recommended and scored as
        others are, and models of clicks learn what is bought again.

    Attributes
    ----------
    catalog_ : Catalog
        The catalogue as it is now, with items that were added since ``fit``.
    active_ : ndarray of shape (n_items,), dtype=bool
        False for items that were removed: they are not recommended, and histories may still name them.
    popularity_ : ndarray of shape (n_items,), dtype=float32
        Number of training sequences that have each item, which ranks items for an empty history.
    """

    _parameter_constraints: dict = {"catalog": [Catalog], **SHARED_CONSTRAINTS}
    __metadata_request__fit = {"groups": True}  # the users, where metadata routing passes them on
    _needs_whole_rows = False  # True: `_score` is always asked for all items at once, and for fewer queries

    unknown = "error"  # what a recommender of its own has that does not take these parameters
    filter_seen = True

    def __init__(self, catalog, *, unknown="error", filter_seen=True):
        self.catalog = catalog
        self.unknown = unknown
        self.filter_seen = filter_seen

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y=None, groups=None):
        """Learn from what users did.

        Parameters
        ----------
        X : Interactions, or list, array or Series of histories, or None
            What users did: a table of events; rows of `make_queries`; or sequences of item ids or of `Event`, oldest
            first. None where there is nothing yet: what needs no clicks works.
        y : array-like of shape (n_histories,), default=None
            The item that followed each history. None where the histories are whole.
        groups : array-like of shape (n_histories,), default=None
            The user of each history, where histories are made by hand and users have several. With scikit-learn's
            metadata routing it is requested by default; ``set_fit_request(groups=False)`` declines it.

        Returns
        -------
        BaseRecommender
            The fitted recommender.

        Raises
        ------
        ValueError
            If a parameter is out of range, an id is not in the catalogue, there is no row, or rows of one user
            contradict each other.

        Warns
        -----
        TrainingRowsWarning
            If rows without users look like the growing histories of the same users, or `y` is not what followed the
            rows of `make_queries`.

        Notes
        -----
        A user is one training sequence: all events that some row of this user shows, in a history or as what followed,
        each once. Two rows show the same event if it has the same number among the events of the same user. Rows of
        `make_queries` know the user and this number, however they were sliced, copied or split. With `groups`, a
        history begins with the first event of its user, and the longest one says weights and times. Without either,
        each row is a user of its own, whatever it holds.

        The parameter `catalog` is read, not `catalog_`, which `add_items` makes longer: `refit` reads that one.
        """
        grown = vars(self).get("catalog_")
        self.catalog_ = self.catalog
        try:
            sequences = self._training_sequences(X, y, groups)
        except UnknownItemError as error:
            if grown is None or grown.lookup([error.item])[0] < 0:
                raise
            advice = "fit reads `catalog`; `catalog_`, to which add_items added it, is read by refit(X, y)."
            raise UnknownItemError(f"{error} {advice}", error.item) from None
        return self._fit_sequences(sequences)

    def refit(self, X, y=None, **fit_params):
        """Learn anew over the catalogue as it is now: with items that were added, texts that were changed.

        Every parameter is kept, those of nested recommenders too, but for `catalog`, which becomes `catalog_`. Items
        that were removed stay removed.

        Parameters
        ----------
        X : list, array or Series of histories, or None
            As in ``fit``.
        y : array-like of shape (n_histories,), default=None
            As in ``fit``.
        **fit_params : dict
            Further arguments of ``fit``.

        Returns
        -------
        BaseRecommender
            The recommender itself.

        Raises
        ------
        ValueError
            As in ``fit``; the recommender is as it was before.

        Examples
        --------
        >>> from sklearn_llmtokens.recommend import Catalog, EASERecommender
        >>> recommender = EASERecommender(Catalog(["a", "b"]), l2=1.0).fit([["a", "b"]]).add_items(["c"])
        >>> recommender.refit([["a", "b"], ["a", "c"]]).catalog.n_items
        3
        """
        check_is_fitted(self)
        old, params = self.catalog, self.get_params(deep=True)
        is_old = {name: isinstance(value, Catalog) and value == old for name, value in params.items()}
        catalogs = dict.fromkeys([name for name, is_it in is_old.items() if is_it], self.catalog_)
        fitted = clone(self).set_params(**catalogs).fit(X, y, **fit_params)
        fitted.active_ = self.active_
        vars(self).update(vars(fitted))
        return self

    def score_items(self, X):
        """Give the score of every item.

        Parameters
        ----------
        X : list, array or Series of histories
            As in ``fit``.

        Returns
        -------
        ndarray of shape (n_queries, n_items), dtype=float32
            Scores in the order of ``catalog_.ids``: of items that were seen or removed, too. Rows of an empty history
            have the items' popularity.

        Raises
        ------
        ValueError
            If an id is not in the catalogue.
        """
        check_is_fitted(self)
        histories = self._read(X)
        out = np.empty((histories.n_histories, self.catalog_.n_items), dtype=np.float32)
        for start, stop in self._query_chunks(histories.n_histories, self.catalog_.n_items):
            for items, scores in self._scored_chunks(histories.rows(start, stop), None):
                out[start:stop, items] = scores
        return out

    def recommend(self, X, k=10, *, candidates=None, exclude=None, filter_seen=None, return_scores=False):
        """Rank the k best items for each history.

        Parameters
        ----------
        X : list, array or Series of histories
            As in ``fit``.
        k : int, default=10
            Number of items.
        candidates : list of ids, or list of n_queries lists of ids, default=None
            Items to choose from: the same for all queries, or one list for each. None allows all. None and NaN in a
            list are skipped, so that what `recommend` returns can be passed.
        exclude : list of ids, or list of n_queries lists of ids, default=None
            Items that are not recommended, in the same forms.
        filter_seen : bool, default=None
            Whether items of the history are left out. None is the recommender's own `filter_seen`.
        return_scores : bool, default=False
            Whether to return the scores as well.

        Returns
        -------
        items : ndarray of shape (n_queries, k), dtype=object
            Ids, best first; None at the end of a row where fewer items are left.
        scores : ndarray of shape (n_queries, k), dtype=float32
            Their scores, -inf where the id is None. Only if `return_scores` is True.

        Raises
        ------
        ValueError
            If an id is not in the catalogue, or `candidates` or `exclude` has another number of lists than there are
            queries.
        """
        check_is_fitted(self)
        histories = self._read(X)
        filter_seen = self.filter_seen if filter_seen is None else filter_seen
        selection = Selection.read(
            self.catalog_, histories, candidates, exclude, filter_seen=filter_seen, unknown=self.unknown
        )
        ids, scores = self._rank(histories, k, selection)
        return (ids, scores) if return_scores else ids

    def predict(self, X):
        """Return the best item for each history; with ``filter_seen=True``, of those that are not in it.

        Parameters
        ----------
        X : list, array or Series of histories
            As in ``fit``.

        Returns
        -------
        ndarray of shape (n_queries,), dtype=object
            Ids; None where no item is left.

        Raises
        ------
        ValueError
            If an id is not in the catalogue.
        """
        return self.recommend(X, k=1)[:, 0]

    def score(self, X, y):
        """Compute the NDCG of the ten best items for each history.

        With ``filter_seen=False``, buying again counts; else an item of the history is not found.

        Parameters
        ----------
        X : list, array or Series of histories
            As in ``fit``.
        y : array-like of shape (n_histories,), or sequence of collections
            The item that followed each history, or several. With ``unknown="ignore"``, one that is not in the catalogue
            is an item that was not found.

        Returns
        -------
        float
            Mean NDCG@10, between 0 and 1.

        Raises
        ------
        ValueError
            If an id is not in the catalogue.
        """
        from .metrics import ndcg_at_k

        recommended = self.recommend(X, k=10)
        check_relevant(y, self.catalog_, len(recommended), unknown=self.unknown)
        return ndcg_at_k(y, recommended, k=10)

    def explain(self, X, items):
        """Give the exact share of each event of a history in the score of an item.

        Parameters
        ----------
        X : list, array or Series of histories
            As in ``fit``.
        items : array-like of shape (n_queries,) or (n_queries, k)
            One id for each history, or several, as `recommend` gives them; None gives NaN.

        Returns
        -------
        list of n_queries ndarrays of shape (n_events,) or (n_events, k), dtype=float64
            One number for each event of the history, 0 for what is left out of it: padding, and unknown ids with
            ``unknown="ignore"``. They add up to the score. A history without events has no shares.

        Raises
        ------
        ValueError
            If an id is not in the catalogue, or `items` does not have one row a history.
        """
        check_is_fitted(self)
        given = self._given(X)
        histories = given.known()
        item_idx = self._asked_items(items, histories.n_histories)
        table = item_idx if item_idx.ndim == 2 else item_idx[:, np.newaxis]
        flat = np.zeros((len(given.item_idx), table.shape[1]))
        for shares, column in zip(flat.T, table.T, strict=True):
            shares[given.item_idx >= 0] = self._contributions(histories, np.maximum(column, 0))
            shares[np.repeat(column < 0, given.lengths)] = np.nan
        flat = flat[:, 0] if item_idx.ndim == 1 else flat
        return np.split(flat, given.indptr[1:-1]) if given.n_histories else []

    def add_items(self, ids, texts=None, features=None):
        """Add items at once, without a fit: the next call ranks them.

        Parameters
        ----------
        ids : sequence of str or int, length n
            Ids that are new, or were removed and come back, with the texts given here.
        texts : list, array or Series of str, length n, default=None
            Their texts; needed where the catalogue has texts.
        features : array-like or DataFrame of shape (n, n_features), default=None
            Their further columns; needed where the catalogue has them. Those of a frame are found by name.

        Returns
        -------
        BaseRecommender
            The recommender itself.

        Raises
        ------
        ValueError
            If an id is in the catalogue and was not removed, or occurs twice.
        """
        check_is_fitted(self)
        new = self.catalog_._new(ids, texts, features)
        if not new.n_items:
            return self
        found = self.catalog_.lookup(new.ids.tolist())
        there = np.flatnonzero(found >= 0)
        here = there[self.active_[found[there]]]
        if len(here):
            at = int(here[0])
            raise ValueError(
                f"ids[{at}] is {shorten(new.ids[at])}, which is in the catalogue already: update_items changes its "
                "text."
            )
        catalog = self.catalog_.merge(new)
        idx = np.concatenate([np.sort(found[there]), np.arange(len(self.active_), catalog.n_items)])
        extended = self._extended(catalog, idx)
        extended.active_[idx] = True
        vars(self).update(vars(extended))
        return self

    def update_items(self, ids, texts=None, features=None):
        """Change the texts or features of items at once, without a fit: clicks and places in the catalogue stay.

        Parameters
        ----------
        ids : sequence of str or int, length n
            Ids of the catalogue. Those that were removed stay removed.
        texts : list, array or Series of str, length n, default=None
            Their new texts. None leaves the texts.
        features : array-like or DataFrame of shape (n, n_features), default=None
            Their new features. None leaves the features.

        Returns
        -------
        BaseRecommender
            The recommender itself.

        Raises
        ------
        ValueError
            If an id is not in the catalogue or occurs twice, or neither texts nor features are given.

        Examples
        --------
        >>> from sklearn_llmtokens.recommend import Catalog, ContentRecommender
        >>> catalog = Catalog(["a", "b", "c"], ["green tea", "iron pot", "black tea"])
        >>> recommender = ContentRecommender(catalog).fit(None).update_items(["b"], ["green tea, loose"])
        >>> recommender.recommend([["a"]], k=1)
        array([['b']], dtype=object)
        """
        check_is_fitted(self)
        if texts is None and features is None:
            raise ValueError("update_items got neither texts nor features: pass those that are to change.")
        ids = as_list(ids, "ids")
        idx = self.catalog_.index_of(ids)
        catalog = self.catalog_.replace(ids, texts, features)
        vars(self).update(vars(self._extended(catalog, np.sort(idx))))
        return self

    def remove_items(self, ids):
        """Remove items at once, without a fit: they are not recommended any more.

        Histories may go on naming them: what a user did stays true.

        Parameters
        ----------
        ids : sequence of str or int
            Ids of the catalogue.

        Returns
        -------
        BaseRecommender
            The recommender itself.

        Raises
        ------
        ValueError
            If an id is not in the catalogue.
        """
        check_is_fitted(self)
        idx = self.catalog_.index_of(ids)
        active = self.active_.copy()
        active[idx] = False
        self.active_ = active
        return self

    def similar_items(self, ids, k=10):
        """Rank the items that are most like given ones: those that follow from a history of this item alone.

        Parameters
        ----------
        ids : sequence of str or int, length n
            Ids of the catalogue.
        k : int, default=10
            Number of items.

        Returns
        -------
        ndarray of shape (n, k), dtype=object
            Ids, best first, without the item itself; None where fewer are left.

        Raises
        ------
        ValueError
            If an id is not in the catalogue.
        """
        check_is_fitted(self)
        idx = self.catalog_.index_of(ids)
        histories = Histories(np.arange(len(idx) + 1), idx)
        return self._rank(histories, k, Selection.read(self.catalog_, histories, filter_seen=True))[0]

    def _fit_sequences(self, sequences: Histories):
        """Learn from sequences of items of `catalog`: ``fit`` without the reading."""
        self._validate_params()
        self.catalog_ = self.catalog
        self.active_ = np.ones(self.catalog_.n_items, dtype=bool)
        self.popularity_ = _popularity(sequences, self.catalog_.n_items)
        self._fit(sequences)
        return self

    def _refit_sequences(self, sequences: Histories):
        """Learn from other sequences of the same catalogue, just after a fit."""
        self.popularity_ = _popularity(sequences, self.catalog_.n_items)
        self._refit(sequences)
        return self

    def _nested(self, recommender):
        """Return an unfitted clone of a recommender inside this one, with what this one's parameters ask of all."""
        nested = clone(recommender)
        for name, default in (("unknown", "error"), ("filter_seen", True)):
            if getattr(self, name) != default and name in nested.get_params(deep=False):
                nested.set_params(**{name: getattr(self, name)})
        return nested

    def _extended(self, catalog: Catalog, idx: np.ndarray):
        """Give a recommender of a longer catalogue, whose items at `idx` are new or came back; this one stays."""
        other = object.__new__(type(self))
        vars(other).update(vars(self))
        n_new = catalog.n_items - len(self.active_)
        other.catalog_ = catalog
        other.active_ = np.concatenate([self.active_, np.ones(n_new, dtype=bool)])
        other.popularity_ = np.concatenate([self.popularity_, np.zeros(n_new, dtype=np.float32)])
        other._add(idx)
        return other

    def _training_sequences(self, X, y, groups=None) -> Histories:
        if X is None:
            return Histories(np.zeros(1, dtype=np.int64), np.empty(0, dtype=np.intp))
        return read_training(X, y, groups, self.catalog_, unknown=self.unknown)

    def _read(self, X) -> Histories:
        """Read histories, without events that are left out."""
        return self._given(X).known()

    def _given(self, X) -> Histories:
        """Read histories; events that are left out keep their place, with the position -1."""
        return given_events(X, self.catalog_, unknown=self.unknown)

    def _rank(self, histories: Histories, k: int, selection: Selection) -> tuple[np.ndarray, np.ndarray]:
        """Give the ids of the k best items that `selection` allows, and their scores."""
        check_scalar(k, "k", Integral, min_val=1)
        item_idx = np.full((histories.n_histories, k), -1, dtype=np.intp)
        scores = np.full((histories.n_histories, k), -np.inf, dtype=np.float32)
        n_items = self.catalog_.n_items if selection.union is None else len(selection.union)
        for start, stop in self._query_chunks(histories.n_histories, n_items):
            top = TopK(stop - start, min(int(k), n_items))
            allowed = selection.rows(start, stop)
            for items, chunk in self._ranked_chunks(histories.rows(start, stop), allowed, int(k)):
                positions = _positions(items)
                chunk[:, ~self.active_[items]] = -np.inf
                allowed.mask(chunk, positions)
                top.update(chunk, positions)
            item_idx[start:stop, : top.item_idx.shape[1]] = top.item_idx
            scores[start:stop, : top.scores.shape[1]] = top.scores
        return _ids_or_none(self.catalog_, item_idx), scores

    def _ranked_chunks(self, histories: Histories, selection: Selection, k: int):
        """Give chunks of the items among which the best are sought: an index may know that others are not needed."""
        return self._scored_chunks(histories, selection.union)

    def _query_chunks(self, n_queries: int, n_items: int) -> Iterator[tuple[int, int]]:
        n_columns = n_items if self._needs_whole_rows else min(n_items, _CHUNK_ITEMS)
        step = max(1, _CHUNK_SCORES // max(1, n_columns))
        for start in range(0, n_queries, step):
            yield start, min(start + step, n_queries)

    def _scored_chunks(self, histories: Histories, union: np.ndarray | None):
        """Give chunks of items, as slices or positions, with their scores for every history."""
        n_items = self.catalog_.n_items if union is None else len(union)
        step = max(n_items, 1) if self._needs_whole_rows else _CHUNK_ITEMS
        is_empty = histories.lengths == 0
        queries = self._prepare(histories)
        for start in range(0, n_items, step):
            items = slice(start, min(start + step, n_items))
            items = items if union is None else union[items]
            scores = self._score(queries, items)
            if is_empty.any():
                scores[is_empty] = self.popularity_[items]
            yield items, scores

    def _asked_items(self, items, n_queries: int) -> np.ndarray:
        array = np.array(as_list(items, "items"), dtype=object)
        if array.ndim not in (1, 2) or len(array) != n_queries:
            raise ValueError(
                f"items has the shape {array.shape}: one id, or one row of ids, for each of {n_queries} queries."
            )
        flat = [None if is_missing(one) else one for one in array.ravel().tolist()]
        named = [one for one in flat if one is not None]
        found = iter(self.catalog_.index_of(named, name="items").tolist())
        return np.array([-1 if one is None else next(found) for one in flat], dtype=np.intp).reshape(array.shape)

    def _fit(self, sequences: Histories) -> None:
        raise NotImplementedError

    def _refit(self, sequences: Histories) -> None:
        """Learn from other sequences; what does not depend on them may stay."""
        self._fit(sequences)

    def _prepare(self, histories: Histories):
        raise NotImplementedError

    def _score(self, queries, items) -> np.ndarray:
        raise NotImplementedError

    def _contributions(self, histories: Histories, item_idx: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def _add(self, idx: np.ndarray) -> None:
        """Do nothing: what was learnt from clicks knows nothing of new items."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.no_validation = True
        return tags


def _popularity(sequences: Histories, n_items: int) -> np.ndarray:
    """Give the number of sequences that have each item with a weight above 0."""
    liked = sequences if sequences.weights is None else sequences.where(sequences.weights > 0)
    return np.bincount(liked.matrix(n_items).indices, minlength=n_items).astype(np.float32)


def _positions(items) -> np.ndarray:
    return np.arange(items.start, items.stop) if isinstance(items, slice) else items


def _ids_or_none(catalog: Catalog, item_idx: np.ndarray) -> np.ndarray:
    ids = np.full(item_idx.shape, None, dtype=object)
    there = item_idx >= 0
    ids[there] = catalog.ids[item_idx[there]].astype(object)
    return ids
