"""Several recommenders on the same splits, as one table: measures with intervals, and seconds."""

import inspect
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import check_cv
from sklearn.utils import check_scalar

from .._utils._columns import as_objects, read_column, read_rows
from .._utils._messages import shorten
from .._utils._optional import require
from .._utils._warnings import stacklevel_of_caller
from ._base import BaseRecommender
from ._catalog import Catalog
from ._evaluation_table import Bootstrap, Result, as_pandas, evaluation_table
from ._fit_log import FitLog
from ._global_time_split import GlobalTimeSplit
from ._history import History
from ._ids import check_relevant
from ._measures import Measure, read_measures
from ._queries import Queries, make_queries
from ._scorer import recommender_of
from ._splitting import as_codes, rows_of_groups


def evaluate(
    models,
    queries,
    splitter=None,
    metrics=("ndcg@10", "hit_rate@10"),
    *,
    k=10,
    baseline=None,
    filter_seen=None,
    confidence_level=0.95,
    n_resamples=1000,
    random_state=0,
    error_score="raise",
    as_frame=True,
    verbose=0,
):
    """Compare recommenders on the same test queries.

    Each model is cloned, fitted on the training rows of each split and asked for lists of the test rows. Models of one
    catalogue share its vectors, over all splits: texts are embedded once for each distinct embedder.

    Parameters
    ----------
    models : dict of str to estimator
        Recommenders, or searches over them, by name. They are not fitted themselves.
    queries : Queries, Interactions, table of events, or tuple (X, y[, groups[, times]])
        Rows of `make_queries`; what it takes, for its rows; or rows made by hand, with their users as `groups`.
    splitter : splitter, int, or iterable of (train, test), default=None
        Of this package or of scikit-learn, whose groups are the users. None is ``GlobalTimeSplit()``.
    metrics : str, callable, list of them, or dict of name to one of them, default=("ndcg@10", "hit_rate@10")
        "ndcg", "recall", "hit_rate", "mrr", "coverage", "gini" and "novelty", with the length of the lists as in
        "ndcg@5"; or functions, which get those of `y_true`, `recommended`, `k`, `items` (the catalogue) and `histories`
        (the training events of each user) that they take by name. With an argument `average`, as the metrics of this
        package have it, a function is asked for a value for each query.
    k : int, default=10
        Length of the lists for metrics that name none.
    baseline : str, default=None
        Name of a model: the differences of all others to it get columns of their own, with intervals of differences on
        the same users.
    filter_seen : bool, default=None
        Whether items of the history are left out of the lists. None is what each recommender does by itself.
    confidence_level : float, default=0.95
        Share of resamples that an interval holds.
    n_resamples : int, default=1000
        How often users are drawn with replacement for the intervals. 0 leaves intervals out.
    random_state : int, default=0
        Draws the users.
    error_score : "raise" or float, default="raise"
        Whether an error of a model is raised, with a note that names the model and the split; or the number that all
        its measures get, with a warning.
    as_frame : bool, default=True
        Whether to return a pandas DataFrame.
    verbose : int, default=0
        1 writes what is fitted and asked, and in how many seconds, to standard error.

    Returns
    -------
    frame : DataFrame of shape (n_models, n_columns)
        One row for each model, in the order of `models`, whose names are the index. For each metric there are the
        columns ``NAME``, ``NAME_low`` and ``NAME_high``, the mean over all test queries and the ends of its interval.
        With `baseline` there are ``NAME_diff``, ``NAME_diff_low`` and ``NAME_diff_high`` as well. "fit_seconds" and
        "recommend_seconds" are sums over the splits. "embed_seconds" are those of vectors of the catalogue, which the
        first model that needs them computes for all, and which "fit_seconds" leaves out. "n_queries" and "n_users" are
        those of the test.
    rows : dict of str to dict
        With ``as_frame=False``, the columns of each model by its name.

    Raises
    ------
    ValueError
        If a metric, `baseline` or a parameter is not known or out of range, or a target is not in the catalogue.
    TypeError
        If a model does not recommend, or a metric needs more than what there is.
    MissingDependencyError
        If `as_frame` is True and pandas is not installed.

    See Also
    --------
    make_top_k_scorer : The same metrics in `cross_validate` and `GridSearchCV`.

    Notes
    -----
    Intervals are percentiles of the bootstrap over users [1]_. A user is drawn with all of their queries, because those
    are not independent. All models have the same resamples, so that an interval of differences is that of pairs: it
    may leave out 0 where the intervals of two models overlap. Metrics of all lists together, such as "coverage" and
    "gini", are averaged over splits by their queries, and have no interval. Intervals say how much other users would
    change the figures, not what other periods would.

    References
    ----------
    .. [1] A. C. Davison, D. V. Hinkley. "Bootstrap Methods and their Application". Cambridge University Press, 1997.

    Examples
    --------
    >>> from sklearn_llmtokens.datasets import load_toy_catalog
    >>> from sklearn_llmtokens.recommend import Catalog, EASERecommender, PopularityRecommender, evaluate
    >>> toy = load_toy_catalog()
    >>> catalog = Catalog(toy.ids)
    >>> models = {"popular": PopularityRecommender(catalog), "EASE": EASERecommender(catalog)}
    >>> table = evaluate(models, toy.events, metrics="recall@10", baseline="popular")
    >>> bool(table.loc["EASE", "recall@10_diff_low"] > 0)
    True
    """
    if as_frame:
        require("pandas", extra="frames", purpose="evaluate(as_frame=True)")
    measures = read_measures(metrics, k)
    rows = _Rows.read(queries)
    _check(models, baseline, confidence_level, n_resamples, random_state)
    splits = [_Split(train, test, rows.histories(train)) for train, test in _splits(splitter, rows)]
    log = FitLog(int(verbose), "evaluate")
    embedded: dict[Catalog, list] = {}
    results: dict[str, Result] = {}
    for name, model in models.items():
        results[name] = result = Result()
        try:
            for i, split in enumerate(splits, start=1):
                with log.step(f"{name}, split {i} of {len(splits)}: {split.summary}"):
                    _run(result, model, rows, split, measures, filter_seen, embedded)
        except Exception as error:
            error.add_note(f"The model {name!r} failed in split {i} of {len(splits)} of evaluate.")
            if isinstance(error_score, str):
                raise
            _warn_of_failure(name, i, error)
            results[name] = _failed(measures, float(error_score), sum(len(split.test) for split in splits))
    users = rows.users[np.concatenate([split.test for split in splits])]
    bootstrap = Bootstrap(float(confidence_level), int(n_resamples), int(random_state), baseline)
    table = evaluation_table(results, [one.name for one in measures], users, bootstrap)
    return as_pandas(table) if as_frame else table


