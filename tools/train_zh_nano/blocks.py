"""What zh-nano learns to predict: blocks of its teachers' vectors side by side, as zh-mini has them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..train_zh_mini.targets import fit_block
from ..train_zh_mini.teacher import read_vectors

# Layer 12 was trained for similarity and leads in cosines; layer 10 has more of sentiment. A classifier scales features
# and uses all alike.
WIDTHS = (176, 64, 144)  # layer 12, layer 10, zh-mini
SCALES = (1.0, 0.4, 0.7)


@dataclass(frozen=True)
class Blocks:
    """Vectors of known texts."""

    rows: dict[str, int]
    vectors: np.ndarray

    @classmethod
    def load(cls, texts, teacher_folder, zh_mini_folder, seed=0):
        """Return the texts whose vectors are on disk, and their blocks: reduced, rotated and scaled."""
        teacher, zh_mini = read_vectors(teacher_folder), read_vectors(zh_mini_folder)
        n_texts = min(len(teacher), len(zh_mini), len(texts))
        layer_10, layer_12 = np.split(teacher[:n_texts].astype(np.float32), 2, axis=1)
        sources = (layer_12, layer_10, zh_mini[:n_texts].astype(np.float32))
        rng = np.random.default_rng(seed)
        blocks = []
        for source, width, scale in zip(sources, WIDTHS, SCALES, strict=True):
            rotation = np.linalg.qr(rng.normal(size=(width, width)))[0].astype(np.float32)
            blocks.append(fit_block(source, width)(source) @ rotation * scale)
        return texts[:n_texts], cls({text: row for row, text in enumerate(texts[:n_texts])}, np.hstack(blocks))

    def transform(self, texts):
        """(n_texts, sum of the widths) of float32; each text is one that was loaded."""
        return self.vectors[[self.rows[text] for text in texts]]
