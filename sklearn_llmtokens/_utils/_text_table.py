"""The result of every reader of texts: columns, their names, and how to rebuild the container."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ._places import place_of


@dataclass(frozen=True)
class TextTable:
    """Texts by column, and how to rebuild a container of the input's type from texts of the same shape.

    Attributes
    ----------
    columns : tuple of list of (str or None)
        One list for each column; None where a text is missing.
    labels : tuple
        The name or position of each column, for messages.
    rebuild : callable
        Takes one list for each column and returns an array, Series or frame like the input.
    ndim : {1, 2}
        Number of dimensions of the input.
    source : object, default=None
        What they were read from, whose index has labels of the rows, for messages.
    """

    columns: tuple[list[str | None], ...]
    labels: tuple[Any, ...]
    rebuild: Callable[[Sequence[list]], Any]
    ndim: int = 2
    source: Any = None

    @property
    def n_rows(self) -> int:
        return len(self.columns[0])

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.n_rows,) if self.ndim == 1 else (self.n_rows, len(self.columns))

    def texts(self) -> list[str]:
        """Return the texts of a table without missing ones, one column after another."""
        return [text for column in self.columns for text in column if text is not None]

    def place(self, row: int, column: int) -> str:
        """Return the name of a cell, for messages."""
        return place_of(self.source, row) if self.ndim == 1 else place_of(self.source, row, self.labels[column])


def one_column(values: list) -> TextTable:
    """Return the table of a column that becomes a 1-D array of objects again.

    Parameters
    ----------
    values : list
        Its values.

    Returns
    -------
    TextTable
        The table, of one dimension.
    """
    return TextTable((values,), (None,), _array_1d, ndim=1)


def array_columns(columns: Sequence[list]) -> TextTable:
    """Return the table of columns that become a 2-D array of objects again.

    Parameters
    ----------
    columns : sequence of list
        Values by column.

    Returns
    -------
    TextTable
        The table, whose columns are called by their positions.
    """
    return TextTable(tuple(columns), tuple(range(len(columns))), _array_2d)


def _array_1d(columns: Sequence[list]) -> np.ndarray:
    out = np.empty(len(columns[0]), dtype=object)
    out[:] = columns[0]
    return out


def _array_2d(columns: Sequence[list]) -> np.ndarray:
    out = np.empty((len(columns[0]), len(columns)), dtype=object)
    for j, column in enumerate(columns):
        out[:, j] = column
    return out
