"""Rankings of `peers.py`: EASE of RecTools, called as it documents it."""

import functools
import time
from pathlib import Path

from peers_rankings import DECAYS, ages, chosen, latest_ages


def methods(data: dict, folder: Path) -> dict:
    """Return the package of the method, and what runs it."""
    return {"rectools ease": ("rectools", lambda choice: ease(data, choice))}


def ease(data: dict, choice) -> dict:
    """Return the lists of its EASE: one fit has the lists of all weights of events."""

    @functools.lru_cache(maxsize=1)
    def fitted(part: str, l2: float) -> tuple:
        from rectools.models import EASEModel

        model = EASEModel(regularization=l2, recommend_n_threads=1, recommend_use_gpu_ranking=False)
        train = dataset(of[part], "train")
        started = time.process_time()
        model.fit(train)
        return model, time.process_time() - started

    def run(one: dict, l2: float, decay: float) -> dict:
        model, fit_s = fitted("validation" if one is data["validation"] else "test", l2)
        return {"fit_s": fit_s} | lists(model, one, decay)

    of = {"validation": data["validation"], "test": data}
    settings = {f"EASEModel(regularization={l2:g}){ages(decay)}": (l2, decay) for l2 in (50, 500) for decay in DECAYS}
    return chosen(data, choice, settings, run)


def dataset(data: dict, rows: str, decay: float = 1.0):
    """Return sequences as a dataset of all items that have training data; the latest event of an item counts."""
    import numpy as np
    import pandas as pd
    from rectools.dataset import Dataset, IdMap, Interactions

    known = set(data["warm"])
    asked = {item for row in data["histories"] for item in row}
    ordered = sorted(known, key=lambda item: (item in asked, item))  # matrices end at the last item with an event
    frame = pd.DataFrame(
        [
            (user, item, decay**age, "2020-01-01")
            for user, row in enumerate(data[rows])
            for item, age in latest_ages(row).items()
            if item in known
        ],
        columns=["user_id", "item_id", "weight", "datetime"],
    )
    users, items = IdMap.from_values(range(len(data[rows]))), IdMap.from_values(np.array(ordered))
    return Dataset(users, items, Interactions.from_raw(frame, users, items))


def lists(model, data: dict, decay: float) -> dict:
    users = list(range(len(data["histories"])))
    histories = dataset(data, "histories", decay)
    started = time.process_time()
    found = model.recommend(users, histories, k=10, filter_viewed=True, on_unsupported_targets="ignore")
    seconds = time.process_time() - started
    ranked = found.sort_values(["user_id", "rank"]).groupby("user_id")["item_id"].apply(list)
    return {"recommend_s": seconds, "lists": [ranked.get(user, []) for user in users]}
