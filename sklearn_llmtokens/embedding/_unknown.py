"""What a vocabulary does not know: its token for that, and how much of a text it stands for."""

import unicodedata
from collections.abc import Sequence

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
