"""The script that chose the recipe for catalogues measures the recipe that the package has."""

import importlib
from pathlib import Path

import pytest

from sklearn_llmtokens import text_recommender
from sklearn_llmtokens.datasets import load_toy_catalog
from sklearn_llmtokens.recommend import Catalog, GlobalTimeSplit, make_queries, recall_at_k

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def script(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module("ranking_choice")


@pytest.fixture
def toy():
    events = load_toy_catalog()
    return Catalog(events.ids, events.texts), make_queries(events.events)


def test_its_recipe_is_that_of_text_recommender(script, toy):
    some = ["the recipe", "the recipe, default weights", "lexical, .8 to the age", "and popularity, drawn to .2"]
    combinations = {label: script.COMBINATIONS[label] for label in some}
    catalog, (X, y, groups, times) = toy
    train, test = next(GlobalTimeSplit(times, quantile=0.8).split(X, y, groups))
    sequences = [[*history, target] for history, target in zip(X[train][:150], y[train][:150], strict=True)]
    queries = {"next": (X[test], y[test])}
    found = script.fit_tables(catalog, script.make_parts(catalog), combinations, sequences, queries)

    assert list(found) == some
    model = text_recommender(catalog).fit(sequences)
    expected = recall_at_k(y[test], model.recommend(X[test], k=10), k=10)
    assert found["the recipe"]["next"] == pytest.approx(expected, abs=5e-5)
    assert len({row["next"] for row in found.values()}) > 1  # combinations differ


def test_it_ranks_candidates_by_what_they_say(script, toy):
    catalog, (X, y, _, _) = toy
    sequences = [[*history, target] for history, target in zip(X, y, strict=True)]
    found = script.text_tables(catalog, script.make_parts(catalog), sequences, 200)
    assert list(found) == list(script.TEXT_COMBINATIONS)
    assert all(0.3 < value < 1 for value in found.values())  # by chance .28
