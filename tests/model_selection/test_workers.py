"""A search in several processes: no worker loads a model after `precompute`; without it no text is encoded twice."""

import os

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from sklearn_llmtokens import LLMTokenEmbedder
from sklearn_llmtokens.model_selection import precompute
from tests.inside import record_texts, spy_on_texts

TEXTS = np.array([f"text {i} {'good' if i % 2 else 'bad'}" for i in range(60)], dtype=object)
Y = np.arange(60) % 2


class CountInThisProcess:
    """A step that gives texts on unchanged, and has those that go through the model written into a file."""

    def __init__(self, path):
        self.path = path

    def __call__(self, texts):
        record_texts(self.path)
        return texts


@pytest.mark.parametrize("prepared", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["cold", "prepared"])
def test_a_search_in_two_processes_encodes_every_text_once(checkpoints, tmp_path, monkeypatch, prepared):
    spy_on_texts(monkeypatch)  # puts back what the step changes here
    seen = tmp_path / "seen"
    seen.touch()
    pipeline = Pipeline(
        [
            ("count", FunctionTransformer(CountInThisProcess(seen))),
            ("embed", LLMTokenEmbedder(str(checkpoints["bert"]), cache=tmp_path / "vectors")),
            ("model", LogisticRegression()),
        ]
    )
    search = GridSearchCV(pipeline, {"embed__pooling": ["mean", "max"], "model__C": [0.1, 1]}, cv=3, n_jobs=2)
    if prepared:
        search = precompute(search, TEXTS, Y)
    search.fit(TEXTS, Y)
    process, text = zip(*(line.split("\t") for line in seen.read_text().splitlines()), strict=True)
    if prepared:
        assert set(map(int, process)) == {os.getpid()}
        assert sorted(text) == sorted(TEXTS)
    else:
        assert os.getpid() not in map(int, process)
        assert sorted(text) == sorted([*TEXTS, *TEXTS])  # two poolings
