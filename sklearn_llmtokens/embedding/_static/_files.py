"""What the files of a static checkpoint say; the table of vectors itself is read by `_load.py`.

Two libraries write such folders and read them by rules of their own. Where ``config.json`` lies beside a tensor
``embeddings``, these are model2vec's: it drops unknown tokens and reads 512 tokens of a text unless the file says
otherwise. Elsewhere they are those of sentence-transformers: unknown tokens count, and a text is cut only where
``tokenizer.json`` says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from ...exceptions import CheckpointError
from .._checkpoint import Checkpoint
from .._checkpoint._folder import Module, read_modules
from .._checkpoint._json_file import flag, load_object, optional_count, read_keys
from .._checkpoint._module_files import check_without_weights, read_model_file

NO_LIMIT = 1 << 30
_DEFAULT_MAX_LENGTH = 512  # of model2vec, where its file names none
_TENSORS = ("embeddings", "embedding.weight")
_STORED = {"F64", "F32", "F16", "I8"}


@dataclass(frozen=True)
class StaticFiles:
    """A static checkpoint, as its files describe it.

    Attributes
    ----------
    weights, tokenizer : Path
        The files with the vectors and the vocabulary.
    tensor : str
        Name of the table of vectors.
    n_features : int
        Features of a vector.
    of_model2vec : bool
        Whether model2vec's rules hold.
    max_length : int
        Most tokens of a text; `NO_LIMIT` where there is none.
    keep_end : bool
        Whether truncation drops the beginning.
    normalize : bool
        Whether vectors are scaled to unit length.
    truncate_dim : int or None
        How many leading features are kept, after the scaling.
    prompts : mapping of str to str
        Prompts by name.
    default_prompt : str or None
        Name of the prompt that is used when none is asked for.
    """

    weights: Path
    tokenizer: Path
    tensor: str
    n_features: int
    of_model2vec: bool
    max_length: int
    keep_end: bool
    normalize: bool
    truncate_dim: int | None
    prompts: Mapping[str, str]
    default_prompt: str | None


def read_static(checkpoint: Checkpoint) -> StaticFiles:
    """Read what the files of a static checkpoint say, without its vectors.

    Parameters
    ----------
    checkpoint : Checkpoint
        A static one.

    Returns
    -------
    StaticFiles
        The description.

    Raises
    ------
    CheckpointError
        If a file is damaged, or holds what is not supported.
    """
    folder = checkpoint.transformer_folder
    weights, tokenizer = folder / "model.safetensors", folder / "tokenizer.json"
    tensor, n_features = _read_shape(checkpoint, weights)
    config = load_object(folder / "config.json")
    of_model2vec = bool(config) and tensor == "embeddings"
    is_scaled = _ends_in_unit_length(checkpoint, read_modules(checkpoint))
    if of_model2vec:
        own = {"normalize": flag(False), "max_length": optional_count()}
        file = folder / "config.json"
        found = read_keys({name: config[name] for name in own if name in config}, own, file)
        is_scaled, keep_end = found["normalize"], False
        max_length = found["max_length"] if "max_length" in config else _DEFAULT_MAX_LENGTH
    else:  # model2vec leaves the vocabulary's file, which takes longest to parse, to the tokenizer
        truncation = load_object(tokenizer).get("truncation") or {}
        max_length, keep_end = truncation.get("max_length"), truncation.get("direction") == "Left"
    return StaticFiles(
        weights=weights,
        tokenizer=tokenizer,
        tensor=tensor,
        n_features=n_features,
        of_model2vec=of_model2vec,
        max_length=NO_LIMIT if max_length is None else int(max_length),
        keep_end=keep_end,
        normalize=is_scaled,
        **read_model_file(checkpoint),
    )


def _read_shape(checkpoint: Checkpoint, file: Path) -> tuple[str, int]:
    """Return the name of the table of vectors, and its number of columns."""
    try:
        with safe_open(file, "np") as tensors:
            names = list(tensors.keys())
            tensor = next((name for name in _TENSORS if name in names), None)
            part: Any = None if tensor is None else tensors.get_slice(tensor)
            shape, dtype = ([], "") if part is None else (part.get_shape(), part.get_dtype())
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{checkpoint}: {file} cannot be read ({error}). Get it again.") from error
    if tensor is None:
        raise CheckpointError(
            f"{checkpoint}: {file} holds {', '.join(sorted(names)[:5]) or 'no tensor'}; a static checkpoint has its "
            f"vectors in {' or '.join(_TENSORS)}."
        )
    if len(shape) != 2 or dtype not in _STORED or 0 in shape:
        raise CheckpointError(
            f"{checkpoint}: {tensor} in {file} has the shape {shape} and the type {dtype}; accepted are tables with a "
            f"row per token of {', '.join(sorted(_STORED))}."
        )
    return tensor, int(shape[1])


def _ends_in_unit_length(checkpoint: Checkpoint, modules: list[Module]) -> bool:
    """Return whether a Normalize module follows the vectors; no other module may."""
    for kind, folder in modules[1:]:
        if kind != "Normalize":
            raise CheckpointError(
                f"{checkpoint} has a {kind} module ({folder.name}) behind its static vectors; only Normalize is "
                "supported there."
            )
        check_without_weights("Normalize", folder)
    return len(modules) > 1
