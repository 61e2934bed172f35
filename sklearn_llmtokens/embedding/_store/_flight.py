"""Single flight: of all who miss a row at the same time one computes it and the others wait for it."""

import os
import threading
from collections.abc import Collection, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from weakref import WeakSet

from ._file_lock import hold_ranges

# Every id has a byte of its own in the lock file, which may lie far behind its end. The kernel looks through all locks
# of a file for each new one (2,000 take 40 ms, 4,000 four times that), so that more ids lock whole stretches instead.
_MOST_RANGES = 2048
_OFFSET_BITS = 60
_STRETCH_BITS = _OFFSET_BITS - 12


class ThreadFlight:
    """Exclusive rights to row ids among the threads of this process.

    A thread gets all the ids it asks for at once or waits, so that no two wait for each other. A right is not
    reentrant. A forked child starts with none taken: the threads that took them do not exist there.
    """

    def __init__(self) -> None:
        self._forget_all()
        _FLIGHTS.add(self)

    def _forget_all(self) -> None:
        self._released = threading.Condition(threading.Lock())
        self._taken: set[bytes] = set()

    @contextmanager
    def hold(self, ids: Iterable[bytes]) -> Iterator[None]:
        """Hold `ids` for the length of the block.

        Parameters
        ----------
        ids : iterable of bytes
            Row ids.
        """
        wanted = frozenset(ids)
        released, taken = self._released, self._taken
        with released:
            released.wait_for(lambda: taken.isdisjoint(wanted))
            taken |= wanted
        try:
            yield
        finally:
            with released:
                taken -= wanted
                released.notify_all()


class FileFlight:
    """Exclusive rights to row ids among all processes that use one lock file, and the threads of each.

    Parameters
    ----------
    path : path-like
        The lock file.
    """

    def __init__(self, path: str | os.PathLike) -> None:
        self._path = path
        self._threads = ThreadFlight()

    @contextmanager
    def hold(self, ids: Collection[bytes], timeout: float) -> Iterator[OSError | None]:
        """Hold `ids` for the length of the block; where other processes cannot be kept out, threads of this one are.

        Parameters
        ----------
        ids : collection of bytes
            Row ids, of 16 bytes at least, that begin and end with a digest.
        timeout : float
            Seconds to wait for other processes.

        Yields
        ------
        OSError or None
            Why other processes are not kept out.
        """
        with self._threads.hold(ids), ExitStack() as locks:
            trouble = None
            try:
                locks.enter_context(hold_ranges(self._path, _ranges(ids), timeout))
            except OSError as error:
                trouble = error
            yield trouble


def _ranges(ids: Collection[bytes]) -> set[tuple[int, int]]:
    r"""Give the (start, length) in the lock file of each id.

    Examples
    --------
    >>> _ranges([b"\x00" * 7 + b"\x05" + b"\x00" * 8])
    {(5, 1)}
    """
    offsets = {(_integer(i[:8]) ^ _integer(i[-8:])) % (1 << _OFFSET_BITS) for i in ids}
    if len(offsets) <= _MOST_RANGES:
        return {(offset, 1) for offset in offsets}
    return {(offset >> _STRETCH_BITS << _STRETCH_BITS, 1 << _STRETCH_BITS) for offset in offsets}


def _integer(digest: bytes) -> int:
    return int.from_bytes(digest, "big")


_FLIGHTS: "WeakSet[ThreadFlight]" = WeakSet()


def _after_fork_in_child() -> None:
    for flight in list(_FLIGHTS):
        flight._forget_all()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
