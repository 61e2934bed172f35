"""Read any column of text into lists of str, and complain about anything else with its position.

Every estimator that takes texts begins here: a list, a 1-D array, a Series or a frame of any DataFrame library goes
in, a `TextTable` of plain Python strings comes out. Nothing is converted silently.
"""

import numbers
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.exceptions import DataConversionWarning
from sklearn.utils.validation import validate_data

from ._utils._columns import is_missing
from .exceptions import InvalidTextError, MissingTextError, TextTypeError

_SURROGATE_CHECK_ROWS = 4096


@dataclass(frozen=True)
class TextTable:
    """Texts by column, and how to put texts of the same shape back into the container they came in.

    Attributes
    ----------
    columns : tuple of list of (str or None)
        One list a column; None where a text is missing.
    labels : tuple of (str or int or None)
        The name or position of each column for messages; ``(None,)`` for 1-D input.
    rebuild : callable
        Takes one list a column and gives an array, Series or frame like the input.
    """

    columns: tuple[list[str | None], ...]
    labels: tuple[Any, ...]
    rebuild: Callable[[Sequence[list]], Any]

    @property
    def n_rows(self) -> int:
        return len(self.columns[0])

    @property
    def ndim(self) -> int:
        return 1 if self.labels == (None,) else 2


def read_texts(X, *, missing: str = "error", surrogates: str = "error", min_rows: int = 0) -> TextTable:
    """Read `X` as texts.

    Parameters
    ----------
    X : list or 1-D array or Series of str, or 2-D array or frame whose cells are texts
        Series and frames of pandas, polars and pyarrow are read through narwhals. A 2-D array of numbers is read as
        text with a `DataConversionWarning`.
    missing : {"error", "keep"}, default="error"
        Whether a missing text (None, NaN, NA, NaT, masked) is an error or becomes None.
    surrogates : {"error", "keep"}, default="error"
        Whether a lone surrogate, which no encoding of Unicode can hold, is an error.
    min_rows : int, default=0
        Fewer rows are an error.

    Returns
    -------
    TextTable
        The texts by column.

    Raises
    ------
    TextTypeError
        For anything that is not text: bytes, numbers in a list, sets, mappings, generators, sparse matrices.
    InvalidTextError
        For a single str, nested lists, more than two dimensions, no columns, too few rows, or lone surrogates.
    MissingTextError
        For a missing text, unless ``missing="keep"``.
    """
    table = _read_container(_batch_as_table(X))
    if table.n_rows < min_rows:
        raise InvalidTextError(
            f"Found array with {table.n_rows} sample(s) (shape={_shape(table)}) while a minimum of {min_rows} is "
            "required."
        )
    columns = tuple(
        _check_column(column, label, missing=missing, surrogates=surrogates)
        for column, label in zip(table.columns, table.labels, strict=True)
    )
    return TextTable(columns, table.labels, table.rebuild)


def validate_texts(estimator, X, *, reset: bool, missing: str = "error", surrogates: str = "error") -> TextTable:
    """Read `X` as texts for an estimator and set or check `n_features_in_` and `feature_names_in_`.

    Parameters
    ----------
    estimator : BaseEstimator
        The estimator that asks.
    X : texts
        As in `read_texts`.
    reset : bool
        True in ``fit`` (sets the attributes, needs a row), False in ``transform`` (compares with them).
    missing, surrogates : str
        As in `read_texts`.

    Returns
    -------
    TextTable
        The texts by column.

    Raises
    ------
    ValueError
        If the columns are not those of ``fit``, and as in `read_texts`.
    TypeError
        As in `read_texts`.
    """
    X = _batch_as_table(X)
    table = read_texts(X, missing=missing, surrogates=surrogates, min_rows=int(reset))
    if table.ndim == 2:
        validate_data(
            estimator, X if hasattr(X, "columns") else _Shape(_shape(table)), reset=reset, skip_check_array=True
        )
    else:
        validate_data(estimator, _Shape((table.n_rows, 1)), reset=reset, skip_check_array=True)
    return table


