"""The statements of a store: rows in and out of an open database, the oldest dropped where there is no room."""

import sqlite3
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from zlib import crc32

from ._rows import NAMESPACE_BYTES

_INDEX_ROWS = 8192
_FETCH_ROWS = 512
_ROW_OVERHEAD = 100
# Where at least one row of this many is wanted, all between the first and the last are read.
_DENSE = 1.25


def data_version(connection: sqlite3.Connection) -> int:
    """Return a number that changes whenever somebody else has changed the file; it is of this connection alone."""
    return connection.execute("PRAGMA data_version").fetchone()[0]


def find(connection: sqlite3.Connection, ids: Collection[bytes]) -> tuple[dict[int, bytes], int]:
    """Find rows by their ids; this reads the index alone.

    Return the ids that are there by the place of their rows in the file, and how many others share a place with one of
    these, which only damage to the index brings about.
    """
    found = _select(connection, "id, key", "key", sorted(set(ids)), _INDEX_ROWS)
    id_at = dict(found)
    return id_at, len(found) - len(id_at)


def fetch(
    connection: sqlite3.Connection, ids: Collection[bytes], take: Callable[[list[bytes], list[bytes]], None]
) -> int:
    """Read rows in one transaction, and call ``take(ids, blobs)`` with parts of them in the order of the file.

    Return how many rows had wrong checksums, or were not where the index has them.
    """
    with _transaction(connection, "DEFERRED"):
        id_at, n_damaged = find(connection, ids)
        places = sorted(id_at)
        for start in range(0, len(places), _FETCH_ROWS):
            part = places[start : start + _FETCH_ROWS]
            sound_ids, blobs = _sound(_rows_at(connection, part), id_at)
            take(sound_ids, blobs)
            n_damaged += len(part) - len(sound_ids)
    return n_damaged


def insert(connection: sqlite3.Connection, rows: list[tuple[bytes, bytes]], max_bytes: int) -> int:
    """Write (id, vector) in one transaction, those that are there again; return how many of the oldest were dropped.

    All rows together take at most `max_bytes`.
    """
    summed = [(row_id, blob, checksum(row_id, blob)) for row_id, blob in rows]
    with _transaction(connection, "IMMEDIATE"):
        connection.executemany(
            "INSERT INTO vectors (key, vector, crc) VALUES (?, ?, ?) "
            "ON CONFLICT (key) DO UPDATE SET vector = excluded.vector, crc = excluded.crc",
            summed,
        )
        return _evict(connection, max_bytes, row_bytes=len(rows[-1][1]) + _ROW_OVERHEAD)


def delete(connection: sqlite3.Connection, prefixes: list[bytes]) -> int:
    """Delete the rows whose keys begin with one of `prefixes`, and give the space back; return how many there were."""
    with _transaction(connection, "IMMEDIATE"):
        if b"" in prefixes:
            n_rows = connection.execute("DELETE FROM vectors").rowcount
        else:
            n_rows = sum(_delete_prefix(connection, prefix) for prefix in prefixes)
    connection.execute("PRAGMA incremental_vacuum").fetchall()
    return n_rows


def sizes(connection: sqlite3.Connection) -> tuple[int, int]:
    """Return the number of rows, and the bytes of the file without its free pages."""
    with _transaction(connection, "DEFERRED"):
        (n_rows,) = connection.execute("SELECT count(*) FROM vectors").fetchone()
        return n_rows, _used_bytes(connection)


def checksum(row_id: bytes, vector: bytes) -> int:
    """Return the CRC-32 (zlib) of a row; its id is in it, so that a vector under the wrong id is found out."""
    return crc32(vector, crc32(row_id))


@contextmanager
def _transaction(connection: sqlite3.Connection, kind: str) -> Iterator[None]:
    connection.execute(f"BEGIN {kind}")
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _select(connection: sqlite3.Connection, columns: str, where: str, values: list, n_at_once: int) -> list[tuple]:
    n_at_once = min(n_at_once, connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER))
    rows: list[tuple] = []
    for start in range(0, len(values), n_at_once):
        part = values[start : start + n_at_once]
        marks = ",".join("?" * len(part))
        rows += connection.execute(f"SELECT {columns} FROM vectors WHERE {where} IN ({marks})", part).fetchall()
    return rows


def _rows_at(connection: sqlite3.Connection, places: list[int]) -> list[tuple]:
    """Read rows by their places; those that lie close together by one walk along the file."""
    span = places[-1] - places[0] + 1
    if span > _DENSE * len(places):
        return _select(connection, "id, vector, crc", "id", places, _FETCH_ROWS)
    sql = "SELECT id, vector, crc FROM vectors WHERE id BETWEEN ? AND ?"
    rows = connection.execute(sql, (places[0], places[-1])).fetchall()
    if len(rows) > len(places):
        wanted = set(places)
        rows = [row for row in rows if row[0] in wanted]
    return rows


def _sound(rows: list[tuple], id_at: dict[int, bytes]) -> tuple[list[bytes], list[bytes]]:
    """Return ids and vectors of the rows whose checksums are right."""
    # Damage can change a place to one that nobody asked for, repeat one, and change the type of a value.
    rows = [row for row in rows if row[0] in id_at and type(row[1]) is bytes]
    ids, vectors, crcs = [id_at[row[0]] for row in rows], [row[1] for row in rows], [row[2] for row in rows]
    if [*map(crc32, vectors, map(crc32, ids))] == crcs and len({*ids}) == len(ids):
        return ids, vectors
    kept = {
        row_id: vector
        for row_id, vector, crc in zip(ids, vectors, crcs, strict=True)
        if checksum(row_id, vector) == crc
    }
    return [*kept], [*kept.values()]


def _evict(connection: sqlite3.Connection, max_bytes: int, row_bytes: int) -> int:
    """Drop the rows that were written first until the others fit."""
    n_dropped = 0
    while (excess := _used_bytes(connection) - max_bytes) > 0:
        n_rows = max(1, excess // row_bytes)
        oldest = "SELECT id FROM vectors ORDER BY id LIMIT ?"
        n_gone = connection.execute(f"DELETE FROM vectors WHERE id IN ({oldest})", (n_rows,)).rowcount
        if not n_gone:
            break
        n_dropped += n_gone
    return n_dropped


def _delete_prefix(connection: sqlite3.Connection, prefix: bytes) -> int:
    # The namespace follows the key in a row's id, and is no part of what a prefix may match.
    shortest = len(prefix) + NAMESPACE_BYTES
    sql = "DELETE FROM vectors WHERE key >= ? AND length(key) >= ?"
    beyond = _next_prefix(prefix)
    if beyond is None:
        return connection.execute(sql, (prefix, shortest)).rowcount
    return connection.execute(f"{sql} AND key < ?", (prefix, shortest, beyond)).rowcount


def _next_prefix(prefix: bytes) -> bytes | None:
    r"""Return the smallest bytes that are greater than all that begin with `prefix`, or None where there are none.

    Examples
    --------
    >>> _next_prefix(b"a"), _next_prefix(b"a\xff"), _next_prefix(b"\xff")
    (b'b', b'b', None)
    """
    head = prefix.rstrip(b"\xff")
    return head[:-1] + bytes([head[-1] + 1]) if head else None


def _used_bytes(connection: sqlite3.Connection) -> int:
    n_pages, n_free, page_bytes = (
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
    )
    return (n_pages - n_free) * page_bytes
