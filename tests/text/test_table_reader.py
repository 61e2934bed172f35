"""Tables into texts of rows with other columns beside them: which columns are texts, and what is refused."""

import datetime as dt
from decimal import Decimal
from uuid import UUID

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from sklearn_llmtokens.exceptions import MissingTextError
from sklearn_llmtokens.text import TableReader

REVIEWS = ["物流很快", "味道发苦", "包装完好", "又酸又涩"]


def kinds(columns, **parameters):
    return TableReader(**parameters).fit(pd.DataFrame({"review": REVIEWS, **columns})).kinds_


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2, 3, 3], "number"),
        ([True, False, True, True], "number"),
        ([True, None, True, False], "number"),
        ([Decimal("1.5"), None, Decimal(2), Decimal(2)], "number"),
        (["1", "2.50", "", "-3e2"], "number"),
        ([dt.timedelta(hours=1), None, dt.timedelta(1), dt.timedelta(1)], "number"),
        (pd.array([1, None, 3, 4], dtype="Int64"), "number"),
        (pd.to_datetime(["2024-05-01"] * 4), "date"),
        (pd.to_datetime(["2024-05-01"] * 4, utc=True), "date"),
        ([dt.date(2024, 5, 1), None, None, None], "date"),
        (pd.period_range("2024-01", periods=4, freq="M"), "date"),
        ([dt.time(8, 30), None, dt.time(9), dt.time(9)], "number"),
        (["2024-05-01", "2024/5/2 8:30", "2024年5月3日", ""], "date"),
        (["2024-05-01T08:30:00.5Z", "2024-05-01 08:30+08:00", None, None], "date"),
        (["2024-13-01"] * 4, "category"),
        (["01/02/2024"] * 4, "category"),
        (list("aabb"), "category"),
        (["a", 1, 2.0, None], "category"),
        (pd.Categorical([1, 2, 1, 1]), "category"),
        (["A-0001", "A-0002", "B-0001", "B-0002"], "category"),  # numbers of orders
        (pd.cut([1.0, 2.0, 3.0, 4.0], 4), "category"),
        (pd.interval_range(0, 4), "category"),
        ([UUID(int=i) for i in range(4)], "category"),
        (pd.Categorical(pd.date_range("2024-05-01", periods=4, freq="h")), "category"),
        (["2024年5月1日", "2024年5月2日 8:30", "2024年5月3日", "未知"], "category"),
        ([None] * 4, "empty"),
        ([np.nan] * 4, "empty"),
        (["", " ", None, np.nan], "empty"),
        (["一共四个字", "每行不一样", "所以是文本", "不是分类"], "text"),
        (["很快"] * 3 + ["很慢"], "category"),
    ],
    ids=str,
)
def test_what_a_column_holds(values, kind):
    assert kinds({"column": values})["column"] == kind


def test_forty_distinct_strings_are_texts_as_in_skrub():
    def frame(n):
        return pd.DataFrame({"review": [f"第{i}条评论" for i in range(200)], "c": [f"类别{i % n}" for i in range(200)]})

    assert TableReader().fit(frame(39)).kinds_["c"] == "category"
    assert TableReader().fit(frame(40)).kinds_["c"] == "text"


def test_texts_of_a_row_are_joined_in_the_order_of_the_columns_or_of_their_names():
    frame = pd.DataFrame(
        {"title": ["物流评价", "口感评价", "包装评价"], "n": [1, 2, 3], "body": ["很快很快", None, "又好又快"]}
    )
    rows = TableReader(missing="empty").fit_transform(frame)
    assert list(rows) == ["物流评价\n很快很快", "口感评价", "包装评价\n又好又快"]
    np.testing.assert_array_equal(rows.columns["n"], [1, 2, 3])
    assert TableReader(["body", "title"], missing="empty").fit_transform(frame)[0] == "很快很快\n物流评价"
    assert list(TableReader("title").fit_transform(frame)) == list(frame["title"])
    assert TableReader("n").fit(frame[["n", "title"]]).transform(frame[["n", "title"]])[1] == "2"


