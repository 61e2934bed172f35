"""Where the terms of a vectorizer of scikit-learn stand in a text."""

import re
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from ._alignment import Alignment, align

Term = tuple[str, list[tuple[int, int]]]
"""A term and the places of its parts: one of a word, several of a run of words."""

_BLANKS = re.compile(r"\s\s+")


def find_terms(vectorizer, text: str) -> list[Term]:
    """Find every term that a vectorizer counts.

    Parameters
    ----------
    vectorizer : CountVectorizer or TfidfVectorizer
        Fitted.
    text : str
        A text.

    Returns
    -------
    list of (str, list of (int, int))
        Each occurrence of a term, with the places of its parts in characters of `text`. A term whose place is not
        known, such as a stem that is in no word, has no part.
    """
    if callable(vectorizer.analyzer):
        words = list(vectorizer.analyzer(text))
        return [(word, place) for word, place in zip(words, _find_words(words, text, vectorizer.analyzer), strict=True)]
    prepared = vectorizer.build_preprocessor()(text)
    alignment = align(text, prepared)
    if vectorizer.analyzer == "word":
        found = _word_terms(vectorizer, prepared)
    else:
        find_runs = _runs_within_words if vectorizer.analyzer == "char_wb" else _runs
        found = find_runs(prepared, *vectorizer.ngram_range)
    return [(term, _places(alignment, parts)) for term, parts in found]


def _places(alignment: Alignment, parts: list[tuple[int, int]]) -> list[tuple[int, int]]:
    return [(int(start), int(end)) for start, end in alignment.map(np.array(parts).reshape(-1, 2))[0]]


def _word_terms(vectorizer, text: str) -> Iterator[Term]:
    """Yield words and runs of words, as `CountVectorizer` does."""
    if vectorizer.tokenizer is None:
        pattern = re.compile(vectorizer.token_pattern)
        words = [(match[pattern.groups], [match.span(pattern.groups)]) for match in pattern.finditer(text)]
    else:
        tokens = list(vectorizer.tokenizer(text))
        words = list(zip(tokens, _find_words(tokens, text, vectorizer.tokenizer), strict=True))
    stop_words = vectorizer.get_stop_words() or ()
    words = [word for word in words if word[0] not in stop_words]
    shortest, longest = vectorizer.ngram_range
    for n in range(shortest, min(longest, len(words)) + 1):
        for i in range(len(words) - n + 1):
            run = words[i : i + n]
            yield " ".join(word for word, _ in run), [place for _, places in run for place in places]


def _runs(text: str, shortest: int, longest: int) -> Iterator[Term]:
    """Yield character n-grams, in which white space counts as one character."""
    text, alignment = _one_blank_each(text)
    for n in range(shortest, min(longest, len(text)) + 1):
        for i in range(len(text) - n + 1):
            yield text[i : i + n], _places(alignment, [(i, i + n)])


def _runs_within_words(text: str, shortest: int, longest: int) -> Iterator[Term]:
    """Yield character n-grams of each word, with a blank before and behind it that belongs to its edge."""
    for match in re.finditer(r"\S+", text):
        word, begin, end = f" {match[0]} ", match.start(), match.end()
        for n in range(shortest, longest + 1):
            for i in range(max(len(word) - n, 0) + 1):
                start = min(max(begin + i - 1, begin), end - 1)
                yield word[i : i + n], [(start, max(min(begin + i - 1 + n, end), start + 1))]
            if n >= len(word):  # a short word is counted once
                break


def _one_blank_each(text: str) -> tuple[str, Alignment]:
    changed = _BLANKS.sub(" ", text)
    return changed, align(text, changed)


def _find_words(words: Sequence[str], text: str, analyzer: Callable) -> list[list[tuple[int, int]]]:
    """Find words: by ``word_spans`` of the analyzer where it has as many, else one behind the other.

    A stem that the text does not have letter by letter has no place then.
    """
    word_spans = getattr(analyzer, "word_spans", None)
    if word_spans is not None:
        spans = [(start, end) for start, end, weight in word_spans(text) if weight > 0]
        if len(spans) == len(words):
            return [[span] for span in spans]
    overlaps = getattr(analyzer, "mode", "accurate") in ("full", "search")
    lowered = text.lower() if len(text.lower()) == len(text) else text
    found: list[list[tuple[int, int]]] = []
    last = (0, 0)
    for word in words:
        place = _next_place(word, text, last, overlaps) or _next_place(word, lowered, last, overlaps)
        found.append([] if place is None else [place])
        last = place or last
    return found


def _next_place(word: str, text: str, last: tuple[int, int], overlaps: bool) -> tuple[int, int] | None:
    """Return the next place of a word behind the last one, or, of words that overlap, one that holds or crosses it."""
    begin, behind = last
    at = text.find(word, max(0, min(begin, behind - len(word))) if overlaps else behind) if word else -1
    while overlaps and 0 <= at <= begin and not (at + len(word) >= behind and (at, at + len(word)) != last):
        at = text.find(word, at + 1)
    return None if at < 0 else (at, at + len(word))
