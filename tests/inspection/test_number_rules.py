"""Rules of steps from numbers to numbers: functions of their output as functions of their input."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.decomposition import PCA, FastICA, IncrementalPCA, TruncatedSVD
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.feature_selection import SelectKBest, VarianceThreshold
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    RobustScaler,
    StandardScaler,
)
from sklearn.random_projection import GaussianRandomProjection, SparseRandomProjection

from sklearn_llmtokens import EmbeddingPCA
from tests.inside import number_rule_of

RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 6)) * [1, 2, 3, 4, 5, 6] + 1
COEF = RNG.normal(size=(2, 6))
AFFINE = [
    StandardScaler(),
    StandardScaler(with_std=False),
    RobustScaler(),
    MaxAbsScaler(),
    MinMaxScaler((-2, 3)),
    PCA(3),
    PCA(3, whiten=True),
    IncrementalPCA(4, whiten=True),
    EmbeddingPCA(3, whiten=0.5, remove_top=1),
    TruncatedSVD(4),
    FastICA(3, random_state=0, tol=0.1),
    GaussianRandomProjection(3, random_state=0),
    SparseRandomProjection(3, random_state=0),
    SelectKBest(k=4),
    VarianceThreshold(5),
    FunctionTransformer(),
]


@pytest.mark.parametrize("step", AFFINE, ids=str)
def test_differences_of_rows_are_kept(step):
    step.fit(X, np.arange(30) % 2)
    x, other = X[:2]
    y, changed = step.transform(X[:2])
    coef = COEF[:, : len(y)]
    found = number_rule_of(step)(step, x, y, coef)
    np.testing.assert_allclose(found @ (x - other), coef @ (y - changed))


@pytest.mark.parametrize("step", [Normalizer(), Normalizer("l1"), TfidfTransformer(sublinear_tf=True)], ids=str)
def test_what_is_scaled_row_by_row_keeps_its_sum(step):
    counts = sparse.csr_array(RNG.integers(0, 3, (5, 6)).astype(float))
    step.fit(counts)
    x, y = counts.toarray()[1], step.transform(counts)[[1]].toarray()[0]
    found = number_rule_of(step)(step, x, y, COEF)
    np.testing.assert_allclose(found @ x, COEF @ y)
    np.testing.assert_allclose(found * x, COEF * y)  # feature by feature
