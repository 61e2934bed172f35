"""What is no column of texts is refused, with its position and what to do."""

from collections import UserString
from datetime import datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy import sparse

from sklearn_llmtokens import LLMTokenEmbedder
from sklearn_llmtokens.exceptions import InvalidTextError, MissingTextError, TextTypeError
from sklearn_llmtokens.text import TextNormalizer

T = ["物流很快", "", "a\x00b"]


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        (
            "one text",
            InvalidTextError,
            "Iterable over raw text documents expected, string object received: pass a list",
        ),
        (b"bytes", TextTypeError, "decode"),
        (bytearray(b"x"), TextTypeError, "decode"),
        ([b"bytes"], TextTypeError, r"X\[0\] is bytes"),
        (np.array([b"bytes"]), TextTypeError, r"X\[0\] is bytes"),
        (["a", 3], TextTypeError, r"X\[1\] is 3 of type int"),
        (["a", 2.5], TextTypeError, r"X\[1\] is 2.5 of type float"),
        (["a", True], TextTypeError, r"X\[1\] is True"),
        (["a", 1j], InvalidTextError, r"X\[1\] is 1j: Complex"),
        (["a", Decimal(3)], TextTypeError, r"X\[1\]"),
        (["a", datetime(2020, 1, 1)], TextTypeError, r"X\[1\]"),
        (["a", object()], TextTypeError, r"X\[1\]"),
        (["a", {"text": "b"}], (TextTypeError, InvalidTextError), r"X\[1\]"),
        (["a", {"b"}], (TextTypeError, InvalidTextError), r"X\[1\]"),
        ([["a", "b"], ["c", "d"]], InvalidTextError, r"X\[0\] is a list"),
        ([("a", "b")], InvalidTextError, r"X\[0\] is a tuple"),
        (["a", ["b"]], InvalidTextError, r"X\[1\] is a list"),
        (["a", [1]], InvalidTextError, r"X\[1\] is a list"),
        (["a", ()], InvalidTextError, r"X\[1\] is a tuple"),
        ([[1, 2], [3]], InvalidTextError, r"X\[0\] is a list"),
        (["a", np.array(["b"])], InvalidTextError, r"X\[1\] is a ndarray"),
        ({"a", "b"}, TextTypeError, "set, whose order"),
        (frozenset(["a"]), TextTypeError, "frozenset"),
        ({"a": 1}, TextTypeError, "dict"),
        ({"a": 1}.keys(), TextTypeError, "dict_keys"),
        ((t for t in T), TextTypeError, "generator, which can be read only once"),
        (iter(T), TextTypeError, "read only once"),
        (map(str, T), TextTypeError, "map"),
        (3, TextTypeError, "int"),
        (None, TextTypeError, "NoneType"),
        (range(3), TextTypeError, r"X\[0\] is 0"),
        (sparse.csr_matrix((2, 2)), TextTypeError, "Sparse data"),
        (sparse.coo_array((2, 2)), TextTypeError, "Sparse data"),
        (np.arange(3), InvalidTextError, "1D array of numbers.*Reshape your data"),
        (np.array([True]), InvalidTextError, "1D array"),
        (np.array(["2020-01-01"], dtype="M8[D]"), InvalidTextError, "1D array"),
        (np.array("text"), InvalidTextError, "0 dimensions"),
        (np.array([[["a"]]]), InvalidTextError, "3 dimensions"),
        (np.array([("a", 1)], dtype=[("t", "U1"), ("n", int)]), InvalidTextError, r"fields t, n: .*X\['t'\]"),
        (np.ma.array([("a",)], dtype=[("t", "U1")], mask=[(True,)]), InvalidTextError, "structured array"),
        (pl.LazyFrame({"a": T}), TextTypeError, r"lazy frame \(LazyFrame\): pass what X\.collect\(\) returns"),
        (np.array([[1j]]), InvalidTextError, "Complex data not supported"),
        (np.array([[np.inf]]), InvalidTextError, "infinity"),
        (np.empty((3, 0)), InvalidTextError, r"0 feature\(s\)"),
        (pd.DataFrame(index=[0, 1]), InvalidTextError, r"0 feature\(s\)"),
        (pl.DataFrame(), InvalidTextError, r"0 feature\(s\)"),
        ([[], []], InvalidTextError, r"0 feature\(s\)"),
        (pd.Series([1, 2]), InvalidTextError, "Series of numbers"),
        (pl.Series([1.0]), InvalidTextError, "Series of numbers"),
        (pd.Series([True]), (TextTypeError, InvalidTextError), "True|numbers"),
        (pd.Series(pd.to_datetime(["2020-01-01"])), (TextTypeError, InvalidTextError), r"X\[0\]|datetime"),
        (pl.Series([["a"]]), InvalidTextError, r"X\[0\] is a"),
        (pd.DataFrame({"a": [b"x"]}), TextTypeError, r"X\[0, 'a'\] is bytes"),
    ],
)
def test_what_is_no_column_of_text_is_refused_with_its_position(X, error, message):
    with pytest.raises(error, match=message):
        TextNormalizer().fit(X)


