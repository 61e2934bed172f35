"""Several recommenders as one: their scores in a weighted sum, whose weights are learnt in seconds."""

from numbers import Integral, Real

import numpy as np

from .._utils._short_repr import ShortRepr
from .._utils._sklearn import BaseComposition, Interval, StrOptions, parallel_block
from ._base import SHARED_CONSTRAINTS, BaseRecommender
from ._fusion_weights import QUERIES_AT_ONCE, FusionWeights, given_weights, learn_weights
from ._histories import Histories
from ._hybrid_shares import HybridSharesMixin
from ._known_sequences import KnownSequences
from ._latest_slice import HeldOut, hold_out, is_known

_LEAST_SCORE = np.float32(1e-30)  # a best score that others can be divided by
_ROUNDING = np.float32(1e-6)  # of the score of an item in the history: what others have by rounding alone
_RANK_OFFSET = 60.0  # of reciprocal rank fusion (Cormack et al. 2009)


class HybridRecommender(ShortRepr, HybridSharesMixin, BaseComposition, BaseRecommender):
    """Rank by a weighted sum of the scores of several recommenders.

    Weights are learnt by default: the latest events of the training sequences are held out, the recommenders learn
    from what came before, and the weights are those under which the softmax over the catalogue finds the held-out items
    best. Items without a click have weights of their own, because of them only content can speak; and where times show
    that this ranks better, so have users who come back, from those who go on. Then all recommenders learn from
    everything.

    Parameters
    ----------
    recommenders : list of (str, recommender)
        Named recommenders of one catalogue. They are cloned. "drop" in the place of a recommender leaves it out.
    weights : "auto", list or dict, default="auto"
        One number for each recommender, in their order or by name, or a pair of numbers, for items that have clicks
        and for items that have none: what its best item that is not in the history adds. "auto" learns them.
    default_weights : list or dict, default=None
        Numbers as in `weights`, for "auto": learnt weights are shrunk towards them, the less the more events there
        are to learn from. With too few events they are the weights. None is 1 for each, and so is what a dict leaves
        out. Learnt weights are not shrunk towards negative numbers, but towards 0.
    fusion : {"scores", "ranks"}, default="scores"
        Whether scores are added, or ``61 / (60 + rank)`` of the items whose score is above 0 (reciprocal rank fusion).
    cold_item_boost : float, default=5.0
        How many times likelier to be wanted an item without clicks is taken to be than one whose clicks were hidden,
        where weights are learnt and no times tell: what is new is in demand, what was hidden is of any age. Where such
        items are many it is less, down to 1: it does not raise all of them together above a twentieth of what is
        wanted. 1 shows new items as often as others that are as like the history; more shows them more often, at the
        expense of items that are known to be wanted.
    n_validation : int, default=2000
        Largest number of held-out events from which the weights are learnt.
    unknown : {"error", "ignore"}, default="error"
        Whether an id that is not in the catalogue is an error in histories, `y`, `candidates` and `exclude`, or is left
        out. If no id has the type of the catalogue's ids, it is an error always. The recommenders get it too.
    filter_seen : bool, default=True
        Whether items of the history are left out of what is recommended. If False, the recommenders get it too, and
        weights are learnt on items that were in the history as well.
    verbose : int, default=0
        1 writes what is fitted, on how much, and in how many seconds, to standard error. The
        recommenders get it too.

    Attributes
    ----------
    catalog_ : Catalog
        The catalogue as it is now, with items that were added since ``fit``.
    active_ : ndarray of shape (n_items,), dtype=bool
        False for items that were removed.
    popularity_ : ndarray of shape (n_items,), dtype=float32
        Number of training sequences that have each item, which ranks items for an empty history.
    recommenders_ : dict of str to recommender
        The fitted recommenders.
    weights_ : dict of str to tuple of float
        What a recommender's best item adds to its score, on average: for items that have clicks and for others.
    weights_back_ : dict of str to tuple of float
        The same for histories of two different items or more that equal a training sequence: nothing has happened
        since.
    default_strength_ : float
        As how many held-out events the default weights count in those that were learnt. inf where they hold alone, or
        weights are given; 0 where one recommender alone ranks clearly better than all that was learnt.
    cold_bias_ : float
        What is added to the score of items that have no clicks; less once many such items were added.

    Raises
    ------
    ValueError
        In ``fit``, if names are not distinct, the catalogues differ, or `weights` does not match the recommenders.

    Notes
    -----
    Scores of different recommenders do not compare. Weights that are given multiply a score that is divided by the best
    one of the query; weights that are learnt multiply this and, beside it, the score as it is: how sure a recommender
    is of one query beside another counts as far as it helped. They are the most likely ones under a normal distribution
    about `default_weights`, times a scale that is learnt too. `default_weights` count as 20 held-out events; without
    times as 20, 80 or 320, or alone: what has the largest NDCG@10 of the held-out events.

    Recommenders whose embedders have the same parameters share one fitted embedder: each text is embedded once for all.

    Without times, the held-out events are the last ones of each sequence, and of half of those that have two events;
    with times, the first, the middle and the last one of each sequence after the 0.9 quantile of all times. Events of a
    weight of 0 or less are not held out, nor, with ``filter_seen=True``, are those of an item that the sequence has
    already. If fewer than 20 of those with times are of items that had none before, the events of a tenth of the items,
    drawn at random, are hidden from the recommenders while weights are learnt, so that something is learnt of cold
    items. If times tell which items were new, those without any event are no rivals of them: they may have come later,
    and where cold items are more than twice as many as the new ones were, these share the demand that was learnt. With
    fewer than 20 held-out events the weights are `default_weights`. Where one recommender alone has a larger NDCG@10 of
    the held-out events, by more than two standard errors, it has all the weight.

    A history that equals a training sequence is taken for that of a user who comes back, from two different items on:
    new users begin with one item as well. Weights are learnt from such held-out events and from the others apart,
    shrunk towards those of all; they are kept if the NDCG@10 of the held-out events gains more than two standard
    errors. Else all histories have the same ones, and one recommender may lead: weights are learnt about the best of
    the defaults in which one has four times the largest weight, and taken if they gain one and a half standard errors.

    References
    ----------
    .. [1] Gordon V. Cormack, Charles L. A. Clarke, Stefan Büttcher. "Reciprocal Rank Fusion Outperforms Condorcet and
       Individual Rank Learning Methods". SIGIR 2009.

    Examples
    --------
    >>> from sklearn_llmtokens.recommend import Catalog, ContentRecommender, HybridRecommender, TransitionRecommender
    >>> catalog = Catalog(["t1", "t2", "p", "c"], ["green tea", "black tea", "iron pot", "tea cup"])
    >>> parts = [("content", ContentRecommender(catalog)), ("next", TransitionRecommender(catalog))]
    >>> recommender = HybridRecommender(parts, weights={"content": 1, "next": 2}).fit([["t1", "p"], ["t2", "p"]])
    >>> recommender.recommend([["t1"]], k=2)
    array([['p', 'c']], dtype=object)
    >>> recommender.set_params(content__profile="last").get_params()["content__profile"]
    'last'
    """

    _parameter_constraints: dict = {
        "recommenders": [list],
        "weights": [StrOptions({"auto"}), list, tuple, dict, np.ndarray],
        "default_weights": [list, tuple, dict, np.ndarray, None],
        "fusion": [StrOptions({"scores", "ranks"})],
        "cold_item_boost": [Interval(Real, 0, None, closed="neither")],
        "n_validation": [Interval(Integral, 1, None, closed="left")],
        **SHARED_CONSTRAINTS,
    }
    _needs_whole_rows = True

    def __init__(
        self,
        recommenders,
        *,
        weights="auto",
        default_weights=None,
        fusion="scores",
        cold_item_boost=5.0,
        n_validation=2000,
        unknown="error",
        filter_seen=True,
        verbose=0,
    ):
        self.recommenders = recommenders
        self.weights = weights
        self.default_weights = default_weights
        self.fusion = fusion
        self.cold_item_boost = cold_item_boost
        self.n_validation = n_validation
        self.unknown = unknown
        self.filter_seen = filter_seen
        self.verbose = verbose

    @property
    def catalog(self):
        """The catalogue that the recommenders share."""
        return next(iter(self._named().values())).catalog

    def get_params(self, deep=True):
        """Get the parameters, and those of the recommenders as ``name__parameter``.

        Parameters
        ----------
        deep : bool, default=True
            Whether to get the recommenders and their parameters as well.

        Returns
        -------
        dict
            Values by name.
        """
        return self._get_params("recommenders", deep=deep)

    def set_params(self, **params):
        """Set parameters, replace a recommender by its name, or set a parameter of one as ``name__parameter``.

        Parameters
        ----------
        **params : dict
            Values by name.

        Returns
        -------
        HybridRecommender
            The recommender itself.
        """
        self._set_params("recommenders", **params)
        return self

    def _sk_visual_block_(self):
        return parallel_block(self.recommenders)

    def _named(self) -> dict:
        """Return the recommenders that are not dropped, by name."""
        named = self.recommenders
        if not all(isinstance(pair, tuple | list) and len(pair) == 2 for pair in named):
            raise ValueError("recommenders must be a list of pairs (name, recommender).")
        self._validate_names([name for name, _ in named])
        kept = {name: part for name, part in named if not (isinstance(part, str) and part == "drop")}
        if not kept:
            raise ValueError("recommenders is empty: pass at least one pair (name, recommender).")
        for name, part in kept.items():
            if not isinstance(part, BaseRecommender):
                raise TypeError(f"{name!r} is a {type(part).__name__}, not a recommender of this package.")
        return kept

    def _fit(self, sequences: Histories) -> None:
        named = self._named()
        for name, part in named.items():
            if part.catalog != self.catalog_:
                raise ValueError(f"The recommender {name!r} has another catalogue than the first one: they share one.")
        self._has_clicks = is_known(sequences, self.catalog_.n_items)
        self._sequences = KnownSequences.of(sequences)
        self._boost: float | None = None
        learns = isinstance(self.weights, str)
        given = given_weights(self._defaults(named) if learns else self.weights, list(named))
        self._weights = FusionWeights.given(given)
        n_items, n_validation, again = self.catalog_.n_items, int(self.n_validation), not self.filter_seen
        held_out = hold_out(sequences, n_items, n_validation, again=again) if learns else None
        self.recommenders_ = {
            name: self._nested(part)._fit_sequences(held_out.earlier if held_out else sequences, self._embedded, name)
            for name, part in named.items()
        }
        if held_out:
            with self._log.step(f"weights by {len(held_out.target_idx):,} held-out events"):
                self._weights = learn_weights(
                    self._judged(held_out),
                    held_out.is_back,
                    ~held_out.is_known,
                    given,
                    held_out.rng,
                    compares=not held_out.is_cut,
                    filter_seen=self.filter_seen,
                    is_rival=None if held_out.hides_items else self._has_clicks,
                )
            self._boost = float(self.cold_item_boost) if held_out.hides_items else None
            for name, part in self.recommenders_.items():
                with self._log.step(f"{name} on {sequences.summary}"):
                    part._refit_sequences(sequences)
        self.weights_, self.weights_back_ = (dict(zip(named, self._weights.of_best(i), strict=True)) for i in (0, 1))
        self.default_strength_ = self._weights.strength
        self._set_cold_bias()

    def _refit(self, sequences: Histories) -> None:
        for part in self.recommenders_.values():
            part._refit_sequences(sequences)
        self._has_clicks = is_known(sequences, self.catalog_.n_items)
        self._sequences = KnownSequences.of(sequences)
        self._set_cold_bias()

    def _update(self, now: Histories, before: Histories) -> None:
        self.recommenders_ = {name: part._updated(now, before) for name, part in self.recommenders_.items()}
        self._has_clicks = self._has_clicks | is_known(now, self.catalog_.n_items)
        self._sequences = self._sequences.updated(now, before)
        self._set_cold_bias()

    def _defaults(self, named: dict):
        """Return the weights of the recommenders where nothing can be learnt."""
        given = {} if self.default_weights is None else self.default_weights
        if not isinstance(given, dict):
            return given
        unknown = set(given) - {name for name, _ in self.recommenders}
        if unknown:
            raise ValueError(f"default_weights names {min(unknown)!r}, which is none of {list(named)}.")
        return {name: given.get(name, 1.0) for name in named}

    def _judged(self, held_out: HeldOut):
        """Yield held-out queries with the scores that every part gives the whole catalogue, some at a time."""
        for start in range(0, len(held_out.target_idx), QUERIES_AT_ONCE):
            stop = min(start + QUERIES_AT_ONCE, len(held_out.target_idx))
            batch = held_out.queries.rows(start, stop)
            scores, best = zip(*self._parts(batch), strict=True)
            yield batch, held_out.target_idx[start:stop], list(scores), np.stack(best, axis=1)

    def _parts(self, histories: Histories):
        """Return scores of all items and the best one of those not in the history, for each recommender."""
        n_items = self.catalog_.n_items
        n_left_out = len(histories.item_idx) if self.filter_seen else 0
        for part in self.recommenders_.values():
            scores = part._score(part._prepare(histories), slice(0, n_items))
            if self.fusion == "ranks":
                scores = _reciprocal_ranks(scores)
            seen = histories.row_idx[:n_left_out], histories.item_idx[:n_left_out]
            values = scores[seen]
            scores[seen] = 0
            best = np.abs(scores).max(axis=1, initial=0)
            scores[seen] = values
            least = np.full(len(best), _LEAST_SCORE)
            np.maximum.at(least, seen[0], _ROUNDING * np.abs(values))
            yield scores, np.where(best > least, best, np.float32(1))

    def _prepare(self, histories: Histories) -> Histories:
        return histories

    def _score(self, queries: Histories, items) -> np.ndarray:
        cold = np.flatnonzero(~self._has_clicks)
        total = np.zeros((queries.n_histories, self.catalog_.n_items), dtype=np.float32)
        total[:, cold] = self.cold_bias_
        is_back = self._sequences.hold(queries)
        for j, (scores, best) in enumerate(self._parts(queries)):
            factors = self._weights.factors(j, best, is_back)
            of_cold = scores[:, cold] * factors[:, 1:]
            total[:, cold] += of_cold
            scores *= factors[:, :1]
            scores[:, cold] = 0
            total += scores
        return total[:, items]

    def _add(self, idx: np.ndarray) -> None:
        self.recommenders_ = {
            name: part._extended(self.catalog_, idx, self._embedded) for name, part in self.recommenders_.items()
        }
        new = np.zeros(self.catalog_.n_items - len(self._has_clicks), dtype=bool)
        self._has_clicks = np.concatenate([self._has_clicks, new])
        self._set_cold_bias()

    def _set_cold_bias(self) -> None:
        n_cold, n_items = int((~self._has_clicks).sum()), len(self._has_clicks)
        self.cold_bias_ = self._weights.cold_bias_of(self._boost, n_cold, n_items)


def _reciprocal_ranks(scores: np.ndarray) -> np.ndarray:
    """Return ``61 / (60 + rank)`` for scores above 0, and 0 for others; equal scores have the best of their ranks.

    Examples
    --------
    >>> _reciprocal_ranks(np.array([[0.0, 0.5, 0.9, 0.5]], dtype=np.float32))
    array([[0.      , 0.983871, 1.      , 0.983871]], dtype=float32)
    """
    order = np.argsort(-scores, axis=1, kind="stable")
    ordered = np.take_along_axis(scores, order, axis=1)
    places = np.broadcast_to(np.arange(1, scores.shape[1] + 1), scores.shape)
    is_new = np.ones(scores.shape, dtype=bool)
    is_new[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    ranks = np.maximum.accumulate(np.where(is_new, places, 0), axis=1)
    out = np.empty_like(scores)
    np.put_along_axis(out, order, ((_RANK_OFFSET + 1) / (_RANK_OFFSET + ranks)).astype(np.float32), axis=1)
    out[scores <= 0] = 0
    return out
