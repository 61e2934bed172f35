"""The peers of `peers.py`: text encoders and recommenders of other packages, in an environment of their own.

    python -m venv TEXT && TEXT/bin/pip install skrub==0.11.0 "embetter[text]==0.9.1" "model2vec[distill]==0.10.0" \
        sentence-transformers==6.2.0
    python -m venv RANKING && RANKING/bin/pip install implicit==0.7.3 rectools==0.19.0 lenskit==2025.8.1 pyarrow==20.0.0

`peers.py` runs it as `TEXT/bin/python peers_packages.py text FOLDER`. The folder has the data as JSON; one
JSON file per method comes back. It stands by itself, since these packages need other versions of NumPy and pandas.
"""

import json
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np


def main() -> None:
    side, folder = sys.argv[1], Path(sys.argv[2])
    data = json.loads((folder / f"{side}.json").read_text(encoding="utf-8"))
    methods = {"text": text_methods, "ranking": ranking_methods}[side](data, folder)
    for name, (run, package) in methods.items():
        path = folder / f"{side} - {name.replace('/', ' ')}.found.json"
        if path.exists():
            continue
        try:
            row = run() | {"version": f"{package} {version(package)}", "name": name}
        except Exception as error:  # what a package says of its input is a result
            row = {"name": name, "error": f"{type(error).__name__}: {str(error).splitlines()[0][:120]}"}
        print({key: value for key, value in row.items() if key != "lists"}, flush=True)
        path.write_text(json.dumps(row), encoding="utf-8")


# Texts ----------------------------------------------------------------------------------------------------------------


def text_methods(data: dict, folder: Path) -> dict:
    from skrub import StringEncoder, TextEncoder

    checkpoint = data["checkpoint"]
    methods = {
        "StringEncoder()": (lambda: frames(data, StringEncoder(random_state=0)), "skrub"),
        'StringEncoder(300, analyzer="char", ngram_range=(1, 3))': (
            lambda: frames(data, StringEncoder(300, analyzer="char", ngram_range=(1, 3), random_state=0)),
            "skrub",
        ),
    }
    if checkpoint:
        methods |= {
            "TextEncoder(e5)": (lambda: frames(data, TextEncoder(checkpoint, random_state=0)), "skrub"),
            "TextEncoder(e5, n_components=None)": (
                lambda: frames(data, TextEncoder(checkpoint, n_components=None)),
                "skrub",
            ),
            "SentenceTransformer(e5)": (lambda: sentence_transformer(data), "sentence-transformers"),
            "SentenceEncoder(e5)": (lambda: embetter(data), "embetter"),
        }
    methods["StaticModel, distilled from zh-mini"] = (lambda: model2vec(data, folder), "model2vec")
    return methods


def frames(data: dict, encoder) -> dict:
    """Return features of skrub's encoders, which take a column and return a frame."""
    import pandas as pd

    train, test = (pd.Series(data[part], name="text") for part in ("train", "test"))
    return features(data, lambda: encoder.fit_transform(train).to_numpy(), lambda: encoder.transform(test).to_numpy())


def sentence_transformer(data: dict) -> dict:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(data["checkpoint"], device="cpu")
    return features(data, lambda: model.encode(data["train"]), lambda: model.encode(data["test"]))


def embetter(data: dict) -> dict:
    from embetter.text import SentenceEncoder

    encoder = SentenceEncoder(data["checkpoint"], device="cpu")
    return features(data, lambda: encoder.fit_transform(data["train"]), lambda: encoder.transform(data["test"]))


def model2vec(data: dict, folder: Path) -> dict:
    from model2vec import StaticModel
    from model2vec.distill import distill

    started = time.process_time()
    if not (folder / "static").exists():
        distill(data["zh_mini"], device="cpu").save_pretrained(folder / "static")
    distill_s = time.process_time() - started
    model = StaticModel.from_pretrained(folder / "static")
    found = features(data, lambda: model.encode(data["train"]), lambda: model.encode(data["test"]))
    return found | {"distill_s": distill_s}


def features(data: dict, train, test) -> dict:
    """Return accuracy with few labels and many, of the same classifier for every peer, and seconds of the features."""
    started = time.process_time()
    X_train = np.asarray(train())
    X_test = np.asarray(test())
    seconds = time.process_time() - started
    return {"embed_s": seconds, "n_features": X_train.shape[1], **scores(data, X_train, X_test)}


