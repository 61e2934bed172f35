import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sklearn_llmtokens.features import EmbeddingPCA

CLIPPED = "more than the .* that the data allow"


@pytest.fixture
def vectors():
    """Correlated vectors far from the origin, with one direction that outweighs the others."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 12)) @ rng.normal(size=(12, 12)) + 3.0
    X[:, 0] += 20 * rng.normal(size=80)
    return X


def naive_scores(X, n_components, whiten, remove_top):
    """Eigenvectors of the covariance matrix, in double precision."""
    X = X.astype(np.float64)
    centred = X - X.mean(axis=0)
    variance, directions = np.linalg.eigh(centred.T @ centred / (len(X) - 1))
    order = np.argsort(-variance)[remove_top : remove_top + n_components]
    return centred @ directions[:, order] / np.sqrt(variance[order]) ** whiten


def assert_equal_up_to_sign(actual, expected, **tolerance):
    signs = np.sign((actual * expected).sum(axis=0))
    np.testing.assert_allclose(actual * signs, expected, **tolerance)


@pytest.mark.parametrize("whiten", [False, True])
@pytest.mark.parametrize("svd_solver", ["auto", "full", "covariance_eigh", "arpack", "randomized"])
def test_equals_scikit_learn_without_and_with_full_whitening(vectors, whiten, svd_solver):
    ours = EmbeddingPCA(5, whiten=whiten, svd_solver=svd_solver, random_state=0).fit(vectors)
    theirs = PCA(5, whiten=whiten, svd_solver=svd_solver, random_state=0).fit(vectors)
    np.testing.assert_allclose(ours.transform(vectors), theirs.transform(vectors), atol=1e-9)
    np.testing.assert_allclose(ours.explained_variance_, theirs.explained_variance_)
    np.testing.assert_allclose(ours.explained_variance_ratio_, theirs.explained_variance_ratio_)
    np.testing.assert_allclose(ours.mean_, theirs.mean_)
    back = theirs.inverse_transform(theirs.transform(vectors))
    np.testing.assert_allclose(ours.inverse_transform(ours.transform(vectors)), back, atol=1e-9)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("remove_top", [0, 1, 3])
@pytest.mark.parametrize("whiten", [0.0, 0.25, 0.5, 1.0])
def test_equals_the_formula_for_partial_whitening_and_removal(vectors, whiten, remove_top, dtype):
    X = vectors.astype(dtype)
    scores = EmbeddingPCA(4, whiten=whiten, remove_top=remove_top).fit_transform(X)
    assert scores.dtype == dtype
    expected = naive_scores(X, 4, whiten, remove_top)
    tolerance = 1e-9 if dtype == np.float64 else 2e-4
    assert_equal_up_to_sign(scores, expected, atol=tolerance * np.abs(expected).max())


def test_partial_whitening_leaves_that_power_of_the_standard_deviation(vectors):
    plain = EmbeddingPCA(4).fit_transform(vectors).std(axis=0)
    half = EmbeddingPCA(4, whiten=0.5).fit_transform(vectors).std(axis=0)
    np.testing.assert_allclose(half / half[0], np.sqrt(plain / plain[0]))


def test_removed_directions_have_no_variance_left(vectors):
    pca = EmbeddingPCA(None, remove_top=2).fit(vectors)
    rebuilt = pca.inverse_transform(pca.transform(vectors))
    np.testing.assert_allclose((rebuilt - pca.mean_) @ pca.removed_components_.T, 0, atol=1e-9)
    top = PCA(2).fit(vectors)
    np.testing.assert_allclose(pca.removed_components_, top.components_, atol=1e-9)
    without = vectors - top.inverse_transform(top.transform(vectors))
    np.testing.assert_allclose(rebuilt - pca.mean_, without, atol=1e-9)


def test_all_components_give_the_vectors_back(vectors):
    pca = EmbeddingPCA(None, whiten=0.5).fit(vectors)
    np.testing.assert_allclose(pca.inverse_transform(pca.transform(vectors)), vectors)


def test_share_of_variance_counts_what_removal_leaves(vectors):
    variance = PCA().fit(vectors).explained_variance_
    left = variance[1:]
    expected = int(np.searchsorted(np.cumsum(left) / left.sum(), 0.8, side="right")) + 1
    pca = EmbeddingPCA(0.8, remove_top=1).fit(vectors)
    assert pca.n_components_ == expected
    assert pca.explained_variance_ratio_.sum() > 0.8
    assert pca.explained_variance_ratio_[:-1].sum() <= 0.8
    assert EmbeddingPCA(0.8).fit(vectors).n_components_ == PCA(0.8).fit(vectors).n_components_


@pytest.mark.parametrize("svd_solver", ["arpack", "randomized"])
def test_share_of_variance_is_refused_by_partial_solvers(vectors, svd_solver):
    with pytest.raises(ValueError, match="share of the variance"):
        EmbeddingPCA(0.5, svd_solver=svd_solver).fit(vectors)


def test_more_components_than_rows_allow_are_clipped_aloud(vectors):
    with pytest.warns(UserWarning, match=r"n_components=64 is more than the 9 .* remove_top=0: 9 are kept") as caught:
        pca = EmbeddingPCA().fit(vectors[:10])
    assert caught[0].filename == __file__
    assert pca.n_components_ == 9
    assert pca.transform(vectors).shape == (80, 9)
    assert list(pca.get_feature_names_out()) == [f"embeddingpca{i}" for i in range(9)]


def test_more_components_than_columns_are_clipped_aloud(vectors):
    with pytest.warns(UserWarning, match=CLIPPED):
        pca = EmbeddingPCA(11, remove_top=3).fit(vectors)
    assert pca.n_components_ == 9


@pytest.mark.parametrize("n_components", [None, 0.9, 4])
def test_no_warning_where_nothing_is_clipped(vectors, n_components):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        EmbeddingPCA(n_components).fit(vectors[:5])


def test_refit_on_fewer_rows_changes_n_components(vectors):
    pca = EmbeddingPCA(8).fit(vectors)
    assert pca.n_components_ == 8
    with pytest.warns(UserWarning, match=CLIPPED):
        pca.fit(vectors[:4])
    assert pca.n_components_ == 3
    assert pca.transform(vectors).shape == (80, 3)
    with pytest.warns(UserWarning, match=CLIPPED):
        fresh = clone(pca).fit(vectors[:4])
    np.testing.assert_array_equal(pca.transform(vectors), fresh.transform(vectors))


def test_no_direction_left_is_an_error(vectors):
    with pytest.raises(ValueError, match=r"n_samples=3 .* remove_top=2"):
        EmbeddingPCA(1, remove_top=2).fit(vectors[:3])
    with pytest.raises(ValueError, match="minimum of 2"):
        EmbeddingPCA(1).fit(vectors[:1])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("svd_solver", ["full", "covariance_eigh"])
def test_whitening_does_not_blow_up_rounding_errors(vectors, dtype, svd_solver):
    repeated = np.tile(vectors[:4].astype(dtype), (10, 1))
    scores = EmbeddingPCA(None, whiten=1.0, svd_solver=svd_solver).fit_transform(repeated)
    assert np.isfinite(scores).all()
    np.testing.assert_allclose(scores[:, :3].std(axis=0, ddof=1), 1, rtol=1e-3)
    assert np.abs(scores[:, 3:]).max() < 0.01


@pytest.mark.parametrize("svd_solver", ["auto", "full", "covariance_eigh", "randomized"])
def test_means_far_from_zero_cost_no_accuracy(svd_solver):
    rng = np.random.default_rng(0)
    spread = rng.standard_normal((700, 64)) * np.linspace(1, 0.05, 64)
    X = (10 + 0.05 * spread).astype(np.float32)
    pca = EmbeddingPCA(8, whiten=1.0, svd_solver=svd_solver, random_state=0).fit(X)
    exact = PCA(8, svd_solver="full").fit(X.astype(np.float64))
    tolerance = 0.1 if svd_solver == "randomized" else 1e-4  # the last components of an approximate solver
    np.testing.assert_allclose(pca.explained_variance_, exact.explained_variance_, rtol=tolerance)
    np.testing.assert_allclose(pca.transform(X).std(axis=0, ddof=1), 1, rtol=tolerance)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_equal_rows_give_equal_finite_scores(dtype):
    X = np.full((6, 5), 0.1, dtype=dtype)
    pca = EmbeddingPCA(2, whiten=1.0).fit(X)
    scores = pca.transform(X)
    assert np.abs(scores).max() <= 2
    np.testing.assert_array_equal(scores, np.broadcast_to(scores[0], scores.shape))
    assert np.isfinite(pca.explained_variance_ratio_).all()


def test_other_dtypes_become_double_precision(vectors):
    assert EmbeddingPCA(2).fit_transform(vectors.astype(int)).dtype == np.float64
    assert EmbeddingPCA(2).fit_transform(vectors.astype(np.float16)).dtype == np.float64
    assert EmbeddingPCA(2).fit(vectors).transform(vectors.astype(np.float32)).dtype == np.float32


def test_inverse_transform_wants_as_many_columns_as_components(vectors):
    with pytest.raises(ValueError, match="X has 3 columns, but 2 components are kept"):
        EmbeddingPCA(2).fit(vectors).inverse_transform(vectors[:, :3])


def test_frames_keep_their_index(vectors):
    frame = pd.DataFrame(vectors, index=np.arange(80) * 3 + 1).add_prefix("v")
    pca = EmbeddingPCA(2).set_output(transform="pandas").fit(frame)
    out = pca.transform(frame)
    assert out.index.equals(frame.index)
    assert list(out.columns) == ["embeddingpca0", "embeddingpca1"]
    assert list(pca.feature_names_in_) == list(frame.columns)


def test_a_search_over_its_parameters_with_folds_smaller_than_n_components(vectors):
    y = (vectors[:, 1] > vectors[:, 1].mean()).astype(int)
    pipeline = make_pipeline(EmbeddingPCA(), RandomForestClassifier(5, random_state=0))
    grid = {"embeddingpca__n_components": [2, None, 0.9], "embeddingpca__whiten": [0.0, 0.5, True]}
    search = GridSearchCV(pipeline, grid, cv=3, error_score="raise").fit(vectors[:9], y[:9])
    assert len(search.cv_results_["params"]) == 9


@settings(max_examples=60, deadline=None)
@given(
    n_rows=st.integers(2, 20),
    n_columns=st.integers(1, 20),
    n_components=st.one_of(st.none(), st.integers(1, 30), st.floats(0.01, 0.99)),
    whiten=st.floats(0, 1),
    remove_top=st.integers(0, 3),
    single=st.booleans(),
    seed=st.integers(0, 5),
)
def test_any_shape_gives_finite_scores_of_the_width_recorded(
    n_rows, n_columns, n_components, whiten, remove_top, single, seed
):
    X = np.random.default_rng(seed).normal(size=(n_rows, n_columns)).astype(np.float32 if single else np.float64)
    pca = EmbeddingPCA(n_components, whiten=whiten, remove_top=remove_top)
    limit = min(n_rows - 1, n_columns) - remove_top
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*that the data allow")
        if limit < 1:
            with pytest.raises(ValueError, match="leave no component"):
                pca.fit(X)
            return
        scores = pca.fit_transform(X)
    assert scores.shape == (n_rows, pca.n_components_) == (n_rows, len(pca.get_feature_names_out()))
    assert scores.dtype == X.dtype
    assert np.isfinite(scores).all()
    assert 1 <= pca.n_components_ <= limit
    if isinstance(n_components, int):
        assert pca.n_components_ == min(n_components, limit)
    assert pca.removed_components_.shape == (remove_top, n_columns)
    gram = pca.components_ @ np.concatenate([pca.components_, pca.removed_components_]).T
    np.testing.assert_allclose(gram, np.eye(*gram.shape), atol=1e-3 if single else 1e-8)


def test_the_default_solver_gives_the_same_components_again():
    X = np.random.default_rng(0).normal(size=(700, 520)).astype(np.float32)  # so large that "auto" is "randomized"
    first, second = (EmbeddingPCA(8).fit(X) for _ in range(2))
    np.testing.assert_array_equal(first.components_, second.components_)
    other = EmbeddingPCA(8, random_state=1).fit(X)
    assert not np.array_equal(first.components_, other.components_)
