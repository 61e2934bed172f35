"""What a prompt puts before every text is run once: the rows are those of whole sequences, in every pooling."""

import numpy as np
import pytest
import torch

from sklearn_llmtokens import LLMTokenEmbedder
from sklearn_llmtokens.embedding._spec import ForwardSpec
from sklearn_llmtokens.embedding._torch import _continued, _encode, load
from sklearn_llmtokens.embedding._torch._continued import begins_with, find_prefix, shared_ids
from tests.checkpoints import CAUSAL, TEXTS
from tests.embedding.oracle import NaiveModel, assert_close, embed

BEFORE = "A very long description of a very ordinary pair: "
POOLINGS = ("mean", "last", "weighted_mean", "max", "cls")


def embedder(folder, **params):
    return LLMTokenEmbedder(folder, **{"cache": None, "normalize": False, "prompt": BEFORE + "{text}", **params})


@pytest.fixture
def found(monkeypatch):
    """What was found at each batch that begins with the shared tokens."""
    seen = []

    def spy(*args):
        seen.append(find_prefix(*args))
        return seen[-1]

    monkeypatch.setattr(_encode, "find_prefix", spy)
    return seen


@pytest.mark.parametrize("kind", CAUSAL)
@pytest.mark.parametrize("layer", [-1, 0, 1, (0, 2, -1)])
def test_rows_are_those_of_whole_sequences(checkpoints, found, kind, layer):
    rows = embedder(checkpoints[kind], pooling=POOLINGS, layer=layer).fit_transform(TEXTS)
    assert found
    assert all((prefix is None) == (layer == 0) for prefix in found)  # the embeddings alone have nothing to share
    model = NaiveModel(checkpoints[kind])
    expected = embed(model, [BEFORE + t for t in TEXTS], POOLINGS, layer if isinstance(layer, tuple) else (layer,))
    assert_close(rows, expected)


@pytest.mark.parametrize("kind", CAUSAL)
def test_a_row_does_not_depend_on_its_batch(checkpoints, kind):
    fitted = embedder(checkpoints[kind], normalize=True).fit(TEXTS)
    whole = fitted.transform(TEXTS)
    for i in range(len(TEXTS)):
        np.testing.assert_allclose(fitted.transform([TEXTS[i]])[0], whole[i], atol=5e-7)


@pytest.mark.parametrize("kind", CAUSAL)
def test_texts_of_several_lengths_are_one_pass(checkpoints, kind, monkeypatch):
    passes = []
    original = _encode.packed_states
    monkeypatch.setattr(_encode, "packed_states", lambda *args: passes.append(len(args[1])) or original(*args))
    monkeypatch.setattr(_encode, "continued_states", lambda *args: pytest.fail("a length had a pass of its own"))
    embedder(checkpoints[kind], batch_tokens=10_000).fit_transform(TEXTS)
    assert len(passes) == 1
    assert passes[0] > 3


def test_a_model_that_cannot_pack_them_runs_one_length_at_a_time(checkpoints, monkeypatch):
    params = {"prompt": "A prompt that nobody else has: {text}", "pooling": POOLINGS}
    expected = embedder(checkpoints["llama"], **params).fit_transform(TEXTS)
    passes = []
    original = _encode.continued_states
    monkeypatch.setattr(_continued, "_known", {})
    monkeypatch.setattr(_continued, "find_offset", lambda loaded: None)
    monkeypatch.setattr(_encode, "continued_states", lambda *args: passes.append(1) or original(*args))
    assert_close(embedder(checkpoints["llama"], **params).fit_transform(TEXTS), expected)
    assert len(passes) > 3


def test_the_prefix_is_run_once(checkpoints, monkeypatch):
    runs = []
    run = _continued._run
    monkeypatch.setattr(_continued, "_run", lambda *args: runs.append(args[1]) or run(*args))
    fitted = embedder(checkpoints["llama"], prompt="Once and for all, said nobody: {text}").fit(TEXTS)
    fitted.transform(TEXTS)
    fitted.transform(TEXTS[:2])
    assert len(runs) == 1


def test_encoders_and_short_prompts_share_nothing(checkpoints, found):
    embedder(checkpoints["bert"]).fit_transform(TEXTS)
    embedder(checkpoints["llama"], prompt="a{text}").fit_transform(TEXTS)
    embedder(checkpoints["llama"], prompt=None).fit_transform(TEXTS)
    assert found == []


def test_tokens_that_merge_with_the_text_are_not_shared(checkpoints):
    fitted = embedder(checkpoints["llama"]).fit(TEXTS)
    forward = ForwardSpec(**fitted.spec_["forward"])
    tokenizer = load(forward, "cpu").tokenizer
    shared = shared_ids(tokenizer, forward, "cpu")
    whole = tokenizer.backend.encode(BEFORE + "good").ids
    assert tuple(whole[: len(shared)]) == shared
    assert len(shared) < len(tokenizer.prefix) + len(tokenizer.backend.encode(BEFORE, add_special_tokens=False).ids)
    assert shared_ids(tokenizer, forward, "cuda:0") == ()


def test_a_sequence_that_begins_otherwise_is_run_whole(checkpoints, monkeypatch):
    expected = embedder(checkpoints["llama"]).fit_transform(TEXTS)
    monkeypatch.setattr(_encode, "begins_with", lambda ids, shared: begins_with(ids, shared) and len(ids) % 2 == 0)
    assert_close(embedder(checkpoints["llama"]).fit_transform(TEXTS), expected)


def test_begins_with_wants_more_than_the_shared_tokens():
    assert begins_with([1, 2, 3], (1, 2))
    assert not begins_with([1, 2], (1, 2))
    assert not begins_with([1, 3, 2], (1, 2))
    assert not begins_with([1, 2], ())


def test_a_model_that_shares_wrongly_is_found_out(checkpoints, found, monkeypatch):
    expected = embedder(checkpoints["qwen3"], prompt="It is not to be trusted: {text}").fit_transform(TEXTS)
    monkeypatch.setattr(_continued, "_known", {})
    cache = _continued.Prefix.cache

    def wrong(self, model, n_sequences):
        made = cache(self, model, n_sequences)
        for layer in made.layers:
            layer.values = torch.zeros_like(layer.values)
        return made

    monkeypatch.setattr(_continued.Prefix, "cache", wrong)
    found.clear()
    rows = embedder(checkpoints["qwen3"], prompt="It is not to be trusted: {text}").fit_transform(TEXTS)
    assert found
    assert all(prefix is None for prefix in found)
    assert_close(rows, expected)
