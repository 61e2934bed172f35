"""Variants of `text_recommender`, on splits inside the training data of four public catalogues.

    python benchmarks/ranking_choice.py --protocol ranking_protocol.py --data beauty --queries 1500
    python benchmarks/ranking_choice.py --protocol ranking_protocol.py --write   # hours; results/ and the page
    python benchmarks/ranking_choice.py ... --figures ranking_weights --only "the recipe" "default weights, not learnt"

Same data as `ranking.py`, whose targets are not looked at: the events before its test period are split again by time;
on Games, which has no times, the last event of each history is the target. Each variant is a `HybridRecommender` that
is fitted anew. "20 candidates" are the target and 19 random items, ranked without a click to learn from. Rows answer
the same queries and keep their hits: the table of what each part is worth has standard errors of differences.
"""

import argparse
import os
from pathlib import Path

import numpy as np
import ranking

from sklearn_llmtokens import LLMTokenEmbedder, text_recommender
from sklearn_llmtokens.recommend import (
    Catalog,
    HybridRecommender,
    ItemKNNRecommender,
    TransitionRecommender,
)


def variants(cache) -> dict:
    """Return what builds each variant from a catalogue, by name."""

    def recipe(catalog: Catalog, **params) -> HybridRecommender:
        return text_recommender(catalog, embedder=LLMTokenEmbedder(cache=cache)).set_params(**params)

    def drop(*names: str):
        return lambda catalog: recipe(catalog, **dict.fromkeys(names, "drop"))

    def alone(name: str):
        return lambda catalog: dict(recipe(catalog).recommenders)[name]

    def plus(name: str, build, default_weight: float):
        def extended(catalog: Catalog) -> HybridRecommender:
            before = recipe(catalog)
            defaults = {**before.default_weights, name: default_weight}
            return HybridRecommender([*before.recommenders, (name, build(catalog))], default_weights=defaults)

        return extended

    def one_default(catalog: Catalog) -> HybridRecommender:
        defaults = recipe(catalog).default_weights
        return recipe(catalog, default_weights={name: warm for name, (warm, _) in defaults.items()})

    def latest(catalog: Catalog) -> TransitionRecommender:
        transitions = dict(recipe(catalog).recommenders)["transitions"]
        return transitions.set_params(profile=0.5)

    parts = ("transitions", "neighbours", "ease", "lexical", "content", "popularity", "recency")
    return {
        "the recipe": recipe,
        **{f"without {part}": drop(part) for part in parts},
        "default weights, not learnt": lambda catalog: recipe(catalog, weights=recipe(catalog).default_weights),
        "one default for all items": one_default,
        "transitions without a prior": lambda catalog: recipe(catalog, transitions__prior=None),
        "transitions without sessions": lambda catalog: recipe(catalog, transitions__session_gap=None),
        "transitions with a half-life": lambda catalog: recipe(catalog, transitions__half_life="auto"),
        "transitions and neighbours with half-lives": lambda catalog: recipe(
            catalog, transitions__half_life="auto", neighbours__half_life="auto"
        ),
        "transitions by counts": lambda catalog: recipe(catalog, transitions__method="counts"),
        "content whitened by 0.7, harmonic": lambda catalog: recipe(
            catalog, content__whiten=0.7, content__profile="harmonic"
        ),
        "popularity of all times": lambda catalog: recipe(catalog, popularity__window=None),
        "and transitions from the latest events": plus("latest", latest, 0.5),
        "and item-kNN": plus("item_knn", ItemKNNRecommender, 0.5),
        **{f"{part} alone": alone(part) for part in parts},
    }


def inside(name: str, options) -> ranking.Data:
    """Read the catalogue, and fits with queries that are all made of the training data of `ranking.py`."""
    folder = Path(os.environ["SKLEARN_LLMTOKENS_DATA"], "interactions")
    if name == "games":
        data = ranking.load_games(folder / "games_6k", options)
        sequences = data.fits[0][0]
        long = [one for one in sequences if len(one) >= 3]
        histories, targets = ranking.thinned([one[:-1] for one in long], [one[-1] for one in long], options.queries)
        shorter = [one[:-1] if len(one) >= 3 else one for one in sequences]
        asked = (histories, targets, candidates(data.catalog, histories, targets))
        return ranking.Data(name, data.catalog, [(shorter, {"leave one out": (histories, targets)})], asked)
    import pandas as pd

    items = pd.read_parquet(folder / f"{ranking.BY_TIME[name]}_items.parquet")
    events = pd.read_parquet(folder / f"{ranking.BY_TIME[name]}_events.parquet")
    catalog = Catalog(items.item_id.tolist(), items.title.astype(str).tolist())
    earlier = events[events.timestamp <= ranking.events_cut(events)]
    fit = ranking.split_by_time(earlier, ranking.protocol(options.protocol), options.queries)
    return ranking.Data(name, catalog, [fit])


def candidates(catalog: Catalog, histories: list, targets: list) -> list[list]:
    """Draw 19 items that are neither the target nor in the history, and put the target first."""
    rng, drawn = np.random.default_rng(0), []
    ids = catalog.ids.tolist()
    for history, target in zip(histories, targets, strict=True):
        others = [ids[i] for i in rng.permutation(len(ids))[: 19 + len(history) + 1]]
        seen = {target, *history}
        drawn.append([target, *[one for one in others if one not in seen][:19]])
    return drawn


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--protocol", default=os.environ.get("SKLEARN_LLMTOKENS_PROTOCOL"), metavar="FILE")
    parser.add_argument("--data", nargs="+", choices=ranking.CATALOGUES, default=ranking.CATALOGUES)
    parser.add_argument("--queries", type=int, default=4000, metavar="N", help="at most so many of each kind")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these variants alone")
    parser.add_argument("--cache", default="memory", metavar="FOLDER", help="where vectors are kept")
    parser.add_argument("--write", action="store_true", help="add the figures to those there are, and fill the page")
    parser.add_argument("--figures", default="ranking_choice", metavar="NAME", help="name of the file of figures")
    options = parser.parse_args()
    if not os.environ.get("SKLEARN_LLMTOKENS_DATA"):
        print("left out: set SKLEARN_LLMTOKENS_DATA to a data home with a folder interactions")
        return
    for name in options.data:
        if name != "games" and not options.protocol:
            print(f"left out: {name} (pass --protocol or set SKLEARN_LLMTOKENS_PROTOCOL)")
            continue
        data = inside(name, options)
        for label, build in variants(options.cache).items():
            if options.only and label not in options.only:
                continue
            row = ranking.evaluate(build, data, keep_hits=True)
            print(name, label, row["scores"], flush=True)
            if options.write:
                ranking.keep(options.figures, data, {label: row}, options.queries)


if __name__ == "__main__":
    main()
