import datetime
import re
import time
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest

from sklearn_llmtokens.recommend import Catalog, Event
from sklearn_llmtokens.recommend._histories import Histories, as_targets, as_text_histories
from tests.inside import as_histories

CATALOG = Catalog(list("abcdef"))
ROWS = [["b", "a"], [], ["c", "c", "f"]]


def parts(histories):
    return [part.tolist() for part in np.split(histories.item_idx, histories.indptr[1:-1])]


@pytest.mark.parametrize(
    "X",
    [
        ROWS,
        tuple(ROWS),
        [np.array(row, dtype=object) for row in ROWS],
        pd.Series(ROWS),
        pl.Series(ROWS),
        [pd.Series(row, dtype=object) for row in ROWS],
        np.array([*ROWS, None], dtype=object)[:-1],
    ],
    ids=["lists", "tuple of lists", "arrays", "pandas", "polars", "Series in a list", "array of lists"],
)
def test_any_container_of_histories(X):
    histories = as_histories(X, CATALOG)
    assert parts(histories) == [[1, 0], [], [2, 2, 5]]
    assert histories.indptr.tolist() == [0, 2, 2, 5]
    assert histories.weights is None
    assert histories.times is None


def test_a_two_dimensional_array_has_a_history_a_row():
    assert parts(as_histories(np.array([[3, 1], [2, 2]]), Catalog([1, 2, 3]))) == [[2, 0], [1, 1]]


def test_weights_and_times():
    when = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
    rows = [["a", ("b", 0.5), Event("c", time=3.0)], [("d", -1, np.datetime64("1970-01-01T00:01"))], [("e", 1, when)]]
    histories = as_histories(rows, CATALOG)
    assert parts(histories) == [[0, 1, 2], [3], [4]]
    assert histories.weights.tolist() == [1, 0.5, 1, -1, 1]
    np.testing.assert_array_equal(histories.times, [np.nan, np.nan, 3, 60, when.timestamp()])


@pytest.mark.parametrize(
    ("X", "error", "words"),
    [
        ("abc", TypeError, "X is a str"),
        ({"a": ["b"]}, TypeError, "X is a dict"),
        (pd.DataFrame({"h": [["a"]]}), TypeError, "X is a frame"),
        (["a", "b"], TypeError, r"X\[0\] is 'a' of type str: a row is a history"),
        ([["a"], None], TypeError, r"X\[1\] is None"),
        ([["a"], {"b"}], TypeError, r"X\[1\] is {'b'}"),
        ([["a"], Event("b")], TypeError, r"X\[1\] is an Event"),
        ([["a"], iter(["b"])], TypeError, r"X\[1\] is a list_iterator, which can be read only once: pass a list"),
        ([["a"], ["b", "z"]], ValueError, r"X\[1\]\[1\] is 'z', which is not in the catalogue of 6 items"),
        ([["a"], [["b"]]], TypeError, r"X\[1\]\[0\] is a list, not an id"),
        ([["a", None, "b"]], ValueError, r"X\[0\]\[1\] is missing \(None\)"),
        ([[], ["a", ("b", np.nan)]], ValueError, r"The weight of X\[1\]\[1\] is nan: it must be finite"),
        (
            [["a"], [("b", 1e39)]],
            ValueError,
            r"The weight of X\[1\]\[0\] is 1e\+39: it must be finite, and at most 1e30",
        ),
        ([[("b", -(10**400))]], ValueError, r"The weight of X\[0\]\[0\] is <int of 1329 bits>: it must be finite"),
        ([[("b", Decimal("1e39"))]], ValueError, r"The weight of X\[0\]\[0\] is Decimal\('1E\+39'\): it must be"),
        ([[("b", 1, 10**400)]], ValueError, r"The time of X\[0\]\[0\] is <int of"),
        ([[("b", "much")]], TypeError, r"The weight of X\[0\]\[0\] is 'much' of type str"),
        ([[("b", 1, np.inf)]], ValueError, r"The time of X\[0\]\[0\] is inf"),
        ([[("b", 1, 2, 3)]], ValueError, r"X\[0\]\[0\] is \('b', 1, 2, 3\): an event is"),
        ([["a"], [("a", 1, 5), ("b", 1, 4)]], ValueError, r"X\[1\]\[1\] is at 4.0, before the event"),
    ],
)
def test_bad_histories_are_refused_with_their_place(X, error, words):
    with pytest.raises(error, match=words):
        as_histories(X, CATALOG)


