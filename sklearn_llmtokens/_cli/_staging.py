"""CSV and JSON lines to Parquet before anything is embedded.

A file is read from its first byte to its last: what cannot be read is refused in the first seconds and not after an
hour, and the number of rows is known. The copy has no name in the file system: nothing of it is left by a kill.
"""

import argparse
import codecs
import io
import json
import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import IO, Any

from .._utils._messages import shorten
from ._csv import CsvRows
from ._errors import UsageError
from ._formats import decompressed, sniff
from ._json_lines import JsonRows

_READ_BYTES = 1 << 20
_GUESSED_BYTES = 1 << 16


@dataclass(frozen=True)
class Staged:
    """A table that is ready to be embedded.

    Attributes
    ----------
    file : file object
        Parquet.
    name : str
        The source, for messages and the names of parts.
    identity : str
        Hash of the bytes of the source and of how they were read.
    """

    file: IO[bytes]
    name: str
    identity: str


def stage(options: argparse.Namespace, kind: str, folder: Path, stack: ExitStack) -> Staged:
    """Copy a source to Parquet.

    Parameters
    ----------
    options : Namespace
        Of the parser.
    kind : str
        The format of the source; "auto" goes by its first bytes.
    folder : Path
        Where there is room for the copy.
    stack : ExitStack
        Closes the copy.

    Returns
    -------
    Staged
        The copy.

    Raises
    ------
    UsageError
        If the source cannot be read, or has not got the columns.
    """
    name = "stdin" if options.src == "-" else options.src
    raw = _spooled(folder) if options.src == "-" else open(options.src, "rb")  # noqa: SIM115
    stack.enter_context(raw)

    def opened() -> Any:
        again = stack.enter_context(os.fdopen(os.dup(raw.fileno()), "rb"))
        again.seek(0)
        return decompressed(again, name)

    try:
        kind = sniff(opened().read(_READ_BYTES)) if kind == "auto" else kind
        digest = _hash(opened(), None if kind == "parquet" else name, options)
        settings = json.dumps([kind, options.delimiter if kind == "csv" else None]).encode()
        identity = blake2b(digest + settings, digest_size=16).hexdigest()
        staged = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
        stack.enter_context(staged)
        if kind == "parquet":
            for chunk in iter(_reader(opened()), b""):
                staged.write(chunk)
        else:
            _write(opened, kind, name, options, staged)
    except (EOFError, OSError) as error:
        if getattr(error, "errno", None) is not None:
            raise
        raise UsageError(f"{name} is cut off or damaged ({str(error)[:100]}): compress or copy it again.") from None
    staged.seek(0)
    return Staged(staged, name, identity)


def _spooled(folder: Path) -> IO[bytes]:
    """Copy standard input, which can be read once, to a file."""
    spool = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  closed by the caller
    for chunk in iter(_reader(sys.stdin.buffer), b""):
        spool.write(chunk)
    spool.flush()
    return spool


def _reader(file: IO[bytes]) -> Callable[[], bytes]:
    return lambda: file.read(_READ_BYTES)


def _hash(file: IO[bytes], text_name: str | None, options: argparse.Namespace) -> bytes:
    """Hash all bytes; make sure that they are UTF-8 where `text_name` names a file of text."""
    found, rest, n_lines, head = blake2b(digest_size=16), b"", 0, b""
    for chunk in iter(_reader(file), b""):
        found.update(chunk)
        if text_name is None:
            continue
        head = head or chunk[:_GUESSED_BYTES]
        data, rest = rest + chunk, b""
        try:
            codecs.utf_8_decode(data, "strict", True)
        except UnicodeDecodeError as error:
            if error.start < len(data) - 3 or error.reason != "unexpected end of data":
                raise _not_utf8(data, error.start, n_lines, head, text_name, options) from None
            data, rest = data[: error.start], data[error.start :]
        n_lines += data.count(b"\n")
    if rest and text_name is not None:
        raise _not_utf8(rest, 0, n_lines, head, text_name, options)
    return found.digest()


def _not_utf8(data: bytes, at: int, n_lines: int, head: bytes, name: str, options: argparse.Namespace) -> UsageError:
    encoding = _guess(head)
    source = "" if options.src == "-" else f" {options.src}"
    known = encoding or "ENCODING"
    return UsageError(
        f"{name} is not UTF-8 (byte 0x{data[at]:02x} in line {n_lines + data[:at].count(10) + 1})"
        f"{f', it may be {encoding}' if encoding else ''}. Convert it: iconv -f {known} -t UTF-8{source} | "
        f"sklearn-llmtokens embed - {options.dst} ..."
    )


def _guess(head: bytes) -> str | None:
    """Guess an encoding.

    Examples
    --------
    >>> _guess("物流很快".encode("gb18030")), _guess("物流".encode("utf-16"))
    ('GB18030', 'UTF-16')
    """
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "UTF-16"
    try:
        codecs.getincrementaldecoder("gb18030")().decode(head)
    except UnicodeDecodeError:
        return None
    return "GB18030"


def _write(opened: Callable[[], IO[bytes]], kind: str, name: str, options: argparse.Namespace, file) -> None:
    """Write the rows of a file of text as Parquet."""
    import pyarrow.parquet as pq

    def lines() -> Any:
        # csv.reader finds the ends of lines itself; a line of JSON ends at "\n" alone.
        return io.TextIOWrapper(opened(), encoding="utf-8-sig", newline="" if kind != "jsonl" else "\n")

    wanted = None if options.columns is None and options.output_format != "npy" else options.columns or []
    kept = None if wanted is None else list(dict.fromkeys([*wanted, *options.text_columns]))
    rows: CsvRows | JsonRows
    if kind == "jsonl":
        rows = JsonRows(lines, name, options.text_columns, kept)
    else:
        rows = CsvRows(lines, name, options.text_columns, kept, options.delimiter or ("\t" if kind == "tsv" else ","))
    with pq.ParquetWriter(file, rows.schema, compression="zstd") as writer:
        for batch in rows.batches():
            writer.write_batch(batch)
    if options.missing == "error" and rows.missing:
        raise UsageError(_missing(rows.missing, name))


def _missing(found: dict[str, tuple[int, int]], name: str) -> str:
    column, (n_missing, line) = next(iter(found.items()))
    return (
        f"{name} has {n_missing:,} missing text(s) in column {shorten(column)}, the first in line {line:,}: fill them, "
        "leave these rows out, or pass --missing zero for rows of zeros."
    )
