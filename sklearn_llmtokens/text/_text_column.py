"""`TextColumn`: one column of texts out of any container, for vectorizers that read nothing but strings."""

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from .._utils._messages import shorten
from .._utils._pickling import VersionedPickle
from .._utils._sklearn import StrOptions, check_feature_names_in, fit_context
from .._utils._text_frames import column_names, column_of
from .._utils._text_table import TextTable, one_column
from .._utils._texts import validate_texts


class TextColumn(TransformerMixin, VersionedPickle, BaseEstimator, auto_wrap_output_keys=None):  # type: ignore[call-arg]
    """Read one column of texts, and check that it is the column of ``fit``.

    `TfidfVectorizer` takes the column names of a frame for texts, and stops at a missing text without its row. With
    this step before it, it reads the rows of a frame of one column, of a column of pyarrow, and of any other container.

    Parameters
    ----------
    missing : {"error", "empty"}, default="error"
        Whether a missing text is refused or read as an empty one.

    Attributes
    ----------
    n_features_in_ : int
        Number of columns seen in `fit`, which is 1.
    feature_names_in_ : ndarray of shape (1,)
        Name of the column seen in `fit`, where `X` was a frame with names.

    See Also
    --------
    TextNormalizer : Normalise texts.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn.feature_extraction.text import TfidfVectorizer
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_llmtokens.text import TextColumn
    >>> frame = pd.DataFrame({"review": ["快递 很快", "包装 很好", None]})
    >>> make_pipeline(TextColumn(missing="empty"), TfidfVectorizer()).fit_transform(frame).shape
    (3, 4)
    """

    _parameter_constraints: dict = {"missing": [StrOptions({"error", "empty"})]}

    def __init__(self, missing="error"):
        self.missing = missing

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Remember the name of the column.

        Parameters
        ----------
        X : list, 1-D array or Series of str, or 2-D array or frame of one column
            The texts.
        y : None
            Ignored.

        Returns
        -------
        TextColumn
            The fitted estimator.

        Raises
        ------
        ValueError
            If there is more than one column, or a text is missing and `missing` is ``"error"``.
        TypeError
            If something is not a text.
        """
        self._read(X, reset=True)
        return self

    def transform(self, X):
        """Return the texts of the column.

        Parameters
        ----------
        X : list, 1-D array or Series of str, or 2-D array or frame of one column
            The texts.

        Returns
        -------
        ndarray or Series of str of shape (n_texts,)
            A Series, with its index, where `X` is a Series or frame of pandas or polars; else an array of objects.

        Raises
        ------
        ValueError
            If the column is not that of ``fit``, and as in ``fit``.
        TypeError
            If something is not a text.
        """
        table = self._read(X, reset=False)
        texts = ["" if text is None else text for text in table.columns[0]]
        column = table.rebuild([texts])
        if table.ndim == 2:
            column = column[:, 0] if isinstance(column, np.ndarray) else column_of(column)
        # iteration over a column of pyarrow gives scalars that are no str
        return one_column(texts).rebuild([texts]) if hasattr(column, "to_pylist") else column

    def set_output(self, *, transform=None):
        """Do nothing, so that `Pipeline.set_output` works: vectorizers would read the column name of a frame.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, default=None
            Ignored.

        Returns
        -------
        TextColumn
            The estimator.
        """
        return self

    def get_feature_names_out(self, input_features=None):
        """Return the name of the column.

        Parameters
        ----------
        input_features : array-like of str of shape (1,), default=None
            Name of the column; must be that of ``fit`` where there was one.

        Returns
        -------
        ndarray of str of shape (1,)
            The name; ``"text"`` where there is none.

        Raises
        ------
        ValueError
            If `input_features` are not the names seen in ``fit``.
        """
        names = check_feature_names_in(self, input_features, generate_names=False)
        return np.array(["text"], dtype=object) if names is None else names

    def _read(self, X, *, reset: bool) -> TextTable:
        missing = "keep" if self.missing == "empty" else "error"
        shape: tuple[int, ...] = getattr(X, "shape", ())
        # before they are read: numbers in another column are of no interest
        if reset and len(shape) == 2 and shape[1] > 1:
            names = ", ".join(shorten(name) for name in column_names(X)[:5])
            raise ValueError(f"X has {shape[1]} columns ({names}): pass one column of texts, such as X['text'].")
        return validate_texts(self, X, reset=reset, missing=missing)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        tags.input_tags.allow_nan = self.missing != "error"
        tags.transformer_tags.preserves_dtype = []
        tags.requires_fit = False
        return tags
