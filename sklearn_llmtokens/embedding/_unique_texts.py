"""From the cells of a table to its unique texts, and from their vectors back to the cells."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import repeat
from operator import index, is_

import numpy as np

from .._utils._distinct import first_places
from .._utils._messages import shorten
from .._utils._text_table import TextTable
from ._spec import text_keys

_COPIED_ROWS = 8192


@dataclass(frozen=True)
class Texts:
    """Distinct texts on their way to vectors.

    Attributes
    ----------
    texts : sequence of str of length n_texts
        Each text once.
    spans : sequence of length n_texts, or None
        Weighted words of each text, where they change its vector.
    where : callable
        Gives the place of a text in the user's input, for messages.
    """

    texts: Sequence[str]
    spans: Sequence[tuple] | None
    where: Callable[[int], str]

    def __len__(self) -> int:
        return len(self.texts)

    def keys(self, idx: Sequence[int] | np.ndarray) -> list[bytes]:
        """Return the keys in a cache of the texts at `idx`; a million of them are more than is kept at once."""
        return text_keys(*self.take(idx))

    def take(self, idx: Sequence[int] | np.ndarray) -> tuple[list[str], list | None]:
        """Return the texts at `idx`, and their spans."""
        places = np.asarray(idx).tolist()  # plain integers index a list faster
        return [self.texts[i] for i in places], None if self.spans is None else [self.spans[i] for i in places]


@dataclass(frozen=True)
class UniqueTexts:
    """The distinct texts of a table and the cells that hold them, row by row.

    Attributes
    ----------
    texts : Texts
        The distinct texts.
    first : ndarray of shape (n_cells,), dtype=intp
        The first cell with the text of each cell, -1 where it is missing.
    rows : ndarray of shape (n_texts,), dtype=intp
        The first cell of each text, rising.
    """

    texts: Texts
    first: np.ndarray
    rows: np.ndarray

    @property
    def inverse(self) -> np.ndarray:
        """The text of each cell, an ndarray of shape (n_cells,); -1 where it is missing."""
        return np.where(self.first < 0, -1, np.searchsorted(self.rows, self.first))

    def fill(self, vectors: np.ndarray) -> None:
        """Copy vectors from the first cell of each text to all its others; a missing cell gets zeros.

        Parameters
        ----------
        vectors : ndarray of shape (n_cells, n_features)
            Rows of the first cells are there; the others are filled in place.
        """
        vectors[self.first < 0] = 0
        others = np.flatnonzero((self.first >= 0) & (self.first != np.arange(len(self.first))))
        for start in range(0, len(others), _COPIED_ROWS):
            part = others[start : start + _COPIED_ROWS]
            vectors[part] = vectors[self.first[part]]


def find_unique_texts(table: TextTable, word_weights=None) -> UniqueTexts:
    """Find the distinct texts of a table.

    Parameters
    ----------
    table : TextTable
        The columns of the user's input.
    word_weights : object with ``word_spans(text)``, optional
        Gives the weighted words of a text.

    Returns
    -------
    UniqueTexts
        Cells are numbered row by row, those of a row by column.

    Raises
    ------
    ValueError
        If `word_weights` gives something else than words within the text, or a weight that is none.
    """
    columns = table.columns
    cells = columns[0] if len(columns) == 1 else [text for row in zip(*columns, strict=True) for text in row]
    first = first_places(cells)
    first[np.fromiter(map(is_, cells, repeat(None)), bool, len(cells))] = -1
    rows = np.flatnonzero(first == np.arange(len(first)))
    texts: list[str] = cells if len(rows) == len(cells) else [cells[i] for i in rows]  # type: ignore[assignment, misc]

    def where(i: int) -> str:
        return table.place(*divmod(int(rows[i]), len(columns)))

    spans = None if word_weights is None else _read_spans(texts, word_weights, where)
    return UniqueTexts(Texts(texts, spans, where), first, rows)


def _read_spans(texts: Sequence[str], word_weights, where: Callable[[int], str]) -> list[tuple]:
    """Return the weighted words of each text, checked: a NaN among them would undo all others in silence."""
    found = []
    for i, text in enumerate(texts):
        given = word_weights.word_spans(text)
        spans = [_as_span(span, len(text)) for span in given] if isinstance(given, Iterable) else [None]
        if None in spans:
            wrong = given[spans.index(None)] if isinstance(given, Sequence) else given
            raise ValueError(
                f"word_weights.word_spans gave {shorten(wrong)} for {where(i)}, a text of {len(text)} characters: "
                "(start, end, weight) is expected, with 0 <= start <= end <= length and a finite weight of 0 or more."
            )
        found.append(tuple(sorted(spans)))  # type: ignore[type-var]
    return found


def _as_span(span, length: int) -> tuple[int, int, float] | None:
    """Return a word as plain numbers, which have one digest whatever they came as; None if it is none."""
    try:
        start, end, weight = span
        start, end, weight = index(start), index(end), float(weight)
    except (TypeError, ValueError):
        return None
    return (start, end, weight) if 0 <= start <= end <= length and 0 <= weight < math.inf else None
