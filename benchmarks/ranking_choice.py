"""How the parts of `text_recommender` were chosen: on splits inside the training data of three public catalogues.

    python benchmarks/ranking_choice.py --protocol ranking_protocol.py --write docs/ranking_choice.json

Same data as `ranking.py`, whose page shows the figures. Its targets are not looked at: on Amazon the events before its
test period are split again by time, or each sequence loses one event more; on Games the last event of each history is
the target. Every part is fitted once and scores all queries, and then each combination learns its weights as
`HybridRecommender` does, by its own functions. "20 candidates" are the target and 19 random items, ranked without a
click to learn from, all weights 1.
"""

import argparse
import copy
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import ranking
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline

from sklearn_llmtokens import JiebaTokenizer, LLMTokenEmbedder
from sklearn_llmtokens.recommend import (
    Catalog,
    ContentRecommender,
    EASERecommender,
    HybridRecommender,
    ItemKNNRecommender,
    PopularityRecommender,
    SmoothedTransitionRecommender,
    TransitionRecommender,
)
from sklearn_llmtokens.recommend import _hybrid as hybrid
from sklearn_llmtokens.recommend._fusion_weights import QUERIES_AT_ONCE, FusionWeights, bounded_odds, learn_weights
from sklearn_llmtokens.recommend._histories import Histories, as_histories
from sklearn_llmtokens.recommend._latest_slice import latest_slice
from sklearn_llmtokens.recommend._softmax_weights import STRENGTH


@dataclass(frozen=True)
class Combination:
    """Parts, and what their weights are drawn to.

    Attributes
    ----------
    parts : dict of str to float
        Names of parts, and their default weights.
    strength : float
        As how many queries the default weights count: 0 is likelihood alone, infinity the default weights themselves.
    odds : float
        How many times likelier to be wanted an item without clicks is taken to be than one whose clicks were hidden;
        they are bounded as in the recipe.
    """

    parts: dict
    strength: float = STRENGTH
    odds: float = 5.0


WORDS, SLOW_WORDS = "lexical", "lexical, .8 to the age"
CHARACTERS, SLOW_CHARACTERS = "characters 3-5", "characters 3-5, .8 to the age"
SLOW, WHITENED, SLOW_WHITENED = "content .3, .8 to the age", "content .7", "content .7, .8 to the age"
CLICKS = {"EASE": 1, "transitions": 0.5, "smoothed": 1}
RECIPE = {WORDS: 1, SLOW: 1, WHITENED: 0, **CLICKS}
COMBINATIONS = {
    "the recipe": Combination(RECIPE),
    **{f"the recipe, drawn as by {n}": Combination(RECIPE, n) for n in (6, 20, 60, 200)},
    "the recipe, likelihood alone": Combination(RECIPE, 0),
    "the recipe, default weights": Combination(RECIPE, np.inf),
    "the recipe, whitened drawn to 1": Combination(RECIPE | {WHITENED: 1}),
    **{f"the recipe, odds of {odds}": Combination(RECIPE, odds=odds) for odds in (1, 2, 8)},
    "without whitened": Combination({WORDS: 1, SLOW: 1, **CLICKS}),
    "without content": Combination({WORDS: 1, WHITENED: 1, **CLICKS}),
    "without EASE": Combination({one: weight for one, weight in RECIPE.items() if one != "EASE"}),
    "without transitions": Combination({one: weight for one, weight in RECIPE.items() if one != "transitions"}),
    "without smoothed": Combination({one: weight for one, weight in RECIPE.items() if one != "smoothed"}),
    "lexical, EASE and transitions": Combination({WORDS: 1, "EASE": 1, "transitions": 0.5}),
    "lexical, EASE and transitions, default weights": Combination({WORDS: 1, "EASE": 1, "transitions": 0.5}, np.inf),
    "lexical, .8 to the age": Combination({SLOW_WORDS: 1, SLOW: 1, WHITENED: 0, **CLICKS}),
    "lexical and whitened, .8 to the age": Combination({SLOW_WORDS: 1, SLOW: 1, SLOW_WHITENED: 0, **CLICKS}),
    "lexical harmonic and .8 to the age": Combination({WORDS: 0.5, SLOW_WORDS: 0.5, SLOW: 1, WHITENED: 0, **CLICKS}),
    "characters for words": Combination({CHARACTERS: 1, SLOW: 1, WHITENED: 0, **CLICKS}),
    "words and characters": Combination({WORDS: 1, CHARACTERS: 1, SLOW: 1, WHITENED: 0, **CLICKS}),
    "words and characters, half each": Combination({WORDS: 0.5, CHARACTERS: 0.5, SLOW: 1, WHITENED: 0, **CLICKS}),
    "words, and characters .8 to the age": Combination({WORDS: 1, SLOW_CHARACTERS: 1, SLOW: 1, WHITENED: 0, **CLICKS}),
    "words and characters, .8 to the age": Combination(
        {SLOW_WORDS: 1, SLOW_CHARACTERS: 1, SLOW: 1, WHITENED: 0, **CLICKS}
    ),
    "and popularity, drawn to 0": Combination({**RECIPE, "popularity": 0}),
    "and popularity, drawn to .2": Combination({**RECIPE, "popularity": 0.2}),
    "and item-kNN": Combination({**RECIPE, "item-kNN": 0.5}),
    "smoothed with a window of 10": Combination(
        {WORDS: 1, SLOW: 1, WHITENED: 0, "EASE": 1, "transitions": 0.5, "smoothed, window 10": 1}
    ),
}
_ALL_ONE = [
    WORDS,
    "lexical, words alone",
    SLOW_WORDS,
    CHARACTERS,
    SLOW_CHARACTERS,
    *(
        f"content {whiten}{profile}"
        for whiten in (".3", ".5", ".7", "1")
        for profile in ("", ", .8 to the age", ", mean")
    ),
    *(f"lexical + content {whiten}" for whiten in (".3", ".5", ".7", "1")),
    f"{WORDS} + {SLOW}",
    f"{WORDS} + content .5, .8 to the age",
    f"{SLOW_WORDS} + {SLOW}",
    "lexical, mean + content .3, mean",
    f"{CHARACTERS} + {SLOW}",
    f"{WORDS} + {CHARACTERS} + {SLOW}",
    f"{WORDS} + {SLOW_CHARACTERS} + {SLOW}",
    f"{SLOW_WORDS} + {SLOW_CHARACTERS} + {SLOW}",
]
TEXT_COMBINATIONS = {
    **{label: dict.fromkeys(label.split(" + "), 1.0) for label in _ALL_ONE},
    f"half {WORDS}, half {CHARACTERS} + {SLOW}": {WORDS: 0.5, CHARACTERS: 0.5, SLOW: 1.0},
    f"half {WORDS}, half characters, all .8 to the age + {SLOW}": {SLOW_WORDS: 0.5, SLOW_CHARACTERS: 0.5, SLOW: 1.0},
}
_AT_ONCE = 256


