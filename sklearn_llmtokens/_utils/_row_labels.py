"""Labels of the rows of columns that are passed one by one: where they contradict the order of the rows."""

from collections.abc import Mapping
from typing import Any

import narwhals as nw


def refuse_other_order(columns: Mapping[str, Any]) -> None:
    """Check that columns with the same row labels have them in the same order.

    Columns of pandas that are passed one by one are read by position. A column that was sorted on its own has the
    labels of the others in another order, and its values would go to other rows.

    Parameters
    ----------
    columns : mapping of str to column or frame
        The columns by their names in the message; those without labels are not looked at.

    Raises
    ------
    ValueError
        If two of them have the same distinct labels in another order.

    Examples
    --------
    >>> import pandas as pd
    >>> texts = pd.Series(["green tea", "black tea"])
    >>> refuse_other_order({"ids": ["g", "b"], "texts": texts[::-1]})
    >>> refuse_other_order({"ids": pd.Series(["g", "b"]), "texts": texts[::-1]})
    Traceback (most recent call last):
        ...
    ValueError: ids and texts have the same row labels in another order: sort both alike, or pass texts.to_numpy() if \
its rows are in the order of ids.
    """
    first: tuple[str, Any] | None = None
    for name, column in columns.items():
        labels = _labels(column)
        if labels is None:
            continue
        if first is None:
            first = name, labels
        elif _is_other_order(first[1], labels):
            raise ValueError(
                f"{first[0]} and {name} have the same row labels in another order: sort both alike, or pass "
                f"{name}.to_numpy() if its rows are in the order of {first[0]}."
            )


def _labels(column):
    native: Any = nw.from_native(column, allow_series=True, pass_through=True)
    return nw.maybe_get_index(native) if isinstance(native, nw.Series | nw.DataFrame) else None


def _is_other_order(first, second) -> bool:
    if len(first) != len(second) or first.equals(second):
        return False
    return first.is_unique and second.is_unique and bool(first.isin(second).all())
