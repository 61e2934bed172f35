import datetime
import pickle
from decimal import Decimal

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_llmtokens.recommend import Event, GlobalTimeSplit, Interactions, make_queries

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


FORMS = {
    "dict": dict,
    "array": as_array,
    "array with named fields": lambda events: pd.DataFrame(events).to_records(index=False),
    "pandas": pd.DataFrame,
    "pandas, index with gaps": lambda events: pd.DataFrame(events, index=[7, 3, 9, 1, 5]),
    "pandas, nullable": lambda events: pd.DataFrame(events).convert_dtypes(),
    "pandas, Arrow": lambda events: pd.DataFrame(events).convert_dtypes(dtype_backend="pyarrow"),
    "pandas, categories": lambda events: pd.DataFrame(events).astype({"item_id": "category", "user_id": "category"}),
    "polars": pl.DataFrame,
    "polars, categories": lambda events: pl.DataFrame(events, schema_overrides={"item_id": pl.Categorical}),
    "polars, enum": lambda events: pl.DataFrame(events, schema_overrides={"item_id": pl.Enum(["a", "b", "c"])}),
    "pyarrow": pa.table,
    "pyarrow, dictionary": lambda events: pa.table(
        events | {"item_id": pa.array(events["item_id"]).dictionary_encode()}
    ),
    "pyarrow, batch": pa.RecordBatch.from_pydict,
    "dict of Arrow": lambda events: {name: pa.array(values) for name, values in events.items()},
    "narwhals": lambda events: nw.from_native(pl.DataFrame(events)),
    "interactions": Interactions.from_frame,
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_table_gives_the_same(form):
    table = FORMS[form](EVENTS)
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


BERLIN = datetime.timezone(datetime.timedelta(hours=1))
MOMENTS = [datetime.datetime(2024, 1, day, 0, 30, tzinfo=BERLIN) for day in (3, 9, 1, 4, 5)]
DAYS = [moment.replace(tzinfo=None) - datetime.timedelta(hours=1) for moment in MOMENTS]  # of UTC
TIMES = {
    "zone-aware datetimes": MOMENTS,
    "ISO text with an offset": [moment.isoformat() for moment in MOMENTS],
    "ISO text with Z": [f"{day.isoformat()}Z" for day in DAYS],
    "ISO text without a zone": [day.isoformat(sep=" ") for day in DAYS],
    "text of a spreadsheet": [f"{day.year}/{day.month}/{day.day} {day.hour}:{day.minute:02}" for day in DAYS],
    "Chinese text": [f"{day.year}年{day.month}月{day.day}日 {day.hour}:{day.minute:02}:00" for day in DAYS],
    "mixed": [MOMENTS[0], DAYS[1], f"{DAYS[2].isoformat()}Z", np.datetime64(DAYS[3]), pd.Timestamp(MOMENTS[4])],
    "pandas": pd.Series(MOMENTS),
    "pandas, a zone": pd.Series(DAYS).dt.tz_localize("UTC").dt.tz_convert("Asia/Tokyo"),
    "pandas, index": pd.DatetimeIndex(MOMENTS),
    "polars": pl.Series(MOMENTS, dtype=pl.Datetime("us", "UTC")),
    "pyarrow": pa.array(MOMENTS),
    "pyarrow, in pandas": pd.Series(MOMENTS, dtype=pd.ArrowDtype(pa.timestamp("us", "Europe/Berlin"))),
}


@pytest.mark.parametrize("kind", TIMES)
def test_times_with_a_zone_are_those_of_utc(kind):
    queries = make_queries(EVENTS | {"timestamp": TIMES[kind]})
    assert queries.y.tolist() == EXPECTED[1]
    assert queries.times.astype("datetime64[us]").tolist() == [DAYS[row] for row in (2, 4, 1, 0, 3)]
    for cut in (MOMENTS[3], DAYS[3], f"{DAYS[3].isoformat()}Z", pd.Timestamp(MOMENTS[3]), np.datetime64(DAYS[3])):
        splitter = GlobalTimeSplit(TIMES[kind], cut=cut, targets="successive")
        assert [part.tolist() for part in next(splitter.split([["a"]] * 5))] == [[0, 2, 3], [1, 4]]


@pytest.mark.parametrize(
    ("times", "in_order"),
    [
        ([Decimal("3.5"), Decimal("9"), Decimal("1"), Decimal("4"), Decimal("5")], [1, 5, 9, 3.5, 4]),
        ([datetime.timedelta(n) for n in (3, 9, 1, 4, 5)], [n * 86400 for n in (1, 5, 9, 3, 4)]),
        (np.array([3, 9, 1, 4, 5], dtype="timedelta64[s]"), [1, 5, 9, 3, 4]),
        (pd.Series(pd.to_timedelta([3, 9, 1, 4, 5], unit="s")), [1, 5, 9, 3, 4]),
        (pl.Series([datetime.timedelta(seconds=n) for n in (3, 9, 1, 4, 5)]), [1, 5, 9, 3, 4]),
        (pa.array([Decimal("3"), Decimal("9"), Decimal("1"), Decimal("4"), Decimal("5")]), [1, 5, 9, 3, 4]),
        ([3 + 2**60, 9 + 2**60, 1 + 2**60, 4 + 2**60, 5 + 2**60], [2**60 + n for n in (1, 5, 9, 3, 4)]),
    ],
)
def test_durations_and_exact_numbers_are_times(times, in_order):
    queries = make_queries(EVENTS | {"timestamp": times}, history_times=True)
    assert queries.y.tolist() == EXPECTED[1]
    assert [event.time for event in queries.X[2]] == [float(time) for time in in_order[:2]]
    seconds = queries.times / np.timedelta64(1, "s") if queries.times.dtype.kind == "m" else queries.times
    assert seconds.tolist() == in_order


@pytest.mark.parametrize(
    ("times", "message"),
    [
        ([1, "2024-01-02", 3, 4, 5], "'timestamp' holds int, str, which have no common order"),
        ([True, False, True, True, True], "'timestamp' holds True: numbers or dates are expected"),
        (["2024-13-01"] * 5, "'timestamp' holds '2024-13-01': numbers or dates are expected"),
        ([datetime.time(1)] * 5, r"'timestamp' holds datetime.time\(1, 0\)"),
        (["now"] * 5, "'timestamp' holds 'now'"),
        (["1/2/2024"] * 5, "'timestamp' holds '1/2/2024': .*with the year first, .*Convert the others first"),
        (["2024/13/1"] * 5, "'timestamp' holds '2024/13/1'"),
    ],
)
def test_what_has_no_order_in_time_is_refused(times, message):
    with pytest.raises(ValueError, match=message):
        make_queries(EVENTS | {"timestamp": times})


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1, 2, 1e39, 4, 5], r"'stars' is 1e\+39 in row 2: a weight is finite"),
        ([1, 2, float("inf"), 4, 5], "'stars' is inf in row 2"),
        ([1, 2, Decimal("-1e39"), 4, 5], r"'stars' is -1e\+39 in row 2"),
        ([1, 2, "3", 4, 5], "'stars' holds '3': weights are numbers"),
    ],
)
def test_weights_are_finite_numbers(weights, message):
    with pytest.raises(ValueError, match=message):
        make_queries(EVENTS | {"stars": weights}, weight="stars")


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


