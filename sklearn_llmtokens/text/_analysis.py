"""Analysis of a text into the words that are kept: cut, choose by part of speech, lower, drop stop words, stem."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ._cutting import Cutter
from ._exact_words import ExactWords
from ._jieba import PartOfSpeechTagger, load_dictionary
from ._shared import shared
from ._stemmer import Stemmer
from ._stop_words import is_punctuation
from ._user_dictionary import UserWords

# Arora, Liang and Ma 2017, "A simple but tough-to-beat baseline for sentence embeddings": weight a / (a + p(word)).
_SMOOTHING = 1e-3
_LATIN_WORD = re.compile(r"[a-zA-Z\u00c0-\u024f\u1e00-\u1eff]+")
_MAX_REMEMBERED = 1 << 18
_LONGEST_REMEMBERED = 64
_NO_TAG = "x"  # what jieba says of a word that it has no tag for
_BETWEEN_WORDS = ("P", "Z", "C")  # general categories: punctuation, separators, control


@dataclass(frozen=True)
class Settings:
    """Everything that decides which words a text gives, as plain values: this travels to worker processes."""

    mode: str
    hmm: bool
    user_words: UserWords
    exact_words: UserWords
    stop_words: frozenset[str]
    drop_punctuation: bool
    pos: tuple[str, ...] | None
    lowercase: bool
    stemmer: str | None


class Analysis:
    """Turn texts into words.

    Parameters
    ----------
    settings : Settings
        What is kept and how it is written.
    """

    def __init__(self, settings: Settings):
        self.settings = settings
        self._cutter = Cutter(settings.mode, settings.hmm, settings.user_words)
        self._tagger = None if settings.pos is None else shared(PartOfSpeechTagger, settings.user_words)
        self._exact = ExactWords(settings.exact_words)
        self._stop_words = _lowered(settings.stop_words) if settings.lowercase else settings.stop_words
        self._stem = None if settings.stemmer is None else Stemmer(settings.stemmer)
        self._written = _Remembered(self._write)
        self._weights = _Remembered(self._weigh)

    def words(self, texts: Sequence[str]) -> list[list[str]]:
        """Return the words of each text."""
        if self.settings.exact_words:
            return self._words_beside_exact(texts)
        return [words.split() for words in self.join(texts)]

    def join(self, texts: Sequence[str], separator: str = " ") -> list[str]:
        """Return the words of each text with a separator between them."""
        if self.settings.exact_words:
            return [separator.join(words) for words in self._words_beside_exact(texts)]
        settings, cut, written = self.settings, self._cut(texts), self._written
        if settings.lowercase or self._stop_words or settings.drop_punctuation or self._stem:
            cut = [" ".join(filter(None, map(written.__getitem__, words.split()))) for words in cut]
        return cut if separator == " " else [words.replace(" ", separator) for words in cut]

    def spans(self, text: str) -> list[tuple[int, int, float]]:
        """Return the place of each word of the text, whatever the mode, and its weight."""
        spans = []
        stop = 0
        for i, part in enumerate(self._exact.split(text)):
            for word, is_kept in self._exact_word(part) if i % 2 else self._accurate(part):
                start = text.index(word, stop)
                stop = start + len(word)
                spans.append((start, stop, self._weights[word] if is_kept else 0.0))
        return spans

    def _words_beside_exact(self, texts: Sequence[str]) -> list[list[str]]:
        parts_of_texts = [self._exact.split(text) for text in texts]
        cut = iter(self._cut([part for parts in parts_of_texts for part in parts[::2]]))
        written = self._written
        return [
            [
                out
                for i, part in enumerate(parts)
                for word in (self._split_exact(part) if i % 2 else next(cut).split())
                if (out := written[word])
            ]
            for parts in parts_of_texts
        ]

    def _split_exact(self, word: str) -> list[str]:
        """Return a word that was found exactly, before it the shorter ones inside where the mode asks for them."""
        if not all(is_kept for _, is_kept in self._exact_word(word)):
            return []
        return [word] if self.settings.mode == "accurate" else [*self._cutter.words_inside(word), word]

    def _exact_word(self, word: str) -> list[tuple[str, bool]]:
        return [(word, self._is_kept(self._exact.tags.get(word, _NO_TAG)))]

    def _is_kept(self, tag: str) -> bool:
        return self.settings.pos is None or _has_tag(tag, self.settings.pos)

    def _cut(self, texts: Sequence[str]) -> list[str]:
        """Return the words of each text with a space between them: no word has white space inside."""
        tagger = self._tagger
        return self._cutter.cut(texts) if tagger is None else [self._cut_tagged(tagger, text) for text in texts]

    def _accurate(self, text: str) -> Iterator[tuple[str, bool]]:
        settings = self.settings
        if self._tagger is not None:
            for word, tag in self._tagged(self._tagger, text):
                yield word, self._is_kept(tag)
        else:
            cutter = self._cutter
            if settings.mode != "accurate":
                cutter = shared(Cutter, "accurate", settings.hmm, settings.user_words)
            for word in cutter.cut([text])[0].split():
                yield word, True

    def _tagged(self, tagger: PartOfSpeechTagger, text: str) -> Iterator[tuple[str, str]]:
        tags = self._exact.tags
        for word, tag in tagger.cut(text, hmm=self.settings.hmm):
            if not word.isspace():
                yield word, tags.get(word, tag)

    def _cut_tagged(self, tagger: PartOfSpeechTagger, text: str) -> str:
        words: Iterable[str] = (word for word, tag in self._tagged(tagger, text) if self._is_kept(tag))
        return " ".join(map(self._cutter.split_for_search, words) if self.settings.mode == "search" else words)

    def _write(self, word: str) -> str | None:
        """Return the output for a word: nothing if it is a stop word."""
        if self.settings.lowercase:
            word = word.lower()
        if self._is_dropped(word):
            return None
        return self._stem(word) if self._stem is not None and _LATIN_WORD.fullmatch(word) else word

    def _weigh(self, word: str) -> float:
        if self._is_dropped(word.lower() if self.settings.lowercase else word):
            return 0.0
        dictionary = load_dictionary(self.settings.user_words)
        if word in self._exact.frequencies:
            frequency = self._exact.frequencies[word]
        elif word not in self._exact and all(unicodedata.category(char)[0] in _BETWEEN_WORDS for char in word):
            frequency = shared(_commonest_frequency, self.settings.user_words)
        else:
            frequency = max(dictionary.frequency(word), 1)
        return _SMOOTHING / (_SMOOTHING + frequency / dictionary.tokenizer.total)

    def _is_dropped(self, word: str) -> bool:
        if word in self._stop_words:
            return True
        return self.settings.drop_punctuation and word not in self._exact and is_punctuation(word)


def analysis_of(settings: Settings) -> Analysis:
    """Return the analysis for `settings`, built once per process.

    Parameters
    ----------
    settings : Settings
        What is kept and how it is written.

    Returns
    -------
    Analysis
        Shared by all who ask for equal settings.
    """
    return shared(Analysis, settings)


def _commonest_frequency(user_words: UserWords) -> int:
    return max(load_dictionary(user_words).tokenizer.FREQ.values())


def _has_tag(tag: str, kept: Sequence[str]) -> bool:
    return tag in kept or any(prefix.endswith("*") and tag.startswith(prefix[:-1]) for prefix in kept)


def _lowered(words: frozenset[str]) -> frozenset[str]:
    return words | {word.lower() for word in words}


class _Remembered(dict):
    """Values of a function of a word, forgotten all at once when there are too many."""

    def __init__(self, function: Callable[[str], Any]):
        super().__init__()
        self.function = function

    def __missing__(self, word: str) -> Any:
        value = self.function(word)
        if len(self) >= _MAX_REMEMBERED:
            self.clear()
        if len(word) <= _LONGEST_REMEMBERED:
            self[word] = value
        return value
