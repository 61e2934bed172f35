"""What are these reviews about? Clusters that carry their words, on a map.

    python examples/explore/clusters.py [PICTURE]             # default: build/clusters.png

Reviews become vectors, t-SNE a map, HDBSCAN clusters of the map. `name_clusters` names each by the words that are
frequent in it and rare elsewhere.
"""

import sys
from pathlib import Path

import numpy as np
from sklearn.cluster import HDBSCAN
from sklearn.manifold import TSNE
from sklearn.preprocessing import normalize

from sklearn_llmtokens import LLMTokenEmbedder
from sklearn_llmtokens.datasets import load_toy_reviews
from sklearn_llmtokens.exploration import name_clusters


def main(picture="build/clusters.png"):
    reviews = load_toy_reviews()
    texts = np.array(reviews.data, dtype=object)[reviews.language == "zh"]
    categories = np.array(reviews.target_names)[reviews.target[reviews.language == "zh"]]
    vectors = normalize(LLMTokenEmbedder("zh-nano").fit_transform(texts))
    points = TSNE(perplexity=20, random_state=0).fit_transform(vectors)
    labels = HDBSCAN(min_cluster_size=8, cluster_selection_method="leaf", copy=True).fit_predict(points)
    names = name_clusters(texts, labels)

    purity = []
    for label, name in names.items():
        of_cluster = categories[labels == label]
        category, n = max(((one, np.sum(of_cluster == one)) for one in set(of_cluster)), key=lambda pair: pair[1])
        purity.append((n, len(of_cluster), label))
        print(f"{len(of_cluster):4d} reviews, {n / len(of_cluster):4.0%} {category:9s} {name}")
    share = sum(n for n, _, label in purity if label != -1) / sum(size for _, size, label in purity if label != -1)
    print(f"reviews of the most frequent category of their cluster: {share:.2f} (chance: {1 / 8:.2f})")
    print(f"picture: {draw(points, labels, names, Path(picture))}")
    return {"names": names, "labels": labels, "share": share}


def draw(points, labels, names, path):
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    from sklearn_llmtokens.plotting import SemanticMapDisplay

    figure, axes = plt.subplots(figsize=(8, 6), layout="constrained")
    SemanticMapDisplay(points, labels=labels, names=names).plot(axes)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    plt.close(figure)
    return path


if __name__ == "__main__":
    main(*sys.argv[1:])
