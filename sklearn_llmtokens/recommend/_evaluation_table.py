"""The table of a comparison: means, intervals, and differences to one model."""

from dataclasses import dataclass, field

import numpy as np

from .._utils._optional import require
from ._bootstrap import interval, resampled_means


@dataclass
class Result:
    """What came of one model: values of metrics for each split, and seconds."""

    values: list[list[np.ndarray | float]] = field(default_factory=list)
    n_queries: list[int] = field(default_factory=list)
    fit_seconds: float = 0.0
    embed_seconds: float = 0.0
    recommend_seconds: float = 0.0


@dataclass(frozen=True)
class Bootstrap:
    """How intervals are computed.

    Attributes
    ----------
    level : float
        Share of resamples that an interval holds.
    n_resamples : int
        How often users are drawn; 0 for no intervals.
    seed : int
        Draws them.
    baseline : str or None
        The model that others are compared with.
    """

    level: float
    n_resamples: int
    seed: int
    baseline: str | None


def evaluation_table(
    results: dict[str, Result], metrics: list[str], users: np.ndarray, bootstrap: Bootstrap
) -> dict[str, dict[str, float]]:
    """Return the columns of each model.

    Parameters
    ----------
    results : dict of str to Result
        What came of each model.
    metrics : list of str
        Names of the metrics.
    users : ndarray of shape (n_queries,), dtype=int
        The user of each test query, over all splits.
    bootstrap : Bootstrap
        How intervals are computed.

    Returns
    -------
    dict of str to dict of str to float
        Columns by model.
    """
    table: dict[str, dict[str, float]] = {name: {} for name in results}
    for j, metric in enumerate(metrics):
        of_model = {name: [one[j] for one in result.values] for name, result in results.items()}
        if all(np.ndim(one) == 1 for values in of_model.values() for one in values):
            values = np.stack([np.concatenate(one) for one in of_model.values()], axis=1)
            found = _of_queries(values, users, list(results), bootstrap)
        else:
            means = {name: _mean(values, results[name].n_queries) for name, values in of_model.items()}
            found = _of_lists(means, bootstrap)
        for name, columns in found.items():
            table[name] |= {metric + end: float(value) for end, value in columns.items()}
    for name, result in results.items():
        table[name] |= {
            "fit_seconds": result.fit_seconds,
            "embed_seconds": result.embed_seconds,
            "recommend_seconds": result.recommend_seconds,
            "n_queries": len(users),
            "n_users": len(np.unique(users)),
        }
    return table


def as_pandas(table: dict[str, dict[str, float]]):
    """Return a table as a DataFrame with one row for each model."""
    pandas = require("pandas", extra="frames", purpose="evaluate(as_frame=True)")
    return pandas.DataFrame(list(table.values()), index=pandas.Index(list(table), name="model"))


def _of_queries(values: np.ndarray, users: np.ndarray, names: list[str], bootstrap: Bootstrap) -> dict[str, dict]:
    """Return means, intervals and differences of values, shape (n_queries, n_models)."""
    has_value = ~np.isnan(values)
    n = has_value.sum(axis=0)
    means = np.divide(np.where(has_value, values, 0).sum(axis=0), n, out=np.full(len(n), np.nan), where=n > 0)
    resampled = None
    if bootstrap.n_resamples:
        codes = np.unique(users, return_inverse=True)[1]
        resampled = resampled_means(values, codes, bootstrap.n_resamples, np.random.default_rng(bootstrap.seed))
    columns = _ends("", means, resampled, bootstrap.level)
    if bootstrap.baseline is not None:
        j = names.index(bootstrap.baseline)
        differences = None if resampled is None else resampled - resampled[:, j : j + 1]
        columns |= _ends("_diff", means - means[j], differences, bootstrap.level)
    return {name: {end: column[i] for end, column in columns.items()} for i, name in enumerate(names)}


def _ends(end: str, means: np.ndarray, resampled: np.ndarray | None, level: float) -> dict[str, np.ndarray]:
    if resampled is None:
        return {end: means}
    low, high = interval(resampled, level)
    return {end: means, f"{end}_low": low, f"{end}_high": high}


def _of_lists(means: dict[str, float], bootstrap: Bootstrap) -> dict[str, dict]:
    """Return the columns of a measure that has one value for all lists: no interval."""
    found = {}
    for name, mean in means.items():
        centres = {"": mean}
        if bootstrap.baseline is not None:
            centres["_diff"] = mean - means[bootstrap.baseline]
        tails = ("_low", "_high") if bootstrap.n_resamples else ()
        found[name] = {
            column: value
            for end in centres
            for column, value in [(end, centres[end]), *((end + t, np.nan) for t in tails)]
        }
    return found


def _mean(values: list, n_queries: list[int]) -> float:
    """Return the mean over splits, by their queries; values of queries count as their mean."""
    of_splits = [np.mean(known) if len(known := one[~np.isnan(one)]) else np.nan for one in map(np.atleast_1d, values)]
    return float(np.average(of_splits, weights=n_queries))
