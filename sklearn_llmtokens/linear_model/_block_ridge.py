"""What ridge models of blocks share: their parameters, the reading of blocks, and the linear function they end in."""

from collections.abc import Iterable

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.extmath import safe_sparse_dot
from sklearn.utils.validation import check_is_fitted, validate_data

from .._utils._pickling import VersionedPickle
from ._blocks import read_blocks, read_candidates
from ._choice import Choice


class BlockRidge(VersionedPickle, BaseEstimator):
    """Base of `BlockRidgeClassifier` and `BlockRidgeRegressor`.

    A subclass sets `coef_` and `intercept_` in ``fit``, after `_read_blocks` and `_keep_choice`.
    """

    _parameter_constraints: dict = {"alphas": ["array-like"], "block_weights": ["array-like", None]}

    def _read_blocks(self, blocks, n_features: int, further=()) -> tuple[dict[str, slice], np.ndarray]:
        """Return the columns of each block, and the shares (n_candidates, n_blocks) of these and of further blocks."""
        columns = read_blocks(blocks() if callable(blocks) else blocks, n_features)
        return columns, read_candidates(self.block_weights, [*columns, *further])

    def _keep_choice(self, names: Iterable[str], choice: Choice) -> None:
        self.block_weights_ = dict(zip(names, choice.shares.tolist(), strict=True))
        self.alpha_ = choice.alpha

    def _linear(self, X) -> np.ndarray:
        """Return ``X @ coef_.T + intercept_``."""
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", dtype=[np.float64, np.float32], reset=False)
        return safe_sparse_dot(X, self.coef_.T, dense_output=True) + self.intercept_

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
