"""jieba's full mode, all words that are in a text, many texts at once.

Where rjieba is used, it lists the words that begin at each character of the Chinese stretches, and jieba's rules choose
among them. Every word of two or more characters is output. A character alone is output only where no such word begins
and none that began before covers it. Between the stretches are no words of the dictionary: letters and digits stay
together, a sign is a word, and so is all that stands between two of jieba's blocks. A text that holds a word with
letters or signs in it ("T恤") is left to jieba itself, which has rules of its own for these.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import compress

import numpy as np

from ._engines import FIRST_HAN, LAST_HAN, all_words
from ._jieba import Dictionary, load_dictionary
from ._user_dictionary import UserWords

_HAN = f"{FIRST_HAN}-{LAST_HAN}"
_SIGNS = r"+#&._%\-"
_PART = re.compile(rf"[{_HAN}]+|[a-zA-Z0-9]+|[{_SIGNS}]|[^{_HAN}a-zA-Z0-9{_SIGNS}\s]+")
_MIXED_LINE = re.compile(rf"^.*[a-zA-Z0-9{_SIGNS}].*$", re.MULTILINE)


class FullCutter:
    """Find all words of texts, as jieba does with ``cut_all=True``.

    Parameters
    ----------
    user_words : tuple of (str, int or None, str or None)
        Words added to the dictionary.
    """

    def __init__(self, user_words: UserWords):
        dictionary = load_dictionary(user_words)
        self._lcut = dictionary.tokenizer.lcut
        self._all_words = all_words(user_words)
        self._mixed = _mixed_words(dictionary)

    def cut(self, texts: Sequence[str], mark: str) -> list[str]:
        """Return the words of each text with a space between them; no text has the character `mark`."""
        all_words_of = self._all_words
        if all_words_of is None:
            return [self._cut_one(text) for text in texts]
        is_mixed = [self._mixed.search(text) is not None for text in texts]
        parts = _PART.findall(mark.join("" if mixed else text for text, mixed in zip(texts, is_mixed, strict=True)))
        is_han = [FIRST_HAN <= part[0] <= LAST_HAN for part in parts]
        han = iter(_cut_han(list(compress(parts, is_han)), all_words_of))
        spaced = " ".join([next(han) if this else part for part, this in zip(parts, is_han, strict=True)])
        words = [words.strip(" ") for words in spaced.split(mark)]
        return [self._cut_one(text) if mixed else cut for text, mixed, cut in zip(texts, is_mixed, words, strict=True)]

    def _cut_one(self, text: str) -> str:
        return " ".join(" ".join(self._lcut(text, cut_all=True)).split())


def _cut_han(stretches: list[str], all_words_of: Callable[[str], Iterable[str]]) -> list[str]:
    if not stretches:
        return []
    spaced = " ".join([*all_words_of("\n".join(stretches)), ""])
    codes = np.frombuffer(spaced.encode("utf-32-le"), dtype="<u4")
    lengths = np.diff(np.flatnonzero(codes == ord(" ")), prepend=-1) - 1
    kept = codes[np.repeat(_is_output(lengths), lengths + 1)]
    return kept.tobytes().decode("utf-32-le")[:-1].split(" \n ")


def _is_output(lengths: np.ndarray) -> np.ndarray:
    """Compute which words jieba outputs.

    Parameters
    ----------
    lengths : ndarray of shape (n_words,), dtype=intp
        Lengths of the words by the place where they begin and by length; at every place begins one of a character.

    Returns
    -------
    ndarray of shape (n_words,), dtype=bool
        Whether each is output.

    Examples
    --------
    The words 清 清华 清华大学 华 华大 大 大学 学 都: 都 is in no longer word.

    >>> _is_output(np.array([1, 2, 4, 1, 2, 1, 2, 1, 1]))
    array([False,  True,  True, False,  True, False,  True, False,  True])
    """
    is_single = lengths == 1
    place = is_single.cumsum()
    is_last = np.append(is_single[1:], True)  # of those that begin at its place
    is_longest = is_last & ~is_single
    reach = np.append(-1, (place + lengths - 1)[is_longest])  # before the first, and of each
    return ~is_single | (is_last & (place > reach[is_longest.cumsum()]))


def _mixed_words(dictionary: Dictionary) -> re.Pattern:
    """Return a pattern of the words of the dictionary with letters, digits or signs."""
    frequencies = dictionary.tokenizer.FREQ
    found = [word for word in _MIXED_LINE.findall("\n".join(frequencies)) if len(word) > 1 and frequencies[word]]
    return re.compile("|".join(map(re.escape, found)))
