"""PCA for embeddings, with partial whitening and removal of dominant directions.

Vectors of language models share a few directions that carry little of the meaning and most of the variance. Plain PCA
keeps exactly those. Here they can be dropped (`remove_top`) or scaled down (`whiten`, by degrees), and the number of
components gives way where a fold has fewer rows than components.
"""

import warnings
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.decomposition import PCA
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from .._utils._pickling import VersionedPickle
from .._utils._sklearn import Interval, RealNotInt, StrOptions, fit_context
from .._utils._whitening import whitening_divisors

_DTYPES = [np.float64, np.float32]
_PARTIAL_SOLVERS = ("arpack", "randomized")
_SEED = 0  # where nobody has asked for chance


class EmbeddingPCA(ClassNamePrefixFeaturesOutMixin, TransformerMixin, VersionedPickle, BaseEstimator):
    """Reduce embedding vectors by PCA, with partial whitening and removal of top directions.

    Parameters
    ----------
    n_components : int, float or None, default=64
        Number of components to keep, after `remove_top`. An int is an upper bound: where rows or columns allow fewer,
        as they may in a fold, that many are kept, `n_components_` says how many, and a warning is given. A float
        between 0 and 1 keeps as many as explain that share of the variance that `remove_top` leaves. None keeps all.
    whiten : float or bool, default=0.0
        Exponent of whitening, between 0 and 1: scores are divided by their standard deviation to this power. 0 (False)
        leaves them, 0.5 halves the spread between strong and weak components on a log scale, 1 (True) gives every
        component unit variance.
    remove_top : int, default=0
        Number of components with the most variance to drop.
    svd_solver : {"auto", "full", "covariance_eigh", "arpack", "randomized"}, default="auto"
        As in :class:`sklearn.decomposition.PCA`.
    random_state : int, RandomState instance or None, default=None
        Used by the solvers "arpack" and "randomized". None is NumPy's global state for these solvers, as in
        scikit-learn. With ``svd_solver="auto"``, which may choose "randomized", None is a fixed seed, so that the same
        rows give the same components again.

    Attributes
    ----------
    components_ : ndarray of shape (`n_components_`, `n_features_in_`)
        Directions that are kept, by decreasing variance.
    removed_components_ : ndarray of shape (remove_top, `n_features_in_`)
        Directions that are dropped.
    explained_variance_ : ndarray of shape (`n_components_`,)
        Variance along each direction, before whitening.
    explained_variance_ratio_ : ndarray of shape (`n_components_`,)
        The same as a share of the variance that is left once the top directions are removed.
    mean_ : ndarray of shape (`n_features_in_`,)
        Mean of the columns.
    scale_ : ndarray of shape (`n_components_`,)
        What the scores are divided by: ones where `whiten` is 0.
    n_components_ : int
        Number of components kept.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where `X` was a frame with names.

    See Also
    --------
    sklearn.decomposition.PCA : What this stands on; the same where `whiten` and `remove_top` are 0.
    sklearn.decomposition.TruncatedSVD : For sparse data such as TF-IDF.

    Notes
    -----
    `n_rows` centred rows span at most `n_rows - 1` directions, so that at most
    ``min(n_rows - 1, n_features_in_) - remove_top`` components are kept.

    Vectors of float32 are transformed in float32, all others in float64. A direction whose standard deviation is below
    the square root of the machine epsilon, as a share of the largest one, is divided by that bound instead. Otherwise
    whitening would amplify directions of rounding error, which repeated rows leave, to unit variance.

    Removal of top directions is "all-but-the-top" [1]_, with the number of directions as a parameter. The exponent
    of whitening is Caron's exponent [2]_, counted from the other end (1 - `whiten` is the power of the singular values
    that is kept); [3]_ compares both. Full whitening of sentence vectors is from [4]_.

    References
    ----------
    .. [1] Jiaqi Mu, Pramod Viswanath. "All-but-the-Top: Simple and Effective Postprocessing for Word Representations".
       ICLR 2018. arXiv:1702.01417.
    .. [2] John Caron. "Experiments with LSA scoring: optimal rank and basis". Computational Information Retrieval,
       SIAM 2001.
    .. [3] John A. Bullinaria, Joseph P. Levy. "Extracting semantic representations from word co-occurrence statistics:
       stop-lists, stemming, and SVD". Behavior Research Methods 44, 2012.
    .. [4] Jianlin Su, Jiarun Cao, Weijie Liu, Yangyiwen Ou. "Whitening Sentence Representations for Better Semantics
       and Faster Retrieval". 2021. arXiv:2103.15316.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_llmtokens.features import EmbeddingPCA
    >>> vectors = np.random.default_rng(0).normal(size=(100, 16)).astype(np.float32)
    >>> pca = EmbeddingPCA(4, whiten=0.5, remove_top=1)
    >>> scores = pca.fit_transform(vectors)
    >>> scores.shape, scores.dtype
    ((100, 4), dtype('float32'))
    >>> pca.get_feature_names_out()
    array(['embeddingpca0', 'embeddingpca1', 'embeddingpca2', 'embeddingpca3'], dtype=object)
    """

    _parameter_constraints: dict = {
        "n_components": [
            Interval(Integral, 1, None, closed="left"),
            Interval(RealNotInt, 0, 1, closed="neither"),
            None,
        ],
        "whiten": [Interval(Real, 0, 1, closed="both"), "boolean"],
        "remove_top": [Interval(Integral, 0, None, closed="left")],
        "svd_solver": [StrOptions({"auto", "full", "covariance_eigh", "arpack", "randomized"})],
        "random_state": ["random_state"],
    }

    def __init__(self, n_components=64, *, whiten=0.0, remove_top=0, svd_solver="auto", random_state=None):
        self.n_components = n_components
        self.whiten = whiten
        self.remove_top = remove_top
        self.svd_solver = svd_solver
        self.random_state = random_state

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Find the mean and the directions of `X`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Vectors, one per row; two rows at least.
        y : None
            Ignored.

        Returns
        -------
        EmbeddingPCA
            The fitted estimator.

        Raises
        ------
        ValueError
            If a parameter is out of range, `X` has fewer than two rows, holds NaN or infinity, or has no direction
            left after `remove_top`.
        """
        X = validate_data(self, X, dtype=_DTYPES, ensure_min_samples=2)
        limit = _n_directions(X.shape, self.svd_solver) - self.remove_top
        if limit < 1:
            raise ValueError(
                f"n_samples={X.shape[0]} and n_features={X.shape[1]} leave no component to keep after "
                f"remove_top={self.remove_top}: pass more rows or a smaller remove_top."
            )
        n_wanted = self._n_components_to_compute(limit)
        seed = _SEED if self.random_state is None and self.svd_solver == "auto" else self.random_state
        pca = PCA(n_wanted + self.remove_top, svd_solver=self.svd_solver, random_state=seed)
        # The solver "covariance_eigh" subtracts products of means, which leaves rounding errors where means are large.
        mean = X.mean(axis=0, dtype=np.float64).astype(X.dtype)
        with np.errstate(invalid="ignore"):  # rows that are all equal: PCA's own ratio, not used here, is 0 / 0
            pca.fit(X - mean)

        top, variance = self.remove_top, pca.explained_variance_
        left = max(X.var(axis=0, ddof=1, dtype=np.float64).sum() - variance[:top].sum(dtype=np.float64), 0.0)
        ratio = np.divide(variance[top:], left, out=np.zeros_like(variance[top:]), where=left > 0)
        n_kept = _n_for_share(ratio, self.n_components) if isinstance(self.n_components, float) else n_wanted
        kept = slice(top, top + n_kept)

        self.mean_ = mean + pca.mean_
        self.components_ = pca.components_[kept]
        self.removed_components_ = pca.components_[:top]
        self.explained_variance_ = variance[kept]
        self.explained_variance_ratio_ = ratio[:n_kept]
        self.scale_ = _scale(variance, float(self.whiten), self.mean_)[kept]
        self.n_components_ = n_kept
        return self

    def transform(self, X):
        """Compute the scores of `X` along the components.

        Parameters
        ----------
        X : array-like of shape (n_samples, `n_features_in_`)
            Vectors, one per row.

        Returns
        -------
        ndarray of shape (n_samples, `n_components_`)
            The scores, float32 for float32 vectors and float64 otherwise.

        Raises
        ------
        ValueError
            If `X` has another number of columns than in ``fit``, or holds NaN or infinity.
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=_DTYPES, reset=False)
        projection = (self.components_ / self.scale_[:, np.newaxis]).astype(X.dtype, copy=False)
        return (X - self.mean_.astype(X.dtype, copy=False)) @ projection.T

    def inverse_transform(self, X):
        """Compute the vectors that have the scores `X`, without the directions that were dropped.

        Parameters
        ----------
        X : array-like of shape (n_samples, `n_components_`)
            Scores, as `transform` gives them.

        Returns
        -------
        ndarray of shape (n_samples, `n_features_in_`)
            The vectors, float32 for float32 scores and float64 otherwise.

        Raises
        ------
        ValueError
            If `X` does not have `n_components_` columns.
        """
        check_is_fitted(self)
        X = check_array(X, dtype=_DTYPES, input_name="X")
        if X.shape[1] != self.n_components_:
            raise ValueError(f"X has {X.shape[1]} columns, but {self.n_components_} components are kept.")
        back = (self.components_ * self.scale_[:, np.newaxis]).astype(X.dtype, copy=False)
        return X @ back + self.mean_.astype(X.dtype, copy=False)

    def _n_components_to_compute(self, limit: int) -> int:
        """Clip `n_components` to `limit`, with a warning; a share of the variance needs all of them."""
        if self.n_components is None:
            return limit
        if isinstance(self.n_components, float):
            if self.svd_solver in _PARTIAL_SOLVERS:
                raise ValueError(
                    f"n_components={self.n_components} is a share of the variance, which "
                    f"svd_solver={self.svd_solver!r} does not know: pass an int, or another svd_solver."
                )
            return limit
        if self.n_components > limit:
            warnings.warn(
                f"n_components={self.n_components} is more than the {limit} that the data allow after "
                f"remove_top={self.remove_top}: {limit} are kept. n_components=None keeps all without a warning.",
                UserWarning,
                stacklevel=5,  # past fit and its two decorators
            )
        return int(min(self.n_components, limit))

    @property
    def _n_features_out(self):
        return self.components_.shape[0]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _n_directions(shape: tuple[int, int], svd_solver: str) -> int:
    """Compute the number of directions that centred rows span at most, and that the solver can find."""
    n_rows, n_columns = shape
    limit = min(n_rows - 1, n_columns)
    return min(limit, n_columns - 1) if svd_solver == "arpack" else limit


def _n_for_share(ratio: np.ndarray, share: float) -> int:
    """Compute the least number of leading entries of `ratio` whose sum is more than `share`.

    Examples
    --------
    >>> _n_for_share(np.array([0.5, 0.25, 0.25]), 0.6)
    2
    """
    n_needed = int(np.searchsorted(np.cumsum(ratio, dtype=np.float64), share, side="right")) + 1
    return min(n_needed, len(ratio))


def _scale(variance: np.ndarray, exponent: float, mean: np.ndarray) -> np.ndarray:
    """Compute the divisor of each score: its standard deviation, kept above rounding error, to the power `exponent`.

    Variances come from a solver that may have squared the data, so that a standard deviation is only known to the
    square root of the machine epsilon; a constant column that is far from zero leaves rounding errors of its own size.
    """
    info = np.finfo(variance.dtype)
    std = np.sqrt(variance.astype(np.float64))
    floor = max(np.sqrt(info.eps) * std[0], info.eps * np.abs(mean).max(), info.tiny)
    return whitening_divisors(std, exponent, floor).astype(variance.dtype)
