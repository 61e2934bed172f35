"""Find the checkpoint that a name stands for, and check that everything which is loaded from it is there."""

import os
import re
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from ..._utils._messages import shorten
from ..._utils._optional import require
from ...checkpoints import BUNDLED_CHECKPOINTS, bundled_checkpoint
from ...exceptions import CheckpointError
from ._folder import Checkpoint, inside
from ._json_file import REQUIRED, Key, load_object, read_keys, text

_HUB_IGNORE = ("onnx/*", "openvino/*", "*.bin", "*.h5", "*.msgpack", "*.onnx", "*.pt", "*.ckpt", "*.gguf", "*.pth")
_PICKLED = ("pytorch_model*.bin", "*.pt", "*.ckpt", "*.pth", "model*.pkl")
_VOCABULARIES = ("tokenizer.json", "vocab*", "*.model", "*.tiktoken", "*.spm", "*.codes", "dict.txt")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_INDEX = "model.safetensors.index.json"
_WEIGHT_MAP = Key(
    lambda value: isinstance(value, dict) and bool(value) and all(isinstance(name, str) for name in value.values()),
    "an object that names a file for each tensor",
    REQUIRED,
)

_CONFIG_KEYS: dict[str, Key] = {"model_type": text(None)}
_MIRROR = " Where huggingface.co cannot be reached, set HF_ENDPOINT to the address of a mirror before Python starts."


def resolve(model: str | os.PathLike) -> Checkpoint:
    """Find the checkpoint that `model` names.

    Parameters
    ----------
    model : str or path-like
        The name of a bundled checkpoint, a folder, or a Hub id with an optional revision (``"org/name@revision"``).
        The Hub's own settings hold, among them ``HF_HUB_OFFLINE`` and ``HF_HUB_CACHE``.

    Returns
    -------
    Checkpoint
        A folder that has been checked to hold a configuration and complete safetensors weights.

    Raises
    ------
    CheckpointError
        If there is none, or it is incomplete, holds pickled weights only, or names files outside of its folder.
    """
    name = os.fspath(model)
    if name in BUNDLED_CHECKPOINTS:
        checkpoint = Checkpoint(Path(bundled_checkpoint(name)), name, None)
    elif os.path.isdir(name):
        checkpoint = Checkpoint(Path(name).resolve(), name, None)
    elif os.path.isfile(name):
        raise CheckpointError(f"model={name!r} is a file. Pass the folder of a checkpoint, with all of its files.")
    else:
        checkpoint = _from_hub(name)
    _check_complete(checkpoint)
    return checkpoint


def pinned_name(model: str | os.PathLike, revision: str | None) -> str:
    """Return the name under which the checkpoint of a fitted estimator is found again.

    Parameters
    ----------
    model : str or path-like
        As in `resolve`.
    revision : str or None
        The commit of the Hub that was found; None for a folder.

    Returns
    -------
    str
        `model`, at that commit where it is one of the Hub.

    Raises
    ------
    CheckpointError
        If the revision is no commit.
    """
    name = os.fspath(model)
    if revision is None:
        return name
    if not isinstance(revision, str) or not _COMMIT.fullmatch(revision):
        raise CheckpointError(f"revision_ is {shorten(revision)}, which is no commit of the Hub: fit again.")
    return f"{name.partition('@')[0]}@{revision}"


def _from_hub(name: str) -> Checkpoint:
    repo, _, revision = name.partition("@")
    if repo.count("/") > 1 or repo.startswith((".", "/", "~", "\\")) or os.sep + os.sep in repo:
        raise CheckpointError(f"model={name!r}: there is no such folder. {_accepted(name)}")
    require("huggingface_hub", extra=None, purpose="A model of the Hub")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError

    try:
        folder = snapshot_download(repo, revision=revision or None, ignore_patterns=list(_HUB_IGNORE))
    except HFValidationError as error:
        raise CheckpointError(f"model={name!r} is neither a folder nor a Hub id. {_accepted(name)}") from error
    except (OSError, ValueError) as error:
        raise CheckpointError(
            f"model={repo}@{revision or 'main'} could not be fetched from the Hub and is not in its cache "
            f"({type(error).__name__}: {str(error).partition(chr(10))[0]}). There is no folder of that name. "
            f"{_accepted(name)}"
            f"{_MIRROR if '/' in repo else ''}"
        ) from error
    return Checkpoint(Path(folder), repo, Path(folder).name)


