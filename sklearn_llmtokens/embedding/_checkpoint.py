"""Which model: find the checkpoint, pin its revision, take its fingerprint, read the conventions of its training."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

from ..checkpoints import BUNDLED_CHECKPOINTS, bundled_checkpoint
from ..exceptions import CheckpointError

EXPORT_FILE = "sklearn_llmtokens.json"
# Raise by one when a key of EXPORT_FILE changes its meaning; a file of a later version is refused.
EXPORT_VERSION = 1

_HUB_IGNORE = ("onnx/*", "openvino/*", "*.bin", "*.h5", "*.msgpack", "*.onnx", "*.pt", "*.ckpt", "*.gguf", "*.pth")
_PICKLED = ("pytorch_model*.bin", "*.pt", "*.ckpt", "*.pth", "model*.pkl")
_VOCABULARIES = ("tokenizer.json", "vocab*", "*.model", "*.tiktoken", "*.spm")
_READ_BYTES = 1 << 20
_NO_LIMIT = 1 << 30
_VECTOR = "sentence_embedding"  # sentence-transformers' name of what a pooling gives

POOLING_NAMES = {
    "cls": "cls",
    "max": "max",
    "mean": "mean",
    "mean_sqrt_len_tokens": "mean_sqrt_len",
    "weightedmean": "weighted_mean",
    "lasttoken": "last",
}
# The order in which sentence-transformers concatenates poolings that are switched on by their own flags.
_POOLING_FLAGS = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len",
    "pooling_mode_weightedmean_tokens": "weighted_mean",
    "pooling_mode_lasttoken": "last",
}


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint folder on this machine.

    Attributes
    ----------
    folder : Path
        Holds ``config.json``, the weights as safetensors and the tokenizer, perhaps with sentence-transformers' files.
    name : str
        What the user called it.
    revision : str or None
        Commit on the Hub; None for a folder.
    """

    folder: Path
    name: str
    revision: str | None

    @property
    def transformer_folder(self) -> Path:
        """The folder of the transformer itself, which old sentence-transformers checkpoints keep one level down."""
        modules = _read_modules(self)
        return self.folder / modules[0][1] if modules else self.folder

    def __str__(self) -> str:
        return f"{self.name}@{self.revision}" if self.revision else self.name


@dataclass(frozen=True)
class DenseLayer:
    """A Dense module that follows the pooling.

    Attributes
    ----------
    file : str
        The safetensors file.
    n_in, n_out : int
        Features in and out.
    activation : str
        Dotted name of a torch module class.
    """

    file: str
    n_in: int
    n_out: int
    activation: str


@dataclass(frozen=True)
class Conventions:
    """How a checkpoint wants to be used; None where it does not say.

    Attributes
    ----------
    pooling : tuple of str or None
        Poolings that are concatenated.
    normalize : bool
        Whether its vectors have unit length.
    prompts : mapping of str to str
        Prompts by name.
    default_prompt : str or None
        Name of the prompt that is used when none is asked for.
    include_prompt : bool
        Whether the prompt's tokens are pooled as well.
    max_length : int or None
        Most tokens, special ones included.
    lowercase : bool
        Whether texts are put into lower case first.
    dense : tuple of DenseLayer
        Layers after the pooling.
    layer, template, pool_scope, truncate_dim
        What an exported folder adds: values of the estimator's parameters that sentence-transformers has no place for.
    """

    pooling: tuple[str, ...] | None = None
    normalize: bool = False
    prompts: Mapping[str, str] = field(default_factory=dict)
    default_prompt: str | None = None
    include_prompt: bool = True
    max_length: int | None = None
    lowercase: bool = False
    dense: tuple[DenseLayer, ...] = ()
    layer: tuple[int, ...] | None = None
    template: str | None = None
    pool_scope: str | None = None
    truncate_dim: int | None = None


