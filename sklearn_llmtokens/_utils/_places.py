"""Names of rows in messages: the position, and beside it the label of the index where that is another one."""

import numpy as np

from ._messages import shorten

_NO_COLUMN = object()


def label_of(X, row: int) -> str:
    """Return the label of a row for a message, after a space; empty where it is the position or there is none.

    Parameters
    ----------
    X : container
        What the row is in; pandas and libraries like it have an index.
    row : int
        Its position.

    Returns
    -------
    str
        Such as `` (index 'r17')``.

    Examples
    --------
    >>> import pandas as pd
    >>> label_of(pd.Series(["a", "b"], index=["r1", "r2"]), 1), label_of(pd.Series(["a"]), 0), label_of(["a"], 0)
    (" (index 'r2')", '', '')
    """
    index = getattr(X, "index", None)
    if index is None or callable(index) or not hasattr(index, "__getitem__"):
        return ""
    label = _plain(index[row])
    if isinstance(label, int) and label == row:
        return ""
    return f" (index {label if hasattr(label, 'isoformat') else shorten(label)})"


def place_of(X, row: int, column=_NO_COLUMN) -> str:
    """Return the name of a cell for a message.

    Examples
    --------
    >>> place_of([["a"]], 3, "review"), place_of(["a"], 3)
    ("X[3, 'review']", 'X[3]')
    """
    cell = f"X[{row}]" if column is _NO_COLUMN else f"X[{row}, {shorten(column)}]"
    return cell + label_of(X, row)


def _plain(label):
    """Return a label with Python's own numbers in the place of numpy's."""
    if isinstance(label, tuple):
        return tuple(map(_plain, label))
    return label.item() if isinstance(label, np.generic) else label
