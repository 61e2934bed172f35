"""The contract over every recommender of the package, in several settings."""

import inspect
from importlib import import_module

import numpy as np
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline

import sklearn_llmtokens.recommend
from sklearn_llmtokens.recommend import (
    BaseRecommender,
    Catalog,
    ContentRecommender,
    EASERecommender,
    HybridRecommender,
    ItemKNNRecommender,
    PopularityRecommender,
    RecencyRecommender,
    SequenceKNNRecommender,
    TransitionRecommender,
)
from sklearn_llmtokens.testing import recommender_checks

WORDS = ["绿茶", "红茶", "茶壶", "杯子", "小说", "台灯", "书签", "键盘", "鼠标", "屏幕", "耳机", "音箱"]
TEXTS = [f"{WORDS[i]} {WORDS[(i * 5 + 1) % 12]} {WORDS[i // 3]}" for i in range(12)]
CATALOG = Catalog([f"i{i}" for i in range(12)], TEXTS)
NUMBERS = Catalog(np.arange(100, 112), TEXTS)
WITH_FEATURES = Catalog([f"i{i}" for i in range(12)], TEXTS, np.random.default_rng(0).normal(size=(12, 3)))


def dense(n_components=6):
    return make_pipeline(TfidfVectorizer(analyzer="char"), TruncatedSVD(n_components, random_state=0))


def both():
    table = ColumnTransformer([("texts", TfidfVectorizer(analyzer="char"), 0), ("numbers", "passthrough", [1, 2, 3])])
    return make_pipeline(table, TruncatedSVD(5, random_state=0))


RECOMMENDERS = {
    "popularity": PopularityRecommender(CATALOG),
    "popularity, ids are numbers": PopularityRecommender(NUMBERS),
    "content, sparse": ContentRecommender(CATALOG),
    "content, dense": ContentRecommender(CATALOG, embedder=dense()),
    "content, not whitened": ContentRecommender(NUMBERS, embedder=dense(), whiten=0.0, profile=0.7),
    "content, features": ContentRecommender(WITH_FEATURES, embedder=both(), profile="mean"),
    "EASE": EASERecommender(CATALOG, l2=1.0),
    "EASE, sparse": EASERecommender(NUMBERS, l2=1.0, max_dense_items=3, n_neighbors=4, profile="harmonic"),
    "item kNN": ItemKNNRecommender(CATALOG, n_neighbors=3),
    "transitions": TransitionRecommender(CATALOG, window=2),
    "transitions, ridge": TransitionRecommender(CATALOG, method="ridge", l2=1.0, profile=0.7),
    "transitions, ridge with a prior": TransitionRecommender(
        CATALOG, method="ridge", l2=1.0, prior=dense(), prior_strength=2.0
    ),
    "transitions, sparse ridge with a prior": TransitionRecommender(
        NUMBERS, method="ridge", l2=1.0, prior=TfidfVectorizer(analyzer="char"), max_dense_items=3, n_neighbors=4
    ),
    "EASE with a prior": EASERecommender(CATALOG, l2=1.0, prior=dense(), prior_strength=2.0),
    "neighbours of sequences": SequenceKNNRecommender(CATALOG),
    "popularity of late": PopularityRecommender(CATALOG, window="auto"),
    "recency": RecencyRecommender(CATALOG),
    "hybrid, by scores": HybridRecommender(
        [("content", ContentRecommender(CATALOG)), ("ease", EASERecommender(CATALOG, l2=1.0))], weights=[2, 1]
    ),
}


def sequences(ids, seed=0):
    """Histories of two tastes, with an item twice in some, and what followed."""
    rng = np.random.default_rng(seed)
    halves = [ids[:6], ids[4:]]
    rows = [[halves[i % 2][j] for j in rng.integers(0, len(halves[i % 2]), rng.integers(2, 7))] for i in range(16)]
    return [row[:-1] for row in rows], [row[-1] for row in rows]


SHARES_OF_THE_LARGEST = pytest.mark.xfail(reason="scores are shares of the largest score, which may be a new item's")


def marks(recommender, check):
    is_share = isinstance(recommender, HybridRecommender) and check.func.__name__ == "check_add_items_leaves_scores"
    return [SHARES_OF_THE_LARGEST] if is_share else []


CASES = [
    pytest.param(recommender, check, id=f"{name}-{check.func.__name__}", marks=marks(recommender, check))
    for name, recommender in RECOMMENDERS.items()
    for _, check in recommender_checks(recommender, *sequences(recommender.catalog.ids.tolist()))
]


@pytest.mark.parametrize(("recommender", "check"), CASES)
def test_contract(recommender, check):
    check(recommender)


@pytest.mark.parametrize("file", ["contract", "explain", "extreme_weights", "privacy", "update"])
def test_no_recommender_is_forgotten(file):
    """Each of these files lists recommenders by hand; parameters make several of one class."""
    public = [getattr(sklearn_llmtokens.recommend, name) for name in sklearn_llmtokens.recommend.__all__]
    classes = {value for value in public if inspect.isclass(value) and issubclass(value, BaseRecommender)}
    listed = import_module(f"tests.recommend.test_{file}").RECOMMENDERS
    assert {type(recommender) for recommender in listed.values()} == classes - {BaseRecommender}


def test_the_package_itself_has_every_recommender():
    exported = {name for name in sklearn_llmtokens.recommend.__all__ if name.endswith("Recommender")}
    assert exported - {"BaseRecommender"} <= set(sklearn_llmtokens.__all__)
