"""Read any column of text into lists of str, and refuse anything else with its position.

Every estimator that takes texts begins here: a list, a 1-D array, a Series or a frame of any DataFrame library goes
in, a `TextTable` of plain Python strings comes out. Nothing is converted silently.
"""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import replace
from functools import partial

import numpy as np
from scipy import sparse
from sklearn.utils.validation import validate_data

from ..exceptions import InvalidTextError, TextTypeError
from ._sklearn import check_n_features
from ._text_arrays import read_array, read_sequence
from ._text_cells import check_column
from ._text_frames import batch_as_table, eager_advice, read_dataframe_library
from ._text_table import TextTable, one_column


def read_texts(X, *, missing: str = "error", surrogates: str = "error", min_rows: int = 0) -> TextTable:
    """Read `X` as texts.

    Parameters
    ----------
    X : list or 1-D array or Series of str, or 2-D array or frame whose cells are texts
        Series and frames of pandas, polars and pyarrow are read through narwhals. Numbers in a 2-D array or a frame are
        read as text with a `DataConversionWarning`.
    missing : {"error", "keep"}, default="error"
        Whether a missing text (None, NaN, NA, NaT, masked) is an error or becomes None.
    surrogates : {"error", "keep"}, default="error"
        Whether a lone surrogate, which no encoding of Unicode can hold, is an error.
    min_rows : int, default=0
        Fewer rows are an error.

    Returns
    -------
    TextTable
        The texts by column.

    Raises
    ------
    TextTypeError
        For anything that is not text: bytes, numbers in a list, sets, mappings, generators, sparse matrices.
    InvalidTextError
        For a single str, nested lists, structured arrays, more than two dimensions, no columns, too few rows, or lone
        surrogates.
    MissingTextError
        For a missing text, unless ``missing="keep"``.
    """
    table = _read_container(batch_as_table(X))
    if table.n_rows < min_rows:
        raise InvalidTextError(
            f"Found array with {table.n_rows} sample(s) (shape={table.shape}) while a minimum of {min_rows} is "
            "required."
        )
    columns = tuple(
        check_column(column, partial(table.place, column=j), missing=missing, surrogates=surrogates)
        for j, column in enumerate(table.columns)
    )
    return replace(table, columns=columns)


def validate_texts(estimator, X, *, reset: bool, missing: str = "error", surrogates: str = "error") -> TextTable:
    """Read `X` as texts for an estimator and set or check `n_features_in_` and `feature_names_in_`.

    Parameters
    ----------
    estimator : BaseEstimator
        The estimator that asks.
    X : texts
        As in `read_texts`.
    reset : bool
        True in ``fit`` (sets the attributes, needs a row), False in ``transform`` (compares with them).
    missing, surrogates : str
        As in `read_texts`.

    Returns
    -------
    TextTable
        The texts by column.

    Raises
    ------
    ValueError
        If the columns are not those of ``fit``, and as in `read_texts`.
    TypeError
        As in `read_texts`.
    """
    X = batch_as_table(X)
    table = read_texts(X, missing=missing, surrogates=surrogates, min_rows=int(reset))
    has_names = table.ndim == 2 and hasattr(X, "columns")
    columns = X if has_names else _Shape((table.n_rows, len(table.columns)))
    if reset or has_names or getattr(estimator, "feature_names_in_", None) is not None:
        validate_data(estimator, columns, reset=reset, skip_check_array=True)
    else:  # nobody has names, and scikit-learn would look for them in every library of frames
        check_n_features(estimator, columns, reset=False)
    return table


class _Shape:
    """A container without column names, of which scikit-learn reads nothing but the shape."""

    def __init__(self, shape: tuple[int, ...]):
        self.shape = shape


def _read_container(X) -> TextTable:
    _refuse_other_containers(X)
    if isinstance(X, list | tuple):
        return read_sequence(X)
    if isinstance(X, np.ndarray):
        return read_array(X)
    table = read_dataframe_library(X)
    if table is not None:
        return table
    if callable(getattr(X, "to_pylist", None)):  # a pyarrow.Array, which narwhals does not wrap
        return one_column(X.to_pylist())
    if hasattr(X, "__array__"):
        return read_array(np.asarray(X))
    if isinstance(X, Sequence):
        return read_sequence(list(X))
    advice = eager_advice(X) or "a list, a 1-D array or a Series of str, or a frame of them"
    raise TextTypeError(f"X is a {type(X).__name__}: pass {advice}.")


def _refuse_other_containers(X) -> None:
    if isinstance(X, str):
        raise InvalidTextError(
            "Iterable over raw text documents expected, string object received: pass a list of texts, such as [text]."
        )
    if sparse.issparse(X):
        raise TextTypeError("Sparse data was passed for X, but texts are required: pass a list, an array or a frame.")
    if isinstance(X, bytes | bytearray):
        raise TextTypeError("Iterable over raw text documents expected, bytes received: decode them first.")
    if isinstance(X, Set | Mapping):
        raise TextTypeError(
            f"X is a {type(X).__name__}, whose order is not that of rows: pass a list, an array, a Series or a frame."
        )
    if isinstance(X, Iterator):
        raise TextTypeError(
            f"X is a {type(X).__name__}, which can be read only once: pass {eager_advice(X) or 'list(X)'}."
        )
