"""Vectors for corpora that are larger than memory: Parquet in, Parquet with vectors out, a part at a time."""

import os
from collections.abc import Sequence
from pathlib import Path

from .._utils._messages import shorten
from .._utils._optional import require
from ._embed_batches import check_columns, check_text_type, column_names, fitted, vector_dtype
from ._parquet_files import first_line, readable
from ._parquet_identity import SourceHashes, embedder_hash
from ._parquet_part import Part, Settings
from ._parquet_run import FORMAT_VERSION, run_parts


def embed_parquet(
    src,
    dst,
    *,
    text_columns="text",
    embedder=None,
    columns=None,
    suffix="_vector",
    dtype="float32",
    batch_rows=8192,
    part_rows=131_072,
    shard=(0, 1),
    verbose=0,
):
    """Embed the text columns of Parquet files, and write the vectors beside the other columns.

    Rows are read, embedded and written a batch at a time, so that memory depends on `batch_rows` and not on the number
    of rows. Each part is written under a temporary name and renamed when it is whole. The vectors of an unfinished part
    are kept in a hidden file beside it every few seconds. A run that is started again leaves the parts that are there,
    takes these vectors and does the rest, once it has made sure that the columns they were made of still hold the same
    bytes: these are read once more for that, and nothing is decoded.

    Parameters
    ----------
    src : str, path-like or pyarrow.dataset.Dataset
        A Parquet file, a folder of them, or a dataset of them, on any file system that pyarrow reads.
    dst : str or path-like
        Folder on a local or mounted file system, outside of a folder `src`. Gets
        ``<name of the file>-<number of the part>.parquet`` for every file of `src`, in the same subfolders.
    text_columns : str or sequence of str, default="text"
        The columns of text. Each gets a column of vectors.
    embedder : LLMTokenEmbedder or other fitted transformer, default=None
        Turns a list of texts into rows. None is ``LLMTokenEmbedder()``. An `LLMTokenEmbedder` need not be fitted; a
        pipeline that begins with one must be. Its `n_jobs` and `joblib.parallel_config` apply.
    columns : str or sequence of str, default=None
        The columns of `src` that are kept. None is all.
    suffix : str, default="_vector"
        Added to the name of a column of text, it names that of its vectors.
    dtype : {"float32", "float16"}, default="float32"
        Type of the vectors, which are lists of fixed size.
    batch_rows : int, default=8192
        Most rows that are in memory at once. Give each worker some thousands. They are embedded in slices of about four
        seconds.
    part_rows : int, default=131072
        Most rows of a part.
    shard : tuple of (int, int), default=(0, 1)
        ``(i, n)`` does every `n`-th part, from the `i`-th on, so that `n` processes without any engine share the work.
    verbose : int, default=0
        1 shows a progress bar of rows, which appears after a second.

    Returns
    -------
    list of Path
        The parts in the order of the rows, those that were there before among them; with `shard`, its own.

    Raises
    ------
    KeyError
        If a column is not there.
    ValueError
        If `dst` holds parts of other rows, another embedder or other settings, or lies in the folder `src`; if two
        files would get the same parts; and if a text is missing.
    TypeError
        If a column does not hold text.
    BlockingIOError
        If another process is writing the same part.
    FloatingPointError
        If a value does not fit into float16.
    OSError
        If a file of `src` is absent or cannot be read as Parquet. Page checksums are compared where the file has them;
        without them a changed byte can be another text.

    Warns
    -----
    TruncationWarning, UnknownTokenWarning
        Once each, with the number of texts that were cut, and of those that are mostly unknown to the vocabulary. A
        text counts once per batch.
    RuntimeWarning
        If a part is damaged and is written again.

    See Also
    --------
    EmbedBatches : The same inside Ray Data, dask and Spark.

    Examples
    --------
    >>> import tempfile
    >>> import pyarrow as pa, pyarrow.parquet as pq
    >>> from sklearn_llmtokens import embed_parquet
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     pq.write_table(pa.table({"id": [1, 2], "text": ["快递很快", "屏幕碎了"]}), f"{folder}/reviews.parquet")
    ...     parts = embed_parquet(f"{folder}/reviews.parquet", f"{folder}/vectors", dtype="float16")
    ...     pq.read_table(parts[0]).schema.names
    ['id', 'text', 'text_vector']
    """
    text_columns = column_names(text_columns)
    columns = None if columns is None else column_names(columns, "columns")
    vector_dtype(dtype)
    for name, value in (("batch_rows", batch_rows), ("part_rows", part_rows)):
        if value < 1:
            raise ValueError(f"{name}={shorten(value)} must be at least 1.")
    index, count = shard
    if not 0 <= index < count:
        raise ValueError(f"shard={shorten(shard)} must be (i, n) with 0 <= i < n.")
    files, filesystem = _files(src)
    parts = _plan(files, filesystem, _folder(dst, src), part_rows)[index::count]
    for file in files:
        _check_file(file, filesystem, text_columns, columns, suffix)
    embedder = fitted(embedder)  # after all that can be wrong with files and columns: a model takes seconds
    settings = Settings(FORMAT_VERSION, text_columns, columns, suffix, dtype, embedder_hash(embedder))
    sources = SourceHashes(filesystem, settings.read_columns)
    return run_parts(parts, embedder, settings, sources, batch_rows, verbose)


def _folder(dst, src) -> Path:
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


def _plan(files: list[str], filesystem, dst: Path, part_rows: int) -> list[Part]:
    """List the parts of all files, in the order of their names."""
    import pyarrow.parquet as pq

    # Names below the folder that holds all files; the name alone where there is one file.
    base = os.path.commonpath([os.path.dirname(file) for file in files])
    if str(dst.resolve()) == os.path.realpath(base):
        raise ValueError(f"dst={str(dst)!r} is the folder of the files that are read: choose another.")
    parts, file_of = [], dict[str, str]()
    for file in files:
        with readable(file), pq.ParquetFile(file, filesystem=filesystem) as opened:
            n_rows = opened.metadata.num_rows
        stem = os.path.relpath(file, base).removesuffix(".parquet")
        if file_of.setdefault(stem, file) != file:
            raise ValueError(f"{file_of[stem]} and {file} would both be written to {dst / stem}-*: rename one of them.")
        for k, start in enumerate(range(0, max(1, n_rows), part_rows)):
            stop = min(start + part_rows, n_rows)
            parts.append(Part(file, filesystem, start, stop, dst / f"{stem}-{k:05d}.parquet"))
    return parts


def _check_file(file: str, filesystem, text_columns: Sequence[str], columns: Sequence[str] | None, suffix: str) -> None:
    """Look at the names and types of the columns of a file."""
    import pyarrow.parquet as pq

    with readable(file), pq.ParquetFile(file, filesystem=filesystem) as opened:
        schema = opened.schema_arrow
    check_columns(schema.names, text_columns, suffix)
    for name in text_columns:
        check_text_type(schema.field(name).type, name)
    if columns is not None and not set(columns) <= set(schema.names):
        absent = sorted(set(columns) - set(schema.names))
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
