"""Snowball's stemmers, the same ones wherever the package runs.

`snowballstemmer.stemmer` hands over to PyStemmer where that is installed, of whatever version, whose algorithms are
others: "organization" becomes "organ" or "organiz". So the algorithms are taken from the package's own modules.
"""

import threading
from importlib import import_module
from pkgutil import iter_modules

_ENDING = "_stemmer"  # of the name of a module with an algorithm


def stemmer_names() -> list[str]:
    """Return the names of Snowball's algorithms.

    Returns
    -------
    list of str
        Such as ``"english"``, in alphabetical order.

    Examples
    --------
    >>> "english" in stemmer_names()
    True
    """
    path = import_module("snowballstemmer").__path__
    return sorted(name.removesuffix(_ENDING) for _, name, _ in iter_modules(path) if name.endswith(_ENDING))


class Stemmer:
    """A Snowball stemmer, used by one thread at a time because it keeps its position in a word.

    Parameters
    ----------
    language : str
        Name of an algorithm.

    Examples
    --------
    >>> Stemmer("english")("organizations")
    'organiz'
    """

    def __init__(self, language: str):
        module = import_module(f"snowballstemmer.{language}{_ENDING}")
        self._stemmer = getattr(module, "".join(part.title() for part in f"{language}{_ENDING}".split("_")))()
        self._lock = threading.Lock()

    def __call__(self, word: str) -> str:
        with self._lock:
            return self._stemmer.stemWord(word)
