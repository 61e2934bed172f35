"""However a batch is run, a sequence has the hidden states that transformers gives it alone."""

import threading

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import BertConfig, BertModel, LongformerConfig, LongformerModel

from sklearn_llmtokens import LLMTokenEmbedder
from sklearn_llmtokens.embedding._torch._fused_bert import FusedBert, find_fused
from sklearn_llmtokens.embedding._torch._hidden import hidden_states
from sklearn_llmtokens.embedding._torch._prefix_cache import PrefixCached, find_prefix_cached, shared_token_ids
from sklearn_llmtokens.embedding._torch._sequences import Sequence_
from sklearn_llmtokens.embedding._torch._strategy import EqualLengths, Padded
from sklearn_llmtokens.embedding._torch._unpadded import Unpadded, find_unpadded
from tests.checkpoints import CAUSAL, FAMILIES, N_LAYERS, TEXTS
from tests.embedding.oracle import NaiveModel, assert_close, embed
from tests.inside import encoder_of, replace_states

OFFSETS = {"bert": 0, "roberta": 2, "xlm-roberta": 2, "gpt2": 0, "qwen3": 0, "llama": 0}
FUSED = ("bert", "roberta", "xlm-roberta")
BEFORE = "A very long description of a very ordinary pair: "
POOLINGS = ("mean", "last", "weighted_mean", "max", "cls")
SHAPES = ((2, 9), (3, 1), (1, 4), (1, 20))


def encoder(folder, **params):
    return encoder_of(LLMTokenEmbedder(folder, cache=None, **params).fit(TEXTS))


def random_sequences(shapes=SHAPES):
    """Random sequences of several lengths, equal ones together, without special tokens."""
    generator = torch.Generator().manual_seed(0)
    rows = [row for n, length in shapes for row in torch.randint(4, 60, (n, length), generator=generator).tolist()]
    return [Sequence_(i, row, 0, len(row), None, len(row)) for i, row in enumerate(rows)]


def check(strategy, transformer, *, atol=2e-6):
    """Compare the hidden states of every sequence and layer with those of a pass of its own."""
    sequences, layers = random_sequences(), range(N_LAYERS + 1)
    groups = strategy.groups(sequences)
    rows = [
        {layer: part[layer][i] for layer in layers}
        for group, part in zip(groups, strategy.states(groups, layers), strict=True)
        for i in range(len(group.token_ids))
    ]
    for sequence, states in zip(sequences, rows, strict=True):
        alone = hidden_states(transformer, torch.tensor([sequence.token_ids]), None, layers)
        for layer in layers:
            expected = alone[layer][0]
            found = states[layer][: len(expected)]
            np.testing.assert_allclose(found, expected, atol=atol * float(expected.abs().max()))


@pytest.mark.parametrize("kind", FAMILIES)
def test_equal_lengths(checkpoints, kind):
    transformer = encoder(checkpoints[kind]).loaded.transformer
    check(EqualLengths(transformer), transformer)


@pytest.mark.parametrize("kind", FAMILIES)
def test_padded_as_on_an_accelerator(checkpoints, kind):
    loaded = encoder(checkpoints[kind]).loaded
    causal = kind in CAUSAL
    check(Padded(loaded.transformer, loaded.tokenizer.pad, causal), loaded.transformer, atol=1e-5)


@pytest.mark.parametrize("kind", FAMILIES)
def test_rows_of_the_padded_strategy_are_those_of_the_cpus_own(checkpoints, kind, monkeypatch):
    fitted = LLMTokenEmbedder(checkpoints[kind], cache=None, pooling=POOLINGS, normalize=True).fit(TEXTS)
    expected = fitted.transform(TEXTS)
    ours = encoder_of(fitted)
    padded = Padded(ours.loaded.transformer, ours.loaded.tokenizer.pad, kind in CAUSAL)
    monkeypatch.setattr(type(ours.loaded), "strategy", padded, raising=False)
    object.__setattr__(ours.loaded, "strategy", padded)
    np.testing.assert_allclose(fitted.transform(TEXTS), expected, atol=2e-6)


@pytest.mark.parametrize("kind", OFFSETS)
@pytest.mark.parametrize("dtype", ["float32", "int8"])
def test_unpadded(checkpoints, kind, dtype):
    transformer = encoder(checkpoints[kind], dtype=dtype).loaded.transformer
    strategy = find_unpadded(transformer)
    assert strategy.offset == OFFSETS[kind]
    check(strategy, transformer)


@pytest.mark.parametrize("kind", ["t5", "modernbert"])
def test_attention_with_biases_or_windows_is_not_run_unpadded(checkpoints, kind):
    loaded = encoder(checkpoints[kind]).loaded
    before = loaded.transformer.model.config._attn_implementation
    assert find_unpadded(loaded.transformer) is None
    assert loaded.transformer.model.config._attn_implementation == before
    assert isinstance(loaded.strategy, EqualLengths)


def test_positions_that_depend_on_the_batch_are_not_run_unpadded(checkpoints, monkeypatch):
    transformer = encoder(checkpoints["llama"]).loaded.transformer
    monkeypatch.setattr(transformer.model.config, "rope_parameters", {"rope_type": "dynamic"})
    assert find_unpadded(transformer) is None


