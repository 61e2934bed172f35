"""What the tests of the store share: the store itself, rows with known values, and forked children that talk.

The store has one small interface (read, write, claim, forget, info), which is tested against a dict in memory and on
disk. Private names of it come through
`tests.inside`, and are used in this file alone.
"""

import os
import signal
import sqlite3
from hashlib import blake2b

import numpy as np

from tests.inside import ENTRY_BYTES, SQLiteCache, open_cache, set_memory_limit
from tests.inside import claims as _claims
from tests.inside import database as _database

__all__ = ["ENTRY_BYTES", "open_cache", "set_memory_limit"]

MEMORY_BYTES = "SKLEARN_LLMTOKENS_MEMORY_BYTES"
STORE_BYTES = "SKLEARN_LLMTOKENS_STORE_BYTES"
RECENT_BYTES = "SKLEARN_LLMTOKENS_RECENT_BYTES"
LOCK_SECONDS = "SKLEARN_LLMTOKENS_LOCK_SECONDS"
NAMESPACE = b"n" * 16
OTHER = b"o" * 16
FINGERPRINT = "0123456789abcdef"


def key(i: int) -> bytes:
    return blake2b(str(i).encode(), digest_size=16).digest()


def keys(n: int, start: int = 0) -> list[bytes]:
    return [key(i) for i in range(start, start + n)]


def vectors(n: int, n_features: int = 8, start: int = 0) -> np.ndarray:
    """Return rows that show which key they belong to: row i holds i, i + 1, ..."""
    return (np.arange(start, start + n)[:, None] + np.arange(n_features)).astype(np.float32)


def read(store, n: int, n_features: int = 8, start: int = 0, namespace: bytes = NAMESPACE):
    out = np.full((n, n_features), -1, np.float32)
    return store.read(namespace, keys(n, start), out), out


def holds(store, n: int, n_features: int = 8) -> bool:
    found, out = read(store, n, n_features)
    return bool(found.all()) and np.array_equal(out, vectors(n, n_features))


def another_connection(folder) -> SQLiteCache:
    """Open the store of a folder as another process does."""
    return SQLiteCache(_database.Database(folder / f"{FINGERPRINT}.sqlite3"))


def statements(store, action) -> list[str]:
    """Return what `action` asks of the database of a store."""
    said = []
    store._database._connection.set_trace_callback(said.append)
    action()
    store._database._connection.set_trace_callback(None)
    return said


def n_kept(store) -> int:
    """Return how many rows of its file a process keeps in memory."""
    return len(store._database._recent.rows)


def use_in_vain(monkeypatch) -> list[float]:
    """Record how long each use of a database waited for a lock that it did not get."""
    found = []
    run = _database.Database.run

    def spy(self, action, *, write, timeout):
        try:
            return run(self, action, write=write, timeout=timeout)
        except (OSError, sqlite3.Error):
            found.append(timeout)
            raise

    monkeypatch.setattr(_database.Database, "run", spy)
    return found


def _raise_interrupt(*_):
    raise KeyboardInterrupt


# One after another, the steps in the middle of claiming that an interrupt may hit: before and after a claim is entered.
interrupt_claims = [
    lambda patch, name=name: patch.setattr(_claims, name, _raise_interrupt) for name in ("_choose", "Claim")
]


def check_no_file_when_opened(monkeypatch) -> None:
    """Have every file too large to be checked whole when it is opened."""
    monkeypatch.setattr(_database, "CHECKED_BYTES", 0)


def set_wait_for_claims(monkeypatch, seconds: float) -> None:
    """Have the claims of others waited for no longer than this."""
    monkeypatch.setattr(_claims, "WAIT_SECONDS", seconds)


class Child:
    """A forked process that runs a function of (say, listen), for lines to and from this one."""

    def __init__(self, run):
        (listen, tell), (hear, say) = os.pipe(), os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            code = 1
            try:
                os.close(tell)
                os.close(hear)
                run(lambda line: os.write(say, f"{line}\n".encode()), lambda: os.read(listen, 1))
                code = 0
            finally:
                os._exit(code)
        os.close(listen)
        os.close(say)
        self.lines = os.fdopen(hear)
        self._tell = os.fdopen(tell, "wb", buffering=0)

    def tell(self) -> None:
        self._tell.write(b"\n")

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def end(self) -> int:
        """Wait for the end, and give the exit code, which is negative after a kill."""
        self.lines.close()
        self._tell.close()
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
