"""The life of a database file: made whole or not at all, checked when it is opened, renamed when it is damaged."""

import os
import sqlite3
import time
from pathlib import Path

from ...exceptions import StoreError

# Raise with any change that a reader of the version before would misread, to a number that differs from every earlier
# one in two bits at least (1, 2, 4, 7, 8, 11, ...): one flipped bit then never looks like a later version. A file of a
# later version is refused; one of an earlier version is quarantined and begun anew, for every row in it can be computed
# again.
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

_LOCKED_CODES = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}
# What SQLite says of the disk, of permissions or of other users of the file; 0 is what Python's module says of itself.
_MEDIUM_CODES = _LOCKED_CODES | {
    0,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_INTERRUPT,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_NOLFS,
    sqlite3.SQLITE_MISUSE,
    sqlite3.SQLITE_AUTH,
}


class DamagedDatabaseError(sqlite3.DatabaseError):
    """The file opens and is not a store of this schema."""


def connect(path: Path, timeout: float) -> sqlite3.Connection:
    """Open a database that exists, in autocommit mode, for any thread.

    Raise `StoreError` if its format is of a later version, and sqlite3.Error if it cannot be opened or is damaged
    (see `is_damage`). A statement waits for other processes for `timeout` seconds.
    """
    # Never by open(): closing any descriptor of the file frees the locks that SQLite holds on it in this process.
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
        _check_version(connection, path)
        _check_schema(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def create(path: Path) -> None:
    """Make an empty database under another name and move it into place, so that nobody sees half of one.

    The caller holds the writer's lock.
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
    companions(path)[0].unlink(missing_ok=True)
    os.replace(new, path)


def quarantine(path: Path) -> Path:
    """Rename a damaged database, and remove the one that was renamed before it; return where it is now.

    The caller holds the writer's lock.
    """
    remove_quarantined(path)
    aside = path.with_name(f"{path.name}.damaged-{time.strftime('%Y%m%dT%H%M%S')}")
    # The journal first: one that stayed behind would be played back into the next database of this name.
    journal, journal_aside = companions(path)[0], companions(aside)[0]
    if journal.exists():
        os.replace(journal, journal_aside)
    os.replace(path, aside)
    return aside


def remove_quarantined(path: Path) -> None:
    """Remove damaged databases that were renamed: they hold vectors too."""
    for aside in path.parent.glob(f"{path.name}.damaged-*"):
        aside.unlink(missing_ok=True)


def companions(path: Path) -> list[Path]:
    """Name the files that SQLite reads as parts of a database, there or not: its rollback journal first."""
    return [Path(f"{path}-{end}") for end in ("journal", "wal", "shm")]


def row_bytes(n_features: int) -> int:
    """Return the bytes of the file that a vector takes: its share of a page, and of the index, about two thirds full.

    Examples
    --------
    >>> row_bytes(384)
    1704
    """
    row = 4 * n_features + _ROW_HEADER_BYTES
    rows_a_page = PAGE_BYTES // row
    share = PAGE_BYTES // rows_a_page if rows_a_page else row * 9 // 8
    return share + _INDEX_BYTES


def check_whole(connection: sqlite3.Connection) -> None:
    """Raise `DamagedDatabaseError` unless pages, index and rows agree; 64 MiB take about 0.1 seconds."""
    (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if found != b"ok":
        raise DamagedDatabaseError(found.decode(errors="replace").replace("\n", " "))


def is_damage(error: Exception, path: Path) -> bool:
    """Check whether an error is damage to the file, and not trouble with the medium, which passes."""
    code = getattr(error, "sqlite_errorcode", 0)
    if code == sqlite3.SQLITE_READONLY:  # a byte of the header says so as well
        return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
    return isinstance(error, DamagedDatabaseError) or code & 0xFF not in _MEDIUM_CODES


def is_locked(error: Exception) -> bool:
    """Check whether SQLite or the operating system says that a lock was not free in time."""
    return isinstance(error, TimeoutError) or getattr(error, "sqlite_errorcode", 0) & 0xFF in _LOCKED_CODES


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


def _check_version(connection: sqlite3.Connection, path: Path) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if (application, version) == (APPLICATION_ID, SCHEMA_VERSION):
        return
    one_bit_apart = (version ^ SCHEMA_VERSION).bit_count() == 1
    if application == APPLICATION_ID and SCHEMA_VERSION < version <= _LATEST_PLAUSIBLE_VERSION and not one_bit_apart:
        raise StoreError(
            f"{path} has version {version} of the store's format, and this release of sklearn_llmtokens reads version "
            f"{SCHEMA_VERSION}: update the package, or pass another folder as cache."
        )
    raise DamagedDatabaseError("it is not a store of this version")


def _check_schema(connection: sqlite3.Connection) -> None:
    found = connection.execute("SELECT type, name, sql FROM sqlite_master ORDER BY rowid").fetchall()
    if found != [(b"table", b"vectors", TABLE.encode()), (b"index", b"sqlite_autoindex_vectors_1", None)]:
        raise DamagedDatabaseError("its tables are not those of a store of this version")
