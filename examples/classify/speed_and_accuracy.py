"""
zh-nano: accuracy over speed
============================

A static model adds up one vector per token, and needs no forward pass. How much accuracy does it give up for its speed?
TF-IDF, zh-nano and zh-mini on the same split.

Reviews are those of online shops if ``fetch_shopping_reviews`` has downloaded them before; otherwise, the bundled ones.
Texts per second are those of the machine that built this page: only their ratios carry over, and only roughly.
"""

import time

import numpy as np
from matplotlib import pyplot as plt
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, StandardScaler

from sklearn_llmtokens import LLMTokenEmbedder
from sklearn_llmtokens.datasets import fetch_shopping_reviews, load_toy_reviews

# %%
# Reviews and categories
# ----------------------
# Of the real ones, 1,500 by chance.
try:
    reviews = fetch_shopping_reviews(target="category", duplicates="drop", download_if_missing=False)
except OSError:
    reviews = load_toy_reviews()
chosen = np.random.default_rng(0).permutation(len(reviews.data))[:1500]
X, y = np.array(reviews.data, dtype=object)[chosen], np.asarray(reviews.target)[chosen]
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.5, stratify=y, random_state=0)
print(f"{len(X_train)} reviews to learn from, {len(X_test)} others, {len(np.unique(y))} categories")

# %%
# Accuracy and texts per second
# -----------------------------
# The clock runs over features of new texts alone. ``cache=None``: nothing is read that was computed before. One text
# goes ahead, so that loading the model does not count.
features = {
    "TF-IDF of characters": (TfidfVectorizer(analyzer="char", ngram_range=(1, 2)), MaxAbsScaler(), 1.0),
    "zh-nano": (LLMTokenEmbedder("zh-nano", long_text="chunk", cache=None), StandardScaler(), 0.01),
    "zh-mini": (LLMTokenEmbedder("zh-mini", long_text="chunk", cache=None), StandardScaler(), 0.01),
}
accuracy, speed = {}, {}
for name, (transformer, scaler, C) in features.items():
    vectors = transformer.fit_transform(X_train)
    classifier = make_pipeline(scaler, LogisticRegression(C=C, max_iter=1000)).fit(vectors, y_train)
    transformer.transform(X_test[:1])
    started = time.perf_counter()
    new = transformer.transform(X_test)
    speed[name] = len(X_test) / (time.perf_counter() - started)
    accuracy[name] = classifier.score(new, y_test)
    print(f"{name:22} accuracy {accuracy[name]:.3f}, {speed[name]:8,.0f} texts per second")

# %%
# A curve
# -------
# Up and to the right is better. TF-IDF is not below the models everywhere: with many labels words are enough.
figure, axes = plt.subplots(figsize=(8, 6), layout="constrained")
axes.plot(list(speed.values()), list(accuracy.values()), "o", markersize=10)
for name in features:
    axes.annotate(name, (speed[name], accuracy[name]), xytext=(0, 10), textcoords="offset points", ha="center")
axes.set(xlabel="texts per second on this machine", ylabel="accuracy on other reviews", xscale="log")
axes.margins(0.2)
plt.show()