@dataclass(frozen=True)
class _Rows:
    """Rows of queries: histories, what followed, users as numbers, and the arguments that splitters take."""

    X: np.ndarray
    y: np.ndarray
    users: np.ndarray
    groups: Any
    times: Any

    @classmethod
    def read(cls, queries) -> "_Rows":
        """Read what stands for queries."""
        if not isinstance(queries, tuple):
            queries = make_queries(queries)
        if not 2 <= len(queries) <= len(Queries._fields):
            raise ValueError(f"queries is a tuple of {len(queries)} columns: (X, y[, groups[, times]]) is expected.")
        X, y, groups, times = (*queries, None, None)[:4]
        X, y = as_objects(read_rows(X, "X", "histories")), read_column(y, "y")
        if len(X) != len(y) or not len(X):
            raise ValueError(
                f"X has {len(X)} rows and y has {len(y)}: at least one row and as many of both are needed."
            )
        if groups is not None:
            users = as_codes(rows_of_groups(groups, len(X), "user").tolist())
        else:
            users = as_codes([row.events.person if type(row) is History else i for i, row in enumerate(X)])
        return cls(X, y, users, groups, times)

    def histories(self, idx: np.ndarray) -> list[list]:
        """Return what some rows show of each user: the longest history and what followed it."""
        longest: dict[int, int] = {}
        for i in idx.tolist():
            best = longest.setdefault(int(self.users[i]), i)
            if len(self.X[i]) > len(self.X[best]):
                longest[int(self.users[i])] = i
        return [[*self.X[i], self.y[i]] for i in longest.values()]

    def groups_of(self, idx: np.ndarray):
        """Return the users of some rows for ``fit``, where the rows do not know them."""
        if self.groups is None or all(type(row) is History for row in self.X):
            return None
        return self.users[idx]


