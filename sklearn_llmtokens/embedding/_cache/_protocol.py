"""What a cache of vectors is: rows under a namespace and a key, and claims on rows that are being computed."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Protocol

import numpy as np


@dataclass(frozen=True)
class CacheInfo:
    """What a cache holds and how it has served this process.

    Parameters
    ----------
    hits, misses : int
        Number of rows that this process looked up and found, or did not find.
    rows : int
        Number of vectors held for this checkpoint.
    bytes : int
        Memory or disk that they take.
    max_bytes : int or None
        The bound above which old rows are dropped; None for a cache that keeps nothing.
    location : str or None
        The database file, ``"memory"``, or None for a cache that keeps nothing.
    """

    hits: int
    misses: int
    rows: int
    bytes: int
    max_bytes: int | None
    location: str | None


@dataclass(frozen=True)
class Claim:
    """The right to compute rows that nobody else is computing.

    Attributes
    ----------
    mine : ndarray of shape (n_keys,), bool
        Rows to compute here. The others are stored by now, or are being computed elsewhere.
    others : sequence of callable
        One for each who computes some of the others: it waits until they are stored, or that one has ended.
    trouble : str or None
        Why nobody else could be asked, so that others may compute the same rows.
    """

    mine: np.ndarray
    others: Sequence[Callable[[], object]] = ()
    trouble: str | None = None

    def wait_for_others(self) -> None:
        """Wait until those who compute the other rows have stored them or have ended; call it after the block."""
        for wait in self.others:
            wait()


class Cache(Protocol):
    """The vectors of one checkpoint.

    A row stands under a namespace (16 bytes: everything that changes a vector but the text) and a key (a digest of the
    text). Every method may be called from any thread and after a fork. What goes wrong with the medium is a
    `StoreWarning`, and the row a miss; only a cache that must not be used at all raises `StoreError`.
    """

    def read(self, namespace: bytes, keys: Sequence[bytes], out: np.ndarray) -> np.ndarray:
        """Fill the rows of `out`, float32 (n_keys, n_features), that are found; return which these are, bool (n_keys,).

        The other rows are left as they are, unless the file is found damaged meanwhile.
        """

    def contains(self, namespaces: Sequence[bytes], keys: Sequence[bytes]) -> np.ndarray:
        """Return which rows are there, bool (n_namespaces, n_keys), without reading them or counting hits."""

    def write(self, namespaces: Sequence[bytes], keys: Sequence[bytes], arrays: Sequence[np.ndarray]) -> None:
        """Keep float32 arrays (n_keys, n_features), one for each namespace; the last vector of a key counts."""

    def claim(self, namespaces: Sequence[bytes], keys: Sequence[bytes]) -> AbstractContextManager[Claim]:
        """Claim, for the length of the block, the keys of which a row is missing and that nobody else has claimed.

        Do not claim again inside the block.
        """

    def forget(self, prefixes: Iterable[bytes]) -> int:
        """Erase every key that begins with one of `prefixes`, in every namespace; return the number of rows."""

    def info(self) -> CacheInfo:
        """Return what the cache holds and how it has served this process."""


class NoCache:
    """Keeps nothing."""

    def read(self, namespace: bytes, keys: Sequence[bytes], out: np.ndarray) -> np.ndarray:
        return np.zeros(len(keys), bool)

    def contains(self, namespaces: Sequence[bytes], keys: Sequence[bytes]) -> np.ndarray:
        return np.zeros((len(namespaces), len(keys)), bool)

    def write(self, namespaces: Sequence[bytes], keys: Sequence[bytes], arrays: Sequence[np.ndarray]) -> None:
        return None

    @contextmanager
    def claim(self, namespaces: Sequence[bytes], keys: Sequence[bytes]) -> Iterator[Claim]:
        yield Claim(np.ones(len(keys), bool))

    def forget(self, prefixes: Iterable[bytes]) -> int:
        return 0

    def info(self) -> CacheInfo:
        return CacheInfo(hits=0, misses=0, rows=0, bytes=0, max_bytes=None, location=None)
