"""Resolve stop words: a maintained list by language, a file, or the words themselves.

The lists of `stopwordsiso` are made for search engines, where "not" and "good" say little. In a review they are what
is said: with the Chinese list as it is, 不推荐 becomes 推荐 and 很好 becomes nothing. So the lists named by a language
keep negations, words of judgement and words of degree, and drop punctuation, which `stopwordsiso` has a few dozen of.
"""

import os
import unicodedata
from collections.abc import Iterable

from .._utils._messages import shorten
from ._files import read_bytes

_LANGUAGES = ("zh", "en")
_NAMES = (*_LANGUAGES, *(f"{language}-all" for language in _LANGUAGES))

# What a list named by a language keeps; docs/how_to/text.md has the same words.
_ZH_KEPT = """
不 不是 不得 不成 不如 不若 不比 不至于 不尽 不尽然 不怕 无 非 别
好 也好 可以 一般 一样 大 小 多
很 最 更 较 极了 多么 贼死
"""
_EN_KEPT = """
no not non none no-one noone nobody nothing nowhere never neither nor nay cannot without hardly unlike unlikely
good great greater greatest better best well ok okay like liked welcome appreciate thank thanks thanx useful usefully
usefulness interesting important sensible successfully sorry unfortunately poorly problem problems doubtful serious
seriously big small large high low thick thin
very too really quite rather enough more most less least truly awfully fairly slightly somewhat almost nearly
"""
# Forms of n't: whole, without the apostrophe, and what jieba leaves of them where it cuts at the apostrophe.
_EN_NEGATED = "ai are ca could dare did do does had has have is may might must need ought sha should was were wo would"
_KEPT = {
    "zh": frozenset(_ZH_KEPT.split()),
    "en": frozenset(_EN_KEPT.split())
    | {f"{verb}{ending}" for verb in _EN_NEGATED.split() for ending in ("n't", "nt", "n")} - {"can"}
    | {"t"},
}
# Punctuation, the signs of mathematics and currencies, and what cannot be seen by itself: zero-width spaces, marks that
# choose the colour of an emoji. Other symbols, emoji among them, say something.
_PUNCTUATION = frozenset(["Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "Cc", "Cf", "Mn", "Me"])


def read_stop_words(source) -> frozenset[str]:
    """Return the stop words that `source` stands for.

    Parameters
    ----------
    source : {"zh", "en", "zh-all", "en-all"}, str, path-like, iterable of str or None
        A list of the package `stopwordsiso`, without the words that change the polarity of a sentence or (-all)
        complete; the path of a file with one word per line; or words.

    Returns
    -------
    frozenset of str
        The words.

    Raises
    ------
    FileNotFoundError
        For a string that is neither a name nor a file.
    ValueError
        For a file that is not UTF-8.
    TypeError
        For a word that is not a str.

    Examples
    --------
    >>> sorted(read_stop_words(["的", "了"]))
    ['了', '的']
    >>> "的" in read_stop_words("zh"), "不" in read_stop_words("zh"), "不" in read_stop_words("zh-all")
    (True, False, True)
    """
    if source is None:
        return frozenset()
    if is_named(source):
        return _read_list(source)
    if isinstance(source, str | os.PathLike):
        return _read_file(source)
    return _checked(source)


def is_named(source) -> bool:
    """Return whether `source` is the name of a list of `stopwordsiso`.

    Parameters
    ----------
    source : object
        The parameter `stop_words`.

    Returns
    -------
    bool
        True for ``"zh"``, ``"en"``, ``"zh-all"`` and ``"en-all"``.
    """
    return isinstance(source, str) and source in _NAMES


def drops_punctuation(source) -> bool:
    """Return whether words of punctuation alone are dropped too: by a list that is named by its language alone.

    Parameters
    ----------
    source : object
        The parameter `stop_words`.

    Returns
    -------
    bool
        True for ``"zh"`` and ``"en"``.
    """
    return isinstance(source, str) and source in _LANGUAGES


def is_punctuation(word: str) -> bool:
    """Return whether a word is made of punctuation alone.

    Parameters
    ----------
    word : str
        A word.

    Returns
    -------
    bool
        Whether each character is punctuation, of any width, a sign of mathematics or of a currency, or invisible.

    Examples
    --------
    >>> [word for word in ("，", "...", "“", "+", "％", "C++", "👍", "★") if not is_punctuation(word)]
    ['C++', '👍', '★']
    """
    return all(unicodedata.category(char) in _PUNCTUATION for char in word)


def _read_list(name: str) -> frozenset[str]:
    import stopwordsiso

    language = name.removesuffix("-all")
    words = frozenset(stopwordsiso.stopwords(language))
    return words - _KEPT[language] if name == language else words


def _read_file(path) -> frozenset[str]:
    known = ", ".join(map(repr, _NAMES))
    expected = f"stop_words is one of {known}, a collection of words, or the path of a file, and there is no file"
    try:
        text = read_bytes(path, expected).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"stop_words: {path} is not UTF-8 ({error.reason} at byte {error.start}): write it anew in that encoding."
        ) from error
    return frozenset(line.strip() for line in text.splitlines()) - {""}


def _checked(words: Iterable) -> frozenset[str]:
    wrong = next((word for word in words if not isinstance(word, str)), None)
    if wrong is not None:
        raise TypeError(f"stop_words holds {shorten(wrong)} of type {type(wrong).__name__}: every stop word is a str.")
    return frozenset(map(str.__str__, words))