class _Shape:
    """Stands for a container without column names: all that scikit-learn asks of it here is its shape."""

    def __init__(self, shape: tuple[int, ...]):
        self.shape = shape


def _shape(table: TextTable) -> tuple[int, ...]:
    return (table.n_rows,) if table.ndim == 1 else (table.n_rows, len(table.columns))


def _batch_as_table(X):
    """Give a pyarrow.RecordBatch, which neither narwhals nor scikit-learn knows, as a Table; anything else as it is."""
    if not hasattr(X, "to_struct_array") or hasattr(X, "to_batches"):
        return X
    import narwhals as nw

    return nw.from_arrow(X, backend="pyarrow").to_native()


def _read_container(X) -> TextTable:
    if isinstance(X, str):
        raise InvalidTextError("Iterable over raw text documents expected, string object received.")
    if sparse.issparse(X):
        raise TextTypeError("Sparse data was passed for X, but texts are required: pass a list, an array or a frame.")
    if isinstance(X, bytes | bytearray):
        raise TextTypeError("Iterable over raw text documents expected, bytes received: decode them first.")
    if isinstance(X, Set | Mapping):
        raise TextTypeError(
            f"X is a {type(X).__name__}, whose order is not that of rows: pass a list, an array, a Series or a frame."
        )
    if isinstance(X, Iterator):
        raise TextTypeError(f"X is a {type(X).__name__}, which can be read only once: pass list(X).")
    if isinstance(X, list | tuple):
        return _read_sequence(X)
    if isinstance(X, np.ndarray):
        return _read_array(X)
    native = _read_dataframe_library(X)
    if native is not None:
        return native
    if hasattr(X, "to_pylist"):  # a pyarrow.Array, which narwhals does not wrap
        return _one_column(X.to_pylist())
    if hasattr(X, "__array__"):
        return _read_array(np.asarray(X))
    if isinstance(X, Sequence):
        return _read_sequence(list(X))
    raise TextTypeError(f"X is a {type(X).__name__}: pass a list, a 1-D array or a Series of str, or a frame of them.")


def _read_sequence(X: Sequence) -> TextTable:
    is_plain = {*map(type, X)} <= {str}  # the usual case, told in a fraction of the time
    nested = None if is_plain else next((i for i, item in enumerate(X) if _is_nested(item)), None)
    if nested is None:
        return _one_column(list(X))
    if _is_table_of_numbers(X):
        return _read_array(np.asarray(X))
    raise InvalidTextError(
        f"X[{nested}] is a {type(X[nested]).__name__}, not a str: each row is one text; several columns of text go "
        "in as a DataFrame or a 2-D object array."
    )


def _is_nested(item) -> bool:
    return isinstance(item, list | tuple | np.ndarray | Set | Mapping) and item is not np.ma.masked


def _is_table_of_numbers(X: Sequence) -> bool:
    rows = [row for row in X if isinstance(row, list | tuple) or (isinstance(row, np.ndarray) and row.ndim == 1)]
    same_length = len(rows) == len(X) and len({len(row) for row in rows}) == 1
    return same_length and all(isinstance(cell, numbers.Number) for row in rows for cell in row)


def _read_array(X: np.ndarray) -> TextTable:
    if X.ndim not in (1, 2):
        raise InvalidTextError(
            f"X has {X.ndim} dimensions; a 1-D or a 2-D array of texts is expected. Reshape your data."
        )
    numeric = X.dtype.kind in "biufcmM"
    if X.ndim == 1:
        if numeric and not _has_value(X):
            return _one_column([None] * len(X))
        if numeric:
            raise InvalidTextError(
                f"Expected texts or a 2D array, got 1D array of numbers instead: dtype={X.dtype}. Reshape your data "
                "either using array.reshape(-1, 1) if your data has a single feature or array.reshape(1, -1) if it "
                "contains a single sample."
            )
        return _one_column(_tolist(X))
    if X.shape[1] == 0:
        raise InvalidTextError(f"Found array with 0 feature(s) (shape={X.shape}) while a minimum of 1 is required.")
    columns = [_numbers_as_text(X[:, j]) if numeric else _object_cells(_tolist(X[:, j])) for j in range(X.shape[1])]
    if numeric:
        _warn_numbers(str(X.dtype))
    return TextTable(tuple(columns), tuple(range(X.shape[1])), _rebuild_array_2d)


