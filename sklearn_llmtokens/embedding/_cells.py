"""From the cells of a table to its distinct texts, and from their vectors back to the rows."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from .._texts import TextTable, distinct
from ._spec import text_key

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

    def keys(self, idx: Sequence[int]) -> list[bytes]:
        """Give the keys in a store of the texts at `idx`; a million of them are more than is kept at once."""
        if self.spans is None:
            return [text_key(self.texts[i]) for i in idx]
        return [text_key(self.texts[i], self.spans[i]) for i in idx]

    def take(self, idx: Sequence[int]) -> tuple[list[str], list | None]:
        """Give the texts at `idx`, and their spans."""
        return [self.texts[i] for i in idx], None if self.spans is None else [self.spans[i] for i in idx]


@dataclass(frozen=True)
class Cells:
    """The distinct texts of a table and the cells that hold them, row by row.

    Attributes
    ----------
    texts : Texts
        The distinct texts.
    inverse : ndarray of shape (n_cells,), dtype=intp
        The text of each cell, -1 where it is missing.
    homes : ndarray of shape (n_texts,), dtype=intp
        The first cell of each text.
    """

    texts: Texts
    inverse: np.ndarray
    homes: np.ndarray

    def fill(self, vectors: np.ndarray) -> None:
        """Copy vectors from the first cell of each text to all its others; a missing cell gets zeros.

        Parameters
        ----------
        vectors : ndarray of shape (n_cells, n_features)
            Rows of the first cells are there; the others are filled in place.
        """
        present = self.inverse >= 0
        vectors[~present] = 0
        source = np.where(present, self.homes[self.inverse] if len(self.homes) else -1, -1)
        others = np.flatnonzero(present & (source != np.arange(len(source))))
        for start in range(0, len(others), _COPIED_ROWS):
            part = others[start : start + _COPIED_ROWS]
            vectors[part] = vectors[source[part]]


def read_cells(table: TextTable, word_weights=None) -> Cells:
    """Find the distinct texts of a table.

    Parameters
    ----------
    table : TextTable
        The columns of the user's input.
    word_weights : object with ``word_spans(text)``, optional
        Gives the weighted words of a text.

    Returns
    -------
    Cells
        Cells are numbered row by row, those of a row by column.

    Raises
    ------
    ValueError
        If `word_weights` gives something else than words within the text, or a weight that is none.
    """
    cells = [text for row in zip(*table.columns, strict=True) for text in row]
    present = np.array([i for i, text in enumerate(cells) if text is not None], dtype=np.intp)
    texts, index = distinct([cells[i] for i in present])
    inverse = np.full(len(cells), -1, dtype=np.intp)
    inverse[present] = index
    homes = np.empty(len(texts), dtype=np.intp)
    homes[index[::-1]] = present[::-1]  # the first cell of a text is written last

    def where(i: int) -> str:
        row, column = divmod(int(homes[i]), len(table.columns))
        label = table.labels[column]
        return f"X[{row}]" if label is None else f"X[{row}, {label!r}]"

    spans = None if word_weights is None else _read_spans(texts, word_weights, where)
    return Cells(Texts(texts, spans, where), inverse, homes)


def _read_spans(texts: Sequence[str], word_weights, where: Callable[[int], str]) -> list[tuple]:
    """Give the weighted words of each text, which are anybody's: a NaN among them would undo all others in silence."""
    found = []
    for i, text in enumerate(texts):
        spans = tuple(map(tuple, word_weights.word_spans(text)))
        wrong = next((span for span in spans if not _is_span(span, len(text))), None)
        if wrong is not None:
            raise ValueError(
                f"word_weights.word_spans gave {wrong!r} for {where(i)}, a text of {len(text)} characters: (start, "
                "end, weight) is expected, with 0 <= start <= end <= length and a finite weight of 0 or more."
            )
        found.append(spans)
    return found


def _is_span(span: tuple, length: int) -> bool:
    try:
        start, end, weight = span
        return 0 <= start <= end <= length and 0 <= weight < math.inf
    except (TypeError, ValueError):
        return False
