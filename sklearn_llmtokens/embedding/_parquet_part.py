"""One part of `embed_parquet`: rows of one file, read, embedded and written a batch at a time."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np

from ._batch_columns import column_texts
from ._embed_batches import embed_column
from ._parquet_bar import RowsBar
from ._parquet_files import readable
from ._parquet_journal import Journal
from ._parquet_pace import Pace
from ._parquet_writers import NpyWriter, ParquetWriter
from ._progress import listen

NPY = ".npy"

_READ_BUFFER_BYTES = 1 << 20


class Sources(Protocol):
    """What rows were made of, as a hash."""

    def of(self, file: str, start: int, stop: int) -> str:
        """Return a hash of the rows of a file."""


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
    """Rows of one file, and where their vectors go.

    Attributes
    ----------
    file : str
        The name of the file.
    filesystem : pyarrow.fs.FileSystem or None
        Where it lies.
    start, stop : int
        The rows.
    path : Path
        Where the part goes.
    handle : file object, optional
        What is read instead of a file of that name.
    """

    file: str
    filesystem: object
    start: int
    stop: int
    path: Path
    handle: Any = None

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
    sources : Sources
        Hashes of the bytes that are read.
    batch_rows : int
        Rows that are in memory at once.
    gather : callable
        Returns a context in which warnings that carry a number of texts are added up.
    """

    embedder: Any
    settings: "Settings"
    sources: Sources
    batch_rows: int
    gather: Callable[[], AbstractContextManager] = nullcontext


def write_part(file: BinaryIO, part: Part, job: Job, journal: Journal, bar: RowsBar) -> None:
    """Write a part into `file`, from the vectors of the journal and those of the model.

    Parameters
    ----------
    file : file object
        Open for bytes.
    part : Part
        Its rows; the name of its file says in which format they are written.
    job : Job
        What is done with them.
    journal : Journal
        Has the vectors of the first rows, and gets the others.
    bar : RowsBar
        Counts the rows.
    """
    settings, pace, row, n_before = job.settings, Pace(), 0, bar.n
    writer: NpyWriter | ParquetWriter
    if part.path.suffix == NPY:
        writer = NpyWriter(file, part.n_rows)
    else:
        writer = ParquetWriter(file, settings.columns, settings.suffix, json.dumps(part.describe(job)).encode())
    with ExitStack() as stack:
        stack.callback(writer.close)
        bar.set(n_before + journal.n_rows)
        for batch in _read_rows(part, settings, job.batch_rows):
            writer.write(batch, _vectors_of(batch, row, part, job, journal, pace, partial(_count, bar, n_before + row)))
            row += len(batch)
            bar.set(n_before + max(row, journal.n_rows))


def _vectors_of(batch, row: int, part: Part, job: Job, journal: Journal, pace: Pace, count: Callable) -> dict:
    """Return the vectors of a batch that begins at `row` of the part: kept ones, and the others a slice at a time."""
    names = job.settings.text_columns
    kept = min(max(journal.n_rows - row, 0), len(batch))
    found = [journal.read(row, row + kept)] if kept else []
    texts = [column_texts(batch[name], name) for name in names]
    start = kept
    while start < len(batch) or not found:
        stop, cost = pace.cut(texts, start) if start < len(batch) else (start, 0)
        started = time.monotonic()
        vectors: dict[str, np.ndarray] = {}
        try:
            for name, column in zip(names, texts, strict=True):
                n_columns = len(vectors), len(names)
                with job.gather(), listen(partial(count, start, stop - start, *n_columns)):
                    vectors[name] = embed_column(job.embedder, column[start:stop], name, job.settings.dtype)
        except Exception as error:
            first = part.start + row + start
            error.add_note(f"The batch is rows {first} to {first + stop - start - 1} of {part.file}.")
            raise
        pace.learn(cost, time.monotonic() - started)
        if stop > start:
            journal.append(vectors)
        found.append(vectors)
        count(start, stop - start, 0, 1, 1.0)
        start = stop
    return {name: np.concatenate([vectors[name] for vectors in found]) for name in names}


def _count(bar: RowsBar, n_before: float, start: int, n_rows: int, n_done: int, n_columns: int, share: float) -> None:
    """Count the rows of a slice in parts, while its columns are embedded one after the other."""
    bar.set(n_before + start + n_rows * (n_done + share) / n_columns)


def _read_rows(part: Part, settings: Settings, batch_rows: int) -> Iterator:
    """Read the rows of a part, a batch at a time: whole row groups before it are left out, other rows cut off."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = settings.read_columns
    options = {"buffer_size": _READ_BUFFER_BYTES, "page_checksum_verification": True}
    source = {"source": part.file, "filesystem": part.filesystem} if part.handle is None else {"source": part.handle}
    with readable(part.file), pq.ParquetFile(**source, **options) as opened:
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
