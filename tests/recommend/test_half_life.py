"""Older training events count less: formulas with a weight for each row, and where ages are counted from."""

from datetime import timedelta

import numpy as np
import pytest

from sklearn_llmtokens.recommend import Catalog, Event, Interactions, SequenceKNNRecommender, TransitionRecommender

N_ITEMS, L2, DECAY, GAP = 8, 0.5, 0.7, 2.0
CATALOG = Catalog(list(range(N_ITEMS)))


def timed_sequences(seed, *, weights=False):
    rng = np.random.default_rng(seed)
    sequences = []
    for length in rng.integers(0, 9, 14):
        stamps = np.sort(rng.integers(0, 40, length)).astype(float)
        likes = rng.normal(size=length) if weights else np.ones(length)
        items = rng.integers(0, N_ITEMS, length)
        sequences.append([Event(*event) for event in zip(items.tolist(), likes, stamps, strict=True)])
    return sequences


def times_of(sequences):
    return np.array([event.time for row in sequences for event in row])


def naive_regression(sequences, half_life):
    """Solve the regression of rows that are written down, each with its weight."""
    latest = times_of(sequences).max()
    rows, targets, counts = [np.zeros(N_ITEMS)], [np.zeros(N_ITEMS)], [1.0]
    for events in sequences:
        for t in range(1, len(events)):
            row, target = np.zeros(N_ITEMS), np.zeros(N_ITEMS)
            for p in range(t):
                gaps = np.diff([event.time for event in events[p : t + 1]])
                row[events[p].item] += events[p].weight * DECAY ** (t - p - 1) * (0.4 if (gaps > GAP).any() else 1)
            target[events[t].item] = events[t].weight
            rows.append(row)
            targets.append(target)
            counts.append(0.5 ** ((latest - events[t].time) / half_life))
    rows, targets, counts = np.array(rows), np.array(targets), np.array(counts)[:, np.newaxis]
    return np.linalg.solve(rows.T @ (counts * rows) + L2 * np.eye(N_ITEMS), rows.T @ (counts * targets))


def regression(half_life):
    return TransitionRecommender(
        CATALOG,
        method="ridge",
        profile="last",
        l2=L2,
        decay=DECAY,
        session_gap=GAP,
        half_life=half_life,
        filter_seen=False,
    )


def weights_of(recommender):
    return recommender.score_items([[item] for item in range(N_ITEMS)])


@pytest.mark.parametrize("weights", [False, True])
@pytest.mark.parametrize("half_life", [3, 30.0])
def test_rows_of_the_regression_count_by_their_age(half_life, weights):
    sequences = timed_sequences(3, weights=weights)
    expected = naive_regression(sequences, half_life)
    np.testing.assert_allclose(weights_of(regression(half_life).fit(sequences)), expected, atol=1e-5)


def test_counts_of_pairs_are_those_of_the_later_event():
    sequences = [[Event("a", time=0), Event("b", time=10)], [Event("a", time=0), Event("c", time=20)]]
    recommender = TransitionRecommender(Catalog(["a", "b", "c"]), half_life=5.0).fit(sequences)
    # counts 1/4 and 1, divided by the roots of their row and of their column
    expected = [0.25 / np.sqrt(1.25 * 0.25), 1 / np.sqrt(1.25 * 1)]
    np.testing.assert_allclose(recommender.score_items([["a"]])[0, 1:], expected, rtol=1e-6)


@pytest.mark.parametrize("power", [1.0, 2.5])
def test_neighbours_vote_by_their_age(power):
    sequences = [[Event("a", time=0), Event("b", time=10)], [Event("a", time=0), Event("c", time=20)]]
    recommender = SequenceKNNRecommender(Catalog(["a", "b", "c"]), half_life=5.0, power=power).fit(sequences)
    scores = recommender.score_items([["a"]])[0]
    assert scores[1] / scores[2] == pytest.approx(0.25 ** (1 / power))
    assert scores[2] == pytest.approx(
        SequenceKNNRecommender(recommender.catalog).fit(sequences).score_items([["a"]])[0, 2]
    )


@pytest.mark.parametrize(
    "build", [regression, lambda half_life: SequenceKNNRecommender(CATALOG, half_life=half_life)], ids=["ridge", "knn"]
)
class TestEveryOne:
    def test_auto_is_the_median_age(self, build):
        sequences = timed_sequences(5)
        times = times_of(sequences)
        median = float(np.median(times.max() - times))
        expected = weights_of(build(median).fit(sequences))
        np.testing.assert_array_equal(weights_of(build("auto").fit(sequences)), expected)
        assert not np.allclose(weights_of(build(None).fit(sequences)), expected)

    def test_durations_are_seconds_of_dates(self, build):
        user, item = [0, 0, 1, 1], [1, 2, 1, 3]
        events = Interactions(user, item, ["2024-01-01", "2024-01-02", "2024-01-20", "2024-01-30"])
        expected = weights_of(build(7 * 86_400).fit(events))
        np.testing.assert_array_equal(weights_of(build(timedelta(days=7)).fit(events)), expected)

    def test_without_times_everything_counts_as_much(self, build):
        sequences = [[event.item for event in row] for row in timed_sequences(6)]
        expected = weights_of(build(None).fit(sequences))
        np.testing.assert_array_equal(weights_of(build("auto").fit(sequences)), expected)
        same = [[Event(item, time=5.0) for item in row] for row in sequences]  # no event is older than another
        np.testing.assert_array_equal(weights_of(build("auto").fit(same)), expected)

    def test_events_without_a_time_count_half(self, build):
        some = [[Event(0), Event(1)], [Event(2, time=3.0), Event(3, time=10.0)]]
        known = [[Event(0, time=5.0), Event(1, time=5.0)], some[1]]
        found = [weights_of(build(5.0).fit(rows)) for rows in (some, known)]
        np.testing.assert_allclose(*found, atol=1e-6)

    def test_an_update_counts_ages_as_the_fit_did(self, build):
        sequences = timed_sequences(7)
        latest = max(sequences, key=lambda row: max((event.time for event in row), default=0.0))
        rest = [row for row in sequences if row is not latest]
        for new in (rest[:3], rest[3:5]):
            before = [row for row in sequences if row not in new]
            found = build(4.0).fit(before).update(new)
            np.testing.assert_allclose(weights_of(found), weights_of(build(4.0).fit(sequences)), rtol=1e-4, atol=1e-5)

    def test_events_after_the_fit_count_in_full(self, build):
        before = Interactions([0, 0], [0, 1], [5.0, 9.0])
        late, much_later = (Interactions([1, 1], [2, 3], [8.0, time]) for time in (9.0, 1e6))
        found = [weights_of(build(2.0).fit(before).update(events)) for events in (late, much_later)]
        if build is not regression:  # whose sessions are other ones
            np.testing.assert_array_equal(*found)
        assert found[1][2, 3] > found[1][0, 1] / 2

    @pytest.mark.parametrize("half_life", [0, -1.0, "median", np.nan, timedelta(0), np.timedelta64(2, "h")])
    def test_other_half_lives_are_refused(self, build, half_life):
        with pytest.raises(ValueError, match="half_life"):
            build(half_life).fit(timed_sequences(1))
