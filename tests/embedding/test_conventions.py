"""What sentence-transformers itself has saved: its vectors, or an error that names what is not supported."""

import functools
import json
import shutil
import warnings

import numpy as np
import pytest

from sklearn_llmtokens import LLMTokenEmbedder
from sklearn_llmtokens.exceptions import CheckpointError
from tests.checkpoints import TEXTS
from tests.embedding.test_sentence_transformers import sentence_transformers_vectors

TRANSFORMER_FILE = "sentence_bert_config.json"
MODEL_FILE = "config_sentence_transformers.json"


def save(transformer, folder, order, *, truncate_dim=None, pooling="mean", **normalize):
    """Save a model of sentence-transformers: P for Pooling, N for Normalize, D for Dense, o for Dropout."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import torch
        from sentence_transformers import SentenceTransformer
        from sentence_transformers.base.modules import Dense, Normalize, Transformer
        from sentence_transformers.sentence_transformer.modules import Dropout, Pooling

        torch.manual_seed(0)
        modules, width = [Transformer(str(transformer))], 32
        for letter in order:
            if letter == "P":
                modules.append(Pooling(width, pooling))
                width *= 1 if isinstance(pooling, str) else len(pooling)
            elif letter == "N":
                modules.append(Normalize(**normalize))
            elif letter == "D":
                modules.append(Dense(width, width - 4, activation_function=torch.nn.Tanh()))
                width -= 4
            else:
                modules.append(Dropout(0.5))
        SentenceTransformer(modules=modules, device="cpu", truncate_dim=truncate_dim).save(str(folder))
    return folder


@pytest.fixture(scope="module")
def saved_once(checkpoints, tmp_path_factory):
    """Models that sentence-transformers has saved, each once."""
    folder = tmp_path_factory.mktemp("saved")

    @functools.cache
    def make(order, kind, params):
        return save(checkpoints[kind], folder / str(make.cache_info().currsize), order, **dict(params))

    return make


@pytest.fixture
def saved(saved_once, tmp_path):
    """A copy of a saved model, which a test may change."""

    def make(order="PN", kind="bert", **params):
        return shutil.copytree(saved_once(order, kind, tuple(params.items())), tmp_path / "saved", dirs_exist_ok=True)

    return make


def embed(folder, **params):
    return LLMTokenEmbedder(folder, cache=None, **params).fit_transform(TEXTS)


def error(folder, **params):
    with pytest.raises(CheckpointError) as caught:
        embed(folder, **params)
    return str(caught.value)


def edit(path, **values):
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


# What is supported


@pytest.mark.parametrize("order", ["P", "PN", "PD", "PND", "PDN", "PNDN", "PDND", "PDDN", "PNN", "PoDo"])
def test_modules_run_in_their_order(saved, order):
    folder = saved(order)
    expected = sentence_transformers_vectors(folder, TEXTS)
    np.testing.assert_allclose(embed(folder), expected, atol=1e-5)
    fitted = LLMTokenEmbedder(folder).fit(TEXTS)
    assert fitted.normalize_ == order.endswith("N")
    assert fitted.n_features_out_ == expected.shape[1]
    np.testing.assert_allclose(embed(folder, normalize=True), unit(expected), atol=1e-5)


@pytest.mark.parametrize("kind", ["llama", "t5", "xlm-roberta"])
def test_modules_run_in_their_order_behind_every_kind_of_transformer(saved, kind):
    folder = saved("PND", kind=kind, pooling=("lasttoken", "mean") if kind == "llama" else "mean")
    np.testing.assert_allclose(embed(folder), sentence_transformers_vectors(folder, TEXTS), atol=1e-5)


def test_normalize_false_leaves_out_the_last_scaling_alone(saved):
    folder = saved("PNDN")
    rows = embed(folder, normalize=False)
    np.testing.assert_allclose(unit(rows), sentence_transformers_vectors(folder, TEXTS), atol=1e-5)
    assert np.abs(np.linalg.norm(rows, axis=1) - 1).max() > 1e-3


@pytest.mark.parametrize("order", ["P", "PN", "PD", "PDN", "PNDN"])
@pytest.mark.parametrize("truncate_dim", [5, 1000])
def test_a_cut_that_the_checkpoint_names_comes_last(saved, order, truncate_dim):
    folder = saved(order, truncate_dim=truncate_dim)
    expected = sentence_transformers_vectors(folder, TEXTS)
    found = embed(folder)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert LLMTokenEmbedder(folder).fit(TEXTS).n_features_out_ == min(truncate_dim, expected.shape[1])
    np.testing.assert_allclose(embed(folder, normalize=True), unit(expected), atol=1e-5)


def test_a_cut_that_the_user_names_is_scaled_as_documented(saved):
    folder = saved("PN", truncate_dim=5)
    rows = embed(folder, truncate_dim=3)
    whole = sentence_transformers_vectors(folder, TEXTS)
    np.testing.assert_allclose(rows, unit(whole[:, :3]), atol=1e-5)


@pytest.mark.parametrize("name", ["roberta", "distilbert", "camembert", "albert", "xlm-roberta", "xlnet"])
def test_files_of_old_names_are_read(st_checkpoint, name):
    folder = st_checkpoint("roberta")
    (folder / TRANSFORMER_FILE).unlink()
    values = {"max_seq_length": 9, "do_lower_case": True}
    (folder / f"sentence_{name}_config.json").write_text(json.dumps(values))
    texts = [text.upper() for text in TEXTS]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # texts are cut
        found = LLMTokenEmbedder(folder, cache=None).fit(texts)
        rows = found.transform(texts)
    assert found.max_length_ == 9
    np.testing.assert_allclose(rows, sentence_transformers_vectors(folder, texts), atol=1e-5)


def test_the_first_file_that_says_something_is_read(st_checkpoint):
    folder = st_checkpoint("bert")
    (folder / TRANSFORMER_FILE).write_text("{}")
    (folder / "sentence_roberta_config.json").write_text('{"max_seq_length": 9}')
    (folder / "sentence_xlnet_config.json").write_text('{"max_seq_length": 8}')
    assert LLMTokenEmbedder(folder).fit(TEXTS).max_length_ == 9


@pytest.mark.parametrize(
    "values",
    [
        {"model_args": {"trust_remote_code": True, "dtype": "float32"}},
        {"tokenizer_args": {"padding_side": "left"}, "config_args": {"use_cache": True}},
        {"model_kwargs": {"attn_implementation": "sdpa"}, "processor_kwargs": {}, "config_kwargs": {}},
    ],
    ids=str,
)
def test_arguments_that_change_no_vector_are_accepted(st_checkpoint, values):
    folder = st_checkpoint("llama", max_seq_length=64)
    edit(folder / TRANSFORMER_FILE, **values)
    np.testing.assert_allclose(embed(folder), sentence_transformers_vectors(folder, TEXTS), atol=1e-5)


def test_a_folder_without_modules_is_a_plain_checkpoint_as_it_is_for_sentence_transformers(saved):
    folder = saved("PN")
    edit(folder / MODEL_FILE, prompts={"query": "very "}, default_prompt_name="query", truncate_dim=3)
    (folder / "modules.json").unlink()
    np.testing.assert_allclose(embed(folder), sentence_transformers_vectors(folder, TEXTS), atol=1e-5)
    assert LLMTokenEmbedder(folder).fit(TEXTS).prompt_ is None


@pytest.mark.parametrize("name", ["query", "document"])
def test_prompts_that_every_model_has_are_empty(saved, name):
    folder = saved("P")
    edit(folder / MODEL_FILE, prompts={}, default_prompt_name=name)
    np.testing.assert_allclose(embed(folder), sentence_transformers_vectors(folder, TEXTS), atol=1e-5)


def test_an_export_keeps_the_order_and_the_cut(saved, tmp_path):
    folder = saved("PNDN", truncate_dim=7)
    fitted = LLMTokenEmbedder(folder, cache=None).fit(TEXTS)
    exported = fitted.export(tmp_path / "exported")
    rows = fitted.transform(TEXTS)
    np.testing.assert_allclose(embed(exported), rows, atol=1e-6)
    np.testing.assert_allclose(sentence_transformers_vectors(exported, TEXTS), rows, atol=1e-5)


# What is not supported


@pytest.mark.parametrize("trust_remote_code", [False, True])
@pytest.mark.parametrize(
    ("module", "name"),
    [
        (0, "custom_st.Transformer"),
        (1, "custom_st.Pooling"),
        (2, "Normalize"),
        (2, "sentence_transformers_more.models.Normalize"),
        (1, "sentence_transformers.models.custom.Pooling"),
        (1, "sentence_transformers.sparse_encoder.modules.Pooling"),
    ],
)
def test_a_class_of_the_checkpoint_is_never_taken_for_one_of_the_library(saved, trust_remote_code, module, name):
    folder = saved("PN")
    modules = json.loads((folder / "modules.json").read_text())
    modules[module]["type"] = name
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "custom_st.py").write_text("raise RuntimeError('this code ran')")
    message = error(folder, trust_remote_code=trust_remote_code)
    assert name[:30] in message
    assert "modules.json" in message


def test_without_a_pooling_module(saved):
    folder = saved("P")
    modules = json.loads((folder / "modules.json").read_text())
    (folder / "modules.json").write_text(json.dumps(modules[:1]))
    assert "no Pooling module" in error(folder)


def test_the_output_of_a_pooler_is_not_taken_for_pooled_tokens(checkpoints, tmp_path):
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Transformer

    way = {"text": {"method": "forward", "method_output_name": "pooler_output"}}
    module = Transformer(str(checkpoints["bert"]), modality_config=way, module_output_name="sentence_embedding")
    SentenceTransformer(modules=[module], device="cpu").save(str(tmp_path / "saved"))
    message = error(tmp_path / "saved")
    assert TRANSFORMER_FILE in message
    assert "modality_config" in message or "module_output_name" in message


@pytest.mark.parametrize("order", ["NP", "PPN", "DP"])
def test_modules_in_another_order_are_refused(saved, order):
    message = error(saved(order, **({"module_input_name": "token_embeddings"} if order == "NP" else {})))
    assert {"NP": "Normalize", "PPN": "Pooling", "DP": "Dense"}[order] in message


@pytest.mark.parametrize("name", ["module_input_name", "module_output_name"])
def test_normalize_of_something_else_is_refused(saved, name):
    folder = saved("PN", **{name: "token_embeddings"})
    message = error(folder)
    assert "2_Normalize/config.json" in message
    assert name in message


FIRST = [
    ("modality_config", {"message": {"method": "forward", "method_output_name": "last_hidden_state"}}),
    ("modality_config", {"text": {"method": "forward", "method_output_name": "hidden_states"}}),
    ("module_output_name", "sentence_embedding"),
    ("transformer_task", "fill-mask"),
    ("processing_kwargs", {"text": {"max_length": 5}}),
    ("processing_kwargs", {"chat_template": {"enable_thinking": False}}),
    ("config_args", {"num_hidden_layers": 1}),
    ("config_kwargs", {"is_causal": False}),
    ("model_args", {"attn_implementation": "my/kernel"}),
    ("model_kwargs", {"revision": "v2"}),
    ("tokenizer_args", {"model_max_length": 5}),
    ("tokenizer_args", {"truncation_side": "left"}),
    ("processor_kwargs", {"do_lower_case": True}),
    ("tokenizer_name_or_path", "org/another"),
    ("query_length", 5),
    ("document_length", 5),
    ("query_expansion", {"length": 5}),
    ("max_seq_len", 5),
    ("max_seq_length", 0),
    ("max_seq_length", "128"),
    ("do_lower_case", "yes"),
]
MODEL = [
    ("model_type", "SparseEncoder"),
    ("model_type", "CrossEncoder"),
    ("truncate_dim", "64"),
    ("truncate_dim", -1),
    ("truncate_dims", 64),
    ("prompts", ["query: "]),
    ("prompts", {"query": 1}),
    ("default_prompt_name", "no such"),
    ("default_prompt_name", 1),
    ("requirements", {"transformers": ">=99"}),
]
POOLING = [
    ("pooling_mode", "attention"),
    ("pooling_mode", []),
    ("pooling_mode", ["mean", 1]),
    ("include_prompt", "no"),
    ("pooling_mode_mean_tokens", "true"),
    ("weights", [1, 2]),
    ("embedding_dimension", "32"),
]
DENSE = [
    ("in_features", None),
    ("in_features", 31),
    ("out_features", 0),
    ("bias", 1),
    ("activation_function", "torch.nn.modules.linear.Linear"),
    ("activation_function", "os.system"),
    ("activation_function", None),
    ("module_output_name", "token_embeddings"),
    ("use_residual", True),
    ("residual", True),
]
CASES = [
    *((TRANSFORMER_FILE, *case) for case in FIRST),
    *((MODEL_FILE, *case) for case in MODEL),
    *(("1_Pooling/config.json", *case) for case in POOLING),
    *(("2_Dense/config.json", *case) for case in DENSE),
]


@pytest.mark.parametrize(("file", "key", "value"), CASES, ids=str)
def test_what_is_not_supported_or_not_known_is_named_with_its_file(st_checkpoint, file, key, value):
    folder = st_checkpoint("bert", dense=12)
    edit(folder / file, **{key: value})
    message = error(folder)
    assert key in message
    assert str(folder) in message
    assert file.rpartition("/")[2] in message
    assert len(message) < 700


def test_a_message_shows_no_more_than_the_beginning_of_a_prompt(st_checkpoint):
    secret = "a prompt that somebody wrote and would not like to see in a log of other people"
    folder = st_checkpoint("bert")
    edit(folder / MODEL_FILE, prompt=secret)
    assert secret[30:] not in error(folder)
    with pytest.raises(ValueError, match="has no") as caught:
        LLMTokenEmbedder("zh-mini", prompt=secret).fit(TEXTS)
    assert secret[31:] not in str(caught.value)
    with pytest.raises(ValueError, match="no room") as caught:
        LLMTokenEmbedder("zh-mini", prompt=secret + "{text}", max_length=9).fit(TEXTS)
    assert secret[31:] not in str(caught.value)


def test_a_transformer_alone_is_a_way_out(saved, tmp_path):
    """As the messages advise."""
    folder = saved("NP", module_input_name="token_embeddings")
    for path in ("modules.json", MODEL_FILE, TRANSFORMER_FILE):
        (folder / path).unlink()
    shutil.rmtree(folder / "2_Pooling")
    assert np.isfinite(embed(folder, pooling="cls", normalize=True)).all()
