"""What zh-nano learns to predict: blocks of its teachers' vectors side by side, as zh-mini has them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..train_zh_mini.targets import fit_block
from ..train_zh_mini.teacher import read_vectors

WIDTHS = (256, 64)  # layer 12 of multilingual-e5-small, zh-mini
SCALES = (1.0, 0.3)


@dataclass(frozen=True)
class Blocks:
    """Vectors of known texts."""

    rows: dict[str, int]
    vectors: np.ndarray

    @classmethod
    def load(cls, texts, teacher_folder, zh_mini_folder, seed=0):
        """Return the texts whose vectors are on disk, and their blocks: reduced, rotated and scaled."""
        sources = read_vectors(teacher_folder), read_vectors(zh_mini_folder)
        n_texts = min(len(texts), *map(len, sources))
        rng = np.random.default_rng(seed)
        blocks = []
        for source, width, scale in zip(sources, WIDTHS, SCALES, strict=True):
            vectors = source[:n_texts].astype(np.float32)
            blocks.append(fit_block(vectors, width)(vectors) @ rotation(width, rng) * np.float32(scale))
        return texts[:n_texts], cls({text: row for row, text in enumerate(texts[:n_texts])}, np.hstack(blocks))

    def transform(self, texts):
        """(n_texts, sum of the widths) of float32; each text is one that was loaded."""
        return self.vectors[[self.rows[text] for text in texts]]


def rotation(width, rng):
    """Draw an orthogonal matrix: a scaler would blow up weak principal directions, and mixed ones it does not."""
    return np.linalg.qr(rng.normal(size=(width, width)))[0].astype(np.float32)
