"""One database file of this process: opened where it is used, shared by the threads, closed across forks."""

import atexit
import math
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import NoReturn, TypeVar

from filelock import FileLock

from ..._utils._fork import at_fork
from ._file import DamagedDatabaseError, check_whole, connect, create, quarantine
from ._rows import BoundedRows
from ._statements import data_version

T = TypeVar("T")

# Files up to this size are checked whole by each process that opens them; others where a row turns out to be damaged.
CHECKED_BYTES = 64 * 2**20
# A process that goes through many folders keeps so many connections, each with a cache of pages and rows.
MOST_CONNECTIONS = 8

_POLL_SECONDS = 0.002
_BUSY_STEPS = 10  # steps of SQLite's own waiting in a second: setting it takes longer than most look-ups

_Identity = tuple[int, int]


class Database:
    """One database file, its connection, and what this process remembers of it.

    Parameters
    ----------
    path : Path
        The file, with links resolved.

    Attributes
    ----------
    path : Path
        The file.
    hits, misses : int
        Rows that this process looked up and found, or did not find.
    """

    fork_order = 1

    def __init__(self, path: Path) -> None:
        self.path = path
        self.hits = self.misses = 0
        self._connection: sqlite3.Connection | None = None
        self._busy_steps = 0
        self._file: _Identity | None = None
        self._checked: _Identity | None = None
        self._recent = BoundedRows()
        self._state: tuple[int, int] | None = None
        self._mutex = threading.RLock()
        self._counting = threading.Lock()
        self._used = 0.0
        at_fork(self)

    @property
    def is_open(self) -> bool:
        """Whether the file that lies there now has been opened before, and its version been found to be ours."""
        return self._connection is not None and _identity(self.path) == self._file

    def run(self, action: Callable[[sqlite3.Connection], T], *, write: bool, timeout: float) -> T | None:
        """Return what `action` returns for the connection; None where there is no file to read.

        With `write` the file is made if it is not there, and other writers are kept out. Threads and other processes
        are waited for `timeout` seconds in all.

        Raises
        ------
        sqlite3.Error, OSError, StoreError
            If something is wrong with the file or the medium; the connection is closed then.
        """
        self._used = time.monotonic()
        deadline = self._used + timeout
        with self._alone(timeout), self._writing(deadline) if write else nullcontext():
            try:
                connection = self._open(make=write, deadline=deadline)
                return None if connection is None else action(connection)
            except UnicodeDecodeError as error:  # in place of SQLite's error, where a damaged name stands in its text
                self.close()
                raise DamagedDatabaseError("a name in its schema is not UTF-8") from error
            except BaseException:
                self.close()
                raise

    def check(self, connection: sqlite3.Connection, *, again: bool = False) -> None:
        """Raise `DamagedDatabaseError` unless the whole file is sound; once for each file, or `again`."""
        if again or self._checked != self._file:
            check_whole(connection)
            self._checked = self._file

    def recent_rows(self, connection: sqlite3.Connection) -> BoundedRows:
        """Return the rows in memory that the file still has: none if it was changed from elsewhere."""
        state = data_version(connection), self._size()
        if state != self._state:
            self._recent.clear()
            self._state = state
        return self._recent

    def changed_here(self) -> None:
        """Take the file's new size, after a change of our own, for the one that goes with the rows in memory."""
        if self._state is not None:
            self._state = self._state[0], self._size()

    def count(self, n_hits: int, n_misses: int) -> None:
        """Count rows that were looked up and found, or not found."""
        with self._counting:
            self.hits += n_hits
            self.misses += n_misses

    def quarantine(self, timeout: float) -> str | None:
        """Rename the damaged file that was used last, unless another process has done so meanwhile.

        Return what was done; None where it could not be.
        """
        with suppress(OSError), self._alone(timeout), self._writing(time.monotonic() + timeout):
            damaged, self._file = self._file, None
            if _identity(self.path) != damaged:
                return "another process has renamed it"
            return f"it was renamed to {quarantine(self.path).name}"
        return None

    def close(self) -> None:
        """Close the connection; the next use opens another."""
        with self._mutex:
            connection, self._connection = self._connection, None
            self._recent.clear()
            self._state = None
            if connection is not None:
                connection.close()

    def close_if_idle(self) -> None:
        """Close the connection unless a thread uses it this moment."""
        if self._mutex.acquire(blocking=False):
            try:
                self.close()
            finally:
                self._mutex.release()

    @contextmanager
    def _alone(self, timeout: float) -> Iterator[None]:
        """Keep the other threads out."""
        if not self._mutex.acquire(timeout=min(max(timeout, 0), threading.TIMEOUT_MAX)):
            raise TimeoutError("another thread of this process is waiting for it")
        try:
            yield
        finally:
            self._mutex.release()

    def _writing(self, deadline: float) -> FileLock:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        timeout = max(0.0, deadline - time.monotonic())
        return FileLock(self.path.with_suffix(".writer"), timeout, mode=0o600, poll_interval=_POLL_SECONDS)

    def _open(self, *, make: bool, deadline: float) -> sqlite3.Connection | None:
        """Return a connection to the file that lies there now, which need not be the one of the call before."""
        there = _identity(self.path)
        if there is None and make:
            create(self.path)
            there = _identity(self.path)
        if there != self._file:
            self.close()
            self._file = there
        steps = math.ceil(_BUSY_STEPS * max(0.0, deadline - time.monotonic()))
        if self._connection is not None and steps != self._busy_steps:
            self._connection.execute(f"PRAGMA busy_timeout={1000 * steps // _BUSY_STEPS}").fetchall()
        elif self._connection is None and there is not None:
            self._connection = connect(self.path, steps / _BUSY_STEPS)
            _close_unused(self)
            if self._size() <= CHECKED_BYTES:
                self.check(self._connection)
        self._busy_steps = steps
        return self._connection

    def _size(self) -> int:
        """Return the size of the file: what is cut off from outside SQLite does not count as a change to it."""
        return os.stat(self.path).st_size

    def before_fork(self) -> None:
        # SQLite must not be used, nor closed, in a child on what the parent had opened
        self._mutex.acquire()
        with suppress(sqlite3.Error):
            self.close()

    def after_fork_in_parent(self) -> None:
        self._mutex.release()

    def after_fork_in_child(self) -> None:
        self._mutex, self._counting = threading.RLock(), threading.Lock()

    def __reduce__(self) -> NoReturn:
        raise TypeError("A database is opened where it is used and is never pickled.")


_shared: dict[str, Database] = {}


def shared_database(path: Path) -> Database:
    """Return the one object of this process for a file, so that its threads share a connection and its counts."""
    return _shared.get(str(path)) or _shared.setdefault(str(path), Database(path))


def _close_unused(opened: Database) -> None:
    """Close the connections that were used least lately, but for those that are in use this moment."""
    others = sorted((d for d in list(_shared.values()) if d is not opened and d._connection), key=lambda d: d._used)
    for database in others[: max(0, len(others) + 1 - MOST_CONNECTIONS)]:
        database.close_if_idle()


def _identity(path: Path) -> _Identity | None:
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


@atexit.register
def _at_exit() -> None:
    for database in list(_shared.values()):
        database.close()