_found: dict[tuple[str, bool, str | None], tuple[Checkpoint, str, dict]] = {}


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
        If there is none, or it is incomplete, or holds pickled weights only.
    """
    name = os.fspath(model)
    if name in BUNDLED_CHECKPOINTS:
        checkpoint = Checkpoint(Path(bundled_checkpoint(name)), name, None)
    elif os.path.isdir(name):
        checkpoint = Checkpoint(Path(name).resolve(), name, None)
    else:
        checkpoint = _from_hub(name)
    _check_complete(checkpoint)
    return checkpoint


def fingerprint(checkpoint: Checkpoint, *, code: bool = False) -> str:
    """Hash everything in a checkpoint that can change a vector: weights, tokenizer, configuration, conventions.

    Parameters
    ----------
    checkpoint : Checkpoint
        The checkpoint.
    code : bool, default=False
        Whether its Python files count, which they do where they may run.

    Returns
    -------
    str
        32 hexadecimal digits of BLAKE2b. Hashes of files are remembered by path, size and time of change.
    """
    total = blake2b(digest_size=16)
    for file in _identity_files(checkpoint, code):
        stat = file.stat()
        digest = _file_digest(str(file), stat.st_size, stat.st_mtime_ns)
        total.update(f"{file.relative_to(checkpoint.folder).as_posix()}\0{digest}\n".encode())
    return total.hexdigest()


def recall(model: str, *, code: bool = False) -> tuple[Checkpoint, str]:
    """Find a checkpoint and its fingerprint again, which takes next to no time where nothing in its folder has changed.

    Parameters
    ----------
    model : str
        As in `resolve`; a Hub id with the revision that it was pinned to.
    code : bool, default=False
        As in `fingerprint`.

    Returns
    -------
    checkpoint : Checkpoint
        The checkpoint.
    digest : str
        Its fingerprint.

    Raises
    ------
    CheckpointError
        As in `resolve`.
    """
    key = (model, code, _working_folder())
    if key in _found:
        checkpoint, digest, state = _found[key]
        if _state(list(state)) == state:
            return checkpoint, digest
    checkpoint = resolve(model)
    folders = [checkpoint.folder, *(path for path in checkpoint.folder.rglob("*") if path.is_dir())]
    state = _state([*folders, *_identity_files(checkpoint, code)])
    digest = fingerprint(checkpoint, code=code)
    _found[key] = checkpoint, digest, state
    return checkpoint, digest


def _working_folder() -> str | None:
    """Return the folder that relative paths start from; None where it was removed, and no relative path leads on."""
    try:
        return os.getcwd()
    except OSError:
        return None


def _state(paths: list[Path]) -> dict[Path, tuple[int, int] | None]:
    """Give size and time of change of files and folders; a folder changes when something in it comes or goes."""
    state: dict[Path, tuple[int, int] | None] = {}
    for path in paths:
        try:
            stat = os.stat(path)
        except OSError:
            state[path] = None
        else:
            state[path] = (stat.st_size, stat.st_mtime_ns)
    return state


def read_conventions(checkpoint: Checkpoint) -> Conventions:
    """Read the conventions of a checkpoint from its sentence-transformers files, or from those of an export.

    Parameters
    ----------
    checkpoint : Checkpoint
        The checkpoint.

    Returns
    -------
    Conventions
        What it says; defaults where it is silent.

    Raises
    ------
    CheckpointError
        If it has a module that is not one of Transformer, Pooling, Dense, Normalize (and Dropout, which does nothing
        here), or was exported by a later version.
    """
    own = _read_json(checkpoint.folder / EXPORT_FILE)
    if own:
        return _read_export(checkpoint, own)
    st_config = _read_json(checkpoint.folder / "config_sentence_transformers.json")
    prompts = {name: prompt or "" for name, prompt in (st_config.get("prompts") or {}).items()}
    default = st_config.get("default_prompt_name")
    values: dict = {"prompts": prompts, "default_prompt": default if default in prompts else None}
    dense = []
    for kind, path in _read_modules(checkpoint)[1:]:
        if kind == "Pooling":
            values |= _read_pooling(checkpoint, path)
        elif kind == "Dense":
            dense.append(_read_dense(checkpoint, path))
        elif kind == "Normalize":
            values["normalize"] = True
        elif kind != "Dropout":
            raise CheckpointError(
                f"{checkpoint} has a {kind} module after its transformer; Transformer, Pooling, Dense and Normalize "
                "are read. Use the folder of the transformer alone and choose pooling and normalize yourself."
            )
    return Conventions(dense=tuple(dense), **_sequence_limits(checkpoint), **values)


def _from_hub(name: str) -> Checkpoint:
    repo, _, revision = name.partition("@")
    if repo.count("/") > 1 or repo.startswith((".", "/", "~", "\\")) or os.sep + os.sep in repo:
        raise CheckpointError(f"model={name!r}: there is no such folder. {_accepted(name)}")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError

    try:
        folder = snapshot_download(repo, revision=revision or None, ignore_patterns=list(_HUB_IGNORE))
    except HFValidationError as error:
        raise CheckpointError(f"model={name!r} is neither a folder nor a Hub id. {_accepted(name)}") from error
    except (OSError, ValueError) as error:
        raise CheckpointError(
            f"model={repo}@{revision or 'main'} could not be fetched from the Hub and is not in its cache "
            f"({type(error).__name__}: {str(error).partition(chr(10))[0]}). {_accepted(name)}"
        ) from error
    return Checkpoint(Path(folder), repo, Path(folder).name)


def _accepted(name: str) -> str:
    bundled = ", ".join(BUNDLED_CHECKPOINTS)
    near = get_close_matches(name.partition("@")[0].lower(), BUNDLED_CHECKPOINTS, n=1)
    question = f"Did you mean {near[0]!r}? " if near else ""
    return f"{question}Pass a bundled name ({bundled}), a checkpoint folder, or a Hub id such as 'org/name@revision'."


def _check_complete(checkpoint: Checkpoint) -> None:
    folder = checkpoint.transformer_folder
    if not (folder / "config.json").is_file():
        raise CheckpointError(f"{checkpoint}: {folder} has no config.json, so it is no transformers checkpoint.")
    listed = set(_read_json(folder / "model.safetensors.index.json").get("weight_map", {}).values())
    weights = sorted(listed or (path.name for path in folder.glob("*.safetensors")))
    missing = [name for name in weights if not (folder / name).is_file()]
    if missing:
        raise CheckpointError(
            f"{checkpoint} is incomplete: {', '.join(missing)} missing in {folder}. Download it again."
        )
    if not weights:
        pickled = [path.name for pattern in _PICKLED for path in folder.glob(pattern)]
        found = f"only pickled ones ({', '.join(pickled)}), which can run code when read" if pickled else "none"
        raise CheckpointError(
            f"{checkpoint} has no safetensors weights in {folder}, {found}: use a revision with safetensors, or "
            "convert it with save_pretrained(safe_serialization=True)."
        )
    for name in weights:
        _check_safetensors(checkpoint, folder / name)
    if not any(next(folder.glob(pattern), None) for pattern in _VOCABULARIES):
        # transformers would make up a tokenizer that knows no word at all
        raise CheckpointError(f"{checkpoint} has no tokenizer in {folder}: save it there with save_pretrained.")


def _check_safetensors(checkpoint: Checkpoint, file: Path) -> None:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, "np"):
            pass
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{checkpoint}: {file} is damaged or half downloaded ({error}). Get it again.") from error


def _identity_files(checkpoint: Checkpoint, code: bool) -> list[Path]:
    """Files that can change a vector: JSON, text, tokenizer models, safetensors, and code that may run; no cards."""
    kinds = {".json", ".txt", ".model", ".safetensors", ".jinja", ".tiktoken"} | ({".py"} if code else set())
    return sorted(
        path
        for path in checkpoint.folder.rglob("*")
        if path.suffix in kinds
        and path.is_file()
        and path.name != "model.safetensors.index.json"
        and not {"onnx", "openvino"} & set(path.relative_to(checkpoint.folder).parts)
    )


@lru_cache(maxsize=4096)
def _file_digest(path: str, size: int, mtime_ns: int) -> str:
    digest = blake2b(digest_size=16)
    with open(path, "rb") as file:
        while block := file.read(_READ_BYTES):
            digest.update(block)
    return digest.hexdigest()


def _read_json(path: Path, kind: type = dict):
    """Read a JSON file that holds a `kind`; an empty one where there is no file."""
    if not path.is_file():
        return kind()
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CheckpointError(f"{path} is not JSON ({error}): the checkpoint is damaged or half downloaded.") from error
    if not isinstance(values, kind):
        raise CheckpointError(
            f"{path} holds a {type(values).__name__}, not a {kind.__name__}: the checkpoint is damaged."
        )
    return values


def _read_modules(checkpoint: Checkpoint) -> list[tuple[str, str]]:
    """Kind and folder of each module of a sentence-transformers checkpoint; empty for a plain one."""
    modules = _read_json(checkpoint.folder / "modules.json", list)
    listed = [(module["type"].rsplit(".", 1)[-1], module["path"]) for module in modules]
    if listed and listed[0][0] != "Transformer":
        raise CheckpointError(f"{checkpoint} begins with a {listed[0][0]} module; only a Transformer is loaded.")
    return listed


def _sequence_limits(checkpoint: Checkpoint) -> dict:
    folder = checkpoint.transformer_folder
    own = _read_json(folder / "sentence_bert_config.json")
    limit = own.get("max_seq_length") or _read_json(folder / "tokenizer_config.json").get("model_max_length")
    return {
        "max_length": int(limit) if limit and limit < _NO_LIMIT else None,
        "lowercase": bool(own.get("do_lower_case", False)),
    }


def _read_pooling(checkpoint: Checkpoint, path: str) -> dict:
    config = _read_json(checkpoint.folder / path / "config.json")
    names = config.get("pooling_mode")
    if names is None:
        pooling = tuple(name for flag, name in _POOLING_FLAGS.items() if config.get(flag)) or ("mean",)
    else:
        listed = [names] if isinstance(names, str) else names
        unknown = [name for name in listed if name not in POOLING_NAMES]
        if unknown:
            raise CheckpointError(
                f"{checkpoint} pools by {', '.join(unknown)}; {', '.join(POOLING_NAMES)} are read. Use the folder of "
                "the transformer alone and choose pooling yourself."
            )
        pooling = tuple(POOLING_NAMES[name] for name in listed)
    return {"pooling": pooling, "include_prompt": bool(config.get("include_prompt", True))}


def _read_dense(checkpoint: Checkpoint, path: str) -> DenseLayer:
    folder = checkpoint.folder / path
    config = _read_json(folder / "config.json")
    if config.get("use_residual") or config.get("module_input_name", _VECTOR) != _VECTOR:
        raise CheckpointError(
            f"{checkpoint}: the Dense module in {folder} has a residual connection or reads something else than the "
            f"pooled vector ({config.get('module_input_name', _VECTOR)}), which is not supported."
        )
    file = folder / "model.safetensors"
    if not file.is_file():
        raise CheckpointError(f"{checkpoint}: the Dense module in {folder} has no model.safetensors.")
    activation = config.get("activation_function", "torch.nn.modules.activation.Tanh")
    if not activation.startswith("torch.nn."):
        raise CheckpointError(f"{checkpoint}: the Dense module's activation {activation!r} is not one of torch.nn.")
    return DenseLayer(str(file), int(config["in_features"]), int(config["out_features"]), activation)


def _read_export(checkpoint: Checkpoint, own: dict) -> Conventions:
    if own["version"] > EXPORT_VERSION:
        raise CheckpointError(f"{checkpoint} was exported by a later version of this package: update it.")
    values: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in own.items()}
    del values["version"]
    values["dense"] = tuple(_read_dense(checkpoint, path) for path in own["dense"])
    return Conventions(**values)
