"""Settings of scikit-learn that hold for the whole process change no result of a recommender."""

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import StandardScaler

from sklearn_llmtokens import text_recommender
from sklearn_llmtokens.recommend import (
    Catalog,
    ContentRecommender,
    EASERecommender,
    HybridRecommender,
    TransitionRecommender,
)

IDS = [f"i{i}" for i in range(8)]
TEXTS = ["green tea", "black tea", "iron pot", "tea pot", "oak desk", "desk lamp", "red lamp", "tea cup"]
NUMBERS = np.random.default_rng(0).normal(size=(8, 2))
X = [[IDS[i], IDS[(3 * i + 1) % 8], IDS[(i * i) % 8]] for i in range(8)] * 2
Y = [IDS[(i + 5) % 8] for i in range(8)] * 2


def dense():
    return make_pipeline(TfidfVectorizer(), TruncatedSVD(3, random_state=0), StandardScaler())


def frames():
    return make_pipeline(TfidfVectorizer(), TruncatedSVD(3, random_state=0).set_output(transform="pandas"))


def table():
    return ColumnTransformer([("texts", TfidfVectorizer(), 0), ("numbers", StandardScaler(), [1, 2])])


def parts(catalog):
    return [("content", ContentRecommender(catalog)), ("ease", EASERecommender(catalog))]


RECOMMENDERS = {
    "default": lambda: ContentRecommender(Catalog(IDS, TEXTS)),
    "dense": lambda: ContentRecommender(Catalog(IDS, TEXTS), embedder=dense()),
    "union": lambda: ContentRecommender(Catalog(IDS, TEXTS), embedder=make_union(TfidfVectorizer(), dense())),
    "table": lambda: ContentRecommender(Catalog(IDS, TEXTS, NUMBERS), embedder=table()),
    "own output": lambda: ContentRecommender(Catalog(IDS, TEXTS), embedder=frames()),
    "texts": lambda: ContentRecommender(Catalog(IDS, TEXTS), query="texts"),
    "hybrid": lambda: HybridRecommender(parts(Catalog(IDS, TEXTS)), weights=[1, 1]),
    "ridge": lambda: TransitionRecommender(Catalog(IDS, TEXTS), method="ridge", prior=TfidfVectorizer(analyzer="char")),
    "recipe": lambda: text_recommender(Catalog(IDS, TEXTS), embedder=TfidfVectorizer(analyzer="char")),
}
SETTINGS = [
    {"transform_output": "pandas"},
    {"transform_output": "polars"},
    {"enable_metadata_routing": True},
    {"assume_finite": True},
    {"skip_parameter_validation": True},
]


def story(recommender):
    """What a recommender gives after each change of it."""
    queries = [["green tea mug"]] if getattr(recommender, "query", "items") == "texts" else [["i0", "i3"], ["i4"]]
    texts = recommender.catalog.texts()[:1]
    features = None if recommender.catalog.features() is None else recommender.catalog.features([2])
    found = [
        recommender.fit(None).score_items(queries),
        recommender.add_items(["n"], texts, features).recommend(queries, 3),
    ]
    found.append(recommender.update_items(["i1"], texts).recommend(queries, 3))
    if len(queries) == 2:
        found.append(recommender.refit(X, Y).recommend([*queries, ["n"]], 3))
    return found


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: "-".join(map(str, *setting.items())))
@pytest.mark.parametrize("name", RECOMMENDERS)
def test_a_setting_changes_nothing(name, setting):
    expected = story(RECOMMENDERS[name]())
    with config_context(**setting):
        found = story(RECOMMENDERS[name]())
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("setting", SETTINGS[:3], ids=lambda setting: "-".join(map(str, *setting.items())))
def test_what_was_fitted_under_one_setting_works_under_another(setting):
    recommender = RECOMMENDERS["default"]().fit(None)
    expected = clone(recommender).fit(None).add_items(["n"], ["tea mug"]).score_items([["i0", "n"]])
    with config_context(**setting):
        np.testing.assert_array_equal(recommender.add_items(["n"], ["tea mug"]).score_items([["i0", "n"]]), expected)


@pytest.mark.parametrize("setting", SETTINGS[:3], ids=lambda setting: "-".join(map(str, *setting.items())))
def test_searches_and_cross_validation_under_a_setting(setting):
    hybrid = RECOMMENDERS["hybrid"]()
    expected = cross_validate(hybrid, X, Y, cv=2)["test_score"]
    grid = {"content__profile": ["last", "mean"]}
    best = GridSearchCV(hybrid, grid, cv=2).fit(X, Y).best_score_
    with config_context(**setting):
        found = cross_validate(hybrid, X, Y, cv=2, error_score="raise")["test_score"]
        assert GridSearchCV(hybrid, grid, cv=2, error_score="raise").fit(X, Y).best_score_ == best
    np.testing.assert_array_equal(found, expected)
