"""Vectors in a folder: SQLite, shared by processes and by later runs, one database file a checkpoint."""

import atexit
import os
import re
import sqlite3
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import cache, partial
from pathlib import Path
from typing import NoReturn, TypeVar
from weakref import WeakSet
from zlib import crc32

import numpy as np

from ..exceptions import StoreError, StoreWarning
from ._file_lock import hold_in_turn
from ._flight import FileFlight
from ._rows import NAMESPACE_BYTES, CacheInfo, bytes_from_environment, fill_rows, row_ids, to_blobs
from ._sqlite_file import connect, create, is_damage, put_aside, remove_put_aside

T = TypeVar("T")

STORE_LIMIT_VARIABLE = "SKLEARN_LLMTOKENS_STORE_BYTES"
DEFAULT_STORE_BYTES = 10 * 2**30
LOCK_TIMEOUT = 30.0

COMMIT_ROWS = 4096
_LOOKUP_ROWS = 8192
_FETCH_ROWS = 512
_ROW_OVERHEAD = 100
_NO_INDEX: dict[int, bytes] = {}
_NO_ROWS: tuple[dict[bytes, bytes], int] = ({}, 0)


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

    def read(self, namespace: bytes, keys: Sequence[bytes], out: np.ndarray) -> np.ndarray:
        found = np.zeros(len(keys), bool)
        n_damaged = 0
        for start in range(0, len(keys), _LOOKUP_ROWS):
            part = slice(start, start + _LOOKUP_ROWS)
            ids = row_ids(namespace, keys[part])
            rows, n_bad = self._attempt(partial(_fetch, ids=ids), "read", otherwise=_NO_ROWS)
            found[part] = fill_rows([rows.get(i) for i in ids], out[part])
            n_damaged += n_bad
        if n_damaged:
            self._warn([f"{self._path} has {n_damaged} damaged rows (wrong checksums): they are computed again."])
        n_found = int(found.sum())
        with self._mutex:
            self._hits += n_found
            self._misses += len(keys) - n_found
        return found

    def contains(self, namespaces: Sequence[bytes], keys: Sequence[bytes]) -> np.ndarray:
        out = np.zeros((len(namespaces), len(keys)), bool)
        for row, namespace in zip(out, namespaces, strict=True):
            for start in range(0, len(keys), _LOOKUP_ROWS):
                part = slice(start, start + _LOOKUP_ROWS)
                ids = row_ids(namespace, keys[part])
                there = set(self._attempt(partial(_index, ids=ids), "read", otherwise=_NO_INDEX).values())
                row[part] = [i in there for i in ids]
        return out

    def write(self, namespace: bytes, keys: Sequence[bytes], vectors: np.ndarray) -> None:
        for start in range(0, len(keys), COMMIT_ROWS):
            part = slice(start, start + COMMIT_ROWS)
            ids, blobs = row_ids(namespace, keys[part]), to_blobs(vectors[part])
            rows = [(i, blob, _checksum(i, blob)) for i, blob in zip(ids, blobs, strict=True)]
            if not self._attempt(partial(_insert, rows=rows, max_bytes=_limit()), "written", otherwise=False):
                return

    def flight(self, namespace: bytes, keys: Sequence[bytes], *more: bytes) -> AbstractContextManager[None]:
        return self._flight.hold([i for n in (namespace, *more) for i in row_ids(n, keys)])

    def forget(self, prefixes: Iterable[bytes]) -> int:
        return self._erase(partial(_delete, prefixes=list(prefixes)))

    def clear(self) -> None:
        self._erase(partial(_delete, prefixes=[b""]))

    def info(self) -> CacheInfo:
        n_rows, n_bytes = self._attempt(_sizes, "read", otherwise=(0, 0))
        return CacheInfo(self._hits, self._misses, n_rows, n_bytes, _limit(), str(self._path))

    def close(self) -> None:
        """Close the connection; the next call opens another."""
        with self._mutex:
            connection, self._connection, self._file = self._connection, None, None
            if connection is not None:
                connection.close()

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


def _checksum(row_id: bytes, vector: bytes) -> int:
    return crc32(vector, crc32(row_id))


