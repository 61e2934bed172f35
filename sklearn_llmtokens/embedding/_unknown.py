"""What a vocabulary does not know: its token for that, and how much of a text it stands for."""

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from tokenizers import Tokenizer

_UNASSIGNED = "\U000f0000"  # of a private use area: no vocabulary has it
_MOSTLY = 0.5


def unknown_token(backend: Tokenizer) -> int | None:
    """Return the token that stands for whatever the vocabulary lacks.

    Parameters
    ----------
    backend : tokenizers.Tokenizer
        WordPiece, WordLevel, Unigram or BPE.

    Returns
    -------
    int or None
        None where there is no such token, as in a vocabulary of bytes.
    """
    try:
        tokens = backend.model.tokenize(_UNASSIGNED)
    except Exception:  # what tokenizers raises without a token for it is an Exception and nothing narrower
        return None
    return tokens[0].id if len(tokens) == 1 else None


def is_mostly_unknown(text: str, token_ids: Sequence[int], offsets: np.ndarray, unknown: int | None) -> bool:
    """Check whether unknown tokens stand for at least half of what a text says.

    Letters, digits and symbols (emoji among them) count, or punctuation in a text without any. Characters count and not
    tokens: one unknown token may stand for a whole sentence of another script.

    Parameters
    ----------
    text : str
        The text.
    token_ids : sequence of int of length n_tokens
        Its tokens, as far as it is read.
    offsets : ndarray of int of shape (n_tokens, 2)
        First character of each and the one after its last.
    unknown : int or None
        The token that stands for what the vocabulary lacks.

    Returns
    -------
    bool
        True also for a text that says something and has no token at all.
    """
    first, last = (int(offsets[:, 0].min()), int(offsets[:, 1].max())) if len(offsets) else (0, len(text))
    is_unknown = np.full(last - first, len(offsets) == 0)
    for start, stop in offsets[np.asarray(token_ids) == unknown] if len(offsets) else ():
        is_unknown[start - first : stop - first] = True
    kinds = np.array([unicodedata.category(character)[0] for character in text[first:last]])
    for counted in ("LNS", "P"):
        of_interest = np.isin(kinds, list(counted))
        if of_interest.any():
            return bool(is_unknown[of_interest].mean() >= _MOSTLY)
    return False


@dataclass(frozen=True)
class UnknownCounts:
    """What a vocabulary lacks of some texts.

    Attributes
    ----------
    n_tokens, n_unknown_tokens : int
        Tokens of all texts, without special ones, and how many of them are the unknown token.
    n_characters, n_unknown_characters : int
        Letters, digits, marks, symbols and punctuation, and how many of them an unknown token stands for.
    n_mostly_unknown : int
        Texts of which at least half is unknown.
    characters : list of (str, int)
        The characters that the vocabulary lacks and how often they are there, the most frequent first.
    """

    n_tokens: int
    n_unknown_tokens: int
    n_characters: int
    n_unknown_characters: int
    n_mostly_unknown: int
    characters: list[tuple[str, int]]


def count_unknown(backend: Tokenizer, unknown: int | None, texts: Sequence[str]) -> UnknownCounts:
    """Count what a vocabulary lacks.

    Parameters
    ----------
    backend : tokenizers.Tokenizer
        Without truncation.
    unknown : int or None
        The token that stands for what the vocabulary lacks.
    texts : sequence of str
        The texts, without a prompt.

    Returns
    -------
    UnknownCounts
        The counts.
    """
    n_tokens = n_unknown_tokens = n_characters = n_mostly = 0
    missing: Counter[str] = Counter()
    for text, encoding in zip(texts, backend.encode_batch(list(texts), add_special_tokens=False), strict=True):
        offsets = np.array(encoding.offsets, dtype=np.int64).reshape(-1, 2)
        n_tokens += len(encoding.ids)
        n_characters += sum(map(_is_counted, text))
        n_mostly += is_mostly_unknown(text, encoding.ids, offsets, unknown)
        is_unknown = np.asarray(encoding.ids) == unknown
        n_unknown_tokens += int(is_unknown.sum())
        for start, stop in offsets[is_unknown]:
            missing.update(filter(_is_counted, text[start:stop]))
    return UnknownCounts(
        n_tokens, n_unknown_tokens, n_characters, missing.total(), n_mostly, _unknown_alone(backend, unknown, missing)
    )


def _is_counted(character: str) -> bool:
    return unicodedata.category(character)[0] in "LMNSP"


def _unknown_alone(backend: Tokenizer, unknown: int | None, missing: Counter[str]) -> list[tuple[str, int]]:
    """Leave out what is known by itself: a word may be unknown for one of its characters, or for none."""
    alone = [pair for pair in missing.most_common() if unknown in backend.encode(pair[0], add_special_tokens=False).ids]
    return alone or missing.most_common()
