"""Every container of texts is read, and returned as it came: seen on a transformer that changes no character."""

from collections import UserList, deque

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.exceptions import DataConversionWarning
from sklearn.pipeline import make_pipeline

from sklearn_llmtokens.exceptions import InvalidTextError, MissingTextError
from sklearn_llmtokens.text import TextColumn, TextNormalizer

T = ["物流很快", "", "a\x00b"]
any_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)


class Unchanged(TextNormalizer):
    """A transformer of texts with every change switched off."""

    def __init__(self, *, surrogates="error"):
        super().__init__(unicode_form=None, width=None, whitespace=False, surrogates=surrogates)


def read(X):
    """Return the texts by column, as lists."""
    return columns_of(Unchanged().fit_transform(X))


def read_after_fit(X):
    """Return the texts by column, as lists, read by `transform` alone."""
    return columns_of(Unchanged().fit(T).transform(X))


def columns_of(out):
    if isinstance(out, pd.DataFrame):
        return [out.iloc[:, j].tolist() for j in range(out.shape[1])]
    if isinstance(out, pl.DataFrame | pa.Table):
        return [column.to_pylist() for column in (out.to_arrow() if isinstance(out, pl.DataFrame) else out).columns]
    if isinstance(out, np.ndarray) and out.ndim == 2:
        return out.T.tolist()
    return [out.to_pylist() if hasattr(out, "to_pylist") else list(out)]


COLUMNS = {
    "list": list(T),
    "tuple": tuple(T),
    "deque": deque(T),
    "UserList": UserList(T),
    "list of np.str_": [np.str_(t) for t in T],
    "object array": np.array(T, dtype=object),
    "unicode array": np.array(T),
    "StringDType array": np.array(T, dtype=np.dtypes.StringDType()),
    "masked array without a mask": np.ma.MaskedArray(np.array(T, dtype=object)),
    "non-contiguous array": np.array([T[0], "x", T[1], "x", T[2]], dtype=object)[::2],
    "Series of str": pd.Series(T),
    "Series of object": pd.Series(T, dtype=object),
    "Series of string[python]": pd.Series(T, dtype="string[python]"),
    "Series of string[pyarrow]": pd.Series(T, dtype="string[pyarrow]"),
    "Series of ArrowDtype": pd.Series(T, dtype=pd.ArrowDtype(pa.string())),
    "categorical Series": pd.Series(T, dtype="category"),
    "Series with a gapped index": pd.Series(T, index=[5, 1, 9]),
    "Index": pd.Index(T),
    "pandas array": pd.array(T),
    "polars Series": pl.Series(T),
    "polars categorical": pl.Series(T, dtype=pl.Categorical),
    "pyarrow array": pa.array(T),
    "pyarrow chunked array": pa.chunked_array([T[:1], T[1:]]),
}
FRAMES = {
    "pandas": pd.DataFrame({"a": T, "b": T[::-1]}),
    "pandas, gapped index": pd.DataFrame({"a": T, "b": T[::-1]}, index=[5, 1, 9]),
    "pandas of category": pd.DataFrame({"a": T, "b": T[::-1]}, dtype="category"),
    "polars": pl.DataFrame({"a": T, "b": T[::-1]}),
    "pyarrow": pa.table({"a": T, "b": T[::-1]}),
    "object array": np.array([T, T[::-1]], dtype=object).T,
    "unicode array": np.array([T, T[::-1]]).T,
    "StringDType array": np.array([T, T[::-1]], dtype=np.dtypes.StringDType()).T,
}


@pytest.mark.parametrize("X", COLUMNS.values(), ids=COLUMNS.keys())
def test_a_column_of_any_kind(X):
    (texts,) = read(X)
    assert texts == T
    assert all(type(text) is str for text in texts)


@pytest.mark.parametrize("X", FRAMES.values(), ids=FRAMES.keys())
def test_several_columns_of_any_kind(X):
    columns = read(X)
    assert columns == [T, T[::-1]]
    assert all(type(text) is str for column in columns for text in column)


def test_a_batch_of_pyarrow_is_a_frame():
    reader = Unchanged()
    assert reader.fit_transform(pa.record_batch({"a": T, "b": T[::-1]})).equals(pa.table({"a": T, "b": T[::-1]}))
    assert list(reader.feature_names_in_) == ["a", "b"]


