"""A search of recommenders runs the model once over the texts of the catalogue, for every setting that it tries."""

import os

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sklearn_llmtokens import LLMTokenEmbedder, text_recommender
from sklearn_llmtokens.model_selection import precompute
from sklearn_llmtokens.recommend import (
    Catalog,
    ContentRecommender,
    HybridRecommender,
    ItemKNNRecommender,
    TransitionRecommender,
)

WORDS = ["good", "bad", "text", "word", "about"]
TEXTS = [f"{WORDS[i % 5]} {WORDS[i % 3]} " + "word " * (i % 4) for i in range(16)]
CATALOG = Catalog(range(16), TEXTS)
N_DISTINCT = len(set(TEXTS))
X = [[i, (i + 1) % 16] for i in range(12)]
Y = [(i + 3) % 16 for i in range(12)]


@pytest.fixture
def embedder(checkpoints):
    return LLMTokenEmbedder(str(checkpoints["bert"]))


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def assert_foreseen(search, tmp_path, n_passes=1, n_texts=N_DISTINCT, X=X):
    """The receipt has the texts and passes; afterwards there is nothing left to compute, and scores are the same."""
    receipt = precompute(search, X, Y, cache=tmp_path, dry_run=True)
    assert (receipt.n_texts, receipt.n_passes) == (n_passes * n_texts, n_passes)
    ready = precompute(search, X, Y, cache=tmp_path)
    again = precompute(search, X, Y, cache=tmp_path, dry_run=True)
    assert again.n_encoded == 0
    before = contents(tmp_path)
    ready.fit(X, Y)
    assert contents(tmp_path) == before  # nothing was computed that had not been there
    scores = search.fit(X, Y).cv_results_["mean_test_score"]
    np.testing.assert_allclose(ready.cv_results_["mean_test_score"], scores, atol=1e-6)
    return ready


def test_every_setting_of_a_content_recommender_comes_from_one_pass(embedder, tmp_path):
    recommender = ContentRecommender(CATALOG, embedder=embedder)
    grid = {"embedder__layer": [-1, -2], "embedder__pooling": ["mean", "max"], "whiten": [0, 0.5], "profile": ["last"]}
    assert_foreseen(GridSearchCV(recommender, grid, cv=2), tmp_path)


def test_prompts_are_passes_and_whole_embedders_may_be_tried(embedder, tmp_path):
    grid = [
        {"embedder__prompt": [None, "about: {text}"], "embedder__layer": [-1, -2]},
        {"embedder": [TfidfVectorizer(), make_pipeline(embedder, StandardScaler())]},
    ]
    assert_foreseen(GridSearchCV(ContentRecommender(CATALOG, embedder=embedder), grid, cv=2), tmp_path, n_passes=2)


def test_the_parts_of_a_hybrid_share_a_pass(embedder, tmp_path):
    content = ContentRecommender(CATALOG, embedder=embedder)
    parts = [
        ("content", content),
        ("knn", ItemKNNRecommender(CATALOG)),
        ("ridge", TransitionRecommender(CATALOG, method="ridge", prior=embedder)),
    ]
    grid = {
        "content__embedder__pooling": ["mean", "max"],
        "ridge__prior__layer": [-1, 0],
        "knn": ["drop", ItemKNNRecommender(CATALOG, shrinkage=1)],
    }
    search = RandomizedSearchCV(HybridRecommender(parts), grid, n_iter=4, cv=2, random_state=0)
    assert_foreseen(search, tmp_path)


def test_the_recipe_is_searched(embedder, tmp_path):
    recipe = text_recommender(CATALOG, embedder=embedder)
    grid = {"content__embedder__pooling": ["mean", "max"], "transitions__prior__layer": [-1, -2]}
    assert_foreseen(GridSearchCV(recipe, grid, cv=2), tmp_path)


@pytest.mark.parametrize("as_frame", [True, False])
def test_a_catalogue_with_features_is_read_as_its_table(embedder, tmp_path, as_frame):
    prices = np.arange(32.0).reshape(16, 2)
    features = pd.DataFrame(prices, columns=["price", "size"]) if as_frame else prices
    columns = ("text", ["price", "size"]) if as_frame else (0, [1, 2])
    numbers = make_pipeline(FunctionTransformer(lambda table: np.asarray(table, dtype=float)), StandardScaler())
    table = ColumnTransformer([("text", embedder, columns[0]), ("numbers", numbers, columns[1])])
    recommender = ContentRecommender(Catalog(range(16), TEXTS, features), embedder=table)
    assert_foreseen(GridSearchCV(recommender, {"embedder__text__pooling": ["mean", "max"]}, cv=2), tmp_path)
    alone = ContentRecommender(Catalog(range(16), TEXTS, features), embedder=embedder, item_input="texts")
    assert_foreseen(GridSearchCV(alone, {"whiten": [0, 1]}, cv=2), tmp_path / "alone")


def test_blank_texts_are_not_embedded(embedder, tmp_path):
    catalog = Catalog(range(16), [*TEXTS[:14], " ", ""])
    search = GridSearchCV(ContentRecommender(catalog, embedder=embedder), {"embedder__layer": [-1, 0]}, cv=2)
    assert_foreseen(search, tmp_path, n_texts=len(set(TEXTS[:14])))


def test_a_catalogue_may_be_searched(embedder, tmp_path):
    other = Catalog(range(16), [f"another {text}" for text in TEXTS])
    search = GridSearchCV(ContentRecommender(CATALOG, embedder=embedder), {"catalog": [CATALOG, other]}, cv=2)
    assert_foreseen(search, tmp_path, n_texts=2 * N_DISTINCT)


def test_texts_of_queries_are_embedded_beside_those_of_the_catalogue(embedder, tmp_path):
    queries = [[f"bought {i}", TEXTS[i]] for i in range(12)]
    recommender = ContentRecommender(CATALOG, embedder=embedder, query="texts")
    search = GridSearchCV(recommender, {"embedder__pooling": ["mean", "max"]}, cv=2)
    assert_foreseen(search, tmp_path, n_texts=N_DISTINCT + 12, X=queries)


def test_a_union_with_words_sends_the_texts_to_the_model(embedder, tmp_path):
    union = make_union(TfidfVectorizer(), embedder)
    grid = {"embedder__llmtokenembedder__layer": [-1, 0]}
    search = GridSearchCV(ContentRecommender(CATALOG, embedder=union), grid, cv=2)
    assert_foreseen(search, tmp_path)


def test_a_recommender_alone_is_prepared(embedder, tmp_path):
    ready = precompute(ContentRecommender(CATALOG, embedder=embedder), None, cache=tmp_path)
    assert os.fspath(ready.embedder.cache) == str(tmp_path)
    found = ready.fit(None).score_items([[0]])
    np.testing.assert_allclose(
        found, ContentRecommender(CATALOG, embedder=embedder).fit(None).score_items([[0]]), atol=1e-5
    )


def test_recommenders_without_a_model_are_refused(tmp_path):
    with pytest.raises(ValueError, match="no LLMTokenEmbedder"):
        precompute(GridSearchCV(ItemKNNRecommender(CATALOG), {"shrink": [1]}), X, Y, cache=tmp_path)
