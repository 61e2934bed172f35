"""
Recommend goods to readers of news
==================================

Cross-domain recommendation, from two catalogues without a common item. What was read elsewhere comes as texts
(``query="texts"``): the same embedder reads both catalogues, and nothing has to be learned from clicks in the shop.
"""

import numpy as np
from matplotlib import pyplot as plt

from sklearn_llmtokens import LLMTokenEmbedder
from sklearn_llmtokens.datasets import load_toy_catalog
from sklearn_llmtokens.recommend import Catalog, ContentRecommender, recall_at_k

# %%
# What was read, and what was bought
# ----------------------------------
# A query: the texts of what a reader read outside of the shop, before the last thing bought in it.
k = 5
toy = load_toy_catalog()
text = dict(zip(toy.ids, toy.texts, strict=True))
title = dict(zip(toy.ids, toy.titles, strict=True))
shop = [item for item in toy.ids if item.startswith("S")]
read, bought = [], []
for history, target in zip(toy.histories, toy.targets, strict=True):
    items = [*history, target]
    last = max((n for n, item in enumerate(items) if item.startswith("S")), default=0)
    before = [text[item] for item in items[:last] if not item.startswith("S")]
    if before:
        read.append(before)
        bought.append(items[last])
print(f"{len(read)} readers of news and articles, {len(shop)} goods")

# %%
# A ranking of goods
# ------------------
goods = Catalog(shop, [text[item] for item in shop])
recommender = ContentRecommender(goods, embedder=LLMTokenEmbedder(), query="texts").fit(None)
lists = recommender.recommend(read, k=k)
print(f"a reader of   {read[0][-1]}")
print(f"is advised    {'; '.join(title[item] for item in lists[0, :3])}")

# %%
# How good is it?
# ---------------
# The best sellers are an oracle: they have counted the very purchases that are to be predicted.
hit_rate, at_random = recall_at_k(bought, lists, k=k), k / len(shop)
names, counts = np.unique(bought, return_counts=True)
best_sellers = names[np.argsort(-counts, kind="stable")[:k]]
popular = recall_at_k(bought, [best_sellers] * len(bought), k=k)
figure, axes = plt.subplots(figsize=(8, 3), layout="constrained")
axes.barh(["at random", "what was read", "best sellers"], [at_random, hit_rate, popular], color="tab:blue")
axes.set(xlabel=f"HR@{k}", title="The next purchase")
plt.show()
print(f"HR@{k}: {hit_rate:.2f} (best sellers: {popular:.2f}; at random: {at_random:.2f})")
