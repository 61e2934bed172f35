"""Small random checkpoints on disk, one a model family, with a tokenizer trained on a few sentences."""

import json
from pathlib import Path

TEXTS = [
    "物流很快，包装完好，下次还来买",
    "屏幕太暗了，玩游戏发烫，电池也不耐用",
    "The room was clean and the staff were friendly.",
    "剧情拖沓，看得我直犯困",
    "good",
    "苹果又脆又甜，孩子很喜欢",
    "A very long description of a very ordinary pair of shoes that I bought for running in the rain.",
    "封面有折痕，纸张薄得能透光",
]

HIDDEN = 32
N_LAYERS = 3
MAX_POSITIONS = 128

SMALL = {
    "hidden_size": HIDDEN,
    "num_hidden_layers": N_LAYERS,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "max_position_embeddings": MAX_POSITIONS,
}
FAMILIES = ("bert", "roberta", "xlm-roberta", "modernbert", "gpt2", "qwen3", "llama", "t5")
CAUSAL = ("gpt2", "qwen3", "llama")


def train_tokenizer(kind: str):
    """A tokenizer of the kind that the family uses: WordPiece, byte-level BPE, or Unigram."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    corpus = TEXTS * 4
    if kind in ("bert", "modernbert"):
        special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
        tok = Tokenizer(models.WordPiece(unk_token="[UNK]"))
        tok.normalizer = normalizers.BertNormalizer(lowercase=True)
        tok.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        trainer = trainers.WordPieceTrainer(vocab_size=300, special_tokens=special, show_progress=False)
        tok.train_from_iterator(corpus, trainer)
        tok.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]", special_tokens=[(t, tok.token_to_id(t)) for t in ("[CLS]", "[SEP]")]
        )
        names = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    elif kind in ("roberta", "gpt2", "qwen3", "llama"):
        special = ["<s>", "<pad>", "</s>", "<unk>"]
        tok = Tokenizer(models.BPE())
        tok.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tok.decoder = decoders.ByteLevel()
        alphabet = pre_tokenizers.ByteLevel.alphabet()
        trainer = trainers.BpeTrainer(
            vocab_size=400, special_tokens=special, initial_alphabet=alphabet, show_progress=False
        )
        tok.train_from_iterator(corpus, trainer)
        ids = [(t, tok.token_to_id(t)) for t in ("<s>", "</s>")]
        if kind == "roberta":
            tok.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=ids)
        if kind == "llama":
            tok.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=ids)
        names = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>"}
        if kind == "gpt2":  # like the published one: no padding token
            del names["pad_token"]
    else:
        special = ["<s>", "<pad>", "</s>", "<unk>"]
        tok = Tokenizer(models.Unigram())
        tok.pre_tokenizer = pre_tokenizers.Metaspace()
        tok.decoder = decoders.Metaspace()
        trainer = trainers.UnigramTrainer(
            vocab_size=300, special_tokens=special, unk_token="<unk>", show_progress=False
        )
        tok.train_from_iterator(corpus, trainer)
        single = "$A </s>" if kind == "t5" else "<s> $A </s>"
        ids = [(t, tok.token_to_id(t)) for t in ("<s>", "</s>")]
        tok.post_processor = processors.TemplateProcessing(single=single, special_tokens=ids)
        names = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
    return PreTrainedTokenizerFast(tokenizer_object=tok, model_max_length=MAX_POSITIONS, **names)


def build(kind: str, folder: Path, *, seed: int = 0) -> Path:
    """Write a random checkpoint of the family `kind` to `folder`."""
    import torch
    import transformers as tf

    tokenizer = train_tokenizer(kind)
    vocabulary = {"vocab_size": len(tokenizer), "pad_token_id": tokenizer.pad_token_id}
    vocabulary |= {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id}
    llama_like = {**SMALL, "num_key_value_heads": 2, "head_dim": 8}
    with_offset = {**SMALL, "max_position_embeddings": MAX_POSITIONS + (tokenizer.pad_token_id or 0) + 1}
    configs = {
        "bert": lambda: (tf.BertConfig(**SMALL, **vocabulary), tf.BertModel),
        "roberta": lambda: (tf.RobertaConfig(**with_offset, **vocabulary), tf.RobertaModel),
        "xlm-roberta": lambda: (tf.XLMRobertaConfig(**with_offset, **vocabulary), tf.XLMRobertaModel),
        "modernbert": lambda: (
            tf.ModernBertConfig(**SMALL, **vocabulary | {"cls_token_id": tokenizer.cls_token_id, "sep_token_id": 3}),
            tf.ModernBertModel,
        ),
        "gpt2": lambda: (
            tf.GPT2Config(n_embd=HIDDEN, n_layer=N_LAYERS, n_head=4, n_positions=MAX_POSITIONS, **vocabulary),
            tf.GPT2Model,
        ),
        "qwen3": lambda: (tf.Qwen3Config(**llama_like, **vocabulary), tf.Qwen3Model),
        "llama": lambda: (tf.LlamaConfig(**llama_like, **vocabulary), tf.LlamaModel),
        "t5": lambda: (
            tf.T5Config(
                d_model=HIDDEN, num_layers=N_LAYERS, num_decoder_layers=1, num_heads=4, d_kv=8, d_ff=48, **vocabulary
            ),
            tf.T5EncoderModel,
        ),
    }
    torch.manual_seed(seed)
    config, model_class = configs[kind]()
    model = model_class(config).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim > 1 and "norm" not in name:
                parameter.normal_(0, 0.1 if kind != "t5" else 0.3)
    model.save_pretrained(folder, safe_serialization=True)
    tokenizer.save_pretrained(folder)
    return Path(folder)


def add_sentence_transformers_files(
    folder: Path,
    *,
    pooling="mean",
    normalize=True,
    dense: int | None = None,
    prompts=None,
    default_prompt=None,
    max_seq_length=32,
    include_prompt=True,
    n_features=HIDDEN,
) -> Path:
    """Write beside a checkpoint what sentence-transformers writes."""
    import torch
    from safetensors.torch import save_file

    modules = [("", "Transformer"), ("1_Pooling", "Pooling")]
    (folder / "1_Pooling").mkdir(exist_ok=True)
    (folder / "1_Pooling/config.json").write_text(
        json.dumps({"embedding_dimension": n_features, "pooling_mode": pooling, "include_prompt": include_prompt})
    )
    if dense:
        modules.append(("2_Dense", "Dense"))
        (folder / "2_Dense").mkdir(exist_ok=True)
        n_in = n_features * (1 if isinstance(pooling, str) else len(pooling))
        config = {"in_features": n_in, "out_features": dense, "bias": True}
        config["activation_function"] = "torch.nn.modules.activation.Tanh"
        (folder / "2_Dense/config.json").write_text(json.dumps(config))
        generator = torch.Generator().manual_seed(1)
        weight = torch.randn(dense, n_in, generator=generator) / 5
        tensors = {"linear.weight": weight, "linear.bias": torch.randn(dense, generator=generator) / 5}
        save_file(tensors, folder / "2_Dense/model.safetensors")
    if normalize:
        modules.append(("3_Normalize", "Normalize"))
    kinds = [
        {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for i, (path, kind) in enumerate(modules)
    ]
    (folder / "modules.json").write_text(json.dumps(kinds))
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": max_seq_length}))
    (folder / "config_sentence_transformers.json").write_text(
        json.dumps({"prompts": prompts or {}, "default_prompt_name": default_prompt})
    )
    return folder
