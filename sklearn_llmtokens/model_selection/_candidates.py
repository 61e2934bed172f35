"""Which parameters a search will try, before it is run."""

import copy
from collections.abc import Iterable
from itertools import product

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import ParameterGrid, ParameterSampler


def is_search(estimator) -> bool:
    """Tell whether `estimator` is a search over the parameters of another.

    Parameters
    ----------
    estimator : estimator
        Anything.

    Returns
    -------
    bool
        True for grid, randomized and halving searches.
    """
    return hasattr(estimator, "estimator") and (
        hasattr(estimator, "param_grid") or hasattr(estimator, "param_distributions")
    )


def settle(search):
    """Clone a search so that it will try what `candidates` says: a random one gets a number as its seed.

    Parameters
    ----------
    search : search
        As in `is_search`.

    Returns
    -------
    search
        The clone.
    """
    settled = clone(search)
    if hasattr(search, "param_distributions") and not isinstance(search.random_state, int | np.integer):
        # A copy, so that the caller's generator gives afterwards what it would have given.
        generator = np.random.default_rng() if search.random_state is None else copy.deepcopy(search.random_state)
        draw = generator.integers if isinstance(generator, np.random.Generator) else generator.randint
        settled.set_params(random_state=int(draw(2**31 - 1)))
    return settled


def candidates(search) -> list[dict]:
    """List the parameters that a search will try, or a few more than these.

    Parameters
    ----------
    search : search
        From `settle`.

    Returns
    -------
    list of dict
        Parameters of its estimator. Where their number depends on the data (`HalvingRandomSearchCV` with
        ``n_candidates="exhaust"``) these are all combinations of the listed values, without those that are drawn from
        continuous distributions.
    """
    if hasattr(search, "param_grid"):
        return list(ParameterGrid(search.param_grid))
    distributions = search.param_distributions
    n_candidates = search.n_iter if hasattr(search, "n_iter") else search.n_candidates
    if n_candidates == "exhaust":
        return list(_all_of(distributions))
    return list(ParameterSampler(distributions, n_candidates, random_state=search.random_state))


def _all_of(distributions) -> Iterable[dict]:
    for distribution in [distributions] if isinstance(distributions, dict) else distributions:
        lists = {name: values for name, values in distribution.items() if not hasattr(values, "rvs")}
        for values in product(*lists.values()):
            yield dict(zip(lists, values, strict=True))
