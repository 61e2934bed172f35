"""Vectors for corpora that are larger than memory: Parquet in, Parquet with vectors out, a part at a time."""

from ._parquet_plan import plan_files, read_request


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
        Most rows that are in memory at once. Give each worker some thousands. They are embedded in slices of some
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
    request = read_request(text_columns, columns, suffix, dtype, batch_rows, part_rows, shard, verbose)
    return plan_files(src, dst, request).fit(embedder)()
