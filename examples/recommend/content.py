"""
Similar items, and search by a wish
===================================

Content-based recommendation without clicks. Words that are the same find a little, meaning finds more: TF-IDF beside a
language model, and both side by side.
"""

import numpy as np
from matplotlib import pyplot as plt
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import Normalizer

from sklearn_llmtokens import LLMTokenEmbedder
from sklearn_llmtokens.datasets import load_toy_catalog
from sklearn_llmtokens.recommend import Catalog, ContentRecommender

# %%
# Three embedders of one catalogue
# --------------------------------
toy = load_toy_catalog()
catalog = Catalog(toy.ids, toy.texts)
title = dict(zip(toy.ids, toy.titles, strict=True))
category = dict(zip(toy.ids, toy.categories, strict=True))
words = TfidfVectorizer(analyzer="char", ngram_range=(1, 2), sublinear_tf=True)
meaning = make_pipeline(LLMTokenEmbedder(), Normalizer())
embedders = {"words": words, "meaning": meaning, "both": FeatureUnion([("words", words), ("meaning", meaning)])}

# %%
# Similar items
# -------------
same = {}
for name, embedder in embedders.items():
    model = ContentRecommender(catalog, embedder=embedder).fit(None)
    near = model.similar_items(toy.ids, k=5)
    same[name] = np.mean(
        [[category[i] == category[item] for i in row] for item, row in zip(toy.ids, near, strict=True)]
    )
    print(f"{name:8} of the 5 nearest items, {same[name]:.2f} are of the same category")

print(f"\nmore like {title['C003']}:")
for item in near[toy.ids.tolist().index("C003"), :3]:
    print(f"  {title[item]}")

# %%
# A picture
# ---------
figure, axes = plt.subplots(figsize=(8, 4), layout="constrained")
axes.barh(list(same), list(same.values()), color="tab:blue")
axes.set(xlabel="share of the 5 nearest items that are of the same category", title="Similar items")
axes.invert_yaxis()
plt.show()

# %%
# Wishes
# ------
# A query is a text here: ``query="texts"``.
wishes = ["想学做几道下饭的家常菜", "孩子晚上不肯睡觉怎么办", "周末去山里露营要带什么", "阳台上种点什么好养活"]
reader = ContentRecommender(catalog, embedder=meaning, query="texts").fit(None)
found = reader.recommend([[wish] for wish in wishes], k=1)[:, 0]
for wish, item in zip(wishes, found, strict=True):
    print(f"{wish}  ->  {title[item]}")
answers = [category[item] for item in found]
