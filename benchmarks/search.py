"""A search over layers, poolings and C for the price of one embedding, beside what the same search costs elsewhere.

    python benchmarks/search.py                                   # 2,000 shopping reviews, positive or negative
    python benchmarks/search.py --texts 300 --no-peers --rounds 1
    python benchmarks/search.py --write                           # benchmarks/results/search_cost.*, and the page

SKLEARN_LLMTOKENS_DATA names the data home. 24 candidates (3 layers x 4 poolings x 2 C) in 5 folds, logistic regression.
The peers embed the texts again for every candidate and fold; they are timed on a part of it, one candidate in one fold
(fit on four fifths, score on one), and that is multiplied by 120, with one more fit at the end. They take one layer and
one pooling, for they offer no others. All read the same checkpoint.
"""

import argparse
import json
import tempfile
import time
import warnings
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from tables import RESULTS, load, save

from sklearn_llmtokens import LLMTokenEmbedder
from sklearn_llmtokens.checkpoints import bundled_checkpoint
from sklearn_llmtokens.datasets import fetch_shopping_reviews
from sklearn_llmtokens.exceptions import TruncationWarning
from sklearn_llmtokens.model_selection import precompute

GRID = {
    "embed__layer": [-1, -2, -3],
    "embed__pooling": ["mean", "max", "cls", "weighted_mean"],
    "model__C": [0.01, 1],
}
N_CANDIDATES, FOLDS = 24, StratifiedKFold(5)


def classifier() -> list[tuple]:
    return [("scale", StandardScaler()), ("model", LogisticRegression(max_iter=200))]