@pytest.mark.parametrize("library", [pd.DataFrame, pl.DataFrame, pa.table, pa.RecordBatch.from_pydict])
def test_a_single_column_can_be_named_in_a_frame_of_any_library(library):
    frame = library({"review": REVIEWS})
    assert list(TableReader(["review"]).fit(frame).transform(frame)) == REVIEWS
    with pytest.raises(ValueError, match="text_columns='title', and X has"):
        TableReader("title").fit(frame)


def test_a_categorical_value_that_is_no_name_is_named_with_its_place():
    frame = pd.DataFrame({"review": REVIEWS, "c": pd.Categorical([(1, 2), (3,), (1, 2), (3,)])}, index=list("wxyz"))
    with pytest.raises(TypeError, match=r"X\[0, 'c'\] \(index 'w'\) is \(1, 2\) of type tuple"):
        TableReader().fit(frame)


def test_dates_with_a_time_zone_are_those_of_its_clocks():
    when = pd.to_datetime(["2024-05-01 23:30"] * 4, utc=True).tz_convert("Asia/Shanghai")
    frame = pd.DataFrame({"review": REVIEWS, "when": when, "text": ["2024-05-02T07:30+08:00"] * 4, "object": None})
    frame["object"] = [stamp.to_pydatetime() for stamp in when]
    rows = TableReader().fit_transform(frame)
    for name in ("when", "text", "object"):
        assert rows.columns[name][0] == np.datetime64("2024-05-02T07:30:00")


@pytest.mark.parametrize("library", [pd.DataFrame, pl.DataFrame, pa.table])
def test_columns_are_found_by_name_in_any_order_beside_others(library):
    data = {"review": REVIEWS, "price": [1.5, None, 2.0, 3.0], "shop": ["a", "b", None, "a"]}
    reader = TableReader().fit(library(data))
    assert list(reader.feature_names_in_) == list(data)
    rows = reader.transform(library({"other": [0] * 4, **dict(reversed(data.items()))}))
    assert list(rows) == REVIEWS
    np.testing.assert_array_equal(rows.columns["price"], [1.5, np.nan, 2.0, 3.0])
    assert rows.columns["shop"].tolist() == ["a", "b", None, "a"]
    with pytest.raises(ValueError, match="X has no column 'price', 'shop', which fit had; it has 'review'"):
        reader.transform(library({"review": REVIEWS, "x": [1] * 4}))


def test_an_array_of_several_columns_is_a_table_of_positions():
    X = np.array([REVIEWS, [1, 2, 3, 4]], dtype=object).T
    reader = TableReader().fit(X)
    assert reader.kinds_ == {0: "text", 1: "number"}
    assert not hasattr(reader, "feature_names_in_")
    assert list(reader.transform(X[:2])) == REVIEWS[:2]
    assert TableReader([1]).fit(X).kinds_ == {1: "text", 0: "category"}


def test_one_column_is_read_as_by_a_text_column():
    reader = TableReader().fit(REVIEWS)
    assert reader.kinds_ is None
    assert reader.transform(REVIEWS).tolist() == REVIEWS
    series = TableReader().fit_transform(pd.DataFrame({"review": REVIEWS}, index=list("wxyz")))
    assert list(series.index) == list("wxyz")
    with pytest.raises(ValueError, match="X has 2 features, but TableReader is expecting 1"):
        reader.transform(np.array([REVIEWS, REVIEWS]).T)
    reader.fit(pd.DataFrame({"review": REVIEWS, "price": 1}))
    with pytest.raises(TypeError, match="X is a list: pass a frame"):
        reader.transform(REVIEWS)


