"""Selection of the sentences of the training corpus."""

from __future__ import annotations

import lzma
import random
from pathlib import Path


def read_lines(path):
    """Return the distinct, non-empty lines of a text file (also .xz), in order."""
    opener = lzma.open if Path(path).suffix == ".xz" else open
    with opener(path, "rt", encoding="utf-8") as file:
        return list(dict.fromkeys(line for line in map(str.strip, file) if line))


def choose_texts(texts, lengths, *, rare_topics=(), seed=0):
    """Return the texts to train on, shuffled.

    Parameters
    ----------
    texts : list of str
    lengths : sequence of int
        Their lengths in pieces. Short texts teach little and are thinned: 5% of those below 5 pieces stay, 25% below 8,
        50% below 12.
    rare_topics : sequence of str
        Words of a topic that fills too much of the text; 8% of the texts with one of them stay.
    """
    rng = random.Random(seed)
    chosen = []
    for text, length in zip(texts, lengths, strict=True):
        keep = 0.05 if length < 5 else 0.25 if length < 8 else 0.5 if length < 12 else 1.0
        if any(topic in text for topic in rare_topics):
            keep *= 0.08
        if rng.random() < keep:
            chosen.append(text)
    rng.shuffle(chosen)
    return chosen


def shuffle(texts, seed=0):
    """Return the texts in a random order."""
    return random.Random(seed).sample(texts, len(texts))
