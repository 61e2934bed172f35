"""
Films: long histories
=====================

A history of a hundred films says more than the last one. ``SequenceKNNRecommender`` looks for the same films in the
same order in the histories of others; ``text_recommender`` has it as one part, beside the titles and others.

Ratings are those of MovieLens 1M if ``fetch_movielens_1m`` has downloaded them before, or if you have put the archive
into the data home; otherwise, the events are those of the toy catalogue.
"""

import numpy as np
from matplotlib import pyplot as plt

from sklearn_llmtokens import text_recommender
from sklearn_llmtokens.datasets import fetch_movielens_1m, load_toy_catalog
from sklearn_llmtokens.plotting import RankingReportDisplay
from sklearn_llmtokens.recommend import (
    Catalog,
    GlobalTimeSplit,
    Interactions,
    PopularityRecommender,
    SequenceKNNRecommender,
    TransitionRecommender,
    make_queries,
)

# %%
# Films and histories
# -------------------
# Of the real ones, the 500 latest users and the films that ten of them rated.
try:
    films = fetch_movielens_1m(min_item_events=5, download_if_missing=False)
except OSError:
    films = load_toy_catalog()
    events = films.events
else:
    latest = dict(zip(films.events[:, 0], films.events[:, 2].astype(int), strict=True))
    users = sorted(latest, key=latest.get)[-500:]
    events = films.events[np.isin(films.events[:, 0], users)]
    names, counts = np.unique(events[:, 1], return_counts=True)
    events = events[np.isin(events[:, 1], names[counts >= 10])]
is_kept = np.isin(films.ids, np.unique(events[:, 1]))
catalog = Catalog(np.asarray(films.ids)[is_kept], np.asarray(films.texts, dtype=object)[is_kept])
interactions = Interactions.from_frame(events)
X, y, groups, times = make_queries(interactions)
train, test = next(GlobalTimeSplit(quantile=0.8, targets="last").split(X))
print(f"{catalog.n_items} items, {len(events)} events, {len(set(groups))} users, {len(test)} of them in the test")

# %%
# What follows a history
# ----------------------
# ``TransitionRecommender`` knows pairs of films, ``SequenceKNNRecommender`` several at once.
models = {
    "popular": PopularityRecommender(catalog),
    "transitions": TransitionRecommender(catalog),
    "sequences": SequenceKNNRecommender(catalog),
    "text_recommender": text_recommender(catalog, embedder="zh-nano"),
}
hit_rates = {}
for name, model in models.items():
    lists = model.fit(X[train], y[train]).recommend(X[test], k=10)
    hit_rates[name] = np.mean([target in row for target, row in zip(y[test], lists, strict=True)])
    print(f"{name:17} hit rate of ten: {hit_rates[name]:.3f}")
print("weights:", {name: np.round(weight, 2).tolist() for name, weight in models["text_recommender"].weights_.items()})

# %%
# One user
# --------
# The same films in another order are another history: the latest one counts most.
title = dict(zip(films.ids, getattr(films, "titles", films.texts), strict=True))
history = list(X[test[0]])[-3:]
orders = {}
for name, order in {"as it was": history, "backwards": history[::-1]}.items():
    orders[name] = models["sequences"].recommend([order], k=3)[0].tolist()
    print(f"{name}: {' -> '.join(title[item] for item in order)}")
    print("  recommended:", *(title[item] for item in orders[name]), sep="\n    ")

# %%
# By length of history
# --------------------
RankingReportDisplay.from_estimators(
    {name: models[name] for name in ("popular", "sequences", "text_recommender")},
    X[test],
    y[test],
    interactions=interactions,
    k=20,
)
plt.show()
