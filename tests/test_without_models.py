"""An installation without torch and transformers serves all but language models, and says what a model needs."""

import json
import os
import pickle
import subprocess
import sys

import pytest

from sklearn_llmtokens import LLMTokenEmbedder

MODEL_PACKAGES = ("torch", "transformers", "tokenizers", "huggingface_hub", "sentence_transformers")

_BLOCK = """
import json, sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ABSENT:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

ABSENT = set(json.loads(sys.argv[1]))
sys.meta_path.insert(0, Absent())

def answer(call):
    try:
        return call()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
"""

_WITHOUT = """
from importlib import import_module
from pkgutil import iter_modules

import sklearn_llmtokens
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn_llmtokens import *
from sklearn_llmtokens.recommend import make_queries

modules = [m.name for m in iter_modules(sklearn_llmtokens.__path__) if not m.name.startswith("_")]
for name in modules:
    import_module(f"sklearn_llmtokens.{name}")
toy = sklearn_llmtokens.datasets.load_toy_catalog()
catalog = Catalog(toy.ids, toy.texts)
histories, targets, *_ = make_queries(toy.events)
words = TfidfVectorizer(analyzer=JiebaTokenizer())
recommenders = [
    PopularityRecommender(catalog),
    ContentRecommender(catalog, embedder=words),
    EASERecommender(catalog),
    text_recommender(catalog, embedder=words),
]
ranked = [len(recommender.fit(histories, targets).recommend(histories[:2], k=3)) for recommender in recommenders]
print(json.dumps({
    "ranked": ranked,
    "words": JiebaTokenizer().fit_transform(["物流很快"]).tolist(),
    "normalized": TextNormalizer().fit_transform(["ＡＢＣ"]).tolist(),
    "terms": words.fit(["味道发苦"]).transform(["味道"]).nnz,
    "repr": repr(LLMTokenEmbedder()),
}))
"""

_ASKED_FOR_A_MODEL = """
import pickle

from sklearn_llmtokens import Catalog, LLMTokenEmbedder, text_pipeline, text_recommender

print(json.dumps([
    answer(lambda: LLMTokenEmbedder().fit(["a"])),
    answer(lambda: LLMTokenEmbedder(cache=None).fit_transform(["a"])),
    answer(lambda: text_pipeline().fit(["a", "b"], [0, 1])),
    answer(lambda: text_recommender(Catalog([1, 2], ["a", "b"])).fit([[1]], [2])),
    answer(lambda: pickle.loads(bytes.fromhex(sys.argv[2])).transform(["a"])),
]))
"""


def run(code, absent, *arguments):
    done = subprocess.run(
        [sys.executable, "-c", _BLOCK + code, json.dumps(absent), *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_text_and_recommend_work_without_what_models_need():
    assert run(_WITHOUT, MODEL_PACKAGES) == {
        "ranked": [2, 2, 2, 2],
        "words": ["物流 很快"],
        "normalized": ["ABC"],
        "terms": 1,
        "repr": "LLMTokenEmbedder()",
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("absent", "named"),
    [
        (MODEL_PACKAGES, "torch"),
        (["torch"], "torch"),
        (["transformers"], "transformers"),
        (["tokenizers"], "tokenizers"),
    ],
    ids=lambda value: value if isinstance(value, str) else "without",
)
def test_a_model_says_what_to_install(absent, named):
    fitted = pickle.dumps(LLMTokenEmbedder().fit(["a"])).hex()
    message = f"A language model needs '{named}', which is not installed: pip install torch transformers"
    assert run(_ASKED_FOR_A_MODEL, absent, fitted) == [f"MissingDependencyError: {message}"] * 5


def test_a_model_of_the_hub_says_what_to_install():
    code = """
from sklearn_llmtokens import LLMTokenEmbedder
print(json.dumps(answer(lambda: LLMTokenEmbedder("org/name").fit(["a"]))))
"""
    message = "A model of the Hub needs 'huggingface_hub', which is not installed: pip install torch transformers"
    assert run(code, MODEL_PACKAGES) == f"MissingDependencyError: {message}"
