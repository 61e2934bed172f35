"""What every recommender does: read histories, fit, rank, explain, and take in new items without a fit.

A recommender of its own implements four small hooks, and may implement three more:

``_fit(sequences)``
    Learn from training sequences (`Histories`); ``self.catalog_`` and ``self.popularity_`` are set.
``_prepare(histories)``
    Return what is needed to score a batch of histories, in any form. Of an empty history it may be anything.
``_score(queries, items)``
    Return the scores, float32 of shape (n_queries, n), for `items`, a slice of the catalogue or an ascending array of
    positions. The array is written to afterwards, so that it must be a new one.
``_contributions(histories, items)``
    Return the share of every event in the scores of k items of its history, float64 of shape (n_events, k). `items` are
    positions in the catalogue, of shape (n_histories, k).
``_add(idx)``
    Take in the items at `idx`, ascending, which are at the end of ``self.catalog_`` or came back with another text.
    ``self`` is a shallow copy, which is given up if this or another part fails: set attributes anew, and change nothing
    in place that the original has.
``_refit(sequences)``
    Learn from other sequences of the same catalogue, just after a fit; what does not depend on them may stay.
``_update(now, before)``
    Learn sequences in the place of others, of the same users before. ``self`` is a shallow copy, as in ``_add``.

A recommender that holds others makes them by ``_nested``, fits them by
``_fit_sequences(sequences, self._embedded, name)`` and extends them by
``_extended(self.catalog_, idx, self._embedded)``: the catalogue is then embedded once for all.
"""

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_is_fitted

from .._utils._pickling import VersionedPickle
from .._utils._sklearn import fit_context
from ..exceptions import UnknownItemError
from ._catalog import Catalog
from ._explain import ExplainMixin
from ._fit_log import FitLog
from ._histories import Histories, as_rows, given_events
from ._item_changes import ItemChangesMixin
from ._ranking import RankingMixin
from ._training import read_training
from ._unknown_items import UNKNOWN_CONSTRAINTS

SHARED_CONSTRAINTS: dict = {  # of every recommender
    "unknown": UNKNOWN_CONSTRAINTS,
    "filter_seen": ["boolean"],
    "verbose": ["verbose"],
}


