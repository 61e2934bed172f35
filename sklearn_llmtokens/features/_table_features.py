"""`TableFeatures`: numbers, dates and categories of a table as features for a linear model beside vectors of texts."""

from functools import partial
from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.kernel_approximation import Nystroem
from sklearn.utils.validation import check_is_fitted, validate_data

from .._utils._pickling import VersionedPickle
from .._utils._places import place_of
from .._utils._sklearn import Interval, check_feature_names_in, fit_context
from .._utils._table_columns import as_dates, as_numbers, as_strings, kind_of, read_table
from .._utils._table_rows import TableRows
from ._table_encoders import ENCODERS

_CONSTANT = 1e-12  # variance in units of a column's own scale
_PAIRS_FOR_SCALE, _SEED = 500, 0
_KINDS = {"string": "category"}

_READERS = {"number": as_numbers, "date": as_dates, "category": lambda *a: np.array(as_strings(*a), dtype=object)}


class TableFeatures(TransformerMixin, VersionedPickle, BaseEstimator):
    """Encode numbers, dates and categories for a linear model.

    A number becomes itself, with outliers drawn in, and a piecewise linear function with knots at quantiles
    (`SplineTransformer`). A date becomes its time as such a number, and its places in the day, the week, the month and
    the year. A category becomes indicators (`OneHotEncoder`), where rare and new ones are one. Features are centred,
    and those of each column have a total variance of 1. A missing number or date has the features of the mean, and an
    indicator where `fit` has seen one; a missing category is a category.

    Parameters
    ----------
    interactions : int, default=300
        Number of features that combine columns: an approximation of a Gaussian kernel (`Nystroem`), whose scale is the
        median distance of two rows. Together they have the variance of all others. 0 leaves them out.
    random_state : int, default=0
        Chooses the rows that the interactions are with.

    Attributes
    ----------
    kinds_ : dict of label to {"number", "date", "category"}
        What the columns hold; those without a value are left out. Constant ones have features of zero.
    columns_ : list of label
        Names of the columns seen in `fit`, or their positions.
    encoders_ : dict of label to dict
        What was fitted of each column.
    centers_ : dict of label to ndarray
        Means of the features of each column.
    factors_ : dict of label to float
        What they are multiplied by.
    kernel_ : Nystroem or None
        The interactions.
    kernel_center_ : ndarray of shape (n_interactions,)
        Means of the interactions.
    kernel_factor_ : float
        What they are multiplied by.
    n_features_in_ : int
        Number of columns seen in `fit`, where `X` was a table.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, where `X` was a frame with names.

    See Also
    --------
    sklearn_llmtokens.text.TableReader : Texts of a table, with the other columns beside them.
    sklearn_llmtokens.text_pipeline : The pipeline that has both.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_llmtokens.features import TableFeatures
    >>> frame = pd.DataFrame({"price": [3.0, 9.0, None], "shop": ["a", "b", "a"]})
    >>> features = TableFeatures(interactions=0).fit(frame)
    >>> features.kinds_
    {'price': 'number', 'shop': 'category'}
    >>> features.get_feature_names_out().tolist()
    ['price_value', 'price_spline0', 'price_spline1', 'price_missing', 'shop_a', 'shop_infrequent_sklearn']
    """

    _parameter_constraints: dict = {
        "interactions": [Interval(Integral, 0, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(self, interactions=300, *, random_state=0):
        self.interactions = interactions
        self.random_state = random_state

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Learn knots, categories and scales.

        Parameters
        ----------
        X : frame, 2-D array, or what `TableReader` returns
            The table. Columns of strings are categories.
        y : None
            Ignored.

        Returns
        -------
        TableFeatures
            The fitted estimator.

        Raises
        ------
        ValueError
            If a number is infinite.
        TypeError
            If something is neither a number, a date nor a text.
        """
        columns, n_rows = self._read(TableRows(X, {}) if _are_texts(X) else X, reset=True)
        self.encoders_ = {name: ENCODERS[kind][0](columns[name]) for name, kind in self.kinds_.items()}
        blocks = self._encoded(columns)
        self.centers_ = {name: np.nanmean(block, axis=0) for name, block in blocks.items()}
        centred = {name: np.nan_to_num(block - self.centers_[name]) for name, block in blocks.items()}
        variances = {name: np.square(block).mean(0).sum() for name, block in centred.items()}
        self.factors_ = {name: 1 / np.sqrt(one) if one > _CONSTANT else 0.0 for name, one in variances.items()}
        self.kernel_, self.kernel_center_, self.kernel_factor_ = None, np.empty(0), 1.0
        rows = self._additive(columns, n_rows)
        if self.interactions and rows.shape[1]:
            n_components = min(self.interactions, len(rows))
            kernel = Nystroem(gamma=_gamma(rows), n_components=n_components, random_state=self.random_state)
            kernel.set_output(transform="default")
            combined = kernel.fit_transform(rows)
            self.kernel_, self.kernel_center_ = kernel, combined.mean(0)
            self.kernel_factor_ = np.sqrt(rows.var(0).sum() / max(combined.var(0).sum(), _CONSTANT))
        return self

    def transform(self, X):
        """Compute the features.

        Parameters
        ----------
        X : frame, 2-D array, or what `TableReader` returns
            The table, with the columns of ``fit``. Texts without columns have features of zero.

        Returns
        -------
        ndarray of shape (n_rows, n_features), dtype=float32
            The features.

        Raises
        ------
        ValueError
            If a column of ``fit`` is not there, or a value is not of the kind that it had in ``fit``.
        TypeError
            If something is neither a number, a date nor a text.
        """
        check_is_fitted(self)
        if _are_texts(X):
            return np.zeros((len(X), len(self.get_feature_names_out())), dtype=np.float32)
        rows = self._additive(*self._read(X, reset=False))
        if self.kernel_ is not None and len(rows):
            rows = np.c_[rows, (self.kernel_.transform(rows) - self.kernel_center_) * self.kernel_factor_]
        return rows.astype(np.float32)

    def get_feature_names_out(self, input_features=None):
        """Return the names of the features.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the columns; must be those of ``fit`` where there were some.

        Returns
        -------
        ndarray of str of shape (n_features,)
            The name of a column and what it is of it: ``price_spline0``.
        """
        check_is_fitted(self)
        check_feature_names_in(self, input_features, generate_names=False)
        names = [f"{name}_{one}" for name, fitted in self.encoders_.items() for one in fitted["names"]]
        n_combined = 0 if self.kernel_ is None else len(self.kernel_.components_)
        return np.array([*names, *(f"interaction{i}" for i in range(n_combined))], dtype=object)

    def _read(self, X, *, reset: bool) -> tuple[dict, int]:
        """Return the columns that are used, each in the form of its kind, and the number of rows."""
        if isinstance(X, TableRows):
            table = X.columns
            if reset:
                for attribute in ("n_features_in_", "feature_names_in_"):
                    self.__dict__.pop(attribute, None)
        else:
            table = read_table(X)
            validate_data(self, X if hasattr(X, "columns") else np.asarray(X), reset=reset, skip_check_array=True)
        if reset:
            kinds = {name: kind_of(values) for name, values in table.items()}
            self.kinds_ = {name: _KINDS.get(kind, kind) for name, kind in kinds.items() if kind != "empty"}
            self.columns_ = list(table)
        elif not isinstance(X, TableRows):
            table = dict(zip(self.columns_, table.values(), strict=True))
        n_rows = len(X) if isinstance(X, TableRows) else len(table[self.columns_[0]])
        places = {name: partial(place_of, X, column=name) for name in self.kinds_}
        return {name: _READERS[kind](table[name], places[name]) for name, kind in self.kinds_.items()}, n_rows

    def _encoded(self, columns: dict) -> dict:
        return {name: ENCODERS[kind][1](self.encoders_[name], columns[name]) for name, kind in self.kinds_.items()}

    def _additive(self, columns: dict, n_rows: int) -> np.ndarray:
        """Return the features of each column by itself, centred and scaled; zeros where they are NaN."""
        scaled = [(block - self.centers_[name]) * self.factors_[name] for name, block in self._encoded(columns).items()]
        return np.nan_to_num(np.hstack([np.empty((n_rows, 0)), *scaled]), copy=False)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = []
        return tags


def _are_texts(X) -> bool:
    """Return whether `X` has no columns: texts alone, or the names of classes."""
    if isinstance(X, TableRows) or hasattr(X, "columns"):
        return False
    if isinstance(X, list | tuple):
        return bool(X) and all(one is None or isinstance(one, str) for one in X)
    dtype = getattr(X, "dtype", None)
    return len(getattr(X, "shape", (0, 0))) == 1 and not (isinstance(dtype, np.dtype) and dtype.kind in "biufcmM")


def _gamma(rows: np.ndarray) -> float:
    """Return half the inverse of the median squared distance, of a sample of pairs."""
    rng = np.random.default_rng(_SEED)
    left, right = (rng.integers(0, len(rows), _PAIRS_FOR_SCALE) for _ in range(2))
    distances = np.square(rows[left] - rows[right]).sum(1)
    return 1 / (2 * np.median(distances[distances > 0])) if (distances > 0).any() else 1.0
