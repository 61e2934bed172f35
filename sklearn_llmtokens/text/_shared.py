"""Share objects that are costly to build and never change within a process: dictionaries and what is built from them.

Values are found by content, so two estimators with equal user dictionaries use one dictionary, and two with different
ones never see each other's words.
"""

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

_MAX_KEPT = 16  # three to five go with one user dictionary, which takes some 50 MB

_kept: OrderedDict[Hashable, Any] = OrderedDict()
_lock = threading.RLock()


def shared(build: Callable, *content: Hashable) -> Any:
    """Return ``build(*content)``, built once per process for equal `content`.

    Parameters
    ----------
    build : callable
        Makes the value, which must not change afterwards.
    *content : hashable
        What the value depends on.

    Returns
    -------
    object
        The value. The least recently used are dropped when there are many; who holds one keeps it.
    """
    key = (build, *content)
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
        value = _kept[key] = build(*content)
        while len(_kept) > _MAX_KEPT:
            _kept.popitem(last=False)
        return value


def _forget_lock() -> None:
    """A child that was forked while another thread held the lock would wait for it without end."""
    global _lock
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_lock)
