"""Other packages and this one on the same texts and the same purchases: accuracy, hit rate, seconds.

    python benchmarks/peers.py --work FOLDER --text-python TEXT/bin/python --ranking-python RANKING/bin/python \
        --rectools-python RECTOOLS/bin/python --write

`peers_packages.py` says how the environments are made; `peers_texts.py`, `peers_rankings.py` and `peers_rectools.py`
call the packages as their documentation does. What a method found stays in FOLDER, so that a run goes on where it was
stopped. Reviews and purchases are read from the data home (SKLEARN_LLMTOKENS_DATA), the checkpoint of
multilingual-e5-small from SKLEARN_LLMTOKENS_E5; the ranking protocol from SKLEARN_LLMTOKENS_PROTOCOL, as in
`ranking.py`. What is not there is left out, with a message.

Texts: 3,000 reviews of ten shop categories to learn from, or 8 of each, and 1,000 others. All vectors get the same
classifier, scaled logistic regression whose strength three folds choose; `text_pipeline` has its own. Rankings: Amazon
Beauty split at one moment, the last event of each user after it, items of the history left out. Settings of other
packages are chosen on a part of the training data: 500 reviews after a fit on 1,500, or 2,000 of the last events after
a second, earlier moment. This package has its defaults. Seconds are those of the processor, with one thread.
"""

import argparse
import importlib.util
import json
import os
import platform
import shutil
import subprocess
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
from peers_rankings import hit_rate
from peers_texts import scores
from tables import save

from sklearn_llmtokens import LLMTokenEmbedder, datasets, text_pipeline, text_recommender
from sklearn_llmtokens.checkpoints import bundled_checkpoint
from sklearn_llmtokens.recommend import Catalog, EASERecommender, ItemKNNRecommender

N_FEW = 8
N_FIT, N_CHECK, N_QUERIES = 1500, 500, 2000  # what settings of other packages are chosen on


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", required=True, type=Path, help="folder of data and of what was found")
    parser.add_argument("--text-python", help="Python with skrub, embetter, model2vec and sentence-transformers")
    parser.add_argument("--ranking-python", help="Python with implicit and LensKit")
    parser.add_argument("--rectools-python", help="Python with RecTools")
    parser.add_argument("--train", type=int, default=3000, help="reviews to learn from")
    parser.add_argument("--test", type=int, default=1000, help="other reviews")
    parser.add_argument("--kinds", nargs="+", default=["ranking", "text"], choices=["ranking", "text"])
    parser.add_argument("--write", action="store_true", help="save the figures, and fill the pages")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    sides = {
        "ranking": (
            read_ranking,
            our_rankings,
            {"ranking": options.ranking_python, "rectools": options.rectools_python},
        ),
        "text": (read_text, our_texts, {"text": options.text_python}),
    }
    results = {}
    for kind in options.kinds:
        read, ours, pythons = sides[kind]
        path = options.work / f"{kind}.json"
        try:
            data = json.loads(path.read_text(encoding="utf-8")) if path.exists() else read(options)
        except OSError as error:
            print(f"skipped {kind}: {str(error).splitlines()[0]}")
            continue
        path.write_text(json.dumps(data), encoding="utf-8")
        run_ours(kind, ours(data, options.work), options.work)
        for side, python in pythons.items():
            if python:
                run_packages(python, side, options.work)
        rows = [json.loads(one.read_text("utf-8")) for one in sorted(options.work.glob(f"{kind} - *.found.json"))]
        results[kind] = [summary(row, data) for row in rows]
        print(*results[kind], sep="\n", flush=True)
    results["settings"] = {
        "date": time.strftime("%Y-%m"),
        "python": platform.python_version(),
        "n_train": options.train,
        "n_test": options.test,
        "n_few": N_FEW,
        "n_validation": {"fit": N_FIT, "check": N_CHECK, "queries": N_QUERIES},
        "threads": 1,
    }
    if options.write:
        save("peers", results)


def run_packages(python: str, side: str, work: Path) -> None:
    script = Path(__file__).with_name("peers_packages.py")
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": ""}
    subprocess.run([python, script, side, work], check=True, env=environment)


def run_ours(kind: str, methods: dict, work: Path) -> None:
    for name, run in methods.items():
        found = work / f"{kind} - {name}.found.json"
        if not found.exists():
            row = run() | {
                "name": name,
                "version": f"sklearn-llmtokens {version('sklearn-llmtokens')}",
                "python": platform.python_version(),
                "numpy": np.__version__,
            }
            found.write_text(json.dumps(row), encoding="utf-8")


def summary(row: dict, data: dict) -> dict:
    """Return a row without its lists, with the hit rate of these."""
    lists = row.pop("lists", None)
    if lists is None:
        return row
    warm = [i for i, target in enumerate(data["targets"]) if target in data["warm"]]
    of_warm = {part: [data[part][i] for i in warm] for part in ("histories", "targets")}
    return row | {
        "hit_rate": hit_rate({"lists": lists}, data),
        "hit_rate_warm": hit_rate({"lists": [lists[i] for i in warm]}, of_warm),
        "n_queries": len(lists),
    }


