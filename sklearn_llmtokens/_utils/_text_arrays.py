"""Read texts from sequences and numpy arrays."""

import numbers
from collections.abc import Mapping, Sequence, Set

import numpy as np

from ..exceptions import InvalidTextError
from ._columns import values_of
from ._numbers_as_text import has_value, numbers_as_text, objects_as_text, warn_numbers
from ._text_table import TextTable, array_columns, one_column


def read_sequence(X: Sequence) -> TextTable:
    """Read a list or tuple of texts, or one of rows of numbers.

    Parameters
    ----------
    X : sequence
        The texts.

    Returns
    -------
    TextTable
        The values, unchecked.

    Raises
    ------
    InvalidTextError
        If a row is a list.
    """
    is_plain = {*map(type, X)} <= {str}  # the usual case, settled in a fraction of the time
    nested = None if is_plain else next((i for i, item in enumerate(X) if _is_nested(item)), None)
    if nested is None:
        return one_column(list(X))
    if _is_table_of_numbers(X):
        return read_array(np.asarray(X))
    raise InvalidTextError(
        f"X[{nested}] is a {type(X[nested]).__name__}, not a str: each row is one text; several columns of text go "
        "in as a DataFrame or a 2-D object array."
    )


def read_array(X: np.ndarray) -> TextTable:
    """Read a 1-D or 2-D array.

    Parameters
    ----------
    X : ndarray of shape (n_rows,) or (n_rows, n_columns)
        Texts. Masked values are missing ones, and so is what a StringDType calls missing; numbers in two dimensions
        become text, with a warning.

    Returns
    -------
    TextTable
        The values, unchecked.

    Raises
    ------
    InvalidTextError
        If the array has another shape, named fields, or numbers in one dimension.
    """
    if not isinstance(X, np.ma.MaskedArray):
        X = np.asarray(X)  # a matrix would stay two-dimensional in each column
    if X.dtype.names is not None:
        raise InvalidTextError(
            f"X is a structured array with the fields {', '.join(X.dtype.names)}: pass one of them, such as "
            f"X[{X.dtype.names[0]!r}], or a DataFrame of several."
        )
    if X.ndim not in (1, 2):
        raise InvalidTextError(
            f"X has {X.ndim} dimensions; a 1-D or a 2-D array of texts is expected. Reshape your data."
        )
    is_numeric = X.dtype.kind in "biufcmM"
    if X.ndim == 1:
        return _read_numbers_1d(X) if is_numeric else one_column(values_of(X))
    if X.shape[1] == 0:
        raise InvalidTextError(f"Found array with 0 feature(s) (shape={X.shape}) while a minimum of 1 is required.")
    if is_numeric:
        table = array_columns([numbers_as_text(X[:, j]) for j in range(X.shape[1])])
        warn_numbers([(j, str(X.dtype)) for j in range(X.shape[1])])
        return table
    read = [objects_as_text(values_of(X[:, j])) for j in range(X.shape[1])]
    warn_numbers([(j, kind) for j, (_, kind) in enumerate(read) if kind is not None])
    return array_columns([column for column, _ in read])


def _read_numbers_1d(X: np.ndarray) -> TextTable:
    if not has_value(X):
        return one_column([None] * len(X))
    raise InvalidTextError(
        f"Expected texts or a 2D array, got 1D array of numbers instead: dtype={X.dtype}. Reshape your data "
        "either using array.reshape(-1, 1) if your data has a single feature or array.reshape(1, -1) if it "
        "contains a single sample."
    )


def _is_nested(item) -> bool:
    return isinstance(item, list | tuple | np.ndarray | Set | Mapping) and item is not np.ma.masked


def _is_table_of_numbers(X: Sequence) -> bool:
    rows = [row for row in X if isinstance(row, list | tuple) or (isinstance(row, np.ndarray) and row.ndim == 1)]
    same_length = len(rows) == len(X) and len({len(row) for row in rows}) == 1
    return same_length and all(isinstance(cell, numbers.Number) for row in rows for cell in row)
