"""Write a static checkpoint and the conventions in use as one folder, for this package and the libraries it is from."""

import json
import shutil
from pathlib import Path

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

from ..._utils._messages import shorten
from .._checkpoint import Checkpoint
from .._prompts import SLOT
from .._spec import EmbeddingSpec
from ._files import NO_LIMIT, StaticFiles, read_static

_NORMALIZE = "1_Normalize"


def export_static(checkpoint: Checkpoint, spec: EmbeddingSpec, target: Path) -> Path:
    """Write `checkpoint` with the conventions of `spec` to `target`.

    Parameters
    ----------
    checkpoint : Checkpoint
        A static checkpoint.
    spec : EmbeddingSpec
        The conventions in use.
    target : Path
        An empty folder.

    Returns
    -------
    Path
        The folder. Leading features that are not kept are left out of its file.

    Raises
    ------
    ValueError
        If the prompt has text behind ``{text}``, for which no such folder has a place.
    """
    template = spec.forward.template
    if not template.endswith(SLOT) or template.count(SLOT) > 1:
        raise ValueError(
            f"prompt={shorten(template)} cannot be exported with a static checkpoint: its folder has a place for a "
            "prompt before the text alone."
        )
    files = read_static(checkpoint)
    cut_after_scaling = spec.readout.truncate_dim if spec.readout.head else None
    _write_tensors(files, None if spec.readout.head else spec.readout.truncate_dim, target)
    _write_tokenizer(files, spec.forward.max_length, target)
    is_scaled = spec.readout.normalize or spec.readout.head
    if files.of_model2vec:
        config = json.loads((files.weights.parent / "config.json").read_text(encoding="utf-8"))
        limit = spec.forward.max_length
        own = {"normalize": is_scaled, "max_length": None if limit >= NO_LIMIT else limit}
        _write_json(target / "config.json", {**config, **own})
    modules = [("", "StaticEmbedding"), *([(_NORMALIZE, "Normalize")] if is_scaled else [])]
    listed = [
        {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for i, (path, kind) in enumerate(modules)
    ]
    _write_json(target / "modules.json", listed)
    prompt = template.removesuffix(SLOT)
    prompts = {**files.prompts, **({"default": prompt} if prompt else {})}
    _write_json(
        target / "config_sentence_transformers.json",
        {
            "prompts": prompts,
            "default_prompt_name": "default" if prompt else None,
            "truncate_dim": cut_after_scaling,
        },
    )
    return target


def _write_tensors(files: StaticFiles, n_features: int | None, target: Path) -> None:
    with safe_open(files.weights, "np") as tensors:
        found = {name: tensors.get_tensor(name) for name in tensors.keys()}  # noqa: SIM118 (it is no mapping)
    found[files.tensor] = np.ascontiguousarray(found[files.tensor][:, :n_features])
    save_file(found, target / "model.safetensors")


def _write_tokenizer(files: StaticFiles, max_length: int, target: Path) -> None:
    if max_length == files.max_length or files.of_model2vec:
        shutil.copyfile(files.tokenizer, target / "tokenizer.json")
        return
    spec = json.loads(files.tokenizer.read_text(encoding="utf-8"))
    spec["truncation"] = {
        "direction": "Left" if files.keep_end else "Right",
        "max_length": max_length,
        "strategy": "LongestFirst",
        "stride": 0,
    }
    _write_json(target / "tokenizer.json", spec)


def _write_json(file: Path, values: object) -> None:
    file.write_text(json.dumps(values, ensure_ascii=False, indent=2), encoding="utf-8")
