"""A folder of vectors that `precompute` has filled: a search reads it, what is fitted or saved never writes to it."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from ._protocol import Cache, CacheInfo, Claim


@dataclass(frozen=True)
class PreparedFolder:
    """The value of ``cache`` in what `precompute` returns.

    Vectors are read from the folder where they are there. All others are looked up and kept as the embedder's own
    setting says. A pickle that is loaded where the folder is not has the own setting alone.

    Parameters
    ----------
    folder : str
        Absolute path of the folder.
    then : {"memory"}, path-like or None
        What ``cache`` was before.

    Examples
    --------
    >>> import pickle
    >>> pickle.loads(pickle.dumps(PreparedFolder("/not/there", "memory")))
    'memory'
    """

    folder: str
    then: str | os.PathLike | None

    def __fspath__(self) -> str:
        return self.folder

    def __reduce__(self):
        return _where_it_is_there, (self.folder, self.then)

    def __deepcopy__(self, memo) -> "PreparedFolder":
        return self


def _where_it_is_there(folder: str, then):
    return PreparedFolder(folder, then) if os.path.isdir(folder) else then


class ReadThroughCache:
    """Vectors of a cache that is read alone, and behind it another one.

    Parameters
    ----------
    prepared : Cache
        Nothing is written to it.
    then : Cache
        Gets what is not there.
    """

    def __init__(self, prepared: Cache, then: Cache):
        self._prepared, self._then = prepared, then

    def read(self, namespace: bytes, keys: Sequence[bytes], out: np.ndarray) -> np.ndarray:
        found = self._prepared.read(namespace, keys, out)
        idx = np.flatnonzero(~found)
        if len(idx):
            rows = out[idx]
            found[idx] = self._then.read(namespace, [keys[i] for i in idx.tolist()], rows)
            out[idx] = rows
        return found

    def contains(self, namespaces: Sequence[bytes], keys: Sequence[bytes]) -> np.ndarray:
        return self._prepared.contains(namespaces, keys) | self._then.contains(namespaces, keys)

    def write(self, namespaces: Sequence[bytes], keys: Sequence[bytes], arrays: Sequence[np.ndarray]) -> None:
        self._then.write(namespaces, keys, arrays)

    @contextmanager
    def claim(self, namespaces: Sequence[bytes], keys: Sequence[bytes]) -> Iterator[Claim]:
        with self._then.claim(namespaces, keys) as claim:
            yield claim

    def forget(self, prefixes: Iterable[bytes]) -> int:
        prefixes = set(prefixes)
        return self._prepared.forget(prefixes) + self._then.forget(prefixes)

    def info(self) -> CacheInfo:
        prepared, then = self._prepared.info(), self._then.info()
        hits = prepared.hits + then.hits
        rows, n_bytes = prepared.rows + then.rows, prepared.bytes + then.bytes
        return CacheInfo(hits, then.misses, rows, n_bytes, prepared.max_bytes, prepared.location)
