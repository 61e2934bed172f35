"""Traditional Chinese characters to simplified ones, with OpenCC's phrase tables."""

from collections.abc import Iterator
from typing import Any

from ._shared import shared

_LONGEST_PIECE = 2048  # OpenCC copies what is left of a piece at every match


def simplify(text: str) -> str:
    """Turn traditional characters into simplified ones.

    Parameters
    ----------
    text : str
        A text.

    Returns
    -------
    str
        The text in simplified characters. OpenCC's phrases change a few texts that are simplified already.

    Examples
    --------
    >>> simplify("後來乾淨")
    '后来干净'
    """
    converter, phrases, longest = shared(_load)
    return "".join(converter.convert(piece) for piece in _pieces(text, phrases, longest))


def _load() -> tuple[Any, frozenset[str], int]:
    import opencc

    converter = opencc.OpenCC("t2s")
    phrases = frozenset(key for _, _, table in converter.dict_cache.values() for key in table)
    return converter, phrases, max(map(len, phrases))


def _pieces(text: str, phrases: frozenset[str], longest: int) -> Iterator[str]:
    """Cut a long text where no phrase of the tables lies across."""
    start = 0
    while len(text) - start > _LONGEST_PIECE:
        stop = start + _LONGEST_PIECE // 2
        last = start + _LONGEST_PIECE
        while stop < last and _is_inside_phrase(text, stop, phrases, longest):
            stop += 1
        yield text[start:stop]
        start = stop
    yield text[start:]


def _is_inside_phrase(text: str, at: int, phrases: frozenset[str], longest: int) -> bool:
    return any(
        text[start:stop] in phrases
        for start in range(max(0, at - longest + 1), at)
        for stop in range(at + 1, start + longest + 1)
    )
