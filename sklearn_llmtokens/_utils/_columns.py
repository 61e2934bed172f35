"""Read one column of any container: ids, users, times, weights, groups and targets come in here, and nowhere else.

Containers lose missing values in ways of their own. A masked array forgets its mask in most calls of numpy, a list with
a NaN becomes an array of the text "nan", a dictionary-encoded column of Arrow gives its last category for a null.
"""

import numbers
from collections.abc import Iterable, Mapping, Set
from decimal import Decimal
from typing import Any

import numpy as np

from ._lazy import eager_call
from ._messages import shorten
from ._places import label_of


def is_missing(value) -> bool:
    """Check whether a value stands for none: None, NaN, NaT, NA of pandas, null of Arrow, or masked.

    Examples
    --------
    >>> [is_missing(value) for value in (None, float("nan"), np.datetime64("NaT"), np.ma.masked, 0, "", "nan")]
    [True, True, True, True, False, False, False]
    """
    if value is None or value is np.ma.masked or type(value).__name__ in ("NAType", "NaTType", "NullScalar"):
        return True
    if isinstance(value, np.datetime64 | np.timedelta64):
        return bool(np.isnat(value))
    if isinstance(value, Decimal):
        return value.is_nan()
    return isinstance(value, numbers.Real) and bool(value != value)


def missing_places(column: np.ndarray) -> np.ndarray:
    """Check which values of a column are missing.

    Parameters
    ----------
    column : ndarray of shape (n,)
        As `read_column` returns it.

    Returns
    -------
    ndarray of shape (n,), dtype=bool
        True where a value is missing.

    Examples
    --------
    >>> missing_places(np.array([1.0, float("nan")])), missing_places(np.array(["a", None], dtype=object))
    (array([False,  True]), array([False,  True]))
    """
    if column.dtype.kind in "mM":
        return np.isnat(column)
    if column.dtype.kind in "fc":
        return np.isnan(column)
    if column.dtype.kind == "O":
        return np.fromiter(map(is_missing, column.tolist()), bool, len(column))
    return np.zeros(len(column), dtype=bool)


def read_column(values, name: str) -> np.ndarray:
    """Read one column of a container of any library.

    Parameters
    ----------
    values : list, 1-D array, Series, or column of Arrow
        The values. Masked arrays, dictionary-encoded columns and nullable types keep what is missing in them.
    name : str
        What the column is called in messages.

    Returns
    -------
    ndarray of shape (n,)
        Of numbers or dates where the container has a type for them and nothing is masked or null; dates with a time
        zone are those of UTC. Else of Python objects as they came, with None where a value is masked or null. A list is
        never converted.

    Raises
    ------
    TypeError
        If `values` is no container, has no order, or is lazy.
    ValueError
        If it has not one dimension.

    Examples
    --------
    >>> read_column(["a", 1, float("nan")], "ids")
    array(['a', 1, nan], dtype=object)
    >>> read_column(np.ma.array([10, 20], mask=[False, True]), "ids")
    array([10, None], dtype=object)
    >>> read_column(np.array([10, 20]), "ids")
    array([10, 20])
    """
    _refuse_other_containers(values, name)
    if isinstance(values, np.ndarray):
        column = _read_array(values)
    elif isinstance(values, list | tuple | range):
        column = as_objects(values)
    else:
        column = _read_library(values)
    if column.ndim != 1:
        raise ValueError(f"{name} has {column.ndim} dimensions: one value for each row is expected.")
    return column


def read_list(values, name: str) -> list:
    """Read one column of a container of any library as a list, as `read_column` reads it.

    Examples
    --------
    >>> read_list(np.array([10, 20]), "ids"), read_list(("a", None), "ids")
    ([10, 20], ['a', None])
    """
    return read_column(values, name).tolist()


def read_rows(values, name: str, what: str) -> list:
    """Read a container whose rows are lists; the rows are not read.

    Parameters
    ----------
    values : list, 1-D or 2-D array, Series, or column of Arrow
        One list for each row.
    name : str
        What it is called in messages.
    what : str
        What its rows are, for messages.

    Returns
    -------
    list of length n
        The rows.

    Raises
    ------
    TypeError
        If `values` is no container, has no order, is a frame or is lazy.

    Examples
    --------
    >>> read_rows(np.array([[10, 20], [30, 40]]), "candidates", "lists of ids")
    [[10, 20], [30, 40]]
    """
    if isinstance(values, list | tuple):
        return as_objects(values).tolist()
    _refuse_other_containers(values, name, f"a list, an array or a Series of {what}")
    for method in ("to_pylist", "tolist", "to_list"):
        if hasattr(values, method):
            return getattr(values, method)()
    return as_objects(values).tolist()


def refuse_missing(column: np.ndarray, name: str, remedy: str, source=None) -> np.ndarray:
    """Check that no value of a column is missing.

    Parameters
    ----------
    column : ndarray of shape (n,)
        As `read_column` returns it.
    name : str
        What it is called in the message.
    remedy : str
        What to do, for the message.
    source : container, default=None
        What the column was read from; the label of the row in its index stands in the message.

    Returns
    -------
    ndarray of shape (n,)
        The column.

    Raises
    ------
    ValueError
        If a value is missing; the message has its row.

    Examples
    --------
    >>> refuse_missing(np.array(["x", None]), "groups", "drop the row.")
    Traceback (most recent call last):
        ...
    ValueError: groups[1] is missing (None): drop the row.
    """
    missing = missing_places(column)
    if missing.any():
        row = int(missing.argmax())
        place = f"{name}[{row}]{label_of(source, row)}"
        raise ValueError(f"{place} is missing ({shorten(column[row])}): {remedy}")
    return column


