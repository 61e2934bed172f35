"""Helpers of the checks: prepare an estimator, and compare outputs, numbers or strings."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import joblib
import numpy as np
from scipy import sparse
from sklearn.base import clone
from sklearn.utils import get_tags

ATOL = 1e-6
ROW_ATOL = 1e-7
_N_UNITS = 4


def prepare(estimator):
    """Clone `estimator` with every cache off, which would hide differences, and every seed fixed."""
    estimator = clone(estimator)
    for name in estimator.get_params(deep=True):
        parameter = name.rpartition("__")[2]
        if parameter == "cache":
            estimator.set_params(**{name: None})
        elif parameter == "random_state":
            estimator.set_params(**{name: 0})
    return estimator


def targets(estimator, n_rows: int) -> np.ndarray | None:
    """Return a y of two classes for an estimator that needs one, else None."""
    return np.arange(n_rows) % 2 if get_tags(estimator).target_tags.required else None


def fit(estimator, X, n_rows: int | None = None):
    """Fit `estimator` on `X`, with a target if it needs one."""
    return estimator.fit(X, targets(estimator, len(X) if n_rows is None else n_rows))


def as_array(output) -> np.ndarray:
    """Return the output of an estimator as an array, of objects if it is text."""
    if sparse.issparse(output):
        return output.toarray()
    if hasattr(output, "to_numpy"):
        output = output.to_numpy()
    array = np.asarray(output)
    return array.astype(object) if array.dtype.kind in "OUT" else array


def is_text(output) -> bool:
    """Check whether an estimator returned texts rather than numbers."""
    array = as_array(output)
    return array.dtype == object and all(isinstance(value, str) for value in array.ravel())


def assert_same(actual, expected, message: str, *, atol: float = ATOL) -> None:
    """Compare outputs: texts must be equal, numbers close to `atol` and some last places of the largest."""
    actual, expected = as_array(actual), as_array(expected)
    if actual.shape != expected.shape:
        raise AssertionError(f"{message}: the shape is {actual.shape}, not {expected.shape}.")
    if expected.dtype == object or actual.dtype == object:
        different = np.flatnonzero((actual != expected).reshape(len(actual), -1).any(axis=1))
        if len(different):
            i = different[0]
            raise AssertionError(f"{message}: row {i} is {actual[i]!r}, not {expected[i]!r}.")
        return
    largest = float(np.abs(expected).max(initial=0.0))
    floats = [array.dtype for array in (actual, expected) if array.dtype.kind == "f"]
    rounding = largest * max((np.finfo(dtype).eps for dtype in floats), default=0.0)
    np.testing.assert_allclose(actual, expected, rtol=0, atol=atol + _N_UNITS * rounding, err_msg=message)


def assert_sound(output, n_rows: int, message: str) -> None:
    """Check that there is one row per text, and that numbers are finite."""
    array = as_array(output)
    if len(array) != n_rows:
        raise AssertionError(f"{message}: {len(array)} rows came out for {n_rows} texts.")
    if array.dtype != object and not np.isfinite(array).all():
        i = np.flatnonzero(~np.isfinite(array).reshape(n_rows, -1).all(axis=1))[0]
        raise AssertionError(f"{message}: row {i} holds NaN or infinity.")
    if array.dtype == object and not is_text(array):
        raise AssertionError(f"{message}: the output is neither numbers nor strings.")


@contextmanager
def refused(what: str, *errors: type[Exception], row: int | None = None) -> Iterator[None]:
    """Check that one of `errors` is raised, and that its message names `row`."""
    names = " or ".join(error.__name__ for error in errors)
    try:
        yield
    except errors as error:
        if row is not None and not re.search(rf"\b{row}\b", str(error)):
            raise AssertionError(f"{what}: the message does not name row {row}: {error}") from error
    except Exception as error:
        raise AssertionError(f"{what}: {type(error).__name__} was raised, not {names}: {error}") from error
    else:
        raise AssertionError(f"{what}: accepted, where {names} should be raised.")


def attempt(what: str, function: Callable, *args) -> Any:
    """Call `function`; an exception becomes an AssertionError that says what did not work."""
    try:
        return function(*args)
    except Exception as error:
        raise AssertionError(f"{what}: {type(error).__name__}: {error}") from error


def fingerprint(value) -> Any:
    """Return a value to compare `value` with later: a hash of its content, or its identity if it cannot be pickled."""
    try:
        return joblib.hash(value)
    except Exception:
        return id(value)


def fitted_attributes(estimator) -> set[str]:
    """Return the names of the public attributes that ``fit`` set."""
    return {name for name in vars(estimator) if name.endswith("_") and not name.startswith("_")}