@pytest.mark.parametrize("X", [*COLUMNS.values()], ids=COLUMNS.keys())
def test_a_column_is_rebuilt_as_it_came(X):
    out = Unchanged().fit_transform(X)
    if isinstance(X, pd.Series):
        assert isinstance(out, pd.Series)
        assert out.index.equals(X.index)
    if isinstance(X, pl.Series):
        assert isinstance(out, pl.Series)
    if isinstance(X, list | np.ndarray):
        assert out.shape == (3,)
        assert out.dtype == object


@pytest.mark.parametrize("X", [*FRAMES.values()], ids=FRAMES.keys())
def test_a_frame_is_rebuilt_as_it_came(X):
    out = Unchanged().fit_transform(X)
    assert type(out) is (np.ndarray if isinstance(X, np.ndarray) else type(X))
    assert out.shape == X.shape
    if isinstance(X, pd.DataFrame):
        assert out.index.equals(X.index)
        assert list(out.columns) == ["a", "b"]


@given(st.lists(any_text, min_size=1, max_size=12))
def test_any_texts_come_back(texts):
    for X in (texts, np.array(texts, dtype=object), pl.Series(texts, dtype=pl.String)):
        assert read(X) == [texts]


class ShownOtherwise(str):
    """A text that shows itself as something else, as the members of some enumerations do."""

    def __str__(self):
        return "Colour.RED"


def test_a_subclass_of_str_is_the_text_that_it_holds():
    assert read([ShownOtherwise("红色"), "蓝色"]) == [["红色", "蓝色"]]


@pytest.mark.parametrize(
    "X",
    [
        [],
        (),
        np.array([], dtype=object),
        np.array([]),
        pd.Series([], dtype=str),
        pd.Series([], dtype=float),
        pl.Series([], dtype=pl.String),
    ],
    ids=repr,
)
def test_no_rows(X):
    assert read_after_fit(X) == [[]]
    with pytest.raises(InvalidTextError, match=r"0 sample\(s\).*minimum of 1"):
        read(X)


# Missing texts

MISSING = {
    "None": ["a", None],
    "NaN": ["a", float("nan")],
    "numpy NaN": ["a", np.float32("nan")],
    "NA": ["a", pd.NA],
    "NaT": ["a", pd.NaT],
    "masked": ["a", np.ma.masked],
    "object array": np.array(["a", None], dtype=object),
    "masked array": np.ma.MaskedArray(np.array(["a", "b"], dtype=object), mask=[False, True]),
    "masked unicode array": np.ma.MaskedArray(np.array(["a", "b"]), mask=[False, True]),
    "StringDType with NaN": np.array(["a", np.nan], dtype=np.dtypes.StringDType(na_object=np.nan)),
    "StringDType with None": np.array(["a", None], dtype=np.dtypes.StringDType(na_object=None)),
    "Series of object": pd.Series(["a", None], dtype=object),
    "Series of str": pd.Series(["a", None]),
    "Series of string[python]": pd.Series(["a", None], dtype="string[python]"),
    "Series of string[pyarrow]": pd.Series(["a", None], dtype="string[pyarrow]"),
    "categorical": pd.Series(["a", None], dtype="category"),
    "polars": pl.Series(["a", None]),
    "StringDType with a text": np.array(["a", "n/a"], dtype=np.dtypes.StringDType(na_object="n/a")),
    "pyarrow": pa.array(["a", None]),
    "pyarrow scalars": list(pa.array(["a", None])),
    "pyarrow dictionary": pa.array(["a", None]).dictionary_encode(),
    "pyarrow dictionary in chunks": pa.chunked_array([pa.array(["a", None]).dictionary_encode()]),
    "null in the dictionary": pa.DictionaryArray.from_arrays(pa.array([0, 1]), pa.array(["a", None])),
    "pandas of a pyarrow dictionary": pd.Series(pd.array(pa.array(["a", None]).dictionary_encode())),
    "pyarrow masked": pa.array(np.array(["a", "b"], dtype=object), mask=np.array([False, True])),
}


@pytest.mark.parametrize("X", MISSING.values(), ids=MISSING.keys())
def test_a_missing_text_is_named_or_kept(X):
    with pytest.raises(MissingTextError, match=r'X\[1\] is missing \(.*NaN.*missing="zero"'):
        read(X)
    assert list(TextColumn("empty").fit_transform(X)) == ["a", ""]


