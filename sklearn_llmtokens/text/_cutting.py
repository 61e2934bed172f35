"""Cut many texts at once, in strings rather than in lists of words, which would cost more than the cutting.

Texts are joined by a mark that occurs in none of them, cut along the dictionary in one call, and put together with
spaces between the words. What follows are substitutions in that string: a run of single characters goes to the hidden
Markov model, a long word is split finer for search. As white space is always a token of its own, three spaces in a row
are a white space token, and one is a border.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, groupby

from ._engines import Engine, fastest_engine, jieba_engine
from ._hmm import recognise
from ._jieba import load_dictionary
from ._user_dictionary import UserWords

_CHUNK = 1 << 17  # characters cut in one call
_MAX_REMEMBERED = 1 << 18  # runs, and long words
_LONGEST_REMEMBERED = 1 << 20  # after a longer text everything is forgotten, as its runs may be as long

_FIRST_HAN = "\u4e00"
_HAN = "\u4e00-\u9fd5"
# rjieba takes these for parts of words, jieba does not.
_STRANGERS = re.compile(
    "[\u3400-\u4dbf\u9fd6-\u9fff\uf900-\ufaff\U00020000-\U0002a6df\U0002a700-\U0002ebef\U0002f800-\U0002fa1f]"
)
_LETTERS = "[a-zA-Z0-9]"
# Single characters in a row, as jieba buffers them for the model; without the model it joins letters and digits itself.
_SINGLE = rf"(?:[{_HAN}+#&._%\-] |{_LETTERS}++ )"
_RUN = re.compile(f"( {_SINGLE}{_SINGLE}++)")
_RUN_OR_LATIN = re.compile(f"( {_SINGLE}++)")
# The parts of a run: for the model, by jieba.finalseg.re_skip, and what is between; a tab and a line end divide parts.
_PART = re.compile(rf"[{_HAN}]+|{_LETTERS}+(?:\.[0-9]+)?%?|[+#&._%\-]+|[\t\n]")
_LONG_WORD = re.compile("( [^ ]{3,}+)")


class Cutter:
    """Cut texts into jieba's words.

    Parameters
    ----------
    mode : {"accurate", "full", "search"}
        jieba's modes.
    hmm : bool
        Whether words that the dictionary lacks are looked for.
    user_words : tuple of (str, int or None, str or None)
        Words added to the dictionary.
    """

    def __init__(self, mode: str, hmm: bool, user_words: UserWords):
        self.mode = mode
        self.hmm = hmm
        self.engine: Engine = jieba_engine(user_words) if mode == "full" else fastest_engine(user_words)
        dictionary = load_dictionary(user_words) if user_words or mode == "full" else None
        self._cut_all = dictionary.tokenizer.lcut if mode == "full" else None
        self._removed = dictionary.removed if dictionary else frozenset()
        self._latin_words = dictionary.latin_words if dictionary else {}
        self._run = _RUN_OR_LATIN if self._latin_words else _RUN
        self._forget()

    def cut(self, texts: Sequence[str]) -> list[str]:
        """Give the words of each text with a space between them, without white space among them."""
        if self.mode == "full":
            return [" ".join(" ".join(self._cut_all(text, cut_all=True)).split()) for text in texts]
        return [words for chunk in _chunks(texts) for words in self._cut_chunk(chunk)]

    def split_for_search(self, word: str) -> str:
        """Give `word` and before it the shorter words inside, as jieba's search mode does."""
        grams = [word[i : i + 2] for i in range(len(word) - 1)] if len(word) > 2 else []
        if len(word) > 3:
            grams += [word[i : i + 3] for i in range(len(word) - 2)]
        return " ".join([*filter(self.engine.is_word, grams), word])

    def _cut_chunk(self, texts: Sequence[str]) -> list[str]:
        mark, hole = _unused_characters(texts)
        text = " ".join(f"{mark}{mark.join(texts)}{mark}".split())
        strangers = _STRANGERS.findall(text)
        if strangers:
            text = _STRANGERS.sub(hole, text)
        spaced = " ".join(self.engine.cut(text))
        if self.hmm:
            spaced = self._replace(self._run, spaced, self._words_of_run, self._cut_runs)
        if self.mode == "search":
            spaced = self._replace(_LONG_WORD, spaced, self._finer, self._split_words)
        spaced = spaced.replace("   ", " ")
        if strangers:
            spaced = _fill_holes(spaced, hole, strangers)
        return [words[1:-1] for words in spaced.split(mark)[1:-1]]

    def _replace(self, pattern: re.Pattern, spaced: str, known: dict[str, str], work_out: Callable) -> str:
        """Replace what `pattern` finds, working out together what is not yet known."""
        parts = pattern.split(spaced)
        found = parts[1::2]
        known.update(work_out(list(set(found).difference(known))))
        parts[1::2] = map(known.__getitem__, found)
        if len(known) > _MAX_REMEMBERED or len(spaced) > _LONGEST_REMEMBERED:
            self._forget()
        return "".join(parts)

    def _forget(self) -> None:
        """Start anew with what is known; other threads go on with the dictionaries that they hold."""
        self._words_of_run: dict[str, str] = {}
        self._finer: dict[str, str] = {}

    def _split_words(self, words: list[str]) -> dict[str, str]:
        return {word: f" {self.split_for_search(word[1:])}" for word in words}

    def _cut_runs(self, runs: list[str]) -> dict[str, str]:
        """Cut runs, given and given back with a space between the pieces and at both ends."""
        if not runs:
            return {}
        parts = _PART.findall("\n".join(self._buffers(runs)))
        words = recognise({part for part in parts if part >= _FIRST_HAN})
        if self._removed:
            words = {part: self._take_apart(cut) for part, cut in words.items()}
        spaced = " ".join([words.get(part, part) for part in parts]).replace("\t ", "")
        return {run: f" {cut} " for run, cut in zip(runs, spaced.split(" \n "), strict=True)}

    def _buffers(self, runs: list[str]) -> list[str]:
        """Put the characters of each run together, with a tab where they stay apart.

        They do in a word of the dictionary, which the best route left in pieces, and beside a user's word of letters,
        which looks like letters that jieba joined.
        """
        is_word = self.engine.is_word
        if not self._latin_words:
            buffers = " ".join(runs).replace("  ", "\n").replace(" ", "").split("\n")
            return ["\t".join(buffer) if is_word(buffer) else buffer for buffer in buffers]
        return ["\t".join(self._pieces(run.split())) for run in runs]

    def _pieces(self, tokens: list[str]) -> list[str]:
        pieces: list[str] = []
        for is_latin_word, group in groupby(tokens, lambda token: self._latin_words.get(token, False)):
            if is_latin_word:
                pieces += group
            else:
                buffer = "".join(group)
                pieces += buffer if self.engine.is_word(buffer) else [buffer]
        return pieces

    def _take_apart(self, words: str) -> str:
        return " ".join(" ".join(word) if word in self._removed else word for word in words.split(" "))


def _chunks(texts: Iterable[str]) -> Iterator[list[str]]:
    """Give texts in lists of about `_CHUNK` characters."""
    chunk: list[str] = []
    size = 0
    for text in texts:
        chunk.append(text)
        size += len(text)
        if size >= _CHUNK:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _unused_characters(texts: Sequence[str]) -> tuple[str, str]:
    """Give two characters that no text has: noncharacters if possible, else of private use."""
    joined = "".join(texts)
    candidates = map(chr, chain(range(0xFDD0, 0xFDF0), range(0xE000, 0xF900), range(0xF0000, 0x110000)))
    unused = (char for char in candidates if char not in joined)
    return next(unused), next(unused)


def _fill_holes(spaced: str, hole: str, strangers: Sequence[str]) -> str:
    parts = spaced.split(hole)
    return "".join(chain.from_iterable(zip(parts, [*strangers, ""], strict=True)))
