"""Write vectors and vocabulary as a folder of model2vec, which sentence-transformers and this package load as well."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

_INT8 = 127


def write_static(folder: Path, vectors: np.ndarray, tokenizer: dict[str, Any], dtype: str, card: str) -> None:
    """Write a static checkpoint.

    Parameters
    ----------
    folder : Path
        Exists.
    vectors : ndarray of shape (n_tokens, n_features), dtype=float32
        Multiplied with the weights of their tokens.
    tokenizer : dict
        Contents of ``tokenizer.json``.
    dtype : {"float32", "float16", "int8"}
        How they are stored. In ``"int8"`` each token has a scale, which is model2vec's ``weights``.
    card : str
        The model card.
    """
    vectors = vectors / max(float(np.abs(vectors).max()), np.finfo(np.float32).tiny)  # unit length follows the mean
    tensors = {"embeddings": vectors.astype(dtype, copy=False)}
    if dtype == "int8":
        scale = np.abs(vectors).max(axis=1) / _INT8
        divided = vectors / np.where(scale > 0, scale, 1)[:, np.newaxis]
        tensors = {"embeddings": np.rint(divided).astype(np.int8), "weights": scale.astype(np.float32)}
    save_file({name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}, folder / "model.safetensors")
    config = {"model_type": "model2vec", "normalize": True, "max_length": None, "embedding_dtype": dtype}
    modules = [
        {"idx": 0, "name": "0", "path": ".", "type": "sentence_transformers.models.StaticEmbedding"},
        {"idx": 1, "name": "1", "path": "1_Normalize", "type": "sentence_transformers.models.Normalize"},
    ]
    for name, values in {"config.json": config, "modules.json": modules}.items():
        (folder / name).write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False), encoding="utf-8")
    (folder / "README.md").write_text(card, encoding="utf-8")
