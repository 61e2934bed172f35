"""The hash of everything in a checkpoint that can change a vector, and a memory of it that notices every change."""

import json
import os
import re
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from stat import S_ISREG

from ...exceptions import CheckpointError
from . import _find
from ._export_file import EXPORT_FILE
from ._folder import OTHER_FORMATS, Checkpoint, inside, read_modules
from ._json_file import load_object

# JSON, text, vocabularies, weights and templates; no cards and no pictures.
_KINDS = (".json", ".txt", ".model", ".safetensors", ".jinja", ".tiktoken", ".spm", ".codes", ".bpe", ".tokenizer")
_READ_BYTES = 1 << 20

_State = list[tuple[int, ...] | None]
_found: dict[tuple[str, bool, str | None], tuple[Checkpoint, str, list[str], _State]] = {}


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
        32 hexadecimal digits of BLAKE2b. Hashes of files are remembered by path, size and time of change; links are
        followed.

    Raises
    ------
    CheckpointError
        If a file cannot be read, or the checkpoint names one outside of its folder.
    """
    total = blake2b(digest_size=16)
    for file in _identity_files(checkpoint, code):
        try:
            stat = file.stat()
            if not S_ISREG(stat.st_mode):
                raise OSError("not a regular file")
            digest = _file_digest(str(file), stat.st_size, stat.st_mtime_ns, stat.st_ino)
        except OSError as error:
            raise CheckpointError(f"{checkpoint}: {file} cannot be read ({error}).") from error
        total.update(f"{file.relative_to(checkpoint.folder).as_posix()}\0{digest}\n".encode())
    return total.hexdigest()


def is_fingerprint(value: object) -> bool:
    """Whether a value is one that `fingerprint` returns, and not, say, a path.

    Parameters
    ----------
    value : object
        As it came out of a file.

    Returns
    -------
    bool
        Whether it is 32 hexadecimal digits.
    """
    return isinstance(value, str) and re.fullmatch("[0-9a-f]{32}", value) is not None


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
        checkpoint, digest, paths, state = _found[key]
        if _state(paths) == state:
            return checkpoint, digest
    checkpoint = _find.resolve(model)
    folders = [checkpoint.folder, *(folder for folder, _ in _walk(checkpoint, code))]
    paths = [str(path) for path in dict.fromkeys([*folders, *_identity_files(checkpoint, code)])]
    state = _state(paths)
    digest = fingerprint(checkpoint, code=code)
    _found[key] = checkpoint, digest, paths, state
    return checkpoint, digest


def _working_folder() -> str | None:
    """Return the folder that relative paths start from; None where it was removed, and no relative path leads on."""
    try:
        return os.getcwd()
    except OSError:
        return None


def _state(paths: list[str]) -> _State:
    """Return what tells a change of files and folders; a folder changes when something in it comes or goes."""
    state: _State = []
    for path in paths:
        try:
            stat = os.stat(path)
        except OSError:
            state.append(None)
        else:
            state.append((stat.st_size, stat.st_mtime_ns, stat.st_ino))
    return state


def _identity_files(checkpoint: Checkpoint, code: bool) -> list[Path]:
    """Return the files that can change a vector, in order; Python files among them where they may run."""
    kinds = (*_KINDS, ".py") if code else _KINDS
    if code:
        _check_code(checkpoint)
    found = {folder / name for folder, names in _walk(checkpoint, code) for name in names if name.endswith(kinds)}
    return sorted(found)


def _check_code(checkpoint: Checkpoint) -> None:
    """Refuse code of another repository, which transformers would fetch: it is no part of the folder."""
    for name in ("config.json", "tokenizer_config.json"):
        file = checkpoint.transformer_folder / name
        if "--" in json.dumps(load_object(file).get("auto_map")):
            raise CheckpointError(
                f"{file}: 'auto_map' names code of another repository, which is no part of the fingerprint: copy its "
                "Python files into the folder and name the classes without the repository."
            )


@lru_cache(maxsize=4096)
def _file_digest(path: str, size: int, mtime_ns: int, inode: int) -> str:
    digest = blake2b(digest_size=16)
    with open(path, "rb") as file:
        while block := file.read(_READ_BYTES):
            digest.update(block)
    return digest.hexdigest()


def _walk(checkpoint: Checkpoint, code: bool) -> list[tuple[Path, list[str]]]:
    """Return the folders of a checkpoint with the names of their files.

    A folder that is a link is part of it where it is a module, and where code may be imported from it.
    """
    known: dict[str, tuple[Path, list[str]]] = {}
    for root in [checkpoint.folder, *_module_folders(checkpoint)]:
        for folder, inner, names in os.walk(root, followlinks=code):
            path = Path(folder)
            is_other_format = path.parent == checkpoint.folder and path.name in OTHER_FORMATS
            if folder in known or is_other_format or (path.is_symlink() and _is_round(path)):
                inner.clear()
            else:
                known[folder] = path, names
    return list(known.values())


def _is_round(link: Path) -> bool:
    """Whether a linked folder holds the link itself."""
    return os.path.realpath(link) in {os.path.realpath(parent) for parent in link.parents}


def _module_folders(checkpoint: Checkpoint) -> list[Path]:
    """Return the folders of the modules that are run, those of an exported folder among them."""
    file = checkpoint.folder / EXPORT_FILE
    layers = load_object(file).get("dense")
    exported = (
        [inside(checkpoint.folder, name, f"{file}: 'dense'") for name in layers] if isinstance(layers, list) else []
    )
    return [*(module.folder for module in read_modules(checkpoint)), *exported]
