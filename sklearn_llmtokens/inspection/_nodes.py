"""What stands between two steps of a fitted pipeline, for one row: texts, or numbers that know the way back to them."""

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
class Column:
    """One text of the row, as the next step reads it.

    Attributes
    ----------
    text : str or None
        The text; None where the cell is no text.
    source : int
        Which column of the input it comes from.
    alignment : Alignment
        Where its characters stand in the input.
    """

    text: str | None
    source: int
    alignment: Alignment

    def located(self, spans: np.ndarray, values: np.ndarray) -> Located:
        """Return contributions of places in this text as places in the input; those that have none are left out."""
        mapped, has_place = self.alignment.map(spans)
        return Located(self.source, mapped, values[has_place])


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
