"""Searches that cannot be prepared are refused, with the reason, before anything is embedded."""

import pytest
from sklearn.base import BaseEstimator
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
)
from sklearn.pipeline import Pipeline, make_pipeline

from sklearn_llmtokens import LLMTokenEmbedder
from sklearn_llmtokens.model_selection import precompute
from tests.inside import spy_on_texts

TEXTS = [f"text {i}" for i in range(10)]
Y = [0, 1] * 5


@pytest.fixture
def encoded(monkeypatch):
    """The texts that go through the model, in order."""
    return spy_on_texts(monkeypatch)


@pytest.fixture
def pipeline(checkpoints):
    return Pipeline([("embed", LLMTokenEmbedder(str(checkpoints["bert"]))), ("model", LogisticRegression())])


@pytest.mark.parametrize("cache", [None, "memory"])
def test_a_search_that_tries_stores_is_refused(pipeline, encoded, tmp_path, monkeypatch, cache):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=f"tries cache={cache!r} of an embedder.*leave cache out"):
        precompute(GridSearchCV(pipeline, {"embed__cache": [cache]}), TEXTS, Y, cache="vectors")
    assert encoded == []
    assert not (tmp_path / "None").exists()


class Adaptive(BaseEstimator):
    """A search that draws each candidate when it knows the scores of those before."""

    def __init__(self, estimator, param_distributions, n_trials=10, random_state=None):
        self.estimator = estimator
        self.param_distributions = param_distributions
        self.n_trials = n_trials
        self.random_state = random_state


@pytest.mark.parametrize("wrap", [lambda search: search, lambda search: Pipeline([("search", search)])])
def test_a_search_that_cannot_be_foreseen_is_refused(pipeline, encoded, tmp_path, wrap):
    with pytest.raises(ValueError, match=r"What Adaptive will try cannot be known.*GridSearchCV"):
        precompute(wrap(Adaptive(pipeline, {"embed__layer": [-1, 0]})), TEXTS, Y, cache=tmp_path)
    assert encoded == []


def test_no_embedder_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="There is no LLMTokenEmbedder in GridSearchCV"):
        precompute(GridSearchCV(make_pipeline(TfidfVectorizer()), {}), TEXTS, cache=tmp_path)


def test_the_memory_of_a_process_is_no_place_for_it(pipeline):
    with pytest.raises(ValueError, match="not shared with the worker processes"):
        precompute(pipeline, TEXTS, cache="memory")


def test_a_candidate_that_does_not_suit_the_checkpoint_is_an_error_before_the_pass(pipeline, encoded, tmp_path):
    with pytest.raises(ValueError, match="layer=99"):
        precompute(GridSearchCV(pipeline, {"embed__layer": [-1, 99]}), TEXTS, Y, cache=tmp_path)
    assert encoded == []
