"""transform(out=): rows into an array that is there already."""

import numpy as np
import pytest
from sklearn import config_context

from sklearn_llmtokens import LLMTokenEmbedder
from tests.checkpoints import HIDDEN, TEXTS
from tests.inside import replace_encode


def test_out_gets_the_rows_in_place(checkpoints, tmp_path):
    texts = TEXTS + TEXTS[::-1]
    embedder = LLMTokenEmbedder(checkpoints["bert"], cache=None, normalize=True).fit(texts)
    rows = embedder.transform(texts)
    for dtype, tolerance in ((np.float32, 0), (np.float16, 1e-3)):
        out = np.memmap(tmp_path / np.dtype(dtype).name, dtype, "w+", shape=rows.shape)
        assert embedder.transform(texts, out=out) is out
        np.testing.assert_allclose(out, rows, atol=tolerance, rtol=0)


@pytest.mark.parametrize("output", ["default", "pandas", "polars"])
def test_fit_transform_takes_out_too(checkpoints, tmp_path, output):
    embedder = LLMTokenEmbedder(checkpoints["bert"]).set_output(transform=output)
    out = np.memmap(tmp_path / "rows", np.float32, "w+", shape=(len(TEXTS), HIDDEN))
    returned = embedder.fit_transform(TEXTS, out=out)
    assert (returned is out) == (output == "default")
    expected = LLMTokenEmbedder(checkpoints["bert"]).fit_transform(TEXTS)
    np.testing.assert_array_equal(out, expected)
    np.testing.assert_array_equal(returned, expected)
    assert embedder.fit_transform(TEXTS, None).shape == expected.shape
    with config_context(enable_metadata_routing=True):
        assert LLMTokenEmbedder(checkpoints["bert"]).fit_transform(TEXTS, out=out) is out


def test_out_with_missing_texts_and_columns(checkpoints):
    X = np.array([["good", None], [None, "good"], ["屏幕", "good"]], dtype=object)
    embedder = LLMTokenEmbedder(checkpoints["bert"], missing="zero").fit(X)
    out = np.full((3, 2 * HIDDEN), 7, dtype=np.float32)
    embedder.transform(X, out=out)
    good = embedder.transform(np.array([["good", "good"]]))[0, :HIDDEN]
    np.testing.assert_allclose(out[0], np.r_[good, np.zeros(HIDDEN)], atol=1e-6)
    np.testing.assert_allclose(out[1], np.r_[np.zeros(HIDDEN), good], atol=1e-6)
    np.testing.assert_allclose(out[2, HIDDEN:], good, atol=1e-6)


@pytest.mark.parametrize("cache", [None, "memory"])
def test_a_value_that_half_precision_cannot_hold_is_refused_with_its_row(checkpoints, monkeypatch, cache):
    """The second time the vector comes from the store."""

    def encode_large(encode, encoder, texts, *arguments, **keywords):
        encoded = encode(encoder, texts, *arguments, **keywords)
        for vectors in encoded.vectors:
            vectors[[text == "large" for text in texts], 0] = 1e5
        return encoded

    replace_encode(monkeypatch, encode_large)
    texts = ["small", "large", "small"]
    embedder = LLMTokenEmbedder(checkpoints["bert"], cache=cache, normalize=False).fit(texts)
    for _ in range(2):
        with pytest.raises(FloatingPointError, match=r"^X\[1\] .*float16"):
            embedder.transform(texts, out=np.empty((3, HIDDEN), np.float16))
    assert embedder.transform(texts, out=np.empty((3, HIDDEN), np.float32))[1, 0] == 1e5
    if cache:
        embedder.forget(texts)


@pytest.mark.parametrize(
    ("out", "error"),
    [
        (np.empty((2, HIDDEN)), TypeError),
        ([[0.0] * HIDDEN] * 2, TypeError),
        (np.empty((3, HIDDEN), np.float32), ValueError),
        (np.empty((2, 2 * HIDDEN), np.float32)[:, ::2], ValueError),
    ],
)
def test_out_that_cannot_hold_the_rows_is_refused(checkpoints, out, error):
    embedder = LLMTokenEmbedder(checkpoints["bert"]).fit(TEXTS)
    with pytest.raises(error, match="out must be"):
        embedder.transform(TEXTS[:2], out=out)