def scores(data: dict, X_train, X_test) -> dict:
    """Return the accuracy of logistic regression, whose strength three folds of the training rows choose."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    y_train, y_test = np.asarray(data["y_train"]), np.asarray(data["y_test"])
    accuracy, fit_s = {}, {}
    for name, draws in data["rows"].items():
        started = time.process_time()
        values = []
        for rows in draws:
            pipeline = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300))
            search = GridSearchCV(pipeline, {"logisticregression__C": [0.001, 0.01, 0.1, 1.0]}, cv=3)
            values.append(float(search.fit(X_train[rows], y_train[rows]).score(X_test, y_test)))
        accuracy[name], fit_s[name] = values, (time.process_time() - started) / len(draws)
    return {"accuracy": accuracy, "fit_s": fit_s}


# Rankings -------------------------------------------------------------------------------------------------------------


def ranking_methods(data: dict, folder: Path) -> dict:
    from implicit.nearest_neighbours import BM25Recommender, CosineRecommender, TFIDFRecommender

    kinds = {"Cosine": CosineRecommender, "TFIDF": TFIDFRecommender, "BM25": BM25Recommender}
    methods = {
        f"{kind}Recommender(K={k})": (lambda make=make, k=k: item_item(data, make(K=k, num_threads=1)), "implicit")
        for kind, make in kinds.items()
        for k in (20, 100)
    }
    weighted = "BM25Recommender(K=200), events by 0.8 ** age"
    methods[weighted] = (lambda: item_item(data, BM25Recommender(K=200, num_threads=1), decay=0.8), "implicit")
    for l2 in (100.0, 500.0):
        methods[f"EASEModel({l2:g})"] = (lambda l2=l2: rectools_ease(data, l2), "rectools")
    methods["ItemKNNScorer(k=20, implicit)"] = (lambda: lenskit_knn(data), "lenskit")
    return methods


def matrix(rows: list, n_items: int, decay: float = 1.0):
    """Return histories as a matrix of users by items: ``decay ** age`` of the latest event of an item."""
    from scipy import sparse

    user, item, weight = [], [], []
    for i, row in enumerate(rows):
        ages = {item: len(row) - 1 - place for place, item in enumerate(row)}
        user += [i] * len(ages)
        item += ages
        weight += [decay**age for age in ages.values()]
    return sparse.csr_matrix((np.asarray(weight, dtype=np.float32), (user, item)), shape=(len(rows), n_items))


def item_item(data: dict, model, decay: float = 1.0) -> dict:
    train, histories = matrix(data["train"], data["n_items"]), matrix(data["histories"], data["n_items"], decay)
    started = time.process_time()
    model.fit(train, show_progress=False)
    fitted = time.process_time()
    lists, _ = model.recommend(np.arange(len(data["histories"])), histories, N=10, filter_already_liked_items=True)
    return {"fit_s": fitted - started, "recommend_s": time.process_time() - fitted, "lists": lists.tolist()}


def rectools_ease(data: dict, l2: float) -> dict:
    import pandas as pd
    from rectools.dataset import Dataset, IdMap, Interactions
    from rectools.models import EASEModel

    known = set(data["warm"])  # its model has the items of the training data
    asked = {item for row in data["histories"] for item in row}
    ordered = sorted(known, key=lambda item: (item in asked, item))  # matrices end at the last item with an event

    def dataset(rows):
        frame = pd.DataFrame(
            [
                (user, item, 1.0, "2020-01-01")
                for user, row in enumerate(rows)
                for item in dict.fromkeys(row)
                if item in known
            ],
            columns=["user_id", "item_id", "weight", "datetime"],
        )
        users, items = IdMap.from_values(range(len(rows))), IdMap.from_values(np.array(ordered))
        return Dataset(users, items, Interactions.from_raw(frame, users, items))

    train, histories = dataset(data["train"]), dataset(data["histories"])
    model = EASEModel(regularization=l2, recommend_n_threads=1, recommend_use_gpu_ranking=False)
    started = time.process_time()
    model.fit(train)
    fitted = time.process_time()
    found = model.recommend(
        list(range(len(data["histories"]))), histories, k=10, filter_viewed=True, on_unsupported_targets="ignore"
    )
    seconds = time.process_time() - fitted
    lists = found.sort_values(["user_id", "rank"]).groupby("user_id")["item_id"].apply(list)
    return {
        "fit_s": fitted - started,
        "recommend_s": seconds,
        "lists": [lists.get(user, []) for user in range(len(data["histories"]))],
    }


def lenskit_knn(data: dict) -> dict:
    import pandas as pd
    from lenskit.data import ItemList, RecQuery, from_interactions_df
    from lenskit.knn import ItemKNNScorer
    from lenskit.pipeline import topn_pipeline

    pairs = [(user, item) for user, row in enumerate(data["train"]) for item in dict.fromkeys(row)]
    train = from_interactions_df(pd.DataFrame(pairs, columns=["user_id", "item_id"]))
    pipe = topn_pipeline(ItemKNNScorer(k=20, feedback="implicit"), n=10)
    started = time.process_time()
    pipe.train(train)
    fitted = time.process_time()
    lists = []
    for history in data["histories"]:
        query = RecQuery(user_items=ItemList(item_ids=np.intersect1d(history, data["warm"])))
        lists.append(pipe.run("recommender", query=query).ids().tolist())
    return {"fit_s": fitted - started, "recommend_s": time.process_time() - fitted, "lists": lists}


if __name__ == "__main__":
    main()
