"""Tables of items of any library: which column is the id, which ones are the text, which ones are features."""

from collections.abc import Iterable, Sequence
from typing import Any

import narwhals as nw

from .._utils._columns import is_missing, read_list
from .._utils._messages import shorten
from ._event_table import find_column, table_columns


def read_item_table(items, id: str, text: str | Sequence[str] | None, features: str | Sequence[str] | None):
    """Read the columns of a table of items.

    Parameters
    ----------
    items : DataFrame, mapping of columns, or array with named fields
        The table.
    id : str
        Name of the column of ids; "auto" finds it.
    text : str, sequence of str, or None
        Names of the columns of text; "auto" finds one.
    features : str, sequence of str, or None
        Names of the columns of features.

    Returns
    -------
    ids : column
        The ids, as they are in the table.
    texts : column, list of str or None, or None
        One text for each item; where there are several columns, joined by a space.
    features : DataFrame or None
        The features.

    Raises
    ------
    ValueError
        If a column is not there, or several may be the one; the message has their names.
    TypeError
        If `items` is no table or not in memory, or features are asked of one that is no DataFrame.

    Examples
    --------
    >>> items = {"item_id": [7, 8], "title": ["green tea", "pot"], "brand": ["Lu", None]}
    >>> read_item_table(items, "auto", ["title", "brand"], None)
    ([7, 8], ['green tea Lu', 'pot'], None)
    """
    available, column = table_columns(items, "items")
    id_name = find_column(available, "id", "items") if id == "auto" else id
    text_names = [find_column(available, "text", "items")] if _is_auto(text) else _names(text)
    feature_names = _names(features)
    for name in (id_name, *text_names, *feature_names):
        if name not in available:
            raise ValueError(
                f"items has no column {shorten(name)}, it has [{', '.join(map(shorten, available))}]: name the "
                "columns to use."
            )
    texts = column(text_names[0]) if len(text_names) == 1 else _joined([column(name) for name in text_names])
    return column(id_name), texts, _select(items, feature_names) if feature_names else None


def _is_auto(names) -> bool:
    return isinstance(names, str) and names == "auto"


def _names(names) -> list[str]:
    is_one = isinstance(names, str) or not isinstance(names, Iterable)  # files without a header have numbers for names
    return [] if names is None else [names] if is_one else list(names)


def _joined(columns: list) -> list[str | None] | None:
    """Return the texts of several columns, joined by a space; None where all of them are missing."""
    if not columns:
        return None
    rows = zip(*(read_list(column, "text") for column in columns), strict=True)
    present = ([part for part in row if not is_missing(part)] for row in rows)
    return [" ".join(map(str, parts)) if parts else None for parts in present]


def _select(items, names: list[str]):
    native: Any = nw.from_native(items, eager_only=True, pass_through=True)
    if not isinstance(native, nw.DataFrame):
        raise TypeError(f"features of a {type(items).__name__} have no type of their own: pass a DataFrame.")
    return native.select(nw.col(*names)).to_native()
