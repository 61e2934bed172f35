"""What is fitted and saved after `precompute` keeps nothing of the texts that it serves, and makes no folder."""

import os
import pickle
import shutil

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, make_pipeline

from sklearn_llmtokens import LLMTokenEmbedder
from sklearn_llmtokens.model_selection import precompute
from sklearn_llmtokens.recommend import Catalog, ContentRecommender
from tests.inside import forget_vectors, spy_on_texts

TEXTS = np.array([f"text {i} {'good' if i % 2 else 'bad'}" for i in range(20)], dtype=object)
Y = np.arange(20) % 2
NEW = ["a text that is new"]


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """The working directory of the search, and another one."""
    for name in ("here", "elsewhere"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here", tmp_path / "elsewhere"


@pytest.fixture
def embedder(checkpoints):
    return LLMTokenEmbedder(str(checkpoints["bert"]))


def searched(embedder, cache="vec"):
    pipeline = make_pipeline(embedder, LogisticRegression())
    search = GridSearchCV(pipeline, {"llmtokenembedder__layer": [-1, 0]}, cv=2)
    return precompute(search, TEXTS, Y, cache=cache).fit(TEXTS, Y)


def n_rows(embedder, folder):
    return clone(embedder).set_params(cache=folder).fit(NEW).cache_info().rows


def test_a_winner_that_is_loaded_elsewhere_has_the_cache_that_was_set(embedder, folders, monkeypatch):
    here, elsewhere = folders
    saved = pickle.dumps(searched(embedder).best_estimator_)
    expected = pickle.loads(saved).predict_proba(NEW)
    shutil.move(here / "vec", here / "gone")  # as on another machine
    monkeypatch.chdir(elsewhere)
    loaded = pickle.loads(saved)
    assert loaded[0].cache == "memory"
    np.testing.assert_array_equal(loaded.predict_proba(NEW), expected)
    assert os.listdir(elsewhere) == []
    assert sorted(os.listdir(here)) == ["gone"]


@pytest.mark.parametrize("own", ["memory", None])
def test_no_digest_of_a_served_text_is_kept_in_the_store(embedder, folders, monkeypatch, own):
    here, elsewhere = folders
    search = searched(embedder.set_params(cache=own))
    joblib.dump(search, here / "search.joblib")
    before = n_rows(embedder, here / "vec")
    monkeypatch.chdir(elsewhere)
    loaded = joblib.load(here / "search.joblib")
    for model in (search, search.best_estimator_, loaded, loaded.best_estimator_, clone(loaded).fit(TEXTS, Y)):
        model.predict(NEW)
    assert n_rows(embedder, here / "vec") == before == 2 * len(TEXTS)
    assert os.listdir(elsewhere) == []


def test_prepared_vectors_are_read_on_the_machine_that_has_them(embedder, folders, monkeypatch):
    saved = pickle.dumps(searched(embedder.set_params(cache=None)).best_estimator_)
    monkeypatch.chdir(folders[1])
    seen = spy_on_texts(monkeypatch)
    pickle.loads(saved).predict([*TEXTS, *NEW])
    assert seen == NEW


def test_new_texts_are_kept_where_the_embedder_says(embedder, folders, monkeypatch):
    own = folders[1] / "own"
    winner = searched(embedder.set_params(cache=own)).best_estimator_
    seen = spy_on_texts(monkeypatch)
    winner.predict(NEW)
    forget_vectors()
    pickle.loads(pickle.dumps(winner)).predict(NEW)
    assert seen == NEW
    assert n_rows(embedder, own) == 1
    assert winner[0].forget([NEW[0], TEXTS[0]]) == 3  # of the folder of its own, and two layers of the store


def test_a_folder_of_its_own_stays_as_an_absolute_path(embedder, folders, monkeypatch):
    here, elsewhere = folders
    winner = searched(embedder.set_params(cache="own"), cache=None).best_estimator_
    assert winner[0].cache == str(here / "own")
    monkeypatch.chdir(elsewhere)
    pickle.loads(pickle.dumps(winner)).predict(NEW)
    assert os.listdir(elsewhere) == []


def test_a_store_that_belongs_to_others_is_passed_over(embedder, folders):
    winner = searched(embedder).best_estimator_
    expected = winner.predict_proba(NEW)
    os.chmod(folders[0] / "vec", 0o777)
    np.testing.assert_array_equal(winner.predict_proba(NEW), expected)


def test_a_search_can_be_prepared_again(embedder, folders):
    search = searched(embedder)
    again = precompute(search, TEXTS, Y)
    assert again.estimator[0].cache == search.estimator[0].cache
    other = precompute(search, TEXTS, Y, cache="other").estimator[0].cache
    assert (os.fspath(other), other.then) == (str(folders[0] / "other"), "memory")


def columns(embedder):
    return ColumnTransformer([("a", make_pipeline(embedder), "text"), ("b", clone(embedder), ["text"])])


def catalogue(embedder):
    return ContentRecommender(Catalog(range(20), list(TEXTS)), embedder=embedder)


@pytest.mark.parametrize(
    ("build", "X"),
    [
        (lambda embedder: embedder, TEXTS),
        (lambda embedder: make_pipeline(embedder), TEXTS),
        (lambda embedder: FeatureUnion([("a", embedder), ("b", clone(embedder).set_params(layer=0))]), TEXTS),
        (columns, pd.DataFrame({"text": TEXTS})),
        (catalogue, None),
    ],
    ids=["embedder", "pipeline", "union", "columns", "recommender"],
)
def test_whatever_holds_the_embedder(embedder, folders, build, X):
    ready = precompute(build(embedder), X, Y, cache="vec").fit(X, Y if X is not None else None)
    saved = pickle.dumps(ready)
    shutil.rmtree(folders[0] / "vec")
    loaded = pickle.loads(saved)
    nested = [loaded, *loaded.get_params(deep=True).values()]
    if isinstance(loaded, ColumnTransformer):
        nested += [part for _, part, _ in loaded.transformers_]
    caches = [part.cache for part in nested if isinstance(part, LLMTokenEmbedder)]
    assert set(caches) == {"memory"}
    assert os.listdir(folders[0]) == []
