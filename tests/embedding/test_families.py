"""Every model family against a loop in float64 over transformers' own hidden states."""

import json
import re
import shutil

import numpy as np
import pytest

from sklearn_llmtokens import LLMTokenEmbedder
from tests.checkpoints import CAUSAL, FAMILIES, MAX_POSITIONS, N_LAYERS, TEXTS, build
from tests.embedding.oracle import POOLINGS, NaiveModel, assert_close, embed
from tests.inside import without_fusing

LAYERS = {
    "embeddings": 0,
    "middle": 1,
    "before the last": N_LAYERS - 1,
    "-1": -1,
    "tuple": (0, 2, -1),
}


@pytest.fixture(scope="module")
def naive(checkpoints):
    models = {}

    def get(kind):
        if kind not in models:
            models[kind] = NaiveModel(checkpoints[kind])
        return models[kind]

    return get


def embedder(folder, **params):
    return LLMTokenEmbedder(folder, **{"cache": None, "normalize": False, **params})


@pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS.keys())
def test_all_poolings_equal_the_naive_loop_at_every_layer(checkpoints, naive, family, layer):
    found = embedder(checkpoints[family], pooling=POOLINGS, layer=layer).fit_transform(TEXTS)
    expected = embed(naive(family), TEXTS, POOLINGS, layer if isinstance(layer, tuple) else (layer,))
    assert found.dtype == np.float32
    assert_close(found, expected)


@pytest.mark.parametrize("pooling", POOLINGS)
def test_one_pooling_is_its_part_of_the_tuple(checkpoints, pooling):
    folder = checkpoints["bert"]
    whole = embedder(folder, pooling=POOLINGS).fit_transform(TEXTS)
    at = POOLINGS.index(pooling) * 32
    np.testing.assert_array_equal(embedder(folder, pooling=pooling).fit_transform(TEXTS), whole[:, at : at + 32])


def test_raw_checkpoints_pool_by_kind(checkpoints, family):
    expected = ("weighted_mean",) if family in CAUSAL else ("mean",)
    fitted = embedder(checkpoints[family]).fit(TEXTS)
    assert fitted.pooling_ == expected
    assert fitted.n_features_out_ == 32
    assert not fitted.normalize_


@pytest.mark.parametrize("batch_tokens", [1, 64])
def test_batch_size_does_not_change_vectors(checkpoints, family, batch_tokens):
    by_default = embedder(checkpoints[family], normalize=True).fit_transform(TEXTS)
    other = embedder(checkpoints[family], normalize=True, batch_tokens=batch_tokens).fit_transform(TEXTS)
    np.testing.assert_allclose(other, by_default, atol=5e-7)


@pytest.mark.parametrize("side", ["left", "right"])
def test_padding_side_of_the_tokenizer_does_not_matter(checkpoints, tmp_path, family, side):
    folder = shutil.copytree(checkpoints[family], tmp_path / "copy")
    config = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps(config | {"padding_side": side}))
    params = {"pooling": ("last", "cls", "weighted_mean")}
    found = embedder(folder, **params).fit_transform(TEXTS)
    np.testing.assert_array_equal(found, embedder(checkpoints[family], **params).fit_transform(TEXTS))


@pytest.mark.parametrize(("layer", "calls"), [(0, 0), (1, 1), (2, 2), (-1, 3), ((0, 2), 2), ((1, -1), 3)])
def test_only_needed_layers_run(checkpoints, family, layer, calls, monkeypatch):
    fitted = embedder(checkpoints[family], layer=layer, batch_tokens=100_000).fit(TEXTS)
    # A fused model, which has a test of its own, calls no layer of transformers.
    layers_of_model = without_fusing(monkeypatch, fitted)

    def hooks():
        return [(len(module._forward_hooks), len(module._forward_pre_hooks)) for module in layers_of_model]

    counted, before = [], hooks()
    handles = [module.register_forward_pre_hook(lambda m, args: counted.append(m)) for module in layers_of_model]
    try:
        fitted.transform(TEXTS[:1])
    finally:
        for handle in handles:
            handle.remove()
    # The layer after the last one that is needed is not entered; layer 0 is read where the first layer begins.
    assert len(counted) == max(calls, 1 if layer == 0 else 0)
    assert hooks() == before


def test_batches_of_unequal_texts_get_a_mask_and_equal_ones_none(checkpoints, naive, family):
    """Both ways through the model give what the naive loop gives."""
    equal, unequal = ["good", "good good"[:4][::-1]], ["good", TEXTS[6]]
    for texts in (equal, unequal):
        found = embedder(checkpoints[family], pooling="mean").fit_transform(texts)
        assert_close(found, embed(naive(family), texts, ["mean"]))


