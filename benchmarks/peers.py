"""Other packages and this one on the same texts and the same purchases: accuracy, hit rate, seconds.

    python benchmarks/peers.py --work FOLDER --text-python TEXT/bin/python --ranking-python RANKING/bin/python --write

`peers_packages.py` says how the two environments are made, and calls the peers as their documentation does. What a
method found stays in FOLDER, so that a run goes on where it was stopped. Reviews and purchases are read from the data
home (SKLEARN_LLMTOKENS_DATA), the checkpoint of multilingual-e5-small from SKLEARN_LLMTOKENS_E5; the ranking protocol
from SKLEARN_LLMTOKENS_PROTOCOL, as in `ranking.py`. What is not there is left out, with a message.

Texts: 600 reviews of ten shop categories to learn from, or 8 of each, and 400 others. All vectors get the same
classifier, scaled logistic regression whose strength three folds choose; `text_pipeline` has its own. Rankings: Amazon
Beauty split at one moment, the last event of each user after it, items of the history left out. Seconds are those of
the processor, with one thread.
"""

import argparse
import importlib.util
import json
import os
import platform
import subprocess
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
from peers_packages import scores
from tables import save

from sklearn_llmtokens import LLMTokenEmbedder, datasets, text_pipeline, text_recommender
from sklearn_llmtokens.checkpoints import bundled_checkpoint
from sklearn_llmtokens.recommend import Catalog, EASERecommender, ItemKNNRecommender

N_FEW = 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", required=True, type=Path, help="folder of data and of what was found")
    parser.add_argument("--text-python", help="Python with skrub, embetter, model2vec and sentence-transformers")
    parser.add_argument("--ranking-python", help="Python with implicit, RecTools and LensKit")
    parser.add_argument("--train", type=int, default=600, help="reviews to learn from")
    parser.add_argument("--test", type=int, default=400, help="other reviews")
    parser.add_argument("--write", action="store_true", help="save the figures, and fill the pages")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    sides = {
        "ranking": (read_ranking, our_rankings, options.ranking_python),
        "text": (read_text, our_texts, options.text_python),
    }
    results = {}
    for side, (read, ours, python) in sides.items():
        path = options.work / f"{side}.json"
        try:
            data = json.loads(path.read_text(encoding="utf-8")) if path.exists() else read(options)
        except OSError as error:
            print(f"skipped {side}: {str(error).splitlines()[0]}")
            continue
        path.write_text(json.dumps(data), encoding="utf-8")
        environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": ""}
        if python:
            script = Path(__file__).with_name("peers_packages.py")
            subprocess.run([python, script, side, options.work], check=True, env=environment)
        for name, run in ours(data, options.work).items():
            found = options.work / f"{side} - {name}.found.json"
            if not found.exists():
                row = run() | {"name": name, "version": f"sklearn-llmtokens {version('sklearn-llmtokens')}"}
                found.write_text(json.dumps(row), encoding="utf-8")
        results[side] = [summary(json.loads(one.read_text("utf-8")), data) for one in found_of(options.work, side)]
        for row in results[side]:
            print(row, flush=True)
    results["settings"] = {
        "date": time.strftime("%Y-%m"),
        "python": platform.python_version(),
        "n_train": options.train,
        "n_test": options.test,
        "n_few": N_FEW,
        "threads": 1,
    }
    if options.write:
        save("peers", results)


def found_of(work: Path, side: str) -> list[Path]:
    return sorted(work.glob(f"{side} - *.found.json"))


def summary(row: dict, data: dict) -> dict:
    """Return a row without its lists, with the hit rate of these."""
    lists = row.pop("lists", None)
    if lists is None:
        return row
    hits = [target in found for found, target in zip(lists, data["targets"], strict=True)]
    warm = [hit for hit, target in zip(hits, data["targets"], strict=True) if target in data["warm"]]
    return row | {"hit_rate": float(np.mean(hits)), "hit_rate_warm": float(np.mean(warm)), "n_queries": len(hits)}


def read_text(options) -> dict:
    bunch = datasets.fetch_shopping_reviews(target="category", duplicates="drop", download_if_missing=False)
    order = np.random.default_rng(0).permutation(len(bunch.data))[: options.train + options.test]
    texts, y = np.asarray(bunch.data, dtype=object)[order], np.asarray(bunch.target)[order]
    few = []
    for seed in range(3):
        shuffled = np.random.default_rng(seed).permutation(options.train)
        few.append(np.concatenate([shuffled[y[shuffled] == one][:N_FEW] for one in np.unique(y)]).tolist())
    checkpoint = os.environ.get("SKLEARN_LLMTOKENS_E5")
    if not checkpoint:
        print("skipped methods of multilingual-e5-small: SKLEARN_LLMTOKENS_E5 names no folder")
    return {
        "train": texts[: options.train].tolist(),
        "test": texts[options.train :].tolist(),
        "y_train": y[: options.train].tolist(),
        "y_test": y[options.train :].tolist(),
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


def embedder(model: str, work: Path, cache=True):
    return LLMTokenEmbedder(model, long_text="truncate", n_jobs=1, cache=str(work / "vectors") if cache else None)


def our_vectors(data: dict, model: str, work: Path) -> dict:
    one = embedder(model, work, cache=False)
    started = time.process_time()
    X_train = one.fit_transform(data["train"])
    X_test = one.transform(data["test"])
    seconds = time.process_time() - started
    return {"embed_s": seconds, "n_features": X_train.shape[1], **scores(data, X_train, X_test)}


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
    train, test = protocol.split(pd.read_parquet(home / "amazon_beauty_events.parquet"))
    histories, targets = protocol.queries(test, "last")
    place = {item: i for i, item in enumerate(items["item_id"].tolist())}
    train = [[place[item] for item in row] for row in train]
    return {
        "n_items": len(place),
        "texts": items["title"].fillna("").tolist(),
        "train": train,
        "histories": [[place[item] for item in row] for row in histories],
        "targets": [place[item] for item in targets],
        "warm": sorted({item for row in train for item in row}),
    }


def our_rankings(data: dict, work: Path) -> dict:
    catalog = Catalog(list(range(data["n_items"])), data["texts"])
    nano, mini = (LLMTokenEmbedder(model, cache=str(work / "vectors")) for model in ("zh-nano", "zh-mini"))
    models = {
        "ItemKNNRecommender": ItemKNNRecommender(catalog),
        "EASERecommender": EASERecommender(catalog),
        "text_recommender(zh-nano)": text_recommender(catalog, embedder=nano),
        "text_recommender(zh-mini)": text_recommender(catalog, embedder=mini),
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
