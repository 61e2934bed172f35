"""The vocabulary of a distilled checkpoint: words, characters and pieces of Latin words, in a Unigram tokenizer.

A Unigram model with the frequencies of the words cuts Chinese nearly as jieba does, for jieba looks for the most likely
cut as well. The tokenizer is a plain ``tokenizer.json``: it runs in Rust, and other libraries read it.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Any

import numpy as np
from scipy import sparse
from tokenizers import Tokenizer

UNKNOWN = "[UNK]"
_LONGEST = 8  # characters of a word
_RARE = 0.3  # occurrences of a character that is in no word of its own: any word goes before it
_PIECES = 1500  # of Latin words that are left out
_PIECE_LENGTHS = (2, 3, 4, 5)
_BATCH = 2048


def count_words(texts: Iterable[str], words: Callable[[str], Sequence[str]]) -> tuple[Counter, Counter]:
    """Count words and characters in lower case.

    Parameters
    ----------
    texts : iterable of str
        The texts.
    words : callable
        Cuts a text into words.

    Returns
    -------
    word_counts, character_counts : Counter
        Without blanks.
    """
    word_counts: Counter = Counter()
    character_counts: Counter = Counter()
    for text in texts:
        word_counts.update(words(text.lower()))
        character_counts.update(text.lower())
    for counts in (word_counts, character_counts):
        for blank in [key for key in counts if not key.strip()]:
            del counts[blank]
    return word_counts, character_counts


def choose_vocabulary(word_counts: Counter, character_counts: Counter, n_tokens: int) -> list[tuple[str, float]]:
    """Choose tokens and their scores: the unknown one, characters, pieces of rare Latin words, frequent words.

    Parameters
    ----------
    word_counts, character_counts : Counter
        From `count_words`.
    n_tokens : int
        Most tokens.

    Returns
    -------
    list of (str, float)
        Tokens with logarithms of their frequencies.
    """
    ascii_characters = {chr(code).lower() for code in range(33, 127)}
    by_count = [word for word, _ in character_counts.most_common() if word not in ascii_characters]
    counts = dict.fromkeys([*sorted(ascii_characters), *by_count][: n_tokens // 2], _RARE)
    pieces = min(_PIECES, n_tokens // 20)
    for word, count in word_counts.most_common():
        if len(counts) >= n_tokens - 1 - pieces:
            break
        if len(word) <= _LONGEST:
            counts[word] = max(count, counts.get(word, 0))
    for piece, count in _latin_pieces(word_counts, counts).most_common(pieces):
        counts.setdefault(piece, _RARE * min(1.0, count / 100))
    total = max(1, word_counts.total())
    return [(UNKNOWN, 0.0), *((token, math.log(count / total)) for token, count in counts.items())]


def _latin_pieces(word_counts: Counter, known: dict[str, float]) -> Counter:
    """Count runs of letters in the Latin words that are no tokens."""
    pieces: Counter = Counter()
    for word, count in word_counts.items():
        if word.isascii() and word.isalpha() and word not in known:
            for length in _PIECE_LENGTHS:
                for start in range(len(word) - length + 1):
                    pieces[word[start : start + length]] += count
    return pieces


def tokenizer_file(vocabulary: Sequence[tuple[str, float]], normalizer: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the contents of ``tokenizer.json``.

    Parameters
    ----------
    vocabulary : sequence of (str, float)
        Tokens and scores, the unknown one first.
    normalizer : dict, default=None
        A normaliser of tokenizers; None is NFKC and lower case.

    Returns
    -------
    dict
        What the file holds.
    """
    usual = {"type": "Sequence", "normalizers": [{"type": "NFKC"}, {"type": "Lowercase"}]}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": normalizer or usual,
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": None,
        "decoder": None,
        "model": {"type": "Unigram", "unk_id": 0, "vocab": [list(row) for row in vocabulary], "byte_fallback": False},
    }


def count_tokens(tokenizer: Tokenizer, texts: Sequence[str]) -> sparse.csr_array:
    """Count the tokens of each text; unknown ones, which are number 0, do not count.

    Parameters
    ----------
    tokenizer : Tokenizer
        The tokenizer.
    texts : sequence of str of length n_texts
        The texts.

    Returns
    -------
    csr_array of shape (n_texts, n_tokens), dtype=float32
        The counts.
    """
    rows = []
    for start in range(0, len(texts), _BATCH):
        encodings = tokenizer.encode_batch_fast(list(texts[start : start + _BATCH]), add_special_tokens=False)
        token_ids = [encoding.ids for encoding in encodings]
        lengths = np.fromiter(map(len, token_ids), np.int64, len(token_ids))
        flat = np.fromiter(chain.from_iterable(token_ids), np.int32, int(lengths.sum()))
        ends = np.concatenate([[0], np.cumsum(lengths)])
        part = sparse.csr_array(
            ((flat > 0).astype(np.float32), flat, ends), shape=(len(token_ids), tokenizer.get_vocab_size())
        )
        part.sum_duplicates()
        rows.append(part)
    return sparse.csr_array(sparse.vstack(rows, format="csr"))


def characters_of_tokens(vocabulary: Sequence[tuple[str, float]]) -> sparse.csr_array:
    """Return the characters of each token that is not ASCII, in rows of unit length.

    Parameters
    ----------
    vocabulary : sequence of (str, float)
        Tokens and scores, the unknown one first.

    Returns
    -------
    csr_array of shape (n_tokens, n_characters), dtype=float32
        What words share: a rare word is read through its characters.
    """
    known: dict[str, int] = {}
    rows, columns, values = [], [], []
    for row, (token, _) in enumerate(vocabulary[1:], start=1):
        if not token.isascii():
            for character in token:
                rows.append(row)
                columns.append(known.setdefault(character, len(known)))
                values.append(len(token) ** -0.5)
    shape = (len(vocabulary), max(1, len(known)))
    return sparse.csr_array((np.array(values, np.float32), (rows, columns)), shape=shape)
