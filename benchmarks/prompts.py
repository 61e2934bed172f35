"""What it brings to run the prompt of a causal model once, and not before every text.

    python benchmarks/prompts.py [MODEL_FOLDER] [--texts 64] [--repeats 5]
    python benchmarks/prompts.py --write    # benchmarks/results/prompts.json

The same sequences in two forms: the prompt as the parameter ``prompt``, whose keys and values are kept, and the prompt
written before every text by hand, which nobody can tell from the text. Both alternate; medians of the ratios. The
rows of both forms are compared. MODEL_FOLDER is a checkpoint of a causal model, such as SmolLM2-135M-Instruct;
SKLEARN_LLMTOKENS_SMOLLM2 names it by default.
"""

import argparse
import os
import platform
import statistics
import time
from pathlib import Path

import numpy as np
from tables import save

from sklearn_llmtokens import LLMTokenEmbedder
from sklearn_llmtokens.datasets import load_toy_reviews

PROMPTS = {
    "an instruction": "Instruct: Given a web search query, retrieve relevant passages that answer it\nQuery: {text}",
    "a long instruction": (
        "Instruct: You sort what customers write to a shop. Read the text, think of the product that it is about, of "
        "what the customer praises or complains of, and of what should be done next. Texts on delivery, on packaging, "
        "on price, on quality and on service are different kinds; a text of several kinds belongs to the one that it "
        "dwells on longest.\nText: {text}"
    ),
}


def measure(folder: str, prompt: str, texts: list[str], n_repeats: int) -> dict:
    """Return the median ratio of both forms, and how far their rows are apart."""
    params = {"pooling": "last", "cache": None, "normalize": True}
    cached = LLMTokenEmbedder(folder, prompt=prompt, **params).fit(texts)
    plain = LLMTokenEmbedder(folder, prompt=None, **params).fit(texts)
    whole = [prompt.format(text=text) for text in texts]
    difference = float(np.abs(cached.transform(texts) - plain.transform(whole)).max())
    seconds = []
    for _ in range(n_repeats):
        start = time.perf_counter()
        plain.transform(whole)
        middle = time.perf_counter()
        cached.transform(texts)
        seconds.append((middle - start, time.perf_counter() - middle))
    ratio = statistics.median(a / b for a, b in seconds)
    return {
        "texts_per_s_by_hand": len(texts) / statistics.median(a for a, _ in seconds),
        "texts_per_s_prompt": len(texts) / statistics.median(b for _, b in seconds),
        "ratio": ratio,
        "largest_difference": difference,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", nargs="?", default=os.environ.get("SKLEARN_LLMTOKENS_SMOLLM2"))
    parser.add_argument("--texts", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--write", action="store_true", help="save the figures")
    args = parser.parse_args()
    if not args.model:
        print("left out: name a folder, or set SKLEARN_LLMTOKENS_SMOLLM2")
        return
    texts = load_toy_reviews().data[: args.texts]
    rows = {name: measure(args.model, prompt, texts, args.repeats) for name, prompt in PROMPTS.items()}
    for name, row in rows.items():
        print(f"{name}: {row['ratio']:.2f} times, rows differ by {row['largest_difference']:.1e}")
    about = {
        "model": Path(args.model).name,
        "texts": len(texts),
        "repeats": args.repeats,
        "machine": platform.machine(),
    }
    if args.write:
        save("prompts", {"about": about, "rows": rows})


if __name__ == "__main__":
    main()
