"""Read texts from Series and frames of any DataFrame library."""

from typing import Any

from ..exceptions import InvalidTextError, TextTypeError
from ._lazy import eager_call
from ._numbers_as_text import has_value, numbers_as_text, warn_numbers
from ._text_table import TextTable


def batch_as_table(X):
    """Return a pyarrow.RecordBatch, which neither narwhals nor scikit-learn knows, as a Table; others as they are."""
    if not hasattr(X, "to_struct_array") or hasattr(X, "to_batches"):
        return X
    import narwhals as nw

    return nw.from_arrow(X, backend="pyarrow").to_native()


def read_dataframe_library(X) -> TextTable | None:
    """Read a Series or a frame through narwhals.

    Parameters
    ----------
    X : Series or frame
        Of any library that narwhals knows.

    Returns
    -------
    TextTable or None
        The values, unchecked; None if `X` is of no such library.

    Raises
    ------
    TextTypeError
        If the frame is lazy.
    InvalidTextError
        If a Series holds numbers, or a frame has no columns or two of one name.
    """
    import narwhals as nw

    try:
        native: Any = nw.from_native(X, allow_series=True, pass_through=True)
    except nw.exceptions.DuplicateError as error:
        raise InvalidTextError(
            "X has columns of the same name, which only their names would tell apart: rename them."
        ) from error
    if isinstance(native, nw.LazyFrame):
        raise TextTypeError(f"X is a lazy frame ({type(X).__name__}): pass {eager_advice(X) or 'a frame in memory'}.")
    if isinstance(native, nw.Series):
        return _read_series(native)
    return _read_frame(native) if isinstance(native, nw.DataFrame) else None


def eager_advice(X) -> str | None:
    """Return what to pass in place of a container that is not in memory; None where it has no call for that."""
    call = ".read_all()" if hasattr(X, "read_all") else eager_call(X)
    return f"what X{call} returns" if call and callable(getattr(X, call.strip(".()"), None)) else None


def column_names(X) -> list:
    """Return the names of the columns of a frame or 2-D array, or their numbers where they have none.

    Examples
    --------
    >>> import numpy as np
    >>> column_names(np.zeros((1, 2)))
    [0, 1]
    """
    if hasattr(X, "column_names"):  # of pyarrow, whose columns are no names
        return list(X.column_names)
    return list(getattr(X, "columns", range(X.shape[1])))


def column_of(frame):
    """Return the first column of a frame as a Series of its library.

    Parameters
    ----------
    frame : frame of a DataFrame library
        With a column at least.

    Returns
    -------
    Series
        The column, with the index of the frame where it has one.
    """
    import narwhals as nw

    return next(nw.from_native(frame, eager_only=True).iter_columns()).to_native()


def _read_series(series) -> TextTable:
    if series.dtype.is_numeric() and has_value(series.to_numpy()):
        raise InvalidTextError(
            f"Expected texts, got a Series of numbers instead: dtype={series.dtype}. Reshape your data: pass a "
            "one-column frame to have the numbers read as text."
        )

    def rebuild(columns):
        return _like_series(series, columns[0]).to_native()

    return TextTable((series.to_list(),), (None,), rebuild, ndim=1, source=series.to_native())


def _read_frame(frame) -> TextTable:
    import narwhals as nw

    if not frame.columns:
        raise InvalidTextError(f"Found array with 0 feature(s) (shape={frame.shape}) while a minimum of 1 is required.")
    columns, found = [], []
    for series in frame.iter_columns():
        is_number = series.dtype.is_numeric() or series.dtype == nw.Boolean
        if is_number and has_value(series.to_numpy()):
            columns.append(_numeric_series_as_text(series))
            found.append((series.name, str(series.dtype)))
        else:
            columns.append(series.to_list())
    warn_numbers(found)

    def rebuild(values):
        new = [_like_series(series, column) for series, column in zip(frame.iter_columns(), values, strict=True)]
        out = nw.concat([series.to_frame() for series in new], how="horizontal").to_native()
        if frame.implementation.is_pandas_like():
            out.columns = frame.to_native().columns  # a column named None is renamed on the way
        return out

    return TextTable(tuple(columns), tuple(frame.columns), rebuild, source=frame.to_native())


def _like_series(series, values: list):
    """Return a Series of the same library, name and index as `series` that holds `values` as strings."""
    import narwhals as nw

    new = nw.new_series(series.name, values, nw.String, backend=series.implementation)
    index = nw.maybe_get_index(series)
    return new if index is None else nw.maybe_set_index(new, index=index)


def _numeric_series_as_text(series) -> list[str | None]:
    """Return numbers of a Series as text; integers stay integers where others are missing."""
    texts = iter(numbers_as_text(series.drop_nulls().to_numpy()))
    return [None if is_missing else next(texts) for is_missing in series.is_null().to_list()]
