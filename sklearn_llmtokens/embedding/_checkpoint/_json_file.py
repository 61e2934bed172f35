"""Read a JSON file of a checkpoint by a table of its keys: what a file says and we do not know is an error."""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ..._utils._messages import shorten
from ...exceptions import CheckpointError

REQUIRED = object()  # the default of a key that must be there


class Key(NamedTuple):
    """What is done about a key.

    Attributes
    ----------
    accepts : callable
        Whether a value is one that is accepted.
    accepted : str
        These values in words.
    default : object
        The value where the key is absent.
    is_read : bool
        Whether the value is used; otherwise the key is known to change no vector, or is accepted at that value alone.
    """

    accepts: Callable[[Any], bool]
    accepted: str
    default: Any = None
    is_read: bool = True


def is_count(value: object) -> bool:
    """Whether a value is an integer from 1 on; JSON's true is none."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def flag(default: bool) -> Key:
    """Return a key that is true or false."""
    return Key(lambda value: isinstance(value, bool), "true or false", default)


def count(default: Any = REQUIRED) -> Key:
    """Return a key that is a positive integer."""
    return Key(is_count, "a positive integer", default)


def optional_count() -> Key:
    """Return a key that is a positive integer or null."""
    return Key(lambda value: value is None or is_count(value), "a positive integer or null")


def text(default: Any = REQUIRED) -> Key:
    """Return a key that is a string."""
    return Key(lambda value: isinstance(value, str), "a string", default)


def optional_text() -> Key:
    """Return a key that is a string or null."""
    return Key(lambda value: value is None or isinstance(value, str), "a string or null")


def strings(default: Any = REQUIRED) -> Key:
    """Return a key that is a list of strings."""
    return Key(
        lambda value: isinstance(value, list) and all(isinstance(v, str) for v in value), "a list of strings", default
    )


def without_effect() -> Key:
    """Return a key that changes no vector, whatever its value."""
    return Key(lambda value: True, "anything", is_read=False)


def only(*values: Any) -> Key:
    """Return a key that is accepted at these values alone: what it says at others is not supported."""
    names = " or ".join(json.dumps(value) for value in values)
    return Key(lambda value: value in values, f"{names} (nothing else is supported)", is_read=False)


def load_json(file: Path) -> Any:
    """Parse a JSON file.

    Parameters
    ----------
    file : Path
        The file.

    Returns
    -------
    object
        What it holds.

    Raises
    ------
    CheckpointError
        If it cannot be read, is not JSON, or is nested too deeply.
    """
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CheckpointError(f"{file} is not JSON ({error}): the checkpoint is damaged or half downloaded.") from error
    except RecursionError as error:
        raise CheckpointError(f"{file} is nested too deeply to be read: the checkpoint is damaged.") from error
    except OSError as error:
        raise CheckpointError(f"{file} cannot be read ({error}).") from error


def load_object(file: Path) -> dict[str, Any]:
    """Parse a JSON file that holds an object, as `load_json` does; an empty one where there is no file.

    Parameters
    ----------
    file : Path
        The file.

    Returns
    -------
    dict
        Its keys and values.

    Raises
    ------
    CheckpointError
        As in `load_json`, and if the file holds something else.
    """
    if not os.path.lexists(file):  # a link that leads nowhere is a file that cannot be read
        return {}
    values = load_json(file)
    if not isinstance(values, dict):
        raise CheckpointError(f"{file} holds a {type(values).__name__}, not an object: the checkpoint is damaged.")
    return values


def read_keys(values: Mapping[str, Any], table: Mapping[str, Key], where: object) -> dict[str, Any]:
    """Check an object against the table of its keys.

    Parameters
    ----------
    values : mapping
        Keys and values as they stand in the file.
    table : mapping of str to Key
        Every key that is known.
    where : object
        The file, and the place in it, for messages.

    Returns
    -------
    dict
        The keys that are read, all of them.

    Raises
    ------
    CheckpointError
        If a key is missing, not known, or has a value that is not accepted; it names the file and the key.
    """
    for key, value in values.items():
        if key not in table:
            raise CheckpointError(
                f"{where}: {shorten(key)} (at {shorten(value)}) is not known, and may change the vectors. Known are "
                f"{', '.join(sorted(table))}. Remove the key if it changes none."
            )
        if not table[key].accepts(value):
            raise CheckpointError(f"{where}: {key!r} is {shorten(value)}; accepted is {table[key].accepted}.")
    found = {name: values.get(name, key.default) for name, key in table.items() if key.is_read}
    missing = [name for name, value in found.items() if value is REQUIRED]
    if missing:
        raise CheckpointError(f"{where}: {missing[0]!r} is missing: the checkpoint is damaged or half downloaded.")
    return found
