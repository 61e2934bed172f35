import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sklearn_llmtokens.recommend import Catalog, Event
from sklearn_llmtokens.recommend._latest_slice import latest_slice
from tests.inside import as_histories

CATALOG = Catalog(list(range(10)))


def lists(histories):
    return [part.tolist() for part in np.split(histories.item_idx, histories.indptr[1:-1])]


@given(st.lists(st.lists(st.integers(0, 9), max_size=5), min_size=1, max_size=8), st.integers(1, 9))
def test_without_times_the_last_event_of_each_sequence_is_held_out_and_of_half_of_those_of_two(X, n):
    earlier, queries, target_idx, *_ = latest_slice(as_histories(X, CATALOG), n)
    n_long, n_pairs = sum(len(one) >= 3 for one in X), sum(len(one) == 2 for one in X)
    got = list(zip(lists(queries), target_idx.tolist(), strict=True)) if len(target_idx) else []
    assert len(got) == min(n, n_long + n_pairs // 2)
    assert all((one[:-1], one[-1]) in got for one in X if len(one) >= 3) or n < n_long + n_pairs // 2
    assert all([*history, target] in X for history, target in got)
    cut = [one for kept, one in zip(lists(earlier), X, strict=True) if kept != one]
    assert all(kept in (one, one[:-1]) for kept, one in zip(lists(earlier), X, strict=True))
    assert [one for one in cut if len(one) >= 3] == [one for one in X if len(one) >= 3]
    assert [one for one in cut if len(one) == 2] == [[*history, target] for history, target in got if len(history) == 1]


def test_what_is_disliked_is_not_held_out():
    X = [[(1, 1.0), (2, 1.0), (3, 2.0), (4, -1.0)], [(5, 1.0), (6, 0.0)], [7, 8], [7, 8], [(2, -1.0)] * 3]
    earlier, queries, target_idx, *_ = latest_slice(as_histories(X, CATALOG), 10)
    assert sorted(lists(earlier)) == [[1, 2], [2, 2, 2], [5, 6], [7], [7, 8]]
    assert (lists(queries), target_idx.tolist()) == ([[1, 2], [7]], [3, 8])


def test_with_times_what_is_disliked_after_the_cut_is_not_held_out():
    X = [[Event(1, time=float(i)), Event(2, time=float(i + 1)), Event(3, -1.0, float(i + 2))] for i in range(0, 60, 3)]
    X.append([Event(4, time=50.0), Event(5, time=59.0), Event(6, -1.0, 60.0)])
    X.append([Event(4, time=50.0), Event(6, -1.0, 60.0)])
    _, queries, target_idx, *_ = latest_slice(as_histories(X, CATALOG), 20)
    assert (lists(queries), target_idx.tolist()) == ([[1], [4]], [2, 5])


def test_with_times_sequences_are_cut_at_one_moment():
    X = [[Event(i % 10, time=float(i)) for i in range(start, start + 5)] for start in range(0, 100, 5)]
    X.append([Event(1, time=3.0), Event(2, time=98.0), Event(3, time=99.0)])
    earlier, queries, target_idx, *_ = latest_slice(as_histories(X, CATALOG), 100)
    assert lists(earlier)[-1] == [1]
    assert lists(earlier)[0] == [0, 1, 2, 3, 4]
    assert lists(queries)[-1] == [1, 2]
    assert target_idx[-1] == 3


def test_a_target_without_a_time_is_not_before_its_history():
    X = [[Event(1, time=float(i % 2)), Event(2, time=float(i % 2)), Event(3)] for i in range(40)]
    earlier, _, target_idx, *_ = latest_slice(as_histories(X, CATALOG), 100)
    assert len(target_idx) == 40
    assert all(one == [1, 2] for one in lists(earlier))


def test_after_the_cut_the_first_the_middle_and_the_last_event_are_held_out():
    X = [[Event(i, time=4.0) for i in range(5)]] * 20
    X.append([Event(1, time=3.0), Event(2, time=4.0), *(Event(i, time=95.0 + i) for i in range(3, 8))])
    X.append([Event(i, time=95.0 + i) for i in range(4)])
    _, queries, target_idx, is_back, is_cut = latest_slice(as_histories(X, CATALOG), 100)
    asked = [([1, 2], 3), ([1, 2, 3, 4], 5), ([1, 2, 3, 4, 5, 6], 7), ([0], 1), ([0, 1], 2), ([0, 1, 2], 3)]
    assert list(zip(lists(queries), target_idx.tolist(), strict=True)) == asked
    assert is_back.tolist() == [True, False, False, False, False, False]
    assert is_cut


def test_an_event_of_an_item_that_was_there_before_is_held_out_only_on_demand():
    X = [[1, 2, 3, 2], [4, 5, 4, 4], [6, 6, 6]]
    _, queries, target_idx, *_ = latest_slice(as_histories(X, CATALOG), 10, again=False)
    assert (lists(queries), target_idx.tolist()) == ([[1, 2]], [3])
    _, queries, target_idx, *_ = latest_slice(as_histories(X, CATALOG), 10)
    assert (lists(queries), target_idx.tolist()) == ([[1, 2, 3], [4, 5, 4], [6, 6]], [2, 4, 6])


def test_who_had_one_item_at_the_cut_does_not_come_back():
    X = [[Event(i, time=4.0) for i in range(5)]] * 20
    before = [[1, 2], [1], [1, 1]]
    X += [[*(Event(i, time=4.0) for i in one), Event(7, time=95.0)] for one in before]
    _, queries, _, is_back, is_cut = latest_slice(as_histories(X, CATALOG), 100)
    assert is_cut
    assert list(zip(lists(queries), is_back.tolist(), strict=True)) == list(
        zip(before, [True, False, False], strict=True)
    )


def test_without_a_cut_nobody_comes_back():
    *_, is_back, is_cut = latest_slice(as_histories([[1, 2, 3], [4, 5, 6]], CATALOG), 10)
    assert is_back.tolist() == [False, False]
    assert not is_cut
