"""Architectures beyond those families: where their layers are, who sees whom, where positions begin."""

import pytest
import torch
import transformers as tf

from sklearn_llmtokens import LLMTokenEmbedder
from tests.checkpoints import TEXTS, train_tokenizer
from tests.embedding.oracle import NaiveModel, assert_close, embed

BASE = {"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 48}
POSITIONS = {"max_position_embeddings": 140}
XLM = {"emb_dim": 32, "n_layers": 3, "n_heads": 4, "max_position_embeddings": 140}
BART = {"d_model": 32, "encoder_layers": 3, "decoder_layers": 1, "encoder_attention_heads": 4, "encoder_ffn_dim": 48}
BART |= {"decoder_attention_heads": 4, "decoder_ffn_dim": 48, **POSITIONS}
DISTIL = {"dim": 32, "n_layers": 3, "n_heads": 4, "hidden_dim": 48, **POSITIONS}

ENCODERS = {
    "albert": lambda v: tf.AlbertConfig(embedding_size=16, **BASE, **POSITIONS, **v),
    "bart": lambda v: tf.BartConfig(**BART, decoder_start_token_id=2, **v),
    "bert-generation": lambda v: tf.BertGenerationConfig(**BASE, **POSITIONS, **v),
    "deberta-v2": lambda v: tf.DebertaV2Config(**BASE, **POSITIONS, **v),
    "distilbert": lambda v: tf.DistilBertConfig(**DISTIL, **v),
    "electra": lambda v: tf.ElectraConfig(embedding_size=16, **BASE, **POSITIONS, **v),
    "llama that sees both ways": lambda v: tf.LlamaConfig(is_causal=False, **BASE, **v),
    "mpnet": lambda v: tf.MPNetConfig(**BASE, **POSITIONS, **v),
    "xlm": lambda v: tf.XLMConfig(**XLM, pad_index=1, **v),
}
DECODERS = {
    "bert as a decoder": lambda v: tf.BertConfig(is_decoder=True, **BASE, **POSITIONS, **v),
    "bloom": lambda v: tf.BloomConfig(hidden_size=32, n_layer=3, n_head=4, **v),
    "gemma2": lambda v: tf.Gemma2Config(num_key_value_heads=2, head_dim=8, sliding_window=4, **BASE, **v),
    "gpt_neox": lambda v: tf.GPTNeoXConfig(**BASE, **v),
    "mistral": lambda v: tf.MistralConfig(num_key_value_heads=2, sliding_window=4, **BASE, **v),
    "opt": lambda v: tf.OPTConfig(**(BASE | {"ffn_dim": 48, "word_embed_proj_dim": 32}), **POSITIONS, **v),
}


def random_model(config):
    torch.manual_seed(0)
    model = tf.AutoModel.from_config(config).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim > 1 and "norm" not in name.lower():
                parameter.normal_(0, 0.1)
    return model


@pytest.mark.parametrize("kind", [*ENCODERS, *DECODERS])
def test_padded_batches_equal_the_naive_loop(tmp_path, kind):
    tokenizer = train_tokenizer("roberta" if kind in ENCODERS else "llama")
    words = {"vocab_size": len(tokenizer), "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2}
    random_model((ENCODERS | DECODERS)[kind](words)).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    naive = NaiveModel(tmp_path)
    if kind == "bart":
        naive.model = naive.model.get_encoder()
    poolings = ("mean", "last", "cls")
    for layer in (0, 1, 2, -1):
        ours = LLMTokenEmbedder(tmp_path, cache=None, pooling=poolings, layer=layer).fit(TEXTS)
        assert ours.spec_["forward"]["causal"] == (kind in DECODERS)
        expected = embed(naive, TEXTS, poolings, (layer,))
        assert_close(ours.transform(TEXTS), expected)