@contextmanager
def _transaction(connection: sqlite3.Connection, kind: str) -> Iterator[None]:
    connection.execute(f"BEGIN {kind}")
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _select(connection: sqlite3.Connection, columns: str, where: str, values: list, n_at_once: int) -> Iterator[tuple]:
    n_at_once = min(n_at_once, connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER))
    for start in range(0, len(values), n_at_once):
        part = values[start : start + n_at_once]
        marks = ",".join("?" * len(part))
        yield from connection.execute(f"SELECT {columns} FROM vectors WHERE {where} IN ({marks})", part).fetchall()


def _index(connection: sqlite3.Connection, ids: list[bytes]) -> dict[int, bytes]:
    """Give the rows among `ids` by their place in the file; this reads the index alone."""
    return dict(_select(connection, "id, key", "key", sorted(set(ids)), _LOOKUP_ROWS))


def _fetch(connection: sqlite3.Connection, ids: list[bytes]) -> tuple[dict[bytes, bytes], int]:
    """Give the sound rows among `ids`, and the number of damaged ones.

    The index is asked first, so that vectors are read in the order in which they lie in the file.
    """
    sound, n_damaged = {}, 0
    with _transaction(connection, "DEFERRED"):
        row_id_at = _index(connection, ids)
        for at, vector, crc in _select(connection, "id, vector, crc", "id", sorted(row_id_at), _FETCH_ROWS):
            row_id = row_id_at[at]
            # Damage can change the type of a value as well.
            if type(vector) is bytes and _checksum(row_id, vector) == crc:
                sound[row_id] = vector
            else:
                n_damaged += 1
    return sound, n_damaged


def _insert(connection: sqlite3.Connection, rows: list[tuple[bytes, bytes, int]], max_bytes: int) -> bool:
    with _transaction(connection, "IMMEDIATE"):
        connection.executemany(
            "INSERT INTO vectors (key, vector, crc) VALUES (?, ?, ?) "
            "ON CONFLICT (key) DO UPDATE SET vector = excluded.vector, crc = excluded.crc",
            rows,
        )
        _evict(connection, max_bytes, row_bytes=len(rows[0][1]) + _ROW_OVERHEAD)
    return True


def _evict(connection: sqlite3.Connection, max_bytes: int, row_bytes: int) -> None:
    """Drop the rows that were written first until the others fit."""
    while (excess := _used_bytes(connection) - max_bytes) > 0:
        n_rows = max(1, excess // row_bytes)
        oldest = "SELECT id FROM vectors ORDER BY id LIMIT ?"
        if not connection.execute(f"DELETE FROM vectors WHERE id IN ({oldest})", (n_rows,)).rowcount:
            return


def _delete(connection: sqlite3.Connection, prefixes: list[bytes]) -> int:
    """Delete the rows whose keys begin with one of `prefixes`, and give the space back."""
    with _transaction(connection, "IMMEDIATE"):
        if b"" in prefixes:
            n_rows = connection.execute("DELETE FROM vectors").rowcount
        else:
            n_rows = sum(_delete_prefix(connection, prefix) for prefix in prefixes)
    connection.execute("PRAGMA incremental_vacuum").fetchall()
    return n_rows


def _delete_prefix(connection: sqlite3.Connection, prefix: bytes) -> int:
    # The namespace follows the key in a row's id, and is no part of what a prefix may match.
    shortest = len(prefix) + NAMESPACE_BYTES
    sql = "DELETE FROM vectors WHERE key >= ? AND length(key) >= ?"
    beyond = _next_prefix(prefix)
    if beyond is None:
        return connection.execute(sql, (prefix, shortest)).rowcount
    return connection.execute(f"{sql} AND key < ?", (prefix, shortest, beyond)).rowcount


def _next_prefix(prefix: bytes) -> bytes | None:
    r"""Give the smallest bytes that are greater than all that begin with `prefix`, or None where there are none.

    Examples
    --------
    >>> _next_prefix(b"a"), _next_prefix(b"a\xff"), _next_prefix(b"\xff")
    (b'b', b'b', None)
    """
    head = prefix.rstrip(b"\xff")
    return head[:-1] + bytes([head[-1] + 1]) if head else None


def _sizes(connection: sqlite3.Connection) -> tuple[int, int]:
    with _transaction(connection, "DEFERRED"):
        (n_rows,) = connection.execute("SELECT count(*) FROM vectors").fetchone()
        return n_rows, _used_bytes(connection)


def _used_bytes(connection: sqlite3.Connection) -> int:
    n_pages, n_free, page_bytes = (
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
    )
    return (n_pages - n_free) * page_bytes


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
