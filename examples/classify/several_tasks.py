"""
Several tasks, one embedding
============================

The vectors of texts, z = f(x), cost the time. Categories, v = g(z), and sentiments, y = h(v, z), are small models of
the same vectors: a shop asks many questions about a review and embeds it once.

Reviews are those of online shops if ``fetch_shopping_reviews`` has downloaded them before; otherwise, the bundled ones.
"""

import numpy as np
from matplotlib import pyplot as plt
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_llmtokens import LLMTokenEmbedder
from sklearn_llmtokens.datasets import fetch_shopping_reviews, load_toy_reviews
from sklearn_llmtokens.plotting import use_chinese_font

# %%
# Two labels for each text
# ------------------------
# A label matrix has a column for each question: what the review is about, and whether it is good. Of the real reviews,
# 3,000 by chance.
try:
    reviews = fetch_shopping_reviews(duplicates="drop", download_if_missing=False)
except OSError:
    reviews = load_toy_reviews()
else:
    use_chinese_font()  # for the names of the categories
chosen = np.sort(np.random.default_rng(0).permutation(len(reviews.data))[:3000])
texts = np.array(reviews.data, dtype=object)[chosen]
category_idx, sentiment_idx = reviews.target[chosen], reviews.sentiment[chosen]
labels = np.column_stack([np.array(reviews.target_names)[category_idx], np.array(["bad", "good"])[sentiment_idx]])
is_test = np.arange(len(texts)) % 3 == 2
for text, (category, sentiment) in zip(texts[:3], labels[:3], strict=True):
    print(f"{category:10} {sentiment:5} {text[:60]}")

# %%
# Both answers from one pass
# --------------------------
# ``MultiOutputClassifier`` fits a classifier for each column, behind one embedder. z = f(x) is computed once per text.
model = make_pipeline(
    LLMTokenEmbedder("zh-nano"), StandardScaler(), MultiOutputClassifier(LogisticRegression(C=0.01, max_iter=1000))
)
answers = model.fit(texts[~is_test], labels[~is_test]).predict(texts[is_test])
right = answers == labels[is_test]
accuracy = {"category": right[:, 0].mean(), "sentiment": right[:, 1].mean(), "both": right.all(axis=1).mean()}
for name, value in accuracy.items():
    print(f"{name:10} {value:.2f}")

# %%
# One answer as an input of the next
# ----------------------------------
# In a chain the second classifier reads the first one's answer beside the vectors: z = f(x), v = g(z), y = h(v, z). The
# chain takes numbers as labels. It helps where one answer depends on the other; here every category has good and bad
# reviews.
numbers = np.column_stack([category_idx, sentiment_idx])
chain = make_pipeline(
    LLMTokenEmbedder("zh-nano"), StandardScaler(), ClassifierChain(LogisticRegression(C=0.01, max_iter=1000), cv=3)
)
chained = chain.fit(texts[~is_test], numbers[~is_test]).predict(texts[is_test])
accuracy["sentiment, chained"] = (chained[:, 1] == sentiment_idx[is_test]).mean()
print(f"sentiment after the category: {accuracy['sentiment, chained']:.2f} (alone: {accuracy['sentiment']:.2f})")

# %%
# What is taken for what
# ----------------------
figure, axes = plt.subplots(1, 2, figsize=(10, 5), layout="constrained", width_ratios=[3, 2])
for ax, column in zip(axes, (0, 1), strict=True):
    ConfusionMatrixDisplay.from_predictions(
        labels[is_test][:, column], answers[:, column], ax=ax, colorbar=False, xticks_rotation="vertical"
    )
plt.show()
