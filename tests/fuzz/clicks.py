"""Random catalogues, clicks and queries, and what recommenders are by definition, in naive loops."""

import numpy as np
from hypothesis import strategies as st
from sklearn.preprocessing import FunctionTransformer

from sklearn_llmtokens.recommend import Catalog, ContentRecommender

N_ITEMS = 8
PROFILES = ["harmonic", "last", "mean", 0.5]

items = st.integers(0, N_ITEMS - 1)
sequences = st.lists(st.lists(items, min_size=1, max_size=6), min_size=1, max_size=10)
queries = st.lists(st.lists(items, min_size=1, max_size=5), min_size=1, max_size=4)
weights = st.one_of(
    st.floats(-5, 5, allow_nan=False), st.floats(1e-12, 1e12), st.sampled_from([0.0, 1e-57, 1e20, 1e30])
)
weighted_queries = st.lists(
    st.lists(st.tuples(items, weights), min_size=1, max_size=4),
    min_size=1,
    max_size=3,
)
vectors = st.lists(st.lists(st.integers(-3, 3), min_size=3, max_size=3), min_size=N_ITEMS, max_size=N_ITEMS).map(
    lambda rows: np.array(rows, dtype=float)
)


def as_events(history):
    """Pairs (item, weight) of a history."""
    return [event if isinstance(event, tuple) else (event, 1.0) for event in history]


def profile_of(history, profile):
    """Pairs (item, weight) with what the place of each event gives it."""
    events = as_events(history)
    found = []
    for age, (item, weight) in enumerate(reversed(events)):
        place = {"harmonic": 1 / (1 + age), "last": float(age == 0), "mean": 1.0}.get(profile)
        found.append((item, weight * (profile**age if place is None else place)))
    return found[::-1]


def scores_of(queries, matrix, profile):
    """Sum the rows of a matrix of items by items over the events of each query."""
    found = np.zeros((len(queries), matrix.shape[1]))
    for i, history in enumerate(queries):
        for item, weight in profile_of(history, profile):
            found[i] += weight * matrix[item]
    return found


def presence(sequences):
    table = np.zeros((len(sequences), N_ITEMS))
    for i, sequence in enumerate(sequences):
        table[i, sequence] = 1
    return table


def cosines(sequences, shrink, n_neighbors):
    table = presence(sequences)
    gram = table.T @ table
    found = np.zeros((N_ITEMS, N_ITEMS))
    for i in range(N_ITEMS):
        for j in range(N_ITEMS):
            if i != j and gram[i, j]:
                found[i, j] = gram[i, j] / (np.sqrt(gram[i, i]) * np.sqrt(gram[j, j]) + shrink)
        order = sorted(range(N_ITEMS), key=lambda j: (-np.float32(found[i, j]), j))
        found[i, order[n_neighbors:]] = 0
    return found


def followed(sequences, window):
    found = np.zeros((N_ITEMS, N_ITEMS))
    for sequence in sequences:
        for at, item in enumerate(sequence):
            for distance, later in enumerate(sequence[at + 1 : at + 1 + window], start=1):
                if later != item:
                    found[item, later] += 1 / distance
    return found


def balanced(counts):
    rows, columns = np.sqrt(counts.sum(axis=1)), np.sqrt(counts.sum(axis=0))
    scale = np.outer(rows, columns)
    return np.divide(counts, scale, out=np.zeros_like(counts), where=scale > 0)


def units(vectors):
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)


def catalog_of(vectors):
    return Catalog(range(len(vectors)), features=vectors)


def content_of(vectors, **params):
    return ContentRecommender(catalog_of(vectors), embedder=FunctionTransformer(), whiten=0, **params)
