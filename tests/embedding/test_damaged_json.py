"""Damaged JSON files of a checkpoint: an error that names the file and, where there is one, the key."""

import json

import pytest

from sklearn_llmtokens import LLMTokenEmbedder
from sklearn_llmtokens.exceptions import CheckpointError
from tests.checkpoints import TEXTS

DEEP = "[" * 100_000 + "]" * 100_000
FILES = {
    "modules.json": ["type", "path", "name"],
    "config_sentence_transformers.json": [],
    "sentence_bert_config.json": [],
    "1_Pooling/config.json": ["embedding_dimension"],
    "2_Dense/config.json": ["in_features", "out_features"],
    "config.json": ["model_type"],
    "tokenizer_config.json": [],
    "tokenizer.json": ["model"],
}


def error(folder, file):
    with pytest.raises(CheckpointError) as caught:
        LLMTokenEmbedder(folder, cache=None).fit(TEXTS).transform(TEXTS)
    message = str(caught.value)
    assert str(folder) in message
    if file != "tokenizer.json":  # transformers reads it among others
        assert file.rpartition("/")[2] in message
    return message


@pytest.mark.parametrize(
    "content", ["", "{", "nul", '{"a": }', "\ufeff{}", DEEP, '{"a": ' * 50_000], ids=lambda c: c[:9]
)
@pytest.mark.parametrize("file", FILES)
def test_what_is_not_json(st_checkpoint, file, content):
    folder = st_checkpoint("bert", dense=12)
    (folder / file).write_text(content)
    error(folder, file)


KINDS = ["null", "3", '"text"', "[1, 2]", "[[]]", "{}", "true"]


@pytest.mark.parametrize(
    ("file", "content"),
    [(file, kind) for file, keys in FILES.items() for kind in KINDS if keys or kind != "{}"],  # some may say nothing
)
def test_json_of_another_kind(st_checkpoint, file, content):
    folder = st_checkpoint("bert", dense=12)
    (folder / file).write_text(content)
    error(folder, file)


@pytest.mark.parametrize("content", [b"\xff\xfe{}", b'{"a": "\xc3"}'], ids=["UTF-16", "cut UTF-8"])
@pytest.mark.parametrize("file", FILES)
def test_bytes_that_are_not_utf8(st_checkpoint, file, content):
    folder = st_checkpoint("bert", dense=12)
    (folder / file).write_bytes(content)
    error(folder, file)


@pytest.mark.parametrize(("file", "key"), [(file, key) for file, keys in FILES.items() for key in keys])
def test_a_missing_key_is_named(st_checkpoint, file, key):
    folder = st_checkpoint("bert", dense=12)
    values = json.loads((folder / file).read_text())
    for one in values if isinstance(values, list) else [values]:
        del one[key]
    (folder / file).write_text(json.dumps(values))
    assert key in error(folder, file).lower()


WRONG = [
    ("config.json", "hidden_size", "32"),
    ("config.json", "hidden_size", -1),
    ("config.json", "num_hidden_layers", None),
    ("config.json", "num_hidden_layers", 1.5),
    ("config.json", "vocab_size", []),
    ("config.json", "hidden_act", "no such activation"),
    ("config.json", "max_position_embeddings", "128"),
    ("config.json", "num_attention_heads", 7),
    ("config.json", "num_attention_heads", 0),
    ("config.json", "model_type", ["bert"]),
    ("config.json", "pad_token_id", "0"),
    ("config.json", "layer_norm_eps", {}),
    ("tokenizer_config.json", "model_max_length", "128"),
    ("tokenizer_config.json", "model_max_length", 0),
    ("tokenizer_config.json", "model_max_length", []),
    ("tokenizer_config.json", "tokenizer_class", 3),
    ("modules.json", "type", None),
    ("modules.json", "path", 1),
    ("modules.json", "path", None),
]


@pytest.mark.parametrize(("file", "key", "value"), WRONG, ids=str)
def test_a_value_of_another_type_is_named(st_checkpoint, file, key, value):
    folder = st_checkpoint("bert", dense=12, max_seq_length=None)
    values = json.loads((folder / file).read_text())
    (values[1] if isinstance(values, list) else values)[key] = value
    (folder / file).write_text(json.dumps(values))
    message = error(folder, file)
    assert key in message or "pad" in key or "class" in key or "attention" in key or "act" in key


@pytest.mark.parametrize(
    "content", ["{}", '{"weight_map": []}', '{"weight_map": {"a": 1}}', "[]", '{"weight_map": {}}', DEEP]
)
def test_a_damaged_index_of_shards(st_checkpoint, content):
    folder = st_checkpoint("bert")
    (folder / "model.safetensors").rename(folder / "model-00001-of-00001.safetensors")
    (folder / "model.safetensors.index.json").write_text(content)
    error(folder, "model.safetensors.index.json")


@pytest.mark.parametrize(
    "change",
    [
        {"version": "2"}, {"version": None}, {"pooling": "mean"}, {"pooling": ["unheard of"]}, {"layer": [-1]},
        {"layer": [True]}, {"template": "no place"}, {"max_length": 0}, {"dense": "2_Dense"}, {"dense": ["../2_Dense"]},
        {"prompts": []}, {"more": 1}, {"normalize": "yes"}, {"pool_scope": "none"},
    ],
    ids=str,
)  # fmt: skip
def test_a_damaged_file_of_an_export(checkpoints, tmp_path, change):
    folder = LLMTokenEmbedder(checkpoints["bert"]).fit(TEXTS).export(tmp_path / "out")
    path = folder / "sklearn_llmtokens.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    assert next(iter(change)) in error(folder, path.name)
    path.write_text(json.dumps({k: v for k, v in json.loads(path.read_text()).items() if k != "pooling"}))
    error(folder, path.name)
