"""Pickles that say which version wrote them, and give parameters that came later their defaults."""

import inspect
import warnings
from importlib import import_module

from .exceptions import PickledVersionWarning

_KEY = "_sklearn_llmtokens_version"


class VersionedPickle:
    """What every estimator of the package does when it is pickled and unpickled; stands before `BaseEstimator`."""

    def __getstate__(self):
        return {**super().__getstate__(), _KEY: _version()}

    def __setstate__(self, state):
        state = dict(state)
        written_by = state.pop(_KEY, "an unknown version")
        if written_by != _version():
            warnings.warn(
                f"This {type(self).__name__} was pickled by sklearn_llmtokens {written_by} and is read by "
                f"{_version()}: its results may differ. Fit it again with this version, or install that one.",
                PickledVersionWarning,
                stacklevel=2,
            )
        super().__setstate__({**_defaults(self), **state})


def _defaults(estimator) -> dict:
    """The parameters' defaults, of those that have one."""
    parameters = inspect.signature(type(estimator).__init__).parameters.values()
    return {parameter.name: parameter.default for parameter in parameters if parameter.default is not parameter.empty}


def _version() -> str:
    return import_module(__package__).__version__
