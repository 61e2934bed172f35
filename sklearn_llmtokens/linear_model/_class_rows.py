"""Rows that stand for the name of a class: the mean features of the texts that describe it."""

import numpy as np
from scipy import sparse
from sklearn.utils.validation import check_array


def read_class_rows(class_rows, n_features: int) -> tuple[np.ndarray, np.ndarray]:
    """Return one row for each class that has a text, and the classes.

    Parameters
    ----------
    class_rows : tuple of (rows, labels), or None
        Features of texts, and the class of each.
    n_features : int
        Number of features.

    Returns
    -------
    rows : ndarray of shape (n_named, n_features)
        The mean of each class.
    classes : ndarray of shape (n_named,)
        The classes, sorted.

    Examples
    --------
    >>> read_class_rows((np.array([[2.0, 1.0], [4.0, 1.0], [0.0, 1.0]]), ["a", "a", "b"]), 2)
    (array([[3., 1.],
           [0., 1.]]), array(['a', 'b'], dtype='<U1'))
    """
    if class_rows is None:
        return np.zeros((0, n_features)), np.arange(0)
    rows, labels = class_rows
    rows = check_array(rows, accept_sparse="csr", dtype=np.float64, input_name="class_rows")
    if rows.shape != (len(labels), n_features):
        raise ValueError(
            f"class_rows have shape {rows.shape} and {len(labels)} labels, and X has {n_features} columns."
        )
    classes, class_idx, counts = np.unique(np.asarray(labels), return_inverse=True, return_counts=True)
    members = sparse.csr_array((1 / counts[class_idx], (class_idx, np.arange(len(class_idx)))))
    means = members @ rows
    return means.toarray() if sparse.issparse(means) else np.asarray(means), classes