def test_longest_text_that_the_model_reads(checkpoints, naive, family):
    """Positions end exactly where the model's end: RoBERTa's begin behind the padding index."""
    text = "good " * 400
    with pytest.warns(UserWarning, match="1 distinct"):
        found = embedder(checkpoints[family], pooling=("mean", "last")).fit_transform([text])
    expected = embed(naive(family), [text], ["mean", "last"], max_length=MAX_POSITIONS)
    assert_close(found, expected)


@pytest.mark.parametrize(
    "text", ["", " ", "\n\t", "\u3000", "\x00", "\u200b", "🙂", "مرحبا", "e\u0301", "[CLS] <pad> </s>"]
)
def test_strange_texts_give_finite_rows(checkpoints, family, text):
    row = embedder(checkpoints[family], pooling=POOLINGS).fit_transform([text])
    assert row.shape == (1, 32 * len(POOLINGS))
    assert np.isfinite(row).all()


def test_empty_text_has_the_vector_of_the_special_tokens(checkpoints, naive, family):
    found = embedder(checkpoints[family], pooling="mean").fit_transform([""])
    model = naive(family)
    ids = model.token_ids("") or [model.tokenizer.bos_token_id]
    expected = model.states(ids)[-1].mean(axis=0)
    assert_close(found[0], expected)


def test_text_without_tokens_in_a_model_without_special_tokens_is_a_zero_row(tmp_path):
    folder = build("gpt2", tmp_path / "gpt2")
    for name in ("tokenizer_config.json", "special_tokens_map.json"):
        if (folder / name).exists():
            config = json.loads((folder / name).read_text())
            kept = {k: v for k, v in config.items() if k not in ("bos_token", "eos_token")}
            (folder / name).write_text(json.dumps(kept))
    fitted = embedder(folder).fit([""])
    np.testing.assert_array_equal(fitted.transform([""]), np.zeros((1, 32)))
    both = fitted.transform(["good", ""])
    assert np.abs(both[0]).sum() > 0
    assert np.abs(both[1]).sum() == 0
    tokens = fitted.transform_tokens(["", "good"])
    assert tokens[0].tokens == []
    assert len(tokens[1].tokens) > 0


def test_negative_layers_count_from_the_last(checkpoints):
    folder = checkpoints["qwen3"]
    first = embedder(folder, layer=-N_LAYERS - 1).fit_transform(TEXTS)
    np.testing.assert_array_equal(first, embedder(folder, layer=0).fit_transform(TEXTS))


def test_same_layer_twice_is_refused_or_averaged(checkpoints):
    """A tuple is averaged: naming a layer twice gives it twice the weight, in whatever order."""
    folder = checkpoints["bert"]
    twice = embedder(folder, layer=(1, 1, 2)).fit_transform(TEXTS)
    one, two = (embedder(folder, layer=k).fit_transform(TEXTS) for k in (1, 2))
    np.testing.assert_allclose(twice, (2 * one + two) / 3, atol=1e-6)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"layer": N_LAYERS + 1}, "numbered 0"),
        ({"layer": -N_LAYERS - 2}, "numbered 0"),
        ({"layer": ()}, "names no hidden state"),
        ({"layer": (0, "1")}, "numbered 0"),
        ({"layer": (True,)}, "numbered 0"),
        ({"pooling": ()}, "pooling="),
        ({"pooling": ("mean", "unheard of")}, "pooling="),
        ({"truncate_dim": 33}, "32 features"),
        ({"max_length": MAX_POSITIONS + 1}, "128 positions"),
        ({"prompt": "no such prompt"}, "prompt_eol"),
        ({"device": "gpu"}, "not a torch device"),
    ],
)
def test_parameters_that_do_not_suit_the_checkpoint_are_refused_by_fit(checkpoints, params, message):
    with pytest.raises(ValueError, match=message):
        embedder(checkpoints["bert"], **params).fit(TEXTS)


def test_every_family_and_pooling_is_tested(checkpoints):
    assert set(CAUSAL) < set(FAMILIES)
    with pytest.raises(ValueError, match="pooling=") as info:
        embedder(checkpoints["bert"], pooling=("unheard of", "mean")).fit(TEXTS)
    assert set(re.findall(r"\w+", str(info.value).rpartition(" tuple of ")[2])) == set(POOLINGS)
