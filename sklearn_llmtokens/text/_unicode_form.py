"""Unicode normal forms in linear time: `unicodedata` sorts a run of combining marks in time quadratic in its length.

Runs are divided as Unicode Standard Annex 15 does in its Stream-Safe Text Format (section 13): after 30 marks comes a
combining grapheme joiner, across which no mark moves. No language writes so many.
"""

import re
import unicodedata
from collections.abc import Iterable
from itertools import takewhile
from typing import Literal

from ._shared import shared

_MOST_MARKS = 30
_JOINER = "\u034f"
# No character decomposes into more than two marks, or into a base and more than three: a shorter run has at most 30.
_LONG_RUN = 13
_BEYOND_MARKS = 0x20000  # from here on are ideographs, and selectors that stay where they are


def normalize(form: Literal["NFC", "NFD", "NFKC", "NFKD"], text: str) -> str:
    """Return a text in a normal form.

    Parameters
    ----------
    form : {"NFC", "NFD", "NFKC", "NFKD"}
        The normal form.
    text : str
        A text.

    Returns
    -------
    str
        What `unicodedata.normalize` returns, with U+034F after each 30 combining marks of a longer run.

    Examples
    --------
    >>> normalize("NFC", "e\u0301") == "\u00e9"
    True
    >>> len(normalize("NFC", "x" + "\u0301" * 31))
    33
    """
    if not text.isascii():
        mark, long_run = shared(_patterns)
        if mark.search(text[::_LONG_RUN]):  # a long run has one of these
            text = long_run.sub(_divide, text)
    return unicodedata.normalize(form, text)


def _patterns() -> tuple[re.Pattern, re.Pattern]:
    mark = f"[{''.join(char for char in map(chr, range(_BEYOND_MARKS)) if _is_mark(char))}]"
    return re.compile(mark), re.compile(f"{mark}{mark}{{{_LONG_RUN - 1},}}")  # for one mark first `re` looks fast


def _divide(run: re.Match) -> str:
    """Divide a run, by the process of section 13."""
    before = unicodedata.normalize("NFKD", run.string[max(run.start() - 1, 0) : run.start()])
    n_marks = _count_marks(reversed(before))
    pieces = []
    for char in run[0]:
        n_more = _marks_of(char)
        if n_marks + n_more > _MOST_MARKS:
            pieces.append(_JOINER)
            n_marks = 0
        pieces.append(char)
        n_marks += n_more
    return "".join(pieces)


def _is_mark(char: str) -> bool:
    if unicodedata.category(char) not in ("Mn", "Lm") and not unicodedata.combining(char):
        return False
    return _marks_of(char) == len(unicodedata.normalize("NFKD", char))


def _marks_of(char: str) -> int:
    return _count_marks(unicodedata.normalize("NFKD", char))


def _count_marks(chars: Iterable[str]) -> int:
    return sum(1 for _ in takewhile(unicodedata.combining, chars))
