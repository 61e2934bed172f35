"""Cut many texts at once, in strings rather than in lists of words, which would cost more than the cutting.

Texts are joined by a mark that occurs in none of them, cut along the dictionary in one call, and put together with
spaces between the words. In that string arrays of its characters find the runs of single characters, in whose place
comes what the hidden Markov model makes of them. White space of the texts is a line end there, a word of its own until
the last step.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, filterfalse, groupby

import numpy as np

from ._engines import FIRST_HAN, LAST_HAN, Engine, fastest_engine, jieba_engine
from ._full_mode import FullCutter
from ._hmm import recognise
from ._jieba import load_dictionary
from ._shared import shared
from ._user_dictionary import UserWords

_CHUNK = 1 << 17  # characters cut in one call
_MAX_REMEMBERED = 1 << 18  # runs
_LONGEST_REMEMBERED = 1 << 20  # after a longer text everything is forgotten, as its runs may be as long

_HAN = f"{FIRST_HAN}-{LAST_HAN}"
# rjieba takes these for parts of words, jieba does not.
_RARE_CHARACTERS = re.compile(
    "[\u3400-\u4dbf\u9fd6-\u9fff\uf900-\ufaff\U00020000-\U0002a6df\U0002a700-\U0002ebef\U0002f800-\U0002fa1f]"
)
_LETTERS = "[a-zA-Z0-9]"
# What a word of one character may be: jieba buffers such words for the model; letters and digits it joins without it.
_SINGLE, _LETTER, _RARE, _SPACE = 1, 2, 3, 4
_KINDS = {
    re.compile(rf"[{_HAN}+#&._%\-]"): _SINGLE,
    re.compile(_LETTERS): _LETTER,
    _RARE_CHARACTERS: _RARE,
    re.compile(" "): _SPACE,
}
_BEYOND_KINDS = 0x2FA20  # no character from here on is of any of these
# The parts of runs, by jieba.finalseg.re_skip: for its model, and between. A tab divides parts, a line end runs.
_PART = re.compile(rf"[{_HAN}]+|{_LETTERS}+(?:\.[0-9]+)?%?|[+#&._%\-]+|\t|\n")
_ONLY_HAN = re.compile(f"[{_HAN}]+")
_LONG_WORD = re.compile("[^ ]{3,}+")


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
        self._full = shared(FullCutter, user_words) if mode == "full" else None
        self._removed = dictionary.removed if dictionary else frozenset()
        self._latin_words = dictionary.latin_words if dictionary else {}
        # rjieba splits words of its own accord at letters and signs, which no word of jieba's dictionary shows; and a
        # user's word of letters would look like two characters of a run.
        self._splits_at_end = mode == "search" and not all(_ONLY_HAN.fullmatch(word) for word, _, _ in user_words)
        self._along_dictionary = (
            self.engine.cut_for_search if mode == "search" and not self._splits_at_end else self.engine.cut
        )
        self._forget()

    def cut(self, texts: Sequence[str]) -> list[str]:
        """Return the words of each text with a space between them, without white space among them."""
        full = self._full
        if full is None:
            return [words for chunk in _chunks(texts) for words in self._cut_chunk(chunk)]
        return [words for chunk in _chunks(texts) for words in full.cut(chunk, _unused_characters(chunk)[0])]

    def split_for_search(self, word: str) -> str:
        """Return `word` and before it the shorter words inside, as jieba's search mode does."""
        return " ".join([*self.words_inside(word), word]) if len(word) > 2 else word

    def words_inside(self, word: str) -> list[str]:
        """Return the words of two and, inside of longer ones, of three characters that the dictionary has."""
        n = len(word)
        lengths = () if n < 3 else (2,) if n == 3 else (2, 3)
        return [gram for k in lengths for i in range(n - k + 1) if self.engine.is_word(gram := word[i : i + k])]

    def _cut_chunk(self, texts: Sequence[str]) -> list[str]:
        mark, placeholder = _unused_characters(texts)
        text = "\n".join(f"{mark}{mark.join(texts)}{mark}".split())
        rare = _RARE_CHARACTERS.findall(text) if (_kinds_in(text) == _RARE).any() else []
        spaced = " ".join(self._along_dictionary(_RARE_CHARACTERS.sub(placeholder, text) if rare else text))
        if self.hmm:
            spaced = self._replace_runs(spaced)
        if self._splits_at_end:
            spaced = self._split_long_words(spaced)
        spaced = spaced.replace(" \n ", " ")
        if rare:
            spaced = _fill_placeholders(spaced, placeholder, rare)
        return [words[1:-1] for words in spaced.split(mark)[1:-1]]

    def _replace_runs(self, spaced: str) -> str:
        """Put words in place of runs, working out together what is not yet known."""
        parts = _split(spaced, *self._runs(_kinds_in(spaced)))
        known, found = self._known, parts[1::2]
        known.update(self._cut_runs([*set(filterfalse(known.__contains__, found))]))
        parts[1::2] = map(known.__getitem__, found)
        if len(known) > _MAX_REMEMBERED or len(spaced) > _LONGEST_REMEMBERED:
            self._forget()
        return " ".join(parts)

    def _runs(self, kinds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the starts and ends of runs, between any two of which is another word."""
        stops = np.append(np.flatnonzero(kinds == _SPACE), len(kinds))
        starts = np.append(0, stops[:-1] + 1)
        is_letters = _hold_only_letters(kinds, starts, stops)
        is_single = is_letters | ((stops - starts == 1) & (kinds[starts] == _SINGLE))
        follows, goes_on = np.append(False, is_single[:-1]), np.append(is_single[1:], False)
        alone = is_letters if self._latin_words else False
        return starts[is_single & ~follows & (goes_on | alone)], stops[is_single & ~goes_on & (follows | alone)]

    def _forget(self) -> None:
        """Drop the known runs; other threads continue with the dictionary that they hold."""
        self._known: dict[str, str] = {}

    def _cut_runs(self, runs: list[str]) -> dict[str, str]:
        """Cut runs of single characters, given with a space between the pieces."""
        if not runs:
            return {}
        parts = _PART.findall("\n".join(self._buffers(runs)))
        words = recognise({part for part in parts if part >= FIRST_HAN})
        if self._removed:
            words = {part: self._take_apart(cut) for part, cut in words.items()}
        spaced = " ".join(map(words.get, parts, parts)).replace("\t ", "")
        if self.mode == "search" and not self._splits_at_end:
            spaced = self._split_long_words(spaced)
        return dict(zip(runs, spaced.split(" \n "), strict=True))

    def _split_long_words(self, spaced: str) -> str:
        return _LONG_WORD.sub(lambda match: self.split_for_search(match[0]), spaced)

    def _buffers(self, runs: list[str]) -> list[str]:
        """Put the characters of each run together, with a tab where they stay apart.

        They do in a word of the dictionary, which the best route left in pieces, and beside a user's word of letters,
        which looks like letters that jieba joined.
        """
        is_word = self.engine.is_word
        if not self._latin_words:
            buffers = "\n".join(runs).replace(" ", "").split("\n")
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
    """Group texts into lists of about `_CHUNK` characters."""
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


def _kinds_in(text: str) -> np.ndarray:
    return shared(_kinds_of_characters)[_codes_of(text)]


def _codes_of(text: str) -> np.ndarray:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")


def _kinds_of_characters() -> np.ndarray:
    kinds = np.zeros(0x110000, dtype=np.uint8)
    every = "".join(map(chr, range(_BEYOND_KINDS)))
    for pattern, kind in _KINDS.items():
        kinds[[match.start() for match in pattern.finditer(every)]] = kind
    return kinds


def _hold_only_letters(kinds: np.ndarray, starts: np.ndarray, stops: np.ndarray) -> np.ndarray:
    is_letters = kinds[starts] == _LETTER
    candidates = np.flatnonzero(is_letters & (stops - starts > 1))
    n_others = np.append(0, (kinds != _LETTER).cumsum(dtype=np.int32))
    is_letters[candidates] = n_others[stops[candidates]] == n_others[starts[candidates]]
    return is_letters


def _split(spaced: str, starts: np.ndarray, stops: np.ndarray) -> list[str]:
    """Return what stands between runs, and these, in turn, without the space on either side of a run."""
    codes = _codes_of(spaced).copy()
    codes[starts - 1] = codes[stops] = ord("\t")  # white space of the texts is a line end by now
    return codes.tobytes().decode("utf-32-le", "surrogatepass").split("\t")


def _unused_characters(texts: Sequence[str]) -> tuple[str, str]:
    """Return two characters that no text has: noncharacters if possible, else of private use."""
    joined = "".join(texts)
    candidates = map(chr, chain(range(0xFDD0, 0xFDF0), range(0xE000, 0xF900), range(0xF0000, 0x110000)))
    unused = (char for char in candidates if char not in joined)
    return next(unused), next(unused)


def _fill_placeholders(spaced: str, placeholder: str, rare: Sequence[str]) -> str:
    parts = spaced.split(placeholder)
    return "".join(chain.from_iterable(zip(parts, [*rare, ""], strict=True)))
