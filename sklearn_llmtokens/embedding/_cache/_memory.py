"""Vectors in memory: one bounded, least-recently-used cache per process, shared by every estimator and clone."""

import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from typing import NoReturn

import numpy as np

from ..._utils._fork import at_fork
from ._claims import ThreadClaims
from ._limits import bytes_from_environment
from ._protocol import CacheInfo, Claim
from ._rows import ENTRY_BYTES, NAMESPACE_BYTES, BoundedRows, fill_rows, row_ids, to_blobs

MEMORY_LIMIT_VARIABLE = "SKLEARN_LLMTOKENS_MEMORY_BYTES"
DEFAULT_MEMORY_BYTES = 512 * 2**20

_HEAD_BYTES = 8
_LOCKED_ROWS = 4096


class _Shared:
    """The rows of all checkpoints in one order of use, under one lock."""

    fork_order = 2

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.rows = BoundedRows()
        self.claims = ThreadClaims()
        self.hits: dict[bytes, int] = defaultdict(int)
        self.misses: dict[bytes, int] = defaultdict(int)
        self.max_bytes: int | None = None
        at_fork(self)

    def limit(self) -> int:
        if self.max_bytes is None:
            return bytes_from_environment(MEMORY_LIMIT_VARIABLE, DEFAULT_MEMORY_BYTES)
        return self.max_bytes

    def before_fork(self) -> None:
        self.lock.acquire()  # so that the rows are whole in the child

    def after_fork_in_parent(self) -> None:
        self.lock.release()

    def after_fork_in_child(self) -> None:
        self.lock = threading.RLock()  # the thread that holds the lock does not exist here
        self.claims = ThreadClaims()


_SHARED = _Shared()


def set_memory_limit(max_bytes: int | None) -> None:
    """Set how much memory ``cache="memory"`` may take in this process.

    Parameters
    ----------
    max_bytes : int or None
        The bound; the least recently used vectors beyond it are dropped at once. None restores the value of the
        environment variable ``SKLEARN_LLMTOKENS_MEMORY_BYTES``, or 512 MiB. Worker processes have their own cache and
        read the variable alone.
    """
    if max_bytes is not None and max_bytes < 0:
        raise ValueError(f"max_bytes must be at least 0, got {max_bytes}")
    with _SHARED.lock:
        _SHARED.max_bytes = max_bytes
        _SHARED.rows.shrink(_SHARED.limit())


class MemoryCache:
    """The rows of one checkpoint in the cache that this process shares.

    Parameters
    ----------
    fingerprint : str
        The checkpoint.
    """

    def __init__(self, fingerprint: str) -> None:
        self._head = blake2b(fingerprint.encode(), digest_size=_HEAD_BYTES).digest()

    def read(self, namespace: bytes, keys: Sequence[bytes], out: np.ndarray) -> np.ndarray:
        found = np.zeros(len(keys), bool)
        for part in _parts(len(keys)):
            ids = row_ids(namespace, keys[part], self._head)
            with _SHARED.lock:
                blobs = _SHARED.rows.take(ids, touch=True)
            found[part] = fill_rows(blobs, out[part])
        with _SHARED.lock:
            _SHARED.hits[self._head] += int(found.sum())
            _SHARED.misses[self._head] += len(keys) - int(found.sum())
        return found

    def contains(self, namespaces: Sequence[bytes], keys: Sequence[bytes]) -> np.ndarray:
        there = [[i in _SHARED.rows.rows for i in row_ids(n, keys, self._head)] for n in namespaces]
        return np.array(there, bool).reshape(len(namespaces), len(keys))

    def write(self, namespaces: Sequence[bytes], keys: Sequence[bytes], arrays: Sequence[np.ndarray]) -> None:
        for namespace, vectors in zip(namespaces, arrays, strict=True):
            for part in _parts(len(keys)):
                ids, blobs = row_ids(namespace, keys[part], self._head), to_blobs(vectors[part])
                with _SHARED.lock:
                    _SHARED.rows.put(ids, blobs, _SHARED.limit())

    @contextmanager
    def claim(self, namespaces: Sequence[bytes], keys: Sequence[bytes]) -> Iterator[Claim]:
        ids = [row_ids(n, keys, self._head) for n in namespaces]
        with _SHARED.claims.hold(ids, lambda: self.contains(namespaces, keys)) as claim:
            yield claim

    def forget(self, prefixes: Iterable[bytes]) -> int:
        by_length: dict[int, set[bytes]] = defaultdict(set)
        for prefix in prefixes:
            by_length[len(prefix)].add(prefix)
        with _SHARED.lock:
            gone = [i for i in self._ids() if _begins_with_any(i[_HEAD_BYTES:-NAMESPACE_BYTES], by_length)]
            _SHARED.rows.drop(gone)
        return len(gone)

    def info(self) -> CacheInfo:
        with _SHARED.lock:
            ids = self._ids()
            n_bytes = sum(len(_SHARED.rows.rows[i]) for i in ids) + ENTRY_BYTES * len(ids)
            hits, misses = _SHARED.hits[self._head], _SHARED.misses[self._head]
            return CacheInfo(hits, misses, len(ids), n_bytes, _SHARED.limit(), "memory")

    def _ids(self) -> list[bytes]:
        return [row_id for row_id in _SHARED.rows.rows if row_id.startswith(self._head)]

    def __reduce__(self) -> NoReturn:
        raise TypeError("A cache is opened where it is used and is never pickled.")


def _parts(n_keys: int) -> list[slice]:
    return [slice(start, start + _LOCKED_ROWS) for start in range(0, n_keys, _LOCKED_ROWS)]


def _begins_with_any(key: bytes, by_length: dict[int, set[bytes]]) -> bool:
    return any(length <= len(key) and key[:length] in prefixes for length, prefixes in by_length.items())
