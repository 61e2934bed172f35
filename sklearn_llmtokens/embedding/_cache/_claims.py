"""Claims: of all who miss a row at the same time one computes it, and the others wait for it.

A text is claimed with all its missing rows or not at all. Nobody waits while holding a claim that others could wait for
in turn: who has computed what was claimed releases it first, and then waits.
"""

import os
import re
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import numpy as np
from filelock import BaseFileLock, FileLock, Timeout

from ..._utils._fork import at_fork
from ._file import DamagedDatabaseError, is_damage
from ._protocol import Claim, SoleClaim

WAIT_SECONDS = 3600.0
_BUSY_SECONDS = 30.0
_OWN_SECONDS = 5.0  # nobody but a sweep, for a moment, locks the file of another claim
_IDS_AT_ONCE = 8192
_TABLE = "CREATE TABLE IF NOT EXISTS claims (id BLOB PRIMARY KEY, owner TEXT NOT NULL) WITHOUT ROWID"


class ThreadClaims:
    """Claims among the threads of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ended: dict[bytes, threading.Event] = {}

    @contextmanager
    def hold(self, ids: Sequence[Sequence[bytes]], is_stored: Callable[[], np.ndarray]) -> Iterator[Claim]:
        """Claim texts for the length of the block.

        Parameters
        ----------
        ids : sequence of n_namespaces sequences of n_keys bytes
            Row ids.
        is_stored : callable
            Returns which of them are stored, bool (n_namespaces, n_keys).

        Yields
        ------
        Claim
            The claim.
        """
        ended = threading.Event()
        missing: list[bytes] = []
        try:
            with self._lock:
                mine, missing, others = _choose(ids, is_stored(), self._ended)
                self._ended.update(dict.fromkeys(missing, ended))
            yield _ThreadClaim(mine, others)
        finally:
            with self._lock:
                for row_id in missing:
                    if self._ended.get(row_id) is ended:
                        del self._ended[row_id]
            ended.set()


@dataclass(frozen=True)
class _ThreadClaim:
    mine: np.ndarray
    others: set[threading.Event]
    trouble: str | None = None

    @property
    def has_others(self) -> bool:
        return bool(self.others)

    def wait_for_others(self) -> None:
        for ended in self.others:
            ended.wait()


class FileClaims:
    """Claims among all processes that share a folder, and the threads of each.

    A small database, which may be lost at any moment, says who has claimed which row. Each claim has a lock file of its
    own, locked for as long as the claim lives: the operating system frees it when a process dies, however it dies.

    Parameters
    ----------
    path : Path
        The database; the lock files lie beside it.
    """

    fork_order = 0

    def __init__(self, path: Path) -> None:
        self._path = path
        self._is_swept = False
        self._database: sqlite3.Connection | None = None
        self._file: int | None = None
        self._mutex = threading.RLock()
        at_fork(self)

    def before_fork(self) -> None:
        self._mutex.acquire()
        with suppress(sqlite3.Error):
            self._close()

    def close_if_idle(self) -> None:
        """Close the connection unless a thread uses it this moment; the next claim opens another."""
        if self._mutex.acquire(blocking=False):
            try:
                self._close()
            finally:
                self._mutex.release()

    def after_fork_in_parent(self) -> None:
        self._mutex.release()

    def after_fork_in_child(self) -> None:
        self._mutex = threading.RLock()

    @contextmanager
    def hold(
        self, ids: Sequence[Sequence[bytes]], is_stored: Callable[[], np.ndarray], seconds: float
    ) -> Iterator[Claim]:
        """Claim texts for the length of the block; where that is not possible, the claim says why and holds them all.

        Parameters
        ----------
        ids : sequence of n_namespaces sequences of n_keys bytes
            Row ids.
        is_stored : callable
            Returns which of them are stored, bool (n_namespaces, n_keys).
        seconds : float
            How long to wait for the database of claims.

        Yields
        ------
        Claim
            The claim.
        """
        owner = self._path.with_name(f"{self._path.name}.{uuid4().hex}")
        lock = FileLock(owner, timeout=_OWN_SECONDS, mode=0o600, thread_local=False)
        trouble, is_claimed = None, False
        try:
            try:
                claim: Claim = self._claim(owner, lock, ids, is_stored, seconds)
                is_claimed = True
            except (sqlite3.Error, OSError) as error:
                trouble = f"{self._path} cannot be used: {error}"
            if trouble is not None:
                claim = SoleClaim(~np.asarray(is_stored().all(axis=0)), trouble)
            yield claim
        finally:  # also after an interrupt in the middle of claiming, whose traceback would keep the lock alive
            self._release(owner, lock, erase=is_claimed)

    def _claim(self, owner: Path, lock, ids, is_stored, seconds: float) -> "_FileClaim":
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock.acquire()
        self._sweep()
        with self._transaction(seconds) as database:
            claimed = self._claimed(database, [i for row in ids for i in row])
            # Who stored a row did so before the claim to it went away: what is not claimed is stored or missing.
            mine, missing, others = _choose(ids, is_stored(), claimed)
            rows = [(row_id, owner.name) for row_id in missing]
            database.executemany("INSERT INTO claims (id, owner) VALUES (?, ?)", rows)
        return _FileClaim(mine, {self._path.with_name(name) for name in others}, self)

    def _release(self, owner: Path, lock: BaseFileLock, *, erase: bool) -> None:
        """Unlock; what cannot be erased is erased by the next one who meets a claim without a lock file."""
        try:
            if erase and owner.exists():
                self._erase(owner)
        finally:
            with suppress(OSError):
                lock.release(force=True)
            with suppress(OSError):
                owner.unlink(missing_ok=True)

    def wait(self, owner: Path) -> None:
        """Wait until a claim has ended, and erase what a process that died has left of it."""
        if not owner.exists():
            self._erase(owner)
            return
        lock = FileLock(owner, timeout=WAIT_SECONDS, mode=0o600, poll_interval=0.02)
        with suppress(OSError, Timeout), lock:
            pass
        self._erase(owner)
        with suppress(OSError):
            owner.unlink(missing_ok=True)

    def _erase(self, owner: Path) -> None:
        with suppress(sqlite3.Error, OSError), self._transaction(_BUSY_SECONDS) as database:
            database.execute("DELETE FROM claims WHERE owner = ?", (owner.name,))

    def _sweep(self) -> None:
        """Erase once what processes that died before this one have left."""
        if self._is_swept:
            return
        self._is_swept = True
        for owner in self._path.parent.glob(f"{self._path.name}.{'?' * 32}"):
            with suppress(OSError, Timeout):
                with FileLock(owner, timeout=0, mode=0o600):
                    self._erase(owner)
                    with suppress(OSError):  # who is about to lock it sees that it is gone
                        owner.unlink(missing_ok=True)
                owner.unlink(missing_ok=True)

    @contextmanager
    def _transaction(self, seconds: float) -> Iterator[sqlite3.Connection]:
        """Run one transaction; where the database is damaged, the next one begins anew."""
        with self._mutex:
            try:
                database = self._open(seconds)
                database.execute("BEGIN IMMEDIATE")
                database.execute(_TABLE)
                with database:
                    yield database
            except BaseException as error:
                self._close()
                if isinstance(error, sqlite3.Error) and is_damage(error, self._path):
                    self._path.unlink(missing_ok=True)
                raise

    def _open(self, seconds: float) -> sqlite3.Connection:
        """Return a connection to the file that lies there now."""
        there = self._path.stat().st_ino if self._path.exists() else None
        if self._database is None or there != self._file:
            self._close()
            database = sqlite3.connect(self._path, seconds, isolation_level=None, check_same_thread=False)
            self._database = database
            database.text_factory = bytes  # damaged text need not be UTF-8
            # No claim outlives its process: the file needs no journal on disk and no syncing.
            database.execute("PRAGMA journal_mode=MEMORY")
            database.execute("PRAGMA synchronous=OFF")
            self._file = self._path.stat().st_ino
        self._database.execute(f"PRAGMA busy_timeout={int(1000 * seconds)}").fetchall()
        return self._database

    def _close(self) -> None:
        database, self._database = self._database, None
        if database is not None:
            database.close()

    def _claimed(self, database: sqlite3.Connection, ids: Sequence[bytes]) -> dict[bytes, str]:
        claimed: dict[bytes, bytes] = {}
        for start in range(0, len(ids), _IDS_AT_ONCE):
            part = ids[start : start + _IDS_AT_ONCE]
            marks = ",".join("?" * len(part))
            claimed.update(database.execute(f"SELECT id, owner FROM claims WHERE id IN ({marks})", part).fetchall())
        is_name = re.compile(re.escape(os.fsencode(self._path.name)) + rb"\.[0-9a-f]{32}").fullmatch
        if not all(type(owner) is bytes and is_name(owner) for owner in set(claimed.values())):
            raise DamagedDatabaseError("an owner is no lock file of a claim")
        return {row_id: os.fsdecode(owner) for row_id, owner in claimed.items()}


@dataclass(frozen=True)
class _FileClaim:
    mine: np.ndarray
    others: set[Path]
    claims: FileClaims
    trouble: str | None = None

    @property
    def has_others(self) -> bool:
        return bool(self.others)

    def wait_for_others(self) -> None:
        for owner in self.others:
            self.claims.wait(owner)


def _choose(ids: Sequence[Sequence[bytes]], stored: np.ndarray, claimed: dict) -> tuple[np.ndarray, list[bytes], set]:
    """Choose what is claimed here: the texts with a missing row of which no missing row is claimed.

    Parameters
    ----------
    ids : sequence of n_namespaces sequences of n_keys bytes
        Row ids.
    stored : ndarray of shape (n_namespaces, n_keys), bool
        Rows that are there.
    claimed : dict of bytes to object
        Who has claimed which row.

    Returns
    -------
    mine : ndarray of shape (n_keys,), bool
        Texts that are claimed here.
    missing : list of bytes
        Their missing rows.
    others : set
        Those who have claimed rows of the other texts.
    """
    mine = np.zeros(stored.shape[1], bool)
    missing: list[bytes] = []
    others = set()
    for k, column in enumerate(zip(*ids, strict=True)):
        absent = [row_id for row_id, there in zip(column, stored[:, k], strict=True) if not there]
        holders = {claimed[row_id] for row_id in absent if row_id in claimed}
        others |= holders
        if absent and not holders:
            mine[k] = True
            missing += absent
    return mine, missing, others