@pytest.mark.parametrize("kind", FUSED)
def test_fused(checkpoints, kind):
    loaded = encoder(checkpoints[kind]).loaded
    assert isinstance(loaded.strategy, FusedBert)
    assert loaded.strategy.offset == OFFSETS[kind]
    check(loaded.strategy, loaded.transformer)


@pytest.mark.parametrize("kind", [kind for kind in FAMILIES if kind not in FUSED])
def test_other_models_are_not_fused(checkpoints, kind):
    assert not isinstance(encoder(checkpoints[kind]).loaded.strategy, FusedBert)


def random_bert(**params):
    torch.manual_seed(0)
    sizes = {"vocab_size": 50, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
    config = BertConfig(**sizes, intermediate_size=48, max_position_embeddings=16, **params)
    return BertModel(config).eval().requires_grad_(False)


def test_a_model_that_looks_alike_and_gives_something_else_is_not_fused():
    assert find_fused(random_bert(), "cpu") is not None
    assert find_fused(random_bert(is_decoder=True), "cpu") is None
    assert find_fused(random_bert(), "cuda") is None


def test_a_model_that_differs_on_long_texts_alone_is_not_fused():
    sizes = {"vocab_size": 50, "hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 4}
    config = LongformerConfig(**sizes, intermediate_size=48, attention_window=[8], pad_token_id=1)
    assert find_fused(LongformerModel(config).eval(), "cpu") is None


def test_code_of_a_checkpoint_is_not_fused():
    class OwnBert(BertModel):
        pass

    assert find_fused(OwnBert(random_bert().config).eval(), "cpu") is None


def test_joined_weights_are_shared_with_the_model():
    model = random_bert()
    joined = find_fused(model, "cpu").layers[0].qkv.weight
    one = model.encoder.layer[0].attention.self
    for k, linear in enumerate((one.query, one.key, one.value)):
        assert linear.weight.data_ptr() == joined[32 * k :].data_ptr()


def test_a_sequence_beyond_the_positions_is_refused():
    fused = FusedBert(random_bert(), 0, 0)
    fused.row_states([torch.full((1, 16), 5)], {2})
    with pytest.raises(IndexError, match="17 tokens"):
        fused.row_states([torch.full((1, 17), 5)], {2})


@pytest.mark.parametrize("kind", CAUSAL)
@pytest.mark.parametrize("packs", [True, False])
def test_prefix_cached(checkpoints, kind, packs):
    loaded = encoder(checkpoints[kind]).loaded
    transformer, unpadded = loaded.transformer, loaded.unpadded
    if not packs:
        unpadded, transformer.model.config._attn_implementation = None, "sdpa"
    prefix = tuple(random_sequences()[0].token_ids)
    strategy = find_prefix_cached(transformer, unpadded, prefix, range(4))
    assert strategy.mixes_lengths == packs
    sequences = [Sequence_(s.row, [*prefix, *s.token_ids], 0, 1, None, 1) for s in random_sequences()]
    assert all(strategy.accepts(sequence.token_ids) for sequence in sequences)
    groups = strategy.groups(sequences)
    layers = range(N_LAYERS + 1)
    for group, states in zip(groups, strategy.states(groups, layers), strict=True):
        expected = hidden_states(transformer, group.token_ids, None, layers)
        for layer in layers:
            np.testing.assert_allclose(states[layer], expected[layer], atol=1e-5 * float(expected[layer].abs().max()))


def test_a_prefix_wants_sequences_that_go_on_from_it(checkpoints):
    loaded = encoder(checkpoints["llama"]).loaded
    strategy = find_prefix_cached(loaded.transformer, loaded.unpadded, (4, 5, 6, 7), [1])
    assert strategy.accepts([4, 5, 6, 7, 8])
    assert not strategy.accepts([4, 5, 6, 7])
    assert not strategy.accepts([4, 5, 7, 6, 8])


@pytest.mark.parametrize("kind", CAUSAL)
@pytest.mark.parametrize("layer", [-1, 0, 1, (0, 2, -1)])
def test_rows_after_a_prompt_are_those_of_whole_sequences(checkpoints, kind, layer):
    params = {"cache": None, "normalize": False, "prompt": BEFORE + "{text}", "pooling": POOLINGS, "layer": layer}
    fitted = LLMTokenEmbedder(checkpoints[kind], **params).fit(TEXTS)
    rows = fitted.transform(TEXTS)
    prefixes = encoder_of(fitted).loaded.prefixes
    assert prefixes
    # the embeddings alone have no keys and values to share
    assert [isinstance(found, PrefixCached) for found in prefixes.values()] == [layer != 0] * len(prefixes)
    layers = layer if isinstance(layer, tuple) else (layer,)
    assert_close(rows, embed(NaiveModel(checkpoints[kind]), [BEFORE + t for t in TEXTS], POOLINGS, layers))


def test_tokens_that_merge_with_the_text_are_no_part_of_the_prefix(checkpoints):
    ours = encoder(checkpoints["llama"], prompt=BEFORE + "{text}")
    tokenizer = ours.loaded.tokenizer
    shared = shared_token_ids(tokenizer, ours.spec)
    assert tuple(tokenizer.backend.encode(BEFORE + "good").ids[: len(shared)]) == shared
    assert len(shared) < len(tokenizer.prefix) + len(tokenizer.backend.encode(BEFORE, add_special_tokens=False).ids)


@pytest.mark.parametrize(("kind", "prompt"), [("bert", BEFORE + "{text}"), ("llama", "a{text}"), ("llama", None)])
def test_encoders_and_short_prompts_have_no_prefix(checkpoints, kind, prompt):
    ours = encoder(checkpoints[kind], prompt=prompt)
    assert shared_token_ids(ours.loaded.tokenizer, ours.spec) == ()


def test_a_model_that_goes_on_wrongly_from_a_prefix_is_found_out(checkpoints, monkeypatch):
    transformer = encoder(checkpoints["qwen3"]).loaded.transformer
    transformer.model.config._attn_implementation = "sdpa"
    from sklearn_llmtokens.embedding._torch import _prefix_cache

    cache = _prefix_cache._Prefix.cache

    def wrong(self, model, n_sequences):
        made = cache(self, model, n_sequences)
        for layer in made.layers:
            layer.values = torch.zeros_like(layer.values)
        return made

    monkeypatch.setattr(_prefix_cache._Prefix, "cache", wrong)
    assert find_prefix_cached(transformer, None, (4, 5, 6, 7), [N_LAYERS]) is None


@pytest.mark.parametrize("kind", ["bert", "llama"])
def test_a_few_texts_of_several_lengths_are_one_pass(checkpoints, kind, monkeypatch):
    fitted = LLMTokenEmbedder(checkpoints[kind], cache=None).fit(TEXTS)
    passes = []

    def count(states, groups, layers):
        passes.append(len(groups))
        return states(groups, layers)

    replace_states(monkeypatch, encoder_of(fitted), count)
    fitted.transform(TEXTS)
    assert len(passes) == 1
    assert passes[0] > 3


@pytest.mark.parametrize("kind", ["roberta", "xlm-roberta"])
def test_a_text_with_the_padding_token_is_run_apart(checkpoints, kind):
    """RoBERTa numbers positions past its padding index, and stops counting at that token."""
    texts = [*TEXTS, "good <pad> good"]
    fitted = LLMTokenEmbedder(checkpoints[kind], cache=None, normalize=True, pooling="last").fit(texts)
    alone = np.vstack([fitted.transform([text]) for text in texts])
    np.testing.assert_allclose(fitted.transform(texts), alone, atol=3e-7)


@pytest.mark.filterwarnings("ignore:dtype=.*is emulated")
@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("kind", OFFSETS)
def test_half_precision_keeps_the_direction(checkpoints, kind, dtype):
    params = {"cache": None, "pooling": ("mean", "last"), "normalize": True}
    exact = LLMTokenEmbedder(checkpoints[kind], **params).fit_transform(TEXTS)
    fitted = LLMTokenEmbedder(checkpoints[kind], dtype=dtype, **params).fit(TEXTS)
    loaded = encoder_of(fitted).loaded
    assert next(loaded.transformer.model.parameters()).dtype == getattr(torch, dtype)
    assert isinstance(loaded.strategy, FusedBert if kind in FUSED else Unpadded)
    found = fitted.transform(TEXTS)
    assert found.dtype == np.float32
    assert (found * exact).sum(axis=1).min() > (0.999 if dtype == "bfloat16" else 0.99999)
    alone = np.vstack([fitted.transform([text]) for text in TEXTS])
    assert (found * alone).sum(axis=1).min() > 0.9999


@given(st.lists(st.integers(0, len(TEXTS) - 1), min_size=1, max_size=8, unique=True), st.integers(1, 200))
@settings(max_examples=25, deadline=None)
def test_other_texts_and_the_size_of_the_batch_do_not_matter(checkpoints, idx, batch_tokens):
    params = {"cache": None, "normalize": True, "pooling": ("mean", "last")}
    whole = LLMTokenEmbedder(checkpoints["bert"], **params).fit_transform(TEXTS)
    part = LLMTokenEmbedder(checkpoints["bert"], batch_tokens=batch_tokens, **params)
    np.testing.assert_allclose(part.fit_transform([TEXTS[i] for i in idx]), whole[idx], atol=3e-7)


def test_two_models_run_in_four_threads(checkpoints):
    fitted = {kind: LLMTokenEmbedder(checkpoints[kind], cache=None).fit(TEXTS) for kind in ("bert", "llama")}
    expected = {kind: each.transform(TEXTS) for kind, each in fitted.items()}
    wrong = []

    def run(kind):
        for k in range(5):
            found = fitted[kind].transform(TEXTS[k % 3 :])
            if np.abs(found - expected[kind][k % 3 :]).max() > 1e-4:
                wrong.append(kind)

    threads = [threading.Thread(target=run, args=(kind,)) for kind in ("bert", "llama") * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