def _accepted(name: str) -> str:
    bundled = ", ".join(BUNDLED_CHECKPOINTS)
    near = get_close_matches(name.partition("@")[0].lower(), BUNDLED_CHECKPOINTS, n=1)
    question = f"Did you mean {near[0]!r}? " if near else ""
    return f"{question}Pass a bundled name ({bundled}), a checkpoint folder, or a Hub id such as 'org/name@revision'."


def _check_complete(checkpoint: Checkpoint) -> None:
    folder = checkpoint.transformer_folder
    if checkpoint.is_static:
        _check_weights(checkpoint, folder, None)
        if not (folder / "tokenizer.json").exists():
            raise CheckpointError(f"{checkpoint} is incomplete: {folder} has no tokenizer.json. Download it again.")
        return
    config = load_object(folder / "config.json")
    if not (folder / "config.json").exists():
        raise CheckpointError(f"{checkpoint}: {folder} has no config.json, so it is no transformers checkpoint.")
    # Of transformers' own file no more is looked at than what is used here.
    read_keys({name: v for name, v in config.items() if name in _CONFIG_KEYS}, _CONFIG_KEYS, folder / "config.json")
    if os.path.lexists(folder / "adapter_config.json"):
        raise CheckpointError(
            f"{checkpoint} holds an adapter of another checkpoint (adapter_config.json in {folder}), which is not "
            "read: merge the two (merge_and_unload in peft) and save the result."
        )
    _check_weights(checkpoint, folder, config.get("transformers_weights"))
    _check_tokenizer(checkpoint, folder, load_object(folder / "tokenizer_config.json"))


def weight_files(folder: Path, named: object) -> list[Path]:
    """Return the files of weights that are read: those that the configuration names, else one file, else its index.

    Parameters
    ----------
    folder : Path
        The folder of the transformer, or of the static vectors.
    named : object
        ``transformers_weights`` of ``config.json``; None where it has no such key.

    Returns
    -------
    list of Path
        None of them where there are no weights in safetensors; a file may be missing.

    Raises
    ------
    CheckpointError
        If a name leads out of the folder, or the index is damaged.
    """
    if named is not None:
        first = inside(folder, named, f"{folder / 'config.json'}: 'transformers_weights'")
    else:
        first = folder / "model.safetensors"
        if not first.exists():
            first = folder / _INDEX
    return _shards(first) if first.name.endswith(".index.json") else [first]


def _check_weights(checkpoint: Checkpoint, folder: Path, named: object) -> None:
    files = weight_files(folder, named)
    missing = [file.name for file in files if not file.is_file()]
    if missing:
        raise CheckpointError(
            f"{checkpoint} is incomplete: {', '.join(missing)} missing in {folder}. Download it again."
        )
    if not files:
        pickled = [path.name for pattern in _PICKLED for path in folder.glob(pattern)]
        found = f"only pickled ones ({', '.join(pickled)}), which can run code when read" if pickled else "none"
        raise CheckpointError(
            f"{checkpoint} has no safetensors weights in {folder}, {found}: use a revision with safetensors, or "
            "convert it with save_pretrained(safe_serialization=True)."
        )
    for file in files:
        _check_safetensors(checkpoint, file)


def _shards(index: Path) -> list[Path]:
    """Return the files that an index names; none where there is no index."""
    if not os.path.lexists(index):
        return []
    where = f"{index}: 'weight_map'"
    known = {name: value for name, value in load_object(index).items() if name == "weight_map"}
    names = read_keys(known, {"weight_map": _WEIGHT_MAP}, index)["weight_map"].values()
    return [inside(index.parent, name, where) for name in sorted(set(names))]


def _check_safetensors(checkpoint: Checkpoint, file: Path) -> None:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, "np"):
            pass
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{checkpoint}: {file} is damaged or half downloaded ({error}). Get it again.") from error


def _check_tokenizer(checkpoint: Checkpoint, folder: Path, config: dict[str, Any]) -> None:
    names = config.get("fast_tokenizer_files") or []
    for name in names if isinstance(names, list) else [names]:
        inside(folder, name, f"{folder / 'tokenizer_config.json'}: 'fast_tokenizer_files'")
    if any(next(folder.glob(pattern), None) for pattern in _VOCABULARIES):
        return
    if config:
        kind = config.get("tokenizer_class", "its class is not named")
        raise CheckpointError(
            f"{checkpoint}: the tokenizer in {folder} ({shorten(kind)}) has no vocabulary and so no fast form, which "
            "alone is read: models of bytes or characters, such as ByT5 and CANINE, are not supported."
        )
    # transformers would make up a tokenizer that knows no word at all
    raise CheckpointError(f"{checkpoint} has no tokenizer in {folder}: save it there with save_pretrained.")
