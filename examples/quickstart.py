"""
Quick start
===========

Texts to words, LLM token vectors, PCA and a random forest, beside TF-IDF: ends with a table and a picture.

The reviews and the model travel with the package; nothing is downloaded. The reviews are hard on purpose: the thing
reviewed is often not named, and its words turn up in other categories too.
"""

import sys
import time
from pathlib import Path

from matplotlib import pyplot as plt
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.manifold import TSNE
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline

from sklearn_llmtokens import EmbeddingPCA, JiebaTokenizer, LLMTokenEmbedder, text_pipeline
from sklearn_llmtokens.datasets import load_toy_reviews

# %%
# Texts and words
# ---------------
reviews = load_toy_reviews()
print(f"{len(reviews.data)} reviews in {len(reviews.target_names)} categories, for example")
words = JiebaTokenizer(stop_words="zh", separator=" / ")
for text, cut in zip(reviews.data[1:4], words.fit_transform(reviews.data[1:4]), strict=True):
    print(f"  {text}  ->  {cut}")

# %%
# Vectors
# -------
# The table below is made from these: the folds do not run the model again.
start = time.perf_counter()
vectors = LLMTokenEmbedder().fit_transform(reviews.data)
print(f"{vectors.shape[0]} x {vectors.shape[1]} {vectors.dtype} in {time.perf_counter() - start:.1f} s")

# %%
# Five pipelines
# --------------
# ``text_pipeline`` is the recommended one.
forest = RandomForestClassifier(n_estimators=150, random_state=0)
pipelines = {
    "TF-IDF of jieba words, logistic regression": make_pipeline(
        TfidfVectorizer(analyzer=JiebaTokenizer()), LogisticRegression(C=10, max_iter=1000)
    ),
    "TF-IDF of characters, logistic regression": make_pipeline(
        TfidfVectorizer(analyzer="char", ngram_range=(1, 2)), LogisticRegression(C=10, max_iter=1000)
    ),
    "LLM vectors, PCA, random forest": make_pipeline(LLMTokenEmbedder(), EmbeddingPCA(64, random_state=0), forest),
    "LLM vectors without stop words, PCA, random forest": make_pipeline(
        LLMTokenEmbedder(pooling="mean", word_weights=JiebaTokenizer(stop_words="zh")),
        EmbeddingPCA(64, random_state=0),
        forest,
    ),
    "text_pipeline: words and LLM vectors": text_pipeline("classification"),
}
pipelines["text_pipeline: words and LLM vectors"]

# %%
# Accuracy
# --------
folds = StratifiedKFold(5, shuffle=True, random_state=0)
print(f"{'accuracy in five folds':<52} {'category':>14} {'sentiment':>14} {'seconds':>8}")
table = {}
for name, pipeline in pipelines.items():
    start = time.perf_counter()
    table[name] = [cross_val_score(pipeline, reviews.data, y, cv=folds) for y in (reviews.target, reviews.sentiment)]
    category, sentiment = (f"{scores.mean():.3f} ± {scores.std():.3f}" for scores in table[name])
    print(f"{name:<52} {category:>14} {sentiment:>14} {time.perf_counter() - start:8.1f}")
print(f"{'(chance)':<52} {1 / 8:>6.3f} {'':7} {1 / 2:>6.3f}")

# %%
# A map
# -----
# Labels are English so that no font for Chinese is needed. Triangles are English reviews.
points = TSNE(perplexity=30, random_state=0).fit_transform(EmbeddingPCA(50, random_state=0).fit_transform(vectors))
figure, axes = plt.subplots(figsize=(8, 6), layout="constrained")
for k, name in enumerate(reviews.target_names):
    for language, marker, label in (("zh", "o", name), ("en", "^", None)):
        here = (reviews.target == k) & (reviews.language == language)
        axes.scatter(*points[here].T, s=16, marker=marker, color=plt.get_cmap("tab10")(k), label=label)
axes.set(title="Toy reviews: LLM token vectors, PCA, t-SNE", xticks=[], yticks=[])
axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
if sys.argv[1:]:  # python examples/quickstart.py PICTURE
    Path(sys.argv[1]).parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(sys.argv[1], dpi=120)
    print(f"picture: {sys.argv[1]}")
plt.show()
