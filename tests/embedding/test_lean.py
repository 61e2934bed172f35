"""The lean form of a model gives the hidden states that transformers gives, or there is none."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel, LongformerConfig, LongformerModel

from sklearn_llmtokens import LLMTokenEmbedder
from sklearn_llmtokens.embedding._spec import ForwardSpec
from sklearn_llmtokens.embedding._torch import _encode, _lean, load
from sklearn_llmtokens.embedding._torch._hidden import hidden_states
from sklearn_llmtokens.embedding._torch._lean import LeanEncoder, find_lean
from sklearn_llmtokens.embedding._torch._precision import Int8Product
from tests.checkpoints import N_LAYERS, TEXTS

OFFSETS = {"bert": 0, "roberta": 2, "xlm-roberta": 2}
SHAPES = ((2, 9), (1, 4), (3, 1), (1, 20))


def loaded_model(folder, **params):
    fitted = LLMTokenEmbedder(folder, cache=None, **params).fit(TEXTS)
    return load(ForwardSpec(**fitted.spec_["forward"]), "cpu")


def random_groups():
    generator = torch.Generator().manual_seed(0)
    return [torch.randint(4, 60, shape, generator=generator) for shape in SHAPES]


def random_bert(**params):
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=50,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=48,
        max_position_embeddings=16,
        **params,
    )
    return BertModel(config).eval().requires_grad_(False)


@pytest.mark.parametrize("kind", OFFSETS)
def test_hidden_states_are_those_of_transformers(checkpoints, kind):
    loaded = loaded_model(checkpoints[kind])
    assert loaded.lean.offset == OFFSETS[kind]
    groups, layers = random_groups(), range(N_LAYERS + 1)
    for ids, states in zip(groups, loaded.lean.states(groups, layers), strict=True):
        expected = hidden_states(loaded, ids, None, layers)
        assert set(states) == set(layers)
        for layer in layers:
            assert states[layer].shape == expected[layer].shape
            np.testing.assert_allclose(states[layer], expected[layer], atol=2e-6 * float(expected[layer].abs().max()))


def test_it_stops_at_the_deepest_layer(checkpoints, monkeypatch):
    lean = loaded_model(checkpoints["bert"]).lean
    runs = []
    original = _lean._attend
    monkeypatch.setattr(_lean, "_attend", lambda *args: runs.append(1) or original(*args))
    assert list(lean.states(random_groups(), {0})[0]) == [0]
    assert runs == []
    lean.states(random_groups(), {0, 1})
    assert runs == [1]


@pytest.mark.parametrize("kind", ["gpt2", "llama", "qwen3", "t5", "modernbert"])
def test_other_models_have_none(checkpoints, kind):
    assert loaded_model(checkpoints[kind]).lean is None


def test_a_model_that_looks_alike_and_gives_something_else_has_none():
    assert find_lean(random_bert(), "cpu") is not None
    assert find_lean(random_bert(is_decoder=True), "cpu") is None
    assert find_lean(random_bert(), "cuda") is None


def test_a_model_that_differs_on_long_texts_alone_has_none():
    sizes = {"vocab_size": 50, "hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 4}
    config = LongformerConfig(**sizes, intermediate_size=48, attention_window=[8], pad_token_id=1)
    assert find_lean(LongformerModel(config).eval(), "cpu") is None


def test_code_of_a_checkpoint_is_left_alone():
    class OwnBert(BertModel):
        pass

    assert find_lean(OwnBert(random_bert().config).eval(), "cpu") is None


def test_weights_are_not_copied_for_long():
    model = random_bert()
    lean = find_lean(model, "cpu")
    one = model.encoder.layer[0].attention.self
    joined = lean.layers[0].qkv.weight
    for k, linear in enumerate((one.query, one.key, one.value)):
        assert linear.weight.data_ptr() == joined[32 * k :].data_ptr()


@pytest.mark.parametrize("kind", OFFSETS)
def test_8_bits_keep_the_direction(checkpoints, kind):
    exact, lower = (loaded_model(checkpoints[kind], dtype=dtype).lean for dtype in ("float32", "int8"))
    assert isinstance(lower.layers[0].qkv, Int8Product)
    groups = random_groups()
    for a, b in zip(exact.states(groups, {N_LAYERS}), lower.states(groups, {N_LAYERS}), strict=True):
        assert torch.cosine_similarity(a[N_LAYERS], b[N_LAYERS], dim=-1).min() > 0.99


def test_the_least_value_of_an_activation():
    assert _lean._lowest(torch.nn.functional.gelu) == pytest.approx(-0.16997, abs=1e-5)
    assert _lean._lowest(torch.relu) == 0
    assert _lean._lowest(torch.nn.functional.leaky_relu) is None


def test_a_text_beyond_the_positions_is_refused():
    lean = LeanEncoder(random_bert(), 0)
    lean.states([torch.full((1, 16), 5)], {2})
    with pytest.raises(IndexError, match="17 tokens"):
        lean.states([torch.full((1, 17), 5)], {2})


def test_the_embedder_runs_it(checkpoints, monkeypatch):
    params = {"cache": None, "normalize": True, "pooling": ("mean", "cls"), "layer": (1, -1)}
    fitted = LLMTokenEmbedder(checkpoints["roberta"], **params).fit(TEXTS)
    found = fitted.transform(TEXTS), fitted.transform(TEXTS[:1])
    original = _encode.load
    monkeypatch.setattr(_encode, "load", lambda *args: replace(original(*args), lean=None))
    monkeypatch.setattr(LeanEncoder, "states", lambda *args: pytest.fail("the lean form was run"))
    expected = fitted.transform(TEXTS)
    np.testing.assert_allclose(found[0], expected, atol=5e-7)
    np.testing.assert_allclose(found[1], expected[:1], atol=5e-7)
