"""Ids of items: a str or an int each, whatever container they come in."""

from collections.abc import Callable
from numbers import Integral

import numpy as np

from .._utils._columns import is_missing, read_list
from .._utils._messages import shorten

_INT64 = np.iinfo(np.int64)


def read_ids(ids, name: str) -> np.ndarray:
    """Read ids of a catalogue: int64 where all of them are integers that fit, else objects; read-only."""
    ids = read_list(ids, name)
    if set(map(type, ids)) - {str, int}:
        ids = [_as_id(one, f"{name}[{i}]") for i, one in enumerate(ids)]
    if ids and all(type(one) is int and _INT64.min <= one <= _INT64.max for one in ids):
        return read_only(np.array(ids, dtype=np.int64))
    array = np.empty(len(ids), dtype=object)
    array[:] = ids
    return read_only(array)


def plain_ids(ids: list, place: Callable[[int], str], *, kind: str = "an id") -> list:
    """Return ids to look up as str and int, those of numpy and Arrow too; floats and bools are no ids.

    Parameters
    ----------
    ids : list
        Anything; what is missing stays as it is.
    place : callable
        Returns the name of a place in the message.
    kind : str, default="an id"
        What is expected, for the message.

    Returns
    -------
    list
        The ids.

    Raises
    ------
    TypeError
        If one is neither a str, an int nor missing.

    Examples
    --------
    >>> plain_ids([np.int64(3), "a"], "ids[{}]".format)
    [3, 'a']
    >>> plain_ids([1.0], "ids[{}]".format)
    Traceback (most recent call last):
        ...
    TypeError: ids[0] is a float, not an id (1.0): ids are str or int.
    """
    if set(map(type, ids)) <= {str, int}:
        return ids
    plain = [_plain_id(one) for one in ids]
    for at, one in enumerate(plain):
        if type(one) not in (str, int) and not is_missing(one):
            raise TypeError(f"{place(at)} is a {type(one).__name__}, not {kind} ({shorten(one)}): ids are str or int.")
    return plain


def refuse_duplicates(ids: np.ndarray) -> None:
    """Check that no id occurs twice."""
    seen: dict = {}
    for i, one in enumerate(ids.tolist()):
        first = seen.setdefault(one, i)
        if first != i:
            raise ValueError(f"ids[{i}] is {shorten(one)}, which is ids[{first}] already: each item needs its own id.")


def join_ids(arrays: list[np.ndarray]) -> np.ndarray:
    """Concatenate ids, without those of no items, whose dtype says nothing."""
    arrays = [array for array in arrays if len(array)] or arrays[:1]
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)


def read_only(array: np.ndarray) -> np.ndarray:
    """Return a view that cannot be written to."""
    view = array.view()
    view.setflags(write=False)
    return view


def _as_id(one, position: str) -> str | int:
    one = _plain_id(one)
    if type(one) in (str, int):
        return one
    if is_missing(one):
        raise ValueError(f"{position} is missing ({shorten(one)}): each item needs an id.")
    raise TypeError(f"{position} is {shorten(one)} of type {type(one).__name__}: an id is a str or an int.")


def _plain_id(one):
    """Return an id as a str or an int; anything else as it is, a scalar of Arrow as its value."""
    if hasattr(one, "as_py"):
        one = one.as_py()
    if isinstance(one, str):
        return str(one)
    return int(one) if isinstance(one, Integral) and not isinstance(one, bool | np.timedelta64) else one
