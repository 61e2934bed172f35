"""What the tests of the store share: rows with known values, and forked children that talk through pipes."""

import os
import signal
from hashlib import blake2b

import numpy as np

from sklearn_llmtokens.embedding._cache._database import Database
from sklearn_llmtokens.embedding._cache._sqlite import SQLiteCache

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
    return SQLiteCache(Database(folder / f"{FINGERPRINT}.sqlite3"))


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
