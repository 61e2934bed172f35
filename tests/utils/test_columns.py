"""One column of any container: what is missing stays missing, and nothing is converted."""

import datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from sklearn_llmtokens._utils._columns import (
    eager_call,
    is_missing,
    missing_places,
    read_column,
    read_matrix,
    refuse_missing,
)
from sklearn_llmtokens.recommend import ColdItemSplit

NAN = float("nan")
HIDDEN = np.ma.array([10, 20, 30], mask=[False, True, False])
ENCODED = pa.chunked_array([pa.array(["a", None, "b"]).dictionary_encode()])
TEXTS = ["a", None, "b"]

SECOND_IS_MISSING = {
    "list with None": TEXTS,
    "list with NaN": ["a", NAN, "b"],
    "list with NA of pandas": [1, pd.NA, 3],
    "list with NaT": [1, pd.NaT, 3],
    "list with NaT of numpy": [1, np.datetime64("NaT"), 3],
    "list with a masked value": [1, np.ma.masked, 3],
    "list of scalars of Arrow": [pa.scalar("a"), pa.scalar(None), pa.scalar("b")],
    "list of decimals": [Decimal(1), Decimal("NaN"), Decimal(3)],
    "array of floats": np.array([1, NAN, 3]),
    "array of objects": np.array(TEXTS, dtype=object),
    "array of dates": np.array(["2024-01-01", "NaT", "2024-01-03"], dtype="datetime64[D]"),
    "array of durations": np.array([1, "NaT", 3], dtype="timedelta64[s]"),
    "array of strings": np.array(TEXTS, dtype=np.dtypes.StringDType(na_object=None)),
    "masked array": HIDDEN,
    "masked array of texts": np.ma.array(["a", "b", "c"], mask=[False, True, False]),
    "pandas, floats": pd.Series([1, None, 3]),
    "pandas, nullable": pd.Series([1, None, 3], dtype="Int64"),
    "pandas, texts": pd.Series(TEXTS),
    "pandas, objects": pd.Series(TEXTS, dtype=object),
    "pandas, categories": pd.Series(TEXTS, dtype="category"),
    "pandas, Arrow": pd.Series([1, None, 3], dtype="int64[pyarrow]"),
    "pandas, dictionary of Arrow": pd.Series(ENCODED, dtype=pd.ArrowDtype(ENCODED.type)),
    "pandas, dates with a zone": pd.Series(pd.to_datetime(["2024-01-01", None, "2024-01-02"], utc=True)),
    "pandas, index": pd.Index(TEXTS),
    "pandas, array": pd.array([1, None, 3]),
    "pandas, categorical": pd.Categorical(TEXTS),
    "polars, integers": pl.Series([1, None, 3]),
    "polars, NaN": pl.Series([1.0, NAN, 3.0]),
    "polars, texts": pl.Series(TEXTS),
    "polars, categories": pl.Series(TEXTS, dtype=pl.Categorical),
    "polars, enum": pl.Series(TEXTS, dtype=pl.Enum(["a", "b"])),
    "pyarrow, integers": pa.array([1, None, 3]),
    "pyarrow, texts": pa.array(TEXTS),
    "pyarrow, dictionary": pa.array(TEXTS).dictionary_encode(),
    "pyarrow, chunks of a dictionary": ENCODED,
    "generator": (one for one in TEXTS),
}


