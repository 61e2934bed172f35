"""Where the characters of a text that a step has changed stand in the text that came in."""

from dataclasses import dataclass
from difflib import SequenceMatcher

import numpy as np


@dataclass(frozen=True)
class Alignment:
    """Places of a changed text in the original one.

    Attributes
    ----------
    starts, ends : ndarray of shape (n_characters,), dtype=int64, or None
        For each character of the changed text, the first character of the original that it stands for, and the one
        after the last; -1 where it stands for none. None where nothing was changed.
    """

    starts: np.ndarray | None = None
    ends: np.ndarray | None = None

    def map(self, spans: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the places in the original, and which spans have one.

        Parameters
        ----------
        spans : ndarray of shape (n, 2)
            Places in the changed text.

        Returns
        -------
        mapped : ndarray of shape (n_placed, 2), dtype=int64
            From the first to the last character that has a place.
        has_place : ndarray of shape (n,), dtype=bool
            False for spans without such a character.
        """
        spans = np.asarray(spans, dtype=np.int64).reshape(-1, 2)
        if self.starts is None or self.ends is None:
            return spans, np.ones(len(spans), dtype=bool)
        placed = np.flatnonzero(self.starts >= 0)
        first, last = np.searchsorted(placed, spans[:, 0]), np.searchsorted(placed, spans[:, 1]) - 1
        has_place = first <= last
        first, last = placed[first[has_place]], placed[last[has_place]]
        return np.stack([self.starts[first], self.ends[last]], axis=1), has_place

    def then(self, other: "Alignment") -> "Alignment":
        """Return where the characters of a text stand that is aligned by `other` with the text that this aligns."""
        if other.starts is None or other.ends is None:
            return self
        spans = np.stack([other.starts, other.ends], axis=1)
        found = np.full((len(spans), 2), -1, dtype=np.int64)
        inside = np.flatnonzero(other.starts >= 0)
        mapped, has_place = self.map(spans[inside])
        found[inside[has_place]] = mapped
        return Alignment(found[:, 0], found[:, 1])


def align(original: str, changed: str) -> Alignment:
    """Align a text with what a step made of it, by runs of equal characters.

    Parameters
    ----------
    original : str
        What the step read.
    changed : str
        What it returned. A run of other characters stands for the run that it replaces, character by character where
        both have the same length; what was put in stands for nothing.

    Returns
    -------
    Alignment
        The places.

    Examples
    --------
    >>> align("很 好吃", "很 好 吃").map([(0, 1), (2, 5), (3, 4)])[0].tolist()
    [[0, 1], [2, 4]]
    """
    if original == changed:
        return Alignment()
    blanks = _only_blanks_changed(original, changed)
    if blanks is not None:
        return blanks
    starts, ends = np.full(len(changed), -1, dtype=np.int64), np.full(len(changed), -1, dtype=np.int64)
    for kind, i, i_end, j, j_end in SequenceMatcher(None, original, changed, autojunk=False).get_opcodes():
        if i_end - i == j_end - j:
            starts[j:j_end], ends[j:j_end] = np.arange(i, i_end), np.arange(i + 1, i_end + 1)
        elif kind == "replace":
            starts[j:j_end], ends[j:j_end] = i, i_end
    return Alignment(starts, ends)


def _only_blanks_changed(original: str, changed: str) -> Alignment | None:
    """Align texts that differ in white space alone, in one walk; None for others, whose cost is not linear."""
    places = [i for i, char in enumerate(original) if not char.isspace()]
    inside = [j for j, char in enumerate(changed) if not char.isspace()]
    if "".join(original[i] for i in places) != "".join(changed[j] for j in inside):
        return None
    starts = np.full(len(changed), -1, dtype=np.int64)
    starts[inside] = places
    return Alignment(starts, np.where(starts < 0, -1, starts + 1))
