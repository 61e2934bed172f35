"""Means of queries under resampling of users: what an interval of a comparison is made of."""

import numpy as np

_CELLS = 4_000_000  # numbers of users in resamples at a time: 32 MB


def resampled_means(values: np.ndarray, users: np.ndarray, n_resamples: int, rng) -> np.ndarray:
    """Return the means of columns over queries whose users are drawn with replacement.

    A user who is drawn brings all of their queries, so that queries of one user are not taken for independent ones
    (the cluster bootstrap of [1]_).

    Parameters
    ----------
    values : ndarray of shape (n_queries, n_columns)
        Values of queries; NaN where a query has none.
    users : ndarray of shape (n_queries,), dtype=int
        The number of the user of each query, from 0 without gaps.
    n_resamples : int
        How often users are drawn.
    rng : numpy.random.Generator
        Draws them: the same users for all columns.

    Returns
    -------
    ndarray of shape (n_resamples, n_columns)
        The means; NaN where nobody who was drawn has a value.

    References
    ----------
    .. [1] A. C. Davison, D. V. Hinkley. "Bootstrap Methods and their Application", section 3.8. Cambridge University
       Press, 1997.

    Examples
    --------
    >>> values = np.array([[1.0], [1.0], [0.0]])
    >>> sorted(set(resampled_means(values, np.array([0, 0, 1]), 50, np.random.default_rng(0)).ravel().tolist()))
    [0.0, 0.6666666666666666, 1.0]
    """
    n_users = int(users.max()) + 1
    has_value = ~np.isnan(values)
    sums, counts = (_of_users(one, users, n_users) for one in (np.where(has_value, values, 0.0), has_value))
    out = np.empty((n_resamples, values.shape[1]))
    step = max(1, _CELLS // n_users)
    for start in range(0, n_resamples, step):
        stop = min(start + step, n_resamples)
        drawn = np.stack(
            [np.bincount(rng.integers(0, n_users, n_users), minlength=n_users) for _ in range(start, stop)]
        )
        total, n = drawn @ sums, drawn @ counts
        out[start:stop] = np.divide(total, n, out=np.full(total.shape, np.nan), where=n > 0)
    return out


def interval(means: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the percentile interval of resampled means.

    Parameters
    ----------
    means : ndarray of shape (n_resamples, n_columns)
        Means, or differences of them.
    level : float
        The share of resamples that it holds, 0.95 for instance.

    Returns
    -------
    low, high : ndarray of shape (n_columns,)
        Its ends; NaN for a column without a mean.
    """
    low, high = np.full((2, means.shape[1]), np.nan)
    for j, column in enumerate(means.T):
        known = column[~np.isnan(column)]
        if len(known):
            low[j], high[j] = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return low, high


def _of_users(values: np.ndarray, users: np.ndarray, n_users: int) -> np.ndarray:
    """Return the sums of columns over the queries of each user, shape (n_users, n_columns)."""
    return np.stack([np.bincount(users, column, minlength=n_users) for column in values.T.astype(np.float64)], axis=1)