@dataclass
class Scored:
    """Scores of all items for some queries, and the best of those not in the history."""

    scores: np.ndarray
    best: np.ndarray


class Known(TransformerMixin, BaseEstimator):
    """Gives what is known of each text already: words, or a vector."""

    def __init__(self, known):
        self.known = known

    def __sklearn_clone__(self):
        return self

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        found = [self.known[text] for text in X]
        return found if isinstance(found[0], str) else np.stack(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--protocol", default=os.environ.get("SKLEARN_LLMTOKENS_PROTOCOL"), metavar="FILE")
    parser.add_argument("--data", nargs="+", choices=["beauty", "toys", "games"], default=["beauty", "toys", "games"])
    parser.add_argument("--queries", type=int, default=1500, metavar="N", help="at most so many of each kind")
    parser.add_argument("--text-only", action="store_true", help="the 20 candidates alone")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these combinations alone, without the 20 candidates")
    parser.add_argument(
        "--write",
        type=Path,
        metavar="FILE.json",
        help="write the figures, keeping those of other data and combinations",
    )
    options = parser.parse_args()
    for name in options.data:
        catalog, fits = inside(name, options)
        parts = make_parts(catalog)
        found = {}
        if not options.only:
            found["20 candidates"] = text_tables(catalog, parts, fits[-1][1], options.queries)
        if not options.text_only:
            chosen = {label: COMBINATIONS[label] for label in options.only or COMBINATIONS}
            found |= {kind: fit_tables(catalog, parts, chosen, train, queries) for kind, train, queries in fits}
        print(json.dumps({name: found}, indent=1), flush=True)
        if options.write:
            kept = json.loads(options.write.read_text()) if options.write.exists() else {}
            before = kept.get(name, {})
            merged = {task: before.get(task, {}) | rows for task, rows in found.items()}
            kept[name] = before | merged | {"queries": options.queries}
            options.write.write_text(json.dumps(kept, indent=1) + "\n")


# Data ------------------------------------------------------------------------------------------------------------


def inside(name: str, options) -> tuple[Catalog, list[tuple[str, list, dict]]]:
    """Give the catalogue, and fits with queries that are all made of the training data of `ranking.py`."""
    folder = Path(os.environ["SKLEARN_LLMTOKENS_DATA"], "interactions")
    options.splits, fits = ["leave-one-out"], []
    if name == "games":
        data = ranking.load_games(folder / "games_6k", options)
    else:
        import pandas as pd

        protocol = ranking.protocol(options.protocol)
        events = pd.read_parquet(folder / f"{ranking.AMAZON[name]}_events.parquet")
        train, test = protocol.split(events[events.timestamp <= events.timestamp.quantile(0.9)])
        kinds = ("last", "successive", "first")
        queries = {kind: ranking.thinned(*protocol.queries(test, kind), options.queries) for kind in kinds}
        fits.append(("time", train, queries))
        data = ranking.load_amazon(name, folder, protocol, options)
    sequences = data.fits[0][0]
    long = [one for one in sequences if len(one) >= 3]
    queries = ranking.thinned([one[:-1] for one in long], [one[-1] for one in long], options.queries)
    shorter = [one[:-1] if len(one) >= 3 else one for one in sequences]
    return data.catalog, [*fits, ("leave one out", shorter, {"leave one out": queries})]


def make_parts(catalog: Catalog) -> dict:
    """Give all parts that combinations are made of; texts are cut and embedded once."""
    texts = catalog.columns()
    tokens = Known(dict(zip(texts, JiebaTokenizer(lowercase=True).fit_transform(texts), strict=True)))
    vectors = Known(dict(zip(texts, LLMTokenEmbedder(cache=None).fit_transform(texts), strict=True)))

    def words(n: int):
        tfidf = TfidfVectorizer(
            token_pattern=r"\S+", lowercase=False, ngram_range=(1, n), sublinear_tf=True, dtype=np.float32
        )
        return make_pipeline(tokens, tfidf)

    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True, dtype=np.float32)
    lexical = ContentRecommender(catalog, embedder=words(2))
    content = ContentRecommender(catalog, embedder=vectors)
    alike = HybridRecommender([("l", clone(lexical)), ("c", clone(content).set_params(whiten=1.0))], weights=[1, 1])
    profiles = {"": "harmonic", ", .8 to the age": 0.8, ", mean": "mean"}
    parts = {f"lexical{name}": clone(lexical).set_params(profile=profile) for name, profile in profiles.items()}
    parts["lexical, words alone"] = ContentRecommender(catalog, embedder=words(1))
    parts[CHARACTERS] = ContentRecommender(catalog, embedder=characters)
    parts[SLOW_CHARACTERS] = ContentRecommender(catalog, embedder=characters, profile=0.8)
    for whiten in (".3", ".5", ".7", "1"):
        for name, profile in profiles.items():
            parts[f"content {whiten}{name}"] = clone(content).set_params(whiten=float(whiten), profile=profile)
    return parts | {
        "EASE": EASERecommender(catalog, profile=0.8, max_dense_items=10_000, n_neighbors=100),
        "transitions": TransitionRecommender(catalog),
        "item-kNN": ItemKNNRecommender(catalog),
        "popularity": PopularityRecommender(catalog),
        "smoothed": SmoothedTransitionRecommender(alike),
        "smoothed, window 10": SmoothedTransitionRecommender(clone(alike), window=10),
    }