@pytest.mark.parametrize(
    "X",
    [
        np.array([np.nan, np.nan]),
        pd.Series([np.nan, np.nan]),
        pd.Series([pd.NA, pd.NA], dtype="Int64"),
        pl.Series([None, None], dtype=pl.Float64),
        pa.array([None, None], pa.float64()),
        pd.DataFrame({"a": [np.nan, np.nan]}),
        pl.DataFrame({"a": [None, None]}, schema={"a": pl.Float64}),
    ],
    ids=lambda X: f"{type(X).__module__.partition('.')[0]} {type(X).__name__}",
)
def test_a_column_of_numbers_without_a_number_is_one_of_missing_texts(X):
    with pytest.raises(MissingTextError, match=r"X\[0(, 'a')?\] is missing"):
        read(X)
    assert list(TextColumn("empty").fit_transform(X)) == ["", ""]


@pytest.mark.parametrize("library", [pd.DataFrame, pl.DataFrame, pa.table])
def test_a_missing_cell_is_named_by_row_and_column(library):
    X = library({"title": ["a", "b"], "text": ["c", None]})
    with pytest.raises(MissingTextError, match=r"X\[1, 'text'\] is missing"):
        read(X)
    with pytest.raises(MissingTextError, match=r"X\[0, 1\] is missing"):
        read(np.array([["a", None]], dtype=object))


# Numbers in two dimensions, as scikit-learn's checks feed them


@pytest.mark.parametrize(
    ("X", "expected"),
    [
        (np.array([[1, 2]]), (["1"], ["2"])),
        (np.array([[1.5, 2.0]]), (["1.5"], ["2"])),
        (np.array([["a", 1.0]], dtype=object), (["a"], ["1"])),
        (np.array([["2020-01-02"]], dtype="M8[ns]"), (["2020-01-02T00:00:00.000000000"],)),
        (np.array([[True]]), (["True"],)),
        ([[1, 2], [3, 4]], (["1", "3"], ["2", "4"])),
        (np.array([["a", 1]], dtype=object), (["a"], ["1"])),
        (pd.DataFrame({"a": [1, 2]}), (["1", "2"],)),
        (pd.DataFrame({"a": [1, 2]}, dtype="Int64"), (["1", "2"],)),
        (pl.DataFrame({"a": [1, 2]}), (["1", "2"],)),
        (pl.DataFrame({"a": [True]}), (["True"],)),
    ],
    ids=repr,
)
def test_numbers_in_two_dimensions_are_read_as_text_with_a_warning(X, expected):
    with pytest.warns(DataConversionWarning, match="read as text"):
        assert tuple(read(X)) == expected


@pytest.mark.parametrize(
    ("X", "where"),
    [
        (np.array([["a", 1]], dtype=object), r"\(int\) in column 1 are"),
        (pd.DataFrame({"title": ["a"], "label": [1.0]}), r"\(Float64\) in column 'label' are"),
        (pl.DataFrame({"x": [1], "title": ["a"], "y": [2]}), r"\(Int64\) in columns 'x', 'y' are"),
        (np.ones((1, 8)), r"\(float64\) in columns 0, 1, 2, 3, 4, 3 more are"),
    ],
    ids=["array", "pandas", "polars", "many"],
)
def test_the_warning_names_the_columns_and_points_at_the_caller(X, where):
    with pytest.warns(DataConversionWarning, match=where) as caught:
        make_pipeline(Unchanged(), "passthrough").fit(X)
    assert {warning.filename for warning in caught} == {__file__}


@pytest.mark.filterwarnings("ignore:Numbers:sklearn.exceptions.DataConversionWarning")
def test_equal_numbers_are_equal_texts_whatever_their_type():
    ones = [np.array([["a", one]], dtype=object) for one in (1, 1.0, np.float32(1), np.int8(1))] + [
        pd.DataFrame({"t": ["a"], "n": [one]}) for one in (1, 1.0)
    ]
    assert {read(X)[1][0] for X in ones} == {"1"}
    large = [2.0**53, 1e300, -1e300]
    assert read(np.array([large])) == [[str(value)] for value in large]


@pytest.mark.parametrize(
    "X",
    [
        np.array([[1.0], [np.nan]]),
        np.ma.MaskedArray([[1], [2]], mask=[[False], [True]]),
        pd.DataFrame({"a": [1, None]}),
        pd.DataFrame({"a": pd.array([1, None], dtype="Int64")}),
        pl.DataFrame({"a": [1, None]}),
        np.array([[1], [None]], dtype=object),
    ],
    ids=repr,
)
@pytest.mark.filterwarnings("ignore:Numbers:sklearn.exceptions.DataConversionWarning")
def test_missing_numbers_are_missing_texts(X):
    with pytest.raises(MissingTextError, match=r"X\[1, (0|'a')\] is missing"):
        read(X)
    number, missing = TextColumn("empty").fit_transform(X)
    assert float(number) == 1
    assert missing == ""


