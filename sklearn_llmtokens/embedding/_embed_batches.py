"""Vectors beside the texts of a table: one callable for every engine that hands out tables in batches."""

import pickle
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from joblib import parallel_config
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from .._utils._columns import values_of
from .._utils._messages import shorten
from .._utils._optional import require
from ..exceptions import NonFiniteVectorError
from ._embedder import LLMTokenEmbedder

VECTOR_DTYPES = ("float32", "float16")
_NAMED = 10  # most columns that an error message names


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


def column_names(names, parameter: str = "text_columns") -> tuple[str, ...]:
    """Return names as a tuple.

    Parameters
    ----------
    names : str or sequence of str
        Names.
    parameter : str, default="text_columns"
        What they were passed as: of text there is at least one.

    Returns
    -------
    tuple of str
        The same.

    Raises
    ------
    ValueError
        If there is no column of text, or a name is there twice.
    TypeError
        If one is not a str.
    """
    found = (names,) if isinstance(names, str) else tuple(names)
    if not all(isinstance(name, str) for name in found):
        raise TypeError(f"{parameter}={shorten(names)}: names of columns are str.")
    if len(set(found)) < len(found) or (parameter == "text_columns" and not found):
        raise ValueError(f"{parameter}={shorten(names)}: give one name or several different ones.")
    return found


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


def check_columns(found: Sequence[str], text_columns: Sequence[str], suffix: str) -> None:
    """Make sure that the columns of text are there and those of their vectors are not.

    Parameters
    ----------
    found : sequence of str
        The columns of the table.
    text_columns : sequence of str
        The columns of text.
    suffix : str
        Ends the names of the new columns.

    Raises
    ------
    KeyError
        If a column is not there.
    ValueError
        If a column of text is there twice, or a new column would replace one.
    """
    for name in text_columns:
        if name not in found:
            columns = ", ".join(map(shorten, found[:_NAMED])) + (", ..." if len(found) > _NAMED else "")
            raise KeyError(f"text_columns names {shorten(name)}, and the columns are {columns}.")
        if found.count(name) > 1:
            raise ValueError(f"There are {found.count(name)} columns {shorten(name)}: rename all but the one to embed.")
        if name + suffix in found:
            raise ValueError(f"There is a column {shorten(name + suffix)} already: choose another suffix.")


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


def column_texts(column, name: str) -> list:
    """Return the cells of a column; what is not a text is left to the embedder to refuse.

    Parameters
    ----------
    column : list, ndarray, Series or pyarrow array
        The column.
    name : str
        Its name, for messages.

    Returns
    -------
    list
        Its cells.

    Raises
    ------
    TypeError
        If a column of Arrow does not hold text.
    """
    if type(column).__module__.partition(".")[0] != "pyarrow":
        if isinstance(column, list | tuple):
            return list(column)
        if isinstance(column, np.ndarray):
            return values_of(column)
        convert = getattr(column, "tolist", None) or getattr(column, "to_list", None)
        if convert is None:
            raise TypeError(
                f"Column {shorten(name)} is a {type(column).__name__}: a list or an array of texts is expected."
            )
        return convert()
    check_text_type(column.type, name)
    return column.to_pylist()


def check_text_type(found, name: str) -> None:
    """Make sure that a column of Arrow holds text.

    Parameters
    ----------
    found : pyarrow.DataType
        Its type.
    name : str
        Its name.

    Raises
    ------
    TypeError
        If it holds something else.
    """
    import pyarrow as pa

    kind = found.value_type if pa.types.is_dictionary(found) else found
    texts = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind)
    if not texts and not pa.types.is_string_view(kind):
        raise TypeError(f"Column {shorten(name)} holds {str(found)[:60]}, not text.")


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