def lazy(module, *calls):
    """Return an object of a class that says it is of `module`, and that has the calls."""
    return type("Relation", (), {"__module__": module} | dict.fromkeys(calls, lambda self: None))()


@pytest.mark.parametrize(
    ("X", "advice"),
    [
        (lazy("_duckdb._relation", "df"), r"pass what X\.df\(\) returns"),
        (lazy("pyspark.sql.classic.dataframe", "toPandas"), r"pass what X\.toPandas\(\) returns"),
        (lazy("ibis.expr.types.relations", "to_pandas"), r"pass what X\.to_pandas\(\) returns"),
        (lazy("dask.dataframe.dask_expr", "compute"), r"pass what X\.compute\(\) returns"),
        (lazy("ray.data.dataset", "to_pandas"), r"pass what X\.to_pandas\(\) returns"),
        (pa.RecordBatchReader.from_batches(pa.schema([]), []), r"pass what X\.read_all\(\) returns"),
        (lazy("pyspark.sql.classic.column"), "pass a list, a 1-D array or a Series"),  # a column holds no values
        (lazy("elsewhere", "df"), "pass a list, a 1-D array or a Series"),
    ],
    ids=lambda value: type(value).__module__ if not isinstance(value, str) else "",
)
def test_what_is_not_in_memory_is_refused_with_a_call_that_it_has(X, advice):
    with pytest.raises(TextTypeError, match=advice):
        TextNormalizer().fit(X)


def test_a_message_shows_thirty_characters_of_a_value():
    with pytest.raises(TextTypeError) as raised:
        TextNormalizer().fit([UserString("secret" * 10)])
    assert "secret" * 6 not in str(raised.value)
    with pytest.raises(TextTypeError) as raised:
        TextNormalizer().fit(pd.DataFrame({"column" * 10: [object()]}))
    assert "column" * 6 not in str(raised.value)


def test_errors_are_the_builtins_that_a_caller_would_catch():
    assert issubclass(InvalidTextError, ValueError)
    assert issubclass(MissingTextError, ValueError)
    assert issubclass(TextTypeError, TypeError)


@pytest.mark.parametrize(
    ("X", "place"),
    [
        (pd.Series(["a", None], index=["r1", "r2"]), r"X\[1\] \(index 'r2'\) is missing"),
        (pd.Series(["a", None], index=[7, 3]), r"X\[1\] \(index 3\) is missing"),
        (pd.Series(["a", None], index=[1, 0]), r"X\[1\] \(index 0\) is missing"),
        (pd.Series(["a", None], index=pd.MultiIndex.from_tuples([("u", 1), ("u", 2)])), r"\(index \('u', 2\)\) is"),
        (
            pd.Series(["a", None], index=pd.to_datetime(["2024-05-01", "2024-05-02"])),
            r"\(index 2024-05-02 00:00:00\) is",
        ),
        (pd.DataFrame({"t": ["a", None]}, index=["r1", "r2"]), r"X\[1, 't'\] \(index 'r2'\) is missing"),
        (pd.DataFrame({"t": ["a", "b", None]})[1:], r"X\[1, 't'\] \(index 2\) is missing"),
        (pd.Series(["a", None]), r"X\[1\] is missing"),
        (pl.Series(["a", None]), r"X\[1\] is missing"),
        (pl.DataFrame({"t": ["a", None]}), r"X\[1, 't'\] is missing"),
        (pd.Series(["a", None], index=["x", "a long label " * 9]), r"\(index 'a long label .{17}'\.\.\.\)"),
    ],
)
def test_the_label_of_the_index_stands_beside_the_position(X, place):
    with pytest.raises(MissingTextError, match=place):
        TextNormalizer().fit(X)


def test_the_label_of_the_index_stands_beside_the_position_of_a_long_text(checkpoints):
    texts = pd.Series(["a", "b " * 200], index=["r1", "r2"])
    embedder = LLMTokenEmbedder(checkpoints["bert"], long_text="error", max_length=16)
    with pytest.raises(ValueError, match=r"X\[1\] \(index 'r2'\) has more than"):
        embedder.fit_transform(texts)
