"""Which labels are wrong? Look first at those that models contradict which have not seen them.

    python examples/explore/label_errors.py [PICTURE]         # default: build/label_errors.png

One review in twenty gets a wrong category. The picture shows how many of these are among the most suspected reviews.
"""

import sys
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from sklearn_llmtokens import EmbeddingPCA, LLMTokenEmbedder
from sklearn_llmtokens.datasets import load_toy_reviews
from sklearn_llmtokens.exploration import find_label_errors


def main(picture="build/label_errors.png"):
    reviews = load_toy_reviews()
    names = np.array(reviews.target_names)
    rng = np.random.default_rng(0)
    is_wrong = np.zeros(len(reviews.data), dtype=bool)
    is_wrong[rng.choice(len(is_wrong), len(is_wrong) // 20, replace=False)] = True
    y = names[(reviews.target + is_wrong * rng.integers(1, len(names), len(is_wrong))) % len(names)]

    model = make_pipeline(LLMTokenEmbedder(), EmbeddingPCA(64, whiten=0.5, random_state=0), LogisticRegression())
    found = find_label_errors(reviews.data, y, model)
    for row in found.rows[:5]:
        print(f"{found.quality[row]:.2f} {y[row]:9s} or rather {found.suggested[row]:9s} {reviews.data[row]}")
    order = np.argsort(found.quality, kind="stable")
    n_looked_at = 2 * int(is_wrong.sum())
    recall = is_wrong[order[:n_looked_at]].sum() / is_wrong.sum()
    print(
        f"{recall:.0%} of {is_wrong.sum()} wrong labels are among the {n_looked_at} most suspected of {len(y)} reviews"
    )
    print(f"{len(found.rows)} reviews are suspected, {is_wrong[found.rows].sum()} of them with a wrong label")
    print(f"picture: {draw(is_wrong[order], len(found.rows), Path(picture))}")
    return {"recall": recall, "precision": is_wrong[found.rows].mean(), "share": n_looked_at / len(y)}


def draw(is_wrong, n_suspected, path):
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    n = np.arange(1, len(is_wrong) + 1)
    figure, axes = plt.subplots(figsize=(8, 6), layout="constrained")
    axes.plot(n, np.cumsum(is_wrong) / is_wrong.sum(), label="most suspected first")
    axes.plot(n, n / len(n), color="grey", linestyle="--", label="in random order")
    axes.axvline(n_suspected, color="tab:red", linestyle=":", label="suspected")
    axes.set(xlabel="reviews that are looked at", ylabel="share of the wrong labels", xscale="log")
    axes.legend(frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    plt.close(figure)
    return path


if __name__ == "__main__":
    main(*sys.argv[1:])
