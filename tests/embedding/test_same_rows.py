"""Rows do not depend on order, company or copies, and each text goes through the model once, whoever asks."""

import shutil

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.base import clone

from sklearn_llmtokens.exceptions import (
    StoreWarning,
)
from tests.checkpoints import FAMILIES, TEXTS
from tests.embedding.uncached import MANY, embedder
from tests.inside import set_chunk_texts


@pytest.mark.parametrize("kind", FAMILIES)
def test_order_changes_nothing(checkpoints, kind):
    order = np.random.default_rng(0).permutation(len(MANY))
    fitted = embedder(checkpoints[kind]).fit(MANY)
    np.testing.assert_array_equal(fitted.transform([MANY[i] for i in order]), fitted.transform(MANY)[order])


@pytest.mark.parametrize("kind", FAMILIES)
@pytest.mark.parametrize("pooling", ["mean", "last"])
def test_a_subset_has_the_same_rows(checkpoints, kind, pooling):
    fitted = embedder(checkpoints[kind], pooling=pooling, normalize=True).fit(MANY)
    whole = fitted.transform(MANY)
    for rows in ([7], list(range(0, 150, 3)), list(range(20))):
        # A few units in the last place of the largest of 32 features; models of hundreds of features stay below 1e-7.
        np.testing.assert_allclose(fitted.transform([MANY[i] for i in rows]), whole[rows], atol=5e-7, rtol=0)


def test_a_subset_has_the_same_rows_to_a_tenth_of_a_millionth():
    texts = [*MANY[:40], "物流很快，包装完好，下次还来买" * 3, "屏幕太暗了"]
    fitted = embedder("zh-mini").fit(texts)
    whole = fitted.transform(texts)
    for rows in ([3], [40, 41], list(range(0, 42, 5))):
        np.testing.assert_allclose(fitted.transform([texts[i] for i in rows]), whole[rows], atol=1e-7, rtol=0)


@pytest.mark.parametrize("dtype", ["float32", "int8"])
def test_a_text_of_one_token_has_the_same_row_alone(dtype):
    texts = ["", "a", "１２３", "ok", "好", "物流很快，包装完好，下次还来买"]
    fitted = embedder("zh-mini", dtype=dtype).fit(texts)
    alone = np.concatenate([fitted.transform([text]) for text in texts])
    np.testing.assert_allclose(alone, fitted.transform(texts), atol=1e-7, rtol=0)


@pytest.mark.parametrize("kind", FAMILIES)
def test_a_text_of_one_character_has_the_same_row_alone(checkpoints, kind):
    for prompt in ("auto", "这是一条很长的提示，请先读完它再看后面的文字：{text}"):
        fitted = embedder(checkpoints[kind], normalize=True, prompt=prompt).fit(MANY)
        alone = np.concatenate([fitted.transform([text]) for text in ("a", "好")])
        np.testing.assert_allclose(alone, fitted.transform(["a", "好", *MANY[:9]])[:2], atol=5e-7, rtol=0)


def test_order_changes_nothing_in_8_bits(checkpoints):
    fitted = embedder(checkpoints["bert"], dtype="int8", normalize=True).fit(MANY)
    whole = fitted.transform(MANY)
    np.testing.assert_array_equal(fitted.transform(MANY[::-1]), whole[::-1])
    np.testing.assert_allclose(fitted.transform(MANY[:9]), whole[:9], atol=5e-7)


@pytest.mark.parametrize("cache", [None, "memory"])
def test_duplicates_are_encoded_once(checkpoints, texts_through_the_model, cache):
    rows = embedder(checkpoints["bert"], cache=cache).fit_transform([*TEXTS, *TEXTS, TEXTS[0]])
    assert sorted(texts_through_the_model) == sorted(TEXTS)
    np.testing.assert_array_equal(rows[:8], rows[8:16])


def test_memory_serves_clones_and_other_estimators(checkpoints, texts_through_the_model):
    first = embedder(checkpoints["bert"], cache="memory")
    expected = first.fit_transform(TEXTS)
    np.testing.assert_array_equal(clone(first).fit_transform([*TEXTS, "new"])[:-1], expected)
    assert len(texts_through_the_model) == len(TEXTS) + 1
    assert first.cache_info().rows == len(TEXTS) + 1
    assert first.forget(TEXTS[:3]) == 3
    first.transform(TEXTS)
    assert len(texts_through_the_model) == len(TEXTS) + 4


def test_a_store_in_a_folder_serves_later_estimators(checkpoints, tmp_path, texts_through_the_model):
    first = embedder(checkpoints["bert"], cache=tmp_path / "store").fit_transform(TEXTS)
    np.testing.assert_array_equal(embedder(checkpoints["bert"], cache=tmp_path / "store").fit_transform(TEXTS), first)
    assert len(texts_through_the_model) == len(TEXTS)


@given(data=st.data())
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@pytest.mark.parametrize("kind", ["bert", "gpt2"])
@pytest.mark.filterwarnings("ignore:.*were cut")
def test_any_text_in_any_order_and_number(checkpoints, kind, data):
    text = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
    texts = data.draw(st.lists(text, min_size=1, max_size=8))
    picked = data.draw(st.lists(st.integers(0, len(texts) - 1), min_size=1, max_size=12))
    fitted = embedder(checkpoints[kind], normalize=True).fit(texts)
    rows = fitted.transform(texts)
    assert rows.shape == (len(texts), 32)
    assert np.isfinite(rows).all()
    np.testing.assert_allclose(fitted.transform([texts[i] for i in picked]), rows[picked], atol=3e-7)


def test_many_shards_are_put_together_in_order(checkpoints, monkeypatch):
    expected = embedder(checkpoints["bert"], normalize=True).fit_transform(MANY)
    set_chunk_texts(monkeypatch, 7)
    found = embedder(checkpoints["bert"], normalize=True).fit_transform(MANY)
    np.testing.assert_allclose(found, expected, atol=3e-7)


@pytest.mark.parametrize("on_disk", [False, True])
def test_a_text_that_is_not_in_the_store_is_one_miss(checkpoints, tmp_path, on_disk):
    texts = [f"text {i} of this test" for i in range(30)]
    ours = embedder(checkpoints["bert"], cache=str(tmp_path / "store") if on_disk else "memory").fit(texts)
    before = ours.cache_info()
    ours.transform(texts)
    cold = ours.cache_info()
    ours.transform(texts)
    warm = ours.cache_info()
    assert (cold.hits - before.hits, cold.misses - before.misses) == (0, 30)
    assert (warm.hits - cold.hits, warm.misses - cold.misses) == (30, 0)


def test_a_damaged_row_is_warned_of_once(checkpoints, tmp_path):
    texts = [f"text {i} of this test" for i in range(30)]
    vectors = embedder(checkpoints["bert"], cache=tmp_path / "store").fit_transform(texts)
    shutil.copytree(tmp_path / "store", tmp_path / "copy")
    ours = embedder(checkpoints["bert"], cache=tmp_path / "copy").fit(texts)
    (path,) = (tmp_path / "copy").glob("*.sqlite3")
    data = path.read_bytes()
    at = data.index(vectors[7].tobytes())
    path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
    with pytest.warns(StoreWarning, match="1 damaged row") as caught:
        again = ours.transform(texts)
    assert len(caught) == 1
    np.testing.assert_array_equal(again, vectors)
