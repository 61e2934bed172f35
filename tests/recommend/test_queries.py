import datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_llmtokens.recommend import Event, make_queries

EVENTS = {"user_id": [2, 1, 1, 2, 1], "item_id": ["a", "b", "c", "a", "b"], "timestamp": [3, 9, 1, 4, 5]}


def plain(queries):
    return [list(history) for history in queries.X], queries.y.tolist(), queries.groups.tolist(), queries.times.tolist()


EXPECTED = (
    [[], ["c"], ["c", "b"], [], ["a"]],
    ["c", "b", "b", "a", "a"],
    [1, 1, 1, 2, 2],
    [1, 5, 9, 3, 4],
)


def as_array(events):
    return np.array(list(zip(*events.values(), strict=True)), dtype=object)


@pytest.mark.parametrize("form", ["dict", "array", "pandas", "polars", "pyarrow"])
def test_every_form_of_table_gives_the_same(form):
    if form in ("pandas", "polars"):
        table = pytest.importorskip(form).DataFrame(EVENTS)
    elif form == "pyarrow":
        table = pytest.importorskip("pyarrow").table(EVENTS)
    else:
        table = EVENTS if form == "dict" else as_array(EVENTS)
    assert plain(make_queries(table)) == EXPECTED


def test_first_events_may_be_left_out_and_repeats_dropped():
    assert plain(make_queries(EVENTS, min_history=1))[1] == ["b", "b", "a"]
    assert plain(make_queries(EVENTS, drop_repeats=True)) == ([[], ["c"], []], ["c", "b", "a"], [1, 1, 2], [1, 5, 3])


def test_ties_stay_in_the_order_of_the_table():
    queries = make_queries({"user_id": [1, 1, 1], "item_id": ["z", "a", "m"], "timestamp": [7, 7, 0]})
    assert queries.y.tolist() == ["m", "z", "a"]


def test_histories_may_have_weights_and_times():
    table = EVENTS | {"stars": [1, 2, 3, 4, 5]}
    queries = make_queries(table, weight="stars")
    assert queries.X[2].tolist() == [("c", 3.0, 1), ("b", 5.0, 5)]
    assert make_queries(EVENTS, history_times=True).X[4].tolist() == [Event("a", 1.0, 3)]


def test_dates_are_times_and_seconds_in_histories():
    days = [datetime.datetime(1970, 1, day) for day in (3, 9, 1, 4, 5)]
    for table in (EVENTS | {"timestamp": days}, EVENTS | {"timestamp": np.array(days, dtype="datetime64[s]")}):
        queries = make_queries(table, history_times=True)
        assert queries.times.dtype.kind == "M"
        assert queries.y.tolist() == EXPECTED[1]
        assert queries.X[1].tolist() == [("c", 1.0, 0.0)]
    pandas = pytest.importorskip("pandas")
    assert make_queries(pandas.DataFrame(EVENTS | {"timestamp": days})).y.tolist() == EXPECTED[1]


def test_ids_may_be_integers_of_any_size():
    for ids in (np.array([2**63 + 5, 1, 2, 3, 4], dtype=np.uint64), [2**63 + 5, 1, 2, 3, 4]):
        queries = make_queries(EVENTS | {"item_id": ids, "user_id": ids})
        assert queries.y.tolist() == [1, 2, 3, 4, 2**63 + 5]


def test_iso_dates_as_text_are_times():
    days = ["1970-01-03", "1970-01-09T12:00", "1970-01-01", "1970-01-04", "1970-01-05"]
    queries = make_queries(EVENTS | {"timestamp": days}, history_times=True)
    assert queries.y.tolist() == EXPECTED[1]
    assert queries.X[2].tolist() == [("c", 1.0, 0.0), ("b", 1.0, 4 * 86400.0)]


events = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5), st.integers(0, 9)), min_size=1, max_size=25)


@settings(deadline=None)
@given(rows=events)
def test_there_is_a_row_for_each_event_with_what_came_before(rows):
    naive = []
    for user in sorted({row[0] for row in rows}):
        done = sorted((row for row in rows if row[0] == user), key=lambda row: row[2])
        naive += [([item for _, item, _ in done[:n]], item, user, time) for n, (_, item, time) in enumerate(done)]
    assert list(zip(*plain(make_queries(np.array(rows))), strict=True)) == naive


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"item_id": ["a", "b", None, "a", "b"]}, "'item_id' is missing in row 2"),
        ({"user_id": [1.0, np.nan, 1.0, 1.0, 1.0]}, "'user_id' is missing in row 1"),
        ({"timestamp": ["x"] * 5}, "'timestamp' holds 'x'"),
        ({"timestamp": ["9", "10", "11", "12", "x"]}, "'timestamp' holds '9' at 0, a number .* convert the column"),
        ({"timestamp": ["2024-01-01", "20240102", "3", "4", "5"]}, "'timestamp' holds '20240102' at 1"),
        ({"timestamp": [1, 2]}, "different lengths"),
    ],
)
def test_what_is_wrong_is_named(change, message):
    with pytest.raises(ValueError, match=message):
        make_queries(EVENTS | change)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_nulls_of_frames_are_named(library):
    frame = pytest.importorskip(library).DataFrame(EVENTS | {"item_id": [1, None, 2, 3, 4]})
    with pytest.raises(ValueError, match="'item_id' is missing in row 1"):
        make_queries(frame)


def test_other_complaints():
    with pytest.raises(ValueError, match="events has no column 'user_id', it has \\['user'"):
        make_queries({"user": [1], "item_id": [1], "timestamp": [1]})
    with pytest.raises(ValueError, match=r"events has the shape \(2, 2\)"):
        make_queries(np.zeros((2, 2)))
    with pytest.raises(ValueError, match="events has no row"):
        make_queries({"user_id": [], "item_id": [], "timestamp": []})
    with pytest.raises(TypeError, match="events is a int"):
        make_queries(3)
