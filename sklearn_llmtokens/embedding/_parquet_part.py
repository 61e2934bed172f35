"""One part of `embed_parquet`: rows of one file, read, embedded and written a batch at a time."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ._embed_batches import add_vectors
from ._parquet_files import readable
from ._parquet_identity import SourceHashes

METADATA_KEY = b"sklearn_llmtokens"

_READ_BUFFER_BYTES = 1 << 20


@dataclass(frozen=True)
class Settings:
    """What must be the same for parts to lie side by side."""

    version: int
    text_columns: tuple[str, ...]
    columns: tuple[str, ...] | None
    suffix: str
    dtype: str
    embedder: str

    @property
    def read_columns(self) -> list[str] | None:
        return None if self.columns is None else list(dict.fromkeys((*self.columns, *self.text_columns)))


@dataclass(frozen=True)
class Part:
    """Rows of one file, and where their vectors go."""

    file: str
    filesystem: object
    start: int
    stop: int
    path: Path

    @property
    def n_rows(self) -> int:
        return self.stop - self.start

    def describe(self, job: "Job") -> dict:
        """Return what is written into the part, as JSON gives it back."""
        source = job.sources.of(self.file, self.start, self.stop)
        values = {**asdict(job.settings), "source": source, "rows": [self.start, self.stop]}
        return json.loads(json.dumps(values))


@dataclass(frozen=True)
class Job:
    """What is done with every part.

    Attributes
    ----------
    embedder : transformer
        Fitted.
    settings : Settings
        What stands in the metadata of each part.
    sources : SourceHashes
        Hashes of the bytes that are read.
    batch_rows : int
        Rows that are in memory at once.
    gather : callable
        Returns a context in which warnings that carry a number of texts are added up.
    """

    embedder: Any
    settings: "Settings"
    sources: SourceHashes
    batch_rows: int
    gather: Callable[[], AbstractContextManager]


def write_part(file: str | Path, part: Part, job: Job, bar) -> None:
    """Write a part into `file`; `bar` counts its rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    writer, row, settings = None, part.start, job.settings
    about = json.dumps(part.describe(job)).encode()
    with ExitStack() as stack:
        for batch in _read_rows(part, settings, job.batch_rows):
            kept = batch if settings.columns is None else batch.select(list(settings.columns))
            try:
                with job.gather():
                    whole = add_vectors(batch, job.embedder, settings.text_columns, settings.suffix, settings.dtype)
            except Exception as error:
                error.add_note(f"The batch is rows {row} to {row + len(batch) - 1} of {part.file}.")
                raise
            for name in whole.schema.names[len(batch.schema.names) :]:
                kept = kept.append_column(whole.schema.field(name), whole.column(name))
            if writer is None:
                metadata = {**(kept.schema.metadata or {}), METADATA_KEY: about}
                schema = kept.schema.with_metadata(metadata)
                flat = [field.name for field in schema if not pa.types.is_nested(field.type)]
                options = {"use_dictionary": flat, "write_statistics": flat, "write_page_checksum": True}
                writer = stack.enter_context(pq.ParquetWriter(file, schema, compression="zstd", **options))
            writer.write_batch(kept.replace_schema_metadata(metadata))
            row += len(batch)
            bar.update(len(batch))


def _read_rows(part: Part, settings: Settings, batch_rows: int) -> Iterator:
    """Read the rows of a part, a batch at a time: whole row groups before it are left out, other rows cut off."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = settings.read_columns
    options = {"buffer_size": _READ_BUFFER_BYTES, "page_checksum_verification": True}
    with readable(part.file), pq.ParquetFile(part.file, filesystem=part.filesystem, **options) as opened:
        groups: list[int] = []
        first = end = 0
        for k in range(opened.metadata.num_row_groups):
            start, end = end, end + opened.metadata.row_group(k).num_rows
            if end > part.start and start < part.stop:
                first = first if groups else start
                groups.append(k)
        if part.n_rows == 0:
            schema = opened.schema_arrow
            empty = pa.RecordBatch.from_arrays([pa.array([], field.type) for field in schema], schema=schema)
            yield empty if columns is None else empty.select(columns)
            return
        row = first
        for batch in opened.iter_batches(batch_rows, row_groups=groups, columns=columns):
            start, stop = max(part.start - row, 0), min(part.stop - row, len(batch))
            row += len(batch)
            if start < stop:
                yield batch.slice(start, stop - start)
            if row >= part.stop:
                return
