"""From a text to the words that are kept: cut, choose by part of speech, lower, drop stop words, stem."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ._cutting import Cutter
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
_BETWEEN_WORDS = ("P", "Z", "C")  # general categories: punctuation, separators, control


@dataclass(frozen=True)
class Settings:
    """Everything that decides which words a text gives, as plain values: this travels to worker processes."""

    mode: str
    hmm: bool
    user_words: UserWords
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
        self._stop_words = _lowered(settings.stop_words) if settings.lowercase else settings.stop_words
        self._stem = None if settings.stemmer is None else Stemmer(settings.stemmer)
        self._written = _Remembered(self._write)
        self._weights = _Remembered(self._weigh)

    def words(self, texts: Sequence[str]) -> list[list[str]]:
        """Give the words of each text."""
        return [words.split() for words in self.join(texts)]

    def join(self, texts: Sequence[str]) -> list[str]:
        """Give the words of each text with a space between them: no word has white space inside."""
        cut = self._cutter.cut(texts) if self._tagger is None else [self._cut_tagged(text) for text in texts]
        settings = self.settings
        if not (settings.lowercase or self._stop_words or settings.drop_punctuation or self._stem):
            return cut
        written = self._written
        return [" ".join(filter(None, map(written.__getitem__, words.split()))) for words in cut]

    def spans(self, text: str) -> list[tuple[int, int, float]]:
        """Give the place of each word of the text, whatever the mode, and its weight."""
        spans = []
        stop = 0
        for word, is_kept in self._accurate(text):
            start = text.index(word, stop)
            stop = start + len(word)
            spans.append((start, stop, self._weights[word] if is_kept else 0.0))
        return spans

    def _accurate(self, text: str) -> Iterator[tuple[str, bool]]:
        settings = self.settings
        if self._tagger is not None:
            for word, tag in self._tagger.cut(text, hmm=settings.hmm):
                if not word.isspace():
                    yield word, _has_tag(tag, settings.pos)
        else:
            cutter = self._cutter
            if settings.mode != "accurate":
                cutter = shared(Cutter, "accurate", settings.hmm, settings.user_words)
            for word in cutter.cut([text])[0].split():
                yield word, True

    def _cut_tagged(self, text: str) -> str:
        settings = self.settings
        words = [
            word
            for word, tag in self._tagger.cut(text, hmm=settings.hmm)
            if _has_tag(tag, settings.pos) and not word.isspace()
        ]
        if settings.mode == "search":
            words = map(self._cutter.split_for_search, words)
        return " ".join(words)

    def _write(self, word: str) -> str | None:
        """Give what is put out for a word: nothing if it is a stop word."""
        if self.settings.lowercase:
            word = word.lower()
        if self._is_dropped(word):
            return None
        return self._stem(word) if self._stem is not None and _LATIN_WORD.fullmatch(word) else word

    def _weigh(self, word: str) -> float:
        if self._is_dropped(word.lower() if self.settings.lowercase else word):
            return 0.0
        dictionary = load_dictionary(self.settings.user_words)
        if all(unicodedata.category(char)[0] in _BETWEEN_WORDS for char in word):
            frequency = shared(_commonest_frequency, self.settings.user_words)
        else:
            frequency = max(dictionary.frequency(word), 1)
        return _SMOOTHING / (_SMOOTHING + frequency / dictionary.tokenizer.total)

    def _is_dropped(self, word: str) -> bool:
        return word in self._stop_words or (self.settings.drop_punctuation and is_punctuation(word))


def analysis_of(settings: Settings) -> Analysis:
    """Give the analysis for `settings`, built once per process.

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
