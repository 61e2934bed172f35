"""A catalogue, walks through it and three parts of a hybrid recommender, for the tests of hybrids."""

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from sklearn_llmtokens.recommend import (
    Catalog,
    ContentRecommender,
    EASERecommender,
    TransitionRecommender,
)

KINDS = ["tea", "pot", "cup", "book", "lamp", "sofa"]
N_ITEMS = 60


def make_catalog():
    texts = [f"{KINDS[i % 6]} {KINDS[(i // 6) % 6]} number{i}" for i in range(N_ITEMS)]
    return Catalog([f"i{i}" for i in range(N_ITEMS)], texts)


def make_histories(n, *, followed_by_next=True, seed=0):
    """Return walks through items: each event is the item after the one before, or one of the same kind."""
    rng = np.random.default_rng(seed)
    histories = []
    for _ in range(n):
        items = [int(rng.integers(N_ITEMS))]
        for _ in range(int(rng.integers(2, 7))):
            step = 1 if followed_by_next else 6 * int(rng.integers(1, 9))
            items.append((items[-1] + step) % N_ITEMS)
        histories.append([f"i{i}" for i in items])
    return histories


def make_parts(catalog):
    return [
        ("content", ContentRecommender(catalog, embedder=TfidfVectorizer())),
        ("ease", EASERecommender(catalog, l2=5.0)),
        ("next", TransitionRecommender(catalog)),
    ]
