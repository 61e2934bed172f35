"""Columns of a table as numbers, dates, categories or texts, each in one form whatever library they come from."""

import datetime as dt
import numbers
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from uuid import UUID

import numpy as np
from scipy import sparse

from ..exceptions import InvalidTextError, TextTypeError
from ._columns import is_missing, read_column
from ._messages import shorten
from ._numbers_as_text import objects_as_text
from ._places import place_of
from ._text_frames import batch_as_table

# Columns of strings with so many distinct values are texts, as in skrub's TableVectorizer. Few rows have fewer.
_MOST_CATEGORIES = 40
_LENGTH_OF_TEXTS = 4

_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*")
_DATE = re.compile(
    r"\s*(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?"
    r"(?:[T\s]+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*(?:Z|UTC|[+-]\d{2}:?\d{2})?)?\s*"
)
_CODE = re.compile(r"[!-~]*\d[!-~]*")  # ASCII without a space, with a digit: numbers of orders, of parts
_INTERVAL = re.compile(r"[\[(][ -~]+, [ -~]+[\])]")  # as `pandas.cut` and `pandas.qcut` name their bins
_NO_TEXT = (_CODE, _INTERVAL, _DATE)

Place = Callable[[int], str]


def read_table(X) -> dict:
    """Return the columns of a frame or 2-D array by name or position.

    Parameters
    ----------
    X : frame or 2-D array
        A frame of any library that narwhals knows.

    Returns
    -------
    dict of label to ndarray of shape (n_rows,)
        As `read_column` returns them. Dates with a time zone are those of its clocks. Columns of a categorical type are
        of numpy's `StringDType`.

    Raises
    ------
    InvalidTextError
        If there are columns of the same name, or no columns or rows.
    TextTypeError
        If it is no table.
    """
    X = batch_as_table(X)
    if sparse.issparse(X):
        raise TextTypeError("Sparse data was passed for X: pass a frame or a dense array.")
    if not hasattr(X, "columns"):
        X = X if isinstance(X, np.ma.MaskedArray) else np.asarray(X)
        if X.ndim != 2:
            raise InvalidTextError(
                f"X has {X.ndim} dimension(s), and a frame or 2D array is expected. Reshape your data."
            )
    columns = (
        _columns_of_frame(X) if hasattr(X, "columns") else {j: read_column(X[:, j], "X") for j in range(X.shape[1])}
    )
    n_rows = len(next(iter(columns.values()), ()))
    if not n_rows:
        what = "sample" if columns else "feature"
        raise InvalidTextError(f"Found array with 0 {what}(s) (shape={X.shape}) while a minimum of 1 is required.")
    return columns


def kind_of(values: np.ndarray) -> str:
    """Return what a column holds.

    Parameters
    ----------
    values : ndarray of shape (n_rows,)
        As `read_table` returns it.

    Returns
    -------
    {"number", "date", "string", "empty"}
        Strings that all are numbers, or dates that begin with the year, are taken for these.

    Examples
    --------
    >>> columns = [1, None], ["2", "3.5"], ["2024-05-01", None], ["a", 1], [None, ""]
    >>> [kind_of(np.array(values, dtype=object)) for values in columns]
    ['number', 'number', 'date', 'string', 'empty']
    """
    if values.dtype.kind == "c":
        raise InvalidTextError("Complex data not supported: X holds complex numbers.")
    if values.dtype.kind in "biufmM":
        hidden = np.isnan(values) if values.dtype.kind in "fmM" else np.zeros(len(values), dtype=bool)
        return "empty" if hidden.all() else "date" if values.dtype.kind == "M" else "number"
    present = [value for value in values.tolist() if not _is_blank(value)]
    if not present or values.dtype.kind == "T":
        return "string" if present else "empty"
    for kind, suits in (("number", _is_number), ("date", _is_date)):
        if all(map(suits, present)):
            return kind
    return "string"


def is_text(values: Sequence[str | None]) -> bool:
    """Return whether a column of strings is read as texts rather than as categories.

    Parameters
    ----------
    values : sequence of (str or None)
        The strings.

    Returns
    -------
    bool
        True for 40 distinct values or more. Few rows need more than half as many as rows, of four characters on the
        mean. False where most are codes, such as the numbers of orders, intervals of numbers, or dates.

    Examples
    --------
    >>> is_text(["快", "慢", "快", "慢"]), is_text(["物流很快", "味道发苦", "又酸又涩"]), is_text(["A-17", "A-18"])
    (False, True, False)
    """
    present = [value for value in values if value is not None]
    distinct = set(present)
    if len(distinct) < _MOST_CATEGORIES and (
        2 * len(distinct) <= len(present) or sum(map(len, distinct)) < _LENGTH_OF_TEXTS * len(distinct)
    ):
        return False
    return 2 * sum(any(form.fullmatch(value) for form in _NO_TEXT) for value in distinct) < len(distinct)


