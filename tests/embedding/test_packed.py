"""Texts of several lengths in one row without padding give what each gives alone."""

import os
import threading
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_llmtokens import LLMTokenEmbedder
from sklearn_llmtokens.embedding._spec import ForwardSpec
from sklearn_llmtokens.embedding._torch import _encode, _packed, load
from sklearn_llmtokens.embedding._torch._hidden import hidden_states
from sklearn_llmtokens.embedding._torch._packed import find_offset, packed_states
from tests.checkpoints import CAUSAL, N_LAYERS, TEXTS

OFFSETS = {"bert": 0, "roberta": 2, "xlm-roberta": 2, "gpt2": 0, "qwen3": 0, "llama": 0, "t5": None}


def loaded_model(folder, **params):
    """Load a model that is run by transformers, whether it has a lean form or not."""
    fitted = LLMTokenEmbedder(folder, cache=None, **params).fit(TEXTS)
    return replace(load(ForwardSpec(**fitted.spec_["forward"]), "cpu"), lean=None)


@pytest.mark.parametrize("kind", OFFSETS)
def test_positions_are_found_out(checkpoints, kind):
    assert find_offset(loaded_model(checkpoints[kind])) == OFFSETS[kind]


def test_windows_of_attention_are_not_packed(checkpoints):
    assert find_offset(loaded_model(checkpoints["modernbert"])) is None


@pytest.mark.parametrize("kind", [kind for kind, offset in OFFSETS.items() if offset is not None])
@pytest.mark.parametrize("dtype", ["float32", "int8"])
def test_each_group_has_the_hidden_states_of_a_pass_of_its_own(checkpoints, kind, dtype):
    loaded = loaded_model(checkpoints[kind], dtype=dtype)
    generator = torch.Generator().manual_seed(0)
    groups = [torch.randint(4, 60, shape, generator=generator) for shape in ((2, 9), (1, 4), (3, 1))]
    layers = range(N_LAYERS + 1)
    found = packed_states(loaded, groups, layers, find_offset(loaded))
    for ids, states in zip(groups, found, strict=True):
        expected = hidden_states(loaded, ids, None, layers)
        for layer in layers:
            assert states[layer].shape == (*ids.shape, 32)
            np.testing.assert_allclose(states[layer], expected[layer], atol=2e-6 * float(expected[layer].abs().max()))


@pytest.mark.filterwarnings("ignore:dtype=.*is emulated")
@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("kind", [kind for kind, offset in OFFSETS.items() if offset is not None])
def test_half_precision_is_packed_and_keeps_the_direction(checkpoints, kind, dtype):
    params = {"cache": None, "pooling": ("mean", "last"), "normalize": True}
    exact = LLMTokenEmbedder(checkpoints[kind], **params).fit_transform(TEXTS)
    fitted = LLMTokenEmbedder(checkpoints[kind], dtype=dtype, **params).fit(TEXTS)
    loaded = load(ForwardSpec(**fitted.spec_["forward"]), "cpu")
    assert next(loaded.model.parameters()).dtype == getattr(torch, dtype)
    assert find_offset(loaded) == OFFSETS[kind]
    assert (loaded.lean is None) == (kind in CAUSAL)
    found = fitted.transform(TEXTS)
    assert found.dtype == np.float32
    assert (found * exact).sum(axis=1).min() > (0.999 if dtype == "bfloat16" else 0.99999)
    alone = np.vstack([fitted.transform([text]) for text in TEXTS])
    assert (found * alone).sum(axis=1).min() > 0.9999


@given(st.lists(st.integers(0, len(TEXTS) - 1), min_size=1, max_size=8, unique=True), st.integers(1, 200))
@settings(max_examples=25, deadline=None)
def test_company_and_batch_do_not_matter(checkpoints, idx, batch_tokens):
    params = {"cache": None, "normalize": True, "pooling": ("mean", "last")}
    whole = LLMTokenEmbedder(checkpoints["bert"], **params).fit_transform(TEXTS)
    part = LLMTokenEmbedder(checkpoints["bert"], batch_tokens=batch_tokens, **params)
    np.testing.assert_allclose(part.fit_transform([TEXTS[i] for i in idx]), whole[idx], atol=3e-7)


def test_few_texts_make_one_pass(checkpoints, monkeypatch):
    passes = []
    original = _encode.packed_states
    monkeypatch.setattr(_encode, "packed_states", lambda *args: passes.append(len(args[1])) or original(*args))
    monkeypatch.setattr(_encode, "hidden_states", lambda *args: pytest.fail("a length had a pass of its own"))
    LLMTokenEmbedder(checkpoints["bert"], cache=None).fit_transform(TEXTS)
    assert passes == [passes[0]]
    assert passes[0] > 3


def test_a_text_with_the_padding_token_is_run_apart(checkpoints):
    """RoBERTa numbers positions past its padding index, and stops counting at that token."""
    texts = [*TEXTS, "good <pad> good"]
    params = {"cache": None, "normalize": True, "pooling": "last"}
    fitted = LLMTokenEmbedder(checkpoints["roberta"], **params).fit(texts)
    alone = np.vstack([fitted.transform([text]) for text in texts])
    np.testing.assert_allclose(fitted.transform(texts), alone, atol=3e-7)


def test_what_cannot_be_packed_is_seen(checkpoints, monkeypatch):
    loaded = loaded_model(checkpoints["llama"])
    monkeypatch.setattr(_packed, "_offsets", {})
    monkeypatch.setattr(loaded.model.config, "rope_parameters", {"rope_type": "dynamic"})
    assert find_offset(loaded) is None
    module = torch.nn.Identity()
    q = torch.zeros(1, 2, 3, 4)
    with pytest.raises(ValueError, match="cannot be packed"):
        _packed._attend(module, q, q, q, None, sliding_window=4)
    with pytest.raises(ValueError, match="cannot be packed"):
        _packed._attend(module, q, q, q, torch.ones(1, 1, 3, 3))


def test_the_model_has_its_own_attention_back(checkpoints):
    loaded = loaded_model(checkpoints["bert"])
    before = loaded.model.config._attn_implementation
    with pytest.raises(IndexError):
        packed_states(loaded, [torch.tensor([[4, 5]]), torch.tensor([[10**6]])], [N_LAYERS], 0)
    assert loaded.model.config._attn_implementation == before
    assert _packed._shapes == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
def test_a_child_forked_during_a_pass_has_the_models_own_attention(checkpoints):
    loaded = loaded_model(checkpoints["bert"])
    with _packed._packed_attention(loaded.model, [(1, 2)]):
        pid = os.fork()
        if pid == 0:
            os._exit(int(loaded.model.config._attn_implementation == _packed._NAME or bool(_packed._shapes)))
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        assert loaded.model.config._attn_implementation == _packed._NAME


def test_threads_do_not_see_each_others_rows(checkpoints):
    fitted = {kind: LLMTokenEmbedder(checkpoints[kind], cache=None).fit(TEXTS) for kind in ("bert", "llama")}
    expected = {kind: each.transform(TEXTS) for kind, each in fitted.items()}
    wrong = []

    def run(kind):
        for k in range(5):
            texts = TEXTS[k % 3 :]
            if np.abs(fitted[kind].transform(texts) - expected[kind][k % 3 :]).max() > 1e-4:
                wrong.append(kind)

    threads = [threading.Thread(target=run, args=(kind,)) for kind in ("bert", "llama") * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
