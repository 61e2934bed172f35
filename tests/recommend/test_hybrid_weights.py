"""Weights of a hybrid: given, learnt from the latest events, of new items, and of who comes back."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import FunctionTransformer

from sklearn_llmtokens.recommend import (
    Catalog,
    ContentRecommender,
    EASERecommender,
    Event,
    HybridRecommender,
    PopularityRecommender,
    TransitionRecommender,
)
from tests.recommend.hybrids import N_ITEMS, make_histories, make_parts

HIT = "i7"
CAME_BACK = slice(304, 308)


def largest_unseen(scores, histories, catalog):
    scores = scores.copy()
    for row, history in zip(scores, histories, strict=True):
        row[catalog.index_of(history)] = 0
    return np.abs(scores).max(axis=1, keepdims=True)


def test_given_weights_sum_scores_divided_by_the_best_of_the_query(catalog):
    histories, queries = make_histories(80), make_histories(7, seed=1)
    weights = [2.0, 1.0, 0.3]
    hybrid = HybridRecommender(make_parts(catalog), weights=weights).fit(histories)
    expected = 0
    for weight, (_, part) in zip(weights, make_parts(catalog), strict=True):
        scores = part.fit(histories).score_items(queries)
        expected = expected + weight * scores / largest_unseen(scores, queries, catalog)
    np.testing.assert_allclose(hybrid.score_items(queries), expected, rtol=1e-5, atol=1e-6)


def test_default_weights_hold_where_there_is_too_little_to_learn_from(catalog):
    few, queries = make_histories(3), make_histories(7, seed=1)
    given = HybridRecommender(make_parts(catalog), weights={"content": 0, "ease": 1, "next": 1}).fit(few)
    by_name = HybridRecommender(make_parts(catalog), default_weights={"content": 0}).fit(few)
    in_order = HybridRecommender(make_parts(catalog), default_weights=[0, 1, 1]).fit(few)
    np.testing.assert_array_equal(by_name.score_items(queries), given.score_items(queries))
    np.testing.assert_array_equal(in_order.score_items(queries), given.score_items(queries))
    assert not np.array_equal(
        HybridRecommender(make_parts(catalog)).fit(few).score_items(queries), given.score_items(queries)
    )


def test_learnt_weights_are_shrunk_towards_the_default_ones(catalog):
    histories = make_histories(200)
    learnt = HybridRecommender(make_parts(catalog)).fit(histories).weights_
    without = HybridRecommender(make_parts(catalog), default_weights={"content": 0}).fit(histories).weights_
    assert without["content"][0] < learnt["content"][0]


def test_default_weights_may_name_a_part_that_is_dropped_and_no_other(catalog):
    hybrid = HybridRecommender(make_parts(catalog), default_weights={"content": 0})
    clone(hybrid).set_params(content="drop").fit(make_histories(3))
    with pytest.raises(ValueError, match="default_weights names 'contents'"):
        hybrid.set_params(default_weights={"contents": 0}).fit(make_histories(3))


def test_a_dict_gives_weights_by_name(catalog):
    histories, queries = make_histories(40), make_histories(5, seed=1)
    as_list = HybridRecommender(make_parts(catalog), weights=[1, 2, 3]).fit(histories)
    as_dict = HybridRecommender(make_parts(catalog), weights={"next": 3, "content": 1, "ease": 2}).fit(histories)
    np.testing.assert_array_equal(as_list.score_items(queries), as_dict.score_items(queries))


def test_a_pair_weighs_warm_and_cold_items(catalog):
    histories = [[item for item in history if item != "i7"] for history in make_histories(60)]
    queries = [["i1"], ["i13", "i2"]]
    parts = [("content", ContentRecommender(catalog, embedder=TfidfVectorizer())), ("ease", EASERecommender(catalog))]
    both = HybridRecommender(parts, weights=[(0, 1), (1, 1)]).fit(histories).score_items(queries)
    warm = HybridRecommender(parts, weights=[0, 1]).fit(histories).score_items(queries)
    cold = HybridRecommender(parts, weights=[1, 1]).fit(histories).score_items(queries)
    np.testing.assert_allclose(np.delete(both, 7, axis=1), np.delete(warm, 7, axis=1), atol=1e-6)
    np.testing.assert_allclose(both[:, 7], cold[:, 7], atol=1e-6)


def test_learnt_weights_favour_what_predicts(catalog):
    follows = HybridRecommender(make_parts(catalog)).fit(make_histories(300))
    assert follows.weights_["next"][0] > follows.weights_["content"][0]
    alike = HybridRecommender(make_parts(catalog)[::2]).fit(make_histories(300, followed_by_next=False))
    content, following = alike.weights_["content"][0], alike.weights_["next"][0]
    assert content / following > 1.05 * follows.weights_["content"][0] / follows.weights_["next"][0]


def test_learnt_weights_rank_better_than_the_worst_part(catalog):
    train, test = make_histories(300), make_histories(50, seed=2)
    X, y = [history[:-1] for history in test], [history[-1] for history in test]
    scores = {name: part.fit(train).score(X, y) for name, part in make_parts(catalog)}
    assert HybridRecommender(make_parts(catalog)).fit(train).score(X, y) > min(scores.values()) + 0.05


def test_cold_items_are_found_by_their_content(catalog):
    histories = [[item for item in history if item != "i13"] for history in make_histories(300)]
    hybrid = HybridRecommender(make_parts(catalog)).fit([history for history in histories if history])
    assert hybrid.popularity_[13] == 0
    assert hybrid.weights_["content"][1] > 0
    assert hybrid.score_items([["i49"]])[0, 13] > np.median(hybrid.score_items([["i49"]])[0])


def cold_share_of_lists(hybrid, queries):
    lists = hybrid.recommend(queries, k=10)
    return (hybrid.popularity_[hybrid.catalog_.index_of(lists.ravel())] == 0).mean()


def test_many_items_without_clicks_are_not_raised_above_their_share(catalog):
    hidden = {f"i{i}" for i in range(0, N_ITEMS, 10)}
    histories = [[item for item in history if item not in hidden] for history in make_histories(300)]
    histories, queries = [one for one in histories if one], make_histories(50, seed=1)
    as_it_comes = HybridRecommender(make_parts(catalog)).fit(histories)
    plain = HybridRecommender(make_parts(catalog), cold_item_boost=1).fit(histories)
    assert as_it_comes.cold_bias_ == plain.cold_bias_
    few = HybridRecommender(make_parts(catalog), cold_item_boost=0.2).fit(histories)
    assert few.cold_bias_ == pytest.approx(plain.cold_bias_ + np.log(0.2))
    assert cold_share_of_lists(few, queries) <= cold_share_of_lists(plain, queries)


def test_items_without_clicks_count_as_new_until_there_are_many(catalog):
    hybrid = HybridRecommender(make_parts(catalog), cold_item_boost=5).fit(make_histories(300))
    assert (hybrid.popularity_ > 0).all()
    plain = HybridRecommender(make_parts(catalog), cold_item_boost=1).fit(make_histories(300))
    assert hybrid.cold_bias_ == pytest.approx(plain.cold_bias_ + np.log(5))
    hybrid.add_items(["new0"], ["tea pot"])
    assert hybrid.cold_bias_ == pytest.approx(plain.cold_bias_ + np.log(60 * 0.05 / 0.95))
    hybrid.add_items([f"new{i}" for i in range(1, 20)], ["tea pot"] * 19)
    assert hybrid.cold_bias_ == plain.cold_bias_


def test_rows_of_history_and_target_teach_as_whole_histories_do(catalog):
    rng = np.random.default_rng(0)
    histories = [[f"i{i}" for i in rng.permutation(N_ITEMS)[:5]] for _ in range(100)]
    whole = HybridRecommender(make_parts(catalog)).fit(histories)
    split = HybridRecommender(make_parts(catalog)).fit([one[:-1] for one in histories], [one[-1] for one in histories])
    assert whole.weights_ == split.weights_


def test_times_decide_what_is_held_out(catalog):
    histories = make_histories(200)
    timed = [[Event(item, time=float(100 * i + j)) for j, item in enumerate(one)] for i, one in enumerate(histories)]
    plain = HybridRecommender(make_parts(catalog)).fit(histories)
    with_times = HybridRecommender(make_parts(catalog)).fit(timed)
    assert set(with_times.weights_) == set(plain.weights_)
    assert np.isfinite(list(with_times.weights_.values())).all()


@pytest.mark.parametrize("X", [None, [["i1", "i2"]], [["i1"]] * 30, [[]]])
def test_too_little_to_learn_from_gives_equal_weights(hybrid, X):
    hybrid.fit(X)
    assert set(hybrid.weights_.values()) == {(1.0, 1.0)}
    assert hybrid.recommend([["i1"]], k=3).shape == (1, 3)


def test_sequences_of_two_events_are_learnt_from(catalog):
    histories = [[f"i{i % N_ITEMS}", f"i{(7 * i + 5) % N_ITEMS}"] for i in range(600)]
    parts = [("content", ContentRecommender(catalog)), ("ease", EASERecommender(catalog, l2=1.0))]
    hybrid = HybridRecommender(parts).fit(histories)
    assert hybrid.weights_["ease"][0] > hybrid.weights_["content"][0]
    assert hybrid.score([row[:1] for row in histories], [row[1] for row in histories]) > 0.7


def test_an_item_that_all_dislike_comes_last_and_is_not_taken_for_new(catalog):
    histories = [[*history[:3], ("i59", -1.0)] for history in make_histories(100) if "i59" not in history]
    hybrid = HybridRecommender([*make_parts(catalog), ("popular", PopularityRecommender(catalog))]).fit(histories)
    assert hybrid.recommend([["i1", "i2"]], k=N_ITEMS)[0, -3] == "i59"  # before the two that were seen
    assert hybrid.popularity_[59] == 0


def test_scores_that_are_rounding_beside_those_of_the_history_are_not_divided_by():
    """Vectors at right angles have a cosine of some 1e-8 in single precision, the best one outside of the history."""
    vectors = np.array([[0, 1, 1], [0, 1, -1], [0, 0, 0]], dtype=float)
    content = ContentRecommender(Catalog(range(3), features=vectors), embedder=FunctionTransformer(), whiten=0)
    scores = HybridRecommender([("content", content)], weights=[1]).fit([[0, 1]]).score_items([[0]])
    np.testing.assert_allclose(scores, [[1, 0, 0]], atol=1e-6)


def visits(n_users: int = 600) -> list:
    """Return walks; every sixth user comes back for what is popular of late, while others begin to walk."""
    sequences = [[Event(HIT, time=0.5)] for _ in range(200)]
    sequences += [[Event("i12", time=0.0)] * n for n in (1, 2)]
    sequences += [[Event(f"i{10 + (i + j) % 50}", time=1.0) for j in range(3)] for i in range(100)]
    for i in range(n_users):
        start, length = divmod(i, 12)
        walk = [f"i{10 + (start + j) % 50}" for j in range(length + 6)]  # no two users share one
        later = [HIT] if i % 6 == 0 else []
        sequences.append([*(Event(item, time=0.0) for item in walk[:-4]), *(Event(item, time=1.0) for item in later)])
    return sequences


def ids_of(sequences: list) -> list:
    return [[event.item for event in one] for one in sequences]


@pytest.fixture
def visited(catalog):
    parts = [("next", TransitionRecommender(catalog)), ("late", PopularityRecommender(catalog, window=0.4))]
    return HybridRecommender(parts).fit(visits())


def test_who_comes_back_is_asked_by_other_weights(visited):
    back, others = visited.weights_back_, visited.weights_
    assert back["late"][0] / back["next"][0] > 1.5 * others["late"][0] / others["next"][0]
    came_back = ids_of(visits()[CAME_BACK])
    assert set(visited.predict(came_back)) == {HIT}
    assert visited.predict([one[1:3] for one in came_back]).tolist() == ["i13"] * 4


def test_a_visitor_of_one_item_is_not_taken_for_somebody_of_the_same_one(visited):
    """Some have clicked on i12 and on nothing else: that says nothing of whose first click it is."""
    assert visited.predict([["i12"], ["i12", "i12"]]).tolist() == ["i13", "i13"]


def test_an_update_learns_who_went_on(visited):
    before = visits()[CAME_BACK][:1]
    went_on = [[*before[0], Event("i14", time=1.0)]]
    assert visited.predict(ids_of(before)).tolist() == [HIT]
    visited.update(went_on, before=before)
    assert visited.predict(ids_of(went_on)).tolist() == [HIT]
    assert visited.predict(ids_of(before)).tolist() == ["i14"]


def test_shares_add_up_for_who_comes_back_and_who_goes_on(visited):
    queries, items = [*ids_of(visits()[CAME_BACK][:1]), ["i20", "i21"]], [["i7", "i44"], ["i7", "i22"]]
    places = np.stack([visited.catalog_.index_of(one) for one in items])
    expected = np.take_along_axis(visited.score_items(queries), places, axis=1)
    for shares, scores in zip(visited.explain(queries, items), expected, strict=True):
        np.testing.assert_allclose(shares.sum(axis=0), scores, rtol=1e-5)
    np.testing.assert_allclose(sum(visited.explain(queries, items, by="part").values()), expected, rtol=1e-5)
