"""Vectors of a part that is not whole yet, kept as soon as they are computed: what the next run starts from.

A file beside the part has one line of JSON, what the vectors are, and then blocks: the number of rows and the CRC-32 of
what follows, and the vectors of each column of text. A block that was cut off by a kill, and all after one that is
damaged, is computed again.
"""

import json
import os
import struct
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np

# Raise by one with any change of the file: a journal of another format is computed again.
_FORMAT = 1
_BLOCK = struct.Struct("<QI")


def journal_path(part: Path) -> Path:
    """Return where the journal of a part lies: readers of data sets pass over names that begin with a dot."""
    return part.with_name(f".{part.name}.partial")


def differences(found: Mapping, expected: Mapping) -> str:
    """Return the names of what differs between two descriptions of rows with vectors.

    Parameters
    ----------
    found, expected : mapping
        What is written in a file, and what should be.

    Returns
    -------
    str
        The names. Other rows or columns have other bytes: the source is worth naming where all else is the same.
    """
    other = [name for name in expected if found.get(name) != expected[name]]
    if other == ["source"]:
        return "source (the bytes of the file it was made from)"
    return ", ".join(name for name in other if name != "source")


class Journal:
    """The vectors of the first rows of a part, appended to and read again.

    Parameters
    ----------
    part : Path
        The part.
    about : dict
        What the vectors are, as JSON gives it back.
    text_columns : sequence of str
        The columns of text.
    dtype : str
        Type of the vectors.

    Raises
    ------
    ValueError
        If the file has the vectors of another run.
    """

    def __init__(self, part: Path, about: dict, text_columns: Sequence[str], dtype: str):
        self.path, self._about = journal_path(part), about
        self._columns, self._dtype = tuple(text_columns), np.dtype(dtype)
        self._widths: tuple[int, ...] = ()
        self._blocks: list[tuple[int, int, int]] = []  # first row, one past the last, where its vectors begin
        self._file: BinaryIO | None = None
        self._last: tuple[int, dict[str, np.ndarray]] = (-1, {})
        self._read_blocks()

    @property
    def n_rows(self) -> int:
        """Number of rows that are kept."""
        return self._blocks[-1][1] if self._blocks else 0

    def read(self, start: int, stop: int) -> dict[str, np.ndarray]:
        """Return the vectors of rows by column, (stop - start, n_features) each; the rows are counted in the part."""
        found = [
            {name: rows[max(start - first, 0) : stop - first] for name, rows in self._block(k).items()}
            for k, (first, end, _) in enumerate(self._blocks)
            if end > start and first < stop
        ]
        return {name: np.concatenate([block[name] for block in found]) for name in self._columns}

    def append(self, vectors: Mapping[str, np.ndarray]) -> None:
        """Keep the vectors of the next rows; a process that is killed afterwards has not lost them."""
        arrays = [np.ascontiguousarray(vectors[name], dtype=self._dtype) for name in self._columns]
        if self._file is None:
            self._file = self._opened(tuple(array.shape[1] for array in arrays))
        payload = b"".join(array.tobytes() for array in arrays)
        first, n_rows = self.n_rows, len(arrays[0])
        self._file.write(_BLOCK.pack(n_rows, zlib.crc32(payload)))
        self._blocks.append((first, first + n_rows, self._file.tell()))
        self._file.write(payload)
        self._file.flush()

    def close(self) -> None:
        """Close the file, which stays."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def remove(self) -> None:
        """Remove the file: the part is whole."""
        self.close()
        self.path.unlink(missing_ok=True)

    def _n_bytes(self, n_rows: int) -> int:
        return n_rows * sum(self._widths) * self._dtype.itemsize

    def _opened(self, widths: tuple[int, ...]) -> BinaryIO:
        """Open the file behind its last good block, or begin it."""
        file: BinaryIO
        if self._blocks:
            file = open(self.path, "r+b")  # noqa: SIM115  closed by `close`
            _, end, at = self._blocks[-1]
            file.seek(at + self._n_bytes(end - self._blocks[-1][0]))
            file.truncate()
            return file
        self._widths = widths
        file = open(self.path, "wb")  # noqa: SIM115
        header = {"format": _FORMAT, "about": self._about, "widths": widths}
        file.write(json.dumps(header).encode() + b"\n")
        return file

    def _read_blocks(self) -> None:
        try:
            file = open(self.path, "rb")  # noqa: SIM115
        except FileNotFoundError:
            return
        with file:
            try:
                header = dict(json.loads(file.readline()))
                self._widths = tuple(int(width) for width in header["widths"])
                about = dict(header["about"])
            except (ValueError, TypeError, KeyError):
                return  # killed before the first vectors
            if header.get("format") != _FORMAT or len(self._widths) != len(self._columns):
                return
            if other := differences(about, self._about):
                raise ValueError(
                    f"{self.path} has vectors of another run, which was interrupted: its {other} differ(s). Choose "
                    "another dst, or delete that file."
                )
            while len(head := file.read(_BLOCK.size)) == _BLOCK.size:
                n_rows, check = _BLOCK.unpack(head)
                first, at, size = self.n_rows, file.tell(), self._n_bytes(n_rows)
                if n_rows == 0 or at + size > os.fstat(file.fileno()).st_size or zlib.crc32(file.read(size)) != check:
                    return
                self._blocks.append((first, first + n_rows, at))

    def _block(self, k: int) -> dict[str, np.ndarray]:
        if self._last[0] != k:
            first, end, at = self._blocks[k]
            with open(self.path, "rb") as file:
                file.seek(at)
                values = np.frombuffer(file.read(self._n_bytes(end - first)), self._dtype)
            edges = np.cumsum([(end - first) * width for width in self._widths])[:-1]
            arrays = (part.reshape(end - first, -1) for part in np.split(values, edges))
            self._last = k, dict(zip(self._columns, arrays, strict=True))
        return self._last[1]
