"""Neighbours of sequences: what followed where similar events came before."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_llmtokens.recommend import Catalog, Event, Interactions, SequenceKNNRecommender, TransitionRecommender

ITEMS = list("abcdef")
CATALOG = Catalog(ITEMS)
SEQUENCES = [["a", "b", "c"], ["b", "a", "d", "c"], ["a", "d"], ["e", "a", "d"], ["b"], ["a", "b", "a", "f"]]


def naive_scores(sequences, query, *, window=15, decay=0.85, profile=0.85, power=2.5):
    """Follow the formula of the docstring, with a loop over all training events."""
    sequences = [[one if isinstance(one, Event) else Event(one) for one in row] for row in sequences]
    query = [one if isinstance(one, Event) else Event(one) for one in query]
    largest = max((abs(event.weight) for row in sequences for event in row), default=1.0)
    most = max(profile**age * abs(event.weight) for age, event in enumerate(reversed(query)) if age < window)
    most = 1.0 if all(event.weight == 1 for event in query) else most
    popularity = {item: sum(any(e.item == item and e.weight > 0 for e in row) for row in sequences) for item in ITEMS}
    scores = np.zeros(len(ITEMS))
    for row in sequences:
        for t in range(1, len(row)):
            similarity = 0.0
            for age, asked in enumerate(reversed(query[-window:])):
                for p in range(max(0, t - window), t):
                    if row[p].item == asked.item:
                        idf = np.log(1 + len(sequences) / (1 + popularity[asked.item]))
                        shared = profile**age * asked.weight / most * decay ** (t - p - 1) * row[p].weight / largest
                        similarity += idf * shared
            if similarity > 0:
                scores[ITEMS.index(row[t].item)] += similarity**power * row[t].weight / largest
    return np.sign(scores) * np.abs(scores) ** (1 / power)


@pytest.mark.parametrize(
    "params",
    [{}, {"window": 1}, {"window": 2, "decay": 0.5}, {"power": 1.0}, {"power": 3.5, "profile": 1.0}, {"decay": 1.0}],
    ids=str,
)
@pytest.mark.parametrize("n_times", [1, 9], ids=["few neighbours", "more neighbours than items"])
def test_scores_follow_the_formula(params, n_times):
    recommender = SequenceKNNRecommender(CATALOG, **params).fit(SEQUENCES * n_times)
    queries = [["a", "b"], ["e"], ["f", "a", "b", "d"], ["a", "a"]]
    expected = [naive_scores(SEQUENCES * n_times, query, **params) for query in queries]
    np.testing.assert_allclose(recommender.score_items(queries), expected, rtol=1e-5)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.lists(st.tuples(st.sampled_from(ITEMS), st.sampled_from([1.0, 0.5, 2.0, -1.0])), max_size=6), min_size=1
    ),
    st.lists(st.tuples(st.sampled_from(ITEMS), st.sampled_from([1.0, 3.0, -0.5])), min_size=1, max_size=5),
)
def test_scores_follow_the_formula_with_weights(sequences, query):
    sequences, query = [[Event(*event) for event in row] for row in sequences], [Event(*event) for event in query]
    recommender = SequenceKNNRecommender(CATALOG, window=3).fit(sequences)
    expected = naive_scores(sequences, query, window=3)
    np.testing.assert_allclose(recommender.score_items([query])[0], expected, rtol=1e-5, atol=1e-6)


def test_two_items_that_came_before_together_count_for_more_than_both_alone():
    sequences = [["a", "b", "c"], ["a", "d"], ["a", "d"], ["b", "d"], ["b", "d"]]
    assert TransitionRecommender(CATALOG).fit(sequences).predict([["a", "b"]]).tolist() == ["d"]
    assert SequenceKNNRecommender(CATALOG, power=4.0).fit(sequences).predict([["a", "b"]]).tolist() == ["c"]


def test_power_one_is_a_sum_over_pairs_of_events():
    recommender = SequenceKNNRecommender(CATALOG, power=1.0, profile=1.0).fit(SEQUENCES)
    alone = recommender.score_items([["a"], ["b"]]).sum(axis=0)
    np.testing.assert_allclose(recommender.score_items([["a", "b"]])[0], alone, rtol=1e-6)


def test_only_the_latest_events_of_a_query_are_read():
    recommender = SequenceKNNRecommender(CATALOG, window=2).fit(SEQUENCES)
    np.testing.assert_array_equal(recommender.score_items([["e", "a", "b"]]), recommender.score_items([["a", "b"]]))
    assert recommender.explain([["e", "a", "b"]], ["c"])[0][0] == 0


def test_shares_of_events_add_up_to_the_score():
    recommender = SequenceKNNRecommender(CATALOG, power=2.5).fit(SEQUENCES)
    queries = [["a", "b", "d"], ["b", "a"]]
    scores = recommender.score_items(queries[:2])
    for item in ITEMS:
        shares = recommender.explain(queries, [item, item])
        for row, share in enumerate(shares):
            assert sum(share) == pytest.approx(scores[row, ITEMS.index(item)], rel=1e-5, abs=1e-7)


def test_only_the_latest_events_are_neighbours_where_there_are_many():
    events = Interactions(
        ["u", "u", "v", "v", "w", "w"], ["a", "b", "a", "c", "a", "d"], [1.0, 2.0, 5.0, 6.0, 3.0, 4.0]
    )
    scores = SequenceKNNRecommender(CATALOG, max_events=4).fit(events).score_items([["a"]])[0]
    assert scores[ITEMS.index("b")] == 0
    assert scores[ITEMS.index("c")] == scores[ITEMS.index("d")] > 0


def test_a_batch_of_queries_is_scored_as_each_of_them_alone():
    rng = np.random.default_rng(0)
    catalog = Catalog(range(50))
    sequences = [rng.integers(0, 50, rng.integers(1, 30)).tolist() for _ in range(200)]
    queries = [rng.integers(0, 50, rng.integers(1, 12)).tolist() for _ in range(40)]
    recommender = SequenceKNNRecommender(catalog).fit(sequences)
    together = recommender.score_items(queries)
    alone = np.concatenate([recommender.score_items([query]) for query in queries])
    np.testing.assert_allclose(together, alone, rtol=1e-6)


def test_a_pickle_holds_events_and_not_their_contexts():
    rng = np.random.default_rng(0)
    sequences = [rng.integers(0, 50, 100).tolist() for _ in range(100)]
    recommender = SequenceKNNRecommender(Catalog(range(50))).fit(sequences)
    written = pickle.dumps(recommender)
    assert len(written) < 30 * 100 * 100
    np.testing.assert_array_equal(pickle.loads(written).score_items([[3, 4]]), recommender.score_items([[3, 4]]))


@pytest.mark.parametrize("params", [{"power": 0.5}, {"window": 0}, {"decay": 0.0}, {"max_events": 0}, {"profile": 1.5}])
def test_parameters_out_of_range_are_refused(params):
    with pytest.raises(ValueError, match=next(iter(params))):
        SequenceKNNRecommender(CATALOG, **params).fit(SEQUENCES)
