"""What stands between two steps of a fitted pipeline, for one row: texts, or numbers that know the way back to them."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from scipy import sparse

from ..embedding._for_inspection import Unread
from ._alignment import Alignment


class NotLinearError(ValueError):
    """A step or a model of which no exact contributions can be computed."""


@dataclass(frozen=True)
class Located:
    """Contributions of places in one of the input's texts.

    Attributes
    ----------
    text : int
        Which column of the input.
    spans : ndarray of shape (n, 2), dtype=int64
        First character of each place, and the one after its last.
    values : ndarray of shape (n, n_outputs), dtype=float64
        What they contribute.
    """

    text: int
    spans: np.ndarray
    values: np.ndarray

    def among(self, texts: list[int]) -> "Located":
        """Return the same with the text as its place in a list of columns."""
        return replace(self, text=texts.index(self.text))


@dataclass(frozen=True)
class Source:
    """A column of the input, and where its characters stand in a text that was made of several.

    Attributes
    ----------
    column : int
        Which column of the input.
    start, stop : int
        First character, and the one after the last.
    """

    column: int
    start: int = 0
    stop: int = sys.maxsize


@dataclass(frozen=True)
class Column:
    """One text of the row, as the next step reads it.

    Attributes
    ----------
    text : str or None
        The text; None where the cell is no text.
    sources : tuple of Source
        Which columns of the input it is made of.
    alignment : Alignment
        Where its characters stand in the input; in that of several columns, in the text that was made of them.
    """

    text: str | None
    sources: tuple[Source, ...]
    alignment: Alignment

    def located(self, spans: np.ndarray, values: np.ndarray) -> list[Located]:
        """Return contributions of places in this text as places in the input; those that have none are left out."""
        return [Located(column, mapped, values[kept]) for column, mapped, kept in self._placed(spans)]

    def places(self, spans: np.ndarray) -> dict[int, np.ndarray]:
        """Return places in this text as places in each column of the input."""
        return {column: mapped for column, mapped, _ in self._placed(spans)}

    def _placed(self, spans: np.ndarray) -> list[tuple[int, np.ndarray, np.ndarray]]:
        """Return each source with the places that begin in it, and which of the spans these are."""
        mapped, has_place = self.alignment.map(spans)
        kept = np.flatnonzero(has_place)
        found = []
        for source in self.sources:
            inside = (mapped[:, 0] >= source.start) & (mapped[:, 0] < source.stop)
            within = np.minimum(mapped[inside], source.stop) - source.start
            found.append((source.column, within, kept[inside]))
        return found


@dataclass(frozen=True)
class Texts:
    """Texts of one row.

    Attributes
    ----------
    container : object
        One row of what the next step reads.
    columns : tuple of Column
        Its columns.
    """

    container: Any
    columns: tuple[Column, ...]


Read = tuple[Unread, int]


@dataclass(frozen=True)
class Numbers:
    """Features of one row.

    Attributes
    ----------
    container : array, sparse array or frame of shape (1, n_features)
        One row of what the next step reads.
    back : callable
        Takes linear functions of the features, (n_outputs, n_features), and returns the contributions of places in the
        texts: a list of `Located`. What they do not add up to belongs to no place.
    tokens : dict of int to ndarray of shape (n_tokens, 2)
        Where the tokens of a language model stand, by text.
    texts : frozenset of int
        Columns of the input that were read as texts.
    reads : tuple of (Unread, int)
        What language models did not read, and how many tokens they read at most.
    """

    container: Any
    back: Callable[[np.ndarray], list[Located]]
    tokens: dict[int, np.ndarray] = field(default_factory=dict)
    texts: frozenset[int] = frozenset()
    reads: tuple[Read, ...] = ()

    def followed_by(self, container, back: Callable[[np.ndarray], list[Located]]) -> "Numbers":
        """Return the features that a step made of these."""
        return replace(self, container=container, back=back)

    @property
    def row(self) -> np.ndarray:
        """The features, (n_features,) of float64."""
        return dense_row(self.container)


Node = Texts | Numbers


def dense_row(container) -> np.ndarray:
    """Return the only row of a matrix of any kind as (n_features,) of float64."""
    if sparse.issparse(container):
        container = container.toarray()
    return np.asarray(container, dtype=np.float64).reshape(-1)


def no_place(coef: np.ndarray) -> list[Located]:
    """Return no contribution: these features belong to no place in a text."""
    return []


def merge_tokens(parts: Sequence[Numbers]) -> dict[int, np.ndarray]:
    """Return the tokens of several nodes; where two have a text in common, those of the first."""
    found: dict[int, np.ndarray] = {}
    for part in parts:
        found = {**part.tokens, **found}
    return found
