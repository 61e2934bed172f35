"""Vectors in a folder: SQLite, shared by processes and by later runs, one database file a checkpoint."""

import atexit
import os
import re
import sqlite3
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, nullcontext, suppress
from functools import cache, partial
from pathlib import Path
from typing import NoReturn, TypeVar
from weakref import WeakSet

import numpy as np

from ...exceptions import StoreError, StoreWarning
from ._file_lock import hold_in_turn
from ._flight import FileFlight
from ._recent_rows import RecentRows
from ._rows import CacheInfo, bytes_from_environment, fill_rows, row_ids, to_blobs
from ._sqlite_file import connect, create, is_damage, put_aside, remove_put_aside
from ._sqlite_rows import data_version, delete, fetch, find, insert, sizes

T = TypeVar("T")

STORE_LIMIT_VARIABLE = "SKLEARN_LLMTOKENS_STORE_BYTES"
DEFAULT_STORE_BYTES = 10 * 2**30
LOCK_TIMEOUT = 30.0

COMMIT_ROWS = 4096
_LOOKUP_ROWS = 32768
_NO_INDEX: dict[int, bytes] = {}
_NOT_FOUND = np.zeros((), bool)


class SQLiteStore:
    """The rows of one checkpoint in one database file.

    Parameters
    ----------
    folder : Path
        Where the file lies.
    fingerprint : str
        The checkpoint; the name of the file.
    """

    def __init__(self, folder: Path, fingerprint: str) -> None:
        if not re.fullmatch(r"[\w-]+", fingerprint, re.ASCII):
            raise ValueError(f"a fingerprint has letters and digits only, got {fingerprint!r}")
        self._path = folder / f"{fingerprint}.sqlite3"
        self._lock_path = folder / f"{fingerprint}.writer"
        self._flight = FileFlight(folder / f"{fingerprint}.flight")
        self._hits = self._misses = 0
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._recent = RecentRows()
        self._state: tuple[int, int] | None = None
        self._mutex = threading.RLock()
        _STORES.add(self)

    def check(self) -> None:
        """Refuse a database of a later version; what else may be wrong with it is met where it is used.

        Raises
        ------
        StoreError
            If it is of a later version.
        """
        with self._mutex, suppress(sqlite3.Error, OSError):
            self._open(make=False)

    def read(self, namespace: bytes, keys: Sequence[bytes], out: np.ndarray, *, again: bool = False) -> np.ndarray:
        found = np.zeros(len(keys), bool)
        n_damaged = 0
        for start in range(0, len(keys), _LOOKUP_ROWS):
            part = slice(start, start + _LOOKUP_ROWS)
            fill = partial(self._fill, ids=row_ids(namespace, keys[part]), out=out[part])
            found[part], n_bad = self._attempt(fill, "read", otherwise=(_NOT_FOUND, 0))
            n_damaged += n_bad
        if n_damaged and not again:
            self._warn([f"{self._path} has {n_damaged} damaged rows (wrong checksums): they are computed again."])
        n_found = int(found.sum())
        with self._mutex:
            self._hits += n_found
            self._misses += -n_found if again else len(keys) - n_found
        return found

    def contains(self, namespaces: Sequence[bytes], keys: Sequence[bytes]) -> np.ndarray:
        out = np.zeros((len(namespaces), len(keys)), bool)
        for row, namespace in zip(out, namespaces, strict=True):
            for start in range(0, len(keys), _LOOKUP_ROWS):
                part = slice(start, start + _LOOKUP_ROWS)
                ids = row_ids(namespace, keys[part])
                there = set(self._attempt(partial(find, ids=ids), "read", otherwise=_NO_INDEX).values())
                row[part] = [i in there for i in ids]
        return out

    def write(self, namespace: bytes, keys: Sequence[bytes], vectors: np.ndarray) -> None:
        self.write_each([namespace], keys, [vectors])

    def write_each(self, namespaces: Sequence[bytes], keys: Sequence[bytes], arrays: Sequence[np.ndarray]) -> None:
        for rows in _commits(namespaces, keys, arrays):
            if not self._attempt(partial(self._insert, rows=rows), "written", otherwise=False):
                return

    def flight(self, namespace: bytes, keys: Sequence[bytes], *more: bytes) -> AbstractContextManager[None]:
        return self._flight.hold([i for n in (namespace, *more) for i in row_ids(n, keys)])

    def forget(self, prefixes: Iterable[bytes]) -> int:
        return self._erase(partial(self._delete, prefixes=list(prefixes)))

    def clear(self) -> None:
        self._erase(partial(self._delete, prefixes=[b""]))

    def info(self) -> CacheInfo:
        n_rows, n_bytes = self._attempt(sizes, "read", otherwise=(0, 0))
        return CacheInfo(self._hits, self._misses, n_rows, n_bytes, _limit(), str(self._path))

    def close(self) -> None:
        """Close the connection; the next call opens another."""
        with self._mutex:
            connection, self._connection, self._file = self._connection, None, None
            self._recent.clear()
            if connection is not None:
                connection.close()

    def _fill(self, connection: sqlite3.Connection, ids: list[bytes], out: np.ndarray) -> tuple[np.ndarray, int]:
        """Fill the rows of `out` that are found, and count those that are damaged."""
        recent, n_damaged = self._recent_rows(connection), 0
        found = fill_rows(recent.take(ids), out)
        missing = np.flatnonzero(~found)
        home_of = {ids[row]: row for row in missing.tolist()}
        with closing(fetch(connection, home_of)) as parts:
            for some, blobs, n_bad in parts:
                homes = np.fromiter(map(home_of.__getitem__, some), np.intp, len(some))
                found[homes] = fill_rows(blobs, out, homes)
                recent.keep(some, blobs)
                n_damaged += n_bad
        if len(home_of) < len(missing):  # ids that were asked for twice
            homes = np.array([home_of[ids[row]] for row in missing], np.intp)
            out[missing[found[homes]]], found[missing] = out[homes[found[homes]]], found[homes]
        return found, n_damaged

    def _insert(self, connection: sqlite3.Connection, rows: list[tuple[bytes, bytes]]) -> bool:
        recent = self._recent_rows(connection)
        if insert(connection, rows, _limit()):
            recent.clear()
        recent.drop(row_id for row_id, _ in rows)
        self._keep_state()
        return True

    def _delete(self, connection: sqlite3.Connection, prefixes: list[bytes]) -> int:
        self._recent_rows(connection).clear()
        n_rows = delete(connection, prefixes)
        self._keep_state()
        return n_rows

    def _recent_rows(self, connection: sqlite3.Connection) -> RecentRows:
        """Give the rows in memory that the file still has: none if it was changed from elsewhere."""
        state = data_version(connection), _size(self._path)
        if state != self._state:
            self._recent.clear()
            self._state = state
        return self._recent

    def _keep_state(self) -> None:
        """Take the file's new size, after a change of our own, for the one that goes with the rows in memory."""
        if self._state is not None:
            self._state = self._state[0], _size(self._path)

    def _erase(self, action: Callable[[sqlite3.Connection], int]) -> int:
        n_rows = self._attempt(action, "erased", otherwise=0) if self._path.exists() else 0
        try:
            remove_put_aside(self._path)
        except OSError as error:
            self._warn([f"A damaged database that was put aside beside {self._path} could not be erased ({error})."])
        return n_rows

    def _attempt(self, action: Callable[[sqlite3.Connection], T], verb: str, *, otherwise: T) -> T:
        """Run `action` on the connection; where that fails, say so and give what holds `otherwise`."""
        troubles: list[str] = []
        with self._mutex:
            outcome = self._try_twice(action, verb, otherwise, troubles)
        self._warn(troubles)
        return outcome

    def _try_twice(self, action: Callable[[sqlite3.Connection], T], verb: str, otherwise: T, troubles: list[str]) -> T:
        """Run `action`, a second time on a new database where the first was damaged."""
        reads = verb == "read"
        for _ in range(2):
            try:
                with nullcontext() if reads else self._writing():
                    connection = self._open(make=not reads)
                    return otherwise if connection is None else action(connection)
            except (sqlite3.Error, OSError, StoreError) as error:
                trouble = (
                    f"{self._path} could not be {verb} ({error}); what is missing is computed, and results are right."
                )
                aside = self._put_aside() if isinstance(error, sqlite3.Error) and is_damage(error) else None
                self.close()
                if aside is None:
                    break
                troubles.append(f"{self._path} is damaged ({error}): it was put aside {aside}, and a new one is begun.")
        troubles.append(trouble)
        return otherwise

    def _writing(self) -> AbstractContextManager[None]:
        return hold_in_turn(self._lock_path, LOCK_TIMEOUT)

    def _open(self, *, make: bool) -> sqlite3.Connection | None:
        """Give a connection to the file that lies there now, which need not be the one of the call before."""
        there = _identity(self._path)
        if there is None and make:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            create(self._path)
            there = _identity(self._path)
        if there != self._file:
            self.close()
            self._file = there
        if self._connection is None and there is not None:
            self._connection = connect(self._path, LOCK_TIMEOUT)
        return self._connection

    def _put_aside(self) -> str | None:
        """Put the damaged file aside, unless another process has done so meanwhile, and say where one of them is."""
        damaged = self._file
        self.close()
        try:
            with self._writing():
                return f"as {put_aside(self._path).name}" if _identity(self._path) == damaged else "by another process"
        except OSError:
            return None

    def _warn(self, messages: list[str]) -> None:
        for message in messages:
            warnings.warn(message, StoreWarning, stacklevel=4)

    def __reduce__(self) -> NoReturn:
        raise TypeError("A store is opened where it is used and is never pickled.")


