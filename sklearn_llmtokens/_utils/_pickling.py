"""Pickles that name the version that wrote them; those that this version cannot read are refused with a sentence."""

import inspect
import pickle
import sys
import warnings
from functools import cache
from importlib import import_module, metadata
from importlib.abc import MetaPathFinder
from importlib.machinery import PathFinder

from ..exceptions import PickledVersionWarning
from ._documentation import DocumentationLink

_KEY = "_sklearn_llmtokens_version"
_LIBRARIES_KEY = "_sklearn_llmtokens_libraries"
_FORMAT_KEY = "_sklearn_llmtokens_format"
# Raise it by 1 where fitted state changes so that older pickles would fail or answer otherwise: they are then refused.
_FORMAT = 1
_PACKAGE = __package__.partition(".")[0]
_ADVICE = "fit it again with this version, or read it with the version that wrote it."


class VersionedPickle(DocumentationLink):
    """Mixin for pickling and unpickling of every estimator of the package; stands before `BaseEstimator`."""

    def __getstate__(self):
        libraries = {name: _installed(name) for name in self._deciding_libraries()}
        state = super().__getstate__()  # a dict: of BaseEstimator, which has no types
        state = {**state, _KEY: _version(), _FORMAT_KEY: _FORMAT}  # type: ignore[dict-item]
        return {**state, _LIBRARIES_KEY: libraries} if libraries else state

    def __setstate__(self, state):
        state = dict(state)
        written_by = state.pop(_KEY, "an unknown version")
        written_format = state.pop(_FORMAT_KEY, 0)
        if written_format != _FORMAT:
            raise pickle.UnpicklingError(
                f"This {type(self).__name__} was pickled in format {written_format} by sklearn_llmtokens {written_by}, "
                f"and {_version()} reads format {_FORMAT}: {_ADVICE}"
            )
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
    return import_module(_PACKAGE).__version__


class _MovedModules(MetaPathFinder):
    """Asked last: a private module that this package does not have is named by an old pickle.

    Tools such as pytest ask every finder with a search path of their own, so what exists is looked up in the package.
    """

    def find_spec(self, fullname, path=None, target=None):
        package, _, name = fullname.rpartition(".")
        if not f"{package}.".startswith(f"{_PACKAGE}.") or not name.startswith("_") or name.startswith("__"):
            return None
        searched = getattr(sys.modules.get(package), "__path__", None)
        if searched is None or PathFinder.find_spec(fullname, searched) is not None:
            return None
        raise ModuleNotFoundError(
            f"sklearn_llmtokens {_version()} has no module {fullname}. If a pickle names it: {_ADVICE}",
            name=fullname,
        )


sys.meta_path.append(_MovedModules())
