"""The second teacher: co-occurrence vectors of jieba words (PPMI, then SVD), averaged with SIF weights.

Sources: Levy and Goldberg, "Neural word embedding as implicit matrix factorization" (2014), with their context
smoothing of 0.75; Arora, Liang and Ma, "A simple but tough-to-beat baseline for sentence embeddings" (2017) for the
weight a / (a + frequency).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import rjieba
import scipy.sparse as sp
from sklearn.utils.extmath import randomized_svd

WINDOW = 8
SMOOTHING = 0.75
SIF = 1e-3


@dataclass(frozen=True)
class WordVectors:
    """Words and their vectors, already multiplied by the SIF weight of the word."""

    index: dict[str, int]
    weighted: np.ndarray

    def encode(self, texts):
        """Return the mean weighted vector of each text's known words, (n_texts, n_dimensions) float32; zero if none."""
        vectors = np.zeros((len(texts), self.weighted.shape[1]), np.float32)
        for row, text in enumerate(texts):
            known = [self.index[word] for word in words_of(text) if word in self.index]
            if known:
                vectors[row] = self.weighted[known].mean(0)
        return vectors

    def save(self, path):
        """Write words and vectors into one .npz file."""
        np.savez(path, words=np.array(list(self.index)), weighted=self.weighted)

    @classmethod
    def load(cls, path):
        """Read what `save` wrote."""
        with np.load(path) as file:
            return cls({word: i for i, word in enumerate(file["words"].tolist())}, file["weighted"])


def words_of(text):
    """Return the jieba words of the lower-cased text, without spaces."""
    return [word for word in rjieba.cut(text.lower()) if not word.isspace()]


def fit_word_vectors(texts, *, n_dimensions=256, n_words=80_000, min_count=5, seed=0):
    """Factorise the positive pointwise mutual information of words that stand within `WINDOW` words of each other."""
    sentences = [words_of(text) for text in texts]
    counts = Counter(word for sentence in sentences for word in sentence)
    words = [word for word, count in counts.most_common(n_words) if count >= min_count]
    index = {word: i for i, word in enumerate(words)}
    rows = (np.array([index.get(word, -1) for word in sentence], np.int32) for sentence in sentences)
    vectors = factorise_pairs(count_pairs(rows, len(index)), n_dimensions, seed)
    frequency = np.array([counts[word] for word in words]) / counts.total()
    return WordVectors(index, (vectors * (SIF / (SIF + frequency))[:, None]).astype(np.float32))


def factorise_pairs(pairs, n_dimensions, seed=0):
    """Return the left singular vectors of the PPMI of counted pairs, rows of unit length on average."""
    n_dimensions = min(n_dimensions, pairs.shape[0] - 1)
    left, _, _ = randomized_svd(_ppmi(pairs), n_dimensions, n_iter=3, random_state=seed)
    return left / np.sqrt((left**2).sum(1).mean())


def count_pairs(rows, n_words):
    """Count pairs of words within WINDOW places of each other, sentence by sentence: (n_words, n_words).

    Each row is an int32 array of a sentence's words; negative ones are not counted.
    """
    gap = np.full(WINDOW, -1, np.int32)
    stream = np.concatenate([part for row in rows for part in (row, gap)])
    pairs = sp.csr_matrix((n_words, n_words), dtype=np.float32)
    for distance in range(1, WINDOW + 1):
        left, right = stream[:-distance], stream[distance:]
        both = (left >= 0) & (right >= 0)
        ones = np.ones(both.sum(), np.float32)
        pairs = pairs + sp.coo_matrix((ones, (left[both], right[both])), shape=pairs.shape).tocsr()
    return (pairs + pairs.T).tocoo()


def _ppmi(pairs):
    """Compute positive PMI with smoothed context counts."""
    totals = np.bincount(pairs.row, pairs.data, pairs.shape[0])
    contexts = totals**SMOOTHING / (totals**SMOOTHING).sum()
    pmi = np.log(pairs.data / (totals[pairs.row] * contexts[pairs.col]))
    positive = pmi > 0
    return sp.csr_matrix((pmi[positive], (pairs.row[positive], pairs.col[positive])), shape=pairs.shape)
