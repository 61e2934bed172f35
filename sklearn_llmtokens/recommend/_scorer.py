"""From a measure of ranked lists to something that `cross_validate` and `GridSearchCV` take as `scoring`."""

import inspect
from numbers import Integral

from sklearn.utils import check_scalar

from .._utils._messages import shorten
from ._measures import METRICS, NEEDED


def make_top_k_scorer(metric="ndcg", k=10, *, greater_is_better=True, filter_seen=None, **metric_options):
    """Make a scorer of recommenders from a measure of ranked lists.

    Parameters
    ----------
    metric : str or callable, default="ndcg"
        The measure: "ndcg", "recall", "hit_rate", "mrr", "coverage", "gini", "novelty" or "diversity". A callable is
        given, by name, those of `y_true`, `recommended` and `k` that it takes, and `items` (the catalogue of the
        estimator) if it takes that and `metric_options` do not hold it.
    k : int, default=10
        Length of the lists.
    greater_is_better : bool, default=True
        Whether a search should raise the measure. If False its sign is turned, as scikit-learn does: for "gini", say.
    filter_seen : bool, default=None
        Whether the items of the history are left out of the lists. None is what the recommender does by itself.
    **metric_options : dict
        Further arguments of the measure. "novelty" needs `histories`, the training histories, one for each user.
        "diversity" needs `vectors`, those of the items in the order of the catalogue.

    Returns
    -------
    callable
        ``scorer(estimator, X, y)``, which gives a float. It can be pickled if `metric` and its options can.

    Raises
    ------
    ValueError
        If `metric` is another string, or `k` is less than 1.
    TypeError
        If the measure does not take one of the options, or needs one that is missing.

    Examples
    --------
    >>> from sklearn_llmtokens.recommend import make_top_k_scorer
    >>> make_top_k_scorer("recall", k=5)
    make_top_k_scorer(recall_at_k, k=5)

    As in ``cross_validate(recommender, X, y, scoring={"HR": make_top_k_scorer("recall"), ...})``.
    """
    check_scalar(k, "k", Integral, min_val=1)
    function = METRICS.get(metric, metric) if isinstance(metric, str) else metric
    if not callable(function):
        names = ", ".join(map(repr, METRICS))
        raise ValueError(f"metric={shorten(metric)} is not known; choose one of {names}, or pass a function.")
    return _TopKScorer(function, int(k), greater_is_better, filter_seen, metric_options)


class _TopKScorer:
    """A callable with a name: what `make_top_k_scorer` gives."""

    def __init__(self, metric, k, greater_is_better, filter_seen, options):
        self.metric = metric
        self.k = k
        self.greater_is_better = greater_is_better
        self.filter_seen = filter_seen
        self.options = options
        self._names = _argument_names(metric, options)

    def __call__(self, estimator, X, y=None):
        model = recommender_of(estimator)
        seen = {} if self.filter_seen is None else {"filter_seen": self.filter_seen}
        filled = {"recommended": model.recommend(X, k=self.k, **seen)}
        if "k" in self._names:
            filled["k"] = self.k
        if "y_true" in self._names:
            if y is None:
                raise ValueError(f"{_name(self.metric)} needs y, the items that followed: pass y.")
            filled["y_true"] = y
        if "items" in self._names and "items" not in self.options:
            filled["items"] = getattr(model, "catalog_", None) or model.catalog
        value = float(self.metric(**filled, **self.options))
        return value if self.greater_is_better else -value

    def __repr__(self):
        turned = "" if self.greater_is_better else ", greater_is_better=False"
        seen = "" if self.filter_seen is None else f", filter_seen={self.filter_seen}"
        options = "".join(f", {name}=..." for name in self.options)
        return f"make_top_k_scorer({_name(self.metric)}, k={self.k}{turned}{seen}{options})"


def _argument_names(metric, options: dict) -> frozenset[str]:
    """Return the names of the arguments of `metric`, once it is sure that it can be called."""
    parameters = inspect.signature(metric).parameters
    filled = {"y_true", "recommended", "k", "items"} & parameters.keys()
    if "recommended" not in parameters:
        raise TypeError(f"{_name(metric)} takes no argument `recommended`: a measure of ranked lists is expected.")
    _refuse_missing(metric, [name for name in parameters if name not in filled | options.keys()])
    inspect.signature(metric).bind(**dict.fromkeys(filled | options.keys()))
    return frozenset(parameters)


def _refuse_missing(metric, left: list[str]) -> None:
    """Raise a TypeError if an argument is left over that has no default."""
    parameters = inspect.signature(metric).parameters
    many = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    needed = [name for name in left if parameters[name].default is inspect.Parameter.empty]
    needed = [name for name in needed if parameters[name].kind not in many]
    if needed:
        options = ", ".join(f"{name}=..." for name in needed)
        needs = "; ".join(f"{name} are {NEEDED[name]}" for name in needed if name in NEEDED)
        raise TypeError(
            f"{_name(metric)} needs more than the lists: pass make_top_k_scorer(..., {options})"
            f"{f', where {needs}' if needs else ''}."
        )


def recommender_of(estimator):
    """Return the estimator that recommends: the best one of a fitted search, or the estimator itself."""
    for model in (estimator, getattr(estimator, "best_estimator_", None)):
        if hasattr(model, "recommend"):
            return model
    raise TypeError(f"{type(estimator).__name__} has no method `recommend`: a recommender is expected.")


def _name(metric) -> str:
    return getattr(metric, "__name__", type(metric).__name__)
