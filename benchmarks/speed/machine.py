"""What a run of the speed benchmark was: the machine, the packages, and the arithmetic that a model takes."""

import importlib.metadata
import json
import os
import platform
from pathlib import Path

import numpy as np
from speed.data import folder_of


def layer_operations(model: str, lengths: np.ndarray) -> float:
    """Multiplications and additions of the transformer's layers for texts of so many tokens each.

    Two for each weight of a linear layer and token, and in attention four for each feature and pair of tokens.
    """
    config = json.loads((Path(folder_of(model)) / "config.json").read_text(encoding="utf-8"))
    width, inner, n_layers = config["hidden_size"], config["intermediate_size"], config["num_hidden_layers"]
    weights = n_layers * (4 * width * width + 2 * width * inner)
    return float(2 * weights * lengths.sum() + 4 * n_layers * width * (lengths.astype(float) ** 2).sum())


def settings(options) -> dict:
    import torch

    names = (
        "torch",
        "transformers",
        "tokenizers",
        "sentence-transformers",
        "skrub",
        "embetter",
        "onnxruntime",
        "openvino",
    )
    versions = {}
    for name in names:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {
        "processor": processor(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "threads": options.threads,
        "clock": options.clock,
        "load": round(os.getloadavg()[1], 1),
        "python": platform.python_version(),
        "versions": versions,
    }


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()
