"""Claims: of all who miss a row at the same time one computes it, and the others wait for it.

A text is claimed with all its missing rows or not at all. Nobody waits while holding a claim that others could wait for
in turn: who has computed what was claimed releases it first, and then waits.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import numpy as np
from filelock import FileLock, Timeout

from ._protocol import Claim

T = TypeVar("T")

WAIT_SECONDS = 3600.0
_POLL_SECONDS = 0.002
_POLL_SECONDS_OF_WAITING = 0.02

RowIds = Sequence[Sequence[bytes]]
"""Row ids by namespace and key."""
IsStored = Callable[[], np.ndarray]
"""Returns which of these rows are stored, bool (n_namespaces, n_keys)."""


class ThreadClaims:
    """Claims among the threads of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ended: dict[bytes, threading.Event] = {}

    @contextmanager
    def hold(self, ids: RowIds, is_stored: IsStored) -> Iterator[Claim]:
        """Claim texts for the length of the block."""
        ended = threading.Event()
        missing: list[bytes] = []
        try:
            with self._lock:
                mine, missing, others = _choose(ids, is_stored(), self._ended)
                self._ended.update(dict.fromkeys(missing, ended))
            yield Claim(mine, [other.wait for other in others])
        finally:
            with self._lock:
                for row_id in missing:
                    if self._ended.get(row_id) is ended:
                        del self._ended[row_id]
            ended.set()


@contextmanager
def hold_in_folder(path: Path, ids: RowIds, is_stored: IsStored, seconds: float) -> Iterator[Claim]:
    """Claim texts for the length of the block, among all processes that share a folder and the threads of each.

    A claim is a file that lists its rows, and a lock beside it for as long as the claim lives: the operating system
    frees it when a process dies, however it dies. Files of claims are read and written under the lock `path`, which is
    waited for `seconds`. Where that is not possible, the claim says why and holds all texts.
    """
    rows = path.with_name(f"{path.name}.{uuid4().hex}")
    lock = _lock_of(rows)
    trouble = None
    try:
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with FileLock(path, seconds, mode=0o600, poll_interval=_POLL_SECONDS):
                # Who stored a row did so before the claim to it went away: what is not claimed is stored or missing.
                mine, missing, others = _choose(ids, is_stored(), _claimed(path))
                if missing:
                    lock.acquire()
                    rows.touch(0o600)
                    rows.write_bytes(bytes([len(missing[0])]) + b"".join(missing))
            claim = Claim(mine, [partial(_wait, other) for other in others])
        except OSError as error:
            trouble = f"{path} cannot be used: {error}"
        if trouble is not None:
            claim = Claim(~np.asarray(is_stored().all(axis=0)), trouble=trouble)
        yield claim
    finally:  # also after an interrupt in the middle of claiming, whose traceback would keep the lock alive
        with suppress(OSError):
            rows.unlink(missing_ok=True)
        with suppress(OSError):
            lock.release(force=True)
        _remove(rows)


def _claimed(path: Path) -> dict[bytes, Path]:
    """Return the rows that are claimed, with the files that list them; what processes that died have left is removed.

    Ids in a damaged list claim nothing that anybody asks for, or are waited for in vain.
    """
    claimed: dict[bytes, Path] = {}
    for name in path.parent.glob(f"{path.name}.*.lock"):
        rows = name.with_suffix("")
        try:
            with FileLock(name, timeout=0, mode=0o600):
                _remove(rows)
        except Timeout:  # it lives
            with suppress(OSError):
                listed = rows.read_bytes()
                width = listed[0] or 1 if listed else 1
                claimed.update((listed[start : start + width], rows) for start in range(1, len(listed), width))
    return claimed


def _wait(rows: Path) -> None:
    """Wait until a claim has ended, and remove what a process that died has left of it."""
    if rows.exists():
        with suppress(OSError), _lock_of(rows, WAIT_SECONDS):
            pass
        _remove(rows)


def _lock_of(rows: Path, seconds: float = 0.0) -> FileLock:
    return FileLock(f"{rows}.lock", seconds, mode=0o600, thread_local=False, poll_interval=_POLL_SECONDS_OF_WAITING)


def _remove(rows: Path) -> None:
    for file in (rows, rows.with_name(f"{rows.name}.lock")):
        with suppress(OSError):
            file.unlink(missing_ok=True)


def _choose(ids: RowIds, stored: np.ndarray, claimed: Mapping[bytes, T]) -> tuple[np.ndarray, list[bytes], set[T]]:
    """Choose what is claimed here: the texts with a missing row of which no missing row is claimed.

    Return which texts these are, bool (n_keys,), their missing rows, and who has claimed rows of the other texts.
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
