"""Read what the functions of this package take: one column of texts, one label for each row."""

from typing import Any

import numpy as np

from .._utils._columns import read_column, refuse_missing
from ..text import TextColumn


def read_text_column(texts) -> list[str]:
    """Return the texts of one column of any container.

    Examples
    --------
    >>> read_text_column(np.array([["快递很快"], ["包装很好"]], dtype=object))
    ['快递很快', '包装很好']
    """
    return list(TextColumn().fit_transform(texts))


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
