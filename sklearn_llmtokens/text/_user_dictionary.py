"""Read a user dictionary, from a file in jieba's format or from Python values, and refuse what jieba would misread.

jieba takes a line that it does not understand as one long word that never occurs: a tab in place of a space, or a
frequency of ``1.5``, disables an entry silently.
"""

import numbers
import os
import re
import warnings
from collections.abc import Iterable
from typing import TypeAlias

from .._utils._messages import shorten
from .._utils._text_cells import lone_surrogate
from ..exceptions import UserDictionaryError
from ._files import read_bytes

UserWords: TypeAlias = tuple[tuple[str, int | None, str | None], ...]

_LINE = re.compile(r"(\S+)(?: ([0-9]+))?(?: ([a-z]+))?")
_MOST_CHARACTERS = 256  # of a word: jieba enters every beginning of it, so that memory grows with the square
_MOST_DIGITS = 300  # of a frequency: with more it is no double any more
_DIGITS = re.compile("[0-9]+")
_TAG = re.compile("[a-z]+")
_LINE_END = re.compile("[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]")
_BETWEEN_BLOCKS = re.compile(r"[^\u4E00-\u9FD5a-zA-Z0-9+#&._%\-]")
_EXPECTED = "expected 'word', 'word frequency', 'word tag' or 'word frequency tag' with single spaces between"
_EXPECTED_TABS = "expected 'word', 'frequency' and 'tag' with tabs between, of which the last two may be empty"


def read_user_dictionary(source, match: str = "jieba") -> UserWords:
    """Read the words of a user dictionary.

    Parameters
    ----------
    source : str, path-like, iterable or None
        The path of a file with one ``word [frequency] [tag]`` per line, or words and ``(word, frequency[, tag])``.
    match : {"jieba", "exact"}, default="jieba"
        What finds the words. For jieba a word has no white space. Exact words may have some inside; in a file, tabs
        then stand between word, frequency and tag.

    Returns
    -------
    tuple of (str, int or None, str or None)
        Word, frequency and tag, in the order of `source`.

    Raises
    ------
    UserDictionaryError
        For an entry that cannot be read; the message names the file and line, or the position.
    OSError
        For a path where there is no file.

    Warns
    -----
    UserWarning
        If words have a character at which jieba always cuts, so that they can never be found.

    Examples
    --------
    >>> read_user_dictionary(["云计算", ("创新办", 3, "i")])
    (('云计算', None, None), ('创新办', 3, 'i'))
    """
    if source is None:
        return ()
    if isinstance(source, str | os.PathLike):
        words = tuple(_read_file(source, match))
        where = str(source)
    else:
        words = tuple(_read_entries(source, match))
        where = "user_dict"
    if match == "jieba":
        _warn_of_unreachable(words, where)
    return words


def _read_file(path: str | os.PathLike, match: str):
    data = read_bytes(path, "user_dict is the path of a file, or a list of words, and there is no such file")
    for number, raw in enumerate(data.split(b"\n"), 1):
        where = f"{path}:{number}"
        try:
            line = raw.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise UserDictionaryError(f"{where}: not UTF-8 ({error.reason} at byte {error.start}).") from error
        if line.strip():
            has_tabs = match == "exact" and "\t" in line
            word, frequency, tag = _read_tabs(line.rstrip("\r"), where) if has_tabs else _read_line(line.strip(), where)
            if frequency is not None and len(frequency) > _MOST_DIGITS:
                raise UserDictionaryError(
                    f"{where}: a frequency of {len(frequency)} digits is no number of occurrences."
                )
            yield _checked_word(word, where, match), None if frequency is None else int(frequency), tag


def _read_line(line: str, where: str) -> tuple[str, str | None, str | None]:
    match = _LINE.fullmatch(line)
    if match is None:
        raise UserDictionaryError(f"{where}: {shorten(line)} cannot be read; {_EXPECTED}.")
    word, frequency, tag = match.groups()
    return word, frequency, tag


def _read_tabs(line: str, where: str) -> tuple[str, str | None, str | None]:
    word, frequency, tag, *more = (*line.split("\t"), "", "")[:4]
    if any(more) or (frequency and not _DIGITS.fullmatch(frequency)) or (tag and not _TAG.fullmatch(tag)):
        raise UserDictionaryError(f"{where}: {shorten(line)} cannot be read; {_EXPECTED_TABS}.")
    return word, frequency or None, tag or None


def _read_entries(entries: Iterable, match: str):
    for i, entry in enumerate(entries):
        where = f"user_dict[{i}]"
        parts = (entry,) if isinstance(entry, str) else entry
        if not isinstance(parts, tuple | list) or not 1 <= len(parts) <= 3:
            raise UserDictionaryError(
                f"{where}: {shorten(entry)} is neither a word nor (word, frequency) nor (word, frequency, tag)."
            )
        word, frequency, tag = (*parts, None, None)[:3]
        yield _checked_word(word, where, match), _checked_frequency(frequency, where), _checked_tag(tag, where)


def _checked_word(word, where: str, match: str) -> str:
    if not isinstance(word, str):
        raise UserDictionaryError(f"{where}: the word {shorten(word)} is a {type(word).__name__}, not a str.")
    if not word.strip() or (match == "jieba" and any(map(str.isspace, word))):
        raise UserDictionaryError(
            f"{where}: {shorten(word)} is empty or has white space, at which jieba always cuts; "
            'user_dict_match="exact" finds words with spaces inside.'
        )
    if word != word.strip() or _LINE_END.search(word):
        raise UserDictionaryError(f"{where}: {shorten(word)} has white space at an end, a tab or a line end.")
    if len(word) > _MOST_CHARACTERS:
        raise UserDictionaryError(
            f"{where}: {shorten(word)} has {len(word)} characters: a word has at most {_MOST_CHARACTERS}."
        )
    if lone_surrogate(word) is not None:
        raise UserDictionaryError(
            f"{where}: {shorten(word)} has a lone surrogate, which is not a character of Unicode."
        )
    return str.__str__(word)


def _checked_frequency(frequency, where: str) -> int | None:
    if frequency is None:
        return None
    if not isinstance(frequency, numbers.Integral) or isinstance(frequency, bool) or frequency < 0:
        raise UserDictionaryError(f"{where}: the frequency {shorten(frequency)} is not a whole number of 0 or more.")
    return int(frequency)


def _checked_tag(tag, where: str) -> str | None:
    if tag is not None and (not isinstance(tag, str) or _TAG.fullmatch(tag) is None):
        raise UserDictionaryError(f"{where}: the tag {shorten(tag)} is not a word of lower-case letters such as 'n'.")
    return tag


def _warn_of_unreachable(words: UserWords, where: str) -> None:
    unreachable = [(word, cut[0]) for word, _, _ in words if (cut := _BETWEEN_BLOCKS.search(word))]
    if unreachable:
        word, sign = unreachable[0]
        warnings.warn(
            f"{where}: {len(unreachable)} word(s) can never be found, the first is {shorten(word)}: jieba always "
            f"cuts at characters such as {sign!r}. "
            'user_dict_match="exact" finds them.',
            UserWarning,
            stacklevel=4,
        )
