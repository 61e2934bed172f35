"""How a checkpoint wants to be used: pooling, length, prompts, and what follows the pooling."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ...exceptions import CheckpointError
from ._export_file import EXPORT_FILE, read_export_file
from ._folder import Checkpoint, Module, inside, read_modules
from ._module_files import (
    check_without_weights,
    read_dense,
    read_model_file,
    read_pooling,
    read_transformer_file,
)

UNIT_LENGTH: Literal["normalize"] = "normalize"
_READ = ("Pooling", "Dense", "Normalize", "Dropout")


@dataclass(frozen=True)
class DenseLayer:
    """A Dense module that follows the pooling.

    Attributes
    ----------
    file : str
        The safetensors file.
    n_in, n_out : int
        Features in and out.
    bias : bool
        Whether it adds one.
    activation : str
        Dotted name of a torch module class.
    """

    file: str
    n_in: int
    n_out: int
    bias: bool
    activation: str


@dataclass(frozen=True)
class Conventions:
    """How a checkpoint wants to be used; None where it does not say.

    Attributes
    ----------
    pooling : tuple of str or None
        Poolings that are concatenated.
    head : tuple of DenseLayer or "normalize"
        What follows the pooling, in order: layers, and scaling to unit length.
    truncate_dim : int or None
        How many leading features are kept, after the head.
    normalize : bool
        Whether vectors are scaled to unit length at last.
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
    layer, template, pool_scope
        What an exported folder adds: values of the estimator's parameters that sentence-transformers has no place for.
    """

    pooling: tuple[str, ...] | None = None
    head: tuple[DenseLayer | Literal["normalize"], ...] = ()
    truncate_dim: int | None = None
    normalize: bool = False
    prompts: Mapping[str, str] = field(default_factory=dict)
    default_prompt: str | None = None
    include_prompt: bool = True
    max_length: int | None = None
    lowercase: bool = False
    layer: tuple[int, ...] | None = None
    template: str | None = None
    pool_scope: str | None = None

    @property
    def dense(self) -> tuple[DenseLayer, ...]:
        """The layers of the head."""
        return tuple(step for step in self.head if isinstance(step, DenseLayer))


def read_conventions(checkpoint: Checkpoint) -> Conventions:
    """Read the conventions of a checkpoint from its sentence-transformers files, or from those of an export.

    A folder without ``modules.json`` is a plain checkpoint of transformers, as it is for sentence-transformers.

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
        If a file has something in it that is not known or not supported, or the folder was exported by a later version.
    """
    if (checkpoint.folder / EXPORT_FILE).exists():
        return _read_export(checkpoint)
    modules = read_modules(checkpoint)
    limits = read_transformer_file(checkpoint.transformer_folder, bool(modules))
    if not modules:
        return Conventions(**limits)
    values, head = _read_steps(modules, checkpoint)
    model = read_model_file(checkpoint)
    normalize = bool(head) and head[-1] == UNIT_LENGTH
    while model["truncate_dim"] is None and head and head[-1] == UNIT_LENGTH:
        head.pop()  # it is the embedder's own last step
    return Conventions(head=tuple(head), normalize=normalize, **values, **model, **limits)


def _read_steps(modules: list[Module], checkpoint: Checkpoint) -> tuple[dict[str, Any], list]:
    """Read what follows the transformer: what the pooling is, and the steps behind it."""
    values: dict[str, Any] = {}
    head: list[DenseLayer | Literal["normalize"]] = []
    for kind, folder in modules[1:]:
        if (kind == "Pooling") == bool(values) or kind not in _READ:
            known = "Transformer, one Pooling, and then Dense, Normalize and Dropout are read, in this order"
            raise CheckpointError(
                f"{checkpoint} has a {kind} module ({folder.name}) where none is supported: {known}. Use the folder of "
                "the transformer alone and choose pooling and normalize yourself."
            )
        if kind == "Pooling":
            values = read_pooling(folder)
        elif kind == "Dense":
            head.append(_read_layer(checkpoint, folder))
        else:
            check_without_weights(kind, folder)
            head += [UNIT_LENGTH] if kind == "Normalize" else []
    if not values:
        raise CheckpointError(
            f"{checkpoint} has no Pooling module, so that its vectors are something else than pooled tokens, which is "
            "not supported. Use the folder of the transformer alone and choose pooling and normalize yourself."
        )
    return values, head


def _read_layer(checkpoint: Checkpoint, folder: Path) -> DenseLayer:
    values = read_dense(folder)
    file = folder / "model.safetensors"
    if not file.is_file():
        raise CheckpointError(f"{checkpoint}: the Dense module in {folder} has no model.safetensors.")
    return DenseLayer(str(file), **values)


def _read_export(checkpoint: Checkpoint) -> Conventions:
    file = checkpoint.folder / EXPORT_FILE
    values = read_export_file(file)
    steps = values.pop("dense")
    head = tuple(
        UNIT_LENGTH
        if step == UNIT_LENGTH
        else _read_layer(checkpoint, inside(checkpoint.folder, step, f"{file}: 'dense'"))
        for step in steps
    )
    return Conventions(head=head, **values)
