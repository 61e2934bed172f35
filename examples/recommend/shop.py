"""
A shop: items for a basket
==========================

Recommenders are compared on two windows of time, with measures for the customer and for the catalogue. The best one
then serves a basket, restricted to what is in stock, and says why.

Purchases are those of Amazon Beauty if ``fetch_amazon_interactions`` has downloaded them before; otherwise, those of
the toy catalogue.
"""

import numpy as np
from matplotlib import pyplot as plt

from sklearn_llmtokens import text_recommender
from sklearn_llmtokens.datasets import fetch_amazon_interactions, load_toy_catalog
from sklearn_llmtokens.recommend import (
    Catalog,
    EASERecommender,
    GlobalTimeSplit,
    PopularityRecommender,
    evaluate,
    make_queries,
)

# %%
# Items and purchases
# -------------------
# Of the real shop, the 1,500 items that were bought most.
toy = load_toy_catalog()
try:
    shop = fetch_amazon_interactions("beauty", download_if_missing=False)
except OSError:
    shop, ids, titles, texts = toy, toy.ids, toy.titles, toy.texts
else:
    names, counts = np.unique(shop.events[:, 1], return_counts=True)
    best = np.isin(shop.ids, names[np.argsort(-counts, kind="stable")[:1500]])
    ids, titles, texts = shop.ids[best], shop.texts[best], shop.texts[best]
events = shop.events[np.isin(shop.events[:, 1], ids)]
catalog = Catalog(ids, texts)
title = dict(zip(ids, titles, strict=True))
queries = make_queries(events)
print(f"{len(ids)} items, {len(events)} purchases, {len(set(queries.groups))} customers with at least two")

# %%
# Three recommenders
# ------------------
# Two windows of time, one after the other. The intervals are over customers.
models = {
    "popular": PopularityRecommender(catalog),
    "clicks alone": EASERecommender(catalog),
    "text and clicks": text_recommender(catalog, embedder="zh-nano"),
}
windows = GlobalTimeSplit(quantile=[0.7, 0.85], targets="last")
table = evaluate(models, queries, windows, ["hit_rate@10", "ndcg@10", "coverage@10"], baseline="popular")
print(table[["hit_rate@10", "hit_rate@10_low", "hit_rate@10_high", "ndcg@10", "coverage@10"]].round(3).to_string())

# %%
# The intervals
# -------------
figure, axes = plt.subplots(figsize=(8, 4), layout="constrained")
hit_rate = table["hit_rate@10"].to_numpy()
low, high = hit_rate - table["hit_rate@10_low"], table["hit_rate@10_high"] - hit_rate
axes.barh(list(table.index), hit_rate, xerr=[low, high], color="tab:blue", alpha=0.6, capsize=4)
axes.set(xlabel="HR@10", title="Next purchases")
axes.invert_yaxis()
plt.show()

# %%
# A basket
# --------
# ``explain`` returns what each thing in the basket adds to each score: an array (n_events, k).
basket = [next(list(row) for row in queries.X if len(row) == 2)]
in_stock = [item for item in ids if item != basket[0][0]]
model = models["text and clicks"].fit(queries.X, queries.y)
ranked = model.recommend(basket, k=3, candidates=in_stock)[0].tolist()
shares = model.explain(basket, [ranked])[0]
print("in the basket:", *(title[item] for item in basket[0]), sep="\n  ")
print("recommended:")
for j, item in enumerate(ranked):
    print(f"  {title[item]}\n    (most of all for: {title[basket[0][shares[:, j].argmax()]]})")
