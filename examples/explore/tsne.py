"""A t-SNE map with `transform` for new texts: openTSNE's scikit-learn transformer after the embedder.

    python examples/explore/tsne.py [PICTURE]             # default: build/tsne.png

scikit-learn's own TSNE has no `transform`; openTSNE's has, so that it can be the last step of a pipeline.
"""

import sys
from pathlib import Path

import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline

from sklearn_llmtokens import EmbeddingPCA, LLMTokenEmbedder
from sklearn_llmtokens.datasets import load_toy_reviews


def main(picture="build/tsne.png"):
    try:
        from openTSNE.sklearn import TSNE
    except ImportError:
        sys.exit("This example needs openTSNE: pip install openTSNE")

    reviews = load_toy_reviews()
    old, new, old_y, new_y = train_test_split(
        reviews.data, reviews.target, test_size=92, stratify=reviews.target, random_state=0
    )
    chart = Pipeline(
        [
            ("embedder", LLMTokenEmbedder()),
            ("pca", EmbeddingPCA(50, random_state=0)),
            ("tsne", TSNE(perplexity=30, metric="cosine", negative_gradient_method="bh", random_state=0)),
        ]
    )
    old_points = chart.fit_transform(old)
    new_points = chart.transform(new)
    print(f"map of {old_points.shape[0]} reviews; {new_points.shape[0]} new ones put onto it")

    # A map is good if what lies close together belongs together, for the new points as well.
    accuracy = KNeighborsClassifier(15).fit(old_points, old_y).score(new_points, new_y)
    print(f"new reviews whose neighbours on the map tell their category: {accuracy:.2f} (chance: {1 / 8:.2f})")
    print(f"picture: {draw(old_points, old_y, new_points, new_y, reviews.target_names, Path(picture))}")
    return {"old": old_points, "new": new_points, "accuracy": accuracy}


def draw(old_points, old_y, new_points, new_y, names, path):
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(8, 6), layout="constrained")
    for k, name in enumerate(names):
        colour = plt.get_cmap("tab10")(k)
        axes.scatter(*old_points[np.asarray(old_y) == k].T, s=10, color=colour, alpha=0.5, label=name)
        axes.scatter(*new_points[np.asarray(new_y) == k].T, s=50, color=colour, marker="*", edgecolor="black", lw=0.4)
    axes.set(title="Toy reviews: dots were mapped, stars came later", xticks=[], yticks=[])
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    plt.close(figure)
    return path


if __name__ == "__main__":
    main(*sys.argv[1:])
