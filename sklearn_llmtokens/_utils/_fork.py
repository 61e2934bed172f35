"""One place where objects with locks or open files prepare for a fork of the process."""

import os
import threading
from typing import Protocol
from weakref import WeakSet

import filelock  # noqa: F401  hooks run in the reverse order: its own, which stops every release, has to come after ours


class ForkAware(Protocol):
    """What `at_fork` calls: all locks are taken before a fork, so that no other thread is in the middle of a change.

    Attributes
    ----------
    fork_order : int
        Who takes the lock of another object while holding its own has a lower number.
    """

    fork_order: int

    def before_fork(self) -> None:
        """Bring the object to rest."""

    def after_fork_in_parent(self) -> None:
        """Go on in the parent."""

    def after_fork_in_child(self) -> None:
        """Go on in the child, in which no other thread exists."""


_objects: "WeakSet[ForkAware]" = WeakSet()
_resting: list[ForkAware] = []
_lock = threading.Lock()


def at_fork(fork_aware: ForkAware) -> None:
    """Call the methods of an object at every fork for as long as it lives.

    Parameters
    ----------
    fork_aware : ForkAware
        The object.
    """
    with _lock:
        _objects.add(fork_aware)


def _before() -> None:
    _lock.acquire()
    _resting[:] = sorted(_objects, key=lambda fork_aware: (fork_aware.fork_order, id(fork_aware)))
    for fork_aware in _resting:
        fork_aware.before_fork()


def _after_in_parent() -> None:
    while _resting:
        _resting.pop().after_fork_in_parent()
    _lock.release()


def _after_in_child() -> None:
    global _lock
    while _resting:
        _resting.pop().after_fork_in_child()
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child)
