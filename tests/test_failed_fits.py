"""A fit that fails leaves the estimator as it was: every estimator of the package."""

import inspect

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.utils.validation import check_is_fitted

import sklearn_llmtokens.features
import sklearn_llmtokens.recommend
import sklearn_llmtokens.text
from sklearn_llmtokens import LLMTokenEmbedder, TextPipeline, text_recommender
from sklearn_llmtokens.features import EmbeddingPCA, TableFeatures
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
from sklearn_llmtokens.text import JiebaTokenizer, TableReader, TextColumn, TextNormalizer

TEXTS = ["物流很快", "发货迅速", "味道发苦", "又酸又涩"]
VECTORS = np.random.default_rng(0).normal(size=(12, 4)).astype(np.float32)
TABLE = pd.DataFrame({"text": TEXTS, "price": [1.0, 2.0, None, 4.0], "size": list("LMLM")})
CATALOG = Catalog(list("abcd"), ["绿茶", "红茶", "铁壶", "茶杯"])
HISTORIES = [["a", "c"], ["b", "c", "d"], ["a", "b"]]


class Interrupted(TfidfVectorizer):
    """An embedder whose second fit is interrupted."""

    def fit_transform(self, X, y=None):
        if "grown" in X:
            raise KeyboardInterrupt
        return super().fit_transform(X)


def content():
    return ContentRecommender(CATALOG, embedder=Interrupted())


TRANSFORMERS = {
    "embedder": (LLMTokenEmbedder(cache=None), TEXTS, {"pooling": "unheard of"}, {"max_length": 1}),
    "tokenizer": (JiebaTokenizer(), TEXTS, {"mode": "unheard of"}, {"stop_words": "/no/such/file"}),
    "normalizer": (TextNormalizer(), TEXTS, {"unicode_form": "unheard of"}, {"unicode_form": 3}),
    "column": (TextColumn(), TEXTS, {"missing": "unheard of"}, {"missing": 3}),
    "table": (TableReader(), TABLE, {"missing": "unheard of"}, {"text_columns": ["absent"]}),
    "table features": (TableFeatures(), TABLE, {"interactions": -1}, {"random_state": "unheard of"}),
    "PCA": (EmbeddingPCA(2), VECTORS, {"n_components": -1}, {"remove_top": 9}),
}
RECOMMENDERS = {
    "popularity": lambda: PopularityRecommender(CATALOG),
    "recency": lambda: RecencyRecommender(CATALOG),
    "content": content,
    "EASE": lambda: EASERecommender(CATALOG),
    "neighbours of sequences": lambda: SequenceKNNRecommender(CATALOG),
    "kNN": lambda: ItemKNNRecommender(CATALOG),
    "transitions": lambda: TransitionRecommender(CATALOG),
    "ridge": lambda: TransitionRecommender(CATALOG, method="ridge", prior=content().embedder),
    "hybrid": lambda: HybridRecommender([("ease", EASERecommender(CATALOG)), ("content", content())]),
    "recipe": lambda: text_recommender(CATALOG, embedder=Interrupted()),
}


def fitted_state(estimator):
    params = estimator.get_params(deep=False)
    return {name: joblib.hash(value) for name, value in vars(estimator).items() if name not in params}


@pytest.mark.parametrize("name", TRANSFORMERS)
@pytest.mark.parametrize("bad", ["no rows", "wrong values", "three dimensions", "first parameter", "second parameter"])
def test_a_transformer_whose_fit_fails_transforms_as_before(name, bad):
    estimator, X, *parameters = TRANSFORMERS[name]
    X_bad = {
        "no rows": [],
        "wrong values": [[None], [object()]],
        "three dimensions": np.zeros((2, 2, 2)),
    }.get(bad, X)
    change = parameters["second" in bad] if "parameter" in bad else {}
    estimator.fit(X)
    before, output = fitted_state(estimator), np.asarray(estimator.transform(X))
    original = {key: estimator.get_params()[key] for key in change}
    estimator.set_params(**change)
    with pytest.raises((ValueError, TypeError, OSError)):
        estimator.fit(X_bad)
    assert fitted_state(estimator) == before
    estimator.set_params(**original)
    np.testing.assert_array_equal(np.asarray(estimator.transform(X)), output)


