"""Every estimator goes through a skops file, and `trusted_types` names what has to be trusted and no more."""

import importlib
import inspect
import io
import pkgutil
import zipfile

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

import sklearn_llmtokens
from sklearn_llmtokens import LLMTokenEmbedder, text_pipeline, text_recommender, trusted_types
from sklearn_llmtokens.exploration import SemanticSearch
from sklearn_llmtokens.features import EmbeddingPCA, TableFeatures
from sklearn_llmtokens.linear_model import BlockRidgeClassifier, BlockRidgeRegressor
from sklearn_llmtokens.recommend import (
    BaseRecommender,
    Catalog,
    ContentRecommender,
    EASERecommender,
    Event,
    HybridRecommender,
    ItemKNNRecommender,
    PopularityRecommender,
    RecencyRecommender,
    SequenceKNNRecommender,
    TransitionRecommender,
)
from sklearn_llmtokens.text import JiebaTokenizer, TableReader, TextColumn, TextNormalizer

skops_io = pytest.importorskip("skops.io")

TEXTS = ["物流很快", "发货迅速", "味道发苦", "又酸又涩"] * 3
Y = np.array([0, 0, 1, 1] * 3)
TABLE = pd.DataFrame({"text": TEXTS, "price": [1.0, 2.0, None, 4.0] * 3, "size": list("LMLM") * 3})
VECTORS = np.random.default_rng(0).normal(size=(12, 4)).astype(np.float32)
CATALOG = Catalog(list("abcd"), ["绿茶", "红茶", "铁壶", "茶杯"])
HISTORIES = [["a", "c"], ["b", "c", "d"], ["a", "b"]]
TIMED = [[Event("a", time=1.0), Event("c", time=3.0)], [Event("b", time=2.0), Event("c", time=4.0)]]
EMBEDDER = LLMTokenEmbedder("zh-nano")


def content():
    return ContentRecommender(CATALOG, embedder=EMBEDDER)


# an estimator, and what it is fitted on
CASES = {
    "embedder": (EMBEDDER, TEXTS),
    "tokenizer": (JiebaTokenizer(stop_words="zh", stemmer="english", user_dict=["物流快"]), TEXTS),
    "normalizer": (TextNormalizer(simplify=True), TEXTS),
    "column": (TextColumn(), TEXTS),
    "table": (TableReader(text_columns=["text"]), TABLE),
    "table features": (TableFeatures(), TABLE, Y),
    "PCA": (EmbeddingPCA(2), VECTORS),
    "block classifier": (BlockRidgeClassifier(), VECTORS, Y),
    "block regressor": (BlockRidgeRegressor(), VECTORS, Y.astype(float)),
    "search": (SemanticSearch(EMBEDDER), TEXTS),
    "classify texts": (text_pipeline(embedder=EMBEDDER), TEXTS, Y),
    "regress texts": (text_pipeline("regression", embedder=EMBEDDER), TEXTS, Y.astype(float)),
    "logistic texts": (text_pipeline(LogisticRegression(), embedder=EMBEDDER), TEXTS, Y),
    "classify tables": (text_pipeline(embedder=EMBEDDER, text_columns=["text"]), TABLE, Y),
    "popularity": (PopularityRecommender(CATALOG), HISTORIES),
    "recency": (RecencyRecommender(CATALOG), HISTORIES),
    "content": (content(), HISTORIES),
    "EASE": (EASERecommender(CATALOG), HISTORIES),
    "neighbours of sequences": (SequenceKNNRecommender(CATALOG), HISTORIES),
    "kNN": (ItemKNNRecommender(CATALOG), HISTORIES),
    "transitions": (TransitionRecommender(CATALOG), HISTORIES),
    "transitions of late": (TransitionRecommender(CATALOG, half_life="auto"), TIMED),
    "ridge": (TransitionRecommender(CATALOG, method="ridge", prior=EMBEDDER), HISTORIES),
    "hybrid": (HybridRecommender([("ease", EASERecommender(CATALOG)), ("content", content())]), HISTORIES),
    "recommend": (text_recommender(CATALOG, embedder=EMBEDDER), HISTORIES),
}


def output(estimator, X):
    if isinstance(estimator, BaseRecommender):
        return estimator.recommend(X, k=2)
    if isinstance(estimator, SemanticSearch):
        return np.array(estimator.query(X[:2], k=2))
    method = next(name for name in ("predict_proba", "predict", "transform") if hasattr(estimator, name))
    return getattr(estimator, method)(X)


@pytest.fixture(scope="module")
def written():
    """The estimator of each case, fitted, and its file."""
    found = {}
    for name, (estimator, *rows) in CASES.items():
        estimator.fit(*rows)
        found[name] = estimator, skops_io.dumps(estimator, compression=zipfile.ZIP_DEFLATED)
    return found


def public_estimators():
    modules = ["sklearn_llmtokens"]
    modules += [f"sklearn_llmtokens.{module.name}" for module in pkgutil.iter_modules(sklearn_llmtokens.__path__)]
    public = [importlib.import_module(name) for name in modules if "._" not in name]
    values = [getattr(module, name) for module in public for name in getattr(module, "__all__", [])]
    return {v for v in values if inspect.isclass(v) and issubclass(v, BaseEstimator)} - {BaseRecommender}


def test_no_estimator_is_forgotten():
    assert {type(estimator) for estimator, *_ in CASES.values()} == public_estimators()


@pytest.mark.filterwarnings("ignore::sklearn_llmtokens.exceptions.TrainingRowsWarning")
@pytest.mark.parametrize("name", CASES)
def test_an_estimator_is_loaded_with_this_list_and_answers_as_before(written, name):
    fitted, data = written[name]
    loaded = skops_io.loads(data, trusted=trusted_types())
    X = CASES[name][1]
    np.testing.assert_array_equal(np.asarray(output(loaded, X)), np.asarray(output(fitted, X)))


def test_nothing_is_trusted_that_no_estimator_needs(written):
    needed = {name for _, data in written.values() for name in skops_io.get_untrusted_types(data=data)}
    assert needed == set(trusted_types())


def test_a_type_of_somebody_else_is_not_trusted():
    class Mine(LogisticRegression):
        pass

    data = skops_io.dumps(text_pipeline(Mine(), embedder=EMBEDDER))
    with pytest.raises(skops_io.exceptions.UntrustedTypesFoundException, match="Mine"):
        skops_io.loads(data, trusted=trusted_types())


def test_the_best_of_a_search_is_loaded():
    search = GridSearchCV(text_pipeline(embedder=EMBEDDER), {"model__alphas": [[0.1], [1.0]]}, cv=2).fit(TEXTS, Y)
    loaded = skops_io.loads(skops_io.dumps(search.best_estimator_), trusted=trusted_types())
    np.testing.assert_array_equal(loaded.predict(TEXTS), search.predict(TEXTS))


def test_the_list_is_the_callers_own():
    trusted_types().clear()
    assert "sklearn_llmtokens.TextPipeline" in trusted_types()


def test_a_file_of_a_text_pipeline_has_no_file_for_each_term(written):
    _, data = written["classify texts"]
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert len(archive.namelist()) < 20
    fitted, _ = written["classify texts"]
    vectorizer = fitted.named_steps["features"].transformer_list[0][1]
    assert {type(column) for column in vectorizer.vocabulary_.values()} == {int}
