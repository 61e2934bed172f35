"""
Items with a text, a picture and a price
========================================

A ``ColumnTransformer`` is the embedder of a recommender. The vectors of pictures would come from an image model. None
is needed to show how the parts go together: here they are made up, a noisy sign of the category. A new item needs the
same columns.
"""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, Normalizer, StandardScaler

from sklearn_llmtokens import LLMTokenEmbedder
from sklearn_llmtokens.datasets import load_toy_catalog
from sklearn_llmtokens.recommend import Catalog, ContentRecommender, recall_at_k

# %%
# Columns of items
# ----------------
toy = load_toy_catalog()
image = [f"image{i}" for i in range(16)]
generator = np.random.default_rng(0)
categories = sorted(set(toy.categories))
signs = dict(zip(categories, generator.normal(size=(len(categories), len(image))), strict=True))
pictures = np.array([signs[c] for c in toy.categories]) + generator.normal(size=(len(toy.ids), len(image)))
features = pd.DataFrame(pictures, columns=image).assign(price=toy.prices)
catalog = Catalog(toy.ids, toy.titles, features)

# %%
# One embedder of all of them
# ---------------------------
# Each block gets rows of about length 1; the weights say how much each counts.
number = make_pipeline(FunctionTransformer(np.log1p, feature_names_out="one-to-one"), StandardScaler())
embedder = ColumnTransformer(
    [
        ("text", make_pipeline(LLMTokenEmbedder(), Normalizer()), "text"),
        ("image", make_pipeline(StandardScaler(), Normalizer()), image),
        ("price", number, ["price"]),
    ],
    transformer_weights={"image": 0.7, "price": 0.1},
)
embedder

# %%
# What the picture adds
# ---------------------
hit_rates = {}
for name, weights in (("text", {"image": 0, "price": 0}), ("text, image, price", embedder.transformer_weights)):
    recommender = ContentRecommender(catalog, embedder=embedder.set_params(transformer_weights=weights))
    lists = recommender.fit(None).recommend(toy.histories, k=10)
    hit_rates[name] = recall_at_k(toy.targets, lists, k=10)
    print(f"{name:20} HR@10: {hit_rates[name]:.2f}")

figure, axes = plt.subplots(figsize=(8, 3), layout="constrained")
axes.barh(list(hit_rates), list(hit_rates.values()), color="tab:blue")
axes.set(xlabel="HR@10", title="Next items of the toy catalogue")
axes.invert_yaxis()
plt.show()

# %%
# A new item
# ----------
tent = features[toy.ids == "S025"].reset_index(drop=True)
recommender.add_items(["NEW"], ["双人徒步帐篷"], tent)
found = "NEW" in recommender.similar_items(["S025"], k=5)
print(f"a new tent with the picture of S025 is among the five items nearest to it: {found}")
