"""New events in a fitted recommender: what a fit on everything learns, without a fit."""

import numpy as np
import pytest
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline

from sklearn_llmtokens.recommend import (
    BaseRecommender,
    Catalog,
    ContentRecommender,
    EASERecommender,
    HybridRecommender,
    Interactions,
    ItemKNNRecommender,
    PopularityRecommender,
    RecencyRecommender,
    SequenceKNNRecommender,
    TransitionRecommender,
)

N_ITEMS = 30
TITLES = [f"{['tea', 'pot', 'cup', 'novel', 'lamp'][i % 5]} number {i % 7}" for i in range(N_ITEMS)]
CATALOG = Catalog(list(range(N_ITEMS)), TITLES)
RNG = np.random.default_rng(5)
USER = np.repeat(np.arange(60), 6)
ITEM = RNG.integers(0, N_ITEMS, len(USER))
TIME = np.tile(np.arange(6.0), 60) * 10 + np.repeat(np.arange(60) % 7, 6)
DENSE = make_pipeline(TfidfVectorizer(), TruncatedSVD(4, random_state=0))
QUERIES = [[i, (i + 3) % N_ITEMS] for i in range(N_ITEMS)]

RECOMMENDERS = {
    "neighbours of sequences": SequenceKNNRecommender(CATALOG),
    "popularity": PopularityRecommender(CATALOG),
    "popularity of late": PopularityRecommender(CATALOG, window=15.0),
    "recency": RecencyRecommender(CATALOG, half_life=15.0),
    "content": ContentRecommender(CATALOG),
    "item kNN": ItemKNNRecommender(CATALOG, n_neighbors=5),
    "EASE": EASERecommender(CATALOG, l2=5.0),
    "EASE, items again": EASERecommender(CATALOG, l2=5.0, filter_seen=False),
    "transitions": TransitionRecommender(CATALOG),
    "ridge": TransitionRecommender(CATALOG, method="ridge", l2=5.0),
    "ridge of late": TransitionRecommender(CATALOG, method="ridge", l2=5.0, half_life=1e4),
    "ridge with a prior": TransitionRecommender(CATALOG, method="ridge", l2=5.0, prior=DENSE),
    "hybrid": HybridRecommender(
        [("ease", EASERecommender(CATALOG)), ("late", PopularityRecommender(CATALOG, window=15.0))], weights=[1, 0.5]
    ),
}
APPROXIMATE = {
    "EASE, sparse": EASERecommender(CATALOG, l2=5.0, max_dense_items=5, n_neighbors=6),
    "EASE, sparse, items again": EASERecommender(CATALOG, l2=5.0, max_dense_items=5, n_neighbors=6, filter_seen=False),
    "ridge, sparse": TransitionRecommender(CATALOG, method="ridge", l2=5.0, max_dense_items=5, n_neighbors=6),
    "ridge, sparse, with a prior": TransitionRecommender(
        CATALOG, method="ridge", l2=5.0, max_dense_items=5, n_neighbors=6, prior=DENSE
    ),
}


def table(kept):
    return Interactions(USER[kept], ITEM[kept], TIME[kept])


IS_NEW = (TIME >= 50) & (USER % 4 == 0)
ACTIVE = np.isin(USER, USER[IS_NEW])


@pytest.mark.parametrize("name", RECOMMENDERS)
def test_an_update_learns_what_a_fit_on_everything_learns(name):
    recommender = RECOMMENDERS[name]
    expected = recommender.fit(table(np.ones(len(USER), bool))).score_items(QUERIES)
    recommender.fit(table(~IS_NEW)).update(table(ACTIVE), before=table(ACTIVE & ~IS_NEW))
    np.testing.assert_allclose(recommender.score_items(QUERIES), expected, atol=1e-5, rtol=1e-4)
    np.testing.assert_array_equal(recommender.popularity_, recommender.fit(table(np.ones(len(USER), bool))).popularity_)


@pytest.mark.parametrize("name", APPROXIMATE)
def test_an_approximate_model_is_near_to_that_of_a_fit(name):
    recommender = APPROXIMATE[name]
    recommender.fit(table(np.ones(len(USER), bool)))
    expected = recommender.score_items(QUERIES)
    before = recommender.fit(table(~IS_NEW)).score_items(QUERIES)
    recommender.update(table(ACTIVE), before=table(ACTIVE & ~IS_NEW))
    difference = np.abs(recommender.score_items(QUERIES) - expected).max()
    assert difference <= 0.05 * np.abs(expected).max()
    assert difference < 0.3 * np.abs(before - expected).max()


def test_users_and_items_that_are_new():
    recommender = TransitionRecommender(CATALOG, method="ridge", l2=1.0, prior=TfidfVectorizer(), prior_strength=0.1)
    recommender.fit(table(np.ones(len(USER), bool)))
    recommender.add_items([99], ["brass kettle"])
    recommender.update([[3, 99]] * 5)
    assert recommender.predict([[3]]).tolist() == [99]
    assert recommender.popularity_[-1] == 5


@pytest.mark.parametrize("name", RECOMMENDERS)
def test_no_new_event_changes_nothing(name):
    recommender = RECOMMENDERS[name].fit(table(~IS_NEW))
    before = recommender.score_items(QUERIES)
    for nobody in ({"X": []}, {"X": [], "before": []}, {"X": iter([]), "before": np.empty(0, dtype=object)}):
        np.testing.assert_array_equal(recommender.update(**nobody).score_items(QUERIES), before)


def test_what_is_not_in_the_catalogue_leaves_it_as_it_was():
    recommender = EASERecommender(CATALOG).fit(table(~IS_NEW))
    before = recommender.score_items(QUERIES)
    with pytest.raises(ValueError, match="777"):
        recommender.update([[1, 777]])
    np.testing.assert_array_equal(recommender.score_items(QUERIES), before)


def test_a_recommender_of_its_own_says_that_it_has_no_update():
    class Own(BaseRecommender):
        def _fit(self, sequences):
            """Learn nothing."""

    with pytest.raises(NotImplementedError, match="Own has no update: use refit"):
        Own(CATALOG).fit([[1, 2]]).update([[1, 2]])


def test_the_window_moves_with_the_latest_event():
    recommender = PopularityRecommender(CATALOG, window=5.0)
    recommender.fit(Interactions(["u", "v"], [1, 2], [10.0, 20.0]))
    assert recommender.since_ == 15.0
    recommender.update(Interactions(["w", "w"], [3, 3], [30.0, 31.0]))
    assert recommender.since_ == 26.0
    assert np.flatnonzero(recommender.popularity_).tolist() == [3]
    assert recommender.popularity_[3] == 2


@pytest.mark.parametrize("name", APPROXIMATE)
def test_small_updates_one_after_the_other_do_not_drift(name):
    recommender = APPROXIMATE[name]
    expected = recommender.fit(table(np.ones(len(USER), bool))).score_items(QUERIES)
    recommender.fit(table(~IS_NEW))
    for user in np.unique(USER[IS_NEW]):
        own = user == USER
        recommender.update(table(own), before=table(own & ~IS_NEW) if (own & ~IS_NEW).any() else None)
    assert np.abs(recommender.score_items(QUERIES) - expected).max() <= 0.1 * np.abs(expected).max()
