"""Partial whitening of item vectors: directions that all items share count less."""

from dataclasses import dataclass

import numpy as np
from sklearn.covariance import ledoit_wolf_shrinkage

from .._utils._unit_rows import row_norms

_BLOCK_ITEMS = 8192
_SHRINKAGE_ITEMS = 20_000
_ROUNDING = 8 * float(np.finfo(np.float32).eps)


@dataclass(frozen=True)
class Whitening:
    """A centre and a projection.

    Attributes
    ----------
    mean : ndarray of shape (n_features,), dtype=float32
        What is subtracted.
    projection : ndarray of shape (n_features, n_features), dtype=float32
        What the rest is multiplied with.
    """

    mean: np.ndarray
    projection: np.ndarray

    @classmethod
    def of(cls, vectors: np.ndarray, exponent: float) -> "Whitening":
        """Divide principal directions of `vectors` by their standard deviation to the power `exponent`.

        The covariance is shrunk towards a multiple of the identity, as much as Ledoit and Wolf (2004) advise for the
        number of rows. A small catalogue has no variance at all along most directions, and what new items have there
        would otherwise outweigh everything else.
        """
        mean = vectors.mean(axis=0, dtype=np.float64)
        covariance = np.zeros((vectors.shape[1], vectors.shape[1]))
        for start in range(0, len(vectors), _BLOCK_ITEMS):
            centred = vectors[start : start + _BLOCK_ITEMS] - mean
            covariance += centred.T @ centred
        variance, directions = np.linalg.eigh(covariance / max(len(vectors), 1))
        variance = np.maximum(variance, 0.0)
        if not variance.any():
            return cls(mean.astype(np.float32), np.eye(len(mean), dtype=np.float32))
        shrinkage = _shrinkage(vectors)
        std = np.sqrt((1 - shrinkage) * variance + shrinkage * variance.mean())
        std = np.maximum(std, np.finfo(np.float32).eps * std.max())
        return cls(mean.astype(np.float32), np.ascontiguousarray(directions / std**exponent, dtype=np.float32))

    def apply(self, vectors: np.ndarray) -> np.ndarray:
        """Return the whitened vectors; zeros for a vector that differs from the mean by rounding alone."""
        centred = vectors - self.mean
        is_mean = row_norms(centred) <= _ROUNDING * row_norms(self.mean[np.newaxis])
        centred[is_mean] = 0
        return centred @ self.projection


def _shrinkage(vectors: np.ndarray) -> float:
    """Give the share of the identity in the covariance, from evenly spaced rows where there are many."""
    if len(vectors) < 2:
        return 1.0
    step = -(-len(vectors) // _SHRINKAGE_ITEMS)
    shrinkage = float(ledoit_wolf_shrinkage(vectors[::step].astype(np.float64)))
    return min(max(shrinkage, 0.0), 1.0)  # rounding makes it a little negative where few rows are distinct
