"""What every recommender shares: who is served what, in chunks, with state that holds."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import GridSearchCV, cross_val_score

from sklearn_llmtokens.recommend import (
    BaseRecommender,
    Catalog,
    ContentRecommender,
    EASERecommender,
    ItemKNNRecommender,
    PopularityRecommender,
    SequenceKNNRecommender,
    TransitionRecommender,
)
from tests.inside import set_ranking_chunks

N_ITEMS = 50
RNG = np.random.default_rng(0)
CATALOG = Catalog([f"i{i}" for i in range(N_ITEMS)], [f"w{i % 7} w{i % 5} w{i}" for i in range(N_ITEMS)])
SEQUENCES = [[f"i{j}" for j in RNG.integers(0, N_ITEMS - 5, RNG.integers(3, 9))] for _ in range(120)]
X, Y = [row[:-1] for row in SEQUENCES], [row[-1] for row in SEQUENCES]
CLASSES = [
    ContentRecommender,
    EASERecommender,
    ItemKNNRecommender,
    PopularityRecommender,
    SequenceKNNRecommender,
    TransitionRecommender,
]


@pytest.fixture(params=CLASSES, ids=lambda cls: cls.__name__)
def recommender(request):
    return request.param(CATALOG).fit(X, Y)


def test_chunks_of_items_and_queries_give_what_one_chunk_gives(recommender, monkeypatch):
    scores, items = recommender.score_items(X), recommender.recommend(X, 7)
    few = recommender.recommend(X, 7, candidates=[f"i{j}" for j in range(0, N_ITEMS, 2)], exclude=["i4"])
    set_ranking_chunks(monkeypatch, n_items=8, n_scores=50)
    np.testing.assert_allclose(recommender.score_items(X), scores, atol=1e-6)
    assert (recommender.recommend(X, 7) == items).all()
    again = recommender.recommend(X, 7, candidates=[f"i{j}" for j in range(0, N_ITEMS, 2)], exclude=["i4"])
    assert (again == few).all()


def test_no_chunk_is_larger_than_the_bound(recommender, monkeypatch):
    set_ranking_chunks(monkeypatch, n_items=8, n_scores=64)
    sizes = []
    score = type(recommender)._score

    def spy(self, queries, items):
        found = score(self, queries, items)
        sizes.append(found.size)
        return found

    monkeypatch.setattr(type(recommender), "_score", spy)
    recommender.recommend(X)
    assert max(sizes) <= 64


def test_popularity_is_counted_in_sequences(recommender):
    counts = np.zeros(N_ITEMS)
    for row in SEQUENCES:
        counts[CATALOG.index_of(list(set(row)))] += 1
    np.testing.assert_array_equal(recommender.popularity_, counts)


def test_what_is_disliked_is_not_popular(recommender):
    recommender.fit([[("i1", -1.0), ("i2", 1.0)], [("i1", -3.0), ("i2", 0.0), ("i3", 1.0)], ["i3", "i2"]])
    assert recommender.popularity_[:5].tolist() == [0, 0, 2, 2, 0]
    assert set(recommender.recommend([[]], k=2)[0]) == {"i2", "i3"}


def test_weights_and_times_in_histories(recommender):
    plain = recommender.score_items([["i1", "i2"]])
    np.testing.assert_allclose(recommender.score_items([[("i1", 1, 5.0), ("i2", 1, 6.0)]]), plain, atol=1e-6)
    assert np.isfinite(recommender.score_items([[("i1", -1.0), ("i2", 0.5)]])).all()


def test_a_recommender_that_is_not_fitted_says_so():
    recommender = PopularityRecommender(CATALOG)
    calls = (
        lambda: recommender.recommend([[]]),
        lambda: recommender.score_items([[]]),
        lambda: recommender.add_items(["x"], ["y"]),
        lambda: recommender.remove_items(["i1"]),
        lambda: recommender.similar_items(["i1"]),
        lambda: recommender.explain([[]], ["i1"]),
    )
    for call in calls:
        with pytest.raises(NotFittedError):
            call()


def test_candidates_may_differ_in_length_and_be_repeated(recommender):
    found = recommender.recommend([["i1"], ["i2"]], 3, candidates=[["i9", "i9", "i8"], []])
    assert sorted(found[0, :2].tolist()) == ["i8", "i9"]
    assert found[0, 2] is None
    assert found[1].tolist() == [None] * 3


@pytest.mark.parametrize("name", ["candidates", "exclude"])
@pytest.mark.parametrize("value", ["i1", {"i1": 1}, {"i1"}, [{"i1": 1}]])
def test_candidates_and_exclusions_are_lists(name, value):
    recommender = PopularityRecommender(CATALOG).fit(X, Y)
    with pytest.raises(TypeError, match=rf"^{name}(\[0\])? is a (str|dict|set).*pass a list"):
        recommender.recommend([["i2"]], **{name: value})


def test_candidates_may_be_generators():
    recommender = PopularityRecommender(CATALOG).fit(X, Y)
    found = recommender.recommend([["i1"], ["i2"]], 1, candidates=([f"i{j}"] for j in (8, 9)))
    assert found.tolist() == [["i8"], ["i9"]]


def test_candidates_that_were_removed_or_seen_are_not_given(recommender):
    recommender.remove_items(["i9"])
    assert recommender.recommend([["i1"]], 3, candidates=["i9", "i1", "i8"]).tolist() == [["i8", None, None]]
    found = recommender.recommend([["i1"]], 3, candidates=["i9", "i1", "i8"], filter_seen=False)
    assert sorted(found[0, :2].tolist()) == ["i1", "i8"]


def test_explain_of_a_list_with_gaps(recommender):
    items, scores = recommender.recommend([["i1", "i2"], ["i3"]], 3, candidates=["i5", "i6"], return_scores=True)
    for share, row in zip(recommender.explain([["i1", "i2"], ["i3"]], items), scores, strict=True):
        np.testing.assert_allclose(share[:, :2].sum(axis=0), row[:2], atol=1e-5)
        assert np.isnan(share[:, 2]).all()
    with pytest.raises(ValueError, match=r"items has the shape \(1,\)"):
        recommender.explain([["i1"], ["i2"]], ["i3"])
    assert recommender.explain([], []) == []


def test_add_and_remove_change_what_was_fitted_and_not_the_parameters(recommender):
    copy = clone(recommender)
    active = recommender.active_
    recommender.remove_items(["i1"]).add_items(["new"], ["w1 w2"])
    assert recommender.catalog is CATALOG
    assert CATALOG.n_items == N_ITEMS
    assert active.all()
    assert len(recommender.active_) == len(recommender.popularity_) == N_ITEMS + 1
    assert copy.fit(X, Y).catalog_.n_items == N_ITEMS
    assert recommender.add_items([], []).add_items([]).catalog_.n_items == N_ITEMS + 1


def test_adding_is_all_or_nothing(recommender):
    with pytest.raises(ValueError, match=r"ids\[1\] is 'i3', which is in the catalogue already"):
        recommender.add_items(["new", "i3"], ["a", "b"])
    with pytest.raises(ValueError, match="pass the texts"):
        recommender.add_items(["new"])
    assert recommender.catalog_ is CATALOG


def test_many_small_additions(recommender):
    for i in range(30):
        recommender.add_items([f"n{i}", f"m{i}"], [f"w{i}", "w1"])
    assert recommender.catalog_.n_items == N_ITEMS + 60
    found = recommender.recommend([["n3", "i1", "m29"]], N_ITEMS + 60)[0].tolist()
    assert {f"n{i}" for i in range(30) if i != 3} < set(found)


def test_a_search_over_the_embedder_of_a_recommender():
    recommender = ContentRecommender(CATALOG, embedder=TfidfVectorizer())
    grid = {"embedder": [TfidfVectorizer(), TfidfVectorizer(analyzer="char")], "embedder__sublinear_tf": [True, False]}
    search = GridSearchCV(recommender, grid, cv=2, error_score="raise").fit(X, Y)
    assert search.best_estimator_.embedder_.sublinear_tf in (True, False)
    assert cross_val_score(recommender, X, Y, cv=3).shape == (3,)


def test_workers_get_the_catalogue():
    search = GridSearchCV(EASERecommender(CATALOG), {"l2": [1.0, 10.0]}, cv=2, n_jobs=2, error_score="raise").fit(X, Y)
    assert search.best_estimator_.catalog_ is CATALOG


def test_a_recommender_of_ones_own_needs_four_hooks():
    class Newest(BaseRecommender):
        """Recommend the end of the catalogue."""

        def _fit(self, sequences):
            pass

        def _prepare(self, histories):
            return histories.n_histories

        def _score(self, queries, items):
            return np.tile(np.arange(self.catalog_.n_items, dtype=np.float32)[items], (queries, 1))

        def _contributions(self, histories, item_idx):
            return (item_idx / np.maximum(histories.lengths, 1))[histories.row_idx]

    recommender = Newest(CATALOG).fit(None)
    assert recommender.predict([["i49"], ["i1"]]).tolist() == ["i48", "i49"]
    assert recommender.explain([["i1", "i2"]], ["i10"])[0].tolist() == [5, 5]
