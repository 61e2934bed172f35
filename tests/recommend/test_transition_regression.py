"""Weights of the regression of the next item on the events so far, beside rows that are written down."""

import numpy as np
import pytest

from sklearn_llmtokens.recommend import Catalog, Event, TransitionRecommender
from tests.inside import set_prefix_tables

N_ITEMS, L2 = 9, 0.5


def random_sequences(seed, *, weights=False, times=False):
    rng = np.random.default_rng(seed)
    sequences = []
    for length in rng.integers(0, 12, 15):
        stamps = np.sort(rng.integers(0, 6, length)).astype(float) if times else np.full(length, np.nan)
        likes = rng.normal(size=length) if weights else np.ones(length)
        items = rng.integers(0, N_ITEMS, length)
        sequences.append([Event(*event) for event in zip(items.tolist(), likes, stamps, strict=True)])
    return sequences


def naive_weights(sequences, decay=0.88, session_weight=0.4, gap=None):
    """Return ``(S^T S + l2 I)^-1 S^T T`` of S and T, row by row."""
    rows, targets = [np.zeros(N_ITEMS)], [np.zeros(N_ITEMS)]
    for events in sequences:
        for t in range(1, len(events)):
            row, target = np.zeros(N_ITEMS), np.zeros(N_ITEMS)
            for p in range(t):
                times = [event.time for event in events[p : t + 1]]
                is_earlier = gap is not None and bool((np.diff(times) > gap).any())
                row[events[p].item] += events[p].weight * decay ** (t - p - 1) * (session_weight if is_earlier else 1)
            target[events[t].item] = events[t].weight
            rows.append(row)
            targets.append(target)
    rows, targets = np.array(rows), np.array(targets)
    return np.linalg.solve(rows.T @ rows + L2 * np.eye(N_ITEMS), rows.T @ targets)


def learnt_weights(sequences, **params):
    params = {"method": "ridge", "profile": "last", "l2": L2, "session_gap": None, "filter_seen": False} | params
    recommender = TransitionRecommender(Catalog(range(N_ITEMS)), **params).fit(sequences)
    return recommender.score_items([[item] for item in range(N_ITEMS)])


@pytest.mark.parametrize("decay", [1.0, 0.7])
@pytest.mark.parametrize("weights", [False, True])
@pytest.mark.parametrize("gap", [None, 1.0])
def test_weights_are_those_of_the_rows(decay, weights, gap):
    sequences = random_sequences(3, weights=weights, times=gap is not None)
    expected = naive_weights(sequences, decay, 0.4, gap)
    np.testing.assert_allclose(learnt_weights(sequences, decay=decay, session_gap=gap), expected, atol=1e-5)


def test_many_items_are_learnt_as_few_are(monkeypatch):
    sequences = random_sequences(4)
    set_prefix_tables(monkeypatch, n_items=0, n_entries=20)
    np.testing.assert_allclose(learnt_weights(sequences), naive_weights(sequences), atol=1e-5)


def test_an_item_does_not_follow_itself_unless_seen_items_are_recommended():
    sequences = [[2, 2, 5]]
    assert learnt_weights(sequences)[2, 2] > 0
    np.testing.assert_allclose(
        learnt_weights(sequences), naive_weights([[Event(one) for one in sequences[0]]]), atol=1e-6
    )
    assert learnt_weights([[2, 2]], filter_seen=True)[2, 2] == 0


def test_a_decay_that_forgets_leaves_out_what_is_negligible():
    catalog = Catalog(range(50))
    recommender = TransitionRecommender(catalog, method="ridge", profile="last", l2=1e-3, decay=0.1)
    scores = recommender.fit([list(range(50))]).score_items([[0]])[0]
    assert scores[1] == pytest.approx(1, abs=0.01)
    assert abs(scores[49]) < 1e-6


def test_sequences_without_a_second_event_teach_nothing():
    np.testing.assert_array_equal(learnt_weights([[3], [], [4]]), 0)
