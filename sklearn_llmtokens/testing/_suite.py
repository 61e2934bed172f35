"""The suite of checks: as a generator, as a pytest parametrisation, and as one call."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from . import _contents, _inputs, _outputs, _rows, _state
from ._samples import installed

_CHECKS = (
    _state.check_clone_keeps_params,
    _state.check_fit_leaves_params,
    _state.check_pickle_round_trip,
    _state.check_memmap_round_trip,
    _state.check_fit_idempotent,
    _state.check_refit_on_fewer_rows,
    _state.check_refit_after_set_params,
    _state.check_transform_leaves_state,
    _inputs.check_containers_agree,
    _inputs.check_array_like_input,
    _inputs.check_read_only_input,
    _inputs.check_input_left_alone,
    _inputs.check_columns_are_read_each,
    _inputs.check_single_str_refused,
    _inputs.check_unordered_refused,
    _inputs.check_items_of_wrong_type_refused,
    _inputs.check_nested_refused,
    _inputs.check_numbers_refused,
    _inputs.check_generator_read_or_refused,
    _contents.check_blank_texts,
    _contents.check_long_text,
    _contents.check_unusual_characters,
    _contents.check_lone_surrogate,
    _contents.check_no_rows,
    _rows.check_order_invariance,
    _rows.check_subset_invariance,
    _rows.check_duplicates_give_equal_rows,
    _outputs.check_output_is_sound,
    _outputs.check_fit_transform_agrees,
    _outputs.check_pipeline_consistency,
    _outputs.check_feature_names_out,
    _outputs.check_text_keeps_its_container,
)

_COUNTERPARTS = {
    "check_pipeline_consistency": "check_pipeline_consistency",
    "check_estimators_pickle": "check_pickle_round_trip and check_memmap_round_trip",
    "check_transformer_data_not_an_array": "check_array_like_input",
    "check_transformer_general": "check_fit_transform_agrees and check_read_only_input",
    "check_methods_sample_order_invariance": "check_order_invariance",
    "check_methods_subset_invariance": "check_subset_invariance",
    "check_fit_idempotent": "check_fit_idempotent",
}

TEXT_TO_TEXT_EXPECTED_FAILED_CHECKS: dict[str, str] = {
    name: f"the check subtracts outputs, which are strings here; sklearn_llmtokens.testing has {counterpart}"
    for name, counterpart in _COUNTERPARTS.items()
}


def text_estimator_checks(estimator) -> Iterator[tuple[Any, partial]]:
    """Return the checks that apply to an estimator whose input is text.

    The checks of scikit-learn put numbers in, so that they say little of an estimator of texts; these put texts in.
    They hold for transformers whose output is numbers, and for those whose output is text again.

    Parameters
    ----------
    estimator : estimator instance
        A transformer of texts. Checks work on clones of it. A parameter ``cache`` is set to None in them, and
        ``random_state`` to 0, in nested estimators too.

    Yields
    ------
    estimator : estimator instance
        The one passed in.
    check : callable
        ``check(estimator)`` raises an AssertionError if it fails. ``check.func.__name__`` is its name.

    See Also
    --------
    parametrize_with_text_checks : The same for pytest.
    check_text_estimator : Runs them all.
    sklearn.utils.estimator_checks.estimator_checks_generator : The checks that put numbers in.

    Examples
    --------
    >>> from sklearn_llmtokens.testing import text_estimator_checks
    >>> from sklearn.feature_extraction.text import HashingVectorizer
    >>> names = [check.func.__name__ for _, check in text_estimator_checks(HashingVectorizer())]
    >>> "check_subset_invariance" in names, "check_missing_as_zero" in names
    (True, False)
    """
    name = type(estimator).__name__
    for check in _CHECKS:
        yield estimator, partial(check, name)
    if _missing_is_an_error(estimator):
        yield estimator, partial(_contents.check_missing_refused, name)
    if _has_missing_zero(estimator):
        yield estimator, partial(_contents.check_missing_as_zero, name)
    for library in ("pandas", "polars"):
        if installed(library):
            yield estimator, partial(_outputs.check_set_output, name, library=library)


def check_text_estimator(estimator) -> None:
    """Run every check of `text_estimator_checks`, and raise at the first that fails.

    Parameters
    ----------
    estimator : estimator instance
        A transformer of texts.

    Raises
    ------
    AssertionError
        If a check fails.

    See Also
    --------
    parametrize_with_text_checks : A test for each check.
    sklearn.utils.estimator_checks.check_estimator : The checks that put numbers in.

    Examples
    --------
    >>> from sklearn.feature_extraction.text import HashingVectorizer
    >>> from sklearn_llmtokens.testing import check_text_estimator
    >>> check_text_estimator(HashingVectorizer(n_features=16))
    Traceback (most recent call last):
    ...
    AssertionError: ...
    """
    for instance, check in text_estimator_checks(estimator):
        check(instance)


def parametrize_with_text_checks(estimators, *, expected_failed_checks=None):
    """Parametrise a pytest test with the checks of `text_estimator_checks`.

    Parameters
    ----------
    estimators : list of estimator instances
        Transformers of texts.
    expected_failed_checks : callable, default=None
        Takes an estimator and gives a dict of names of checks to the reasons why they fail; these are marked as xfail.

    Returns
    -------
    pytest.mark.parametrize
        For a test with the arguments ``estimator`` and ``check``.

    See Also
    --------
    text_estimator_checks : The checks by themselves; they do not need pytest.
    sklearn.utils.estimator_checks.parametrize_with_checks : The checks that put numbers in.

    Examples
    --------
    >>> from sklearn.feature_extraction.text import HashingVectorizer
    >>> from sklearn_llmtokens.testing import parametrize_with_text_checks
    >>> @parametrize_with_text_checks([HashingVectorizer()])
    ... def test_text_checks(estimator, check):
    ...     check(estimator)
    """
    import pytest

    params = []
    for estimator in estimators:
        expected = expected_failed_checks(estimator) if expected_failed_checks is not None else {}
        for instance, check in text_estimator_checks(estimator):
            reason = expected.get(check.func.__name__)
            marks = () if reason is None else pytest.mark.xfail(reason=reason)
            params.append(pytest.param(instance, check, marks=marks, id=f"{instance!r}-{_check_id(check)}"))
    return pytest.mark.parametrize(("estimator", "check"), params)


def _check_id(check: partial) -> str:
    arguments = ",".join(f"{key}={value}" for key, value in check.keywords.items())
    return f"{check.func.__name__}({arguments})" if arguments else check.func.__name__


def _missing_is_an_error(estimator) -> bool:
    """Check whether no parameter, of a nested estimator either, makes something of missing texts."""
    params = estimator.get_params(deep=True)
    return all(params[name] == "error" for name in params if name.rpartition("__")[2] == "missing")


def _has_missing_zero(estimator) -> bool:
    constraints = getattr(estimator, "_parameter_constraints", {}).get("missing", [])
    return any("zero" in getattr(constraint, "options", ()) for constraint in constraints)
