"""Vectors in a folder: SQLite, shared by processes and by later runs, one database file a checkpoint."""

import sqlite3
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import NoReturn, TypeVar

import numpy as np

from ...exceptions import StoreError, StoreWarning
from ._claims import hold_in_folder
from ._database import Database
from ._file import is_damage, is_locked, remove_quarantined
from ._limits import bytes_from_environment, seconds_from_environment
from ._protocol import CacheInfo, Claim
from ._rows import fill_rows, row_ids, to_blobs
from ._statements import delete, fetch, find, insert, sizes

T = TypeVar("T")

STORE_LIMIT_VARIABLE = "SKLEARN_LLMTOKENS_STORE_BYTES"
DEFAULT_STORE_BYTES = 10 * 2**30
LOCK_VARIABLE = "SKLEARN_LLMTOKENS_LOCK_SECONDS"
DEFAULT_LOCK_SECONDS = 30.0
RECENT_LIMIT_VARIABLE = "SKLEARN_LLMTOKENS_RECENT_BYTES"
DEFAULT_RECENT_BYTES = 64 * 2**20

COMMIT_ROWS = 4096
_LOOKUP_ROWS = 32768
_NO_INDEX: tuple[dict[int, bytes], int] = ({}, 0)
_NOT_FOUND = np.zeros((), bool)


