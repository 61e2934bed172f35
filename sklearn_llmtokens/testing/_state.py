"""Checks of what an estimator remembers: parameters, pickles, fitting again."""

import pickle
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import joblib
from sklearn.base import clone

from ._compare import as_array, assert_same, attempt, fingerprint, fit, fitted_attributes, prepare
from ._samples import TEXTS


def check_clone_keeps_params(name, estimator):
    """The constructor stores its arguments untouched; a clone of a fitted estimator has them and is not fitted."""
    params = estimator.get_params(deep=False)
    made = type(estimator)(**params).get_params(deep=False)
    for key, value in params.items():
        assert made[key] is value, f"{name}.__init__ changes {key}: it is to be stored as it is."
    copy = clone(fit(prepare(estimator).set_params(**params), TEXTS)).get_params(deep=False)
    assert copy.keys() == params.keys(), f"A clone of {name} has other parameters."
    for key, value in params.items():
        assert fingerprint(copy[key]) == fingerprint(value) or copy[key] == value, f"A clone of {name} changes {key}."
    left = fitted_attributes(clone(fit(prepare(estimator), TEXTS)))
    assert not left, f"A clone of a fitted {name} has {sorted(left)}."


def check_fit_leaves_params(name, estimator):
    """``fit`` changes no parameter."""
    estimator = prepare(estimator)
    before = {key: (value, fingerprint(value)) for key, value in estimator.get_params(deep=False).items()}
    fit(estimator, TEXTS)
    for key, value in estimator.get_params(deep=False).items():
        assert value is before[key][0], f"{name}.fit replaces the parameter {key}."
        assert fingerprint(value) == before[key][1], f"{name}.fit changes the parameter {key} in place."


def check_pickle_round_trip(name, estimator):
    """A pickle gives the same output, made before or after ``fit``. Counterpart of check_estimators_pickle."""
    fitted = fit(prepare(estimator), TEXTS)
    expected = fitted.transform(TEXTS)
    loaded = attempt(f"Pickling a fitted {name}", lambda: pickle.loads(pickle.dumps(fitted)))
    output = attempt(f"A fitted {name} from a pickle", loaded.transform, TEXTS)
    assert_same(output, expected, f"A fitted {name} from a pickle gives another output")
    blank = attempt(f"Pickling a {name}", lambda: pickle.loads(pickle.dumps(prepare(estimator))))
    assert_same(fit(blank, TEXTS).transform(TEXTS), expected, f"A {name} from a pickle gives another output")


def check_memmap_round_trip(name, estimator):
    """Fitted arrays may be read-only memory maps. Counterpart of check_estimators_pickle(readonly_memmap)."""
    fitted = fit(prepare(estimator), TEXTS)
    expected = fitted.transform(TEXTS)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        path = Path(folder, "estimator.joblib")
        attempt(f"Dumping a fitted {name} with joblib", joblib.dump, fitted, path)
        loaded = joblib.load(path, mmap_mode="r")
        output = attempt(f"{name} on read-only memory maps", loaded.transform, TEXTS)
        assert_same(output, expected, f"{name} on memory maps gives another output")


def check_fit_idempotent(name, estimator):
    """Fitting twice on the same texts changes nothing. Counterpart of check_fit_idempotent."""
    estimator = fit(prepare(estimator), TEXTS)
    expected = as_array(estimator.transform(TEXTS))
    assert_same(fit(estimator, TEXTS).transform(TEXTS), expected, f"A second fit of {name} changes its output")


def check_refit_on_fewer_rows(name, estimator):
    """``fit`` forgets what it knew: fitted again on other texts, an estimator is as good as new."""
    used = fit(fit(prepare(estimator), TEXTS), TEXTS[:5])
    new = fit(prepare(estimator), TEXTS[:5])
    assert_same(used.transform(TEXTS), new.transform(TEXTS), f"{name} remembers an earlier fit")
    assert fitted_attributes(used) == fitted_attributes(new), f"{name} keeps attributes of an earlier fit."


def check_refit_after_set_params(name, estimator):
    """``set_params`` and ``fit`` do what a new estimator with these parameters does, error messages included."""
    used = prepare(estimator)
    _outcome(used)
    original = used.get_params(deep=False)
    for key, value in _alternatives(used):
        new = prepare(estimator).set_params(**{key: value})
        message = f"{name} set to {key}={value!r} and fitted again differs from a new one"
        actual, expected = _outcome(used.set_params(**{key: value})), _outcome(new)
        if isinstance(expected, type) or isinstance(actual, type):
            assert actual is expected, f"{message}: {actual!r}, not {expected!r}."
        else:
            assert_same(actual, expected, message)
        used.set_params(**{key: original[key]})


def check_transform_leaves_state(name, estimator):
    """``transform`` changes nothing of the estimator, and gives the same when asked again."""
    estimator = fit(prepare(estimator), TEXTS)
    before = {key: fingerprint(value) for key, value in vars(estimator).items()}
    first = as_array(estimator.transform(TEXTS)).copy()
    after = {key: fingerprint(value) for key, value in vars(estimator).items()}
    changed = sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
    assert not changed, f"{name}.transform changes {changed}."
    assert_same(estimator.transform(TEXTS), first, f"A second transform of {name} gives another output")


def _outcome(estimator):
    """Fit and transform; return the output, or the class of the error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return as_array(fit(estimator, TEXTS).transform(TEXTS))
        except Exception as error:
            return type(error)


def _alternatives(estimator) -> Iterator[tuple[str, Any]]:
    """Return other values of the parameters whose values can be listed: switches, and choices of strings."""
    constraints = getattr(estimator, "_parameter_constraints", {})
    for key, value in estimator.get_params(deep=False).items():
        options: set[Any] = {True, False} if isinstance(value, bool) else set()
        for constraint in constraints.get(key, []):
            options |= {True, False} if isinstance(constraint, str) and constraint == "boolean" else set()
            options |= set(getattr(constraint, "options", ()))
        for option in sorted(options, key=repr):
            if key != "cache" and (type(option) is not type(value) or option != value):
                yield key, option
