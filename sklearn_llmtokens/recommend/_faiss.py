"""An approximate index beside the exact one: faiss looks at the cells of vectors that are nearest to a profile."""

import math

import numpy as np

from .._optional import require

_MIN_PER_CELL = 39  # fewer make faiss complain that its k-means has too little to learn from


class FaissIndex:
    """Shortlists by faiss's inverted file of dense vectors.

    Parameters
    ----------
    vectors : ndarray of shape (n_items, n_features), dtype=float32
        Vectors.
    n_probe : int
        Number of cells that are searched for each query.
    """

    def __init__(self, vectors: np.ndarray, n_probe: int):
        faiss = require("faiss", extra="faiss", purpose='index="faiss"')
        n_items, n_features = vectors.shape
        self.n_cells = max(1, min(int(4 * math.sqrt(n_items)), n_items // _MIN_PER_CELL))
        quantizer = faiss.IndexFlatIP(n_features)
        self._index = faiss.IndexIVFFlat(quantizer, n_features, self.n_cells, faiss.METRIC_INNER_PRODUCT)
        self._index.cp.seed = 0
        self._index.train(vectors)
        self._index.add(vectors)
        self.n_probe = n_probe
        self._n_items = n_items

    def set(self, idx: np.ndarray, vectors: np.ndarray) -> None:
        """Put vectors at `idx`; those that were there are replaced.

        This is done in place. If what comes after it fails, no search finds these vectors, because their items are not
        active, and they are replaced once the items come again.
        """
        known = idx[idx < self._n_items].astype(np.int64)
        if len(known):  # it looks through every cell
            self._index.remove_ids(known)
        self._n_items = max(self._n_items, int(idx[-1]) + 1)
        self._index.add_with_ids(np.ascontiguousarray(vectors, dtype=np.float32), idx.astype(np.int64))

    def shortlist(self, profiles: np.ndarray, n: int, active: np.ndarray) -> np.ndarray:
        """Give about `n` items of each query that have the highest inner products, -1 where fewer were found."""
        faiss = require("faiss", extra="faiss")
        bits = np.packbits(active, bitorder="little")
        selector = faiss.IDSelectorBitmap(len(bits), faiss.swig_ptr(bits))
        parameters = faiss.SearchParametersIVF(sel=selector, nprobe=min(self.n_probe, self.n_cells))
        return self._index.search(np.ascontiguousarray(profiles, dtype=np.float32), n, params=parameters)[1]

    def __getstate__(self) -> dict:
        faiss = require("faiss", extra="faiss")
        return vars(self) | {"_index": faiss.serialize_index(self._index)}

    def __setstate__(self, state: dict) -> None:
        faiss = require("faiss", extra="faiss")
        vars(self).update(state)
        self._index = faiss.deserialize_index(np.array(state["_index"]))