def read_matrix(values, name: str) -> np.ndarray:
    """Read a 2-D array, in which what is masked becomes NaN, or None among objects.

    Parameters
    ----------
    values : array-like of shape (n, n_columns)
        The values.
    name : str
        What it is called in messages.

    Returns
    -------
    ndarray of shape (n, n_columns)
        The same array where it is a plain one.

    Raises
    ------
    ValueError
        If it has not two dimensions.

    Examples
    --------
    >>> read_matrix(np.ma.array([[1, 2]], mask=[[False, True]]), "features")
    array([[ 1., nan]])
    """
    array = values if isinstance(values, np.ma.MaskedArray) else np.asarray(values)
    if array.ndim != 2:
        raise ValueError(f"{name} has {array.ndim} dimension(s): pass a frame or an array of one row for each item.")
    if not isinstance(array, np.ma.MaskedArray):
        return array
    hidden, array = np.ma.getmaskarray(array), np.ma.getdata(array)
    if not hidden.any():
        return array
    if array.dtype.kind in "mM":
        return np.where(hidden, np.array("NaT", array.dtype), array)
    is_number = array.dtype.kind in "biuf"
    filled = array.astype(np.result_type(array.dtype, np.float32) if is_number else object)
    filled[hidden] = np.nan if is_number else None
    return filled


def as_objects(values: Iterable) -> np.ndarray:
    """Return the values as a 1-D array of objects, scalars of Arrow as those of Python, masked ones as None.

    Examples
    --------
    >>> as_objects([[1, 2], [3, 4]]).shape
    (2,)
    """
    values = values if isinstance(values, list | tuple | range) else list(values)
    kinds = set(map(type, values))
    if any(hasattr(kind, "as_py") for kind in kinds):
        values = [value.as_py() if hasattr(value, "as_py") else value for value in values]
    if type(np.ma.masked) in kinds:
        values = [None if value is np.ma.masked else value for value in values]
    return np.fromiter(values, dtype=object, count=len(values))


def _refuse_other_containers(values, name: str, accepted: str = "a list, an array or a Series") -> None:
    kind = type(values).__name__
    if isinstance(values, str | bytes | bytearray):
        raise TypeError(f"{name} is a {kind} ({shorten(values)}): pass {accepted}.")
    if isinstance(values, Set | Mapping):
        raise TypeError(f"{name} is a {kind}, which has no order: pass {accepted}.")
    if (call := eager_call(values)) is not None:
        raise TypeError(f"{name} is a {kind}, which is not in memory: pass what its {call} returns.")
    if hasattr(values, "columns") and not callable(values.columns):
        raise TypeError(f"{name} is a frame ({kind}): pass one column of it, or its .to_numpy() where rows are lists.")
    if not isinstance(values, Iterable) and not hasattr(values, "__array__"):
        raise TypeError(f"{name} is {shorten(values)} of type {kind}: pass {accepted}.")


def values_of(column: np.ndarray) -> list:
    """Return the values of a 1-D array as a list, with None where one is masked or what a StringDType calls missing.

    Parameters
    ----------
    column : ndarray of shape (n,)
        Values of any type.

    Returns
    -------
    list
        Its values.

    Examples
    --------
    >>> values_of(np.ma.array(["a", "b"], mask=[False, True]))
    ['a', None]
    >>> values_of(np.array(["a", "n/a"], dtype=np.dtypes.StringDType(na_object="n/a")))
    ['a', None]
    """
    values = np.ma.getdata(column).tolist()
    missing_text = getattr(column.dtype, "na_object", None)
    if isinstance(missing_text, str):  # numpy stores this text as a missing one, and returns it as a text
        values = [None if value == missing_text else value for value in values]
    if not isinstance(column, np.ma.MaskedArray):
        return values
    return [None if hidden else value for value, hidden in zip(values, np.ma.getmaskarray(column), strict=True)]


def _read_array(values: np.ndarray) -> np.ndarray:
    if isinstance(values, np.ma.MaskedArray):
        hidden = np.ma.getmaskarray(values)
        if not hidden.any():
            return _read_array(np.ma.getdata(values))
        if values.ndim == 1:
            return as_objects(values_of(values))
        column = np.ma.getdata(values).astype(object)
        column[hidden] = None
        return column
    if values.ndim != 1 or values.dtype.kind in "biufcmM":
        return np.asarray(values)
    return as_objects(values_of(values))


def _read_library(values) -> np.ndarray:
    """Read a Series of any library, a column of Arrow, or another iterable."""
    import narwhals as nw

    if hasattr(values, "to_pylist"):  # pyarrow.Array, which narwhals does not wrap, and ChunkedArray
        return _read_arrow(values)
    series: Any = nw.from_native(values, series_only=True, pass_through=True)
    if isinstance(series, nw.Series):
        dtype = series.dtype
        is_plain = (dtype.is_numeric() and not dtype.is_decimal()) or dtype in (nw.Datetime, nw.Duration)
        if is_plain and not series.is_null().any():
            return _read_array(np.asarray(series.to_numpy()))
        return as_objects(None if is_missing(value) else value for value in series.to_list())
    for method in ("tolist", "to_list"):  # pandas.Index, arrays of pandas, array.array
        if hasattr(values, method):
            return as_objects(getattr(values, method)())
    if hasattr(values, "__array__"):
        return _read_array(np.asarray(values))
    return as_objects(values)


def _read_arrow(values) -> np.ndarray:
    import pyarrow as pa

    if pa.types.is_primitive(values.type) and not pa.types.is_time(values.type) and not values.null_count:
        return _read_array(np.asarray(values))
    return as_objects(values.to_pylist())
