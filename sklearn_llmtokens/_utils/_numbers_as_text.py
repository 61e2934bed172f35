"""Read numbers as text: scikit-learn's estimator checks pass them, and frames may have columns of numbers."""

import numbers
import warnings
from typing import Any

import numpy as np
from sklearn.exceptions import DataConversionWarning

from ..exceptions import InvalidTextError
from ._columns import is_missing
from ._messages import shorten
from ._warnings import stacklevel_of_caller

_EXACT_INTEGERS = 2**53  # above this, a float is no longer the integer that was meant
_LISTED_COLUMNS = 5


def has_value(column: np.ndarray) -> bool:
    """Check whether a column of numbers has any; libraries make NaN alone of texts that are all missing."""
    return not all(map(is_missing, column[~np.ma.getmaskarray(column)].tolist()))


def numbers_as_text(column: np.ndarray) -> list[str | None]:
    """Return the numbers of a column as texts, None where one is missing.

    Parameters
    ----------
    column : ndarray of shape (n_rows,)
        Numbers or dates, masked ones too.

    Returns
    -------
    list of (str or None)
        Equal numbers give equal texts: 1.0 is "1".

    Raises
    ------
    InvalidTextError
        If there is a complex number or infinity.

    Examples
    --------
    >>> numbers_as_text(np.array([1.0, 2.5, np.nan]))
    ['1', '2.5', None]
    """
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
    if values.dtype.kind in "mM":
        values = values.astype(str)  # as Python objects, those in nanoseconds would be integers
    return [None if h else _as_text(value) for value, h in zip(values.tolist(), hidden, strict=True)]


def objects_as_text(column: list) -> tuple[list, str | None]:
    """Return a column of objects with the real numbers in it as texts, and the type of the first number.

    Parameters
    ----------
    column : list
        Values of any type.

    Returns
    -------
    column : list
        The values; the same list where no number is among them.
    kind : str or None
        Name of the first number's type; None where no number is among them.

    Examples
    --------
    >>> objects_as_text(["a", 1, None])
    (['a', '1', None], 'int')
    """
    is_number = [isinstance(value, numbers.Real) and not is_missing(value) for value in column]
    if not any(is_number):
        return column, None
    texts = [_as_text(value) if is_one else value for value, is_one in zip(column, is_number, strict=True)]
    return texts, type(column[is_number.index(True)]).__name__


def warn_numbers(found: list[tuple[Any, str]]) -> None:
    """Warn the caller of the estimator that columns of numbers are read as texts.

    Parameters
    ----------
    found : list of (label, str)
        Name or position of each column, and the type of its numbers; nothing happens where there is none.
    """
    if not found:
        return
    labels = [shorten(label) for label, _ in found[:_LISTED_COLUMNS]]
    if len(found) > _LISTED_COLUMNS:
        labels.append(f"{len(found) - _LISTED_COLUMNS} more")
    kinds = dict.fromkeys(kind for _, kind in found)
    warnings.warn(
        f"Numbers ({', '.join(kinds)}) in {'column' if len(found) == 1 else 'columns'} {', '.join(labels)} are read as "
        "text: select the columns of text, for example with a ColumnTransformer, if they are not meant as text.",
        DataConversionWarning,
        stacklevel=stacklevel_of_caller(),
    )


def _as_text(value) -> str:
    """Return a number as text, a whole one without a decimal point."""
    is_whole = isinstance(value, float | np.floating) and abs(float(value)) < _EXACT_INTEGERS and value == int(value)
    return str(int(value)) if is_whole else str(value)
