"""A file of rows to embed, an embedder that remembers them, and readers of the parts."""

import os

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.checkpoints import TEXTS
from tests.embedding.test_embed_batches import Doubler

N_ROWS = 100
MANY = [f"{TEXTS[i % 8]} {i % 60}" for i in range(N_ROWS)]


class Recorder(Doubler):
    """Remembers what it was given, and may be killed."""

    def __init__(self):
        super().__init__()
        self.batches = []
        self.stop_at = None

    def __reduce__(self):  # for joblib.hash: what it remembers is no part of it
        return (Recorder, ())

    def transform(self, X):
        if self.stop_at is not None and len(self.batches) == self.stop_at:
            raise KeyboardInterrupt
        self.batches.append(list(X))
        return super().transform(X)

    @property
    def texts(self):
        return [text for batch in self.batches for text in batch]


def table(n=N_ROWS, start=0):
    texts = [f"{'x' * (i % 7)}{i}" for i in range(start, start + n)]
    return pa.table({"id": range(start, start + n), "text": texts, "more": [[i, i] for i in range(n)]})


def read(parts):
    return pa.concat_tables([pq.read_table(part, partitioning=None) for part in parts])


def vectors(parts, name="text_vector"):
    return np.array(read(parts)[name].to_pylist(), dtype=np.float32)


def names(folder):
    return sorted(os.path.relpath(path, folder) for path in folder.rglob("*") if path.is_file())
