"""Which reviews are copies of others? Find and drop them before a model is trained and tested on the same text.

    python examples/explore/near_duplicates.py [PICTURE]      # default: build/near_duplicates.png

Every tenth review is copied with a small edit, as people do who post one review for several products. The picture is
that by which a threshold is chosen: similarities of what was copied, and of what was not.
"""

import sys
from pathlib import Path

import numpy as np

from sklearn_llmtokens.datasets import load_toy_reviews
from sklearn_llmtokens.exploration import find_near_duplicates

EDITS = [
    lambda text: text,
    lambda text: f"{text}！",
    lambda text: text.replace("，", " "),
    lambda text: f"{text}，推荐",
    lambda text: text[: len(text) - 1],
]
THRESHOLD = 0.7


def main(picture="build/near_duplicates.png"):
    originals = list(load_toy_reviews().data)
    copied = np.arange(0, len(originals), 10)
    texts = originals + [EDITS[i % len(EDITS)](originals[row]) for i, row in enumerate(copied)]

    found = find_near_duplicates(texts, threshold=THRESHOLD)
    for group in found.groups[:3]:
        print(" | ".join(texts[row] for row in group))
    planted = {(row, len(originals) + i) for i, row in enumerate(copied.tolist())}
    pairs = set(map(tuple, found.pairs.tolist()))
    recall, precision = len(planted & pairs) / len(planted), len(planted & pairs) / len(pairs)
    print(f"{len(found.groups)} groups; {recall:.0%} of the copies found, {precision:.0%} of the pairs are copies")
    print(f"{len(found.kept())} of {len(texts)} reviews are kept")

    below = find_near_duplicates(texts, threshold=0.1)
    is_copy = np.array([tuple(pair) in planted for pair in below.pairs.tolist()])
    print(f"picture: {draw(below.similarities, is_copy, Path(picture))}")
    return {"recall": recall, "precision": precision, "kept": len(found.kept()), "rows": len(texts)}


def draw(similarities, is_copy, path):
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(8, 6), layout="constrained")
    bins = np.linspace(0.1, 1, 46)
    for chosen, name in ((~is_copy, "other pairs"), (is_copy, "a review and its copy")):
        axes.hist(similarities[chosen], bins, alpha=0.7, label=name)
    axes.axvline(THRESHOLD, color="black", linestyle="--", label=f"threshold {THRESHOLD}")
    axes.set(xlabel="similarity of shingles", ylabel="pairs", yscale="log", title="Similarities below and above")
    axes.legend(frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    plt.close(figure)
    return path


if __name__ == "__main__":
    main(*sys.argv[1:])
