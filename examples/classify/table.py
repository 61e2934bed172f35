"""
A table of texts, numbers and categories
========================================

``text_pipeline``, ``ColumnTransformer``, pandas and polars: a CSV file of reviews goes in, with the text, how the
writer felt, and the language. The category comes out.
"""

import io

import numpy as np
import pandas as pd
import polars as pl
from matplotlib import pyplot as plt
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sklearn_llmtokens import EmbeddingPCA, LLMTokenEmbedder, text_pipeline
from sklearn_llmtokens.datasets import load_toy_reviews

# %%
# A file such as a shop would export
# ----------------------------------
reviews = load_toy_reviews(as_frame=True)
frame = reviews.frame.assign(
    stars=reviews.sentiment.map({0: 1, 1: 5}),
    length=reviews.data.str.len(),
    category=np.array(reviews.target_names)[reviews.target],
)
csv = frame[["text", "stars", "length", "language", "category"]].to_csv(index=False)
table = pd.read_csv(io.StringIO(csv))
y = table.pop("category")
table.head(3)

# %%
# In one call
# -----------
# What the columns hold is found out, and what each counts is chosen.
whole = text_pipeline(label_texts=None)
scores = cross_val_score(whole, table, y, cv=5)
print(f"text_pipeline, category, five folds: {scores.mean():.3f} ± {scores.std():.3f}")
print(f"columns: {whole.fit(table, y)['column'].kinds_}")

# %%
# By hand
# -------
# ``["text"]``, a list: the embedder gets a frame of one column, and names its features after it.
features = ColumnTransformer(
    [
        ("text", Pipeline([("embedder", LLMTokenEmbedder()), ("pca", EmbeddingPCA(48, random_state=0))]), ["text"]),
        ("number", StandardScaler(), ["stars", "length"]),
        ("kind", OneHotEncoder(sparse_output=False), ["language"]),
    ]
)
model = Pipeline([("features", features), ("scaler", StandardScaler()), ("linear", LogisticRegression(C=0.05))])
accuracy = cross_val_score(model, table, y, cv=5)
print(f"by hand, category, five folds: {accuracy.mean():.3f} ± {accuracy.std():.3f} (chance: {1 / y.nunique():.3f})")
model

# %%
# Five folds of each
# ------------------
figure, axes = plt.subplots(figsize=(8, 3), layout="constrained")
axes.boxplot([accuracy, scores], orientation="horizontal", tick_labels=["by hand", "text_pipeline"])
axes.set(xlabel="accuracy of the category", title="A table of texts, numbers and categories")
plt.show()

# %%
# Features as a pandas frame
# --------------------------
pandas_frame = features.set_output(transform="pandas").fit_transform(table)
print(f"{pandas_frame.shape}, index kept: {pandas_frame.index.equals(table.index)}")
pandas_frame.iloc[:2, [0, 1, -4, -3, -2, -1]].round(3)

# %%
# The same with polars
# --------------------
# The pipeline reads polars frames, and returns them.
polars_table = pl.read_csv(io.StringIO(csv)).drop("category")
polars_model = clone(model)
polars_model["features"].set_output(transform="polars")
same = np.array_equal(polars_model.fit(polars_table, y).predict(polars_table), model.fit(table, y).predict(table))
polars_frame = polars_model["features"].transform(polars_table)
print(f"features as a polars frame: {polars_frame.shape}; same predictions from both libraries: {same}")
