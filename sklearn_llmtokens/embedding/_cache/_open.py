"""Which cache the parameter ``cache`` names."""

import os
import warnings
from pathlib import Path

from ..._utils._messages import shorten
from ...exceptions import StoreError, StoreWarning
from ._memory import MemoryCache
from ._private import private_folder
from ._protocol import Cache, NoCache
from ._sqlite import sqlite_cache


def open_cache(cache: str | os.PathLike | None, fingerprint: str) -> Cache:
    """Open the cache that `cache` names.

    Parameters
    ----------
    cache : None, "memory", str or path-like
        Nothing is kept; or the memory that this process shares; or a folder, which is made if it is not there.
    fingerprint : str
        The checkpoint whose vectors are kept.

    Returns
    -------
    Cache
        The cache.

    Raises
    ------
    StoreError
        If `cache` names no folder; others can write to the folder or the database, or own them; the database is of a
        later version; or a bound in the environment is not a number.

    Warns
    -----
    StoreWarning
        If `cache` is relative and there is no working directory: nothing is kept.
    """
    if cache is None:
        return NoCache()
    if isinstance(cache, str) and cache == "memory":
        return MemoryCache(fingerprint)
    try:
        folder = _resolve(os.fsdecode(cache))
    except FileNotFoundError:
        warnings.warn(
            f"cache={os.fsdecode(cache)!r} is relative, and the working directory is gone: nothing is kept. Pass an "
            "absolute path.",
            StoreWarning,
            stacklevel=3,
        )
        return NoCache()
    private_folder(folder)
    return sqlite_cache(folder, fingerprint)


def _resolve(cache: str) -> Path:
    """Return the absolute path of a folder, with links followed."""
    if not cache:
        raise StoreError("cache='' names no folder: pass a folder, 'memory' or None.")
    try:
        os.fsencode(cache)
        if "\0" in cache:
            raise ValueError("embedded null character")
        return Path(os.path.realpath(Path(cache).expanduser()))
    except RuntimeError as error:
        raise StoreError(f"cache={cache!r}: there is no such user ({error}).") from error
    except ValueError as error:
        raise StoreError(
            f"cache={shorten(cache)} names no folder ({error}): pass a folder, 'memory' or None."
        ) from error
