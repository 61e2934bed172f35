"""What an encoder returns: vectors of texts and of tokens."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..exceptions import NonFiniteVectorError
from ._unread import Unread


@dataclass(frozen=True)
class Encoded:
    """Vectors of some texts, and what they took.

    Attributes
    ----------
    vectors : tuple of ndarray of shape (n_texts, n_features), dtype=float32
        One array for each readout.
    unread : Unread
        Texts that were not read whole.
    n_tokens : int
        Number of tokens that went through the model.
    """

    vectors: tuple[np.ndarray, ...]
    unread: Unread
    n_tokens: int


@dataclass(frozen=True)
class TextTokens:
    """Tokens of one text and their vectors.

    Attributes
    ----------
    tokens : list of str of length n_tokens
        The pieces of the tokenizer.
    offsets : ndarray of shape (n_tokens, 2), dtype=int64
        First character and the one after the last, in the text.
    vectors : ndarray of shape (n_tokens, n_features), dtype=float32
        Hidden states.
    """

    tokens: list[str]
    offsets: np.ndarray
    vectors: np.ndarray


def check_finite(vectors: Sequence[np.ndarray]) -> None:
    """Refuse vectors with NaN or infinity.

    Parameters
    ----------
    vectors : sequence of ndarray of shape (n_texts, n_features)
        Rows of the same texts.

    Raises
    ------
    NonFiniteVectorError
        If there are any; its ``index`` is that of the text.
    """
    for rows in vectors:
        bad = np.flatnonzero(~np.isfinite(rows).all(axis=1))
        if len(bad):
            error = NonFiniteVectorError(
                "gave NaN or infinity: the precision overflowed, or the weights are damaged. Use dtype='float32'."
            )
            error.index = int(bad[0])  # type: ignore[attr-defined]
            raise error
