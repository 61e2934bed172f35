"""Every architecture of AutoModel that reads text, against transformers; and the errors of those that do not."""

import json

import numpy as np
import pytest

from sklearn_llmtokens import LLMTokenEmbedder
from sklearn_llmtokens.exceptions import CheckpointError
from tests.architectures import build_architecture, reference_rows
from tests.checkpoints import TEXTS, build

SHORT, LONG, CHINESE = "good", TEXTS[6], TEXTS[0]
FEW = """
    albert bart deberta-v2 distilbert gemma2 ibert mamba mixtral mt5 openai-gpt qwen3_moe xlnet
""".split()  # noqa: SIM905
MANY = """
    apertus apertus1p5_text arcee aria_text bert bert-generation big_bird bigbird_pegasus biogpt bitnet blenderbot
    blenderbot-small bloom camembert clip_text_model codegen cohere cohere2 convbert cpmant ctrl cwm data2vec-text
    deberta diffllama doge electra ernie ernie4_5 ernie4_5_moe esm eurobert exaone exaone_moe falcon falcon_h1
    falcon_mamba flaubert flex_olmo flint fnet gemma gemma3_text glm glm4 glm4_moe gpt-sw3 gpt2 gpt_bigcode gpt_neo
    gpt_neox gpt_neox_japanese gpt_oss gptj granite granite_docling_text granitemoe granitemoeshared gte helium
    hrm_text hunyuan_v1_dense hunyuan_v1_moe hy_v3 hy_v4 hyperclovax imagegpt internlm3 iquestcoder jais2 jetmoe
    jina_embeddings_v3 kolibri1 lara_mini layoutlm led lfm2 llama llama4_text longformer longt5 m2m_100 marian
    markuplm mbart megatron-bert mellum mimo_v2_flash minimax minimax_m2 minimax_m3_vl_text ministral3 mistral
    mobilebert modernbert modernbert-decoder molmo2_text mpnet mpt mra mvp nanochat nemotron nemotron_h nllb-moe
    nomic_bert nystromformer olmo olmo2 olmo3 olmo_hybrid olmoe openai_privacy_filter opt pegasus pegasus_x
    persimmon phi phi3 phimoe plbart prophetnet qwen2 qwen2_moe qwen3 qwen3_vl_moe_text qwen3_vl_text rembert
    roberta roberta-prelayernorm roc_bert roformer rwkv sam3_lite_text_text_model sarvam_moe seed_oss smollm3
    solar_open splinter squeezebert stablelm starcoder2 switch_transformers t5 tapas tipsv2_text_model ultrabert
    umt5 vaultgemma visual_bert xglm xlm xlm-roberta xlm-roberta-xl xmod yoso zaya
""".split()  # noqa: SIM905

WINDOWED = """
    cohere2 cwm exaone_moe flint gemma2 gemma3_text gpt_oss kolibri1 lara_mini mimo_v2_flash olmo3
    openai_privacy_filter ultrabert vaultgemma
""".split()  # noqa: SIM905
VALUES = {
    "gpt_neo": {"attention_types": [[["global", "local"], 1]], "window_size": 4},
    "squeezebert": {"embedding_size": 32},
    "xmod": {"default_language": "en_XX"},
    "zaya": {"num_experts_per_tok": 1},
    **{kind: {"sliding_window": 4} for kind in WINDOWED},
}


@pytest.mark.parametrize("kind", [*FEW, *(pytest.param(kind, marks=pytest.mark.slow) for kind in MANY)])
def test_means_equal_those_of_transformers(tmp_path, kind):
    folder = build_architecture(kind, tmp_path / "model", **VALUES.get(kind, {}))
    texts = [SHORT, LONG, CHINESE]
    expected = reference_rows(kind, folder, texts)
    found = LLMTokenEmbedder(folder, cache=None, pooling="mean").fit_transform(texts)
    assert found.shape == expected.shape
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(found, expected, rtol=0, atol=7e-6)


def test_as_many_architectures_are_compared_as_are_claimed():
    assert len(set(FEW) | set(MANY)) == len(FEW) + len(MANY) >= 118


@pytest.mark.parametrize("layer", [0, 1])
@pytest.mark.parametrize("kind", ["openai-gpt", "ibert"])
def test_layers_below_the_last_are_those_of_transformers(tmp_path, kind, layer):
    import torch
    from transformers import AutoModel, AutoTokenizer

    folder = build_architecture(kind, tmp_path / "model")
    ids = torch.tensor([AutoTokenizer.from_pretrained(folder)(LONG)["input_ids"]])
    with torch.no_grad():
        states = AutoModel.from_pretrained(folder).eval()(input_ids=ids, output_hidden_states=True).hidden_states
    found = LLMTokenEmbedder(folder, cache=None, pooling="mean", layer=layer).fit_transform([LONG, SHORT])
    np.testing.assert_allclose(found[0], states[layer][0].mean(0).numpy(), atol=7e-6)


TOWER = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 48}
REFUSED = {
    "canine": {},
    "clip": {
        "text_config": {**TOWER, "vocab_size": 401},
        "vision_config": {**TOWER, "image_size": 8, "patch_size": 4},
    },
    "flava": {
        "text_config": TOWER,
        "image_config": {**TOWER, "image_size": 8, "patch_size": 4},
        "multimodal_config": TOWER,
        "image_codebook_config": {"hidden_size": 8, "num_blocks_per_group": 1, "vocab_size": 16},
    },
    "fsmt": {},
    "perceiver": {
        "d_latents": 32,
        "num_latents": 4,
        "num_self_attends_per_block": 2,
        "num_self_attention_heads": 4,
        "num_cross_attention_heads": 4,
    },
}


@pytest.mark.parametrize("kind", REFUSED)
def test_architectures_that_do_not_read_text_alone_are_named(tmp_path, kind):
    folder = build_architecture(kind, tmp_path / "model", **REFUSED[kind])
    with pytest.raises(CheckpointError, match=str(folder)) as caught:
        LLMTokenEmbedder(folder, cache=None).fit(TEXTS).transform(TEXTS)
    assert kind in str(caught.value).lower()


@pytest.mark.parametrize("tokenizer", ["ByT5Tokenizer", "CanineTokenizer", "PerceiverTokenizer"])
def test_tokenizers_of_bytes_are_not_advised_to_be_saved(tmp_path, tokenizer):
    import transformers

    folder = build("t5", tmp_path / "model")
    for path in folder.glob("tokenizer*"):
        path.unlink()
    getattr(transformers, tokenizer)().save_pretrained(folder)
    assert json.loads((folder / "tokenizer_config.json").read_text())
    with pytest.raises(CheckpointError, match="no fast form") as caught:
        LLMTokenEmbedder(folder).fit(TEXTS)
    assert tokenizer in str(caught.value)
    assert "save_pretrained" not in str(caught.value)
