"""Top-k selection for the whole package; ties are ordered by column."""

import math

import numpy as np

_WIDE = 64  # from so many columns for each of the k on, most blocks of columns can be left out


class TopK:
    """Collect the k best items of each query from chunks of items in ascending order.

    Memory is bounded by one chunk, and the result does not depend on how the items are cut into chunks.

    Parameters
    ----------
    n_queries : int
        Number of queries.
    k : int
        Number of items of each.

    Attributes
    ----------
    item_idx : ndarray of shape (n_queries, k), dtype=intp
        Positions of the items, best first; -1 where there are fewer.
    scores : ndarray of shape (n_queries, k), dtype=float32
        Their scores; -inf where there are fewer.

    Examples
    --------
    >>> top = TopK(1, 3)
    >>> top.update(np.float32([[0.5, -np.inf, 0.5]]), np.array([0, 1, 2]))
    >>> top.update(np.float32([[0.9]]), np.array([3]))
    >>> top.item_idx
    array([[3, 0, 2]])
    """

    def __init__(self, n_queries: int, k: int):
        self.item_idx = np.full((n_queries, k), -1, dtype=np.intp)
        self.scores = np.full((n_queries, k), -np.inf, dtype=np.float32)

    def update(self, scores: np.ndarray, item_idx: np.ndarray) -> None:
        """Take in the scores of more items, all of them after those that were seen; -inf is never taken."""
        k = self.scores.shape[1]
        columns = top_columns(scores, min(k, scores.shape[1]))
        new_scores = np.take_along_axis(scores, columns, axis=1)
        all_idx = np.hstack([self.item_idx, item_idx[columns]])
        all_scores = np.hstack([self.scores, new_scores])
        order = np.argsort(-all_scores, axis=1, kind="stable")[:, :k]
        self.scores = np.take_along_axis(all_scores, order, axis=1)
        self.item_idx = np.where(np.isneginf(self.scores), -1, np.take_along_axis(all_idx, order, axis=1))


def top_columns(scores: np.ndarray, k: int) -> np.ndarray:
    """Return the columns of the k highest scores of each row, best first, equal ones by column.

    Parameters
    ----------
    scores : ndarray of shape (n_rows, n_columns)
        Scores without NaN. Others than floats are compared as float64.
    k : int
        At most n_columns.

    Returns
    -------
    ndarray of shape (n_rows, k), dtype=intp
        Columns.

    Notes
    -----
    Columns are cut into blocks. Ordered by their highest score, equal ones by place, the first k blocks hold the k best
    columns: each block before that of a column has a column that is better. So one pass for the highest score of each
    block leaves few columns to select from, and its cost does not depend on how many scores are equal. A quickselect is
    ten times slower and more where most scores are equal.

    Examples
    --------
    >>> top_columns(np.array([[0.2, 0.5, 0.2, 0.5], [0.1, 0.1, 0.1, 0.1]]), 3)
    array([[1, 3, 0],
           [0, 1, 2]])
    """
    if scores.dtype.kind != "f":
        scores = scores.astype(np.float64)
    n_rows, n_columns = scores.shape
    if n_rows == 0 or k == 0:
        return np.empty((n_rows, k), dtype=np.intp)
    if n_columns < _WIDE * k:
        return _by_partition(scores, k)
    size = math.isqrt(n_columns // k)
    highest = np.maximum.reduceat(scores, np.arange(0, n_columns, size), axis=1)
    blocks = np.sort(top_columns(highest, k), axis=1)
    columns = (blocks[:, :, np.newaxis] * size + np.arange(size)).reshape(n_rows, k * size)  # ascending in each row
    values = np.take_along_axis(scores, np.minimum(columns, n_columns - 1), axis=1)
    values[columns >= n_columns] = -np.inf  # past the end, after k columns that are there
    return np.take_along_axis(columns, _by_partition(values, k), axis=1)


def _by_partition(scores: np.ndarray, k: int) -> np.ndarray:
    """Return the same as `top_columns` for few columns."""
    n_rows = len(scores)
    costs = -scores  # a partition of mostly equal numbers is many times faster with k of them in front than behind
    kth = np.partition(costs, k - 1, axis=1)[:, [k - 1]]
    chosen = costs <= kth
    n_chosen = np.count_nonzero(chosen, axis=1)
    tied = np.flatnonzero(n_chosen > k)
    if len(tied):  # several at the k-th place: the first of them
        equal = costs[tied] == kth[tied]
        n_missing = k - (n_chosen[tied] - np.count_nonzero(equal, axis=1))
        chosen[tied] ^= equal & (np.cumsum(equal, axis=1, dtype=np.int32) > n_missing[:, np.newaxis])
    columns = np.nonzero(chosen)[1].reshape(n_rows, k)  # ascending in each row
    order = np.argsort(np.take_along_axis(costs, columns, axis=1), axis=1, kind="stable")
    return np.take_along_axis(columns, order, axis=1)
