"""The file that `LLMTokenEmbedder.export` writes beside a checkpoint: every convention in use."""

from pathlib import Path
from typing import Any

from ...exceptions import CheckpointError
from .._prompts import SLOT
from .._spec import POOLING_NAMES
from ._json_file import (
    REQUIRED,
    Key,
    count,
    flag,
    is_count,
    load_object,
    optional_count,
    read_keys,
    strings,
)

EXPORT_FILE = "sklearn_llmtokens.json"
# Raise by one when a key of EXPORT_FILE changes its meaning; a file of a later version is refused.
# 2: "dense" lists "normalize" as well, where vectors are scaled before or between layers.
EXPORT_VERSION = 2


_KEYS: dict[str, Key] = {
    "version": count(),
    "pooling": Key(
        lambda value: isinstance(value, list) and bool(value) and all(name in POOLING_NAMES for name in value),
        f"a list of {', '.join(POOLING_NAMES)}",
        REQUIRED,
    ),
    "layer": Key(
        lambda value: isinstance(value, list) and bool(value) and all(type(k) is int and k >= 0 for k in value),
        "a list of numbers of hidden states",
        REQUIRED,
    ),
    "normalize": flag(False),
    "truncate_dim": optional_count(),
    "template": Key(lambda value: isinstance(value, str) and SLOT in value, f"a string with {SLOT}", REQUIRED),
    "pool_scope": Key(lambda value: value in (None, "all", "text", "after_prompt"), "all, text or after_prompt"),
    "max_length": count(),
    "lowercase": flag(False),
    "prompts": Key(
        lambda value: isinstance(value, dict) and all(isinstance(prompt, str) for prompt in value.values()),
        "an object of strings",
        {},
    ),
    "include_prompt": flag(True),
    "dense": strings([]),
}


def read_export_file(file: Path) -> dict[str, Any]:
    """Read the conventions of an exported folder.

    Parameters
    ----------
    file : Path
        The file.

    Returns
    -------
    dict
        The values of `Conventions`, and ``dense``: folders of layers, and ``"normalize"``.

    Raises
    ------
    CheckpointError
        If it was written by a later version, or something in it is missing, of another type, or not known.
    """
    values = load_object(file)
    version: Any = values.get("version")
    if is_count(version) and version > EXPORT_VERSION:
        raise CheckpointError(f"{file} was written by a later version of this package: update it.")
    found = read_keys(values, _KEYS, file)
    del found["version"]
    return {name: tuple(value) if isinstance(value, list) else value for name, value in found.items()}
