"""What the tokens of one text contribute to the vector of a static checkpoint: their own vectors, scaled."""

from dataclasses import dataclass, replace

import numpy as np

from .._spec import ForwardSpec, Readout
from .._unread import Unread
from ._encoder import StaticEncoder


@dataclass(frozen=True)
class StaticTrace:
    """A text and the parts of its vector.

    Attributes
    ----------
    vector : ndarray of shape (n_features,), dtype=float32
        The vector of the text.
    offsets : ndarray of shape (n_tokens, 2), dtype=int64
        First character of each token, and the one after its last.
    unread : Unread
        Whether the text was cut, or is mostly unknown.
    parts : ndarray of shape (n_tokens, n_features), dtype=float64
        What each token adds to the vector.
    """

    vector: np.ndarray
    offsets: np.ndarray
    unread: Unread
    parts: np.ndarray

    def contributions(self, coef: np.ndarray) -> np.ndarray:
        """Compute what each token contributes to linear functions of the vector.

        Parameters
        ----------
        coef : ndarray of shape (n_outputs, n_features)
            The functions.

        Returns
        -------
        ndarray of shape (n_tokens, n_outputs), dtype=float64
            What is left of ``coef @ vector`` belongs to the prompt.
        """
        return self.parts @ np.asarray(coef, dtype=np.float64).T


def trace_static(spec: ForwardSpec, readout: Readout, text: str) -> StaticTrace:
    """Look up the tokens of one text.

    Parameters
    ----------
    spec : ForwardSpec
        Names the checkpoint, the prompt and the limits.
    readout : Readout
        How many features are kept, and whether the vector has unit length.
    text : str
        The text.

    Returns
    -------
    StaticTrace
        Its vector and what that is made of.

    Raises
    ------
    TextTooLongError
        If the text is too long and the spec says that this is an error.
    """
    encoder = StaticEncoder.load(spec)
    mean_alone = replace(readout, head=False, normalize=False)
    encoded = encoder.encode([text], [readout, mean_alone])
    vector, mean = (rows[0] for rows in encoded.vectors)
    (tokens,), _ = encoder.encode_tokens([text], readout.layers)
    wide = mean.astype(np.float64)
    scale = float(wide @ vector) / max(float(wide @ wide), np.finfo(np.float64).tiny)  # to unit length, where asked for
    parts = tokens.vectors[:, : len(mean)].astype(np.float64) * (scale / max(encoded.n_tokens, 1))
    return StaticTrace(vector, tokens.offsets, encoded.unread, parts)
