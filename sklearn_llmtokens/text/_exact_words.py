"""Find words of a user dictionary exactly, also those that jieba cannot find or finds too often.

jieba cuts a text at white space, brackets and rare characters before it looks words up, so that it never finds
"宝马(进口)", and joins letters only afterwards, so that "ens" cuts "license" into three. Here such words are taken out
of the text first, and jieba cuts what is between them.
"""

import re
from collections import defaultdict

from ._engines import FIRST_HAN, LAST_HAN
from ._user_dictionary import UserWords

# What a word of an alphabet is made of: Latin, Greek and Cyrillic letters with their marks, and digits, of any width.
_LETTER = re.compile("[0-9A-Za-z\u00aa\u00b5\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u052f\u1e00-\u1fff０-９Ａ-Ｚａ-ｚ]")
_MARK = re.compile("[\u0300-\u036f\ufe00-\ufe0f\u200d\U0001f3fb-\U0001f3ff]")  # accents, and what changes an emoji
_ONLY_HAN = re.compile(f"[{FIRST_HAN}-{LAST_HAN}]+")
_ONLY_LETTERS = re.compile("[0-9A-Za-z]+")


def divide(words: UserWords) -> tuple[UserWords, UserWords]:
    """Divide the words of a user dictionary into those for jieba's dictionary and those that are found exactly.

    Parameters
    ----------
    words : tuple of (str, int or None, str or None)
        Words, frequencies and tags.

    Returns
    -------
    for_jieba, exact : tuple of (str, int or None, str or None)
        Words of Chinese characters alone and words that are taken out (frequency 0); all others.

    Examples
    --------
    >>> divide((("云计算", None, None), ("C++", 3, None), ("台中", 0, None)))
    ((('云计算', None, None), ('台中', 0, None)), (('C++', 3, None),))
    """
    is_for_jieba = [frequency == 0 or _ONLY_HAN.fullmatch(word) is not None for word, frequency, _ in words]
    return (
        tuple(entry for entry, this in zip(words, is_for_jieba, strict=True) if this),
        tuple(entry for entry, this in zip(words, is_for_jieba, strict=True) if not this),
    )


class ExactWords:
    """Words that are found exactly, the longest first, from left to right.

    Parameters
    ----------
    words : tuple of (str, int or None, str or None)
        Words, frequencies and tags.

    Examples
    --------
    >>> words = ExactWords((("CH125 Spacy", None, None), ("5G", None, None)))
    >>> words.split("本田CH125 Spacy和5G")
    ['本田', 'CH125 Spacy', '和5G']
    """

    def __init__(self, words: UserWords):
        self.frequencies = {word: frequency for word, frequency, _ in words if frequency is not None}
        self.tags = {word: tag for word, _, tag in words if tag is not None}
        # jieba never divides a word of ASCII letters and digits that is not in its dictionary: it needs no search.
        self._words = frozenset(word for word, _, _ in words if not _ONLY_LETTERS.fullmatch(word))
        lengths = defaultdict(set)
        for word in self._words:
            lengths[word[0]].add(len(word))
        self._lengths = {char: sorted(found, reverse=True) for char, found in lengths.items()}
        self._first = re.compile("[" + "".join(map(re.escape, lengths)) + "]") if lengths else None

    def __contains__(self, word: str) -> bool:
        return word in self._words

    def split(self, text: str) -> list[str]:
        """Return what is between words, and the words, in turn; first and last is what is before and after them."""
        parts = []
        stop = 0
        for match in self._first.finditer(text) if self._first is not None else ():
            start = match.start()
            if start >= stop and (word := self._word_at(text, start)):
                parts += [text[stop:start], word]
                stop = start + len(word)
        return [*parts, text[stop:]]

    def _word_at(self, text: str, start: int) -> str | None:
        if _is_inside_word(text, start):
            return None
        for length in self._lengths[text[start]]:
            word = text[start : start + length]
            if word in self._words and not _is_inside_word(text, start + length):
                return word
        return None


def _is_inside_word(text: str, at: int) -> bool:
    """Return whether a word of letters goes on from before to after a place, or a mark belongs to what is before it."""
    if not 0 < at < len(text):
        return False
    return bool(_MARK.match(text[at]) or (_LETTER.match(text[at - 1]) and _LETTER.match(text[at])))