def read_text(options) -> dict:
    bunch = datasets.fetch_shopping_reviews(target="category", duplicates="drop", download_if_missing=False)
    order = np.random.default_rng(0).permutation(len(bunch.data))[: options.train + options.test]
    texts, y = np.asarray(bunch.data, dtype=object)[order], np.asarray(bunch.target)[order]
    few = []
    for seed in range(3):
        shuffled = np.random.default_rng(seed).permutation(options.train)
        few.append(np.concatenate([shuffled[y[shuffled] == one][:N_FEW] for one in np.unique(y)]).tolist())
    inner = np.random.default_rng(3).permutation(options.train)[: N_FIT + N_CHECK].tolist()
    checkpoint = os.environ.get("SKLEARN_LLMTOKENS_E5")
    if not checkpoint:
        print("skipped methods of multilingual-e5-small: SKLEARN_LLMTOKENS_E5 names no folder")
    return {
        "train": texts[: options.train].tolist(),
        "test": texts[options.train :].tolist(),
        "y_train": y[: options.train].tolist(),
        "y_test": y[options.train :].tolist(),
        "validation": {"fit": inner[N_CHECK:], "check": inner[:N_CHECK]},
        "rows": {"few": few, "many": [list(range(options.train))]},
        "checkpoint": checkpoint,
        "zh_mini": str(bundled_checkpoint("zh-mini")),
    }


def our_texts(data: dict, work: Path) -> dict:
    models = {"zh-nano": "zh-nano", "zh-mini": "zh-mini"}
    if data["checkpoint"]:
        models["e5"] = data["checkpoint"]
    methods = {}
    for name, model in models.items():
        methods[f"LLMTokenEmbedder({name})"] = lambda model=model: our_vectors(data, model, work)
        methods[f"text_pipeline({name})"] = lambda model=model: our_pipeline(data, model, work)
    return methods


def embedder(model: str, work: Path) -> LLMTokenEmbedder:
    return LLMTokenEmbedder(model, long_text="truncate", n_jobs=1, cache=str(cache_of(model, work)))


def cache_of(model: str, work: Path) -> Path:
    return work / f"vectors-{Path(model).name}"


def our_vectors(data: dict, model: str, work: Path) -> dict:
    """Return accuracy, and seconds with an empty cache, which `our_pipeline` reads later."""
    shutil.rmtree(cache_of(model, work), ignore_errors=True)
    one = embedder(model, work)
    started = time.process_time()
    X_train = one.fit_transform(data["train"])
    X_test = one.transform(data["test"])
    seconds = time.process_time() - started
    return {"embed_s": seconds, "n_embedded": len(X_train) + len(X_test), **scores(data, X_train, X_test)}


def our_pipeline(data: dict, model: str, work: Path) -> dict:
    """Return the accuracy of the whole pipeline; its vectors are computed before the clock of the fit starts."""
    embedder(model, work).fit_transform(data["train"] + data["test"])
    texts, y = np.asarray(data["train"], dtype=object), np.asarray(data["y_train"])
    accuracy, fit_s = {}, {}
    for name, draws in data["rows"].items():
        started = time.process_time()
        fitted = [text_pipeline(embedder=embedder(model, work)).fit(texts[rows], y[rows]) for rows in draws]
        fit_s[name] = (time.process_time() - started) / len(draws)
        accuracy[name] = [float(one.score(data["test"], data["y_test"])) for one in fitted]
    return {"accuracy": accuracy, "fit_s": fit_s}


def read_ranking(options) -> dict:
    path = os.environ.get("SKLEARN_LLMTOKENS_PROTOCOL")
    if not path:
        raise OSError("SKLEARN_LLMTOKENS_PROTOCOL names no file")
    spec = importlib.util.spec_from_file_location("protocol", path)
    protocol = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(protocol)
    import pandas as pd

    home = Path(os.environ.get("SKLEARN_LLMTOKENS_DATA", "")) / "interactions"
    items = pd.read_parquet(home / "amazon_beauty_items.parquet")
    events = pd.read_parquet(home / "amazon_beauty_events.parquet")
    place = {item: i for i, item in enumerate(items["item_id"].tolist())}

    def part(events, n_queries: int | None = None) -> dict:
        train, test = protocol.split(events)
        histories, targets = protocol.queries(test, "last")
        train = [[place[item] for item in row] for row in train]
        asked = np.random.default_rng(0).permutation(len(targets))[:n_queries]
        return {
            "n_items": len(place),
            "train": train,
            "histories": [[place[item] for item in histories[i]] for i in sorted(asked)],
            "targets": [place[targets[i]] for i in sorted(asked)],
            "warm": sorted({item for row in train for item in row}),
        }

    earlier = events[events["timestamp"] <= events["timestamp"].quantile(0.9)]
    texts = items["title"].fillna("").tolist()
    return part(events) | {"texts": texts, "validation": part(earlier, N_QUERIES)}


def our_rankings(data: dict, work: Path) -> dict:
    catalog = Catalog(list(range(data["n_items"])), data["texts"])
    models = {
        "ItemKNNRecommender": ItemKNNRecommender(catalog),
        "EASERecommender": EASERecommender(catalog),
        "text_recommender(zh-nano)": text_recommender(catalog, embedder=LLMTokenEmbedder("zh-nano")),
        "text_recommender(zh-mini)": text_recommender(catalog, embedder=LLMTokenEmbedder("zh-mini")),
    }
    return {name: lambda model=model: our_ranking(model, data) for name, model in models.items()}


def our_ranking(model, data: dict) -> dict:
    started = time.process_time()
    model.fit(data["train"])
    fitted = time.process_time()
    lists = model.recommend(data["histories"], k=10)
    seconds = time.process_time() - fitted
    return {"fit_s": fitted - started, "recommend_s": seconds, "lists": [row.tolist() for row in lists]}


if __name__ == "__main__":
    main()
