"""
Recommend with a classifier
===========================

Nothing but a classifier: the next item is the label, ``top_k_labels`` ranks. Good while there are few things to
recommend and each has been chosen before. A new item is no label yet: it needs a recommender that reads
the items' texts.
"""

import numpy as np
from matplotlib import pyplot as plt
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MultiLabelBinarizer

from sklearn_llmtokens import EmbeddingPCA, LLMTokenEmbedder, text_pipeline, top_k_labels
from sklearn_llmtokens.datasets import load_toy_catalog
from sklearn_llmtokens.plotting import RankingCurveDisplay

# %%
# Readers as texts
# ----------------
k = 10
catalog = load_toy_catalog()
text = dict(zip(catalog.ids, catalog.texts, strict=True))
title = dict(zip(catalog.ids, catalog.titles, strict=True))
category = dict(zip(catalog.ids, catalog.categories, strict=True))
readers = np.array(["。".join(text[i] for i in history[-4:]) for history in catalog.histories], dtype=object)
train, test = train_test_split(np.arange(len(readers)), test_size=60, random_state=0)

# %%
# One label per reader
# --------------------
# The label is the item that came next.
forest = RandomForestClassifier(n_estimators=300, min_samples_leaf=2, random_state=0)
model = make_pipeline(LLMTokenEmbedder(), EmbeddingPCA(32, random_state=0), forest)
model.fit(readers[train], catalog.targets[train])
ranked, scores = top_k_labels(model, readers[test], k=k, return_scores=True)
hit_rate = (ranked == catalog.targets[test][:, np.newaxis]).any(axis=1).mean()
items, counts = np.unique(catalog.targets[train], return_counts=True)
order = items[np.argsort(-counts, kind="stable")]
popular = np.isin(catalog.targets[test], order[:k]).mean()
print(f"next item among {k}: {hit_rate:.2f} (the {k} most popular: {popular:.2f})")
print("for the first new reader:")
for item, score in zip(ranked[0, :3], scores[0], strict=False):
    print(f"  {score:.3f}  {title[item]}")

# %%
# Longer lists
# ------------
RankingCurveDisplay.from_predictions(
    catalog.targets[test], {"classifier": top_k_labels(model, readers[test], k=20), "popular": [order[:20]] * len(test)}
)
plt.show()

# %%
# Several labels per reader
# -------------------------
# All categories of the last four items, predicted from the items before them.
early = np.array(["。".join(title[i] for i in history[:-4]) for history in catalog.histories], dtype=object)
binarizer = MultiLabelBinarizer()
late = binarizer.fit_transform([{category[i] for i in history[-4:]} for history in catalog.histories])
tagger = text_pipeline(OneVsRestClassifier(RandomForestClassifier(50, random_state=0))).fit(early[train], late[train])
tags = top_k_labels(tagger, early[test], k=2)
precision, at_random = np.take_along_axis(late[test], tags, axis=1).mean(), late[test].mean()
print(f"two categories for each reader, share of them right: {precision:.2f} (at random: {at_random:.2f})")
print(f"  {title[catalog.histories[test[0]][0]]} ...  ->  {', '.join(binarizer.classes_[tags[0]])}")
