"""Read what the functions of this package take: one column of texts, one label for each row."""

from numbers import Real
from typing import Any

import numpy as np
from scipy import sparse

from .._utils._columns import read_column, refuse_missing
from .._utils._text_frames import column_of
from ..text import TextColumn


def read_text_column(texts) -> list[str]:
    """Return the texts of one column of any container.

    Examples
    --------
    >>> read_text_column(np.array([["快递很快"], ["包装很好"]], dtype=object))
    ['快递很快', '包装很好']
    """
    return list(TextColumn().fit_transform(texts))


def one_column(X):
    """Return the column of a frame or array that has one, which no vectorizer can take for its name; others as is.

    Examples
    --------
    >>> one_column(np.array([["快递很快"], ["包装很好"]], dtype=object))
    array(['快递很快', '包装很好'], dtype=object)
    """
    if len(getattr(X, "shape", ())) == 2 and X.shape[1] == 1 and not is_numeric(X):
        X = column_of(X) if hasattr(X, "columns") else X[:, 0]
    return X.to_pylist() if hasattr(X, "to_pylist") else X  # a column of pyarrow holds scalars that are no str


def is_numeric(X) -> bool:
    """Check whether `X` holds vectors: two dimensions, and numbers in the first row.

    Examples
    --------
    >>> is_numeric([[1, 2.5]]), is_numeric(np.array([[1, 2.5]], dtype=object)), is_numeric([["a"]]), is_numeric(["a"])
    (True, True, False, False)
    """
    if sparse.issparse(X):
        return True
    if isinstance(X, list | tuple):
        return len(X) > 0 and np.ndim(X[0]) == 1 and np.asarray(X[0]).dtype.kind in "biuf"
    if len(getattr(X, "shape", ())) != 2:
        return False
    first = np.asarray(X[:1])
    return first.dtype.kind in "biuf" or (first.dtype.kind == "O" and all(isinstance(v, Real) for v in first.flat))


def read_labels(labels, n_rows: int, name: str) -> tuple[list[Any], np.ndarray]:
    """Return the distinct labels in ascending order, numbers before strings, and the index of each row's label.

    Examples
    --------
    >>> read_labels([2, -1, 2], 3, "labels")
    ([-1, 2], array([1, 0, 1]))
    """
    column = refuse_missing(
        read_column(labels, name), name, "each row has one label; drop the row or fill it."
    ).tolist()
    if len(column) != n_rows:
        raise ValueError(f"{name} has {len(column)} rows and X has {n_rows}: one label for each row is needed.")
    distinct = sorted(set(column), key=lambda label: (isinstance(label, str), label))
    places = {label: i for i, label in enumerate(distinct)}
    return distinct, np.array([places[label] for label in column], dtype=np.intp)
