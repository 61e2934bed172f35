"""jieba's own dictionary and code, held apart from jieba's global tokenizer.

A `jieba.Tokenizer` is filled from the dictionary that jieba ships, never from ``jieba.cache`` in the shared temporary
directory, which jieba unmarshals without a question. Zero frequencies are entered here and not through
``jieba.add_word``, which would put the word into a set that all tokenizers of the process share.
"""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any

from ._shared import shared
from ._user_dictionary import UserWords


@dataclass(frozen=True)
class Dictionary:
    """jieba's dictionary with the words of a user; never changed after it is built.

    Attributes
    ----------
    tokenizer : jieba.Tokenizer
        Cuts with this dictionary alone.
    removed : frozenset of str
        Words of frequency 0, which jieba takes apart wherever they come up.
    latin_words : dict of str to bool
        Words of two or more ASCII letters and digits, which jieba itself has none of, and whether the best route takes
        each whole: letters that it leaves apart look the same after jieba has joined them.
    """

    tokenizer: Any
    removed: frozenset[str]
    latin_words: dict[str, bool]

    def frequency(self, word: str) -> int:
        return self.tokenizer.FREQ.get(word, 0)


def load_dictionary(user_words: UserWords) -> Dictionary:
    """Return jieba's dictionary with `user_words` added, built once per process.

    Parameters
    ----------
    user_words : tuple of (str, int or None, str or None)
        Words, frequencies and tags.

    Returns
    -------
    Dictionary
        Shared by all who ask for the same words.
    """
    return shared(_build, user_words)


def import_jieba(name: str) -> ModuleType:
    """Import a module of jieba, whose source raises warnings that are not the caller's to mend.

    Parameters
    ----------
    name : str
        Name of the module.

    Returns
    -------
    module
        The module.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return import_module(name)


def _build(user_words: UserWords) -> Dictionary:
    tokenizer = import_jieba("jieba").Tokenizer()
    if user_words:
        base = load_dictionary(()).tokenizer
        tokenizer.FREQ, tokenizer.total = base.FREQ.copy(), base.total
    else:
        tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
    tokenizer.initialized = True
    for word, frequency, tag in user_words:
        if frequency == 0:
            _remove(tokenizer, word, tag)
        else:
            tokenizer.add_word(word, frequency, tag)
    removed = frozenset(word for word, frequency, _ in user_words if frequency == 0)
    latin = {word for word, _, _ in user_words if len(word) > 1 and word.isascii() and word.isalnum()}
    return Dictionary(tokenizer, removed, {word: _is_taken_whole(tokenizer, word) for word in latin})


def _is_taken_whole(tokenizer, word: str) -> bool:
    route: dict = {}
    tokenizer.calc(word, tokenizer.get_DAG(word), route)
    return route[0][1] == len(word) - 1


def _remove(tokenizer, word: str, tag: str | None) -> None:
    tokenizer.FREQ[word] = 0
    for stop in range(1, len(word)):
        tokenizer.FREQ.setdefault(word[:stop], 0)
    if tag:
        tokenizer.user_word_tag_tab[word] = tag


class PartOfSpeechTagger:
    """`jieba.posseg` over a dictionary of its own.

    Parameters
    ----------
    user_words : tuple of (str, int or None, str or None)
        Words, frequencies and tags.
    """

    def __init__(self, user_words: UserWords):
        posseg = import_jieba("jieba.posseg")
        dictionary = load_dictionary(user_words)
        # The tagger empties the table of user tags into its own, so it gets a tokenizer that nobody else holds.
        tokenizer = import_jieba("jieba").Tokenizer()
        tokenizer.FREQ, tokenizer.total = dictionary.tokenizer.FREQ, dictionary.tokenizer.total
        tokenizer.initialized = True
        tokenizer.user_word_tag_tab = dict(dictionary.tokenizer.user_word_tag_tab)
        self._tagger = posseg.POSTokenizer(tokenizer)
        self._tagger.makesure_userdict_loaded()

    def cut(self, text: str, *, hmm: bool) -> Iterator[tuple[str, str]]:
        """Return the words of `text` with their tags, white space among them."""
        return ((pair.word, pair.flag) for pair in self._tagger.cut(text, HMM=hmm))
