"""The engine that cuts along the dictionary: rjieba where it is installed and agrees with jieba, else jieba's own code.

Only that step is asked of an engine: the best route through the dictionary, without jieba's hidden Markov model. There
rjieba follows jieba to the last bit. With the model it does not: ties are broken in another order, and what is between
words ("1-3", an e-mail address) is split by other rules.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from ._jieba import load_dictionary
from ._shared import shared
from ._user_dictionary import UserWords

FIRST_HAN, LAST_HAN = "\u4e00", "\u9fd5"  # jieba looks for words among the characters from here to there

_FILLER = "\ufdef"  # never looked up: it is not among the characters that may make a word
_MOST_FREQUENT = 1 << 40  # rjieba adds frequencies up in 64 bits, jieba in as many as it takes
_DOUBLE_ENTRY = 3  # frequency of a word that is twice in jieba's dictionary: jieba's total has both, rjieba's one

# What a release of rjieba must still give; one with another dictionary or other rules is not used. The last two hang on
# the last bit of the sums: a total that is off by one gives other words.
_KNOWN = (
    ("小明硕士毕业于中国科学院计算所", "小 明 硕士 毕业 于 中国科学院 计算所"),
    ("他来到了网易杭研大厦1-3楼,邮箱a.b_c@x.com", "他 来到 了 网易 杭 研 大厦 1 - 3 楼 , 邮箱 a . b _ c @ x . com"),
    ("T恤和C++、B超AA制4S店，哈哈哈哈", "T恤 和 C++ 、 B超 AA制 4S店 ， 哈哈哈哈"),
    (
        "一一一哈好好好好鷲鷲鷲鷲鷲鷲鷲鷲哈哈哈哈哈鷲鷲鷲",
        "一一 一 哈 好好 好好 鷲 鷲 鷲 鷲 鷲 鷲 鷲 鷲 哈哈哈 哈哈 鷲 鷲 鷲",
    ),
    ("人人人三差二", "人 人人 三 差 二"),
)
_KNOWN_SEARCH = ("中国科学院计算所，4S店", "中国 科学 学院 科学院 中国科学院 计算 计算所 ， 4S店")


@dataclass(frozen=True)
class Engine:
    """How to cut along the dictionary.

    Attributes
    ----------
    name : {"rjieba", "jieba"}
        Whose code it is.
    cut : callable
        Takes a text and gives its words by the dictionary alone, white space and marks among them.
    cut_for_search : callable
        The same, and before a word of three or more characters the shorter words inside.
    is_word : callable
        Tells whether a word is in the dictionary.
    """

    name: str
    cut: Callable[[str], list[str]]
    cut_for_search: Callable[[str], list[str]]
    is_word: Callable[[str], bool]


def fastest_engine(user_words: UserWords) -> Engine:
    """Return the fastest engine that is installed and holds jieba's tokens with `user_words`.

    Parameters
    ----------
    user_words : tuple of (str, int or None, str or None)
        Words, frequencies and tags.

    Returns
    -------
    Engine
        Shared by all who ask for the same words.
    """
    rust = shared(_build_rjieba, user_words)
    return jieba_engine(user_words) if rust is None else rust


def jieba_engine(user_words: UserWords) -> Engine:
    """Return jieba's own code over a dictionary of its own.

    Parameters
    ----------
    user_words : tuple of (str, int or None, str or None)
        Words, frequencies and tags.

    Returns
    -------
    Engine
        Shared by all who ask for the same words.
    """
    tokenizer = load_dictionary(user_words).tokenizer

    def is_word(word: str) -> bool:
        return bool(tokenizer.FREQ.get(word))

    return Engine("jieba", partial(tokenizer.lcut, HMM=False), partial(tokenizer.lcut_for_search, HMM=False), is_word)


def all_words(user_words: UserWords) -> Callable[[str], list[str]] | None:
    """Return a function that lists all words of a Chinese text by start, then by length; None without rjieba.

    Parameters
    ----------
    user_words : tuple of (str, int or None, str or None)
        Words, frequencies and tags.

    Returns
    -------
    callable or None
        Takes characters in U+4E00 to U+9FD5 and line ends, each of which counts as a word too.
    """
    return shared(_build_all_words, user_words)


def _build_rjieba(user_words: UserWords) -> Engine | None:
    segmenter = _new_segmenter(user_words)
    if segmenter is None:
        return None
    if user_words:
        _add_user_words(segmenter, user_words)

    return Engine(
        "rjieba", partial(segmenter.cut, hmm=False), partial(segmenter.cut_for_search, hmm=False), segmenter.has_word
    )


def _build_all_words(user_words: UserWords) -> Callable[[str], list[str]] | None:
    segmenter = _new_segmenter(user_words)
    if segmenter is None:
        return None
    for word, _, _ in user_words:
        segmenter.add_word(word, 1, "")
    for char in map(chr, range(ord(FIRST_HAN), ord(LAST_HAN) + 1)):
        if not segmenter.has_word(char):
            segmenter.add_word(char, 1, "")
    return segmenter.cut_all


def _new_segmenter(user_words: UserWords) -> Any:
    """Return rjieba with jieba's dictionary; None where it is absent, old, differs, or cannot serve `user_words`."""
    try:
        import rjieba
    except ImportError:
        return None
    if any(frequency == 0 or (frequency or 1) > _MOST_FREQUENT for _, frequency, _ in user_words):
        return None  # rjieba cannot take a word out
    segmenter = rjieba.Jieba()  # not the module's own, whose dictionary anyone can change
    if not hasattr(segmenter, "add_word"):  # before 0.2.2
        return None
    segmenter.add_word(_FILLER, _DOUBLE_ENTRY, "")
    if any(" ".join(segmenter.cut(text, False)) != words for text, words in _KNOWN):
        return None
    if " ".join(segmenter.cut_for_search(_KNOWN_SEARCH[0], False)) != _KNOWN_SEARCH[1]:
        return None
    return segmenter


def _add_user_words(segmenter: Any, user_words: UserWords) -> None:
    """Enter the frequencies that jieba gives the words, and bring the total to jieba's.

    Where a word is in the dictionary already, jieba adds the new frequency to the total and keeps the old one in it,
    rjieba takes the old one off.
    """
    base, dictionary = load_dictionary(()), load_dictionary(user_words)
    total = base.tokenizer.total
    for word in dict.fromkeys(word for word, _, _ in user_words):
        frequency = dictionary.frequency(word)
        segmenter.add_word(word, frequency, "")
        total += frequency - base.frequency(word)
    segmenter.add_word(_FILLER, _DOUBLE_ENTRY + dictionary.tokenizer.total - total, "")
