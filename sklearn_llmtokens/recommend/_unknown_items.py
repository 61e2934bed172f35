"""Ids that a catalogue does not have: an error that names the place, or left out."""

from collections.abc import Callable

import numpy as np

from .._utils._columns import is_missing
from .._utils._messages import shorten
from .._utils._sklearn import StrOptions
from ..exceptions import UnknownItemError
from ._catalog_ids import plain_ids

UNKNOWN_CONSTRAINTS = [StrOptions({"error", "ignore"})]


def find_items(
    catalog,
    ids: list,
    place: Callable[[int], str],
    *,
    unknown: str = "error",
    skip_missing: bool = False,
    kind: str = "an id",
    advice: str = "",
) -> np.ndarray:
    """Return the positions of items in a catalogue.

    Parameters
    ----------
    catalog : Catalog
        Where the ids are looked up.
    ids : list
        Ids of any type.
    place : callable
        Returns the name of a place in the message.
    unknown : {"error", "ignore"}, default="error"
        Whether an id that is not in the catalogue is an error. If none has a type of the catalogue's ids, it always is.
    skip_missing : bool, default=False
        Whether a missing value is skipped, whatever `unknown` is.
    kind : str, default="an id"
        What is expected, for the message.
    advice : str, default=""
        What to do, the end of the message.

    Returns
    -------
    ndarray of shape (n,), dtype=intp
        Positions; -1 for what is skipped or ignored.

    Raises
    ------
    UnknownItemError
        If an id is not in the catalogue.
    TypeError
        If something is neither a str, an int nor missing.
    """
    ids = plain_ids(ids, place, kind=kind)
    found = catalog.lookup(ids)
    if not len(found) or found.min() >= 0:
        return found
    lost = np.flatnonzero(found < 0).tolist()
    if skip_missing:
        lost = [at for at in lost if not is_missing(ids[at])]
    if lost and (unknown == "error" or not _shares_a_type(ids, catalog)):
        at = lost[0]
        raise UnknownItemError(_message(catalog, ids[at], place(at), advice), ids[at])
    return found


def _shares_a_type(ids: list, catalog) -> bool:
    return not catalog.n_items or bool({*map(type, ids)} & {*map(type, catalog.ids.tolist())})


def _message(catalog, one, place: str, advice: str) -> str:
    if is_missing(one):
        return f"{place} is missing ({one!r}): an id of the catalogue is expected."
    other = _of_the_other_type(one)
    kind = "a str" if isinstance(other, str) else "an int"
    like_it = "" if other is None or catalog.lookup([other])[0] < 0 else f" ({shorten(other)}, {kind}, is)"
    return f"{place} is {shorten(one)}, which is not in the catalogue of {catalog.n_items} items{like_it}{advice}."


def _of_the_other_type(one: str | int) -> str | int | None:
    """Return the int that a str shows, or the str that shows an int.

    Examples
    --------
    >>> _of_the_other_type(7), _of_the_other_type("7"), _of_the_other_type("tea")
    ('7', 7, None)
    """
    try:
        return int(one) if isinstance(one, str) else str(one)
    except ValueError:
        return None
