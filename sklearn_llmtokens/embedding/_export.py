"""Write a checkpoint and the conventions in use as one folder, for this package and for sentence-transformers."""

import json
import os
import shutil
from pathlib import Path

from ._checkpoint import (
    EXPORT_FILE,
    EXPORT_VERSION,
    POOLING_NAMES,
    Checkpoint,
    Conventions,
    read_conventions,
)
from ._prompts import SLOT
from ._spec import EmbeddingSpec

_CONVENTION_FILES = ("modules.json", "sentence_bert_config.json", "config_sentence_transformers.json", EXPORT_FILE)
_OTHER_FORMATS = (".bin", ".h5", ".onnx", ".msgpack", ".gguf")


def export_checkpoint(
    checkpoint: Checkpoint, spec: EmbeddingSpec, n_layers: int, hidden_size: int, folder: str | os.PathLike
) -> Path:
    """Write `checkpoint` with the conventions of `spec` to `folder`.

    Parameters
    ----------
    checkpoint : Checkpoint
        The checkpoint; its files are copied.
    spec : EmbeddingSpec
        The conventions in use.
    n_layers, hidden_size : int
        Sizes of the model.
    folder : str or path-like
        Created; must be empty if it exists.

    Returns
    -------
    Path
        The folder. It holds a file of our own with all conventions, and sentence-transformers' files where these can
        express them: the last layer, one prompt before the text, all features.

    Raises
    ------
    FileExistsError
        If the folder has something in it.
    """
    target = Path(folder)
    if target.exists() and any(target.iterdir()):
        raise FileExistsError(f"{target} is not empty: name a new folder.")
    target.mkdir(parents=True, exist_ok=True)
    conventions = read_conventions(checkpoint)
    _copy_transformer(checkpoint, target)
    dense = _copy_dense(conventions, target) if spec.readout.head else []
    _write_own(target, spec, conventions, dense)
    if _sentence_transformers_can(spec, n_layers):
        _write_sentence_transformers(target, spec, conventions, dense, hidden_size)
    return target


def _copy_transformer(checkpoint: Checkpoint, target: Path) -> None:
    for path in checkpoint.transformer_folder.iterdir():
        if path.is_file() and path.name not in _CONVENTION_FILES and path.suffix not in _OTHER_FORMATS:
            shutil.copyfile(path, target / path.name)


def _copy_dense(conventions: Conventions, target: Path) -> list[str]:
    folders = [f"{k}_Dense" for k in range(2, 2 + len(conventions.dense))]
    for name, dense in zip(folders, conventions.dense, strict=True):
        (target / name).mkdir()
        shutil.copyfile(dense.file, target / name / "model.safetensors")
        shutil.copyfile(Path(dense.file).with_name("config.json"), target / name / "config.json")
    return folders


def _write_own(target: Path, spec: EmbeddingSpec, conventions: Conventions, dense: list[str]) -> None:
    own = {
        "version": EXPORT_VERSION,
        "pooling": spec.readout.pooling,
        "layer": spec.readout.layers,
        "normalize": spec.readout.normalize,
        "truncate_dim": spec.readout.truncate_dim,
        "template": spec.forward.template,
        "pool_scope": spec.forward.pool_scope,
        "max_length": spec.forward.max_length,
        "lowercase": spec.forward.lowercase,
        "prompts": dict(conventions.prompts),
        "include_prompt": conventions.include_prompt,
        "dense": dense,
    }
    _write_json(target / EXPORT_FILE, own)


def _sentence_transformers_can(spec: EmbeddingSpec, n_layers: int) -> bool:
    template = spec.forward.template
    return (
        spec.readout.layers == (n_layers,)
        and spec.readout.truncate_dim is None
        and template.endswith(SLOT)
        and template.count(SLOT) == 1
        and spec.forward.pool_scope != "text"
    )


def _write_sentence_transformers(
    target: Path, spec: EmbeddingSpec, conventions: Conventions, dense: list[str], hidden_size: int
) -> None:
    modules = [("", "Transformer"), ("1_Pooling", "Pooling"), *((name, "Dense") for name in dense)]
    if spec.readout.normalize:
        modules.append((f"{len(modules)}_Normalize", "Normalize"))
    listed = [
        {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for i, (path, kind) in enumerate(modules)
    ]
    names = {ours: theirs for theirs, ours in POOLING_NAMES.items()}
    pooling = {
        "embedding_dimension": hidden_size,
        "pooling_mode": [names[name] for name in spec.readout.pooling],
        "include_prompt": conventions.include_prompt,
    }
    prompt = spec.forward.template.removesuffix(SLOT)
    prompts = {**conventions.prompts, **({"default": prompt} if prompt else {})}
    (target / "1_Pooling").mkdir()
    _write_json(target / "modules.json", listed)
    _write_json(target / "1_Pooling/config.json", pooling)
    _write_json(
        target / "sentence_bert_config.json",
        {"max_seq_length": spec.forward.max_length, "do_lower_case": spec.forward.lowercase},
    )
    _write_json(
        target / "config_sentence_transformers.json",
        {"prompts": prompts, "default_prompt_name": "default" if prompt else None},
    )


def _write_json(path: Path, values) -> None:
    path.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