class SQLiteCache:
    """The rows of one checkpoint in one database file, for one call of an estimator.

    A call waits once for a lock that is not free, says so once, and from then on uses the file only while it is free.

    Parameters
    ----------
    database : Database
        The file.

    Raises
    ------
    StoreError
        If a bound in the environment is not a number.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._seconds = self._patience = seconds_from_environment(LOCK_VARIABLE, DEFAULT_LOCK_SECONDS)
        self._limit = bytes_from_environment(STORE_LIMIT_VARIABLE, DEFAULT_STORE_BYTES)
        self._recent_limit = bytes_from_environment(RECENT_LIMIT_VARIABLE, DEFAULT_RECENT_BYTES)
        self._warned: set[str] = set()
        self._whole_checked = self._has_claimed = False

    def check_version(self) -> None:
        """Raise `StoreError` if the file is of a later version; what else may be wrong is met where it is used."""
        if self._database.is_open:
            return
        try:
            self._database.run(lambda connection: None, write=False, timeout=self._seconds)
        except (sqlite3.Error, OSError) as error:
            if is_locked(error):
                self._seconds = 0.0

    def read(self, namespace: bytes, keys: Sequence[bytes], out: np.ndarray) -> np.ndarray:
        found = np.zeros(len(keys), bool)
        n_damaged = 0
        for start in range(0, len(keys), _LOOKUP_ROWS):
            part = slice(start, start + _LOOKUP_ROWS)
            fill = partial(self._fill, ids=row_ids(namespace, keys[part]), out=out[part])
            found[part], n_bad = self._attempt(fill, "read", otherwise=(_NOT_FOUND, 0))
            n_damaged += n_bad
        if n_damaged and not self._has_claimed:  # what is looked up again after a claim was warned of before
            _warn(f"{self._database.path} has {n_damaged} damaged rows (wrong checksums): they are computed again.")
        n_found = int(found.sum())
        self._database.count(n_found, len(keys) - n_found)
        return found

    def contains(self, namespaces: Sequence[bytes], keys: Sequence[bytes]) -> np.ndarray:
        out = np.zeros((len(namespaces), len(keys)), bool)
        for row, namespace in zip(out, namespaces, strict=True):
            for start in range(0, len(keys), _LOOKUP_ROWS):
                part = slice(start, start + _LOOKUP_ROWS)
                ids = row_ids(namespace, keys[part])
                id_at, _ = self._attempt(partial(find, ids=ids), "read", otherwise=_NO_INDEX)
                there = set(id_at.values())
                row[part] = [i in there for i in ids]
        return out

    def write(self, namespaces: Sequence[bytes], keys: Sequence[bytes], arrays: Sequence[np.ndarray]) -> None:
        for rows in _commits(namespaces, keys, arrays):
            if not self._attempt(partial(self._insert, rows=rows), "written", otherwise=False):
                return

    @contextmanager
    def claim(self, namespaces: Sequence[bytes], keys: Sequence[bytes]) -> Iterator[Claim]:
        self._has_claimed = True
        ids = [row_ids(n, keys) for n in namespaces]
        seconds = 0.0 if "claim" in self._warned else self._seconds  # a call waits once for what is not free
        path = self._database.path.with_suffix(".claims")
        with hold_in_folder(path, ids, lambda: self.contains(namespaces, keys), seconds) as claim:
            if claim.trouble is not None:
                message = f"Texts may be computed by several processes at once ({claim.trouble})."
                for text in self._once("claim", message):
                    _warn(text)
            yield claim

    def forget(self, prefixes: Iterable[bytes]) -> int:
        return self._erase(partial(self._delete, prefixes=list(prefixes)))

    def info(self) -> CacheInfo:
        n_rows, n_bytes = self._attempt(sizes, "read", otherwise=(0, 0))
        database = self._database
        return CacheInfo(database.hits, database.misses, n_rows, n_bytes, self._limit, str(database.path))

    def close(self) -> None:
        """Close the connection; the next call opens another."""
        self._database.close()

    def _fill(self, connection: sqlite3.Connection, ids: list[bytes], out: np.ndarray) -> tuple[np.ndarray, int]:
        """Fill the rows of `out` that are found, and count those that are damaged."""
        recent = self._database.recent_rows(connection)
        found = fill_rows(recent.take(ids, touch=False), out)
        missing = np.flatnonzero(~found)
        if not len(missing):
            return found, 0
        row_of = {ids[row]: row for row in missing.tolist()}

        def take(some: list[bytes], blobs: list[bytes]) -> None:
            rows = np.fromiter(map(row_of.__getitem__, some), np.intp, len(some))
            found[rows] = fill_rows(blobs, out, rows)
            recent.put(some, blobs, self._recent_limit)

        n_damaged = fetch(connection, row_of, take)
        if len(row_of) < len(missing):  # ids that were asked for twice
            rows = np.array([row_of[ids[row]] for row in missing], np.intp)
            out[missing[found[rows]]], found[missing] = out[rows[found[rows]]], found[rows]
        if n_damaged and not self._whole_checked:
            self._whole_checked = True
            self._database.check(connection, again=True)  # writing does not heal an index that leads to other rows
        return found, n_damaged

    def _insert(self, connection: sqlite3.Connection, rows: list[tuple[bytes, bytes]]) -> bool:
        recent = self._database.recent_rows(connection)
        if insert(connection, rows, self._limit):
            recent.clear()
        recent.drop(row_id for row_id, _ in rows)
        self._database.changed_here()
        return True

    def _delete(self, connection: sqlite3.Connection, prefixes: list[bytes]) -> int:
        self._database.recent_rows(connection).clear()
        self._database.check(connection)  # rows that the index does not know would not be erased
        n_rows = delete(connection, prefixes)
        self._database.changed_here()
        return n_rows

    def _erase(self, action: Callable[[sqlite3.Connection], int]) -> int:
        path = self._database.path
        n_rows = self._attempt(action, "erased", otherwise=0) if path.exists() else 0
        try:
            remove_quarantined(path)
        except OSError as error:
            _warn(f"A damaged database beside {path} could not be erased ({error}).")
        return n_rows

    def _attempt(self, action: Callable[[sqlite3.Connection], T], verb: str, *, otherwise: T) -> T:
        """Run `action`, a second time on a new file where the first was damaged; `otherwise` stands for a failure."""
        messages: list[str] = []
        for _ in range(2):
            try:
                outcome = self._database.run(action, write=verb != "read", timeout=self._seconds)
                break
            except (sqlite3.Error, OSError, StoreError) as error:
                outcome, done = None, self._quarantine(error)
                if done is None:
                    messages += self._trouble(error, verb)
                    break
                messages.append(f"{self._database.path} is damaged ({error}): {done}, and a new one is begun.")
        for message in messages:
            _warn(message)
        return otherwise if outcome is None else outcome

    def _quarantine(self, error: Exception) -> str | None:
        damaged = isinstance(error, sqlite3.Error) and is_damage(error, self._database.path)
        return self._database.quarantine(self._seconds) if damaged else None

    def _trouble(self, error: Exception, verb: str) -> list[str]:
        """Return what to say of trouble, once a call, and wait for no lock again."""
        message = f"{self._database.path} could not be {verb} ({error}); "
        if not is_locked(error):
            return self._once(verb, f"{message}what is missing is computed, and results are right.")
        self._seconds = 0.0
        return self._once(
            "erased" if verb == "erased" else "locked",
            f"{message}results are right, and this call goes on without the store where it is not free. "
            f"{LOCK_VARIABLE} sets how long a call waits for it, here {self._patience:g} s.",
        )

    def _once(self, kind: str, message: str) -> list[str]:
        is_new = kind not in self._warned
        self._warned.add(kind)
        return [message] if is_new else []

    def __reduce__(self) -> NoReturn:
        raise TypeError("A store is opened where it is used and is never pickled.")


def _warn(message: str) -> None:
    warnings.warn(message, StoreWarning, stacklevel=5)


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
