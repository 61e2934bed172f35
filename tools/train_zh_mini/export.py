"""Write the student as a sentence-transformers folder: transformers files, pooling, a Dense head, float16 weights."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.torch import save_file

MAX_SEQ_LENGTH = 256


def export(student, tokenizer_spec, folder):
    """Write `student` and its tokenizer into `folder`, for AutoModel, AutoTokenizer and SentenceTransformer alike."""
    folder = Path(folder)
    config = student.trunk.config
    _write_json(folder / "config.json", {**_plain(config), "architectures": ["BertModel"], "dtype": "float32"})
    _write_json(folder / "tokenizer.json", tokenizer_spec, indent=None)
    _write_json(folder / "tokenizer_config.json", _tokenizer_config())
    _write_json(folder / "modules.json", _modules())
    _write_json(folder / "sentence_bert_config.json", {"max_seq_length": MAX_SEQ_LENGTH, "do_lower_case": False})
    _write_json(
        folder / "config_sentence_transformers.json",
        {"prompts": {}, "default_prompt_name": None, "similarity_fn_name": "cosine"},
    )
    _write_json(folder / "1_Pooling" / "config.json", _pooling(config.hidden_size))
    _write_json(folder / "2_Dense" / "config.json", _dense(student.head))
    _write_weights(folder / "model.safetensors", with_idle_pooler(student.trunk))
    _write_weights(
        folder / "2_Dense" / "model.safetensors", {f"linear.{k}": v for k, v in student.head.state_dict().items()}
    )


def with_idle_pooler(trunk):
    """Return the trunk's weights and an identity for BERT's pooler: it is not used, but AutoModel warns without it."""
    width = trunk.config.hidden_size
    return {**trunk.state_dict(), "pooler.dense.weight": torch.eye(width), "pooler.dense.bias": torch.zeros(width)}


def _plain(config):
    keys = ("model_type", "hidden_act", "pad_token_id", "hidden_size", "num_hidden_layers", "num_attention_heads")
    keys += ("intermediate_size", "vocab_size", "max_position_embeddings", "type_vocab_size", "layer_norm_eps")
    return {key: getattr(config, key) for key in keys}


def _tokenizer_config():
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": "<s>",
        "cls_token": "<s>",
        "eos_token": "</s>",
        "sep_token": "</s>",
        "pad_token": "<pad>",
        "unk_token": "<unk>",
        "model_max_length": MAX_SEQ_LENGTH,
        "clean_up_tokenization_spaces": False,
    }


def _modules():
    parts = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Dense", "Dense")]
    return [
        {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for i, (path, kind) in enumerate(parts)
    ]


def _pooling(width):
    return {"word_embedding_dimension": width, "pooling_mode_cls_token": True, "pooling_mode_mean_tokens": True,
            "pooling_mode_max_tokens": False, "pooling_mode_mean_sqrt_len_tokens": False}  # fmt: skip


def _dense(head):
    return {
        "in_features": head.in_features,
        "out_features": head.out_features,
        "bias": True,
        "activation_function": "torch.nn.modules.linear.Identity",
    }


def _write_json(path, content, indent=2):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, ensure_ascii=False, indent=indent), encoding="utf-8")


def _write_weights(path, state):
    halves = {k: v.detach().to(torch.float16).contiguous() for k, v in state.items() if v.is_floating_point()}
    save_file(halves, path, metadata={"format": "pt"})
    path.chmod(0o644)  # safetensors writes files that only their owner may read
