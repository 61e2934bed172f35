"""What `embed_parquet` and the command will read and write; what is wrong with it is found before a model is loaded."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from .._utils._messages import shorten
from .._utils._optional import require
from ._batch_columns import check_columns, check_text_type, column_names
from ._embed_batches import fitted, vector_dtype
from ._parquet_files import first_line, readable
from ._parquet_identity import SourceHashes, embedder_hash
from ._parquet_part import NPY, Job, Part, Settings, Sources
from ._parquet_run import FORMAT_VERSION, find_missing, write_parts


@dataclass(frozen=True)
class Request:
    """The parameters of `embed_parquet` that do not concern files and models; `read_request` makes one."""

    text_columns: tuple[str, ...]
    columns: tuple[str, ...] | None
    suffix: str
    dtype: str
    batch_rows: int
    part_rows: int
    shard: tuple[int, int]
    verbose: int


def read_request(text_columns, columns, suffix, dtype, batch_rows, part_rows, shard, verbose) -> Request:
    """Check parameters.

    Parameters
    ----------
    text_columns, columns, suffix, dtype, batch_rows, part_rows, shard, verbose
        As in `embed_parquet`.

    Returns
    -------
    Request
        The same, with names as tuples.

    Raises
    ------
    ValueError
        If a number or a type of vectors is not accepted.
    """
    for name, value in (("batch_rows", batch_rows), ("part_rows", part_rows)):
        if value < 1:
            raise ValueError(f"{name}={shorten(value)} must be at least 1.")
    index, count = shard
    if not 0 <= index < count:
        raise ValueError(f"shard={shorten(shard)} must be (i, n) with 0 <= i < n.")
    names = column_names(text_columns)
    kept = None if columns is None else column_names(columns, "columns")
    return Request(names, kept, suffix, vector_dtype(dtype), batch_rows, part_rows, (index, count), verbose)


@dataclass(frozen=True)
class Plan:
    """What is read and written.

    Attributes
    ----------
    parts : sequence of Part
        Files to write.
    sources : Sources or None
        Hashes of what they are made of; None for the bytes of Parquet files.
    request : Request
        How.
    """

    parts: Sequence[Part]
    sources: Sources | None
    request: Request

    @property
    def n_rows(self) -> int:
        """Rows of all parts."""
        return sum(part.n_rows for part in self.parts)

    def fit(self, embedder) -> Callable[[], list[Path]]:
        """Settle how texts are embedded.

        Parameters
        ----------
        embedder : LLMTokenEmbedder, other fitted transformer or None
            As in `embed_parquet`.

        Returns
        -------
        callable
            Writes the parts that are missing, and returns the paths of all.
        """
        embedder, request = fitted(embedder), self.request
        if not self.parts:  # there are more shards than files
            return list
        names = (request.text_columns, request.columns, request.suffix, request.dtype)
        settings = Settings(FORMAT_VERSION, *names, embedder_hash(embedder))
        sources = self.sources or SourceHashes(self.parts[0].filesystem, settings.read_columns)
        job = Job(embedder, settings, sources, request.batch_rows)
        missing = find_missing(self.parts, job)
        return lambda: write_parts(self.parts, missing, job, request.verbose)


@dataclass(frozen=True)
class _OneSource:
    """The hash of a source of which all parts are made."""

    identity: str

    def of(self, file: str, start: int, stop: int) -> str:
        return self.identity


def plan_files(src, dst, request: Request) -> Plan:
    """Plan the parts of Parquet files.

    Parameters
    ----------
    src : str, path-like or pyarrow.dataset.Dataset
        A file, a folder or a dataset.
    dst : str or path-like
        A folder, or a name that ends in .parquet or .npy where the command writes one file.
    request : Request
        How.

    Returns
    -------
    Plan
        The parts of the shard.
    """
    files, filesystem = _files(src)
    parts = _parts_of(files, filesystem, _target_folder(dst, src), request)
    return Plan(parts[request.shard[0] :: request.shard[1]], None, request)


def plan_table(handle: str | IO[bytes], name: str, identity: str | None, dst: Path, request: Request) -> Plan:
    """Plan the parts of one table.

    Parameters
    ----------
    handle : str or file object
        Parquet.
    name : str
        What it was made of, for messages and the names of parts.
    identity : str or None
        Hash of what it was made of. None for the bytes of a Parquet file.
    dst : Path
        A file that ends in .parquet or .npy, or a folder of parts.
    request : Request
        How.

    Returns
    -------
    Plan
        One part, or those of the shard.
    """
    pa = require("pyarrow", extra="frames", purpose="The command embed")
    import pyarrow.parquet as pq

    with readable(name), pq.ParquetFile(handle) as opened:
        n_rows, schema = opened.metadata.num_rows, opened.schema_arrow
    _check_columns(schema, name, request)
    sources = None if identity is None else _OneSource(identity)
    filesystem = pa.fs.LocalFileSystem() if identity is None else None
    if dst.suffix in (".parquet", NPY) and not dst.is_dir():
        return Plan([Part(name, filesystem, 0, n_rows, dst, handle)], sources, request)
    stem = os.path.basename(name).partition(".")[0] or "table"
    parts = [Part(name, filesystem, *rows, path, handle) for rows, path in _cut(n_rows, dst, stem, request)]
    return Plan(parts[request.shard[0] :: request.shard[1]], sources, request)


def _target_folder(dst, src) -> Path:
    """Return the folder of the parts, which must not be among the files that the next run reads."""
    try:
        folder = Path(dst).expanduser()
    except RuntimeError as error:
        raise ValueError(f"dst={os.fspath(dst)!r}: there is no such user ({error}).") from error
    if isinstance(src, str | os.PathLike):
        read = Path(src).expanduser().resolve()
        if read.is_dir() and folder.resolve().is_relative_to(read):
            raise ValueError(
                f"dst={str(dst)!r} lies in src={str(src)!r}, whose files are read: choose a folder beside it."
            )
    return folder


def _parts_of(files: list[str], filesystem, dst: Path, request: Request) -> list[Part]:
    """List the parts of all files, in the order of their names, and look at the columns of each file."""
    import pyarrow.parquet as pq

    # Names below the folder that holds all files; the name alone where there is one file.
    base = os.path.commonpath([os.path.dirname(file) for file in files])
    if str(dst.resolve()) == os.path.realpath(base):
        raise ValueError(f"dst={str(dst)!r} is the folder of the files that are read: choose another.")
    parts, file_of = [], dict[str, str]()
    for file in files:
        with readable(file), pq.ParquetFile(file, filesystem=filesystem) as opened:
            n_rows, schema = opened.metadata.num_rows, opened.schema_arrow
        _check_columns(schema, file, request)
        stem = os.path.relpath(file, base).removesuffix(".parquet")
        if file_of.setdefault(stem, file) != file:
            raise ValueError(f"{file_of[stem]} and {file} would both be written to {dst / stem}-*: rename one of them.")
        parts += [Part(file, filesystem, *rows, path) for rows, path in _cut(n_rows, dst, stem, request)]
    return parts


def _cut(n_rows: int, dst: Path, stem: str, request: Request) -> Iterator[tuple[tuple[int, int], Path]]:
    """Yield the rows and the files of parts."""
    for k, start in enumerate(range(0, max(1, n_rows), request.part_rows)):
        yield (start, min(start + request.part_rows, n_rows)), dst / f"{stem}-{k:05d}.parquet"


def _check_columns(schema, file: str, request: Request) -> None:
    """Look at the names and types of the columns of a file."""
    # A column of vectors that is there already is in the way only where it is kept.
    new = {name + request.suffix for name in request.text_columns}
    kept = schema.names if request.columns is None else request.columns
    check_columns(
        [name for name in schema.names if name not in new or name in kept], request.text_columns, request.suffix
    )
    for name in request.text_columns:
        check_text_type(schema.field(name).type, name)
    if request.columns is not None and not set(request.columns) <= set(schema.names):
        absent = sorted(set(request.columns) - set(schema.names))
        raise KeyError(f"{file}: columns names {shorten(absent)}, which are not there.")


def _files(src) -> tuple[list[str], object]:
    pa = require("pyarrow", extra="frames", purpose="embed_parquet")
    import pyarrow.dataset as ds

    try:
        dataset = src if isinstance(src, ds.Dataset) else ds.dataset(os.fspath(src), format="parquet")
    except FileNotFoundError as error:
        raise FileNotFoundError(f"src={src!r}: there is no such file or folder ({error}).") from error
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise OSError(f"src={src!r} cannot be read as Parquet ({first_line(error)}).") from error
    if not isinstance(dataset, ds.FileSystemDataset) or dataset.format.default_extname != "parquet":
        raise ValueError(f"src is a {type(dataset).__name__} that is not made of Parquet files.")
    fragments = list(dataset.get_fragments())  # refused by pyarrow where rows or columns were filtered
    if not fragments:
        raise ValueError(f"src={src!r} holds no Parquet file.")
    return sorted(fragment.path for fragment in fragments), dataset.filesystem
