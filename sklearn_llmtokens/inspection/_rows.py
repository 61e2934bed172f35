"""Rows of what a model predicts from, one at a time, and variants of a row with other texts."""

from collections.abc import Iterator, Sequence
from typing import Any

import narwhals as nw
import numpy as np

from .._utils._sklearn import safe_indexing
from .._utils._texts import read_texts
from ._alignment import Alignment
from ._nodes import Column, Source, Texts
from ._steps import read_row


def rows_of(X) -> Iterator[Any]:
    """Yield each row as a container of its kind."""
    for i in range(len(X)):
        yield safe_indexing(X, [i])


def texts_of(row) -> Texts:
    """Return the texts of a container of one row; other cells have none."""
    cells = read_row(row)
    texts = (cell if isinstance(cell, str) else None for cell in cells)
    return Texts(row, tuple(Column(text, (Source(i),), Alignment()) for i, text in enumerate(texts)))


def variants_of(row, read: Sequence[int], variants: Sequence[tuple[str, ...]]):
    """Return copies of a row with other texts.

    Parameters
    ----------
    row : container of one row
        The row.
    read : sequence of int
        Columns whose texts are exchanged.
    variants : sequence of tuple of str
        For each copy, the text of each of these columns.

    Returns
    -------
    container of the same kind, with a row for each variant
        The copies.
    """
    copies = safe_indexing(row, [0] * len(variants))
    texts = dict(zip(read, zip(*variants, strict=True), strict=True))
    if not texts:
        return copies
    if not hasattr(row, "columns"):
        if getattr(copies, "ndim", 1) == 1:
            return read_texts(copies).rebuild([list(texts[0])])
        copies = np.array(copies, dtype=object)
        for i, column in texts.items():
            copies[:, i] = column
        return copies
    frame = nw.from_native(copies, eager_only=True)
    changed = [
        nw.new_series(frame.columns[i], list(column), backend=frame.implementation) for i, column in texts.items()
    ]
    return frame.with_columns(_with_index_of(frame, changed)).to_native()


def _with_index_of(frame, columns: list) -> list:
    """Set the index of the frame on columns of pandas; other libraries have none."""
    index = nw.maybe_get_index(frame)
    return columns if index is None else [nw.maybe_set_index(column, index=index) for column in columns]
