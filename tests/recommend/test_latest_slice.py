import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sklearn_llmtokens.recommend import Catalog, Event
from sklearn_llmtokens.recommend._histories import as_histories
from sklearn_llmtokens.recommend._latest_slice import latest_slice

CATALOG = Catalog(list(range(10)))


def lists(histories):
    return [part.tolist() for part in np.split(histories.item_idx, histories.indptr[1:-1])]


@given(st.lists(st.lists(st.integers(0, 9), max_size=5), min_size=1, max_size=8), st.integers(1, 9))
def test_without_times_the_last_event_of_each_sequence_is_held_out(X, n):
    earlier, queries, target_idx = latest_slice(as_histories(X, CATALOG), n)
    assert lists(earlier) == [one[:-1] if len(one) >= 2 else one for one in X]
    pairs = [(one[:-1], one[-1]) for one in X if len(one) >= 2]
    got = list(zip(lists(queries), target_idx.tolist(), strict=True)) if len(target_idx) else []
    assert len(got) == min(n, len(pairs))
    assert all(pair in pairs for pair in got)
    if n >= len(pairs):
        assert got == pairs


def test_with_times_sequences_are_cut_at_one_moment():
    X = [[Event(i % 10, time=float(i)) for i in range(start, start + 5)] for start in range(0, 100, 5)]
    X.append([Event(1, time=3.0), Event(2, time=98.0), Event(3, time=99.0)])
    earlier, queries, target_idx = latest_slice(as_histories(X, CATALOG), 100)
    assert lists(earlier)[-1] == [1]
    assert lists(earlier)[0] == [0, 1, 2, 3, 4]
    assert lists(queries)[-1] == [1, 2]
    assert target_idx[-1] == 3


def test_a_target_without_a_time_is_not_before_its_history():
    X = [[Event(1, time=float(i)), Event(2, time=float(i)), Event(3)] for i in range(40)]
    earlier, _, target_idx = latest_slice(as_histories(X, CATALOG), 100)
    assert len(target_idx) == 40
    assert all(one == [1, 2] for one in lists(earlier))
