"""Public classes and functions name the package that lists them: pickles and lists of trusted types outlive files."""

from types import FunctionType
from typing import Any


def name_public_module(namespace: dict[str, Any]) -> None:
    """Set ``__module__`` of all that ``__all__`` of a package lists, and of its methods, to the name of the package.

    Parameters
    ----------
    namespace : dict
        ``globals()`` of the package's ``__init__``.
    """
    for name in namespace["__all__"]:
        value = namespace[name]
        members = vars(value).values() if isinstance(value, type) else ()
        for one in (value, *(getattr(member, "__func__", member) for member in members)):
            if isinstance(one, type | FunctionType) and one.__module__.startswith(f"{__package__}."):
                one.__module__ = namespace["__name__"]
