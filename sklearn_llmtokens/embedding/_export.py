"""Write a checkpoint and the conventions in use as one folder, for this package and for sentence-transformers."""

import json
import os
import shutil
from pathlib import Path

from ._checkpoint import (
    EXPORT_FILE,
    EXPORT_VERSION,
    POOLING_OF_MODE,
    UNIT_LENGTH,
    Checkpoint,
    Conventions,
    DenseLayer,
    read_conventions,
)
from ._prompts import SLOT
from ._spec import EmbeddingSpec

_CONVENTION_FILES = ("modules.json", "config_sentence_transformers.json", "sentence_*_config.json", EXPORT_FILE)
_OTHER_FORMATS = (".bin", ".h5", ".onnx", ".msgpack", ".gguf")


def export_checkpoint(checkpoint: Checkpoint, spec: EmbeddingSpec, folder: str | os.PathLike) -> Path:
    """Write `checkpoint` with the conventions of `spec` to `folder`.

    Parameters
    ----------
    checkpoint : Checkpoint
        The checkpoint; its files are copied.
    spec : EmbeddingSpec
        The conventions in use.
    folder : str or path-like
        Created; must be empty if it exists.

    Returns
    -------
    Path
        The folder. It holds a file of our own with all conventions, and sentence-transformers' files where these can
        express them: the last layer, one prompt before the text, no scaling of vectors that were cut.

    Raises
    ------
    FileExistsError
        If the folder has something in it.
    ValueError
        If a static checkpoint has no place for the prompt.
    """
    target = Path(folder)
    if target.exists() and any(target.iterdir()):
        raise FileExistsError(f"{target} is not empty: name a new folder.")
    target.mkdir(parents=True, exist_ok=True)
    if checkpoint.is_static:
        from ._static import export_static

        return export_static(checkpoint, spec, target)
    from ._torch import describe

    facts = describe(checkpoint, spec.forward.trust_remote_code)
    conventions = read_conventions(checkpoint)
    _copy_transformer(checkpoint, target)
    head = _copy_head(conventions, target) if spec.readout.head else []
    _write_own(target, spec, conventions, head)
    if _sentence_transformers_can(spec, facts.n_layers):
        _write_sentence_transformers(target, spec, conventions, head, facts.hidden_size)
    return target


def _copy_transformer(checkpoint: Checkpoint, target: Path) -> None:
    for path in checkpoint.transformer_folder.iterdir():
        is_ours = any(path.match(pattern) for pattern in _CONVENTION_FILES)
        if path.is_file() and not is_ours and path.suffix not in _OTHER_FORMATS:
            shutil.copyfile(path, target / path.name)


def _copy_head(conventions: Conventions, target: Path) -> list[str]:
    steps = []
    for k, step in enumerate(conventions.head, start=2):
        name = f"{k}_Dense" if isinstance(step, DenseLayer) else UNIT_LENGTH
        steps.append(name)
        if isinstance(step, DenseLayer):
            (target / name).mkdir()
            shutil.copyfile(step.file, target / name / "model.safetensors")
            shutil.copyfile(Path(step.file).with_name("config.json"), target / name / "config.json")
    return steps


def _write_own(target: Path, spec: EmbeddingSpec, conventions: Conventions, head: list[str]) -> None:
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
        "dense": head,
    }
    _write_json(target / EXPORT_FILE, own)


def _sentence_transformers_can(spec: EmbeddingSpec, n_layers: int) -> bool:
    template = spec.forward.template
    return (
        spec.readout.layers == (n_layers,)
        and set(spec.readout.pooling) <= set(POOLING_OF_MODE.values())
        and (spec.readout.truncate_dim is None or not spec.readout.normalize)
        and template.endswith(SLOT)
        and template.count(SLOT) == 1
        and spec.forward.pool_scope != "text"
    )


def _write_sentence_transformers(
    target: Path, spec: EmbeddingSpec, conventions: Conventions, head: list[str], hidden_size: int
) -> None:
    modules = [("", "Transformer"), ("1_Pooling", "Pooling")]
    for step in [*head, *([UNIT_LENGTH] if spec.readout.normalize else [])]:
        modules.append((f"{len(modules)}_Normalize", "Normalize") if step == UNIT_LENGTH else (step, "Dense"))
    listed = [
        {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for i, (path, kind) in enumerate(modules)
    ]
    names = {ours: theirs for theirs, ours in POOLING_OF_MODE.items()}
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
        {
            "prompts": prompts,
            "default_prompt_name": "default" if prompt else None,
            "truncate_dim": spec.readout.truncate_dim,
        },
    )


def _write_json(path: Path, values) -> None:
    path.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
