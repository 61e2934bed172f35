"""What is chosen of late: scores by hand, their half-life, updates, and what a hybrid makes of them."""

from datetime import timedelta

import numpy as np
import pytest

from sklearn_llmtokens.recommend import Catalog, Event, HybridRecommender, Interactions, RecencyRecommender
from tests.recommend.hybrids import make_parts

CATALOG = Catalog(range(6))
ITEMS = [0, 1, 0, 2, 1, 0, 3, 1, 3, 2]
TIMES = [0.0, 1.0, 2.0, 4.0, 7.0, 8.0, 9.0, 10.0, 11.0, 20.0]


def events(items=ITEMS, times=TIMES):
    return Interactions(range(len(items)), items, times)


def by_hand(half_life, items=ITEMS, times=TIMES, n_items=6):
    scores = np.zeros(n_items)
    for item in set(items):
        ages = [max(times) - time for one, time in zip(items, times, strict=True) if one == item]
        fresh = [0.5 ** (age / half_life) for age in ages]
        scores[item] = (np.mean(fresh) + max(fresh)) / 2
    return scores


def test_scores_are_the_mean_and_the_largest_of_how_late_events_are():
    recommender = RecencyRecommender(CATALOG).fit(events())
    assert recommender.half_life_ == pytest.approx(20 - np.quantile(TIMES, 0.93))
    expected = by_hand(recommender.half_life_)
    np.testing.assert_allclose(recommender.recency_, expected, rtol=1e-6)
    np.testing.assert_allclose(recommender.score_items([[0], [3, 4]]), [expected, expected], rtol=1e-6)
    assert recommender.recommend([[0]], k=3).tolist() == [[2, 3, 1]]


def test_the_unit_and_the_origin_of_time_change_nothing():
    expected = RecencyRecommender(CATALOG).fit(events()).recency_
    days = np.datetime64("2026-01-01") + np.array(TIMES).astype("timedelta64[D]")
    np.testing.assert_allclose(RecencyRecommender(CATALOG).fit(events(times=days)).recency_, expected, rtol=1e-5)


def test_events_that_are_not_liked_and_those_of_no_known_time_do_not_count():
    rows = [[Event(one, time=time)] for one, time in zip(ITEMS, TIMES, strict=True)]
    expected = RecencyRecommender(CATALOG).fit(rows)
    rows += [[Event(4, time=30.0, weight=-1.0)], [Event(5)]]
    recommender = RecencyRecommender(CATALOG).fit(rows)
    np.testing.assert_array_equal(recommender.recency_, expected.recency_)
    assert recommender.half_life_ == expected.half_life_


def test_half_lives_are_numbers_and_times():
    days = np.datetime64("2026-01-01") + np.array(TIMES).astype("timedelta64[D]")
    dated = RecencyRecommender(CATALOG, half_life=timedelta(days=4)).fit(events(times=days))
    np.testing.assert_allclose(
        dated.recency_, RecencyRecommender(CATALOG, half_life=4).fit(events()).recency_, rtol=1e-5
    )
    np.testing.assert_allclose(dated.recency_, by_hand(4), rtol=1e-5)
    for wrong in (0, -1.0, timedelta(0)):
        with pytest.raises(ValueError, match="half_life"):
            RecencyRecommender(CATALOG, half_life=wrong).fit(events())


@pytest.mark.parametrize("X", [None, [[0, 1], [2, 3]]])
def test_without_times_nothing_is_late(X):
    recommender = RecencyRecommender(CATALOG).fit(X)
    assert recommender.half_life_ is None
    assert recommender.recency_.tolist() == [0] * 6


@pytest.mark.parametrize("half_life", ["auto", 4.0])
def test_the_first_times_may_come_in_an_update(half_life):
    recommender = RecencyRecommender(CATALOG, half_life=half_life)
    expected = recommender.fit(events()).recency_
    np.testing.assert_allclose(recommender.fit(None).update(events()).recency_, expected, rtol=1e-6)


def test_events_of_one_moment_are_all_late_and_set_no_half_life():
    recommender = RecencyRecommender(CATALOG).fit(events([0, 1, 1], [5.0, 5.0, 5.0]))
    assert recommender.recency_.tolist() == [1, 1, 0, 0, 0, 0]
    assert recommender.half_life_ is None
    recommender.update(events([2], [105.0]))
    assert recommender.half_life_ == pytest.approx(105 - np.quantile([5, 5, 5, 105], 0.93))


@pytest.mark.parametrize("wrong", [Event(0, time=9999.0), Event(0, time=20.0)])
def test_what_an_update_takes_back_is_forgotten(wrong):
    recommender = RecencyRecommender(CATALOG, half_life=4.0).fit(events())
    recommender.update([[wrong]]).update([[Event(4, time=12.0)]], before=[[wrong]])
    np.testing.assert_allclose(recommender.recency_, by_hand(4, [*ITEMS, 4], [*TIMES, 12.0]), rtol=1e-6)
    recommender.update([[Event(4, time=12.0, weight=-1.0)]], before=[[Event(4, time=12.0)]])  # changed their mind
    np.testing.assert_allclose(recommender.recency_, by_hand(4), rtol=1e-6)


def test_one_date_in_the_far_future_does_not_make_all_others_old():
    items, times = np.arange(3000) % 6, np.arange(3000.0)
    expected = RecencyRecommender(CATALOG).fit(events(items, times))
    recommender = RecencyRecommender(CATALOG).fit(events([*items, 5], [*times, 1e6]))
    assert recommender.half_life_ == pytest.approx(expected.half_life_, rel=0.05)
    np.testing.assert_allclose(recommender.recency_, expected.recency_, rtol=0.02)


def test_an_update_learns_what_a_fit_with_the_same_half_life_learns():
    users = [0, 1, 0, 2, 1, 0, 3, 1, 3, 2]
    old = np.arange(10) < 7
    table = [np.array(one) for one in (users, ITEMS, TIMES)]
    recommender = RecencyRecommender(CATALOG).fit(Interactions(*(one[old] for one in table)))
    recommender.add_items([6]).update(
        Interactions([*users, 9], [*ITEMS, 6], [*TIMES, 21.0]), before=Interactions(*(one[old] for one in table))
    )
    expected = by_hand(recommender.half_life_, [*ITEMS, 6], [*TIMES, 21.0], n_items=7)
    np.testing.assert_allclose(recommender.recency_, expected, rtol=1e-6)
    assert recommender.recency_[6] == 1


def test_where_only_what_is_late_can_be_learnt_it_has_all_the_weight(catalog):
    """Eleven items at a time are chosen at random, and never again."""
    rng, rows = np.random.default_rng(0), []
    for user in range(600):
        items = user // 12 + rng.permutation(11)[:3]
        rows.append([Event(f"i{item}", time=user + k / 10) for k, item in enumerate(items)])
    parts = [*make_parts(catalog), ("recency", RecencyRecommender(catalog))]
    hybrid = HybridRecommender(parts).fit(rows)
    assert [name for name, weight in hybrid.weights_.items() if weight[0] > 0] == ["recency"]
    best = hybrid.recommend([["i3"], ["i20", "i9"]], k=5)
    assert set(best.ravel()) <= {f"i{i}" for i in range(49, 60)}
