"""From an estimator to its page on the site."""

import inspect
import tomllib
from pathlib import Path

import pytest
from sklearn.base import BaseEstimator

from sklearn_llmtokens import EmbeddingPCA, text_pipeline
from tests.test_project import OBJECTS

ROOT = Path(__file__).parents[2]
SITE = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["urls"]["Documentation"]
ESTIMATORS = {
    f"{value.__module__}.{value.__name__}": value
    for value in OBJECTS.values()
    if inspect.isclass(value) and issubclass(value, BaseEstimator)
}


@pytest.mark.parametrize("name", ESTIMATORS)
def test_the_link_of_an_estimator_is_its_page_of_the_reference(name):
    estimator = ESTIMATORS[name].__new__(ESTIMATORS[name])
    assert estimator._get_doc_link() == f"{SITE}/reference/generated/{name}.html"


def test_html_has_links_for_our_steps_and_those_of_scikit_learn():
    html = text_pipeline(embedder="zh-nano")._repr_html_()
    for page in ("text.TableReader", "embedding.LLMTokenEmbedder", "features.TableFeatures", "TextPipeline"):
        assert f'href="{SITE}/reference/generated/sklearn_llmtokens.{page}.html"' in html
    assert "https://scikit-learn.org/" in html


def test_a_subclass_elsewhere_has_no_link():
    class Mine(EmbeddingPCA):
        pass

    assert Mine()._get_doc_link() == ""
