"""`TableReader`: a table into the texts of its rows, with numbers, dates and categories beside them."""

import warnings
from functools import partial

import numpy as np

from .._utils._columns import is_missing, read_column
from .._utils._messages import shorten
from .._utils._places import place_of
from .._utils._sklearn import StrOptions, fit_context
from .._utils._table_columns import as_categories, as_dates, as_numbers, as_strings, is_text, kind_of, read_table
from .._utils._table_rows import TableRows
from .._utils._text_cells import check_column
from .._utils._text_frames import column_names
from .._utils._warnings import stacklevel_of_caller
from ..exceptions import TextTypeError
from ._text_column import TextColumn

_READERS = {"number": as_numbers, "date": as_dates}
_BETWEEN_TEXTS = "\n"


class TableReader(TextColumn, auto_wrap_output_keys=None):  # type: ignore[call-arg]
    """Read a column of texts, or a table that has such columns beside others.

    Of a list, a Series or a frame of one column, the texts are returned as `TextColumn` returns them. Of a frame of
    several, the columns of text become one text per row, in their order and with a line break between them. Vectorizers
    and embedders read that text. Numbers, dates and categories go along for `TableFeatures`.

    Parameters
    ----------
    text_columns : "auto", str or list of labels, default="auto"
        The columns of text of a table: names, or positions in an array. "auto" takes columns of strings as skrub's
        `TableVectorizer` does: those with at least 40 distinct values. In a table of few rows more than half as many
        as rows are enough, of four characters on the mean. Codes, such as the numbers of orders, are no text.
    missing : {"error", "empty"}, default="error"
        Whether a missing text is refused or read as an empty one. Numbers, dates and categories may be missing in any
        case.

    Attributes
    ----------
    kinds_ : dict of label to {"text", "number", "date", "category", "empty"}, or None
        What the columns of the table hold; None where `X` had one column. Columns without a value are "empty" and left
        out.
    n_features_in_ : int
        Number of columns seen in `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, where `X` was a frame with names.

    See Also
    --------
    TextColumn : Read one column of texts, and refuse others.
    sklearn_llmtokens.features.TableFeatures : Numbers, dates and categories as features.

    Notes
    -----
    A column is a category where it holds strings and is no text, a date where all of its values are dates or strings
    that begin with the year (2024-05-01, 2024年5月1日 8:30), and a number where all are numbers, true or false, or
    strings of a number. Columns are found by name in `transform`: their order and further columns do not matter.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_llmtokens.text import TableReader
    >>> frame = pd.DataFrame({"review": ["物流很快", "味道发苦"], "price": [3, None], "shop": ["甲", "乙"]})
    >>> reader = TableReader().fit(frame)
    >>> reader.kinds_
    {'review': 'text', 'price': 'number', 'shop': 'category'}
    >>> list(reader.transform(frame))
    ['物流很快', '味道发苦']
    """

    _parameter_constraints: dict = {
        "text_columns": [StrOptions({"auto"}), str, list, tuple],
        **TextColumn._parameter_constraints,
    }

    def __init__(self, text_columns="auto", *, missing="error"):
        super().__init__(missing)
        self.text_columns = text_columns

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Find out what the columns hold.

        Parameters
        ----------
        X : list, 1-D array or Series of str, or 2-D array or frame
            The texts, or the table.
        y : array-like of shape (n_rows,), default=None
            Labels, which are compared with the columns of a table.

        Returns
        -------
        TableReader
            The fitted estimator.

        Raises
        ------
        ValueError
            If no column holds texts, `text_columns` names one that is not there, or a text is missing and `missing` is
            ``"error"``.
        TypeError
            If something is not a text, a number or a date.

        Warns
        -----
        UserWarning
            If a column of the table equals `y`: a model would read the answer.
        """
        if not _is_table(X):
            self._check_named(X)
            self._read(X, reset=True)
            self.kinds_ = None
            return self
        table = read_table(X)
        self.kinds_ = self._find_kinds(X, table)
        self.n_features_in_ = len(table)
        self.__dict__.pop("feature_names_in_", None)
        if all(isinstance(name, str) for name in table):
            self.feature_names_in_ = np.array(list(table), dtype=object)
        self._rows(X, table)
        _warn_of_labels(table, y)
        return self

    def transform(self, X):
        """Return the texts of the rows.

        Parameters
        ----------
        X : list, 1-D array or Series of str, or 2-D array or frame
            What has the columns of ``fit``.

        Returns
        -------
        ndarray, Series or sequence of str of shape (n_rows,)
            Of one column as `TextColumn` returns it. Of a table a sequence of str that also holds the other columns.

        Raises
        ------
        ValueError
            If a column of ``fit`` is not there, a value is not of the kind that it had in ``fit``, and as in ``fit``.
        TypeError
            As in ``fit``.
        """
        if self.kinds_ is None:
            return super().transform(X)
        if len(getattr(X, "shape", ())) != 2:
            raise TextTypeError(f"X is a {type(X).__name__}: pass a frame with the columns of fit.")
        table = read_table(X)
        absent = [name for name in self.kinds_ if name not in table]
        if absent:
            raise ValueError(
                f"X has no column {', '.join(map(shorten, absent[:5]))}, which fit had; it has "
                f"{', '.join(map(shorten, list(table)[:5]))}: pass a table with the columns of fit."
            )
        return self._rows(X, table)

    def get_feature_names_out(self, input_features=None):
        """Return the name of the text of each row.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the columns; must be those of ``fit`` where there were some.

        Returns
        -------
        ndarray of str of shape (1,)
            The name of one column; ``"text"`` for a table, whose texts are one text per row.

        Raises
        ------
        ValueError
            If `input_features` are not the names seen in ``fit``.
        """
        names = super().get_feature_names_out(input_features)
        return names if self.kinds_ is None else np.array(["text"], dtype=object)

    def _find_kinds(self, X, table: dict) -> dict:
        named = None
        if not (isinstance(self.text_columns, str) and self.text_columns == "auto"):
            named = [self.text_columns] if isinstance(self.text_columns, str) else list(self.text_columns)
            absent = [name for name in named if name not in table]
            if absent or not named:
                raise ValueError(
                    f"text_columns={shorten(self.text_columns)}: pass names among {', '.join(map(shorten, table))}."
                )
        kinds = {}
        for name, values in table.items():
            kind = kind_of(values)
            if named is not None and name in named:
                kind = "text"
            elif kind == "string":
                strings = as_strings(values, partial(place_of, X, column=name))
                kind = "text" if named is None and is_text(strings) else "category"
            kinds[name] = kind
        if "text" not in kinds.values():
            found = ", ".join(f"{shorten(name)} ({kind})" for name, kind in list(kinds.items())[:5])
            raise ValueError(
                f"X has no column of texts, but {found}: name one, such as text_columns=[{shorten(next(iter(table)))}]."
                " Strings with fewer than 40 distinct values are categories."
            )
        # texts stand in the order in which they are named
        return {name: kinds[name] for name in [*(named or []), *table]} if named else kinds

    def _rows(self, X, table: dict) -> TableRows:
        missing = "keep" if self.missing == "empty" else "error"
        texts, columns = [], {}
        for name, kind in (self.kinds_ or {}).items():
            place = partial(place_of, X, column=name)
            if kind == "text":
                strings = as_strings(table[name], place)
                texts.append(check_column(strings, place, missing=missing, surrogates="error"))
            elif kind == "category":
                columns[name] = as_categories(as_strings(table[name], place))
            elif kind != "empty":
                columns[name] = _READERS[kind](table[name], place)
        return TableRows([_BETWEEN_TEXTS.join(filter(None, row)) for row in zip(*texts, strict=True)], columns)

    def _check_named(self, X) -> None:
        """Check that a single column is the one that was named."""
        if isinstance(self.text_columns, str) and self.text_columns == "auto":
            return
        named = [self.text_columns] if isinstance(self.text_columns, str) else list(self.text_columns)
        names = column_names(X) if hasattr(X, "columns") and len(getattr(X, "shape", ())) == 2 else []
        if not names:
            raise TextTypeError(f"text_columns={shorten(self.text_columns)} are of a frame: pass one.")
        if named != names:
            raise ValueError(f"text_columns={shorten(self.text_columns)}, and X has {shorten(names)}.")


def _is_table(X) -> bool:
    shape: tuple[int, ...] = getattr(X, "shape", ())
    return len(shape) == 2 and shape[1] > 1 and not hasattr(X, "indptr")


def _warn_of_labels(table: dict, y) -> None:
    """Warn if a column has the labels themselves: a table was passed whole, with what is to be predicted."""
    is_arrow = hasattr(y, "to_pylist") and not hasattr(y, "columns")  # without a shape
    if not isinstance(y, list) and not is_arrow and len(getattr(y, "shape", ())) != 1:
        return
    labels = read_column(y, "y").tolist()
    for name, values in table.items():
        column = values.tolist()
        if len(column) == len(labels) and all(
            a == b or (is_missing(a) and is_missing(b)) for a, b in zip(column, labels, strict=True)
        ):
            warnings.warn(
                f"The column {shorten(name)} of X equals y: leave it out of X, or the model reads the answer.",
                UserWarning,
                stacklevel=stacklevel_of_caller(),
            )
