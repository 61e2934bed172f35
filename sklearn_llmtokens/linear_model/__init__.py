"""Linear classifiers and regressors of blocks of features, which choose their strengths by leave-one-out."""

from .._public import name_public_module
from ._block_ridge_classifier import BlockRidgeClassifier
from ._block_ridge_regressor import BlockRidgeRegressor

__all__ = ["BlockRidgeClassifier", "BlockRidgeRegressor"]

name_public_module(globals())
