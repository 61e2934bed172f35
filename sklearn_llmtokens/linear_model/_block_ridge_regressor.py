"""`BlockRidgeRegressor`: ridge regression whose strength and block weights are chosen by leave-one-out."""

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils import assert_all_finite
from sklearn.utils.validation import validate_data

from .._utils._sklearn import check_sample_weight, fit_context
from ._block_ridge import BlockRidge
from ._choice import choose, middle, rows_to_choose_by
from ._rows import BlockRows


class BlockRidgeRegressor(RegressorMixin, BlockRidge):
    """Predict numbers by ridge regression from blocks of features.

    The share of each block and the strength of the regularisation are chosen by exact leave-one-out errors, in closed
    form.

    Parameters
    ----------
    alphas : sequence of float, default=(0.1, 0.3, 1.0, 3.0, 10.0)
        Strengths of regularisation that are compared. Each block is scaled to a mean squared length of 1 first, so
        that they suit features of any unit.
    block_weights : sequence of mappings of str to float, default=None
        Candidates of what each block counts. None is equal weights.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Coefficients.
    intercept_ : float or ndarray of shape (n_targets,)
        Constants.
    block_weights_ : dict of str to float
        Share of each block.
    alpha_ : float
        Strength of the regularisation.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where `X` was a frame with names.

    See Also
    --------
    sklearn_llmtokens.text_pipeline : The pipeline that ends in this regressor.
    sklearn.linear_model.RidgeCV : One block.

    Notes
    -----
    Of more than 1,000 rows, 1,000 are chosen by. Over 5,000 rows the solution is found by conjugate gradients; up to
    there it is exact.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_llmtokens.linear_model import BlockRidgeRegressor
    >>> X = np.arange(20.0).reshape(-1, 1)
    >>> BlockRidgeRegressor().fit(X, 2 * X.ravel() + 1).predict([[10.0]]).round()
    array([21.])
    """

    # the pipeline of `text_pipeline` passes these without a request of the user's
    __metadata_request__fit = {"blocks": True}

    def __init__(self, alphas=(0.1, 0.3, 1.0, 3.0, 10.0), *, block_weights=None):
        self.alphas = alphas
        self.block_weights = block_weights

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, *, blocks=None):
        """Learn the coefficients.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Rows of features.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Numbers.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.
        blocks : mapping of str to int, or callable, default=None
            The number of columns of each block, in order, or a callable that returns them. None is one block.

        Returns
        -------
        BlockRidgeRegressor
            The fitted estimator.

        Raises
        ------
        ValueError
            If a parameter or shape is wrong, or a number is not finite.
        """
        X, y = validate_data(self, X, y, accept_sparse="csr", dtype=np.float64, multi_output=True, y_numeric=True)
        weights = check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
        used = weights > 0
        targets, weights = np.asarray(y, dtype=np.float64).reshape(len(y), -1)[used], weights[used]
        assert_all_finite(targets, input_name="y")  # None becomes NaN on the way
        columns, candidates = self._read_blocks(blocks, X.shape[1])
        rows = BlockRows(X[used], list(columns.values()))
        choice = _choose(rows, targets, weights, candidates, self.alphas)
        coef, intercept = rows.fit(targets, weights, choice)
        one = np.ndim(y) == 1
        self.coef_ = coef[:, 0] if one else coef.T
        self.intercept_ = float(intercept[0]) if one else intercept
        self._keep_choice(columns, choice)
        return self

    def predict(self, X):
        """Predict numbers.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Rows of features.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_targets)
            The numbers.
        """
        return self._linear(X)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


def _choose(rows: BlockRows, targets, weights, candidates, alphas):
    """Choose by the Gaussian likelihood of the rows that are left out, with the variance that suits them best."""
    if len(weights) < 3:
        return middle(candidates, alphas, [0.0])
    some = rows_to_choose_by(np.zeros(len(weights), dtype=int))
    targets, weights = targets[some], weights[some]
    scale = np.maximum(np.var(targets, axis=0), 1e-300)

    def loss(slopes, intercepts):
        errors = weights @ np.square(targets - slopes - intercepts) / weights.sum() / scale
        return len(targets) / 2 * float(np.log(errors.clip(min=1e-12)).mean())

    return choose(rows.take(some).grams(), targets, candidates, alphas, {0.0: weights}, loss)
