"""Ranked lists as a long table, with the column names of RecTools and LensKit."""

import warnings
from typing import Any

import narwhals as nw
import numpy as np
from narwhals.dependencies import is_pandas_like_series

from .._utils._columns import as_objects
from .._utils._messages import shorten
from .._utils._optional import require
from .._utils._warnings import stacklevel_of_caller
from ._histories import as_rows
from ._history import History


def ranking_frame(X, ids: np.ndarray, scores: np.ndarray):
    """Return the items that were recommended, one per row.

    Parameters
    ----------
    X : list, array or Series of histories, length n_queries
        The queries.
    ids : ndarray of shape (n_queries, k), dtype=object
        Ids, best first; what stands at the end of a short row is left out.
    scores : ndarray of shape (n_queries, k), dtype=float32
        Their scores, -inf at the end of a short row.

    Returns
    -------
    pandas.DataFrame of shape (n_recommended, 4 or 5)
        The columns query_id, user_id (where a row of `X` knows its user), item_id, score and rank, which begins at 1.

    Raises
    ------
    MissingDependencyError
        If pandas is not installed.

    Warns
    -----
    UserWarning
        If two queries have the same label in the index of a Series.

    Examples
    --------
    >>> ids = np.array([["a", "b"], ["c", None]], dtype=object)
    >>> ranking_frame([[], []], ids, np.array([[2.0, 1.0], [3.0, -np.inf]], dtype=np.float32))
       query_id item_id  score  rank
    0         0       a    2.0     1
    1         0       b    1.0     2
    2         1       c    3.0     1
    """
    pandas = require("pandas", extra="frames", purpose="as_frame=True")
    rows = as_rows(X)
    row_idx, place_idx = np.nonzero(~np.isneginf(scores))
    columns: dict[str, Any] = {"query_id": _labels(X, len(rows))[row_idx].tolist()}
    if any(type(row) is History for row in rows):
        users = as_objects([row.user if type(row) is History else None for row in rows])
        columns["user_id"] = users[row_idx].tolist()
    columns["item_id"] = ids[row_idx, place_idx].tolist()  # a list: pandas then infers int64 or str
    return pandas.DataFrame({**columns, "score": scores[row_idx, place_idx], "rank": place_idx + 1})


def _labels(X, n_queries: int) -> np.ndarray:
    """Return the label of each query in the index of a pandas Series, and its position without one."""
    series = nw.to_native(X, pass_through=True)
    if not is_pandas_like_series(series):
        return np.arange(n_queries)
    if not series.index.is_unique:
        label = series.index[series.index.duplicated()][0]
        warnings.warn(
            f"The index of X has the label {shorten(label)} more than once, and query_id is this label: whoever groups "
            "the table by query_id takes several lists for one. X.reset_index(drop=True) has a label for each row.",
            UserWarning,
            stacklevel=stacklevel_of_caller(),
        )
    return as_objects(list(series.index))