def _read_dataframe_library(X) -> TextTable | None:
    import narwhals as nw

    try:
        native = nw.from_native(X, allow_series=True, pass_through=True)
    except nw.exceptions.DuplicateError as error:
        raise InvalidTextError(
            f"X has columns of the same name, which only their names would tell apart: rename them. ({error})"
        ) from error
    if isinstance(native, nw.LazyFrame):
        raise TextTypeError("X is a lazy frame: collect it first.")
    if isinstance(native, nw.Series):
        if native.dtype.is_numeric() and _has_value(native.to_numpy()):
            raise InvalidTextError(
                f"Expected texts, got a Series of numbers instead: dtype={native.dtype}. Reshape your data: pass a "
                "one-column frame to have the numbers read as text."
            )

        def rebuild_series(columns):
            return _like_series(native, columns[0]).to_native()

        return TextTable((native.to_list(),), (None,), rebuild_series)
    if isinstance(native, nw.DataFrame):
        if not native.columns:
            raise InvalidTextError(
                f"Found array with 0 feature(s) (shape={native.shape}) while a minimum of 1 is required."
            )
        columns = []
        for series in native.iter_columns():
            is_number = series.dtype.is_numeric() or series.dtype == nw.Boolean
            if is_number and _has_value(series.to_numpy()):
                columns.append(_numeric_series_as_text(series))
                _warn_numbers(f"{series.dtype} in column {series.name!r}")
            else:
                columns.append(series.to_list())

        def rebuild_frame(values):
            new = [_like_series(series, column) for series, column in zip(native.iter_columns(), values, strict=True)]
            return nw.concat([series.to_frame() for series in new], how="horizontal").to_native()

        return TextTable(tuple(columns), tuple(native.columns), rebuild_frame)
    return None


def _has_value(column: np.ndarray) -> bool:
    """Say whether a column of numbers has any; libraries make NaN alone of texts that are all missing."""
    return not all(map(is_missing, column[~np.ma.getmaskarray(column)].tolist()))


def _like_series(series, values: list):
    """Give a Series of the same library, name and index as `series` that holds `values` as strings."""
    import narwhals as nw

    new = nw.new_series(series.name, values, nw.String, backend=series.implementation)
    index = nw.maybe_get_index(series)
    return new if index is None else nw.maybe_set_index(new, index=index)


def _one_column(values: list) -> TextTable:
    return TextTable((values,), (None,), _rebuild_array_1d)


def _rebuild_array_1d(columns: Sequence[list]) -> np.ndarray:
    out = np.empty(len(columns[0]), dtype=object)
    out[:] = columns[0]
    return out


def _rebuild_array_2d(columns: Sequence[list]) -> np.ndarray:
    out = np.empty((len(columns[0]), len(columns)), dtype=object)
    for j, column in enumerate(columns):
        out[:, j] = column
    return out


def _tolist(column: np.ndarray) -> list:
    if isinstance(column, np.ma.MaskedArray):
        return [
            None if hidden else value
            for value, hidden in zip(column.data.tolist(), np.ma.getmaskarray(column), strict=True)
        ]
    return column.tolist()


def _object_cells(column: list) -> list:
    """Cells of a 2-D object array: real numbers among them are read as text, like a 2-D array of numbers."""
    found = next((cell for cell in column if isinstance(cell, numbers.Real) and not is_missing(cell)), None)
    if found is None:
        return column
    _warn_numbers(type(found).__name__)
    return [str(cell) if isinstance(cell, numbers.Real) and not is_missing(cell) else cell for cell in column]


