"""
The article's program, corrected
================================

Words, tokens, vectors, PCA, t-SNE, a forest, new users: the same steps in the same order, corrected line by line. The
page "From the article to working code" says what was wrong with each.

The users are readers of the toy catalogue: what a reader has read is the text, the category of what came next is the
label.
"""

import numpy as np
from matplotlib import pyplot as plt
from sklearn.ensemble import RandomForestClassifier
from sklearn.manifold import TSNE
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline

from sklearn_llmtokens import EmbeddingPCA, JiebaTokenizer, LLMTokenEmbedder, top_k_labels
from sklearn_llmtokens.datasets import load_toy_catalog

# %%
# 1. Data
# -------
# Enough of it: two sentences have no 50 principal components, and nothing to learn from.
catalog = load_toy_catalog()
item = dict(zip(catalog.ids, zip(catalog.texts, catalog.categories, strict=True), strict=True))
users = np.array(["。".join(item[i][0] for i in history[-4:]) for history in catalog.histories], dtype=object)
labels = np.array([item[i][1] for i in catalog.targets])
known, new, known_labels, new_labels = train_test_split(users, labels, test_size=60, stratify=labels, random_state=0)
print(f"{len(known)} known users, {len(new)} new ones, {len(set(labels))} categories")

# %%
# 2. Words
# --------
# Cut with jieba, stop words dropped, English words stemmed.
words = JiebaTokenizer(stop_words="zh", stemmer="english")
print(words.fit_transform([catalog.texts[0]])[0])

# %%
# 3. Tokens to vectors
# --------------------
# The model reads the whole sentence; the stop words count nothing in the mean. Mean pooling takes every token and no
# padding; the first token of a causal model has seen nothing but itself.
embedder = LLMTokenEmbedder(pooling="mean", word_weights=words)
vectors = embedder.fit_transform(known)
print(vectors.shape)

# %%
# 4. PCA
# ------
# Fitted on the known users, applied to the new ones.
pca = EmbeddingPCA(n_components=50, random_state=0)
components = pca.fit_transform(vectors)
print(f"{components.shape}, {pca.explained_variance_ratio_.sum():.0%} of the variance")

# %%
# 5. t-SNE
# --------
# A map to look at, not features to learn from. Its perplexity must be below the number of texts.
points = TSNE(perplexity=30, random_state=0).fit_transform(components)
figure, axes = plt.subplots(figsize=(8, 6), layout="constrained")
for k, name in enumerate(np.unique(known_labels)):
    axes.scatter(*points[known_labels == name].T, s=18, color=plt.get_cmap("tab10")(k), label=name)
axes.set(title="Readers by what they have read; colour: what came next", xticks=[], yticks=[])
axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
plt.show()

# %%
# 6. The forest
# -------------
# With the steps before it in one pipeline: that is what a new user needs.
forest = RandomForestClassifier(n_estimators=300, random_state=0)
model = Pipeline([("embedder", embedder), ("pca", pca), ("forest", forest)]).fit(known, known_labels)
model

# %%
# 7. New users
# ------------
# They are texts, like the known ones: the pipeline makes their vectors in the same way.
ranked = top_k_labels(model, new, k=3)
hits = ranked == new_labels[:, np.newaxis]
names, counts = np.unique(known_labels, return_counts=True)
popular = np.isin(new_labels, names[np.argsort(-counts, kind="stable")[:3]]).mean()
for text, row, label in list(zip(new, ranked, new_labels, strict=True))[:3]:
    print(f"has read  {text[:70]}...\nadvised   {', '.join(row)}\ncame next {label}\n")
first, among_three = hits[:, 0].mean(), hits.any(axis=1).mean()
print(f"right at first: {first:.2f}; among three: {among_three:.2f} (the three most popular: {popular:.2f})")
