"""What the student learns to predict: blocks, each from another teacher, in the directions where it varies most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Block:
    """A teacher's vectors -> minus `mean`, unit length, minus `centre`, onto `directions`."""

    mean: np.ndarray
    centre: np.ndarray
    directions: np.ndarray

    def __call__(self, vectors):
        """(n_texts, teacher width) -> (n_texts, block width)."""
        return (unit_rows(vectors - self.mean) - self.centre) @ self.directions


def fit_block(vectors, width):
    """Fit the mean, the centre and the `width` leading principal directions of a teacher's vectors.

    Raw cosines of the first teacher all lie near 0.8 because its vectors share a large mean; without it they spread.
    """
    mean = vectors.mean(0, dtype=np.float64).astype(np.float32)
    rows = unit_rows(vectors - mean)
    centre = rows.mean(0)
    eigenvalues, directions = np.linalg.eigh(np.cov(rows - centre, rowvar=False))
    leading = np.argsort(-eigenvalues)[: min(width, len(eigenvalues))]
    return Block(mean, centre, directions[:, leading].astype(np.float32))


def unit_rows(vectors):
    """Divide each row by its length; a row of zeros stays one."""
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True).clip(min=1e-9)
