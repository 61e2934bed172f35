"""
Wrong labels, the most suspected first
======================================

Which labels are wrong? Look first at those that models contradict which have not seen them. One review in twenty gets a
wrong category here; the picture shows how many of these are among the most suspected reviews.
"""

import numpy as np
from matplotlib import pyplot as plt
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from sklearn_llmtokens import EmbeddingPCA, LLMTokenEmbedder
from sklearn_llmtokens.datasets import load_toy_reviews
from sklearn_llmtokens.exploration import find_label_errors

# %%
# One label in twenty is wrong
# ----------------------------
reviews = load_toy_reviews()
names = np.array(reviews.target_names)
rng = np.random.default_rng(0)
is_wrong = np.zeros(len(reviews.data), dtype=bool)
is_wrong[rng.choice(len(is_wrong), len(is_wrong) // 20, replace=False)] = True
y = names[(reviews.target + is_wrong * rng.integers(1, len(names), len(is_wrong))) % len(names)]

# %%
# What a model that has not seen them makes of them
# -------------------------------------------------
model = make_pipeline(LLMTokenEmbedder(), EmbeddingPCA(64, whiten=0.5, random_state=0), LogisticRegression())
errors = find_label_errors(reviews.data, y, model)
for row in errors.rows[:5]:
    print(f"{errors.quality[row]:.2f} {y[row]:9s} or rather {errors.suggested[row]:9s} {reviews.data[row]}")
order = np.argsort(errors.quality, kind="stable")
n_looked_at = 2 * int(is_wrong.sum())
recall = is_wrong[order[:n_looked_at]].sum() / is_wrong.sum()
print(f"{recall:.0%} of {is_wrong.sum()} wrong labels are among the {n_looked_at} most suspected of {len(y)} reviews")
precision = is_wrong[errors.rows].mean()
print(f"{len(errors.rows)} reviews are suspected, {precision:.0%} of them with a wrong label")

# %%
# How far to look
# ---------------
n = np.arange(1, len(y) + 1)
figure, axes = plt.subplots(figsize=(8, 6), layout="constrained")
axes.plot(n, np.cumsum(is_wrong[order]) / is_wrong.sum(), label="most suspected first")
axes.plot(n, n / len(n), color="grey", linestyle="--", label="in random order")
axes.axvline(len(errors.rows), color="tab:red", linestyle=":", label="suspected")
axes.set(xlabel="reviews that are looked at", ylabel="share of the wrong labels", xscale="log")
axes.legend(frameon=False)
plt.show()