HIDDEN = [False, True, False, False, False]
WITH_GAPS = {
    "list with NaN": lambda values: [values[0], float("nan"), *values[2:]],
    "list with None": lambda values: [values[0], None, *values[2:]],
    "list with NA": lambda values: [values[0], pd.NA, *values[2:]],
    "list with a masked value": lambda values: [values[0], np.ma.masked, *values[2:]],
    "masked array": lambda values: np.ma.array(values, mask=HIDDEN),
    "pandas": lambda values: pd.Series(values).where(~np.array(HIDDEN)),
    "pandas, categories": lambda values: pd.Series(values).where(~np.array(HIDDEN)).astype("category"),
    "polars": lambda values: pl.Series([values[0], None, *values[2:]]),
    "polars, categories": lambda values: pl.Series([str(values[0]), None, *map(str, values[2:])], dtype=pl.Categorical),
    "pyarrow": lambda values: pa.array(values, mask=np.array(HIDDEN)),
    "pyarrow, dictionary": lambda values: pa.chunked_array(
        [pa.array(values, mask=np.array(HIDDEN)).dictionary_encode()]
    ),
}


@pytest.mark.parametrize("kind", WITH_GAPS)
@pytest.mark.parametrize("name", ["user_id", "item_id", "timestamp", "stars"])
def test_what_is_missing_is_named_in_every_column_and_container(kind, name):
    table = EVENTS | {"stars": [1, 2, 3, 4, 5]}
    column = WITH_GAPS[kind](table[name])
    with pytest.raises(ValueError, match=rf"^'{name}' is missing in row 1: drop the row or fill it\.$"):
        make_queries(table | {name: column}, weight="stars")
    columns = (table | {name: column}).values()
    with pytest.raises(ValueError, match=r"^'(user|item|time|weight)' is missing in row 1"):
        Interactions(*columns)


