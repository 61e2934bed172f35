"""Normalise rows of any scale to unit length, and scale numbers into the range of float32."""

import numpy as np
from scipy import sparse

_USUAL_EXPONENT = 32  # of two: squares of such numbers, and sums of them, keep their precision in float32


def unit_rows(vectors):
    """Return rows divided by their Euclidean length; rows of zeros stay.

    Rows are divided by their largest number first, and lengths are computed in double precision. So neither squares nor
    a threshold of zero depend on the unit of the vectors.

    Parameters
    ----------
    vectors : ndarray or sparse array of shape (n_rows, n_features)
        Finite floating-point numbers.

    Returns
    -------
    ndarray or csr_array of shape (n_rows, n_features)
        Of the dtype that came in.

    Examples
    --------
    >>> unit_rows(np.array([[3e-200, 4e-200], [0.0, 0.0]]))
    array([[0.6, 0.8],
           [0. , 0. ]])
    """
    if sparse.issparse(vectors):
        out = sparse.csr_array(vectors, copy=True)
        row_idx = np.repeat(np.arange(out.shape[0]), np.diff(out.indptr))
        out.data /= _nonzero(_peaks(out))[row_idx]
        out.data /= _nonzero(row_norms(out)).astype(out.dtype)[row_idx]
        return out
    out = vectors / _nonzero(_peaks(vectors))[:, np.newaxis]
    out /= _nonzero(row_norms(out)).astype(out.dtype)[:, np.newaxis]
    return out


def row_norms(vectors) -> np.ndarray:
    """Return the Euclidean length of each row, dense or sparse, float64."""
    if sparse.issparse(vectors):
        squares = np.square(vectors.data, dtype=np.float64)
        row_idx = np.repeat(np.arange(vectors.shape[0]), np.diff(vectors.indptr))
        return np.sqrt(np.bincount(row_idx, squares, minlength=vectors.shape[0]))
    return np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64))


def unit_of_measure(largest: float) -> float:
    """Return a power of two to multiply numbers with, so that their squares are float32: 1 for usual numbers.

    Parameters
    ----------
    largest : float
        The largest magnitude.

    Returns
    -------
    float
        The factor. Multiplying with it is exact.

    Examples
    --------
    >>> unit_of_measure(3.5), unit_of_measure(2.0**-200)
    (1.0, 8.034690221294951e+59)
    """
    exponent = int(np.frexp(largest)[1])
    return 1.0 if abs(exponent) <= _USUAL_EXPONENT else float(np.ldexp(1.0, max(-exponent, -1000)))


def _peaks(vectors) -> np.ndarray:
    """Return the largest absolute value of each row, of the dtype of the vectors."""
    if sparse.issparse(vectors):
        peaks = np.zeros(vectors.shape[0], dtype=vectors.dtype)
        np.maximum.at(peaks, np.repeat(np.arange(len(peaks)), np.diff(vectors.indptr)), np.abs(vectors.data))
        return peaks
    if not vectors.shape[1]:
        return np.zeros(len(vectors), dtype=vectors.dtype)
    return np.maximum(vectors.max(axis=1), -vectors.min(axis=1))


def _nonzero(lengths: np.ndarray) -> np.ndarray:
    return np.where(lengths > 0, lengths, np.ones_like(lengths))
