"""Which format a file has, and its bytes without compression."""

import bz2
import gzip
import lzma
from pathlib import Path
from typing import IO, Any

from ._errors import UsageError

COMPRESSED = {".gz", ".bz2", ".xz", ".zst"}
_FORMATS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
}
_ZIP = b"PK\x03\x04"


def format_of(src: str, asked: str) -> str:
    """Return the format of a source.

    Parameters
    ----------
    src : str
        A file, or ``"-"``.
    asked : str
        What ``--input-format`` says.

    Returns
    -------
    str
        ``"auto"`` for standard input, whose first bytes say it.

    Raises
    ------
    UsageError
        If the name does not say it.

    Examples
    --------
    >>> format_of("reviews.csv.gz", "auto"), format_of("reviews.txt", "tsv")
    ('csv', 'tsv')
    """
    if asked != "auto" or src == "-":
        return asked
    suffixes = [suffix.lower() for suffix in Path(src).suffixes]
    if suffixes and suffixes[-1] in COMPRESSED:
        suffixes.pop()
    if suffixes and suffixes[-1] in _FORMATS:
        return _FORMATS[suffixes[-1]]
    with open(src, "rb") as file:
        if file.read(4) == b"PAR1":
            return "parquet"
    raise UsageError(f"The name of {src} does not say what is in it: pass --input-format csv, tsv, jsonl or parquet.")


def sniff(head: bytes) -> str:
    """Return the format of standard input by its first bytes.

    Parameters
    ----------
    head : bytes
        Without compression.

    Returns
    -------
    str
        CSV unless it begins as Parquet or as a JSON object or array.

    Examples
    --------
    >>> sniff(b'{"text": "a"}'), sniff(b"text,label")
    ('jsonl', 'csv')
    """
    if head.startswith(b"PAR1"):
        return "parquet"
    return "jsonl" if head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"[") else "csv"


def decompressed(file: IO[bytes], name: str) -> Any:
    """Return a file object of what is in a compressed file; another file as it is.

    Parameters
    ----------
    file : file object
        Open for bytes, at its beginning; it can seek.
    name : str
        Its name, for messages.

    Returns
    -------
    file object
        At its beginning.

    Raises
    ------
    UsageError
        If it is a zip archive, as workbooks of Excel are too.
    """
    head = file.read(6)
    file.seek(0)
    if head.startswith(_ZIP):
        raise UsageError(f"{name} is a zip archive or an Excel workbook: unpack it, or save it as CSV UTF-8.")
    if head.startswith(b"\x1f\x8b"):
        return gzip.GzipFile(fileobj=file)
    if head.startswith(b"BZh"):
        return bz2.BZ2File(file)
    if head == b"\xfd7zXZ\x00":
        return lzma.LZMAFile(file)
    if head.startswith(b"\x28\xb5\x2f\xfd"):
        import pyarrow as pa

        return pa.CompressedInputStream(file, "zstd")
    return file
