"""A checkpoint's folder: which paths its files may name, and which modules sentence-transformers keeps in it.

One rule holds for modules, shards and tokenizers. A name that leads out of the folder is refused. A link is followed,
and what it leads to is hashed by its content: snapshots in the Hub's cache are links.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import NamedTuple

from ..._utils._messages import shorten
from ...exceptions import CheckpointError
from ._json_file import Key, load_json, load_object, read_keys, text, without_effect

# Left out of the download and of the fingerprint: other formats of the same weights.
OTHER_FORMATS = ("onnx", "openvino")

STATIC_MODULE = "StaticEmbedding"

# Where sentence-transformers keeps its modules: today, and (models) in its releases up to 5.
_OF_SENTENCE_TRANSFORMERS = re.compile(
    r"sentence_transformers\.(?:models|base\.modules|sentence_transformer\.modules)(?:\.(?P<file>\w+))?\.(?P<kind>\w+)"
)

_MODULE_KEYS: dict[str, Key] = {
    "type": text(),
    "path": text(),
    "name": text(),
    "idx": without_effect(),  # the order is that of the list
    "kwargs": without_effect(),  # names of arguments of `encode`; none is passed
}


class Module(NamedTuple):
    """A module of sentence-transformers: what it is, and its folder."""

    kind: str
    folder: Path


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
        """The folder of the first module, which old sentence-transformers checkpoints keep one level down."""
        modules = read_modules(self)
        return modules[0].folder if modules else self.folder

    @property
    def is_static(self) -> bool:
        """Whether it is a table of token vectors without a transformer."""
        modules = read_modules(self)
        if modules:
            return modules[0].kind == STATIC_MODULE
        return load_object(self.folder / "config.json").get("model_type") == "model2vec"

    def __str__(self) -> str:
        return f"{self.name}@{self.revision}" if self.revision else self.name


def inside(folder: Path, name: object, where: object) -> Path:
    """Return the path of what a file of a checkpoint names.

    Parameters
    ----------
    folder : Path
        The folder that the name counts from.
    name : object
        The name, as it stands in the file.
    where : object
        The file and the key, for the message.

    Returns
    -------
    Path
        ``folder / name``.

    Raises
    ------
    CheckpointError
        If the name leads out of the folder, as ``"../other"`` and ``"/other"`` do, in Windows' notation too.
    """
    if isinstance(name, str) and "\0" not in name:
        windows = PureWindowsPath(name)
        if not windows.anchor and ".." not in windows.parts and windows.parts[:1] not in [(f,) for f in OTHER_FORMATS]:
            return folder / PurePosixPath(name)
    raise CheckpointError(
        f"{where} names {shorten(name)}; accepted are relative paths inside the checkpoint's folder, because what lies "
        "outside of it is no part of its fingerprint. Copy it into the folder."
    )


def read_modules(checkpoint: Checkpoint) -> list[Module]:
    """Read which modules a sentence-transformers checkpoint runs, in order; empty for a plain one.

    Parameters
    ----------
    checkpoint : Checkpoint
        The checkpoint.

    Returns
    -------
    list of Module
        The transformer first.

    Raises
    ------
    CheckpointError
        If ``modules.json`` is damaged, names a class that is not sentence-transformers' own, begins with another module
        than a transformer, or leads out of the folder.
    """
    file = checkpoint.folder / "modules.json"
    if not os.path.lexists(file):
        return []
    listed = load_json(file)
    if not isinstance(listed, list) or not listed or not all(isinstance(entry, dict) for entry in listed):
        raise CheckpointError(f"{file} holds no list of modules: the checkpoint is damaged.")
    modules, names = [], set()
    for i, entry in enumerate(listed):
        where = f"{file}, module {i}"
        values = read_keys(entry, _MODULE_KEYS, where)
        if values["name"] in names:
            raise CheckpointError(f"{where}: 'name' is {shorten(values['name'])}, which an earlier module has as well.")
        names.add(values["name"])
        modules.append(Module(_kind(values["type"], where), inside(checkpoint.folder, values["path"], where)))
    if modules[0].kind not in ("Transformer", STATIC_MODULE):
        raise CheckpointError(
            f"{checkpoint} begins with a {modules[0].kind} module; only a Transformer or a {STATIC_MODULE} is loaded."
        )
    return modules


def _kind(name: str, where: str) -> str:
    """Return the class that `name` stands for; a class of the checkpoint's own may do anything."""
    match = _OF_SENTENCE_TRANSFORMERS.fullmatch(name)
    if match is None or (match["file"] or match["kind"]).replace("_", "").lower() != match["kind"].lower():
        raise CheckpointError(
            f"{where}: 'type' is {shorten(name)}, which is no module of sentence-transformers' own; classes of the "
            "checkpoint are not run. Use the folder of the transformer alone and choose pooling and normalize yourself."
        )
    return match["kind"]
