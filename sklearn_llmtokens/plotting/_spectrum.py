"""Explained variance of the principal directions of vectors."""

import numpy as np
from sklearn.utils import check_array
from sklearn.utils.validation import check_is_fitted

from ._axes import axes_for


class SpectrumDisplay:
    """Share of the variance that the principal directions of vectors explain, and its cumulative sum.

    One direction with most of the variance is what raw vectors of language models often show; whitening evens it out.

    Parameters
    ----------
    explained_variance_ratio : array-like of shape (n_directions,), or dict of str to such
        The shares, in decreasing order; of several kinds of vectors by name.

    Attributes
    ----------
    n_effective_ : dict of str to float
        Effective number of directions, (sum of shares)^2 / sum of squares (participation ratio), by name.
    lines_ : list of matplotlib Line2D
        The running sums.
    ax_ : matplotlib Axes
        The axes.
    figure_ : matplotlib Figure
        The figure.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_llmtokens.plotting import SpectrumDisplay
    >>> vectors = np.random.default_rng(0).normal(size=(50, 4)) * [4, 2, 1, 1]
    >>> display = SpectrumDisplay.from_vectors({"raw": vectors, "scaled": vectors / [4, 2, 1, 1]})
    >>> {name: round(n, 1) for name, n in display.n_effective_.items()}
    {'raw': 1.7, 'scaled': 3.8}
    """

    def __init__(self, explained_variance_ratio):
        self.explained_variance_ratio = explained_variance_ratio

    @classmethod
    def from_vectors(cls, vectors, *, ax=None, **kwargs):
        """Compute the spectrum of vectors and draw it.

        Parameters
        ----------
        vectors : array-like of shape (n_vectors, n_features), or dict of str to such
            The vectors; two at least.
        ax : matplotlib Axes, default=None
            Where to draw. None makes a new figure.
        **kwargs : dict
            Passed to ``Axes.plot``.

        Returns
        -------
        SpectrumDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If there are fewer than two vectors, or all are equal.
        MissingDependencyError
            If matplotlib is not installed.
        """
        named = vectors if isinstance(vectors, dict) else {"": vectors}
        return cls({name: _variance_ratio(rows) for name, rows in named.items()}).plot(ax=ax, **kwargs)

    @classmethod
    def from_estimator(cls, estimator, *, ax=None, **kwargs):
        """Draw the spectrum that a fitted PCA found.

        Parameters
        ----------
        estimator : estimator with ``explained_variance_ratio_``
            A fitted PCA, EmbeddingPCA or TruncatedSVD.
        ax : matplotlib Axes, default=None
            Where to draw. None makes a new figure.
        **kwargs : dict
            Passed to ``Axes.plot``.

        Returns
        -------
        SpectrumDisplay
            The display, drawn.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        MissingDependencyError
            If matplotlib is not installed.
        """
        check_is_fitted(estimator)
        return cls(estimator.explained_variance_ratio_).plot(ax=ax, **kwargs)

    def plot(self, ax=None, **kwargs):
        """Draw the cumulative sums of the shares.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None makes a new figure.
        **kwargs : dict
            Passed to ``Axes.plot``.

        Returns
        -------
        SpectrumDisplay
            The display itself.

        Raises
        ------
        MissingDependencyError
            If matplotlib is not installed.
        """
        ax = axes_for(ax, "SpectrumDisplay")
        given = self.explained_variance_ratio
        ratios = {name: np.asarray(row) for name, row in (given if isinstance(given, dict) else {"": given}).items()}
        self.n_effective_ = {name: float(row.sum() ** 2 / (row**2).sum()) for name, row in ratios.items()}
        self.lines_ = []
        for name, row in ratios.items():
            label = f"{name}, effectively {self.n_effective_[name]:.1f} directions".removeprefix(", ")
            (line,) = ax.plot(np.arange(1, len(row) + 1), np.cumsum(row), **{"label": label, **kwargs})
            self.lines_.append(line)
        ax.set(xscale="log", ylim=(0, 1.02), xlabel="directions", ylabel="share of the variance")
        ax.legend(loc="lower right", frameon=False)
        self.ax_, self.figure_ = ax, ax.figure
        return self


def _variance_ratio(vectors) -> np.ndarray:
    """Compute the share of the variance along each principal direction, decreasing, shape (n_directions,)."""
    vectors = check_array(vectors, dtype=np.float64, ensure_min_samples=2, input_name="vectors")
    singular = np.linalg.svd(vectors - vectors.mean(axis=0), compute_uv=False)
    variance = singular**2
    if not variance.sum() > 0:
        raise ValueError("All vectors are equal: they have no spectrum.")
    return variance / variance.sum()
