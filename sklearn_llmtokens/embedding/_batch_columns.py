"""Columns of text in a table: their names, their types and their cells."""

from collections.abc import Sequence

import numpy as np

from .._utils._columns import values_of
from .._utils._messages import shorten

_NAMED = 10  # most columns that an error message names


def column_names(names, parameter: str = "text_columns") -> tuple[str, ...]:
    """Return names as a tuple.

    Parameters
    ----------
    names : str or sequence of str
        Names.
    parameter : str, default="text_columns"
        What they were passed as: of text there is at least one.

    Returns
    -------
    tuple of str
        The same.

    Raises
    ------
    ValueError
        If there is no column of text, or a name is there twice.
    TypeError
        If one is not a str.
    """
    found = (names,) if isinstance(names, str) else tuple(names)
    if not all(isinstance(name, str) for name in found):
        raise TypeError(f"{parameter}={shorten(names)}: names of columns are str.")
    if len(set(found)) < len(found) or (parameter == "text_columns" and not found):
        raise ValueError(f"{parameter}={shorten(names)}: give one name or several different ones.")
    return found


def check_columns(found: Sequence[str], text_columns: Sequence[str], suffix: str) -> None:
    """Make sure that the columns of text are there and those of their vectors are not.

    Parameters
    ----------
    found : sequence of str
        The columns of the table.
    text_columns : sequence of str
        The columns of text.
    suffix : str
        Ends the names of the new columns.

    Raises
    ------
    KeyError
        If a column is not there.
    ValueError
        If a column of text is there twice, or a new column would replace one.
    """
    for name in text_columns:
        if name not in found:
            columns = ", ".join(map(shorten, found[:_NAMED])) + (", ..." if len(found) > _NAMED else "")
            raise KeyError(f"text_columns names {shorten(name)}, and the columns are {columns}.")
        if found.count(name) > 1:
            raise ValueError(f"There are {found.count(name)} columns {shorten(name)}: rename all but the one to embed.")
        if name + suffix in found:
            raise ValueError(f"There is a column {shorten(name + suffix)} already: choose another suffix.")


def column_texts(column, name: str) -> list:
    """Return the cells of a column; what is not a text is left to the embedder to refuse.

    Parameters
    ----------
    column : list, ndarray, Series or pyarrow array
        The column.
    name : str
        Its name, for messages.

    Returns
    -------
    list
        Its cells.

    Raises
    ------
    TypeError
        If a column of Arrow does not hold text.
    """
    if type(column).__module__.partition(".")[0] != "pyarrow":
        if isinstance(column, list | tuple):
            return list(column)
        if isinstance(column, np.ndarray):
            return values_of(column)
        convert = getattr(column, "tolist", None) or getattr(column, "to_list", None)
        if convert is None:
            raise TypeError(
                f"Column {shorten(name)} is a {type(column).__name__}: a list or an array of texts is expected."
            )
        return convert()
    check_text_type(column.type, name)
    return column.to_pylist()


def check_text_type(found, name: str) -> None:
    """Make sure that a column of Arrow holds text.

    Parameters
    ----------
    found : pyarrow.DataType
        Its type.
    name : str
        Its name.

    Raises
    ------
    TypeError
        If it holds something else.
    """
    import pyarrow as pa

    kind = found.value_type if pa.types.is_dictionary(found) else found
    texts = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind)
    if not texts and not pa.types.is_string_view(kind):
        raise TypeError(f"Column {shorten(name)} holds {str(found)[:60]}, not text.")