def test_times_may_go_back_from_one_history_to_the_next():
    assert as_histories([[("a", 1, 5)], [("b", 1, 4)]], CATALOG).times.tolist() == [5, 4]


def test_histories_of_texts():
    histories = as_text_histories([["x", "y"], [("x", 0.5)]])
    assert histories.texts == ["x", "y"]
    assert parts(histories) == [[0, 1], [0]]
    with pytest.raises(TypeError, match=r"X\[0\]\[0\] is 3, not a str"):
        as_text_histories([[3]])


def test_targets():
    assert as_targets(np.array(["b", "a"]), CATALOG, 2).tolist() == [1, 0]
    with pytest.raises(ValueError, match=r"y\[1\] is 'z'"):
        as_targets(["b", "z"], CATALOG, 2)
    with pytest.raises(ValueError, match="X has 3 rows and y has 2"):
        as_targets(["b", "a"], CATALOG, 3)


def test_rows_take_and_ages():
    histories = as_histories([[("b", 2), "a"], [], ["c", "d", "f"]], CATALOG)
    assert histories.lengths.tolist() == [2, 0, 3]
    assert histories.ages.tolist() == [1, 0, 2, 1, 0]
    assert histories.row_idx.tolist() == [0, 0, 2, 2, 2]
    assert parts(histories.rows(1, 3)) == [[], [2, 3, 5]]
    taken = histories.take(np.array([2, 0, 0, 1]))
    assert parts(taken) == [[2, 3, 5], [1, 0], [1, 0], []]
    assert taken.weights.tolist() == [1, 1, 1, 2, 1, 2, 1]


def test_a_matrix_sums_and_leaves_the_histories_alone():
    histories = as_histories([["c", "a", "c"]], CATALOG)
    matrix = histories.matrix(6, np.array([1, 2, 3]))
    assert matrix.toarray().tolist() == [[2, 0, 4, 0, 0, 0]]
    assert parts(histories) == [[2, 0, 2]]


def test_empty():
    histories = as_histories([], CATALOG)
    assert histories.n_histories == 0
    assert isinstance(histories.rows(0, 0), Histories)
    assert histories.matrix(6).shape == (0, 6)


def _structs(pa):
    event = pa.struct([("item", pa.string()), ("weight", pa.float64()), ("time", pa.float64())])
    return pa.array([[Event("b", 0.5, 3.0), Event("a", time=4.0)], [], [Event("c")]], type=pa.list_(event))


def test_histories_of_arrow():
    pa = pytest.importorskip("pyarrow")
    ids = pa.array([["b", "a"], [], ["c"]])
    for X in (
        ids,
        list(ids),
        pa.chunked_array([ids]),
        [list(row) for row in ids],
        [pa.array(row.as_py()) for row in ids],
    ):
        histories = as_histories(X, CATALOG)
        assert (parts(histories), histories.weights, histories.times) == ([[1, 0], [], [2]], None, None)
    assert parts(as_histories([[Event(pa.scalar("b"), 2.0)]], CATALOG)) == [[1]]
    assert as_targets(ids.flatten(), CATALOG, 3).tolist() == [1, 0, 2]
    assert as_targets(list(ids.flatten()), CATALOG, 3).tolist() == [1, 0, 2]
    assert Catalog([pa.scalar(3), pa.scalar(4)]).index_of([pa.scalar(4)]).tolist() == [1]
    with pytest.raises(ValueError, match=r"X\[0\]\[1\] is 'z', which is not in the catalogue"):
        as_histories(pa.array([["b", "z"]]), CATALOG)
    assert parts(as_histories(pa.array([["b", None]]), CATALOG)) == [[1]]
    with pytest.raises(ValueError, match=r"X\[0\]\[1\] is missing"):
        as_histories(pa.array([["b", None, "a"]]), CATALOG)
    with pytest.raises(TypeError, match=r"X\[1\] is None"):
        as_histories(pa.array([["b"], None]), CATALOG)


