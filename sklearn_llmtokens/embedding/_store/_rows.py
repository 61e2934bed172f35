"""The form of vectors at rest, the same in memory and on disk: ids and little-endian float32; what a store tells."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress

import numpy as np

from ..._utils._messages import shorten
from ...exceptions import StoreError

NAMESPACE_BYTES = 16
ROW_DTYPE = np.dtype("<f4")

# What a row in memory takes beyond its vector: two bytes objects and an entry of an OrderedDict, on CPython 3.11.
ENTRY_BYTES = 256


@dataclass(frozen=True)
class CacheInfo:
    """What a store holds and how it has served this process.

    Parameters
    ----------
    hits, misses : int
        Rows that this process looked up and found, or did not find.
    rows : int
        Vectors held for this checkpoint.
    bytes : int
        Memory or disk that they take.
    max_bytes : int or None
        The bound above which old rows are dropped; None for a store that keeps nothing.
    location : str or None
        The database file, ``"memory"``, or None for a store that keeps nothing.
    """

    hits: int
    misses: int
    rows: int
    bytes: int
    max_bytes: int | None
    location: str | None


def row_ids(namespace: bytes, keys: Sequence[bytes], head: bytes = b"") -> list[bytes]:
    """Give the id of each row: the key first, so that all rows of a text stand side by side, then the namespace.

    Parameters
    ----------
    namespace : bytes
        16 bytes.
    keys : sequence of bytes
        Keys of texts.
    head : bytes, optional
        What comes before every key.

    Returns
    -------
    list of bytes
        One id for each key.

    Examples
    --------
    >>> row_ids(b"n" * 16, [b"key"])
    [b'keynnnnnnnnnnnnnnnn']
    """
    if len(namespace) != NAMESPACE_BYTES:
        raise ValueError(f"a namespace has {NAMESPACE_BYTES} bytes, got {len(namespace)}")
    return [head + key + namespace for key in keys]


def to_blobs(vectors: np.ndarray) -> list[bytes]:
    r"""Give the bytes of each row.

    Parameters
    ----------
    vectors : ndarray of shape (n, d)
        Vectors.

    Returns
    -------
    list of bytes
        Little-endian float32.

    Examples
    --------
    >>> to_blobs(np.ones((1, 1)))
    [b'\x00\x00\x80?']
    """
    rows = np.ascontiguousarray(vectors, ROW_DTYPE)
    width = rows.shape[1] * ROW_DTYPE.itemsize
    whole = rows.tobytes()
    return [whole[start : start + width] for start in range(0, len(rows) * width, width)]


def fill_rows(blobs: Sequence[bytes | None], out: np.ndarray, homes: np.ndarray | None = None) -> np.ndarray:
    r"""Write the blobs that are there into `out`.

    Parameters
    ----------
    blobs : sequence of bytes or None of length n
        None, or a blob of another width, leaves its row as it is.
    out : ndarray of shape (n_rows, d), float32
        Filled in place.
    homes : ndarray of shape (n,), intp, optional
        The row of each blob; by default they are in the order of the rows.

    Returns
    -------
    ndarray of shape (n,), bool
        The blobs that were written.

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
        homes = found if homes is None else homes[found]
    if blobs:
        rows = np.frombuffer(b"".join(blobs), ROW_DTYPE).reshape(-1, out.shape[1])  # type: ignore[arg-type]
        out[slice(None) if homes is None else homes] = rows
    return found


def bytes_from_environment(name: str, default: int) -> int:
    """Read a number of bytes from an environment variable.

    Parameters
    ----------
    name : str
        The variable.
    default : int
        What holds where it is not set.

    Returns
    -------
    int
        The number of bytes.

    Raises
    ------
    StoreError
        If it is not written in the digits 0 to 9.
    """
    text = os.environ.get(name)
    if not text:
        return default
    # int() also reads other digits ("１２"), underscores and signs; more than 18 digits are no number of bytes.
    if not re.fullmatch(r"[0-9]{1,18}", text.strip()):
        raise StoreError(f"{name}={shorten(text)} is not a number of bytes in digits, such as {default}.")
    return int(text)


def seconds_from_environment(name: str, default: float) -> float:
    """Read a number of seconds from an environment variable.

    Parameters
    ----------
    name : str
        The variable.
    default : float
        What holds where it is not set.

    Returns
    -------
    float
        Seconds.

    Raises
    ------
    StoreError
        If it is not written in the digits 0 to 9, with or without a decimal point.
    """
    text = os.environ.get(name)
    if not text:
        return default
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{0,9})?", text.strip()):
        raise StoreError(
            f"{name}={shorten(text)} is not a number of seconds below a million, such as {default:g} or 0.5."
        )
    return float(text)
