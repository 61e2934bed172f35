"""Checks of the containers that texts come in, and of what is refused."""

import tempfile
from pathlib import Path

import numpy as np

from ._compare import as_array, assert_same, attempt, fit, is_text, prepare, refused
from ._samples import TEXTS, containers, installed, two_columns

_ROW = 7


def check_containers_agree(name, estimator):
    """The same texts give the same output in every container, for ``fit`` and for ``transform``."""
    expected = fit(prepare(estimator), list(TEXTS)).transform(list(TEXTS))
    for what, X in containers(TEXTS):
        fitted = attempt(f"{name}.fit on {what}", fit, prepare(estimator), X)
        output = attempt(f"{name}.transform of {what}", fitted.transform, X)
        assert_same(output, expected, f"{name} gives another output for {what}")


def check_array_like_input(name, estimator):
    """What only has ``__array__`` is read as that array. Counterpart of check_transformer_data_not_an_array."""
    expected = fit(prepare(estimator), list(TEXTS)).transform(list(TEXTS))
    X = _ArrayLike(np.array(TEXTS, dtype=object))
    fitted = attempt(f"{name}.fit on an object with __array__", fit, prepare(estimator), X, len(TEXTS))
    output = attempt(f"{name}.transform of an object with __array__", fitted.transform, X)
    assert_same(output, expected, f"{name} gives another output for an object with __array__")


def check_read_only_input(name, estimator):
    """Read-only arrays are accepted. Counterpart of check_transformer_general(readonly_memmap=True)."""
    expected = fit(prepare(estimator), list(TEXTS)).transform(list(TEXTS))
    objects = np.array(TEXTS, dtype=object)
    objects.setflags(write=False)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        path = Path(folder, "texts.npy")
        np.save(path, np.array(TEXTS))
        for what, X in (("a read-only array", objects), ("a memory map", np.load(path, mmap_mode="r"))):
            output = attempt(f"{name} on {what}", lambda X=X: fit(prepare(estimator), X).transform(X))
            assert_same(output, expected, f"{name} gives another output for {what}")


def check_input_left_alone(name, estimator):
    """Neither ``fit`` nor ``transform`` changes the texts that it is given."""
    for what, X in (("list", list(TEXTS)), ("array", np.array(TEXTS, dtype=object))):
        fit(prepare(estimator), X).transform(X)
        assert tuple(X) == TEXTS, f"{name} changes the {what} that it is given."


def check_columns_are_read_each(name, estimator):
    """A 2-D input gives what its columns give, side by side; frames are read like arrays."""
    X = two_columns(TEXTS)
    parts = [as_array(fit(prepare(estimator), list(X[:, j])).transform(list(X[:, j]))) for j in range(2)]
    expected = np.stack(parts, axis=1) if is_text(parts[0]) else np.hstack(parts)
    for what, frame in _frames(X):
        output = attempt(f"{name} on {what}", lambda frame=frame: fit(prepare(estimator), frame).transform(frame))
        assert_same(output, expected, f"{name} does not read the columns of {what} one by one")


def check_single_str_refused(name, estimator):
    """A single string, or bytes, is not taken for a sequence of characters."""
    _refuse(name, estimator, "a single str", "物流很快", ValueError)
    _refuse(name, estimator, "a single bytes object", "物流很快".encode(), ValueError, TypeError)


def check_unordered_refused(name, estimator):
    """Sets and mappings have no rows."""
    _refuse(name, estimator, "a set", set(TEXTS), TypeError)
    _refuse(name, estimator, "a dict", dict.fromkeys(TEXTS), TypeError)


def check_items_of_wrong_type_refused(name, estimator):
    """Bytes and numbers among the texts are refused with their row, and not converted."""
    for what, value in (("bytes", b"good"), ("an int", 5), ("a float", 2.5), ("an object", object())):
        X: list = list(TEXTS)
        X[_ROW] = value
        _refuse(name, estimator, f"{what} in a list", X, TypeError, row=_ROW)


def check_nested_refused(name, estimator):
    """Lists in a list are neither pairs of texts nor texts cut into words."""
    _refuse(name, estimator, "nested lists", [[text, "另一句"] for text in TEXTS], ValueError)
    X: list = list(TEXTS)
    X[_ROW] = ["物流", "很快"]
    _refuse(name, estimator, "a list among texts", X, ValueError, row=_ROW)


def check_numbers_refused(name, estimator):
    """A 1-D array of numbers is not a column of text."""
    _refuse(name, estimator, "a 1-D array of numbers", np.arange(12.0), ValueError)
    _refuse(name, estimator, "an array of three dimensions", np.full((2, 2, 2), "好", dtype=object), ValueError)


def check_generator_read_or_refused(name, estimator):
    """A generator is read to its end, once, or refused with a TypeError: never half read."""
    fitted = fit(prepare(estimator), TEXTS)
    try:
        output = fitted.transform(text for text in TEXTS)
    except TypeError:
        return
    except Exception as error:
        raise AssertionError(f"{name}: {type(error).__name__} for a generator, not TypeError: {error}") from error
    assert_same(output, fitted.transform(TEXTS), f"{name} gives another output for a generator")


class _ArrayLike:
    def __init__(self, array: np.ndarray):
        self._array = array

    def __array__(self, dtype=None, copy=None):
        return np.array(self._array, dtype=dtype)


def _frames(X: np.ndarray):
    yield "a 2-D array", X
    if installed("pandas"):
        import pandas as pd

        yield "a pandas DataFrame", pd.DataFrame(X, columns=["title", "body"])
    if installed("polars"):
        import polars as pl

        yield "a polars DataFrame", pl.DataFrame({"title": list(X[:, 0]), "body": list(X[:, 1])})


def _refuse(name, estimator, what, X, *errors, row=None):
    with refused(f"{name}.fit on {what}", *errors, row=row):
        fit(prepare(estimator), X)
    fitted = fit(prepare(estimator), TEXTS)
    with refused(f"{name}.transform of {what}", *errors, row=row):
        fitted.transform(X)