def test_a_dict_of_lists_from_a_frame_keeps_its_gaps():
    frame = pd.DataFrame({"user_id": ["u", "u"], "item_id": ["a", None], "timestamp": [1, 2]})
    with pytest.raises(ValueError, match="'item_id' is missing in row 1"):
        make_queries(frame.to_dict("list"))


def test_mixed_ids_stay_what_they_are():
    for ids in (["a", 1, "1", 2, 1], np.array(["a", 1, "1", 2, 1], dtype=object), pd.Series(["a", 1, "1", 2, 1])):
        queries = make_queries(EVENTS | {"item_id": ids, "user_id": ids})
        assert sorted(map(repr, queries.y.tolist())) == ["'1'", "'a'", "1", "1", "2"]
        assert sorted(map(repr, queries.groups.tolist())) == ["'1'", "'a'", "1", "1", "2"]


def test_masked_arrays_that_hide_nothing_are_arrays():
    table = {name: np.ma.array(values, mask=False) for name, values in EVENTS.items()}
    assert plain(make_queries(table)) == EXPECTED
    assert plain(make_queries(np.ma.array(as_array(EVENTS), mask=False))) == EXPECTED
    with pytest.raises(ValueError, match="'item_id' is missing in row 0"):
        make_queries(np.ma.array(as_array(EVENTS), mask=[[0, 1, 0]] + [[0, 0, 0]] * 4))


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_nulls_of_frames_are_named(library):
    frame = pytest.importorskip(library).DataFrame(EVENTS | {"item_id": [1, None, 2, 3, 4]})
    with pytest.raises(ValueError, match="'item_id' is missing in row 1"):
        make_queries(frame)


def test_other_error_messages():
    with pytest.raises(ValueError, match="events has no column 'who', it has \\['user'"):
        make_queries({"user": [1], "item_id": [1], "timestamp": [1]}, user="who")
    with pytest.raises(ValueError, match=r"events has the shape \(2, 2\)"):
        make_queries(np.zeros((2, 2)))
    with pytest.raises(ValueError, match="events has no row"):
        make_queries({"user_id": [], "item_id": [], "timestamp": []})
    with pytest.raises(TypeError, match="events is a int"):
        make_queries(3)
    with pytest.raises(TypeError, match="'user_id' holds users that cannot be hashed and ordered"):
        make_queries({"user_id": [["u"], ["v"]], "item_id": [1, 2], "timestamp": [1, 2]})
    with pytest.raises(ValueError, match="The interactions have no times"):
        make_queries(Interactions(["u"], ["a"]))


@pytest.mark.parametrize(
    ("module", "call"),
    [
        ("pyspark.sql.classic.dataframe", "toPandas"),
        ("pyspark.pandas.frame", "to_pandas"),
        ("_duckdb", "df"),
        ("ibis.expr.types.relations", "to_pandas"),
        ("dask.dataframe.dask_expr._collection", "compute"),
    ],
)
def test_frames_that_are_not_in_memory_are_refused_with_the_call_that_their_library_has(module, call):
    frame = type("Frame", (), {"__module__": module, "columns": ["user_id"]})()
    for read in (make_queries, Interactions.from_frame):
        with pytest.raises(TypeError, match=rf"events is a Frame, which is not in memory: pass what its \.{call}\(\)"):
            read(frame)
    with pytest.raises(TypeError, match=r"LazyFrame, which is not in memory: pass what its \.collect\(\) returns"):
        make_queries(pl.LazyFrame(EVENTS))


def test_interactions_do_not_change():
    columns = ["v", "u"], ["b", "a"], np.array([2.0, 1.0]), [1, 2]
    interactions = Interactions(*columns)
    assert (interactions.n_events, interactions.n_users) == (2, 2)
    assert interactions.user.tolist() == ["u", "v"]
    assert interactions.weight.tolist() == [2.0, 1.0]
    with pytest.raises(AttributeError):
        interactions.user = ["w"]
    with pytest.raises(ValueError, match="read-only"):
        interactions.time[0] = 5
    assert columns[2].tolist() == [2.0, 1.0]
    assert [len(history) for history in pickle.loads(pickle.dumps(interactions)).histories()] == [1, 1]
