"""Small random models of every architecture that AutoModel knows and that reads text, on disk."""

import inspect
from pathlib import Path

from tests.checkpoints import train_tokenizer

# What configurations call their sizes; each takes those that it knows.
SIZES = {
    "hidden_size": 32, "d_model": 32, "n_embd": 32, "dim": 32, "emb_dim": 32, "embed_dim": 32, "embedding_size": 16,
    "num_hidden_layers": 2, "n_layer": 2, "n_layers": 2, "num_layers": 2, "encoder_layers": 2,
    "num_encoder_layers": 2, "decoder_layers": 1, "num_decoder_layers": 1,
    "num_attention_heads": 4, "n_head": 4, "n_heads": 4, "num_heads": 4, "attention_heads": 4,
    "encoder_attention_heads": 4, "decoder_attention_heads": 4, "num_encoder_attention_heads": 4,
    "num_decoder_attention_heads": 4, "num_key_value_heads": 2,
    "head_dim": 8, "d_kv": 8, "d_head": 8, "v_head_dim": 8, "qk_rope_head_dim": 8, "qk_nope_head_dim": 8,
    "kv_lora_rank": 8, "q_lora_rank": 8, "rotary_dim": 8, "projection_dim": 32,
    "hidden_dim": 48, "intermediate_size": 48, "ffn_dim": 48, "d_ff": 48, "d_inner": 48, "n_inner": 48,
    "ffn_hidden_size": 48, "encoder_ffn_dim": 48, "decoder_ffn_dim": 48,
    "num_experts": 4, "num_local_experts": 4, "n_routed_experts": 4, "num_experts_per_tok": 2, "n_group": 1,
    "topk_group": 1, "moe_intermediate_size": 16, "shared_expert_intermediate_size": 16,
    "ssm_state_size": 8, "state_size": 8,
    "max_position_embeddings": 140, "n_positions": 140, "n_ctx": 140, "max_seq_len": 140, "sliding_window": None,
    "vocab_size": 401, "pad_token_id": 1, "pad_index": 1, "bos_token_id": 0, "eos_token_id": 2,
}  # fmt: skip


def small_config(kind: str, **values):
    """A configuration of `kind` with the sizes above, but for `values`; a value of ``...`` leaves the default."""
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    config = CONFIG_MAPPING[kind]
    known = set(inspect.signature(config.__init__).parameters) | set(getattr(config, "__dataclass_fields__", {}))
    known |= set(getattr(config, "attribute_map", {}))
    chosen = {**{name: value for name, value in SIZES.items() if name in known}, **values}
    return config(**{name: value for name, value in chosen.items() if value is not ...})


def loader_of(kind: str):
    """The class of transformers that loads what reads the text."""
    import transformers as tf
    from transformers.models.auto.modeling_auto import MODEL_FOR_TEXT_ENCODING_MAPPING_NAMES

    return tf.AutoModelForTextEncoding if kind in MODEL_FOR_TEXT_ENCODING_MAPPING_NAMES else tf.AutoModel


def build_architecture(kind: str, folder: Path, **values) -> Path:
    """Write a random checkpoint of `kind` to `folder`, with a tokenizer."""
    import torch
    from transformers.pytorch_utils import Conv1D

    torch.manual_seed(0)
    model = loader_of(kind).from_config(small_config(kind, **values)).eval()
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, torch.nn.Linear | torch.nn.Embedding | Conv1D) and module.weight.ndim == 2:
                module.weight.normal_(0, 0.1)
    model.save_pretrained(folder)
    train_tokenizer("roberta").save_pretrained(folder)
    return folder


def reference_rows(kind: str, folder: Path, texts) -> list:
    """Means of the last hidden states as transformers computes them, text by text."""
    import numpy as np
    import torch
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = loader_of(kind).from_pretrained(folder, dtype=torch.float32).eval()
    encoder = model.get_encoder() if model.config.is_encoder_decoder and hasattr(model, "decoder") else model
    with torch.no_grad():
        states = [encoder(input_ids=torch.tensor([tokenizer(text)["input_ids"]])).last_hidden_state for text in texts]
    return np.array([state[0].double().mean(0).numpy() for state in states])
