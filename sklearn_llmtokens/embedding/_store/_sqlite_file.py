"""The life of a database file: made whole or not at all, checked when it is opened, put aside when it is damaged."""

import os
import sqlite3
import stat
import time
from pathlib import Path

from ...exceptions import StoreError

# Raise by one with any change that a reader of the version before would misread. A file of a later version is refused;
# one of an earlier version is put aside and begun anew, for every row in it can be computed again.
SCHEMA_VERSION = 1

APPLICATION_ID = 0x4C4C4D54  # "LLMT"
PAGE_BYTES = 16384
CACHE_KIBIBYTES = 16384

TABLE = """CREATE TABLE vectors (
    id INTEGER PRIMARY KEY,
    key BLOB NOT NULL UNIQUE,
    vector BLOB NOT NULL,
    crc INTEGER NOT NULL
)"""

_ROW_HEADER_BYTES, _INDEX_BYTES = 60, 66
_LATEST_PLAUSIBLE_VERSION = 1 << 10
_DAMAGE_CODES = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


class DamagedDatabaseError(sqlite3.DatabaseError):
    """The file opens and is not a store of this schema."""


def private_folder(folder: Path) -> None:
    """Make the folder, for its owner alone, or make sure that nobody else could have put a database into it.

    Parameters
    ----------
    folder : Path
        The folder.

    Raises
    ------
    StoreError
        If it is not a folder, others can write to it, or it belongs to another user.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.stat()
    except FileExistsError as error:
        raise StoreError(f"cache={str(folder)!r} is a file: pass a folder.") from error
    except OSError:
        return  # the first write says so, and the texts are embedded all the same
    if not hasattr(os, "geteuid"):
        return
    if status.st_mode & stat.S_IWOTH:
        raise StoreError(
            f"cache={str(folder)!r} can be written by every user of this machine, who could plant vectors in it: "
            f"pass a folder of your own, such as {str(folder / 'vectors')!r}, or take the permission away (chmod o-w)."
        )
    if status.st_uid not in (os.geteuid(), 0):
        raise StoreError(
            f"cache={str(folder)!r} belongs to another user (uid {status.st_uid}), who could plant vectors in it: "
            "pass a folder of your own."
        )


def connect(path: Path, timeout: float) -> sqlite3.Connection:
    """Open a database that exists.

    Parameters
    ----------
    path : Path
        The file.
    timeout : float
        Seconds that a statement waits for another process.

    Returns
    -------
    sqlite3.Connection
        In autocommit mode, for any thread.

    Raises
    ------
    StoreError
        If its schema is of a later version.
    sqlite3.Error
        If it cannot be opened, or is damaged (see `is_damage`).
    """
    if path.stat().st_size == 0:
        # SQLite would take it for a new database; ours are moved into place with their tables in them.
        raise DamagedDatabaseError("it is empty")
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw", timeout, isolation_level=None, check_same_thread=False, uri=True
    )
    try:
        # The text of a damaged schema need not be UTF-8.
        connection.text_factory = bytes
        _configure(connection)
        _check_schema(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def create(path: Path) -> None:
    """Make an empty database under another name and move it into place, so that nobody sees half of one.

    Parameters
    ----------
    path : Path
        The file. The caller holds the writer's lock.
    """
    for leftover in path.parent.glob(f"{path.name}.new-*"):
        leftover.unlink(missing_ok=True)
    new = path.with_name(f"{path.name}.new-{os.getpid()}")
    os.close(os.open(new, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    connection = sqlite3.connect(new, isolation_level=None)
    try:
        connection.execute(f"PRAGMA page_size={PAGE_BYTES}")
        connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
        connection.execute("PRAGMA journal_mode=MEMORY")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
        connection.execute(TABLE)
    finally:
        connection.close()
    # A journal that outlived its database would be played back into this one.
    journal_of(path).unlink(missing_ok=True)
    os.replace(new, path)


def put_aside(path: Path) -> Path:
    """Rename a damaged database, and remove the one that was put aside before it.

    Parameters
    ----------
    path : Path
        The file. The caller holds the writer's lock.

    Returns
    -------
    Path
        Where it is now.
    """
    remove_put_aside(path)
    aside = path.with_name(f"{path.name}.damaged-{time.strftime('%Y%m%dT%H%M%S')}")
    # The journal first: one that stayed behind would be played back into the next database of this name.
    if journal_of(path).exists():
        os.replace(journal_of(path), journal_of(aside))
    os.replace(path, aside)
    return aside


def remove_put_aside(path: Path) -> None:
    """Remove damaged databases that were put aside: they hold vectors too.

    Parameters
    ----------
    path : Path
        The database in whose place they were.
    """
    for aside in path.parent.glob(f"{path.name}.damaged-*"):
        aside.unlink(missing_ok=True)


def journal_of(path: Path) -> Path:
    """Name the rollback journal of a database.

    Parameters
    ----------
    path : Path
        The database.

    Returns
    -------
    Path
        The journal.
    """
    return path.with_name(f"{path.name}-journal")


def row_bytes(n_features: int) -> int:
    """Give the bytes of the file that a vector takes.

    Parameters
    ----------
    n_features : int
        Features of the vector.

    Returns
    -------
    int
        Its share of a page, and of the index, whose pages are about two thirds full.

    Examples
    --------
    >>> row_bytes(384)
    1704
    """
    row = 4 * n_features + _ROW_HEADER_BYTES
    rows_a_page = PAGE_BYTES // row
    share = PAGE_BYTES // rows_a_page if rows_a_page else row * 9 // 8
    return share + _INDEX_BYTES


def is_damage(error: sqlite3.Error) -> bool:
    """Tell damage to the file from trouble with the medium, which passes.

    Parameters
    ----------
    error : sqlite3.Error
        What SQLite said.

    Returns
    -------
    bool
        Whether the file itself is at fault.
    """
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return isinstance(error, DamagedDatabaseError) or code in _DAMAGE_CODES


def _configure(connection: sqlite3.Connection) -> None:
    # Not WAL: a race in resetting it corrupts databases in common releases, and network file systems cannot share it.
    connection.execute("PRAGMA journal_mode=TRUNCATE")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA secure_delete=ON")
    connection.execute("PRAGMA cell_size_check=ON")
    connection.execute("PRAGMA trusted_schema=OFF")
    # A file that another process truncates under a memory map kills this one.
    connection.execute("PRAGMA mmap_size=0")
    connection.execute(f"PRAGMA cache_size=-{CACHE_KIBIBYTES}")


def _check_schema(connection: sqlite3.Connection, path: Path) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    if application == APPLICATION_ID and SCHEMA_VERSION < version <= _LATEST_PLAUSIBLE_VERSION:
        raise StoreError(
            f"{path} has version {version} of the store's format, and this release of sklearn_llmtokens reads version "
            f"{SCHEMA_VERSION}: update the package, or pass another folder as cache."
        )
    tables = connection.execute("SELECT sql FROM sqlite_master WHERE type = 'table'").fetchall()
    if (application, version, tables) != (APPLICATION_ID, SCHEMA_VERSION, [(TABLE.encode(),)]):
        raise DamagedDatabaseError("it is not a store of this version")
