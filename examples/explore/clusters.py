"""
Clusters that carry their words
===============================

What are these reviews about? Reviews become vectors, t-SNE a map, HDBSCAN clusters of the map. ``name_clusters`` names
each by the words that are frequent in it and rare elsewhere.
"""

import numpy as np
from matplotlib import pyplot as plt
from sklearn.cluster import HDBSCAN
from sklearn.manifold import TSNE
from sklearn.preprocessing import normalize

from sklearn_llmtokens import LLMTokenEmbedder
from sklearn_llmtokens.datasets import load_toy_reviews
from sklearn_llmtokens.exploration import name_clusters
from sklearn_llmtokens.plotting import SemanticMapDisplay

# %%
# Vectors, a map, clusters
# ------------------------
reviews = load_toy_reviews()
texts = np.array(reviews.data, dtype=object)[reviews.language == "zh"]
vectors = normalize(LLMTokenEmbedder("zh-nano").fit_transform(texts))
points = TSNE(perplexity=20, random_state=0).fit_transform(vectors)
labels = HDBSCAN(min_cluster_size=8, cluster_selection_method="leaf", copy=True).fit_predict(points)

# %%
# Names
# -----
# The categories of the reviews were not used: they show whether the clusters make sense.
names = name_clusters(texts, labels)
categories = np.array(reviews.target_names)[reviews.target[reviews.language == "zh"]]
n_most, n_all = 0, 0
for label, name in names.items():
    found, counts = np.unique(categories[labels == label], return_counts=True)
    if label != -1:
        n_most, n_all = n_most + counts.max(), n_all + counts.sum()
    print(f"{counts.sum():4d} reviews, {counts.max() / counts.sum():4.0%} {found[counts.argmax()]:9s} {name}")
share = n_most / n_all
print(f"reviews of the most frequent category of their cluster: {share:.2f} (chance: {1 / 8:.2f})")

# %%
# A picture
# ---------
figure, axes = plt.subplots(figsize=(8, 6), layout="constrained")
SemanticMapDisplay(points, labels=labels, names=names).plot(axes)
plt.show()
