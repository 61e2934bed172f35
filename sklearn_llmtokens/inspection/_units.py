"""Words or tokens of a text, and how contributions of places are shared among them."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from .._utils._messages import shorten
from ..text import JiebaTokenizer
from ._nodes import Located, Texts

Unit = str | Any
"""``"word"``, ``"token"``, or an object with ``word_spans(text)``."""


def units_of(given: Texts, read: Sequence[int], unit: Unit, tokens: dict[int, np.ndarray]) -> dict[int, np.ndarray]:
    """Find the units of the texts of a row.

    Parameters
    ----------
    given : Texts
        The row.
    read : sequence of int
        Which of its columns are explained.
    unit : "word", "token" or object with ``word_spans(text)``
        What the units are.
    tokens : dict of int to ndarray of shape (n_tokens, 2)
        Where tokens stand, by column.

    Returns
    -------
    dict of int to ndarray of shape (n_units, 2)
        The units of each of these columns.

    Raises
    ------
    ValueError
        If tokens are asked for and not known.
    """
    texts = {i: given.columns[i].text or "" for i in read}
    if not isinstance(unit, str) or unit == "word":
        return {i: word_units(text, unit) for i, text in texts.items()}
    unknown = [text for i, text in texts.items() if i not in tokens and text]
    if unknown:
        raise ValueError(
            f"unit='token': no LLMTokenEmbedder of the model reads {shorten(unknown[0])}, or a step hides it. Use "
            "unit='word'."
        )
    return {i: token_units(text, tokens[i]) if text else np.empty((0, 2), np.int64) for i, text in texts.items()}


def word_units(text: str, words) -> np.ndarray:
    """Find the words of a text.

    Parameters
    ----------
    text : str
        The text.
    words : "word" or object with ``word_spans(text)``
        What cuts it: jieba, or the caller's own.

    Returns
    -------
    ndarray of shape (n_words, 2), dtype=int64
        Places in order, without overlap and without empty ones.

    Raises
    ------
    ValueError
        If the words overlap or lie outside of the text.
    """
    found = (JiebaTokenizer() if isinstance(words, str) else words).word_spans(text)
    spans = np.array([(start, end) for start, end, *_ in found], dtype=np.int64).reshape(-1, 2)
    if (spans[:, 0] >= spans[:, 1]).any() or (spans[1:, 0] < spans[:-1, 1]).any() or spans[-1:, 1].sum() > len(text):
        raise ValueError(
            f"word_spans of {shorten(words)} returned words that are empty, overlap, or lie outside of the text "
            f"{shorten(text)}: places in order are expected."
        )
    return spans


def token_units(text: str, offsets: np.ndarray) -> np.ndarray:
    """Find the tokens of a text, (n_tokens, 2): those that share a character are one, and leading blanks are cut off.

    Examples
    --------
    >>> token_units("a 好", np.array([[0, 1], [1, 3], [2, 3]])).tolist()
    [[0, 1], [2, 3]]
    """
    units: list[list[int]] = []
    for start, end in sorted(offsets.tolist()):
        while start < end and text[start].isspace():
            start += 1
        if start >= end:
            continue
        if units and start < units[-1][1]:
            units[-1][1] = max(units[-1][1], end)
        else:
            units.append([start, end])
    return np.array(units, dtype=np.int64).reshape(-1, 2)


def share_among(units: Sequence[np.ndarray], places: Iterable[Located], n_outputs: int) -> np.ndarray:
    """Share contributions of places among the units of the texts, evenly by character.

    Parameters
    ----------
    units : sequence of ndarray of shape (n_units, 2)
        The units of each text.
    places : iterable of Located
        The contributions.
    n_outputs : int
        Number of outputs.

    Returns
    -------
    ndarray of shape (n_units of all texts, n_outputs)
        The characters of a place that are in no unit get nothing, so that a place without any is left out.

    Examples
    --------
    >>> place = Located(0, np.array([[0, 3]]), np.array([[6.0]]))
    >>> share_among([np.array([[0, 2], [2, 3], [4, 6]])], [place], 1).ravel().tolist()
    [4.0, 2.0, 0.0]
    """
    totals = [np.zeros((len(spans), n_outputs)) for spans in units]
    for place in places:
        spans = units[place.text]
        if len(spans):
            totals[place.text] += _share(spans, place)
    return np.concatenate(totals) if totals else np.zeros((0, n_outputs))


def _share(units: np.ndarray, place: Located) -> np.ndarray:
    n_characters = int(max(units[-1, 1], place.spans[:, 1].max(initial=0)))
    change = np.zeros(n_characters + 1)
    np.add.at(change, units[:, 0], 1)
    np.add.at(change, units[:, 1], -1)
    is_inside = np.cumsum(change)[:-1] > 0
    before = np.concatenate([[0], np.cumsum(is_inside)])  # characters of units before each one
    size = before[place.spans[:, 1]] - before[place.spans[:, 0]]
    kept = size > 0
    spans, values = place.spans[kept], place.values[kept] / size[kept, np.newaxis]
    density = np.zeros((n_characters + 1, values.shape[1]))
    np.add.at(density, spans[:, 0], values)
    np.add.at(density, spans[:, 1], -values)
    by_character = np.cumsum(density, axis=0)[:-1] * is_inside[:, np.newaxis]
    total = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(by_character, axis=0)])
    return total[units[:, 1]] - total[units[:, 0]]
