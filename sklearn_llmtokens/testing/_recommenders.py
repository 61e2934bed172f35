"""The contract of recommenders, whose input is ragged, so that scikit-learn's checks do not apply: put together."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from . import _recommender_items, _recommender_parameters, _recommender_ranking, _recommender_state

_CHECKS = (
    _recommender_state.check_recommender_clone,
    _recommender_state.check_recommender_fit_leaves_params,
    _recommender_state.check_recommender_pickle,
    _recommender_state.check_recommender_memmap,
    _recommender_state.check_recommender_fit_idempotent,
    _recommender_state.check_recommender_forgets,
    _recommender_state.check_recommender_failed_fit,
    _recommender_state.check_recommender_refit,
    _recommender_state.check_recommender_calls_leave_state,
    _recommender_state.check_recommender_cross_validation,
    _recommender_state.check_recommender_search,
    _recommender_ranking.check_recommend_form,
    _recommender_ranking.check_recommend_agrees_with_scores,
    _recommender_ranking.check_recommend_order_invariance,
    _recommender_ranking.check_recommend_subset_invariance,
    _recommender_ranking.check_recommend_containers,
    _recommender_ranking.check_recommend_empty_history,
    _recommender_ranking.check_recommend_short_rows,
    _recommender_ranking.check_recommend_candidates,
    _recommender_ranking.check_recommend_exclude,
    _recommender_ranking.check_recommend_as_frame,
    _recommender_ranking.check_explain_adds_up,
    _recommender_items.check_unknown_id_refused,
    _recommender_items.check_growing_histories_count_once,
    _recommender_items.check_remove_items,
    _recommender_items.check_add_items,
    _recommender_items.check_add_items_leaves_scores,
    _recommender_items.check_update_items,
    _recommender_items.check_similar_items,
    _recommender_parameters.check_unknown_ids_ignored,
    _recommender_parameters.check_lists_can_be_passed_back,
    _recommender_parameters.check_filter_seen,
)


def recommender_checks(recommender, histories, next_items) -> Iterator[tuple[Any, partial]]:
    """Return the checks that every recommender of this package passes.

    Parameters
    ----------
    recommender : estimator instance
        A recommender with an attribute ``catalog`` and the methods of
        :class:`~sklearn_llmtokens.recommend.BaseRecommender`. Checks work on clones of it.
    histories : list of lists of ids, at least eight
        Histories to fit it on, none of them empty, with ids of its catalogue.
    next_items : list of ids
        The item that followed each.

    Yields
    ------
    recommender : estimator instance
        The one passed in.
    check : callable
        ``check(recommender)`` raises an AssertionError if it fails. ``check.func.__name__`` is its name.

    See Also
    --------
    check_recommender : Runs them all.

    Examples
    --------
    >>> from sklearn_llmtokens.recommend import Catalog, PopularityRecommender
    >>> from sklearn_llmtokens.testing import recommender_checks
    >>> recommender = PopularityRecommender(Catalog(["a", "b", "c"]))
    >>> checks = recommender_checks(recommender, [["a"], ["b"]] * 4, ["b", "c"] * 4)
    >>> next(check.func.__name__ for _, check in checks)
    'check_recommender_clone'
    """
    name = type(recommender).__name__
    for check in _CHECKS:
        yield recommender, partial(check, name, X=list(histories), y=list(next_items))


def check_recommender(recommender, histories, next_items) -> None:
    """Run every check of `recommender_checks`, and raise at the first that fails.

    Parameters
    ----------
    recommender : estimator instance
        As in `recommender_checks`.
    histories : list of lists of ids, at least eight
        Histories to fit it on.
    next_items : list of ids
        The item that followed each.

    Raises
    ------
    AssertionError
        If a check fails.

    Examples
    --------
    >>> from sklearn_llmtokens.recommend import Catalog, PopularityRecommender
    >>> from sklearn_llmtokens.testing import check_recommender
    >>> recommender = PopularityRecommender(Catalog(list("abcdef")))
    >>> check_recommender(recommender, [["a", "b"], ["b", "f"], ["d"], ["e"]] * 2, ["c", "c", "b", "c"] * 2)
    """
    for instance, check in recommender_checks(recommender, histories, next_items):
        check(instance)