def as_numbers(values: np.ndarray, place: Place) -> np.ndarray:
    """Return a column as float64, NaN where a value is missing or blank.

    Examples
    --------
    >>> as_numbers(np.array(["1.5", "", None, True], dtype=object), str)
    array([1.5, nan, nan, 1. ])
    """
    if values.dtype.kind == "m":
        found = np.where(np.isnat(values), np.nan, values / np.timedelta64(1, "s"))
    elif values.dtype.kind in "biuf":
        found = values.astype(np.float64)
    else:
        found = np.array([_as_number(value, i, place) for i, value in enumerate(values.tolist())], dtype=np.float64)
    if np.isinf(found).any():
        raise ValueError(f"{place(int(np.isinf(found).argmax()))} is infinite: pass a finite number, or a missing one.")
    return found


def as_dates(values: np.ndarray, place: Place) -> np.ndarray:
    """Return a column as datetime64 in seconds, NaT where a value is missing or blank.

    Examples
    --------
    >>> as_dates(np.array(["2024-05-01 08:30", "2024年5月2日", None], dtype=object), str)
    array(['2024-05-01T08:30:00', '2024-05-02T00:00:00',                 'NaT'], dtype='datetime64[s]')
    """
    if values.dtype.kind == "M":
        return values.astype("datetime64[s]")
    found = (_as_date(value, i, place) for i, value in enumerate(values.tolist()))
    return np.fromiter(found, "datetime64[s]", len(values))


def as_strings(values: np.ndarray, place: Place) -> list[str | None]:
    """Return a column as strings, None where a value is missing.

    Examples
    --------
    Intervals of pandas and UUIDs are names of categories.

    >>> as_strings(np.array(["a", 1, 1.0, True, float("nan")], dtype=object), str)
    ['a', '1', '1', 'True', None]
    """
    found = [None if is_missing(value) else value for value in values.tolist()]
    if {*map(type, found)} <= {str, type(None)}:
        return found
    found = [
        str(value)
        if isinstance(value, bool | np.bool_ | dt.date | UUID) or type(value).__name__ == "Interval"
        else value
        for value in found
    ]
    found = objects_as_text(found)[0]
    for i, value in enumerate(found):
        if value is not None and not isinstance(value, str):
            kind = type(value).__name__
            raise TextTypeError(
                f"{place(i)} is {shorten(value)} of type {kind}: pass texts, numbers or dates, or leave the column out."
            )
    return found


def as_categories(strings: Sequence[str | None]) -> np.ndarray:
    """Return strings as an array that `kind_of` takes for strings, even where all are numbers.

    Examples
    --------
    >>> kind_of(as_categories(["1", "2", None]))
    'string'
    """
    return np.array(strings, dtype=np.dtypes.StringDType(na_object=None))


def _columns_of_frame(X) -> dict:
    import narwhals as nw

    try:
        frame = nw.from_native(X, eager_only=True)
    except nw.exceptions.DuplicateError as error:
        raise InvalidTextError("X has columns of the same name: rename them.") from error
    return {name: _column_of_series(series) for name, series in zip(frame.columns, frame.iter_columns(), strict=True)}


def _column_of_series(series) -> np.ndarray:
    import narwhals as nw

    if series.dtype in (nw.Categorical, nw.Enum):
        place = partial(place_of, series.to_native(), column=series.name)
        return as_categories(as_strings(read_column(series.to_list(), "X"), place))
    if series.dtype == nw.Datetime and series.dtype.time_zone is not None:
        series = series.dt.replace_time_zone(None)  # hours and weekdays are those of the place
    return read_column(series.to_native(), "X")


def _is_blank(value) -> bool:
    return is_missing(value) or (isinstance(value, str) and not value.strip())


def _is_number(value) -> bool:
    if isinstance(value, str):
        return _NUMBER.fullmatch(value) is not None
    return isinstance(value, numbers.Real | Decimal | np.bool_ | dt.timedelta | dt.time)


def _is_date(value) -> bool:
    if type(value).__name__ == "Period":  # of pandas, a day or a month
        return True
    return isinstance(value, dt.date | np.datetime64) or (isinstance(value, str) and _parsed_date(value) is not None)


def _parsed_date(text: str) -> np.datetime64 | None:
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups())
    try:
        return np.datetime64(dt.datetime(year, month, day, hour, minute, second), "s")
    except ValueError:  # a 13th month
        return None


def _as_number(value, row: int, place: Place) -> float:
    if _is_blank(value):
        return np.nan
    if not _is_number(value):
        raise ValueError(f"{place(row)} is {shorten(value)}, and the column has numbers: pass a number.")
    if isinstance(value, dt.time):
        value = dt.datetime.combine(dt.date.min, value) - dt.datetime.min
    return value.total_seconds() if isinstance(value, dt.timedelta) else float(value)


def _as_date(value, row: int, place: Place) -> np.datetime64:
    if _is_blank(value):
        return np.datetime64("NaT", "s")
    if not _is_date(value):
        raise ValueError(f"{place(row)} is {shorten(value)}, and the column has dates: pass a date.")
    if isinstance(value, str):
        value = _parsed_date(value)
    if type(value).__name__ == "Period":
        value = value.to_timestamp()
    if isinstance(value, dt.datetime):
        value = value.replace(tzinfo=None)
    return np.datetime64(value).astype("datetime64[s]")
