"""Passes that go wrong: overflow, memory that does not suffice, interruption; what was computed is kept."""

import numpy as np
import pytest
import torch

from sklearn_llmtokens import LLMTokenEmbedder
from sklearn_llmtokens.exceptions import (
    NonFiniteVectorError,
    OutOfMemoryError,
)
from tests.checkpoints import TEXTS
from tests.embedding.uncached import MANY, embedder
from tests.inside import encoder_of, replace_encode, replace_states, set_chunk_texts


def break_for(monkeypatch, fitted, bad, value=float("nan")):
    """Have the forward pass overflow on sequences of `bad` tokens."""

    def broken(states, groups, layers):
        return [
            {k: torch.full_like(v, value) if group.token_ids.shape[1] == bad else v for k, v in each.items()}
            for group, each in zip(groups, states(groups, layers), strict=True)
        ]

    replace_states(monkeypatch, encoder_of(fitted), broken)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_vector_that_overflows_names_its_text_and_is_not_stored(checkpoints, monkeypatch, value):
    ours = embedder(checkpoints["bert"], cache="memory").fit(TEXTS)
    texts = ["good", "good", "good good good", "friendly"]
    with monkeypatch.context() as patch:
        (tokens,) = ours.transform_tokens(["good good good"])
        break_for(patch, ours, len(tokens.tokens) + 2, value)
        with pytest.raises(NonFiniteVectorError, match=r"^X\[2\] gave NaN or infinity.*float32"):
            ours.transform(texts)
        with pytest.raises(FloatingPointError, match=r"X\[2\]"):
            ours.transform_tokens(texts)
    assert ours.cache_info().rows == 0
    assert np.isfinite(ours.transform(texts)).all()


def limit_rows(monkeypatch, fitted, n_rows, error=None):
    sizes = []

    def limited(states, groups, layers):
        sizes.append(sum(len(group.token_ids) for group in groups))
        if sizes[-1] > n_rows:
            raise error or torch.OutOfMemoryError("CUDA out of memory.")
        return states(groups, layers)

    replace_states(monkeypatch, encoder_of(fitted), limited)
    return sizes


@pytest.mark.parametrize(
    ("n_rows", "error"),
    [
        (1, None),
        (3, MemoryError()),
        (4, RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")),
    ],
)
def test_a_batch_that_does_not_fit_is_halved(checkpoints, monkeypatch, n_rows, error):
    expected = embedder(checkpoints["bert"], normalize=True).fit_transform(MANY)
    tokens = embedder(checkpoints["bert"]).fit(MANY).transform_tokens(MANY)
    sizes = limit_rows(monkeypatch, embedder(checkpoints["bert"]).fit(MANY), n_rows, error)
    np.testing.assert_allclose(embedder(checkpoints["bert"], normalize=True).fit_transform(MANY), expected, atol=3e-7)
    assert max(sizes) > n_rows
    again = embedder(checkpoints["bert"]).fit(MANY).transform_tokens(MANY)
    for a, b in zip(tokens, again, strict=True):
        np.testing.assert_allclose(a.vectors, b.vectors, atol=2e-6)


def test_one_text_that_does_not_fit_is_named_with_its_length(checkpoints, monkeypatch):
    ours = embedder(checkpoints["bert"]).fit(TEXTS)
    limit_rows(monkeypatch, ours, 0)
    with pytest.raises(OutOfMemoryError, match=r"^X\[0\] has 3 tokens, and does not fit into the memory of cpu"):
        ours.transform(["good"])
    with pytest.raises(MemoryError, match=r"^X\[1\] has \d+ tokens"):
        ours.transform_tokens(["good", TEXTS[6]])


def test_other_errors_of_the_model_are_not_hidden(checkpoints, monkeypatch):
    limit_rows(monkeypatch, embedder(checkpoints["bert"]).fit(TEXTS), 0, RuntimeError("something else"))
    with pytest.raises(RuntimeError, match="something else"):
        embedder(checkpoints["bert"]).fit_transform(TEXTS)


def test_an_interrupted_run_keeps_what_was_computed(checkpoints, monkeypatch, texts_through_the_model):
    set_chunk_texts(monkeypatch, 10)
    ours = embedder(checkpoints["bert"], cache="memory").fit(MANY)

    def interrupted(states, groups, layers):
        if len(texts_through_the_model) > 50:
            raise KeyboardInterrupt
        return states(groups, layers)

    with monkeypatch.context() as patch:
        replace_states(patch, encoder_of(ours), interrupted)
        with pytest.raises(KeyboardInterrupt):
            ours.transform(MANY)
    assert ours.cache_info().rows == 50
    texts_through_the_model.clear()
    ours.transform(MANY)
    assert len(texts_through_the_model) == len(MANY) - 50


def test_an_interrupted_transform_keeps_what_it_computed(checkpoints, tmp_path, monkeypatch):
    encoded = []

    def counted(encode, encoder, texts, *args):
        if len(encoded) == 6 and stop:
            raise KeyboardInterrupt
        encoded.extend(texts)
        return encode(encoder, texts, *args)

    set_chunk_texts(monkeypatch, 2)
    replace_encode(monkeypatch, counted)
    embedder = LLMTokenEmbedder(checkpoints["bert"], cache=tmp_path / "vectors").fit(TEXTS)
    stop = True
    with pytest.raises(KeyboardInterrupt):
        embedder.transform(TEXTS)
    stop = False
    rows = embedder.transform(TEXTS)
    assert sorted(encoded) == sorted(TEXTS)
    np.testing.assert_allclose(rows, embedder.set_params(cache=None).transform(TEXTS), atol=1e-6)
