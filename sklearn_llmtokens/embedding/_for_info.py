"""The interface of the embedder for the command ``info``: what a checkpoint is, and what it cannot read."""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from .._utils._optional import require
from ._checkpoint import Checkpoint, Conventions, read_conventions, weight_files
from ._checkpoint._json_file import load_object
from ._encoders import load_encoder
from ._fitted import checkpoint_of, spec_of
from ._unknown import UnknownCounts, count_unknown

_POSITIONS = ("I64", "I32", "BOOL")  # of tokens and rows, and masks: nothing that was learnt

__all__ = ["CheckpointFacts", "UnknownCounts", "read_facts", "unknown_in"]


@dataclass(frozen=True)
class CheckpointFacts:
    """What a checkpoint is, by its files alone.

    Attributes
    ----------
    kind : {"encoder", "causal language model", "static vectors"}
        What makes its vectors.
    architecture : str
        ``model_type`` of its configuration.
    folder : str
        Where it lies.
    n_bytes : int
        Size of all files of the folder.
    n_parameters : int
        Numbers in the files of weights.
    stored_as : str
        The type of most of them.
    n_layers : int
        Layers; 0 for static vectors.
    hidden_size : int
        Features of a token.
    n_vocabulary : int or None
        Tokens of the vocabulary, where the configuration or the table of vectors says it.
    head : list of str
        What follows the pooling.
    prompts : dict of str to str
        Prompts by name.
    default_prompt : str or None
        Name of the prompt that is used when none is asked for.
    max_length : int or None
        Most tokens of a text; None where nothing limits them.
    license : str or None
        As its card names it; None where it has no card, or the card names none.
    """

    kind: str
    architecture: str
    folder: str
    n_bytes: int
    n_parameters: int
    stored_as: str
    n_layers: int
    hidden_size: int
    n_vocabulary: int | None
    head: list[str]
    prompts: dict[str, str]
    default_prompt: str | None
    max_length: int | None
    license: str | None


def read_facts(embedder) -> CheckpointFacts:
    """Read what the checkpoint of a fitted embedder is; no weights are loaded.

    Parameters
    ----------
    embedder : LLMTokenEmbedder
        Fitted.

    Returns
    -------
    CheckpointFacts
        The facts.

    Raises
    ------
    CheckpointError
        If a file cannot be read.
    """
    checkpoint = checkpoint_of(embedder)
    config = load_object(checkpoint.transformer_folder / "config.json")
    files = weight_files(checkpoint.transformer_folder, config.get("transformers_weights"))
    shared: dict[str, Any] = {
        "folder": str(checkpoint.folder),
        "n_bytes": sum(path.stat().st_size for path in checkpoint.folder.rglob("*") if path.is_file()),
        "license": _license(checkpoint),
    }
    if checkpoint.is_static:
        return CheckpointFacts(**shared, **_static(checkpoint, str(config.get("model_type", "static")), files))
    from ._torch import describe

    conventions, model = read_conventions(checkpoint), describe(checkpoint, embedder.trust_remote_code)
    files = [*files, *(Path(layer.file) for layer in conventions.dense)]
    n_parameters, stored_as = _count_parameters(files)
    vocabulary = config.get("vocab_size")
    return CheckpointFacts(
        kind="causal language model" if model.causal else "encoder",
        architecture=str(config.get("model_type", "unknown")),
        n_parameters=n_parameters,
        stored_as=stored_as,
        n_layers=model.n_layers,
        hidden_size=model.hidden_size,
        n_vocabulary=vocabulary if isinstance(vocabulary, int) else None,
        head=_head(conventions),
        prompts=dict(conventions.prompts),
        default_prompt=conventions.default_prompt,
        max_length=embedder.max_length_,
        **shared,
    )


def unknown_in(embedder, texts: Sequence[str]) -> UnknownCounts:
    """Count what the vocabulary of a fitted embedder lacks; the weights are loaded.

    Parameters
    ----------
    embedder : LLMTokenEmbedder
        Fitted.
    texts : sequence of str
        The texts, without a prompt.

    Returns
    -------
    UnknownCounts
        The counts.
    """
    encoder = load_encoder(spec_of(embedder).forward, embedder.device)
    return count_unknown(*encoder.vocabulary, texts)


def _static(checkpoint: Checkpoint, architecture: str, weights: list[Path]) -> dict[str, Any]:
    from ._static import NO_LIMIT, read_static

    files = read_static(checkpoint)
    n_parameters, stored_as = _count_parameters(weights)
    vocabulary = load_object(files.tokenizer).get("model", {}).get("vocab")
    return {
        "kind": "static vectors",
        "architecture": architecture,
        "n_parameters": n_parameters,
        "stored_as": stored_as,
        "n_layers": 0,
        "hidden_size": files.n_features,
        "n_vocabulary": len(vocabulary) if isinstance(vocabulary, dict | list) else None,
        "head": [],
        "prompts": dict(files.prompts),
        "default_prompt": files.default_prompt,
        "max_length": None if files.max_length >= NO_LIMIT else files.max_length,
    }


def _head(conventions: Conventions) -> list[str]:
    return [
        step if isinstance(step, str) else f"dense {step.n_in} to {step.n_out}, {step.activation.rpartition('.')[2]}"
        for step in conventions.head
    ]


def _count_parameters(files: list[Path]) -> tuple[int, str]:
    """Return how many numbers the files hold, and the type of most of them; only their headers are read."""
    from safetensors import safe_open

    sizes: Counter[str] = Counter()
    for file in files:
        with safe_open(os.fspath(file), "np") as tensors:
            for name in tensors.keys():  # noqa: SIM118  (it is no dict)
                part = tensors.get_slice(name)
                if part.get_dtype() not in _POSITIONS:
                    sizes[part.get_dtype()] += prod(part.get_shape())
    return sizes.total(), sizes.most_common(1)[0][0] if sizes else "none"


def _license(checkpoint: Checkpoint) -> str | None:
    """Return the licence that the card names; a damaged card is no reason to refuse a checkpoint."""
    card = checkpoint.folder / "README.md"
    if not card.is_file():
        return None
    require("huggingface_hub", extra=None, purpose="The card of a model")
    from huggingface_hub import metadata_load
    from yaml import YAMLError

    try:
        values = metadata_load(card) or {}
    except (ValueError, OSError, YAMLError):
        return None
    found = values.get("license_name") if values.get("license") == "other" else None
    found = found or values.get("license")
    return str(found) if found else None
