"""
A t-SNE map with transform for new texts
========================================

scikit-learn's own TSNE has no ``transform``; openTSNE's has, so that it can be the last step of a pipeline
(``pip install openTSNE``).
"""

from matplotlib import pyplot as plt
from openTSNE.sklearn import TSNE
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline

from sklearn_llmtokens import EmbeddingPCA, LLMTokenEmbedder
from sklearn_llmtokens.datasets import load_toy_reviews

# %%
# A pipeline that ends with a map
# -------------------------------
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

# %%
# Is it a good map?
# -----------------
# It is, if what lies close together belongs together, for the new points as well.
accuracy = KNeighborsClassifier(15).fit(old_points, old_y).score(new_points, new_y)
print(f"new reviews of the category of their neighbours on the map: {accuracy:.2f} (chance: {1 / 8:.2f})")

# %%
# Dots were mapped, stars came later
# ----------------------------------
figure, axes = plt.subplots(figsize=(8, 6), layout="constrained")
for k, name in enumerate(reviews.target_names):
    colour = plt.get_cmap("tab10")(k)
    axes.scatter(*old_points[old_y == k].T, s=10, color=colour, alpha=0.5, label=name)
    axes.scatter(*new_points[new_y == k].T, s=50, color=colour, marker="*", edgecolor="black", lw=0.4)
axes.set(title="Toy reviews", xticks=[], yticks=[])
axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
plt.show()