@dataclass(frozen=True)
class _Split:
    """Rows of training and test, and what the training rows show of each user."""

    train: np.ndarray
    test: np.ndarray
    histories: list[list]

    @property
    def summary(self) -> str:
        return f"{len(self.train):,} rows, {len(self.test):,} queries"


def _check(models, baseline, confidence_level, n_resamples, random_state) -> None:
    if not isinstance(models, Mapping) or not models:
        raise TypeError(f"models is {shorten(models)}: pass a dict such as {{'EASE': EASERecommender(catalog)}}.")
    for name, model in models.items():
        if not hasattr(model, "fit") or not (hasattr(model, "recommend") or hasattr(model, "estimator")):
            raise TypeError(f"The model {name!r} is a {type(model).__name__}, which does not recommend.")
    if baseline is not None and baseline not in models:
        raise ValueError(f"baseline={shorten(baseline)} is none of the models {shorten(list(models))}.")
    check_scalar(confidence_level, "confidence_level", Real, min_val=0, max_val=1, include_boundaries="neither")
    check_scalar(n_resamples, "n_resamples", Integral, min_val=0)
    check_scalar(random_state, "random_state", Integral, min_val=0)


def _splits(splitter, rows: _Rows) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the rows of training and test of each split."""
    splitter = GlobalTimeSplit() if splitter is None else check_cv(splitter)
    taken = inspect.signature(splitter.split).parameters
    times = {"times": rows.times} if "times" in taken and getattr(splitter, "times", None) is None else {}
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", "The groups parameter is ignored", UserWarning
        )  # KFold is passed them as well
        splits = [(np.asarray(a), np.asarray(b)) for a, b in splitter.split(rows.X, rows.y, rows.groups, **times)]
    if not splits:
        raise ValueError("The splitter has no split: at least one is needed.")
    return splits


def _run(result: Result, model, rows: _Rows, split: _Split, measures: list[Measure], filter_seen, embedded: dict):
    """Fit a clone on some rows, and measure its lists for others."""
    train, test = split.train, split.test
    start = time.perf_counter()
    fitted, seconds = _fitted(model, rows.X[train], rows.y[train], rows.groups_of(train), embedded)
    result.embed_seconds += seconds
    result.fit_seconds += time.perf_counter() - start - seconds
    recommender = recommender_of(fitted)
    catalog = recommender.catalog_
    check_relevant(rows.y[test], catalog, len(test), unknown=getattr(recommender, "unknown", "ignore"))
    seen = {} if filter_seen is None else {"filter_seen": filter_seen}
    start = time.perf_counter()
    lists = recommender.recommend(rows.X[test], k=max(one.k for one in measures), **seen)
    result.recommend_seconds += time.perf_counter() - start
    given = {"y_true": rows.y[test], "items": catalog, "histories": split.histories}
    result.values.append([one.compute(recommended=lists[:, : one.k], **given) for one in measures])
    result.n_queries.append(len(test))


def _fitted(model, X, y, groups, embedded: dict) -> tuple[Any, float]:
    """Return a fitted clone, and the seconds in which it embedded what no other model had."""
    unfitted = clone(model)
    if not isinstance(unfitted, BaseRecommender) or type(unfitted).fit is not BaseRecommender.fit:
        users = {} if groups is None else {"groups": groups}
        return unfitted.fit(X, y, **users), 0.0
    made = embedded.setdefault(unfitted.catalog, [])
    n_before = len(made)
    unfitted._fit_rows(X, y, groups, made)
    return unfitted, sum(one.seconds for one in made[n_before:])


def _failed(measures: list[Measure], score: float, n_queries: int) -> Result:
    values: list = [np.full(n_queries, score) if one.is_of_queries else score for one in measures]
    nan = float("nan")
    return Result([values], [n_queries], nan, nan, nan)


def _warn_of_failure(name: str, split: int, error: Exception) -> None:
    warnings.warn(
        f"The model {name!r} failed in split {split} and gets error_score: {type(error).__name__}: {error}",
        FitFailedWarning,
        stacklevel=stacklevel_of_caller(),
    )
