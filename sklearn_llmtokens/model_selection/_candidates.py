"""Enumerate the candidates of searches before they are run."""

import copy
from collections.abc import Iterable, Iterator, Mapping
from itertools import product

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import ParameterGrid, ParameterSampler


def is_search(estimator) -> bool:
    """Check whether `estimator` is a search over the parameters of another.

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


def parts_of(value) -> Iterator:
    """Return the estimators in a value: itself, its parameters, and what stands in lists and grids of them.

    Parameters
    ----------
    value : object
        Anything.

    Yields
    ------
    estimator
        Outer ones before those in them.
    """
    if hasattr(value, "get_params") and not isinstance(value, type):
        yield value
        value = value.get_params(deep=False)
    if isinstance(value, Mapping):
        value = value.values()
    elif isinstance(value, np.ndarray) and value.dtype.hasobject:
        value = value.flat
    elif not isinstance(value, list | tuple):
        return
    for part in value:
        yield from parts_of(part)


def settle(estimator):
    """Clone an estimator so that every search in it will try what `forms` says: a random one gets a number as its seed.

    Parameters
    ----------
    estimator : estimator
        A search, or anything that may hold some.

    Returns
    -------
    estimator
        The clone.
    """
    settled = clone(estimator)
    for search in filter(is_search, parts_of(settled)):
        if hasattr(search, "param_distributions") and not isinstance(search.random_state, int | np.integer):
            # A copy, so that the caller's generator gives afterwards what it would have given.
            generator = np.random.default_rng() if search.random_state is None else copy.deepcopy(search.random_state)
            draw = generator.integers if isinstance(generator, np.random.Generator) else generator.randint
            search.set_params(random_state=int(draw(2**31 - 1)))
    return settled


def forms(estimator) -> Iterator:
    """Yield the forms of an estimator while it is fitted: each candidate of each search in it, in place of the search.

    Parameters
    ----------
    estimator : estimator
        From `settle`.

    Yields
    ------
    estimator
        A clone without searches. Where several searches stand side by side, each goes through its candidates while the
        others keep their first.
    """
    if is_search(estimator):
        for candidate in candidates(estimator):
            yield from forms(clone(estimator.estimator).set_params(**clone(candidate, safe=False)))
        return
    inside = {place: list(forms(search)) for place, search in _outermost_searches(estimator).items()}
    first = {place: some[0] for place, some in inside.items() if some}
    if not first:
        yield clone(estimator)
    for place in first:
        for form in inside[place]:
            yield clone(estimator).set_params(**clone({**first, place: form}, safe=False))


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

    Raises
    ------
    ValueError
        If the search does not say how many candidates it draws: one that decides while it runs.
    """
    if hasattr(search, "param_grid"):
        return list(ParameterGrid(search.param_grid))
    distributions = search.param_distributions
    n_candidates = getattr(search, "n_iter", None) or getattr(search, "n_candidates", None)
    if n_candidates is None:
        raise ValueError(
            f"What {type(search).__name__} will try cannot be known before it is run: prepare a GridSearchCV with the "
            "values that it may try, and give it the estimator of that."
        )
    if n_candidates == "exhaust":
        return list(_all_of(distributions))
    return list(ParameterSampler(distributions, n_candidates, random_state=search.random_state))


def _all_of(distributions) -> Iterable[dict]:
    for distribution in [distributions] if isinstance(distributions, dict) else distributions:
        lists = {name: values for name, values in distribution.items() if not hasattr(values, "rvs")}
        for values in product(*lists.values()):
            yield dict(zip(lists, values, strict=True))


def _outermost_searches(estimator) -> dict:
    found: dict[str, object] = {}
    parameters = estimator.get_params(deep=True) if hasattr(estimator, "get_params") else {}
    for place in sorted(parameters, key=len):
        if is_search(parameters[place]) and not any(place.startswith(f"{outer}__") for outer in found):
            found[place] = parameters[place]
    return found
