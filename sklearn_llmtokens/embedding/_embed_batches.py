"""Vectors beside the texts of a table: one callable for every engine that hands out tables in batches."""

import pickle
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from joblib import parallel_config
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from .._utils._messages import shorten
from .._utils._optional import require
from ..exceptions import NonFiniteVectorError
from ._batch_columns import check_columns, column_names, column_texts
from ._embedder import LLMTokenEmbedder

VECTOR_DTYPES = ("float32", "float16")


class EmbedBatches:
    """Add the vectors of text columns to batches of a table.

    An instance is a picklable callable without weights: Ray Data takes it in ``map_batches`` (the class, with its
    arguments as ``fn_constructor_kwargs``, for a pool of actors), dask in ``map_partitions``, Spark in ``mapInPandas``
    and ``mapInArrow``. Each process that calls it loads the model once. Batches are embedded in the process that got
    them, whatever `n_jobs` of the embedder says.

    Parameters
    ----------
    embedder : LLMTokenEmbedder or other fitted transformer, default=None
        Turns a list of texts into rows. None is ``LLMTokenEmbedder()``. An `LLMTokenEmbedder` need not be fitted; a
        pipeline that begins with one must be.
    text_columns : str or sequence of str, default="text"
        The columns of text.
    suffix : str, default="_vector"
        Added to the name of a column of text, it names that of its vectors.
    dtype : {"float32", "float16"}, default="float32"
        Type of the vectors.

    Raises
    ------
    TypeError
        If the embedder cannot be pickled. Some clusters wait without end for what does not arrive.

    See Also
    --------
    embed_parquet : The same for files, without an engine.

    Notes
    -----
    A batch may be a dict of arrays or lists (vectors are an array of shape (n_rows, n_features)), a pandas DataFrame (a
    column of 1-D arrays), a `pyarrow.Table` or `pyarrow.RecordBatch` (a fixed-size list), or an iterator of these,
    which gives an iterator. What comes out has the type that went in.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_llmtokens import EmbedBatches
    >>> batch = EmbedBatches(text_columns="title")({"id": np.array([7, 8]), "title": np.array(["很快", "碎了"])})
    >>> list(batch), batch["title_vector"].dtype, len(batch["title_vector"])
    (['id', 'title', 'title_vector'], dtype('float32'), 2)
    """

    def __init__(self, embedder=None, text_columns="text", *, suffix="_vector", dtype="float32"):
        self.embedder = fitted(embedder)
        self.text_columns = column_names(text_columns)
        self.suffix = suffix
        self.dtype = vector_dtype(dtype)
        try:
            pickle.dumps(self.embedder)
        except (pickle.PicklingError, TypeError, AttributeError) as error:
            raise TypeError(
                f"The embedder cannot be sent to other processes, for it does not pickle: {str(error)[:200]}"
            ) from error

    def __call__(self, batch):
        """Embed the texts of a batch.

        Parameters
        ----------
        batch : dict of ndarray or list, DataFrame, pyarrow.Table, pyarrow.RecordBatch, or iterator of these
            Rows with the columns of text.

        Returns
        -------
        dict, DataFrame, pyarrow.Table, pyarrow.RecordBatch or iterator
            The same with a column of vectors for each column of text.

        Raises
        ------
        KeyError
            If a column is not there.
        ValueError
            If a column of vectors is there already, a column of text twice, or a text is missing.
        TypeError
            If something is not a text.
        FloatingPointError
            If a value does not fit into float16.
        """
        if isinstance(batch, Iterator):
            return map(self, batch)
        with parallel_config(backend="sequential"):
            return add_vectors(batch, self.embedder, self.text_columns, self.suffix, self.dtype)