def test_names_of_columns_stay_when_another_frame_is_refused():
    frame = pd.DataFrame({"title": TEXTS, "body": TEXTS})
    for estimator in (TextColumn(), LLMTokenEmbedder(cache=None), JiebaTokenizer(), TextNormalizer()):
        estimator.fit(frame[["title"]])
        with pytest.raises((ValueError, TypeError)):
            estimator.fit(frame.assign(body=3j))
        assert (estimator.feature_names_in_.tolist(), estimator.n_features_in_) == (["title"], 1)


def test_every_estimator_with_a_fit_of_its_own_is_tried():
    modules = [sklearn_llmtokens, sklearn_llmtokens.features, sklearn_llmtokens.recommend, sklearn_llmtokens.text]
    public = {getattr(module, name) for module in modules for name in module.__all__}
    classes = {one for one in public if inspect.isclass(one) and issubclass(one, BaseEstimator)}
    tried = {type(estimator) for estimator, *_ in TRANSFORMERS.values()} | {
        type(make()) for make in RECOMMENDERS.values()
    }
    # a pipeline fits its steps in turn, as scikit-learn's does
    assert tried == classes - {BaseRecommender, TextPipeline}


@pytest.mark.parametrize("name", RECOMMENDERS)
@pytest.mark.parametrize(
    ("X", "y"),
    [
        ([["a", "n"]], None),
        ([["a"], ["b"]], ["n", "c"]),
        ([["a"]], ["b", "c"]),
        ([], None),
        ("abc", None),
        ([["a", None, "b"]], None),
        ([[("a", float("nan"))]], None),
        ([[1]], None),
    ],
    ids=["added item", "added item in y", "short y", "no row", "a str", "gap", "weight", "other type"],
)
def test_a_recommender_whose_fit_fails_keeps_what_was_added_and_removed(name, X, y):
    recommender = RECOMMENDERS[name]().fit(HISTORIES)
    recommender.add_items(["n"], ["白茶"]).remove_items(["d"])
    before, lists = fitted_state(recommender), recommender.recommend([["a", "n"], []], 5)
    with pytest.raises((ValueError, TypeError)):
        recommender.fit(X, y)
    assert fitted_state(recommender) == before
    assert recommender.recommend([["a", "n"], []], 5).tolist() == lists.tolist()


@pytest.mark.parametrize("name", ["content", "ridge", "hybrid", "recipe"])
def test_a_fit_that_is_interrupted_half_way_changes_nothing(name):
    recommender = RECOMMENDERS[name]().fit(HISTORIES).add_items(["n"], ["grown"])
    before, lists = fitted_state(recommender), recommender.recommend([["a", "n"]], 5)
    with pytest.raises(KeyboardInterrupt):
        recommender.refit(HISTORIES)
    assert fitted_state(recommender) == before
    assert recommender.catalog is CATALOG
    if name == "content":
        recommender.set_params(catalog=recommender.catalog_)
        with pytest.raises(KeyboardInterrupt):
            recommender.fit(HISTORIES)
        assert fitted_state(recommender) == before
    assert recommender.recommend([["a", "n"]], 5).tolist() == lists.tolist()


def test_a_parameter_that_is_wrong_leaves_the_fitted_state():
    recommender = EASERecommender(CATALOG).fit(HISTORIES).add_items(["n"], ["白茶"])
    lists = recommender.recommend([["a"]], 5)
    with pytest.raises(ValueError, match="l2"):
        recommender.set_params(l2=-1).fit(HISTORIES)
    assert recommender.recommend([["a"]], 5).tolist() == lists.tolist()


def test_a_first_fit_that_fails_leaves_an_estimator_that_is_not_fitted():
    recommender = PopularityRecommender(CATALOG)
    with pytest.raises(ValueError, match="not in the catalogue"):
        recommender.fit([["n"]])
    assert set(vars(recommender)) == set(recommender.get_params())


def test_a_fit_of_a_search_that_fails_leaves_the_part_alone():
    table = ColumnTransformer([("texts", TfidfVectorizer(analyzer="char"), 0)])
    catalog = Catalog(list("ab"), ["绿茶", "红茶"], [[1.0], [2.0]])
    recommender = ContentRecommender(catalog, embedder=table).fit(None)
    check_is_fitted(recommender.embedder_)
    scores = recommender.score_items([["a"]])
    with pytest.raises(ValueError, match="not in the catalogue"):
        recommender.fit([["z"]])
    np.testing.assert_array_equal(recommender.score_items([["a"]]), scores)
