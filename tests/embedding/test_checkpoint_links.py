"""Names that lead out of the folder of a checkpoint, and links."""

import json
import os

import numpy as np
import pytest

from sklearn_llmtokens import LLMTokenEmbedder
from sklearn_llmtokens.exceptions import FingerprintMismatchError
from tests.checkpoints import TEXTS
from tests.embedding.checkpoint_helpers import error_message, shard


def rename_module(folder, name, module=1):
    modules = json.loads((folder / "modules.json").read_text())
    modules[module]["path"] = name
    (folder / "modules.json").write_text(json.dumps(modules))


@pytest.mark.parametrize(
    "name", ["../1_Pooling", "/tmp", "1_Pooling/../../1_Pooling", "C:\\x", "..\\x", "a\0b", "onnx"]
)
@pytest.mark.parametrize("module", [0, 1])
def test_a_module_outside_of_the_folder_is_refused(st_checkpoint, name, module):
    folder = st_checkpoint("bert")
    rename_module(folder, name, module)
    message = error_message(folder)
    assert "modules.json" in message
    assert "relative paths inside" in message


def test_a_shard_outside_of_the_folder_is_refused(folder):
    shards = shard(folder)
    (folder / shards[0]).rename(folder.parent / shards[0])
    index = folder / "model.safetensors.index.json"
    index.write_text(index.read_text().replace(shards[0], f"../{shards[0]}"))
    message = error_message(folder)
    assert "weight_map" in message
    assert "relative paths inside" in message


@pytest.mark.parametrize("name", ["../model.safetensors", "/model.safetensors"])
def test_weights_that_the_configuration_names_outside_of_the_folder_are_refused(folder, name):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"transformers_weights": name}))
    assert "transformers_weights" in error_message(folder)


def test_a_tokenizer_outside_of_the_folder_is_refused(folder):
    path = folder / "tokenizer_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"fast_tokenizer_files": ["../tokenizer.4.0.json"]}))
    assert "fast_tokenizer_files" in error_message(folder)


def test_an_adapter_of_another_checkpoint_is_refused(folder):
    (folder / "adapter_config.json").write_text('{"base_model_name_or_path": "../other"}')
    assert "adapter_config.json" in error_message(folder)


def test_code_of_another_repository_is_refused_where_code_may_run(folder):
    config = json.loads((folder / "config.json").read_text()) | {"auto_map": {"AutoModel": "org/code--mine.MyModel"}}
    (folder / "config.json").write_text(json.dumps(config))
    assert np.isfinite(LLMTokenEmbedder(folder, cache=None).fit_transform(TEXTS)).all()
    assert "auto_map" in error_message(folder, trust_remote_code=True)


def swap(path, target):
    """Put a link in the place of a file or folder, which moves to `target`."""
    path.rename(target)
    path.symlink_to(target)


def fit_here(folder):
    """A fitted embedder, and a function that says whether it notices a change."""
    fitted = LLMTokenEmbedder(folder, cache=None).fit(TEXTS)
    fitted.transform(TEXTS[:1])

    def notices():
        now = LLMTokenEmbedder(folder, cache=None).fit(TEXTS).fingerprint_
        with pytest.raises(FingerprintMismatchError):
            fitted.transform(TEXTS[:1])
        return now != fitted.fingerprint_

    return notices


def test_what_a_linked_module_folder_holds_is_hashed_by_its_content(st_checkpoint, tmp_path):
    folder = st_checkpoint("bert")
    before = LLMTokenEmbedder(folder).fit(TEXTS).fingerprint_
    swap(folder / "1_Pooling", tmp_path / "elsewhere")
    assert LLMTokenEmbedder(folder).fit(TEXTS).fingerprint_ == before
    notices = fit_here(folder)
    config = tmp_path / "elsewhere/config.json"
    config.write_text(config.read_text().replace('"mean"', '"cls"'))
    assert notices()


@pytest.mark.parametrize("name", ["tokenizer.json", "model.safetensors", "modules.json"])
def test_what_a_linked_file_holds_is_hashed_by_its_content(st_checkpoint, tmp_path, name):
    folder = st_checkpoint("bert")
    swap(folder / name, tmp_path / "elsewhere")
    notices = fit_here(folder)
    data = (tmp_path / "elsewhere").read_bytes()
    (tmp_path / "elsewhere").write_bytes(data[:-1] + bytes([data[-1] ^ 1]) if "safetensors" in name else data + b"\n")
    assert notices()


def test_a_link_to_another_file_of_the_same_size_and_time_is_noticed(st_checkpoint, tmp_path):
    folder = st_checkpoint("bert", pooling="cls")
    path = folder / "1_Pooling/config.json"
    swap(path, tmp_path / "one")
    (tmp_path / "two").write_text((tmp_path / "one").read_text().replace("cls", "max"))
    stat = (tmp_path / "one").stat()
    os.utime(tmp_path / "two", ns=(stat.st_atime_ns, stat.st_mtime_ns))
    notices = fit_here(folder)
    (folder / "1_Pooling").joinpath("next").symlink_to(tmp_path / "two")
    (folder / "1_Pooling/next").rename(path)
    assert notices()


def test_a_circle_of_links_ends(st_checkpoint):
    folder = st_checkpoint("bert")
    (folder / "1_Pooling/up").symlink_to(folder)
    (folder / "again").symlink_to(folder / "1_Pooling")
    (folder / "1_Pooling/again").symlink_to(folder / "again")
    for trust_remote_code in (False, True):
        LLMTokenEmbedder(folder, trust_remote_code=trust_remote_code).fit(TEXTS)


def test_a_link_that_leads_nowhere_is_named(st_checkpoint, tmp_path):
    folder = st_checkpoint("bert")
    (folder / "sentence_bert_config.json").unlink()
    (folder / "sentence_bert_config.json").symlink_to(tmp_path / "nothing")
    assert "sentence_bert_config.json" in error_message(folder)
