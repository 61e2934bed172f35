"""
What diversity and calibration cost
===================================

Two re-rankings at several strengths, and the exposure of groups. The points of a line are strengths of a re-ranking: as
far right as is wanted, as far down as can be borne.
"""

import numpy as np
from matplotlib import pyplot as plt

from sklearn_llmtokens import LLMTokenEmbedder, text_recommender
from sklearn_llmtokens import recommend as rec
from sklearn_llmtokens.datasets import load_toy_catalog
from sklearn_llmtokens.plotting import TradeoffDisplay

# %%
# Candidates
# ----------
toy = load_toy_catalog()
catalog, vectors = rec.Catalog(toy.ids, toy.texts), LLMTokenEmbedder().fit_transform(toy.texts)
X, y, groups, times = rec.make_queries(toy.events)
train, test = next(rec.GlobalTimeSplit(times, quantile=0.8, targets="last").split(X, y, groups))
candidates, scores = text_recommender(catalog).fit(X[train], y[train]).recommend(X[test], k=40, return_scores=True)
categories = np.unique(toy.categories, return_inverse=True)[1]


# %%
# Two re-rankings
# ---------------
# Maximal marginal relevance makes the items of a list unlike each other. Calibration makes the categories of a list
# like those of the history.
def shares(lists):
    """Return the share of each category in each list."""
    return np.array([np.bincount(categories[catalog.index_of(row)], minlength=10) / len(row) for row in lists])


def mmr(strength):
    """Return lists, and the mean distance of two items of a list."""
    lists = rec.mmr_rerank(candidates, scores, items=catalog, vectors=vectors, lambda_=1 - strength)
    return lists, rec.intra_list_diversity(lists, catalog, vectors)


def calibrated(strength):
    """Return lists, and the share of them that is in proportion to the history."""
    lists = rec.calibrated_rerank(
        candidates, scores, histories=X[test], items=catalog, categories=toy.categories, calibration_weight=strength
    )
    return lists, np.minimum(shares(lists), shares(X[test])).sum(axis=1).mean()


# %%
# Exposure of groups
# ------------------
groups = np.where(np.isin(toy.ids, y[train]), np.array(toy.domains, dtype=object), "new")
for rerank in (mmr, calibrated):
    print(f"{rerank.__name__} at 0.6:\n{rec.exposure_report(rerank(0.6)[0], catalog, groups, clicks=y[test])}\n")

# %%
# Accuracy against variety
# ------------------------
benefits = {mmr: "distance of two items of a list", calibrated: "share of the list in proportion to the history"}
figure, axes = plt.subplots(2, 1, figsize=(8, 6), layout="constrained")
points = {}
for (rerank, benefit_name), ax in zip(benefits.items(), axes, strict=True):
    name = rerank.__name__
    runs = [(strength, *rerank(strength)) for strength in (0.0, 0.2, 0.4, 0.6, 0.8, 0.95)]
    points[name] = [(strength, rec.ndcg_at_k(y[test], lists), float(value)) for strength, lists, value in runs]
    TradeoffDisplay.from_results({name: points[name]}, benefit_name=benefit_name, ax=ax)
    (_, before, low), *_, (_, after, high) = points[name]
    print(f"from 0 to 0.95: {benefit_name} {low:.2f} -> {high:.2f}, NDCG@10 {before:.2f} -> {after:.2f}")
plt.show()
