"""Which cache the parameter ``cache`` names, and whether others could have written vectors there."""

import os
import re
import stat
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from ..._utils._messages import shorten
from ...exceptions import StoreError, StoreWarning
from ._database import shared_database
from ._file import companions
from ._memory import MemoryCache
from ._prepared import PreparedFolder, ReadThroughCache
from ._protocol import Cache, NoCache
from ._sqlite import SQLiteCache

_bypassed: ContextVar[bool] = ContextVar("bypassed", default=False)


@contextmanager
def caches_bypassed() -> Iterator[None]:
    """Neither read nor write any cache within this context, of this thread alone."""
    token = _bypassed.set(True)
    try:
        yield
    finally:
        _bypassed.reset(token)


def open_cache(cache: str | os.PathLike | None, fingerprint: str) -> Cache:
    """Open the cache that `cache` names.

    Parameters
    ----------
    cache : None, "memory", str or path-like
        Nothing is kept, as always within `caches_bypassed`; or the memory that this process shares; or a folder, which
        is made if it is not there; or a folder that was prepared, which is read alone.
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
    if cache is None or _bypassed.get():
        return NoCache()
    if isinstance(cache, str) and cache == "memory":
        return MemoryCache(fingerprint)
    if isinstance(cache, PreparedFolder):
        return _open_prepared(cache, fingerprint)
    try:
        folder = resolve_folder(os.fsdecode(cache))
    except FileNotFoundError:
        warnings.warn(
            f"cache={os.fsdecode(cache)!r} is relative, and the working directory is gone: nothing is kept. Pass an "
            "absolute path.",
            StoreWarning,
            stacklevel=3,
        )
        return NoCache()
    if not re.fullmatch(r"[\w-]+", fingerprint, re.ASCII):
        raise ValueError(f"a fingerprint has letters and digits only, got {fingerprint!r}")
    _make_private(folder)
    path = folder / f"{fingerprint}.sqlite3"
    for file in (path, *companions(path)):
        _check_owner(file, str(file), "delete it, or pass another folder as cache")
    store = SQLiteCache(shared_database(path))
    store.check_version()
    return store


def _open_prepared(cache: PreparedFolder, fingerprint: str) -> Cache:
    """Return the cache of a prepared folder; that of its own setting where the folder cannot be used."""
    then = open_cache(cache.then, fingerprint)
    if not os.path.isfile(os.path.join(cache.folder, f"{fingerprint}.sqlite3")):
        return then
    try:
        return ReadThroughCache(open_cache(cache.folder, fingerprint), then)
    except StoreError:  # of another user, for whom it was prepared: the vectors are computed
        return then


def resolve_folder(cache: str) -> Path:
    """Return the absolute path of a folder, with links followed.

    Parameters
    ----------
    cache : str
        The folder.

    Returns
    -------
    Path
        Its path.

    Raises
    ------
    StoreError
        If `cache` names no folder.
    """
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


def _make_private(folder: Path) -> None:
    """Make the folder, for its owner alone, or check that nobody else could have put a database into it."""
    try:
        if not folder.is_dir():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except FileExistsError as error:
        raise StoreError(f"cache={str(folder)!r} is a file: pass a folder.") from error
    except OSError:
        return  # the first write says so, and the texts are embedded all the same
    remedy = f"pass a folder of your own, such as {str(folder / 'vectors')!r}"
    _check_owner(folder, f"cache={str(folder)!r}", remedy)


def _check_owner(path: Path, what: str, remedy: str) -> None:
    """Raise `StoreError` if others can write to what is there, or it belongs to another user; links are followed."""
    try:
        status = os.stat(path)
    except OSError:
        return
    if not hasattr(os, "geteuid"):
        return
    for bit, name, letter in ((stat.S_IWOTH, "every user", "o"), (stat.S_IWGRP, "the members of its group", "g")):
        if status.st_mode & bit:
            raise StoreError(
                f"{what} can be written by {name} of this machine, who could plant vectors in it: {remedy}, or take "
                f"the permission away (chmod {letter}-w)."
            )
    if status.st_uid not in (os.geteuid(), 0):
        raise StoreError(
            f"{what} belongs to another user (uid {status.st_uid}), who could plant vectors in it: {remedy}."
        )
