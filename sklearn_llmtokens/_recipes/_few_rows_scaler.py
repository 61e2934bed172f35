"""`FewRowsScaler`: vectors of a handful of texts say nothing about the scale of their features."""

import numpy as np
from scipy import sparse
from sklearn.preprocessing import StandardScaler

# Two rows differ by the same two values in every feature once they are scaled, so that features in which they happen
# to be close decide about all other texts.
_FEWEST_ROWS = 4


class FewRowsScaler(StandardScaler):
    """Scale features to unit variance, but leave them as they are where fewer than four rows are at hand.

    Parameters
    ----------
    copy : bool, default=True
        As in :class:`sklearn.preprocessing.StandardScaler`.
    with_mean : bool, default=True
        As in :class:`sklearn.preprocessing.StandardScaler`.
    with_std : bool, default=True
        As in :class:`sklearn.preprocessing.StandardScaler`.

    Examples
    --------
    >>> import numpy as np
    >>> FewRowsScaler().fit_transform(np.array([[3.0, 4.0], [3.1, 4.0]]))
    array([[3. , 4. ],
           [3.1, 4. ]])
    """

    def fit(self, X, y=None, sample_weight=None):
        """Compute means and scales; those that change nothing where rows are few.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Vectors.
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        FewRowsScaler
            The fitted scaler.

        Raises
        ------
        TypeError
            If the rows are sparse, whose features cannot be centred.
        """
        if sparse.issparse(X) and self.with_mean:
            raise TypeError(
                "The embedder returns sparse rows, which cannot be centred: end it in TruncatedSVD, as in "
                "make_pipeline(embedder, TruncatedSVD(100)), or set features__meaning__scaler to MaxAbsScaler()."
            )
        super().fit(_in_single_precision(X), y, sample_weight)
        if np.max(self.n_samples_seen_) < _FEWEST_ROWS:
            if self.with_mean:
                self.mean_ = np.zeros(self.n_features_in_)
            if self.with_std:
                self.var_, self.scale_ = np.ones(self.n_features_in_), np.ones(self.n_features_in_)
        return self

    def transform(self, X, copy=None):
        """Scale features.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Vectors.
        copy : bool, default=None
            As in :class:`sklearn.preprocessing.StandardScaler`.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            The scaled vectors, in single precision at least.
        """
        return super().transform(_in_single_precision(X), copy=copy)


def _in_single_precision(X):
    """Return an array of half precision in single precision, which sparse rows beside it need; others as they are."""
    return X.astype(np.float32) if getattr(X, "dtype", None) == np.float16 else X
