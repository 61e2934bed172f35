"""How the parts of `text_recommender` were chosen: on splits inside the training data of three public catalogues.

    python benchmarks/ranking_choice.py --protocol ranking_protocol.py --write docs/ranking_choice.json

Same data as `ranking.py`, whose page shows the figures. Its targets are not looked at: on Amazon the events before its
test period are split again by time, or each sequence loses one event more; on Games the last event of each history is
the target. Every part is fitted once and scores all queries, and then each combination learns its weights as
`HybridRecommender` does, by its own functions. "20 candidates" are the target and 19 random items, ranked without a
click to learn from, all weights 1.
"""

import argparse
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
from sklearn_llmtokens.recommend._fusion_weights import shortlist, softmax_weights
from sklearn_llmtokens.recommend._histories import Histories, as_histories
from sklearn_llmtokens.recommend._latest_slice import latest_slice

COMBINATIONS = [
    "lexical + content .7 + EASE + transitions + smoothed",
    "lexical + content .5 + EASE + transitions + smoothed",
    "lexical + content .3 + EASE + transitions + smoothed",
    "lexical + content 1 + EASE + transitions + smoothed",
    "lexical + content .3, .8 to the age + EASE + transitions + smoothed",
    "lexical, .8 to the age + content .3, .8 to the age + EASE + transitions + smoothed",
    "lexical + content .3, .8 to the age + content 1 + EASE + transitions + smoothed",
    "lexical + content .7 + EASE + transitions + smoothed, window 10",
    "lexical + content .7 + EASE + transitions + smoothed + popularity",
    "lexical + content .7 + EASE + transitions + smoothed + item-kNN",
    "lexical + content .7 + transitions + smoothed",
]
ODDS = (1.0, 2.0, 5.0, 8.0)  # of the recipe's combination; the others have bounded odds of 5
RECIPE = COMBINATIONS[4]
DEFAULTS = {"transitions": 0.5}  # what weights are drawn to; 1 for all other parts
TEXT_COMBINATIONS = [
    "lexical",
    "lexical, words alone",
    "characters 3-5",
    *(
        f"content {whiten}{profile}"
        for whiten in (".3", ".5", ".7", "1")
        for profile in ("", ", .8 to the age", ", mean")
    ),
    *(f"lexical + content {whiten}" for whiten in (".3", ".5", ".7", "1")),
    *(f"lexical + content {whiten}, .8 to the age" for whiten in (".3", ".5")),
    "lexical, .8 to the age + content .3, .8 to the age",
    "lexical, mean + content .3, mean",
    "characters 3-5 + content .3, .8 to the age",
    "lexical + characters 3-5 + content .3, .8 to the age",
]
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
    parser.add_argument(
        "--write", type=Path, metavar="FILE.json", help="write the figures, keeping those of other data"
    )
    options = parser.parse_args()
    for name in options.data:
        catalog, fits = inside(name, options)
        parts = make_parts(catalog)
        found = {"20 candidates": text_tables(catalog, parts, fits[-1][1], options.queries)}
        if not options.text_only:
            found |= {kind: fit_tables(catalog, parts, train, queries) for kind, train, queries in fits}
        print(json.dumps({name: found}, indent=1), flush=True)
        if options.write:
            kept = json.loads(options.write.read_text()) if options.write.exists() else {}
            kept[name] = kept.get(name, {}) | found | {"queries": options.queries}
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
    parts["characters 3-5"] = ContentRecommender(catalog, embedder=characters)
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
    for name in dict.fromkeys(part for combination in TEXT_COMBINATIONS for part in split(combination, parts)):
        scored = score(clone(parts[name]).fit(None), asked)
        relative[name] = np.take_along_axis(scored.scores, candidates, axis=1) / scored.best[:, np.newaxis]
    return {one: ndcg(sum(relative[name] for name in split(one, parts))) for one in TEXT_COMBINATIONS}


def ndcg(scores: np.ndarray) -> float:
    """Give the NDCG@10 of the first column; ties have the middle of their ranks."""
    rank = (scores[:, 1:] > scores[:, :1]).sum(axis=1) + (scores[:, 1:] == scores[:, :1]).sum(axis=1) / 2
    return round(float(np.where(rank < 10, 1 / np.log2(rank + 2), 0).mean()), 4)


# Combinations ----------------------------------------------------------------------------------------------------


def fit_tables(catalog: Catalog, parts: dict, train: list, queries: dict) -> dict:
    """Give HR@10 of each combination for each kind of query."""
    sequences = as_histories(train, catalog)
    earlier, held, held_idx = latest_slice(sequences, 2000)
    hidden = np.random.default_rng(0).random(catalog.n_items) < hybrid._PRETENDED_COLD
    earlier = hybrid._without(earlier, hidden)
    asked = {kind: (as_histories(X, catalog), catalog.index_of(y)) for kind, (X, y) in queries.items()}
    learnt_from: dict[str, Scored] = {}
    scored: dict[str, dict[str, Scored]] = {kind: {} for kind in asked}
    seconds = {}
    for name in dict.fromkeys(part for combination in COMBINATIONS for part in split(combination, parts)):
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
    for combination in COMBINATIONS:
        names = split(combination, parts)
        defaults = np.array([DEFAULTS.get(name, 1.0) for name in names])
        weights = learn([learnt_from[name] for name in names], held, held_idx, was_cold, defaults)
        odds = {"": hybrid.bounded_odds(5.0, int(is_cold.sum()), catalog.n_items)}
        if combination == RECIPE:
            odds |= {f", odds of {one:.0f}": one for one in ODDS}
        for note, odd in odds.items():
            bias = weights.cold_bias + np.log(odd)
            rows[combination + note] = {
                kind: hit_rate([scored[kind][name] for name in names], weights, bias, *asked[kind], is_cold)
                for kind in asked
            }
    return rows


def split(combination: str, parts: dict) -> list[str]:
    names = combination.split(" + ")
    assert set(names) <= set(parts), combination
    return names


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


def learn(parts: list[Scored], held: Histories, held_idx: np.ndarray, is_cold: np.ndarray, defaults: np.ndarray):
    """Learn weights from scores, as `HybridRecommender._weights_for` does from recommenders."""
    rng = np.random.default_rng(0)
    features, log_counts = [], []
    best = np.stack([part.best for part in parts], axis=1)
    for start in range(0, len(held_idx), hybrid._QUERIES_AT_ONCE):
        rows = held.rows(start, min(start + hybrid._QUERIES_AT_ONCE, len(held_idx)))
        here = slice(start, start + rows.n_histories)
        items, log_count = shortlist([part.scores[here] for part in parts], held_idx[here], unseen(rows, is_cold), rng)
        values = np.stack([np.take_along_axis(part.scores[here], items, axis=1) for part in parts], axis=2)
        both = np.concatenate([values, values / best[here][:, np.newaxis, :]], axis=2)
        features.append(hybrid._by_warmth(both, is_cold[items]))
        log_counts.append(log_count)
    table, scale = np.concatenate(features), best.mean(axis=0)
    for first in (0, 2 * len(parts)):
        table[:, :, first : first + len(parts)] /= scale
    is_bias = np.arange(table.shape[2]) == table.shape[2] - 1
    none = np.zeros(len(parts))
    drawn_to = np.concatenate([none, defaults, none, defaults, [0.0]])
    learnt = softmax_weights(table, np.concatenate(log_counts), is_bias, drawn_to)
    absolute, relative = learnt[:-1].reshape(2, 2, len(parts)).transpose(1, 2, 0)
    return hybrid._Weights(absolute / scale[:, np.newaxis], relative, scale, float(learnt[-1]))


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
