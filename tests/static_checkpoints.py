"""Small static checkpoints on disk, file by file as model2vec and sentence-transformers write them."""

import json
from pathlib import Path

import numpy as np

VOCABULARY = ["[UNK]", "good", "room", "物流", "很快", "clean", "staff"]
N_FEATURES = 8


def write_tokenizer(folder: Path, truncation: tuple[str, int] | None = None) -> None:
    """Write a vocabulary of words between blanks."""
    cut = truncation and {
        "direction": truncation[0],
        "max_length": truncation[1],
        "strategy": "LongestFirst",
        "stride": 0,
    }
    spec = {
        "version": "1.0",
        "truncation": cut,
        "padding": None,
        "added_tokens": [],
        "normalizer": None,
        "pre_tokenizer": {"type": "WhitespaceSplit"},
        "post_processor": None,
        "decoder": None,
        "model": {
            "type": "WordLevel",
            "vocab": {word: i for i, word in enumerate(VOCABULARY)},
            "unk_token": VOCABULARY[0],
        },
    }
    (folder / "tokenizer.json").write_text(json.dumps(spec), encoding="utf-8")


def vectors(dtype: str, n_rows: int = len(VOCABULARY)) -> np.ndarray:
    """Return random vectors in the type that they are stored in."""
    found = np.random.default_rng(0).normal(size=(n_rows, N_FEATURES))
    return np.rint(found * 40).astype(dtype) if dtype == "int8" else found.astype(dtype)


def write_model2vec(folder: Path, *, dtype="float32", normalize=False, quantized="no", max_length="absent") -> Path:
    """Write what ``StaticModel.save_pretrained`` of model2vec 0.10 writes."""
    from safetensors.numpy import save_file

    folder.mkdir(parents=True, exist_ok=True)
    tensors = {"embeddings": vectors(dtype, 4 if "mapping" in quantized else len(VOCABULARY))}
    if "mapping" in quantized:
        tensors["mapping"] = np.array([0, 1, 2, 3, 0, 1, 2], dtype=np.int64)
    if "weights" in quantized:
        tensors["weights"] = np.linspace(0.5, 2, len(VOCABULARY)).astype(np.float32)
    save_file(tensors, folder / "model.safetensors")
    write_tokenizer(folder)
    config = {"model_type": "model2vec", "normalize": normalize, "embedding_dtype": dtype}
    if max_length != "absent":
        config["max_length"] = max_length
    (folder / "config.json").write_text(json.dumps(config))
    _write_modules(folder, [".", *(["1_Normalize"] if normalize else [])])
    return folder


def write_sentence_transformers(
    folder: Path, *, dtype="float32", modules=(), subfolder="", truncation=None, settings=None
) -> Path:
    """Write what ``SentenceTransformer.save`` writes for a StaticEmbedding and what follows it."""
    from safetensors.numpy import save_file

    inner = folder / subfolder
    inner.mkdir(parents=True, exist_ok=True)
    save_file({"embedding.weight": vectors(dtype)}, inner / "model.safetensors")
    write_tokenizer(inner, truncation)
    settings = {"prompts": {}, "default_prompt_name": None, "similarity_fn_name": "cosine", **(settings or {})}
    (folder / "config_sentence_transformers.json").write_text(json.dumps(settings))
    _write_modules(folder, [subfolder, *(f"{i}_{kind}" for i, kind in enumerate(modules, 1))])
    return folder


def _write_modules(folder: Path, paths: list[str]) -> None:
    kinds = ["StaticEmbedding", *(path.partition("_")[2] for path in paths[1:])]
    listed = [
        {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for i, (path, kind) in enumerate(zip(paths, kinds, strict=True))
    ]
    (folder / "modules.json").write_text(json.dumps(listed))
