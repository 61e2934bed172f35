"""What a store is, and which one ``cache`` names."""

import os
import warnings
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Protocol

import numpy as np

from ..._utils._messages import shorten
from ...exceptions import StoreError, StoreWarning
from ._memory import MemoryStore
from ._private import private_folder
from ._rows import CacheInfo
from ._sqlite import sqlite_store


class Store(Protocol):
    """The vectors of one checkpoint.

    A row stands under a namespace (16 bytes: everything that changes a vector but the text) and a key (a digest of the
    text). Every method may be called from any thread and after a fork. What goes wrong with the medium is a
    `StoreWarning`, and the row a miss; only a store that must not be used at all raises `StoreError`.
    """

    def read(self, namespace: bytes, keys: Sequence[bytes], out: np.ndarray, *, again: bool = False) -> np.ndarray:
        """Fill the rows of `out` that are found.

        Parameters
        ----------
        namespace : bytes
            16 bytes.
        keys : sequence of bytes
            Keys of texts.
        out : ndarray of shape (n_keys, n_features), float32
            Filled in place where a row is found, otherwise left as it is, unless the store is found damaged meanwhile.
        again : bool, default=False
            True where all of these rows were missed a moment ago: what is found now is a hit in the place of that miss,
            and damage has been told of.

        Returns
        -------
        ndarray of shape (n_keys,), bool
            The rows that were found.
        """

    def contains(self, namespaces: Sequence[bytes], keys: Sequence[bytes]) -> np.ndarray:
        """Tell which rows are there, without reading them or counting hits.

        Parameters
        ----------
        namespaces : sequence of bytes
            16 bytes each.
        keys : sequence of bytes
            Keys of texts.

        Returns
        -------
        ndarray of shape (n_namespaces, n_keys), bool
            The rows that are there.
        """

    def write(self, namespace: bytes, keys: Sequence[bytes], vectors: np.ndarray) -> None:
        """Keep `vectors`, the last one where a key is written twice.

        Parameters
        ----------
        namespace : bytes
            16 bytes.
        keys : sequence of bytes
            Keys of texts.
        vectors : ndarray of shape (n_keys, n_features), float32
            Their vectors.
        """

    def write_each(self, namespaces: Sequence[bytes], keys: Sequence[bytes], arrays: Sequence[np.ndarray]) -> None:
        """Keep vectors of the same keys under several namespaces.

        Parameters
        ----------
        namespaces : sequence of bytes
            16 bytes each.
        keys : sequence of bytes
            Keys of texts.
        arrays : sequence of ndarray of shape (n_keys, n_features), float32
            One a namespace.
        """

    def flight(self, namespace: bytes, keys: Sequence[bytes], *more: bytes) -> AbstractContextManager[None]:
        """Give the exclusive right, among all that share the store, to compute these rows; look up again inside it.

        Parameters
        ----------
        namespace : bytes
            16 bytes.
        keys : sequence of bytes
            Keys of texts. Do not ask for more inside the block: the right is not reentrant.
        *more : bytes
            Further namespaces in which the same keys are computed.

        Returns
        -------
        context manager
            Holds the right for the length of the block.
        """

    def forget(self, prefixes: Iterable[bytes]) -> int:
        """Erase every key that begins with one of `prefixes`, in every namespace.

        Parameters
        ----------
        prefixes : iterable of bytes
            Beginnings of keys.

        Returns
        -------
        int
            The number of rows erased.
        """

    def clear(self) -> None:
        """Erase all rows of this checkpoint."""

    def info(self) -> CacheInfo:
        """Tell what the store holds and how it has served this process.

        Returns
        -------
        CacheInfo
            Counts and sizes.
        """


class NoStore:
    """Keeps nothing."""

    def read(self, namespace: bytes, keys: Sequence[bytes], out: np.ndarray, *, again: bool = False) -> np.ndarray:
        return np.zeros(len(keys), bool)

    def contains(self, namespaces: Sequence[bytes], keys: Sequence[bytes]) -> np.ndarray:
        return np.zeros((len(namespaces), len(keys)), bool)

    def write(self, namespace: bytes, keys: Sequence[bytes], vectors: np.ndarray) -> None:
        return None

    def write_each(self, namespaces: Sequence[bytes], keys: Sequence[bytes], arrays: Sequence[np.ndarray]) -> None:
        return None

    def flight(self, namespace: bytes, keys: Sequence[bytes], *more: bytes) -> AbstractContextManager[None]:
        return nullcontext()

    def forget(self, prefixes: Iterable[bytes]) -> int:
        return 0

    def clear(self) -> None:
        return None

    def info(self) -> CacheInfo:
        return CacheInfo(hits=0, misses=0, rows=0, bytes=0, max_bytes=None, location=None)


def open_store(cache: str | os.PathLike | None, fingerprint: str) -> Store:
    """Open the store that `cache` names.

    Parameters
    ----------
    cache : None, "memory", str or path-like
        Nothing is kept; or the memory that this process shares; or a folder, which is made if it is not there.
    fingerprint : str
        The checkpoint whose vectors are kept.

    Returns
    -------
    Store
        The store.

    Raises
    ------
    StoreError
        If `cache` names no folder; others can write to the folder or the database, or own them; the database is of a
        later version; or a bound in the environment is not a number.

    Warns
    -----
    StoreWarning
        If `cache` is relative and there is no working directory: nothing is kept.
    """
    if cache is None:
        return NoStore()
    if isinstance(cache, str) and cache == "memory":
        return MemoryStore(fingerprint)
    try:
        folder = _resolve(os.fsdecode(cache))
    except FileNotFoundError:
        warnings.warn(
            f"cache={os.fsdecode(cache)!r} is relative, and the working directory is gone: nothing is kept. Pass an "
            "absolute path.",
            StoreWarning,
            stacklevel=3,
        )
        return NoStore()
    private_folder(folder)
    return sqlite_store(folder, fingerprint)


def _resolve(cache: str) -> Path:
    """Return the absolute path of a folder, with links followed."""
    if not cache:
        raise StoreError("cache='' names no folder: pass a folder, 'memory' or None.")
    try:
        os.fsencode(cache)
        if "\0" in cache:
            raise ValueError("embedded null character")
        return Path(os.path.realpath(Path(cache).expanduser()))
    except RuntimeError as error:
        raise StoreError(f"cache={cache!r}: there is no such user ({error}).") from error
    except ValueError as error:
        raise StoreError(
            f"cache={shorten(cache)} names no folder ({error}): pass a folder, 'memory' or None."
        ) from error
