"""Rankings of `peers.py`: recommenders of implicit and LensKit, called as they document it.

Where a package takes weights of a history's events, equal weights and ``0.8 ** age`` are both tried.
"""

import itertools
import time
from pathlib import Path

import numpy as np

DECAYS = (1.0, 0.8)


def methods(data: dict, folder: Path) -> dict:
    """Return the package of each method, and what runs it."""
    return {
        "implicit items": ("implicit", lambda choice: item_item(data, choice)),
        "implicit factors": ("implicit", lambda choice: implicit_factors(data, choice)),
        "lenskit items": ("lenskit", lambda choice: lenskit_items(data, choice)),
        "lenskit factors": ("lenskit", lambda choice: lenskit_factors(data, choice)),
    }


def chosen(data: dict, choice, settings: dict, run) -> dict:
    """Return what the setting with the highest hit rate on the validation part finds for the test queries."""
    name = choice.best(settings, lambda setting: hit_rate(run(data["validation"], *setting), data["validation"]))
    return {"name": name} | run(data, *settings[name])


def hit_rate(found: dict, data: dict) -> float:
    """Return the share of targets in the lists but not in the history, with which implicit fills short lists."""
    asked = zip(found["lists"], data["histories"], data["targets"], strict=True)
    return float(np.mean([target in row and target not in history for row, history, target in asked]))


def ages(decay: float) -> str:
    return "" if decay == 1 else f", events by {decay} ** age"


def latest_ages(row: list) -> dict:
    """Return the age of the latest event of each item of a sequence, 0 for its last event."""
    return {item: len(row) - 1 - i for i, item in enumerate(row)}


def matrix(rows: list, n_items: int, decay: float = 1.0):
    """Return histories as a matrix of users by items; an item has the weight of its latest event, ``decay ** age``."""
    from scipy import sparse

    user, item, weight = [], [], []
    for i, row in enumerate(rows):
        by_item = latest_ages(row)
        user += [i] * len(by_item)
        item += by_item
        weight += [decay**age for age in by_item.values()]
    return sparse.csr_matrix((np.asarray(weight, dtype=np.float32), (user, item)), shape=(len(rows), n_items))


def run_implicit(data: dict, model, decay: float, **options) -> dict:
    train, histories = matrix(data["train"], data["n_items"]), matrix(data["histories"], data["n_items"], decay)
    started = time.process_time()
    model.fit(train, show_progress=False)
    fitted = time.process_time()
    lists, _ = model.recommend(np.arange(len(data["histories"])), histories, N=10, **options)
    return {"fit_s": fitted - started, "recommend_s": time.process_time() - fitted, "lists": lists.tolist()}


def item_item(data: dict, choice) -> dict:
    from implicit import nearest_neighbours

    settings = {
        f"{kind}Recommender(K={k}){ages(decay)}": (kind, k, decay)
        for kind, k, decay in itertools.product(("Cosine", "TFIDF", "BM25"), (20, 50, 100, 200), DECAYS)
    }

    def run(data: dict, kind: str, k: int, decay: float) -> dict:
        model = getattr(nearest_neighbours, f"{kind}Recommender")(K=k, num_threads=1)
        return run_implicit(data, model, decay)

    return chosen(data, choice, settings, run)


def implicit_factors(data: dict, choice) -> dict:
    from implicit.als import AlternatingLeastSquares

    settings = {
        f"AlternatingLeastSquares({n}, alpha={alpha:g}){ages(decay)}": (n, alpha, decay)
        for n, alpha, decay in itertools.product((64,), (1.0, 10.0, 40.0), DECAYS)
    }

    def run(data: dict, n: int, alpha: float, decay: float) -> dict:
        model = AlternatingLeastSquares(n, alpha=alpha, num_threads=1, use_gpu=False, random_state=0)
        return run_implicit(data, model, decay, recalculate_user=True)

    return chosen(data, choice, settings, run)


def run_lenskit(data: dict, scorer) -> dict:
    import pandas as pd
    from lenskit import recommend
    from lenskit.data import ItemList, from_interactions_df
    from lenskit.pipeline import topn_pipeline

    pairs = [(user, item) for user, row in enumerate(data["train"]) for item in dict.fromkeys(row)]
    train = from_interactions_df(pd.DataFrame(pairs, columns=["user_id", "item_id"]))
    pipe = topn_pipeline(scorer, n=10)
    started = time.process_time()
    pipe.train(train)
    fitted = time.process_time()
    lists = []
    for history in data["histories"]:
        known = ItemList(item_ids=np.intersect1d(history, data["warm"]))
        lists.append(recommend(pipe, known).ids().tolist())
    return {"fit_s": fitted - started, "recommend_s": time.process_time() - fitted, "lists": lists}


def lenskit_items(data: dict, choice) -> dict:
    from lenskit.knn import ItemKNNScorer

    settings = {f'ItemKNNScorer(max_nbrs={k}, feedback="implicit")': (k,) for k in (5, 10, 20, 50, 100)}
    return chosen(
        data, choice, settings, lambda data, k: run_lenskit(data, ItemKNNScorer(max_nbrs=k, feedback="implicit"))
    )


def lenskit_factors(data: dict, choice) -> dict:
    from lenskit.als import ImplicitMFScorer

    settings = {
        f"ImplicitMFScorer(embedding_size={n}, weight={weight:g})": (n, weight)
        for n, weight in itertools.product((64,), (1.0, 10.0, 40.0))
    }

    def run(data: dict, n: int, weight: float) -> dict:
        return run_lenskit(data, ImplicitMFScorer(embedding_size=n, weight=weight))

    return chosen(data, choice, settings, run)
