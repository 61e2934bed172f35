"""Each check of recommenders notices a recommender that breaks it."""

import numpy as np
import pytest
from sklearn.base import clone

from sklearn_llmtokens.recommend import Catalog, ContentRecommender, ItemKNNRecommender
from sklearn_llmtokens.testing import check_recommender, recommender_checks

IDS = [f"i{i}" for i in range(10)]
CATALOG = Catalog(IDS, [f"word{i} word{i % 3}" for i in range(10)])
RNG = np.random.default_rng(0)
ROWS = [[IDS[j] for j in RNG.choice(9, 4, replace=False)] for _ in range(12)]
X, Y = [row[:-1] for row in ROWS], [row[-1] for row in ROWS]


class CopiesCatalog(ItemKNNRecommender):
    def __sklearn_clone__(self):
        copy = ItemKNNRecommender.__new__(type(self))
        copy.__init__(Catalog(self.catalog.ids, self.catalog.texts()))
        return copy


class ChangesParameter(ItemKNNRecommender):
    def fit(self, X, y=None):
        super().fit(X, y)
        self.n_neighbors = self.n_neighbors + 1
        return self


class LosesScoresInPickle(ItemKNNRecommender):
    def __getstate__(self):
        state = super().__getstate__().copy()
        state.pop("_item_weights", None)
        return state

    def _prepare(self, histories):
        return super()._prepare(histories) if hasattr(self, "_item_weights") else histories

    def _score(self, queries, items):
        if hasattr(self, "_item_weights"):
            return super()._score(queries, items)
        return np.zeros((queries.n_histories, len(self.popularity_[items])), dtype=np.float32)


class WritesToItsArrays(ItemKNNRecommender):
    def remove_items(self, ids):
        self.active_[self.catalog_.index_of(ids)] = False
        return self


class Drifts(ItemKNNRecommender):
    def _fit(self, sequences):
        super()._fit(sequences)
        self._n_fits = getattr(self, "_n_fits", 0) + 1
        self._item_weights.weights = self._item_weights.weights * np.float32(self._n_fits)


class RemembersRemovals(ItemKNNRecommender):
    def _fit(self, sequences):
        super()._fit(sequences)
        self.active_ &= ~getattr(self, "_gone", np.zeros(len(IDS), dtype=bool))

    def remove_items(self, ids):
        super().remove_items(ids)
        self._gone = ~self.active_
        return self


class CountsCalls(ItemKNNRecommender):
    def _prepare(self, histories):
        self.n_calls_ = getattr(self, "n_calls_", 0) + 1
        return super()._prepare(histories)


class ScoresAboveOne(ItemKNNRecommender):
    def score(self, X, y):
        return 2.0


class NotShort(ItemKNNRecommender):
    def recommend(self, X, k=10, **kwargs):
        found = super().recommend(X, min(k, len(IDS)), **kwargs)
        return found


class BreaksTiesBackwards(ItemKNNRecommender):
    def recommend(self, X, k=10, *, filter_seen=True, **kwargs):
        if kwargs:
            return super().recommend(X, k, filter_seen=filter_seen, **kwargs)
        scores = self.score_items(X)
        order = np.argsort(-scores[:, ::-1], axis=1, kind="stable")
        return self.catalog_.ids[scores.shape[1] - 1 - order[:, :k]]


class LooksAtTheNeighbour(ItemKNNRecommender):
    def _score(self, queries, items):
        scores = super()._score(queries, items)
        return scores + np.float32(0.5) * scores[[0] * len(scores)]


class EmptyIsZero(ItemKNNRecommender):
    def score_items(self, X):
        return super().score_items(X) * (np.array([len(row) for row in X])[:, None] > 0)

    def recommend(self, X, k=10, **kwargs):
        if not all(len(row) for row in X):
            return np.full((len(X), k), None, dtype=object)
        return super().recommend(X, k, **kwargs)


class IgnoresCandidates(ItemKNNRecommender):
    def recommend(self, X, k=10, *, candidates=None, **kwargs):
        return super().recommend(X, k, **kwargs)


class IgnoresExclude(ItemKNNRecommender):
    def recommend(self, X, k=10, *, exclude=None, **kwargs):
        return super().recommend(X, k, **kwargs)


class ExplainsTooMuch(ItemKNNRecommender):
    def _contributions(self, histories, item_idx):
        return super()._contributions(histories, item_idx) + 0.1


class SkipsUnknownIds(ItemKNNRecommender):
    def _read(self, X):
        known = set(self.catalog_.ids)
        return super()._read([[one for one in row if one in known] for row in X])


class CountsRows(ItemKNNRecommender):
    def _training_sequences(self, X, y, groups=None):
        return super()._training_sequences([[*row, item] for row, item in zip(X, y, strict=True)], None)