# 20 candidates ---------------------------------------------------------------------------------------------------


def text_tables(catalog: Catalog, parts: dict, train: list, n_queries: int) -> dict:
    """Give NDCG@10 of the last event of sequences among it and 19 random items."""
    long = [one for one in train if len(one) >= 3]
    histories, targets = ranking.thinned([one[:-1] for one in long], [one[-1] for one in long], n_queries)
    asked, target_idx = as_histories(histories, catalog), catalog.index_of(targets)
    rng = np.random.default_rng(0)
    candidates = np.empty((len(targets), 20), dtype=np.intp)
    for i, target in enumerate(target_idx):
        others = rng.permutation(catalog.n_items)[: 19 + asked.lengths[i] + 1]
        seen = {target, *asked.item_idx[asked.indptr[i] : asked.indptr[i + 1]]}
        candidates[i] = [target, *[one for one in others if one not in seen][:19]]
    relative = {}
    for name in dict.fromkeys(name for weights in TEXT_COMBINATIONS.values() for name in weights):
        scored = score(clone(parts[name]).fit(None), asked)
        relative[name] = np.take_along_axis(scored.scores, candidates, axis=1) / scored.best[:, np.newaxis]
    return {
        label: ndcg(sum(weight * relative[name] for name, weight in weights.items()))
        for label, weights in TEXT_COMBINATIONS.items()
    }


def ndcg(scores: np.ndarray) -> float:
    """Give the NDCG@10 of the first column; ties have the middle of their ranks."""
    rank = (scores[:, 1:] > scores[:, :1]).sum(axis=1) + (scores[:, 1:] == scores[:, :1]).sum(axis=1) / 2
    return round(float(np.where(rank < 10, 1 / np.log2(rank + 2), 0).mean()), 4)