class BaseRecommender(RankingMixin, ExplainMixin, ItemChangesMixin, VersionedPickle, BaseEstimator):
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
    verbose : int, default=0
        1 writes what is fitted, on how much, and in how many seconds, to standard error.

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
    verbose = 0
    _log = FitLog(0, "")  # of a fit that is running

    def __init__(self, catalog, *, unknown="error", filter_seen=True, verbose=0):
        self.catalog = catalog
        self.unknown = unknown
        self.filter_seen = filter_seen
        self.verbose = verbose

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
        return self._fit_rows(X, y, groups)

    def _fit_rows(self, X, y=None, groups=None, embedded: list | None = None):
        """Learn from rows as ``fit`` takes them; `embedded` holds what was embedded of the catalogue already."""
        grown = vars(self).get("catalog_")
        self.catalog_ = self.catalog
        try:
            sequences = self._training_sequences(X, y, groups)
        except UnknownItemError as error:
            if grown is None or grown.lookup([error.item])[0] < 0:
                raise
            advice = "fit reads `catalog`; `catalog_`, to which add_items added it, is read by refit(X, y)."
            raise UnknownItemError(f"{error} {advice}", error.item) from None
        return self._fit_sequences(sequences, embedded)

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
        self.__dict__.update(vars(fitted))
        return self

    def update(self, X, before=None):
        """Learn from new events without a fit; items that are new are added first, by ``add_items``.

        Parameters
        ----------
        X : Interactions, or list, array or Series of histories
            Whole sequences of the users who did something since: what was learnt of them already, and what is new.
            Users without new events are left out; nothing changes where there is none.
        before : Interactions, or list, array or Series of histories, default=None
            Their sequences as they were learnt. None if none of them was.

        Returns
        -------
        BaseRecommender
            The recommender itself.

        Raises
        ------
        ValueError
            If an id is not in ``catalog_``; the recommender is as it was before.

        Notes
        -----
        What is learnt is that of a fit on all sequences, but for a stated part: what a fit chooses by data stays until
        the next one (weights of a `HybridRecommender`, the window of popularity, half-lives, the vectors of items that
        texts are compared by); and approximate regressions between items, whose weights are corrected by one step of
        Jacobi's method where this is at most a twentieth of an item's largest weight, and solved anew elsewhere.
        ``benchmarks/ranking_update.py`` compares scores and recommended items with those of a fit, after a hundredth of
        new events: a regression alone comes nearer than `text_recommender`, whose parts add up. `refit` from time to
        time.

        Examples
        --------
        >>> from sklearn_llmtokens.recommend import Catalog, EASERecommender
        >>> recommender = EASERecommender(Catalog(["a", "b", "c"]), l2=1.0).fit([["a", "b"], ["a"]])
        >>> recommender.update([["a", "c"]], before=[["a"]]).recommend([["c"]], k=1)
        array([['a']], dtype=object)
        """
        check_is_fitted(self)
        now, old = self._read_sequences(X), self._read_sequences([] if before is None else before)
        self.__dict__.update(vars(self._updated(now, old)))
        return self

    def _read_sequences(self, X) -> Histories:
        """Return whole sequences of items of ``catalog_``, of which there may be none."""
        rows = as_rows(X)
        if not len(rows):
            return Histories(np.zeros(1, dtype=np.int64), np.empty(0, dtype=np.intp))
        return read_training(rows, None, None, self.catalog_, unknown=self.unknown)

    def _updated(self, now: Histories, before: Histories):
        """Return a recommender that has learnt `now` in the place of `before`; this one stays."""
        other = object.__new__(type(self))
        other.__dict__.update(vars(self))
        n_items = self.catalog_.n_items
        other.popularity_ = self.popularity_ + _popularity(now, n_items) - _popularity(before, n_items)
        other._update(now, before)
        return other

    def _fit_sequences(self, sequences: Histories, embedded: list | None = None, name: str = ""):
        """Learn from sequences of items of `catalog`: ``fit`` without the reading.

        `embedded` holds what was embedded of the catalogue already, by other parts of the same recommender, and `name`
        is that of this part.
        """
        self._validate_params()
        self.catalog_ = self.catalog
        self.active_ = np.ones(self.catalog_.n_items, dtype=bool)
        self.popularity_ = _popularity(sequences, self.catalog_.n_items)
        self._embedded = [] if embedded is None else embedded
        self._log = FitLog(int(self.verbose), name or "fit")
        try:
            with self._log.step(f"{type(self).__name__} on {sequences.summary}, {self.catalog_.n_items:,} items"):
                self._fit(sequences)
        finally:
            del self._embedded, self._log
        return self

    def _refit_sequences(self, sequences: Histories):
        """Learn from other sequences of the same catalogue, just after a fit."""
        self.popularity_ = _popularity(sequences, self.catalog_.n_items)
        self._refit(sequences)
        return self

    def _nested(self, recommender):
        """Return an unfitted clone of a recommender inside this one, with what this one's parameters ask of all."""
        nested = clone(recommender)
        for name, default in (("unknown", "error"), ("filter_seen", True), ("verbose", 0)):
            if getattr(self, name) != default and name in nested.get_params(deep=False):
                nested.set_params(**{name: getattr(self, name)})
        return nested

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

    def _fit(self, sequences: Histories) -> None:
        raise NotImplementedError

    def _refit(self, sequences: Histories) -> None:
        """Learn from other sequences; what does not depend on them may stay."""
        self._fit(sequences)

    def _update(self, now: Histories, before: Histories) -> None:
        raise NotImplementedError(f"{type(self).__name__} has no update: use refit.")

    def _prepare(self, histories: Histories):
        raise NotImplementedError

    def _score(self, queries, items) -> np.ndarray:
        raise NotImplementedError

    def _contributions(self, histories: Histories, items: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.no_validation = True
        return tags


def _popularity(sequences: Histories, n_items: int) -> np.ndarray:
    """Return the number of sequences that have each item with a weight above 0."""
    liked = sequences if sequences.weights is None else sequences.where(sequences.weights > 0)
    return np.bincount(liked.matrix(n_items).indices, minlength=n_items).astype(np.float32)
