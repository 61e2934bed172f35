"""Features that no teacher is needed for: which other tokens a token stands beside.

Positive pointwise mutual information of the tokens of a window, factorised (Levy and Goldberg 2014, "Neural word
embedding as implicit matrix factorization"). Its mean over a text says what the text is about, and a classifier of few
labels reads it; cosines are left to the teachers' features, beside which these are small.
"""

from __future__ import annotations

import numpy as np

from ..train_zh_mini.word_vectors import count_pairs, factorise_pairs
from .blocks import rotation

WIDTH = 128
SCALE = 0.2  # root mean square of a text's vector, in units of that of the teachers' features
SIF = 1e-4
LONGEST = 200  # characters of a text that are read
_BATCH = 2048


def cooccurrence_features(tokenizer, texts, learnt, n_features=WIDTH, seed=0):
    """Return features of tokens beside those that were learnt from the teachers.

    Parameters
    ----------
    tokenizer : tokenizers.Tokenizer
        Cuts the texts; token 0 is the unknown one.
    texts : list of str
        Any texts, without labels.
    learnt : ndarray of shape (n_tokens, n_features)
        What the teachers' part is.
    n_features : int, default=128
        How many.
    seed : int, default=0
        Of the factorisation and the rotation.

    Returns
    -------
    ndarray of shape (n_tokens, n_features), dtype=float32
        Multiplied with the SIF weights of the tokens.
    """
    sentences = []
    for start in range(0, len(texts), _BATCH):
        batch = [text[:LONGEST] for text in texts[start : start + _BATCH]]
        sentences += [
            np.array(one.ids, np.int32) for one in tokenizer.encode_batch_fast(batch, add_special_tokens=False)
        ]
    counts = np.bincount(np.concatenate(sentences), minlength=len(learnt))
    counts[0] = 0
    known = (np.where(one > 0, one, -1) for one in sentences)
    vectors = factorise_pairs(count_pairs(known, len(learnt)), n_features, seed)
    weighted = vectors * (SIF / (SIF + counts / counts.sum()))[:, np.newaxis]
    weighted = weighted @ rotation(vectors.shape[1], np.random.default_rng(seed))
    scale = SCALE * _length_of_texts(learnt, sentences) / _length_of_texts(weighted, sentences)
    return (weighted * scale).astype(np.float32)


def _length_of_texts(vectors, sentences):
    """Root mean square of the lengths of the means of some texts."""
    means = np.array([vectors[one].mean(axis=0) for one in sentences[:5000] if len(one)])
    return np.sqrt((means**2).sum(axis=1).mean())