# Combinations ----------------------------------------------------------------------------------------------------


def fit_tables(catalog: Catalog, parts: dict, combinations: dict, train: list, queries: dict) -> dict:
    """Give HR@10 of each combination for each kind of query."""
    sequences = as_histories(train, catalog)
    earlier, held, held_idx = latest_slice(sequences, 2000)
    rng = np.random.default_rng(0)
    is_hidden = rng.random(catalog.n_items) < hybrid.PRETENDED_COLD
    earlier = earlier.where(~is_hidden[earlier.item_idx])
    asked = {kind: (as_histories(X, catalog), catalog.index_of(y)) for kind, (X, y) in queries.items()}
    learnt_from: dict[str, Scored] = {}
    scored: dict[str, dict[str, Scored]] = {kind: {} for kind in asked}
    seconds = {}
    for name in dict.fromkeys(name for combination in combinations.values() for name in combination.parts):
        start = time.perf_counter()
        part = clone(parts[name])._fit_sequences(earlier)
        learnt_from[name] = score(part, held)
        part._refit_sequences(sequences)
        for kind, (histories, _) in asked.items():
            scored[kind][name] = score(part, histories)
        seconds[name] = round(time.perf_counter() - start, 1)
    print(f"seconds: {seconds}", flush=True)
    was_cold = ~hybrid._is_known(earlier, catalog.n_items)
    is_cold = ~hybrid._is_known(sequences, catalog.n_items)

    rows = {}
    for label, combination in combinations.items():
        weights = learn(combination, learnt_from, held, held_idx, was_cold, copy.deepcopy(rng))
        bias = weights.cold_bias + np.log(bounded_odds(combination.odds, int(is_cold.sum()), catalog.n_items))
        rows[label] = {
            kind: hit_rate([scored[kind][name] for name in combination.parts], weights, bias, *asked[kind], is_cold)
            for kind in asked
        }
        print(label, rows[label], flush=True)
    return rows


def score(part, histories: Histories) -> Scored:
    n_items = part.catalog_.n_items
    scores = np.empty((histories.n_histories, n_items), dtype=np.float32)
    for start in range(0, histories.n_histories, _AT_ONCE):
        rows = histories.rows(start, min(start + _AT_ONCE, histories.n_histories))
        scores[start : start + rows.n_histories] = part._score(part._prepare(rows), slice(0, n_items))
    unseen = np.abs(scores)
    unseen[histories.row_idx, histories.item_idx] = 0
    best = unseen.max(axis=1, initial=0)
    return Scored(scores, np.where(best > 0, best, np.float32(1)))


def learn(combination: Combination, scored: dict, held: Histories, held_idx, is_cold, rng) -> FusionWeights:
    """Learn weights from scores, as `HybridRecommender` does from recommenders."""
    parts = [scored[name] for name in combination.parts]
    best = np.stack([part.best for part in parts], axis=1)

    def judged():
        for start in range(0, len(held_idx), QUERIES_AT_ONCE):
            rows = held.rows(start, min(start + QUERIES_AT_ONCE, len(held_idx)))
            here = slice(start, start + rows.n_histories)
            yield rows, held_idx[here], [part.scores[here] for part in parts], best[here]

    defaults = np.array([[weight, weight] for weight in combination.parts.values()], dtype=float)
    strength = combination.strength
    if strength == 0:
        defaults, strength = np.zeros_like(defaults), STRENGTH
    return learn_weights(judged(), is_cold, defaults, rng, min(strength, 1e6))


def unseen(histories: Histories, is_cold: np.ndarray) -> np.ndarray:
    allowed = np.ones((histories.n_histories, len(is_cold)), dtype=bool)
    allowed[histories.row_idx, histories.item_idx] = False
    return allowed


def hit_rate(parts: list[Scored], weights, bias: float, histories: Histories, target_idx: np.ndarray, is_cold) -> float:
    hits = 0
    for start in range(0, len(target_idx), _AT_ONCE):
        rows = histories.rows(start, min(start + _AT_ONCE, len(target_idx)))
        here = slice(start, start + rows.n_histories)
        total = np.where(is_cold, np.float32(bias), np.float32(0)) * np.ones((rows.n_histories, 1), np.float32)
        for j, part in enumerate(parts):
            factors = weights.factors(j, part.best[here])
            total += part.scores[here] * np.where(is_cold, factors[:, 1:], factors[:, :1])
        total[~unseen(rows, is_cold)] = -np.inf
        own = total[np.arange(rows.n_histories), target_idx[here]]
        hits += int(((total > own[:, np.newaxis]).sum(axis=1) < 10).sum())
    return round(hits / len(target_idx), 4)


if __name__ == "__main__":
    main()