def ours(texts, y, n_rounds: int) -> dict:
    """Time precompute and the search, one embedding pass, and the classifiers on arrays that are there already.

    Each round times all four, so that what else the machine does falls on each alike; the figures are the medians. The
    time of the processor is what the work costs where other programs run as well.
    """
    search = GridSearchCV(Pipeline([("embed", LLMTokenEmbedder()), *classifier()]), GRID, cv=FOLDS)
    LLMTokenEmbedder(cache=None).fit_transform(texts[:50])  # the model is loaded
    rounds = []
    for _ in range(n_rounds):
        with tempfile.TemporaryDirectory() as folder:
            found = one_round(search, texts, y, folder)
        rounds.append(found)
        print(json.dumps(found["wall_s"]), json.dumps(found["processor_s"]), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        receipt = precompute(search, texts, y, cache=folder, dry_run=True)
        with timed() as passing:
            precompute(search, texts, y, cache=folder)
    times = {
        clock: {what: float(np.median([found[clock][what] for found in rounds])) for what in rounds[0][clock]}
        for clock in ("wall_s", "processor_s")
    }
    last = rounds[-1]["search"]
    return {
        "rounds": n_rounds,
        "distinct_texts": len(set(texts)),
        "texts_through_the_model": receipt.n_encoded,
        **times,
        "whole_over_floor": {clock: whole_over_floor(times[clock]) for clock in times},
        "whole_over_floor_of_each_round": {
            clock: [whole_over_floor(found[clock]) for found in rounds] for clock in times
        },
        "receipt_predicted_s": receipt.seconds,
        "receipt_over_measured": receipt.seconds / passing["wall_s"],
        "receipt_tokens": receipt.n_tokens,
        "best": {k: str(v) for k, v in last.best_params_.items()},
        "best_score": last.best_score_,
    }


def one_round(search, texts, y, folder) -> dict:
    with timed() as plain:
        LLMTokenEmbedder(cache=None).fit_transform(texts)
    with timed() as passing:
        ready = precompute(search, texts, y, cache=folder)
    n_rows = rows_in(folder)
    with timed() as searching:
        ready.fit(texts, y)
    assert rows_in(folder) == n_rows  # the search computed no vector
    own = classifiers_alone(texts, y, folder)
    parts = {
        "one_plain_embedding_pass": plain,
        "classifiers_alone": own,
        "precompute": passing,
        "search": searching,
    }
    clocks = {clock: {what: taken[clock] for what, taken in parts.items()} for clock in plain}
    return {**clocks, "search": ready}


def rows_in(folder) -> int:
    return LLMTokenEmbedder(cache=folder).fit(["a"]).cache_info().rows


def whole_over_floor(seconds: dict[str, float]) -> float:
    floor = seconds["one_plain_embedding_pass"] + seconds["classifiers_alone"]
    return (seconds["precompute"] + seconds["search"]) / floor


def classifiers_alone(texts, y, folder) -> dict[str, float]:
    """Time the fits and scores of the search on arrays that are there already."""
    total = {"wall_s": 0.0, "processor_s": 0.0}
    for layer in GRID["embed__layer"]:
        for pooling in GRID["embed__pooling"]:
            X = LLMTokenEmbedder(layer=layer, pooling=pooling, cache=folder).fit_transform(texts)
            with timed() as taken:
                GridSearchCV(Pipeline(classifier()), {"model__C": GRID["model__C"]}, cv=FOLDS, refit=False).fit(X, y)
            total = {clock: total[clock] + taken[clock] for clock in total}
    with timed() as taken:
        Pipeline(classifier()).fit(X, y)
    return {clock: total[clock] + taken[clock] for clock in total}


def peers(texts, y) -> dict[str, dict]:
    """Time one candidate in one fold of each peer that is installed, and multiply."""
    folder, found = str(bundled_checkpoint("zh-mini")), {}
    train, test = next(FOLDS.split(texts, y))
    for name, encoder in (
        ("a sentence-transformers step", lambda: SentenceTransformerStep(folder)),
        ("skrub's encoder", lambda: _skrub(folder)),
        ("embetter SentenceEncoder, cached", lambda: _embetter(folder)),
    ):
        try:
            pipeline = Pipeline([("embed", encoder()), *classifier()])
        except ImportError as error:
            print(f"left out: {name} ({error})")
            continue
        with timed() as fold:
            pipeline.fit(texts[train], y[train]).score(texts[test], y[test])
        with timed() as last:
            pipeline.fit(texts, y)
        found[name] = {
            "one_candidate_in_one_fold_s": fold["wall_s"],
            "whole_search_extrapolated_s": fold["wall_s"] * N_CANDIDATES * FOLDS.n_splits + last["wall_s"],
            "texts_through_the_model": len(texts) * (N_CANDIDATES * FOLDS.n_splits + 1),
        }
    return found


class SentenceTransformerStep(TransformerMixin, BaseEstimator):
    """What people write: encode in transform."""

    def __init__(self, model):
        self.model = model

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        from sentence_transformers import SentenceTransformer

        if not hasattr(self, "encoder_"):
            self.encoder_ = SentenceTransformer(self.model)
        return self.encoder_.encode(list(X))


def _skrub(folder):
    import pandas as pd
    import skrub

    encoder = getattr(skrub, "LLMEncoder", None) or skrub.TextEncoder  # renamed in 0.11
    column = FunctionTransformer(lambda texts: pd.Series(texts, name="text"))
    return make_pipeline(column, encoder(folder, n_components=None))


def _embetter(folder):
    from embetter.text import SentenceEncoder
    from embetter.utils import cached

    # The cache is a patch of the instance, which `clone` drops: every candidate and fold of a search begins without it.
    return cached(tempfile.mkdtemp(), SentenceEncoder(folder))


@contextmanager
def timed():
    taken = {}
    wall, processor = time.perf_counter(), time.process_time()
    yield taken
    taken["wall_s"], taken["processor_s"] = time.perf_counter() - wall, time.process_time() - processor


def draw(found: dict, path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    here = found["ours"]
    bars = {"precompute and search": here["wall_s"]["precompute"] + here["wall_s"]["search"]}
    bars |= {name: row["whole_search_extrapolated_s"] for name, row in found["peers"].items()}
    figure, axes = plt.subplots(figsize=(7, 0.6 * len(bars) + 1.2), layout="constrained")
    axes.barh(list(bars), list(bars.values()), color=["C1"] + ["C0"] * (len(bars) - 1))
    axes.bar_label(axes.containers[0], [f"{v:,.0f} s" for v in bars.values()], padding=3)
    axes.set(xscale="log", xlabel=f"seconds for 24 candidates x 5 folds, {here['distinct_texts']:,} texts (log scale)")
    axes.invert_yaxis()
    axes.set_xlim(right=4 * max(bars.values()))
    figure.savefig(path, dpi=150)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--texts", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="save the figures, draw them, and fill the page")
    parser.add_argument("--no-peers", action="store_true", help="with --write, those of peers that are there are kept")
    arguments = parser.parse_args()
    reviews = fetch_shopping_reviews(target="sentiment", duplicates="first")
    chosen = np.random.default_rng(0).choice(len(reviews.data), arguments.texts, replace=False)
    texts, y = np.asarray(reviews.data, dtype=object)[chosen], np.asarray(reviews.target)[chosen]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", TruncationWarning)
        found = {"ours": ours(texts, y, arguments.rounds), "peers": {}}
        print(json.dumps(found["ours"], indent=2, ensure_ascii=False), flush=True)
        if not arguments.no_peers:
            found["peers"] = peers(texts, y)
            print(json.dumps(found["peers"], indent=2, ensure_ascii=False), flush=True)
        elif arguments.write:
            found["peers"] = load("search_cost", {}).get("peers", {})
    if arguments.write:
        save("search_cost", found)
        draw(found, RESULTS / "search_cost.png")


if __name__ == "__main__":
    main()