def _limit() -> int:
    return bytes_from_environment(STORE_LIMIT_VARIABLE, DEFAULT_STORE_BYTES)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def _size(path: Path) -> int:
    """Give the size of the file: what is cut off from outside SQLite does not count as a change to it."""
    return os.stat(path).st_size


def _commits(
    namespaces: Sequence[bytes], keys: Sequence[bytes], arrays: Sequence[np.ndarray]
) -> Iterator[list[tuple[bytes, bytes]]]:
    """Gather rows of several namespaces, a part of one after the other, into as few commits as there can be."""
    rows: list[tuple[bytes, bytes]] = []
    for namespace, vectors in zip(namespaces, arrays, strict=True):
        for start in range(0, len(keys), COMMIT_ROWS):
            part = slice(start, start + COMMIT_ROWS)
            more = list(zip(row_ids(namespace, keys[part]), to_blobs(vectors[part]), strict=True))
            if rows and len(rows) + len(more) > COMMIT_ROWS:
                yield rows
                rows = []
            rows += more
    if rows:
        yield rows


@cache
def sqlite_store(folder: Path, fingerprint: str) -> SQLiteStore:
    """Give the one store of this process on a file, so that its threads share a connection and its counts.

    Parameters
    ----------
    folder : Path
        Where the file lies, with links resolved.
    fingerprint : str
        The checkpoint.

    Returns
    -------
    SQLiteStore
        The store.
    """
    return SQLiteStore(folder, fingerprint)


_STORES: "WeakSet[SQLiteStore]" = WeakSet()
_frozen: list[SQLiteStore] = []


def _before_fork() -> None:
    """Let every store come to rest: SQLite must not be used, nor closed, in a child on what the parent had opened."""
    _frozen[:] = sorted(_STORES, key=id)
    for store in _frozen:
        store._mutex.acquire()
        with suppress(sqlite3.Error):
            store.close()


def _after_fork_in_parent() -> None:
    while _frozen:
        _frozen.pop()._mutex.release()


def _after_fork_in_child() -> None:
    while _frozen:
        _frozen.pop()._mutex = threading.RLock()


@atexit.register
def _at_exit() -> None:
    for store in list(_STORES):
        store.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child)