def test_events_that_are_structs():
    pa = pytest.importorskip("pyarrow")
    structs = _structs(pa)
    for X in (structs, list(structs), [list(row) for row in structs], pl.Series(structs.to_pylist())):
        histories = as_histories(X, CATALOG)
        assert parts(histories) == [[1, 0], [], [2]]
        assert histories.weights.tolist() == [0.5, 1, 1]
        np.testing.assert_array_equal(histories.times, [3, 4, np.nan])
    short = pa.array([[{"item": "a", "weight": 2.0}, {"item": "b", "weight": None}]])
    assert as_histories(short, CATALOG).weights.tolist() == [2, 1]
    with pytest.raises(TypeError, match=r"X\[0\]\[0\] is a dict, not an id or an event"):
        as_histories([[{"item": "a", "colour": 3}]], CATALOG)


@pytest.mark.parametrize("one", [True, np.True_, 1.0, np.float32(1)])
def test_what_equals_an_id_and_is_none_is_refused_as_in_a_catalogue(one):
    numbers = Catalog([0, 1])
    name = type(one).__name__
    with pytest.raises(TypeError, match=r"ids\[0\] is .* of type " + name):
        Catalog([one])
    with pytest.raises(TypeError, match=rf"X\[1\]\[1\] is a {name}, not an id or an event \({re.escape(repr(one))}\)"):
        as_histories([[], [0, one]], numbers)
    with pytest.raises(TypeError, match=rf"X\[0\]\[0\] is a {name}, not an id or an event"):
        as_histories([[(one, 0.5)]], numbers)
    with pytest.raises(TypeError, match=rf"y\[1\] is a {name}, not an id"):
        as_targets([0, one], numbers, 2)
    with pytest.raises(TypeError, match=rf"exclude\[0\] is a {name}, not an id"):
        numbers.index_of([one], name="exclude")


def test_integers_of_numpy_are_ids():
    numbers = Catalog([np.int32(0), np.uint8(1)])
    assert parts(as_histories([[np.int16(1), (np.uint64(0), 2.0)], np.array([0, 1], np.int8)], numbers)) == [
        [1, 0],
        [0, 1],
    ]


def test_missing_values_are_missing_ids():
    for missing in (None, np.nan, pd.NA, pd.NaT):
        with pytest.raises(ValueError, match=r"ids\[1\] is missing"):
            Catalog(["a", missing])
        with pytest.raises(ValueError, match=r"X\[0\]\[1\] is missing"):
            as_histories([["a", missing, "b"]], CATALOG)
        assert parts(as_histories([[missing, missing, "a", missing], [missing]], CATALOG)) == [[0], []]


@pytest.mark.parametrize("missing", [None, np.datetime64("NaT"), float("nan"), "pandas"])
def test_times_that_are_missing_are_not_known(missing):
    if missing == "pandas":
        missing = pytest.importorskip("pandas").NaT
    histories = as_histories([[("a", 1.0, missing), ("b", 1.0, np.datetime64("1970-01-02"))]], CATALOG)
    np.testing.assert_array_equal(histories.times, [np.nan, 86400.0])
    assert as_histories([[("a", 1.0, missing)]], CATALOG).times is None


def test_dates_without_a_time_zone_are_utc(monkeypatch):
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        # the second comes an hour before the first by a local clock that is put back
        moments = [datetime.datetime(2024, 10, 27, 2, 50), datetime.datetime(2024, 10, 27, 3, 0)]
        moments += [datetime.date(2024, 10, 28), datetime.datetime(2024, 10, 28, 1, tzinfo=datetime.UTC)]
        histories = as_histories([[("a", 1.0, moment) for moment in moments]], CATALOG)
    finally:
        monkeypatch.undo()
        time.tzset()
    np.testing.assert_array_equal(np.diff(histories.times), [600.0, 75600.0, 3600.0])
    with pytest.raises(TypeError, match=r"The time of X\[0\]\[0\] is 'x' of type str, neither a number nor a date"):
        as_histories([[("a", 1.0, "x")]], CATALOG)
    with pytest.raises(ValueError, match="it must be finite"):
        as_histories([[("a", 1.0, np.inf)]], CATALOG)
