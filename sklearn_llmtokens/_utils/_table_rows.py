"""`TableRows`: the texts of a table for vectorizers and embedders, with its other columns beside them."""

from collections.abc import Mapping, Sequence


class TableRows(Sequence):
    """A sequence of one text per row, which also has the columns that are no text.

    Parameters
    ----------
    texts : sequence of str
        One per row.
    columns : mapping of label to ndarray of shape (n_rows,)
        Numbers as float64 with NaN, dates as datetime64, and categories as strings with None.

    Examples
    --------
    >>> import numpy as np
    >>> rows = TableRows(["很快", "发苦"], {"price": np.array([3.0, 4.0])})
    >>> rows[0], len(rows[1:]), rows[1:].columns["price"]
    ('很快', 1, array([4.]))
    """

    def __init__(self, texts: Sequence[str], columns: Mapping):
        self.texts = list(texts)
        self.columns = dict(columns)

    def __len__(self) -> int:
        return len(self.texts)

    def __getitem__(self, rows):
        if isinstance(rows, slice):
            return TableRows(self.texts[rows], {name: values[rows] for name, values in self.columns.items()})
        return self.texts[rows]