@pytest.mark.parametrize("missing", [None, 3])
@pytest.mark.parametrize("library", ["Int64", "polars"])
@pytest.mark.filterwarnings("ignore:Numbers:sklearn.exceptions.DataConversionWarning")
def test_an_integer_reads_the_same_whatever_is_missing_beside_it(missing, library):
    values = [1, missing]
    X = pl.DataFrame({"a": values}) if library == "polars" else pd.DataFrame({"a": pd.array(values, dtype="Int64")})
    assert next(iter(TextColumn("empty").fit_transform(X))) == "1"


# Characters


@pytest.mark.parametrize("text", ["\x00", "𝔘𝔫𝔦", "مرحبا", "e\u0301", "\u200d", "\ufffe", "\U0010ffff"])
def test_any_character_of_unicode_is_a_character(text):
    assert read([text]) == [[text]]


def test_a_lone_surrogate_is_named_with_its_position():
    with pytest.raises(InvalidTextError, match=r"X\[2\] has a lone surrogate U\+D83D at character 1"):
        read(["a", "b", "c\ud83d", "d"])
    with pytest.raises(InvalidTextError, match=r"X\[1, 'b'\] has a lone surrogate U\+DE00 at character 0"):
        read(pd.DataFrame({"a": ["x", "y"], "b": pd.Series(["x", "\ude00"], dtype=object)}))
    assert Unchanged(surrogates="replace").fit_transform(["a\ud83d"]).tolist() == ["a\ufffd"]


def test_halves_of_a_pair_in_two_texts_are_both_lone():
    with pytest.raises(InvalidTextError, match=r"X\[0\]"):
        read(["\ud83d", "\ude00"])


def test_surrogates_are_found_in_every_block():
    texts = ["a"] * 10_000 + ["\udfff"]
    with pytest.raises(InvalidTextError, match=r"X\[10000\]"):
        read(texts)


@given(st.text(max_size=10))
def test_the_first_lone_surrogate_is_that_of_a_loop(text):
    first = next((i for i, c in enumerate(text) if 0xD800 <= ord(c) <= 0xDFFF), None)
    if first is None:
        assert read([text]) == [[text]]
    else:
        with pytest.raises(InvalidTextError, match=f"at character {first},"):
            read([text])


# For estimators


@pytest.mark.parametrize("library", [pd.DataFrame, pl.DataFrame])
def test_names_of_columns_are_remembered(library):
    reader = Unchanged().fit(library({"a": T, "b": T}))
    assert list(reader.feature_names_in_) == ["a", "b"]
    assert reader.n_features_in_ == 2
    with pytest.raises(ValueError, match="feature names"):
        reader.transform(library({"a": T, "c": T}))


def test_a_column_has_one_feature_and_no_name():
    for X in (T, pd.Series(T, name="a"), pl.Series("a", T)):
        reader = Unchanged().fit(X)
        assert reader.n_features_in_ == 1
        assert not hasattr(reader, "feature_names_in_")


def test_a_table_of_pyarrow_is_checked_too():
    reader = Unchanged().fit(pa.table({"a": T, "b": T}))
    assert reader.n_features_in_ == 2
    with pytest.raises(ValueError, match=r"feature names should match|expecting 2 features"):
        reader.transform(pa.table({"a": T}))


def test_columns_named_by_numbers():
    X = pd.DataFrame({0: T, 1: T})
    reader = Unchanged().fit(X)
    assert reader.n_features_in_ == 2
    assert reader.transform(X).columns.tolist() == [0, 1]


@pytest.mark.parametrize("name", [None, float("nan"), 3])
def test_a_column_may_have_any_name(name):
    X = pd.DataFrame({name: T})
    pd.testing.assert_frame_equal(Unchanged().fit_transform(X), X, check_dtype=False)
    with pytest.raises(MissingTextError, match=r"X\[1, "):
        read(pd.DataFrame({name: ["a", None]}))


def test_a_frame_with_two_columns_of_one_name_is_refused():
    with pytest.raises(ValueError, match=r"columns of the same name.*rename them"):
        read(pd.DataFrame([["a", "b"]], columns=["x", "x"]))
