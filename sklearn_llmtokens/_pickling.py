"""Pickles with the version that wrote them; parameters that were added later get their defaults."""

import inspect
import warnings
from functools import cache
from importlib import import_module, metadata

from .exceptions import PickledVersionWarning

_KEY = "_sklearn_llmtokens_version"
_LIBRARIES_KEY = "_sklearn_llmtokens_libraries"


class VersionedPickle:
    """Mixin for pickling and unpickling of every estimator of the package; stands before `BaseEstimator`."""

    def __getstate__(self):
        libraries = {name: _installed(name) for name in self._deciding_libraries()}
        state = super().__getstate__()  # a dict: of BaseEstimator, which has no types
        return {**state, _KEY: _version(), **({_LIBRARIES_KEY: libraries} if libraries else {})}  # type: ignore[dict-item]

    def __setstate__(self, state):
        state = dict(state)
        written_by = state.pop(_KEY, "an unknown version")
        libraries = state.pop(_LIBRARIES_KEY, {})
        if written_by != _version():
            _warn(self, "sklearn_llmtokens", written_by, _version())
        for name, version in libraries.items():
            if version != _installed(name):
                _warn(self, name, version, _installed(name))
        super().__setstate__({**_defaults(self), **state})  # type: ignore[misc]

    def _deciding_libraries(self) -> tuple[str, ...]:
        """Return the distributions whose version decides what this instance gives; their versions enter the pickle."""
        return ()


def _warn(estimator: VersionedPickle, library: str, written_by: str, read_by: str) -> None:
    warnings.warn(
        f"This {type(estimator).__name__} was pickled by {library} {written_by} and is read by {read_by}: its results "
        "may differ. Fit it again with this version, or install that one.",
        PickledVersionWarning,
        stacklevel=3,
    )


@cache
def _installed(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "no version"


def _defaults(estimator) -> dict:
    """The parameters' defaults, of those that have one."""
    parameters = inspect.signature(type(estimator).__init__).parameters.values()
    return {parameter.name: parameter.default for parameter in parameters if parameter.default is not parameter.empty}


def _version() -> str:
    return import_module(__package__).__version__
