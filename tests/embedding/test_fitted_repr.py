"""The repr of an embedder: an expression, and once fitted what it stands on."""

import re

import pytest
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline

from sklearn_llmtokens import LLMTokenEmbedder

TEXTS = ["物流很快", "屏幕碎了", "物流很快"]


@pytest.fixture
def embedder():
    embedder = LLMTokenEmbedder("zh-nano").fit(TEXTS)
    embedder.forget(TEXTS)
    return embedder


def test_an_unfitted_embedder_has_the_repr_of_any_estimator():
    assert repr(LLMTokenEmbedder()) == "LLMTokenEmbedder()"


def test_a_fitted_embedder_names_model_fingerprint_and_features(embedder):
    expression, comment = repr(embedder).splitlines()
    assert expression == "LLMTokenEmbedder(model='zh-nano')"
    expected = f"# 'zh-nano' ({embedder.fingerprint_[:8]}), {embedder.n_features_out_} features, cache: "
    assert comment.startswith(expected)


def test_hits_and_misses_are_those_of_the_cache(embedder, tmp_path):
    embedder = embedder.set_params(cache=str(tmp_path)).fit(TEXTS)
    embedder.transform(TEXTS)
    embedder.transform(TEXTS[:1])
    assert repr(embedder).endswith("cache: 1 hits, 2 misses")


def test_the_repr_makes_no_folder_and_never_fails(embedder, tmp_path):
    embedder.set_params(cache=str(tmp_path / "new"))
    assert repr(embedder).endswith("features")
    assert not (tmp_path / "new").exists()
    (tmp_path / f"{embedder.fingerprint_}.sqlite3").write_bytes(b"no database")
    assert "features" in repr(embedder.set_params(cache=str(tmp_path)))
    assert repr(embedder.set_params(cache=None)).endswith("features")


def test_a_pipeline_holds_the_expression_alone(embedder):
    assert "#" not in repr(make_pipeline(embedder, PCA()))


def test_html_has_the_facts_below_the_name_and_the_text_is_still_there(embedder):
    html = embedder._repr_html_()
    caption = re.search(r'<div class="caption">(.*?)</div>', html)[1]
    assert f"({embedder.fingerprint_[:8]}), {embedder.n_features_out_} features" in caption
    assert "fingerprint_" in html
    assert "caption" not in re.sub(r"<style>.*?</style>", "", LLMTokenEmbedder()._repr_html_(), flags=re.DOTALL)
