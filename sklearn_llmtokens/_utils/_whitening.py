"""Partial whitening: principal directions are divided by their standard deviation to a power between 0 and 1."""

from dataclasses import dataclass

import numpy as np
from sklearn.covariance import ledoit_wolf_shrinkage

from ._unit_rows import row_norms

_BLOCK_ROWS = 8192
_SHRINKAGE_ROWS = 20_000
_ROUNDING = 8 * float(np.finfo(np.float32).eps)


def whitening_divisors(std: np.ndarray, exponent: float, floor: float) -> np.ndarray:
    """Return ``max(std, floor) ** exponent``: `floor` keeps directions of rounding error from being blown up.

    Examples
    --------
    >>> whitening_divisors(np.array([4.0, 1e-9]), 0.5, 0.25)
    array([2. , 0.5])
    """
    return np.maximum(std, floor) ** exponent


@dataclass(frozen=True)
class Whitening:
    """A centre and a projection.

    Attributes
    ----------
    mean : ndarray of shape (n_features,), dtype=float32
        What is subtracted.
    projection : ndarray of shape (n_features, n_features), dtype=float32
        What the difference is multiplied with.
    """

    mean: np.ndarray
    projection: np.ndarray

    def apply(self, vectors: np.ndarray) -> np.ndarray:
        """Return the whitened vectors; zeros for a vector that differs from the mean by rounding alone."""
        centred = vectors - self.mean
        is_mean = row_norms(centred) <= _ROUNDING * row_norms(self.mean[np.newaxis])
        centred[is_mean] = 0
        return centred @ self.projection


@dataclass(frozen=True)
class PrincipalDirections:
    """Mean, principal directions and standard deviations of vectors, by a shrunken covariance.

    Attributes
    ----------
    mean : ndarray of shape (n_features,), dtype=float64
        The mean.
    directions : ndarray of shape (n_features, n_features), dtype=float64
        One direction in each column.
    std : ndarray of shape (n_features,), dtype=float64
        Standard deviations along them; zeros where all vectors are equal.
    """

    mean: np.ndarray
    directions: np.ndarray
    std: np.ndarray

    @classmethod
    def of(cls, vectors: np.ndarray) -> "PrincipalDirections":
        """Compute the directions of vectors of shape (n_rows, n_features).

        The covariance is shrunk towards a multiple of the identity, as much as Ledoit and Wolf (2004) advise for the
        number of rows. A few rows have no variance at all along most directions, and what new rows have there would
        otherwise outweigh everything else.
        """
        mean = vectors.mean(axis=0, dtype=np.float64)
        covariance = np.zeros((vectors.shape[1], vectors.shape[1]))
        for start in range(0, len(vectors), _BLOCK_ROWS):
            centred = vectors[start : start + _BLOCK_ROWS] - mean
            covariance += centred.T @ centred
        variance, directions = np.linalg.eigh(covariance / max(len(vectors), 1))
        variance = np.maximum(variance, 0.0)
        if variance.any():
            shrinkage = _shrinkage(vectors)
            variance = (1 - shrinkage) * variance + shrinkage * variance.mean()
        return cls(mean, directions, np.sqrt(variance))

    def whitening(self, exponent: float) -> Whitening:
        """Return what divides the directions by their standard deviation to the power `exponent`."""
        mean = self.mean.astype(np.float32)
        if not self.std.any():
            return Whitening(mean, np.eye(len(mean), dtype=np.float32))
        divisors = whitening_divisors(self.std, exponent, np.finfo(np.float32).eps * self.std.max())
        return Whitening(mean, np.ascontiguousarray(self.directions / divisors, dtype=np.float32))


def _shrinkage(vectors: np.ndarray) -> float:
    """Return the share of the identity in the covariance, from evenly spaced rows where there are many."""
    if len(vectors) < 2:
        return 1.0
    step = -(-len(vectors) // _SHRINKAGE_ROWS)
    shrinkage = float(ledoit_wolf_shrinkage(vectors[::step].astype(np.float64)))
    return min(max(shrinkage, 0.0), 1.0)  # rounding makes it a little negative where few rows are distinct