class KeepsRemoved(ItemKNNRecommender):
    def remove_items(self, ids):
        self.catalog_.index_of(ids)
        return self


class AddsLater(ItemKNNRecommender):
    def add_items(self, ids, texts=None, features=None):
        super().add_items(ids, texts, features)
        return self.remove_items(ids)


class ShareOfTheLargest(ContentRecommender):
    def _prepare(self, histories):
        return super()._prepare(histories)

    def _score(self, queries, items):
        return super()._score(queries, items) / np.float32(self.catalog_.n_items)


class SimilarIsItself(ItemKNNRecommender):
    def similar_items(self, ids, k=10):
        return np.repeat(np.asarray(ids, dtype=object)[:, None], k, axis=1)


class FitsInPlace(ItemKNNRecommender):
    def fit(self, X, y=None):
        self.catalog_ = self.catalog
        return super().fit(X, y)


class RefitsTheOldCatalogue(ItemKNNRecommender):
    def refit(self, X, y=None):
        return self.set_params(unknown="ignore").fit(X, y)


class UpdatesNothing(ItemKNNRecommender):
    def update_items(self, ids, texts=None, features=None):
        return self


class LosesIgnoredEvents(ItemKNNRecommender):
    def explain(self, X, items):
        known = set(self.catalog_.ids.tolist())
        return super().explain([[one for one in row if one in known] for row in X], items)


class RefusesPadding(ItemKNNRecommender):
    def recommend(self, X, k=10, *, exclude=None, **kwargs):
        if exclude is not None and any(None in list(row) for row in exclude):
            raise ValueError("None is no id")
        return super().recommend(X, k, exclude=exclude, **kwargs)


class AlwaysFilters(ItemKNNRecommender):
    def recommend(self, X, k=10, *, filter_seen=True, **kwargs):
        return super().recommend(X, k, filter_seen=filter_seen, **kwargs)


BROKEN = {
    "check_recommender_failed_fit": FitsInPlace,
    "check_recommender_refit": RefitsTheOldCatalogue,
    "check_update_items": UpdatesNothing,
    "check_unknown_ids_ignored": LosesIgnoredEvents,
    "check_lists_can_be_passed_back": RefusesPadding,
    "check_filter_seen": AlwaysFilters,
    "check_recommender_clone": CopiesCatalog,
    "check_recommender_fit_leaves_params": ChangesParameter,
    "check_recommender_pickle": LosesScoresInPickle,
    "check_recommender_memmap": WritesToItsArrays,
    "check_recommender_fit_idempotent": Drifts,
    "check_recommender_forgets": RemembersRemovals,
    "check_recommender_calls_leave_state": CountsCalls,
    "check_recommender_cross_validation": ScoresAboveOne,
    "check_recommend_agrees_with_scores": BreaksTiesBackwards,
    "check_recommend_order_invariance": LooksAtTheNeighbour,
    "check_recommend_subset_invariance": LooksAtTheNeighbour,
    "check_recommend_empty_history": EmptyIsZero,
    "check_recommend_short_rows": NotShort,
    "check_recommend_candidates": IgnoresCandidates,
    "check_recommend_exclude": IgnoresExclude,
    "check_explain_adds_up": ExplainsTooMuch,
    "check_unknown_id_refused": SkipsUnknownIds,
    "check_growing_histories_count_once": CountsRows,
    "check_remove_items": KeepsRemoved,
    "check_add_items": AddsLater,
    "check_add_items_leaves_scores": ShareOfTheLargest,
    "check_similar_items": SimilarIsItself,
}


def run(recommender, name):
    checks = {check.func.__name__: check for _, check in recommender_checks(recommender, X, Y)}
    checks[name](recommender)


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_recommender_is_noticed(name):
    run(ItemKNNRecommender(CATALOG) if BROKEN[name] is not ShareOfTheLargest else ContentRecommender(CATALOG), name)
    with pytest.raises(AssertionError):
        run(BROKEN[name](CATALOG), name)


def test_each_check_but_four_has_a_broken_recommender():
    names = {check.func.__name__ for _, check in recommender_checks(ItemKNNRecommender(CATALOG), X, Y)}
    assert names - set(BROKEN) == {
        "check_recommender_search",
        "check_recommend_form",
        "check_recommend_containers",
        "check_recommend_as_frame",
    }


def test_all_at_once():
    recommender = ItemKNNRecommender(CATALOG)
    check_recommender(recommender, X, Y)
    assert not hasattr(recommender, "catalog_")
    assert not hasattr(clone(recommender), "catalog_")
    with pytest.raises(AssertionError, match="CountsCalls"):
        check_recommender(CountsCalls(CATALOG), X, Y)
