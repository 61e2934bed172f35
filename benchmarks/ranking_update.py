"""What `update` costs beside a fit, and the approximation by neighbours beside the exact regression, on Amazon Beauty.

    python benchmarks/ranking_update.py --cache FOLDER           # prints the figures
    python benchmarks/ranking_update.py --cache FOLDER --write   # benchmarks/results/ranking_update.json

The newest 1 % of the events are learnt by ``update`` of a recommender that was fitted on the others, and by a fit on
all of them. The difference is the largest one of the scores of 500 histories, as a share of the largest score; "same
items" is the mean share of the ten best items that both have. Seconds are those of this machine, one run after the
other; the vectors of titles come from the cache in both.

Data as in `ranking.py`: SKLEARN_LLMTOKENS_DATA, and --protocol for the hit rates of the approximation.
"""

import argparse
import os
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import ranking
from sklearn.base import clone
from tables import save

from sklearn_llmtokens import LLMTokenEmbedder, text_recommender
from sklearn_llmtokens.recommend import Catalog, EASERecommender, HybridRecommender, Interactions, TransitionRecommender


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--protocol", default=os.environ.get("SKLEARN_LLMTOKENS_PROTOCOL"), metavar="FILE")
    parser.add_argument("--cache", default="memory", metavar="FOLDER", help="where vectors are kept")
    parser.add_argument("--write", action="store_true", help="save the figures")
    options = parser.parse_args()
    home = os.environ.get("SKLEARN_LLMTOKENS_DATA")
    if not home or not options.protocol:
        print("left out: set SKLEARN_LLMTOKENS_DATA to a data home, and pass --protocol")
        return
    import pandas as pd

    folder = Path(home, "interactions")
    items = pd.read_parquet(folder / "amazon_beauty_items.parquet")
    events = ranking.without_repeats(pd.read_parquet(folder / "amazon_beauty_events.parquet"))
    catalog = Catalog(items.item_id.tolist(), items.title.astype(str).tolist())
    embedder = LLMTokenEmbedder(cache=options.cache)
    embedder.fit(catalog.texts()).transform(catalog.texts())  # into the cache
    figures: dict = {"update": [], "approximation": []}

    def keep(part: str, row: dict) -> None:
        print(row, flush=True)
        figures[part].append(row)
        if options.write:  # after each row, so that what took long is kept
            save("ranking_update", figures)

    for name, recommender in recommenders(catalog, embedder).items():
        keep("update", update_beside_fit(name, recommender, events))
    for row in approximation(catalog, embedder, folder, options.protocol):
        keep("approximation", row)


def recommenders(catalog: Catalog, embedder) -> dict:
    """Return what is fitted and updated, by name."""
    recipe = text_recommender(catalog, embedder=embedder)
    parts = dict(recipe.recommenders)
    return {
        "transitions by regression, with a prior": parts["transitions"],
        "neighbours of sequences": parts["neighbours"],
        "EASE, 50 neighbours": parts["ease"],
        "text_recommender": recipe,
    }


def update_beside_fit(name: str, recommender, events) -> dict:
    """Return seconds of a fit on everything and of an update by the newest hundredth, and how the scores differ."""
    is_new = (events.timestamp >= events.timestamp.quantile(0.99)).to_numpy()
    active = events.user_id.isin(events.user_id[is_new]).to_numpy()
    seconds, whole = timed(lambda: clone(recommender).fit(table(events)))
    earlier = clone(recommender).fit(table(events[~is_new]))
    if isinstance(whole, HybridRecommender):  # weights stay in an update: those of the fit on everything
        given = {part: list(pair) for part, pair in earlier.weights_.items()}
        whole = clone(recommender).set_params(weights=given).fit(table(events))
        earlier = clone(recommender).set_params(weights=given).fit(table(events[~is_new]))
    was = events[active & ~is_new]
    update_seconds, _ = timed(lambda: earlier.update(table(events[active]), before=table(was) if len(was) else None))
    histories = [group.tolist() for _, group in events[active].groupby("user_id").item_id][:500]
    expected, found = whole.score_items(histories), earlier.score_items(histories)
    ids, others = whole.recommend(histories, k=10), earlier.recommend(histories, k=10)
    return {
        "recommender": name,
        "new_events": int(is_new.sum()),
        "fit_s": round(seconds, 2),
        "update_s": round(update_seconds, 2),
        "ratio": round(seconds / update_seconds, 1),
        "largest_difference": float(np.abs(expected - found).max() / np.abs(expected).max()),
        "same_items": float(np.mean([len(set(a) & set(b)) / 10 for a, b in zip(ids, others, strict=True)])),
    }


def approximation(catalog: Catalog, embedder, folder: Path, protocol: str) -> Iterator[dict]:
    """Yield hit rates at 10 and seconds of the exact regressions and of the approximations."""
    import pandas as pd

    events = pd.read_parquet(folder / "amazon_beauty_events.parquet")
    train, targets = ranking.split_by_time(events, ranking.protocol(protocol), 4000)
    ridge = TransitionRecommender(catalog, method="ridge", prior=embedder, profile=0.8)
    ease = EASERecommender(catalog, l2=100.0)
    variants = {
        "transitions, exact": clone(ridge).set_params(max_dense_items=20_000),
        "transitions, 50 neighbours": ridge,
        "transitions, 200 neighbours": clone(ridge).set_params(n_neighbors=200),
        "EASE, exact": ease,
        "EASE, 50 neighbours": clone(ease).set_params(max_dense_items=5000, n_neighbors=50),
    }
    for name, recommender in variants.items():
        seconds, fitted = timed(lambda one=recommender: clone(one).fit(train))
        rates = {}
        for kind, (histories, wanted) in targets.items():
            ranked = fitted.recommend(histories, k=10)
            rates[kind] = float((ranked == np.asarray(wanted, dtype=object)[:, np.newaxis]).any(axis=1).mean())
        yield {"recommender": name, "fit_s": round(seconds, 1), **rates}


def table(events) -> Interactions:
    return Interactions(events.user_id, events.item_id, events.timestamp)


def timed(call) -> tuple:
    start = time.perf_counter()
    result = call()
    return time.perf_counter() - start, result


if __name__ == "__main__":
    main()