def _numbers_as_text(column: np.ndarray) -> list[str | None]:
    """Cells of a numeric column as text: NaN is missing, infinity and complex numbers are refused."""
    if column.dtype.kind == "c":
        raise InvalidTextError("Complex data not supported: X holds complex numbers where texts are expected.")
    hidden = np.ma.getmaskarray(column)
    values = np.ma.getdata(column)
    if values.dtype.kind == "f" and np.isinf(values[~hidden]).any():
        raise InvalidTextError(
            "Input X contains infinity or a value too large; X is read as text and infinity is none."
        )
    if values.dtype.kind in "fmM":
        hidden = hidden | np.isnan(values) if values.dtype.kind == "f" else hidden | np.isnat(values)
    return [None if h else str(value) for value, h in zip(values.tolist(), hidden, strict=True)]


def _numeric_series_as_text(series) -> list[str | None]:
    """Numbers of a Series as text; integers stay integers where others are missing."""
    texts = iter(_numbers_as_text(series.drop_nulls().to_numpy()))
    return [None if is_missing else next(texts) for is_missing in series.is_null().to_list()]


def _warn_numbers(what: str) -> None:
    warnings.warn(f"Numbers ({what}) are read as text.", DataConversionWarning, stacklevel=5)


def _check_column(column: list, label, *, missing: str, surrogates: str) -> list[str | None]:
    is_plain = {*map(type, column)} <= {str}  # the usual case, told in a fraction of the time
    texts = column if is_plain else [_check_cell(value, i, label, missing) for i, value in enumerate(column)]
    if surrogates == "error":
        _refuse_surrogates(texts, label)
    return texts


def _check_cell(value, row: int, label, missing: str) -> str | None:
    if isinstance(value, str):
        return str.__str__(value)  # the text of a subclass, which may show itself as something else
    if not is_missing(value):
        raise _wrong_cell(_position(row, label), value)
    if missing == "error":
        raise MissingTextError(_missing_message(_position(row, label), value))
    return None


def _position(row: int, label) -> str:
    return f"X[{row}]" if label is None else f"X[{row}, {label!r}]"


def _missing_message(position: str, value) -> str:
    return (
        f"{position} is missing ({value!r}; Input contains NaN or another missing value): drop or fill the row, "
        'or, in an estimator that has the parameter, set missing="zero" to embed it as a zero vector.'
    )


def _wrong_cell(position: str, value) -> Exception:
    kind = type(value).__name__
    if isinstance(value, bytes | bytearray):
        return TextTypeError(f"{position} is bytes, not str: decode it first, for example with .decode('utf-8').")
    if isinstance(value, list | tuple | np.ndarray):
        return InvalidTextError(f"{position} is a {kind}, not a str: each cell holds one text.")
    if isinstance(value, numbers.Complex) and not isinstance(value, numbers.Real):
        return InvalidTextError(f"{position} is {value!r}: Complex data not supported.")
    return TextTypeError(
        f"{position} is {value!r} of type {kind}, not a str: convert it with str() if it is meant as text."
    )


def _refuse_surrogates(texts: list[str | None], label) -> None:
    for start in range(0, len(texts), _SURROGATE_CHECK_ROWS):
        block = texts[start : start + _SURROGATE_CHECK_ROWS]
        try:
            "".join(text for text in block if text is not None).encode()
        except UnicodeEncodeError:
            for i, text in enumerate(block, start):
                if text is not None and (at := lone_surrogate(text)) is not None:
                    raise InvalidTextError(
                        f"{_position(i, label)} has a lone surrogate U+{ord(text[at]):04X} at character {at}, which is "
                        'not a character of Unicode: TextNormalizer(surrogates="replace") puts U+FFFD in its place.'
                    ) from None


def lone_surrogate(text: str) -> int | None:
    """Give the position of the first surrogate in `text`, or None.

    Parameters
    ----------
    text : str
        The text.

    Returns
    -------
    int or None
        Position in characters.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return error.start
    return None
