"""The first texts of a file, for the command ``info``."""

import argparse
import io
import os
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

from .._utils._messages import shorten
from .._utils._optional import require
from ._csv import CsvRows
from ._errors import UsageError
from ._formats import decompressed, format_of
from ._json_lines import JsonRows


def read_sample(options: argparse.Namespace) -> tuple[list[str], int]:
    """Read the texts of the first rows of a file.

    Parameters
    ----------
    options : Namespace
        Of the parser.

    Returns
    -------
    texts : list of str
        Those that are there.
    n_missing : int
        How many are missing.

    Raises
    ------
    UsageError
        If the file cannot be read, has not got the columns, or has no text.
    """
    src = options.src
    if not os.path.isfile(src):
        raise UsageError(f"SRC={src!r}: there is no such file.")
    require("pyarrow", extra="frames", purpose="A file of texts")
    kind = format_of(src, options.input_format)
    values: list[str | None] = []
    n_rows = 0
    with ExitStack() as stack:
        try:
            for batch in _parquet(options, stack) if kind == "parquet" else _lines(options, kind, stack):
                batch = batch[: options.rows - n_rows]
                n_rows += len(batch)
                values += [value for name in options.text_columns for value in batch[name].to_pylist()]
                if n_rows == options.rows:
                    break
        except UnicodeDecodeError:
            raise UsageError(
                f"{src} is not UTF-8: convert it, as in iconv -f GB18030 -t UTF-8 {src} > new.csv"
            ) from None
    texts = [value for value in values if value is not None]
    if not texts:
        raise UsageError(f"SRC={src!r} has no text in its first {n_rows:,} row(s).")
    return texts, len(values) - len(texts)


def _lines(options: argparse.Namespace, kind: str, stack: ExitStack) -> Iterator[Any]:
    def opened() -> Any:
        raw = open(options.src, "rb")  # noqa: SIM115
        stack.callback(raw.close)
        return io.TextIOWrapper(
            decompressed(raw, options.src), encoding="utf-8-sig", newline="" if kind != "jsonl" else "\n"
        )

    if kind == "jsonl":
        return JsonRows(opened, options.src, options.text_columns, options.text_columns).batches()
    separator = options.delimiter or ("\t" if kind == "tsv" else ",")
    return CsvRows(opened, options.src, options.text_columns, options.text_columns, separator).batches()


def _parquet(options: argparse.Namespace, stack: ExitStack) -> Iterator[Any]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        raw = open(options.src, "rb")  # noqa: SIM115
        stack.callback(raw.close)  # pyarrow leaves a file open that is no Parquet
        file = stack.enter_context(pq.ParquetFile(raw))
    except pa.ArrowInvalid as error:
        raise UsageError(f"{options.src} cannot be read as Parquet ({str(error)[:100]}).") from None
    schema = file.schema_arrow
    for name in options.text_columns:
        if name not in schema.names:
            found = ", ".join(map(shorten, schema.names[:10]))
            raise UsageError(f"--text-columns names {shorten(name)}, and {options.src} has the columns {found}.")
        kind = schema.field(name).type
        kind = kind.value_type if pa.types.is_dictionary(kind) else kind
        if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)):
            raise UsageError(f"Column {shorten(name)} of {options.src} holds {kind}, not text.")
    return file.iter_batches(columns=options.text_columns, batch_size=options.rows)