def add_vectors(batch, embedder, text_columns: Sequence[str], suffix: str, dtype: str):
    """Add a column of vectors for each column of text.

    Parameters
    ----------
    batch : dict of ndarray or list, DataFrame, pyarrow.Table or pyarrow.RecordBatch
        Rows.
    embedder : fitted transformer
        Turns texts into rows.
    text_columns : sequence of str
        The columns of text.
    suffix : str
        Ends the names of the new columns.
    dtype : str
        Type of the vectors.

    Returns
    -------
    dict, DataFrame, pyarrow.Table or pyarrow.RecordBatch
        As `batch`.
    """
    kind = _kind(batch)
    found = list(batch.schema.names) if kind == "arrow" else list(batch)
    check_columns(found, text_columns, suffix)
    new = {name + suffix: embed_column(embedder, column_texts(batch[name], name), name, dtype) for name in text_columns}
    if kind == "dict":
        return {**batch, **new}
    if kind == "pandas":
        return batch.assign(**{name: _cells(vectors) for name, vectors in new.items()})
    for name, vectors in new.items():
        batch = batch.append_column(name, fixed_size_lists(vectors))
    return batch


def fixed_size_lists(vectors: np.ndarray):
    """Return rows as an Arrow array.

    Parameters
    ----------
    vectors : ndarray of shape (n, d)
        Rows.

    Returns
    -------
    pyarrow.FixedSizeListArray
        `n` lists of `d` numbers.
    """
    pa = require("pyarrow", extra="frames", purpose="An Arrow table")
    values = pa.array(np.ascontiguousarray(vectors).reshape(-1))
    return pa.FixedSizeListArray.from_arrays(values, vectors.shape[1])


def fitted(embedder):
    """Return an embedder that is ready; one of ours is made so, another must be.

    Parameters
    ----------
    embedder : transformer or None
        None is ``LLMTokenEmbedder()``.

    Returns
    -------
    transformer
        The one that came in, or a fitted clone.

    Raises
    ------
    NotFittedError
        If it would have to learn from the data.
    """
    embedder = LLMTokenEmbedder() if embedder is None else embedder
    if isinstance(embedder, LLMTokenEmbedder) and not hasattr(embedder, "spec_"):
        return clone(embedder).fit([""])  # a fit reads no text
    check_is_fitted(embedder)
    return embedder


def vector_dtype(dtype: str) -> str:
    """Check the type of vectors.

    Parameters
    ----------
    dtype : str
        What was asked for.

    Returns
    -------
    str
        The same.

    Raises
    ------
    ValueError
        If it is not one of those that are written.
    """
    if dtype not in VECTOR_DTYPES:
        raise ValueError(f"dtype={shorten(dtype)} is neither of {', '.join(map(repr, VECTOR_DTYPES))}.")
    return dtype


def _kind(batch) -> str:
    if isinstance(batch, Mapping):
        return "dict"
    library = type(batch).__module__.partition(".")[0]
    if library == "pandas" and hasattr(batch, "assign"):
        return "pandas"
    if library == "pyarrow" and hasattr(batch, "append_column"):
        return "arrow"
    raise TypeError(
        f"A batch is a {type(batch).__name__}: a dict of arrays, a pandas DataFrame, a pyarrow Table or RecordBatch is "
        "expected, or an iterator of these."
    )


def embed_column(embedder, texts: list, name: str, dtype: str) -> np.ndarray:
    """Return the vectors of texts in the type that is written.

    Parameters
    ----------
    embedder : fitted transformer
        Turns texts into rows.
    texts : list
        The texts.
    name : str
        The name of their column, for messages.
    dtype : str
        Type of the vectors.

    Returns
    -------
    ndarray of shape (n_texts, n_features)
        The vectors.

    Raises
    ------
    NonFiniteVectorError
        If a value does not fit into float16.
    """
    try:
        vectors = np.asarray(embedder.transform(texts))
    except (ValueError, TypeError, MemoryError, FloatingPointError) as error:
        error.add_note(f"X is column {shorten(name)} of the batch.")
        raise
    with np.errstate(over="ignore"):
        small = vectors.astype(dtype, copy=False)
    if dtype == "float16" and not np.isfinite(small).all():
        row = int(np.flatnonzero(~np.isfinite(small).all(axis=1))[0])
        raise NonFiniteVectorError(
            f"Row {row} of column {shorten(name)} has a feature beyond the 65504 of float16: use dtype='float32', or "
            "rows of unit length (normalize=True)."
        )
    return small


def _cells(vectors: np.ndarray) -> np.ndarray:
    """Return rows as cells: an array of 1-D arrays."""
    cells = np.empty(len(vectors), dtype=object)
    for i, row in enumerate(vectors):
        cells[i] = row
    return cells
