"""
Near-duplicates
===============

Which reviews are copies of others? Find and drop them before a model is trained and tested on the same text.

Every tenth review is copied with a small edit, as people do who post one review for several products.
"""

import numpy as np
from matplotlib import pyplot as plt

from sklearn_llmtokens.datasets import load_toy_reviews
from sklearn_llmtokens.exploration import find_near_duplicates

edits = [
    lambda text: text,
    lambda text: f"{text}！",
    lambda text: text.replace("，", " "),
    lambda text: f"{text}，推荐",
    lambda text: text[: len(text) - 1],
]
threshold = 0.7

# %%
# Copies are found
# ----------------
originals = list(load_toy_reviews().data)
copied = np.arange(0, len(originals), 10)
texts = originals + [edits[i % len(edits)](originals[row]) for i, row in enumerate(copied)]
duplicates = find_near_duplicates(texts, threshold=threshold)
for group in duplicates.groups[:3]:
    print(" | ".join(texts[row] for row in group))

# %%
# All of them, and nothing else?
# ------------------------------
planted = {(row, len(originals) + i) for i, row in enumerate(copied.tolist())}
pairs = set(map(tuple, duplicates.pairs.tolist()))
recall, precision = len(planted & pairs) / len(planted), len(planted & pairs) / len(pairs)
kept = duplicates.kept()
print(f"{len(duplicates.groups)} groups; {recall:.0%} of the copies found, {precision:.0%} of the pairs are copies")
print(f"{len(kept)} of {len(texts)} reviews are kept")

# %%
# A picture to choose the threshold by
# ------------------------------------
# Similarities of what was copied, and of what was not.
below = find_near_duplicates(texts, threshold=0.1)
is_copy = np.array([tuple(pair) in planted for pair in below.pairs.tolist()])
figure, axes = plt.subplots(figsize=(8, 6), layout="constrained")
for chosen, name in ((~is_copy, "other pairs"), (is_copy, "a review and its copy")):
    axes.hist(below.similarities[chosen], np.linspace(0.1, 1, 46), alpha=0.7, label=name)
axes.axvline(threshold, color="black", linestyle="--", label=f"threshold {threshold}")
axes.set(xlabel="similarity of shingles", ylabel="pairs", yscale="log", title="Similarities below and above")
axes.legend(frameon=False)
plt.show()