@pytest.mark.parametrize("values", SECOND_IS_MISSING.values(), ids=SECOND_IS_MISSING)
def test_what_is_missing_is_found_in_every_container(values):
    column = read_column(values, "ids")
    assert missing_places(column).tolist() == [False, True, False]
    with pytest.raises(ValueError, match=r"^ids\[1\] is missing \(.*\): drop it\.$"):
        refuse_missing(column, "ids", "drop it.")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["a", 1], ["a", 1]),
        ([1, 2.5, True], [1, 2.5, True]),
        ([2**63 + 5, 1], [2**63 + 5, 1]),
        (range(2), [0, 1]),
        (np.array([1, 2]), [1, 2]),
        (np.array(["a", "b"]), ["a", "b"]),
        (np.ma.array([1, 2], mask=False), [1, 2]),
        (HIDDEN, [10, None, 30]),
        (pd.Series([1, 2], index=[7, 3]), [1, 2]),
        (pd.Series(["a", 1], dtype=object), ["a", 1]),
        (pd.Series([1, 2], dtype="Int64"), [1, 2]),
        (pl.Series(["a", "b"], dtype=pl.Categorical), ["a", "b"]),
        (ENCODED, ["a", None, "b"]),
        (pa.array([Decimal("1.5")]), [Decimal("1.5")]),
        ([[1, 2], [3, 4]], [[1, 2], [3, 4]]),
    ],
)
def test_values_stay_as_they_are(values, expected):
    found = read_column(values, "ids").tolist()
    assert found == expected
    assert [*map(type, found)] == [*map(type, expected)]


def test_dates_with_a_zone_are_those_of_utc():
    berlin = datetime.timezone(datetime.timedelta(hours=1))
    moment = datetime.datetime(2024, 1, 1, tzinfo=berlin)
    for values in (pd.Series([moment]), pl.Series([moment.astimezone(datetime.UTC)]), pa.array([moment])):
        assert read_column(values, "times").astype("datetime64[s]").tolist() == [datetime.datetime(2023, 12, 31, 23)]


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        ("abc", TypeError, r"ids is a str \('abc'\): pass a list"),
        ({"a"}, TypeError, "ids is a set, which has no order"),
        ({"a": 1}, TypeError, "ids is a dict, which has no order"),
        (3, TypeError, "ids is 3 of type int"),
        (pd.DataFrame({"a": [1]}), TypeError, r"ids is a frame \(DataFrame\): pass one column of it"),
        (
            pl.LazyFrame({"a": [1]}),
            TypeError,
            r"ids is a LazyFrame, which is not in memory: pass what its .collect\(\)",
        ),
        (np.zeros((2, 2)), ValueError, "ids has 2 dimensions"),
    ],
)
def test_what_is_no_column_is_refused(values, error, message):
    with pytest.raises(error, match=message):
        read_column(values, "ids")


@pytest.mark.parametrize(
    ("module", "call"),
    [
        ("pyspark.sql.classic.dataframe", ".toPandas()"),
        ("pyspark.pandas.frame", ".to_pandas()"),
        ("_duckdb", ".df()"),
        ("duckdb.duckdb", ".df()"),
        ("ibis.expr.types.relations", ".to_pandas()"),
        ("dask.dataframe.dask_expr._collection", ".compute()"),
        ("pandas", None),
    ],
)
def test_the_call_that_brings_a_frame_into_memory_is_that_of_its_library(module, call):
    assert eager_call(type("DataFrame", (), {"__module__": module})()) == call


def test_what_is_masked_in_a_matrix_is_missing():
    mask = [[False, True], [False, False]]
    np.testing.assert_array_equal(read_matrix(np.ma.array([[1, 2], [3, 4]], mask=mask), "features"), [[1, NAN], [3, 4]])
    assert read_matrix(np.ma.array([["a", "b"], ["c", "d"]], mask=mask), "features").tolist() == [
        ["a", None],
        ["c", "d"],
    ]
    plain = np.ones((2, 2), dtype=np.float32)
    assert read_matrix(plain, "features") is plain
    with pytest.raises(ValueError, match=r"features has 1 dimension\(s\)"):
        read_matrix([1, 2], "features")


def test_only_values_that_stand_for_none_are_missing():
    assert not any(map(is_missing, [0, "", "nan", "None", False, [], np.array([NAN]), datetime.date(2024, 1, 1)]))


def test_a_missing_value_is_named_with_its_label_of_the_index():
    y = pd.Series(["a", None, "b", "a"], index=list("wxyz"))
    with pytest.raises(ValueError, match=r"y\[1\] \(index 'x'\) is missing"):
        next(ColdItemSplit(1).split([["a"]] * 4, y))