def test_a_missing_text_is_named_and_other_columns_may_lack_values():
    frame = pd.DataFrame({"review": REVIEWS, "shop": [None, "a", "a", "b"]}, index=[f"r{i}" for i in range(4)])
    reader = TableReader().fit(frame)
    frame.loc["r2", "review"] = None
    with pytest.raises(MissingTextError, match=r"X\[2, 'review'\] \(index 'r2'\) is missing"):
        reader.transform(frame)
    assert reader.set_params(missing="empty").transform(frame)[2] == ""


@pytest.mark.parametrize(
    ("X", "parameters", "message"),
    [
        (pd.DataFrame({"a": [1, 2], "b": ["x", "x"]}), {}, r"no column of texts, but 'a' \(number\), 'b' \(category\)"),
        (pd.DataFrame({"a": REVIEWS, "b": 1}), {"text_columns": ["c"]}, r"text_columns=\['c'\]: pass names among 'a'"),
        (pd.DataFrame({"a": REVIEWS, "b": 1}), {"text_columns": []}, r"text_columns=\[\]: pass names among 'a', 'b'"),
        (pd.DataFrame({"a": REVIEWS}), {"text_columns": ["c"]}, r"text_columns=\['c'\], and X has \['a'\]"),
        (REVIEWS, {"text_columns": ["c"]}, r"text_columns=\['c'\] are of a frame"),
        (pd.DataFrame({"a": REVIEWS, "b": [[1], [2], [3], [4]]}), {}, r"X\[0, 'b'\] is \[1\] of type list"),
        (pd.DataFrame({"a": REVIEWS, "b": [b"x"] * 4}), {}, r"X\[0, 'b'\] is b'x' of type bytes"),
        (pd.DataFrame({"a": REVIEWS, "b": [np.inf, 1, 2, 3]}), {}, r"X\[0, 'b'\] is infinite"),
        (pd.DataFrame([REVIEWS, REVIEWS], columns=["a", "a", "b", "b"]), {}, "columns of the same name"),
        (pd.DataFrame({"a": REVIEWS, "b": 1})[:0], {}, r"0 sample\(s\)"),
    ],
)
def test_what_is_no_table_of_texts_is_refused(X, parameters, message):
    with pytest.raises((ValueError, TypeError), match=message):
        TableReader(**parameters).fit(X)


def test_times_of_day_are_seconds_and_periods_begin_with_their_first_day():
    frame = pd.DataFrame(
        {
            "review": REVIEWS,
            "month": pd.period_range("2024-01", periods=4, freq="M"),
            "at": [dt.time(8, 30), None, dt.time(0), dt.time(23, 59, 59)],
        }
    )
    rows = TableReader().fit_transform(frame)
    assert rows.columns["month"].tolist() == [dt.datetime(2024, month, 1) for month in (1, 2, 3, 4)]
    np.testing.assert_array_equal(rows.columns["at"], [30600, np.nan, 0, 86399])


@pytest.mark.parametrize("labels", [["甲", "乙", None, "乙"], [1.0, 2.0, np.nan, 2.0], [5, 6, 7, 8]], ids=str)
@pytest.mark.parametrize("container", [list, pd.Series, pl.Series, lambda labels: np.array(labels, dtype=object)])
def test_a_column_that_equals_the_labels_is_a_warning(labels, container):
    table = pd.DataFrame({"review": REVIEWS, "类别": labels})
    with pytest.warns(UserWarning, match="The column '类别' of X equals y: leave it out of X"):
        TableReader().fit(table, container(labels))


@pytest.mark.parametrize(
    "y", [None, ["甲", "乙", "乙", "乙"], ["甲"], np.zeros((4, 2)), [[1], [2, 3], [], [4]]], ids=str
)
def test_other_labels_are_no_warning(y):
    table = pd.DataFrame({"review": REVIEWS, "类别": ["甲", "乙", "乙", "甲"]})
    assert TableReader().fit(table, y).kinds_["类别"] == "category"
