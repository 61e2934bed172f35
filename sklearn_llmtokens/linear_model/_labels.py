"""Labels with gaps: which rows have one, and what the labels are."""

import numpy as np
from sklearn.utils import assert_all_finite
from sklearn.utils.validation import column_or_1d

from .._utils._columns import missing_places, read_column
from .._utils._messages import shorten


def split_labels(y, unlabelled, n_rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Find the rows that have a label.

    Parameters
    ----------
    y : array-like of shape (n_rows,), or None
        Labels. None is a label of no row.
    unlabelled : object
        The label of rows without one, beside None, NaN and NA.
    n_rows : int
        Number of rows.

    Returns
    -------
    rows : ndarray of int
        The rows that have a label.
    labels : ndarray
        Their labels, without places for missing ones: integers where all are integers.

    Raises
    ------
    ValueError
        If `y` has another length, is infinite, or mixes text with other labels.

    Examples
    --------
    >>> split_labels(["a", None, "b"], None, 3)
    (array([0, 2]), array(['a', 'b'], dtype='<U1'))
    >>> split_labels([1, -1, 0], -1, 3)
    (array([0, 2]), array([1, 0]))
    """
    if y is None:
        return np.arange(0), np.arange(0)
    is_array = isinstance(y, np.ndarray) and y.dtype.kind != "T"  # scikit-learn has no rule for StringDType
    column = column_or_1d(y, warn=True) if is_array else read_column(y, "y")
    if len(column) != n_rows:
        raise ValueError(f"y has {len(column)} labels and X has {n_rows} rows: pass one label for each, None for none.")
    missing = missing_places(column)
    if unlabelled is not None:
        missing = missing | np.fromiter((_same(label, unlabelled) for label in column.tolist()), bool, len(column))
    labels = column[~missing]
    if labels.dtype.kind == "O" and len(labels):
        _refuse_mixed(labels.tolist())
        labels = np.array(labels.tolist())
    if labels.dtype.kind == "f":
        assert_all_finite(labels, input_name="y")
    if missing.any() and labels.dtype.kind == "f" and (labels == labels.astype(np.int64)).all():
        labels = labels.astype(np.int64)  # integers that an array with NaN holds as floats
    return np.flatnonzero(~missing), labels


def _refuse_mixed(labels: list) -> None:
    text = next((label for label in labels if isinstance(label, str)), None)
    other = next((label for label in labels if not isinstance(label, str)), None)
    if text is not None and other is not None:
        raise ValueError(
            f"y mixes text with other labels, such as {shorten(text)} and {shorten(other)}: pass labels of one type, "
            f"and None (or unlabelled={shorten(other)}) for rows without a label."
        )


def _same(label, other) -> bool:
    return isinstance(label, str) == isinstance(other, str) and bool(label == other)
