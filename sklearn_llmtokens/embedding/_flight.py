"""Single flight: of all who miss a row at the same time one computes it and the others wait for it."""

import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from weakref import WeakSet


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


_FLIGHTS: "WeakSet[ThreadFlight]" = WeakSet()


def _after_fork_in_child() -> None:
    for flight in list(_FLIGHTS):
        flight._forget_all()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
