"""
News: what came in since the last fit
=====================================

New articles every hour, readers with a few recent clicks. A split by time, as it would have been: learn from what was
clicked up to a moment, rank what came after. Then an article comes in and another is taken down, without a fit.
"""

from matplotlib import pyplot as plt

from sklearn_llmtokens import text_recommender
from sklearn_llmtokens.datasets import load_toy_catalog
from sklearn_llmtokens.plotting import RankingCurveDisplay
from sklearn_llmtokens.recommend import Catalog, GlobalTimeSplit, PopularityRecommender, make_queries, recall_at_k

# %%
# Before a moment and after it
# ----------------------------
k = 10
toy = load_toy_catalog()
catalog = Catalog(toy.ids, toy.texts)
X, y, groups, times = make_queries(toy.events)
train, test = next(GlobalTimeSplit(times, quantile=0.8, targets="successive").split(X, y, groups))
print(f"{len(train)} clicks to learn from, {len(test)} later ones to predict")

# %%
# Two recommenders
# ----------------
hit_rates, lists = {}, {}
for name, model in (("popular", PopularityRecommender(catalog)), ("text and clicks", text_recommender(catalog))):
    model.fit(X[train], y[train])
    lists[name] = model.recommend(X[test], k=20)
    hit_rates[name] = recall_at_k(y[test], lists[name], k=k)
    print(f"{name:16} HR@{k}: {hit_rates[name]:.2f}")

# %%
# Longer lists
# ------------
RankingCurveDisplay.from_predictions(y[test], lists)
plt.show()

# %%
# An article comes in
# -------------------
# It should be recommended to whoever has just read about trail running.
reader = [["N004", "S005"]]
model.add_items(["N900"], ["城市马拉松报名开启，跑步爱好者凌晨抢号，赛道沿河，新手可选半程"])
ranked = model.recommend(reader, k=k)[0].tolist()
place = ranked.index("N900") + 1 if "N900" in ranked else None
print(f"a new article on a marathon, for a reader on running: place {place}")

# %%
# An article is taken down
# ------------------------
# Readers who have clicked it are still understood.
model.remove_items([ranked[0]])
gone = ranked[0] not in model.recommend(reader, k=k)[0]
print(f"{ranked[0]} is taken down and no longer recommended: {gone}")
