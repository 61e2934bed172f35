"""Vectors in memory: one bounded, least-recently-used store per process, shared by every estimator and clone."""

import os
import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from hashlib import blake2b
from typing import NoReturn

import numpy as np

from ._flight import ThreadFlight
from ._rows import ENTRY_BYTES, NAMESPACE_BYTES, CacheInfo, bytes_from_environment, fill_rows, row_ids, to_blobs

MEMORY_LIMIT_VARIABLE = "SKLEARN_LLMTOKENS_MEMORY_BYTES"
DEFAULT_MEMORY_BYTES = 512 * 2**20

_HEAD_BYTES = 8
_LOCKED_ROWS = 4096


@dataclass
class _Tally:
    hits: int = 0
    misses: int = 0
    rows: int = 0
    bytes: int = 0


class _SharedRows:
    """The rows of all checkpoints in one order of use, under one lock."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.flight = ThreadFlight()
        self.rows: OrderedDict[bytes, bytes] = OrderedDict()
        self.tallies: dict[bytes, _Tally] = {}
        self.bytes = 0
        self.max_bytes: int | None = None

    def limit(self) -> int:
        if self.max_bytes is None:
            return bytes_from_environment(MEMORY_LIMIT_VARIABLE, DEFAULT_MEMORY_BYTES)
        return self.max_bytes

    def tally(self, row_id: bytes) -> _Tally:
        return self.tallies.setdefault(row_id[:_HEAD_BYTES], _Tally())

    def put(self, row_id: bytes, blob: bytes) -> None:
        self.drop(row_id)
        self.rows[row_id] = blob
        self._count(row_id, blob, 1)

    def drop(self, row_id: bytes) -> None:
        blob = self.rows.pop(row_id, None)
        if blob is not None:
            self._count(row_id, blob, -1)

    def shrink(self) -> None:
        limit = self.limit()
        while self.bytes > limit:
            row_id, blob = self.rows.popitem(last=False)
            self._count(row_id, blob, -1)

    def _count(self, row_id: bytes, blob: bytes, sign: int) -> None:
        tally, n_bytes = self.tally(row_id), len(blob) + ENTRY_BYTES
        tally.rows += sign
        tally.bytes += sign * n_bytes
        self.bytes += sign * n_bytes


_SHARED = _SharedRows()


def set_memory_limit(max_bytes: int | None) -> None:
    """Set how much memory ``cache="memory"`` may take in this process.

    Parameters
    ----------
    max_bytes : int or None
        The bound; the least recently used vectors beyond it are dropped at once. None restores the value of the
        environment variable ``SKLEARN_LLMTOKENS_MEMORY_BYTES``, or 512 MiB. Worker processes have their own store and
        read the variable alone.
    """
    if max_bytes is not None and max_bytes < 0:
        raise ValueError(f"max_bytes must be at least 0, got {max_bytes}")
    with _SHARED.lock:
        _SHARED.max_bytes = max_bytes
        _SHARED.shrink()


class MemoryStore:
    """The rows of one checkpoint in the store that this process shares.

    Parameters
    ----------
    fingerprint : str
        The checkpoint.
    """

    def __init__(self, fingerprint: str) -> None:
        self._head = blake2b(fingerprint.encode(), digest_size=_HEAD_BYTES).digest()

    def read(self, namespace: bytes, keys: Sequence[bytes], out: np.ndarray, *, again: bool = False) -> np.ndarray:
        found = np.zeros(len(keys), bool)
        for start in range(0, len(keys), _LOCKED_ROWS):
            part = slice(start, start + _LOCKED_ROWS)
            found[part] = fill_rows(self._take(row_ids(namespace, keys[part], self._head)), out[part])
        n_found = int(found.sum())
        with _SHARED.lock:
            tally = _SHARED.tally(self._head)
            tally.hits += n_found
            tally.misses += -n_found if again else len(keys) - n_found
        return found

    def contains(self, namespaces: Sequence[bytes], keys: Sequence[bytes]) -> np.ndarray:
        there = [[i in _SHARED.rows for i in row_ids(n, keys, self._head)] for n in namespaces]
        return np.array(there, bool).reshape(len(namespaces), len(keys))

    def write(self, namespace: bytes, keys: Sequence[bytes], vectors: np.ndarray) -> None:
        for start in range(0, len(keys), _LOCKED_ROWS):
            part = slice(start, start + _LOCKED_ROWS)
            rows = zip(row_ids(namespace, keys[part], self._head), to_blobs(vectors[part]), strict=True)
            with _SHARED.lock:
                for row_id, blob in rows:
                    _SHARED.put(row_id, blob)
                _SHARED.shrink()

    def write_each(self, namespaces: Sequence[bytes], keys: Sequence[bytes], arrays: Sequence[np.ndarray]) -> None:
        for namespace, vectors in zip(namespaces, arrays, strict=True):
            self.write(namespace, keys, vectors)

    def flight(self, namespace: bytes, keys: Sequence[bytes], *more: bytes) -> AbstractContextManager[None]:
        return _SHARED.flight.hold([i for n in (namespace, *more) for i in row_ids(n, keys, self._head)])

    def forget(self, prefixes: Iterable[bytes]) -> int:
        by_length: dict[int, set[bytes]] = {}
        for prefix in prefixes:
            by_length.setdefault(len(prefix), set()).add(prefix)
        with _SHARED.lock:
            mine = [row_id for row_id in _SHARED.rows if row_id.startswith(self._head)]
            gone = [row_id for row_id in mine if _begins_with_any(row_id[_HEAD_BYTES:-NAMESPACE_BYTES], by_length)]
            for row_id in gone:
                _SHARED.drop(row_id)
        return len(gone)

    def clear(self) -> None:
        self.forget([b""])

    def info(self) -> CacheInfo:
        with _SHARED.lock:
            tally = _SHARED.tally(self._head)
            return CacheInfo(tally.hits, tally.misses, tally.rows, tally.bytes, _SHARED.limit(), "memory")

    def _take(self, ids: list[bytes]) -> list[bytes | None]:
        """Look the rows up and mark them as used."""
        with _SHARED.lock:
            rows = _SHARED.rows
            blobs = list(map(rows.get, ids))
            for row_id, blob in zip(ids, blobs, strict=True):
                if blob is not None:
                    rows.move_to_end(row_id)
        return blobs

    def __reduce__(self) -> NoReturn:
        raise TypeError("A store is opened where it is used and is never pickled.")


def _begins_with_any(key: bytes, by_length: dict[int, set[bytes]]) -> bool:
    return any(length <= len(key) and key[:length] in prefixes for length, prefixes in by_length.items())


def _after_fork_in_child() -> None:
    # The parent took the lock before the fork, so that the rows are whole; the thread that holds it is not this one.
    _SHARED.lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=lambda: _SHARED.lock.acquire(),
        after_in_parent=lambda: _SHARED.lock.release(),
        after_in_child=_after_fork_in_child,
    )
