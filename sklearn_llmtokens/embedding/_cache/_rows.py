"""The form of vectors at rest, the same in memory and on disk: ids and little-endian float32."""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from itertools import compress

import numpy as np

NAMESPACE_BYTES = 16
ROW_DTYPE = np.dtype("<f4")

# What a row in memory takes beyond its vector: two bytes objects and an entry of an OrderedDict, on CPython 3.11.
ENTRY_BYTES = 256


def row_ids(namespace: bytes, keys: Sequence[bytes], head: bytes = b"") -> list[bytes]:
    """Return the id of each row: the key first, so that all rows of a text stand side by side, then the namespace.

    Examples
    --------
    >>> row_ids(b"n" * 16, [b"key"])
    [b'keynnnnnnnnnnnnnnnn']
    """
    if len(namespace) != NAMESPACE_BYTES:
        raise ValueError(f"a namespace has {NAMESPACE_BYTES} bytes, got {len(namespace)}")
    return [head + key + namespace for key in keys]


def to_blobs(vectors: np.ndarray) -> list[bytes]:
    r"""Return the bytes of each row of an array (n, d).

    Examples
    --------
    >>> to_blobs(np.ones((1, 1)))
    [b'\x00\x00\x80?']
    """
    rows = np.ascontiguousarray(vectors, ROW_DTYPE)
    width = rows.shape[1] * ROW_DTYPE.itemsize
    whole = rows.tobytes()
    return [whole[start : start + width] for start in range(0, len(rows) * width, width)]


def fill_rows(blobs: Sequence[bytes | None], out: np.ndarray, places: np.ndarray | None = None) -> np.ndarray:
    r"""Write blobs into the rows `places` of `out`, float32 (n_rows, d); without `places`, one after the other.

    None, or a blob of another width, leaves its row as it is. Return which blobs were written, bool (n_blobs,).

    Examples
    --------
    >>> out = np.zeros((2, 1), np.float32)
    >>> fill_rows([None, b"\x00\x00\x80?"], out)
    array([False,  True])
    >>> out
    array([[0.], [1.]], dtype=float32)
    """
    width = out.shape[1] * ROW_DTYPE.itemsize
    if None not in blobs and {*map(len, blobs)} == {width}:  # type: ignore[arg-type]
        found = np.ones(len(blobs), bool)
    else:
        found = np.fromiter((blob is not None and len(blob) == width for blob in blobs), bool, len(blobs))
        blobs = list(compress(blobs, found))
        places = found if places is None else places[found]
    if blobs:
        rows = np.frombuffer(b"".join(blobs), ROW_DTYPE).reshape(-1, out.shape[1])  # type: ignore[arg-type]
        out[slice(None) if places is None else places] = rows
    return found


class BoundedRows:
    """Rows by id in memory, of which the first ones go where there are too many."""

    def __init__(self) -> None:
        self.rows: OrderedDict[bytes, bytes] = OrderedDict()
        self.bytes = 0

    def take(self, ids: Sequence[bytes], *, touch: bool) -> list[bytes | None]:
        """Return the blobs of ids, None where there is none; with `touch` they are the last ones to go."""
        blobs = list(map(self.rows.get, ids))
        if touch:
            for row_id, blob in zip(ids, blobs, strict=True):
                if blob is not None:
                    self.rows.move_to_end(row_id)
        return blobs

    def put(self, ids: Sequence[bytes], blobs: Sequence[bytes], limit: int) -> None:
        """Take rows in, and drop the first ones until all of them take at most `limit` bytes."""
        new = dict(zip(ids, blobs, strict=True))  # the last blob of an id counts
        self.drop(new)
        self.rows.update(new)
        self.bytes += sum(map(len, new.values())) + ENTRY_BYTES * len(new)
        self.shrink(limit)

    def shrink(self, limit: int) -> None:
        """Drop the first rows until the others take at most `limit` bytes."""
        while self.bytes > limit:
            _, blob = self.rows.popitem(last=False)
            self.bytes -= len(blob) + ENTRY_BYTES

    def drop(self, ids: Iterable[bytes]) -> None:
        """Drop rows; an id that is not there changes nothing."""
        if self.rows:
            for blob in [self.rows.pop(row_id, None) for row_id in ids]:
                self.bytes -= 0 if blob is None else len(blob) + ENTRY_BYTES

    def clear(self) -> None:
        """Drop all rows."""
        self.rows.clear()
        self.bytes = 0
