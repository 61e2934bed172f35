"""Advisory locks on ranges of a lock file, which the operating system frees when a process dies, however it dies."""

import errno
import os
import struct
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]
    import msvcrt

_FIRST_PAUSE, _LONGEST_PAUSE = 0.0005, 0.005
_WHOLE = [(0, 1)]
_BUSY = {errno.EAGAIN, errno.EACCES, errno.EDEADLK}

# Open file description locks belong to an opened file and not to a process, so that threads exclude each other as well
# and nothing is freed when another part of the process closes the same file.
_HAS_RANGES = hasattr(fcntl, "F_OFD_SETLK")
_FLOCK_STRUCT = "hhqqi4x"  # l_type, l_whence, l_start, l_len, l_pid

_held: set[int] = set()


@contextmanager
def hold_ranges(path: str | os.PathLike, ranges: Iterable[tuple[int, int]], timeout: float) -> Iterator[None]:
    """Hold exclusive locks on ranges of a file for the length of the block.

    Parameters
    ----------
    path : path-like
        The lock file; made if it is not there, never removed, nothing is written to it.
    ranges : iterable of (start, length)
        Taken in ascending order, so that no two holders wait for each other. Where the system has no locks on ranges
        that belong to an opened file (anything but Linux), the whole file is locked instead.
    timeout : float
        Seconds to wait.

    Raises
    ------
    TimeoutError
        If they were not free in time.
    OSError
        If the file cannot be made or its file system has no locks.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
    _held.add(descriptor)
    owner = os.getpid()
    try:
        deadline = time.monotonic() + timeout
        for start, length in sorted(ranges) if _HAS_RANGES else _WHOLE:
            _wait_for(descriptor, start, length, deadline)
        yield
    finally:
        # A child that was forked inside the block has closed its copy already, and the number may name another file.
        if os.getpid() == owner:
            _held.discard(descriptor)
            _release(descriptor)
            os.close(descriptor)


@contextmanager
def hold_in_turn(path: Path, timeout: float) -> Iterator[None]:
    """Hold a whole lock file for the length of the block, and let who waits go before who comes back.

    Parameters
    ----------
    path : Path
        The lock file; a second one beside it, ``.turn``, is held by the one who is next.
    timeout : float
        Seconds to wait for both.

    Raises
    ------
    TimeoutError
        If it was not free in time.
    OSError
        If a file cannot be made or its file system has no locks.
    """
    deadline = time.monotonic() + timeout
    with ExitStack() as lock:
        with hold_ranges(path.with_name(f"{path.name}.turn"), _WHOLE, timeout):
            lock.enter_context(hold_ranges(path, _WHOLE, deadline - time.monotonic()))
        yield


def _wait_for(descriptor: int, start: int, length: int, deadline: float) -> None:
    pause = _FIRST_PAUSE
    while not _try_lock(descriptor, start, length):
        if time.monotonic() > deadline:
            raise TimeoutError("another process holds the lock")
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)


def _try_lock(descriptor: int, start: int, length: int) -> bool:
    try:
        if _HAS_RANGES:
            wanted = struct.pack(_FLOCK_STRUCT, fcntl.F_WRLCK, os.SEEK_SET, start, length, 0)
            fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, wanted)
        elif fcntl is not None:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    except OSError as error:
        if error.errno in _BUSY:
            return False
        raise
    return True


def _release(descriptor: int) -> None:
    """Free the locks at once: closing frees them only when no fork in between has left a copy of the descriptor."""
    if _HAS_RANGES:
        everything = struct.pack(_FLOCK_STRUCT, fcntl.F_UNLCK, os.SEEK_SET, 0, 0, 0)
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, everything)
    elif fcntl is not None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


def _after_fork_in_child() -> None:
    # Closing this copy frees nothing for the parent, and keeping it would hold the lock on after the parent has died.
    for descriptor in _held:
        os.close(descriptor)
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
