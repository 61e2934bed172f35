"""Weights that do not suit the model: named, and never filled with random values."""

import json
import shutil

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from sklearn_llmtokens import LLMTokenEmbedder
from sklearn_llmtokens.exceptions import CheckpointError
from tests.checkpoints import FAMILIES, TEXTS


@pytest.fixture
def folder(checkpoints, tmp_path):
    return lambda kind="bert": shutil.copytree(checkpoints[kind], tmp_path / kind)


def change(folder, remove=(), rename=None, add=None, file="model.safetensors"):
    tensors = load_file(folder / file)
    assert all(any(name.endswith(end) for name in tensors) for end in remove)
    tensors = {name: tensor for name, tensor in tensors.items() if not name.endswith(tuple(remove) or "\0")}
    tensors = {rename(name) if rename else name: tensor for name, tensor in tensors.items()} | (add or {})
    save_file(tensors, folder / file, {"format": "pt"})


def embed(folder, **params):
    return LLMTokenEmbedder(folder, cache=None, **params).fit_transform(TEXTS)


def error(folder, **params):
    with pytest.raises(CheckpointError) as caught:
        embed(folder, **params)
    return str(caught.value)


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=() if kind == "bert" else pytest.mark.slow) for kind in FAMILIES]
)
def test_each_tensor_of_every_family_is_missed(folder, kind):
    """One tensor of each kind at a time: the embeddings, the final norm, and all of the last layer."""
    folder = folder(kind)
    weights = folder / "model.safetensors"
    whole, tensors = weights.read_bytes(), load_file(weights)
    last = max(int(part) for name in tensors for part in name.split(".") if part.isdigit())
    chosen = [n for n in tensors if f".{last}." in n or not any(p.isdigit() for p in n.split("."))]
    heads = [name for name in chosen if "pooler" in name]
    assert bool(heads) == (kind in ("bert", "roberta", "xlm-roberta"))
    expected = embed(folder)
    for name in chosen:
        weights.write_bytes(whole)
        change(folder, remove=[name])
        if name in heads:
            np.testing.assert_array_equal(embed(folder), expected)
        else:
            message = error(folder)
            assert name in message
            assert "lacks" in message


@pytest.mark.parametrize("kind", ["bert", "gpt2", "llama", "t5", "modernbert"])
def test_a_tensor_of_another_shape_is_named_with_both(folder, kind):
    folder = folder(kind)
    name, tensor = next(
        (n, t) for n, t in load_file(folder / "model.safetensors").items() if ".1." in n and t.ndim == 2
    )
    change(folder, add={name: np.zeros((3, 5), np.float32)})
    message = error(folder)
    assert name in message
    assert "(3, 5)" in message
    assert str(tensor.shape) in message


@pytest.mark.parametrize(
    ("kind", "key"), [("bert", "num_hidden_layers"), ("gpt2", "n_layer"), ("llama", "num_hidden_layers")]
)
def test_layers_that_the_configuration_leaves_out_are_noticed(folder, kind, key):
    folder = folder(kind)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {key: config[key] - 1}))
    assert "has no place" in error(folder)
    (folder / "config.json").write_text(json.dumps(config | {key: config[key] + 1}))
    assert "lacks" in error(folder)


def test_a_tensor_that_no_layer_has_is_noticed(folder):
    folder = folder()
    change(folder, add={"encoder.layer.0.attention.self.query.lora_A.weight": np.zeros((2, 32), np.float32)})
    message = error(folder)
    assert "lora_A" in message


@pytest.mark.parametrize(
    "heads",
    [
        {"cls.predictions.bias": (400,), "cls.predictions.transform.dense.weight": (32, 32)},
        {"classifier.weight": (2, 32), "classifier.bias": (2,)},
        {"lm_head.weight": (400, 32)},
    ],
    ids=str,
)
@pytest.mark.parametrize("prefix", ["", "bert."])
def test_heads_that_are_not_used_may_be_there(folder, heads, prefix):
    folder = folder()
    expected = embed(folder)
    change(folder, rename=lambda name: prefix + name, add={n: np.ones(s, np.float32) for n, s in heads.items()})
    np.testing.assert_array_equal(embed(folder), expected)


def test_buffers_of_old_checkpoints_may_be_there(folder):
    bert, gpt2 = folder("bert"), folder("gpt2")
    for one, name in [(bert, "embeddings.position_ids"), (gpt2, "h.0.attn.bias")]:
        expected = embed(one)
        change(one, add={name: np.arange(128).reshape(1, -1)})
        np.testing.assert_array_equal(embed(one), expected)


def test_an_empty_file_of_weights_is_not_a_model(folder):
    folder = folder()
    save_file({}, folder / "model.safetensors", {"format": "pt"})
    message = error(folder)
    assert "and" in message.partition("more")[0]
    assert len(message) < 600


@pytest.mark.parametrize("kind", ["bart", "mbart", "pegasus"])
def test_weights_are_tied_as_the_family_ties_them(tmp_path, kind):
    """An encoder and a decoder share a table, which is saved once, under any of its names."""
    from tests.architectures import build_architecture

    folder = build_architecture(kind, tmp_path / kind)
    expected = embed(folder)
    names = [
        name
        for name in load_file(folder / "model.safetensors")
        if name.endswith(("shared.weight", "embed_tokens.weight"))
    ]
    assert len(names) == 1
    change(folder, rename=lambda name: "encoder.embed_tokens.weight" if name in names else name)
    np.testing.assert_array_equal(embed(folder), expected)
    change(folder, remove=["encoder.embed_tokens.weight"])
    assert "lacks" in error(folder)


def test_a_decoder_that_is_not_run_may_be_absent(tmp_path):
    from tests.architectures import build_architecture

    folder = build_architecture("bart", tmp_path / "bart")
    expected = embed(folder)
    change(folder, remove=[n for n in load_file(folder / "model.safetensors") if n.startswith("decoder.")])
    np.testing.assert_array_equal(embed(folder), expected)


def test_an_expert_that_three_tokens_do_not_meet_is_missed(tmp_path):
    from tests.architectures import build_architecture

    folder = build_architecture("mixtral", tmp_path / "mixtral")
    experts = [n for n in load_file(folder / "model.safetensors") if ".experts." in n]
    change(folder, remove=experts[-1:])
    assert "CheckpointError" in repr(CheckpointError(error(folder)))


@pytest.mark.parametrize("damage", ["missing", "shape", "more", "cut"])
def test_a_dense_layer_of_other_tensors_is_named(st_checkpoint, damage):
    folder = st_checkpoint("bert", dense=12)
    file = "2_Dense/model.safetensors"
    if damage == "missing":
        change(folder, remove=["linear.bias"], file=file)
    elif damage == "shape":
        change(folder, add={"linear.bias": np.zeros(13, np.float32)}, file=file)
    elif damage == "more":
        change(folder, add={"residual.weight": np.zeros((12, 32), np.float32)}, file=file)
    else:
        (folder / file).write_bytes((folder / file).read_bytes()[:-8])
    assert file in error(folder)


def test_two_processes_never_give_other_vectors_of_one_fingerprint(folder):
    """What is missing would be random: it is refused in each."""
    folder = folder()
    change(folder, remove=["encoder.layer.0.attention.self.query.weight"])
    assert error(folder) == error(folder)
