"""Which model: folders and Hub ids, what is damaged or absent, revisions and fingerprints."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from sklearn_llmtokens import LLMTokenEmbedder
from tests.checkpoints import TEXTS
from tests.embedding.checkpoint_helpers import error_message, shard


@pytest.mark.parametrize("model", ["/no/such/folder", "./no-such-folder", "a/b/c", "~/model", "no such name", ""])
def test_an_absent_folder_says_what_is_accepted(model):
    assert "zh-mini" in error_message(model)


@pytest.mark.parametrize("model", ["nobody/nothing", "nobody/nothing@v1.0", "nothing"])
def test_an_absent_hub_id_is_named_with_its_revision(tmp_path, monkeypatch, model):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    name, _, revision = model.partition("@")
    message = error_message(model)
    assert f"{name}@{revision or 'main'}" in message
    assert ("HF_ENDPOINT" in message) == ("/" in name)


def test_a_file_in_the_place_of_its_folder(folder):
    assert "model.safetensors' is a file. Pass the folder" in error_message(folder / "model.safetensors")


def test_a_folder_without_a_configuration(tmp_path):
    assert "config.json" in error_message(tmp_path)


def test_no_weights(folder):
    (folder / "model.safetensors").unlink()
    assert "no safetensors weights" in error_message(folder)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.ckpt", "model.pt"])
def test_pickled_weights_are_not_read(folder, name):
    (folder / "model.safetensors").rename(folder / name)
    message = error_message(folder)
    assert f"only pickled ones ({name})" in message
    assert "safe_serialization" in message


def test_shards_are_read(checkpoints, folder):
    expected = LLMTokenEmbedder(checkpoints["bert"], cache=None).fit_transform(TEXTS)
    assert len(shard(folder)) > 1
    np.testing.assert_array_equal(LLMTokenEmbedder(folder, cache=None).fit_transform(TEXTS), expected)


def test_a_missing_shard_is_named(folder):
    shards = shard(folder)
    (folder / shards[1]).unlink()
    message = error_message(folder)
    assert "incomplete" in message
    assert shards[1] in message


@pytest.mark.parametrize("keep", [0, 4, 200, 0.5, 0.999])
def test_half_downloaded_weights(folder, keep):
    path = folder / "model.safetensors"
    data = path.read_bytes()
    path.write_bytes(data[: int(keep * len(data)) if isinstance(keep, float) else keep])
    assert "half downloaded" in error_message(folder)


@pytest.mark.parametrize("name", ["config.json", "tokenizer_config.json", "tokenizer.json"])
@pytest.mark.parametrize("content", ['{"model_type": "be', "", "[1, 2]", '{"model_type": 3}'], ids=str)
def test_bad_json(folder, name, content):
    (folder / name).write_text(content)
    if name == "tokenizer_config.json" and content.startswith('{"model_type": 3'):
        return  # a tokenizer does without its configuration
    assert str(folder) in error_message(folder)


@pytest.mark.parametrize(
    "name", ["modules.json", "sentence_bert_config.json", "config_sentence_transformers.json", "1_Pooling/config.json"]
)
def test_bad_json_of_sentence_transformers(st_checkpoint, name):
    folder = st_checkpoint("bert")
    (folder / name).write_text("{")
    message = error_message(folder)
    assert name in message
    assert "not JSON" in message


def test_without_a_tokenizer(folder):
    for path in folder.glob("tokenizer*"):
        path.unlink()
    assert "tokenizer" in error_message(folder)


def test_code_of_the_checkpoint_needs_trust(folder):
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "mine", "auto_map": {"AutoConfig": "mine.MyConfig", "AutoModel": "mine.MyModel"}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "mine.py").write_text("raise RuntimeError('this code ran')")
    assert "trust_remote_code=True" in error_message(folder)


def test_an_unknown_architecture(folder):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"model_type": "no-such-architecture"}))
    assert "no-such-architecture" in error_message(folder)


# The Hub's cache


SHA = "0123456789abcdef0123456789abcdef01234567"
OTHER = "fedcba9876543210fedcba9876543210fedcba98"


@pytest.fixture
def hub(checkpoints, tmp_path):
    """A cache as huggingface_hub lays it out, with two revisions of one model."""
    root = tmp_path / "hub/models--org--name"
    shutil.copytree(checkpoints["bert"], root / "snapshots" / SHA)
    shutil.copytree(checkpoints["gpt2"], root / "snapshots" / OTHER)
    (root / "refs").mkdir()
    (root / "refs/main").write_text(SHA)
    (root / "refs/v2").write_text(OTHER)
    return tmp_path / "hub"


@pytest.fixture
def offline(hub, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(hub))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    return hub


@pytest.mark.parametrize(
    ("model", "kind", "revision"),
    [
        ("org/name", "bert", SHA),
        ("org/name@main", "bert", SHA),
        ("org/name@v2", "gpt2", OTHER),
        (f"org/name@{OTHER}", "gpt2", OTHER),
    ],
)
def test_a_hub_id_is_pinned_to_its_revision(offline, checkpoints, model, kind, revision):
    ours = LLMTokenEmbedder(model, cache=None).fit(TEXTS)
    assert ours.revision_ == revision
    expected = LLMTokenEmbedder(checkpoints[kind], cache=None).fit(TEXTS)
    assert ours.fingerprint_ == expected.fingerprint_
    np.testing.assert_array_equal(ours.transform(TEXTS), expected.transform(TEXTS))
    assert expected.revision_ is None


@pytest.mark.parametrize("model", ["org/name", "org/name@main"])
def test_a_fitted_embedder_stays_with_its_revision_when_the_branch_moves(offline, model):
    ours = LLMTokenEmbedder(model, cache=None).fit(TEXTS)
    before = ours.transform(TEXTS)
    (offline / "models--org--name/refs/main").write_text(OTHER)
    np.testing.assert_array_equal(ours.transform(TEXTS), before)
    assert ours.fit(TEXTS).revision_ == OTHER


def test_an_incomplete_snapshot_is_named(offline):
    (offline / "models--org--name/snapshots" / SHA / "model.safetensors").unlink()
    message = error_message("org/name")
    assert f"org/name@{SHA}" in message
    assert "no safetensors" in message


@pytest.mark.slow
def test_the_environment_of_the_hub_is_obeyed(hub):
    code = "from sklearn_llmtokens import LLMTokenEmbedder as E; print(E('org/name').fit(['a']).revision_)"
    environment = {**os.environ, "HF_HUB_CACHE": str(hub), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == SHA, done.stderr


@pytest.mark.parametrize(
    ("name", "near"),
    [("zh-mni", True), ("zhmini", True), ("ZH-Mini", True), ("zh_mini@main", True), ("org/zh", False), ("bert", False)],
)
def test_a_name_that_is_nearly_a_bundled_one_is_asked_about(name, near):
    with pytest.raises(OSError, match="Pass a bundled name") as raised:
        LLMTokenEmbedder(name).fit(["好"])
    assert ("Did you mean 'zh-mini'?" in str(raised.value)) == near


@pytest.mark.skipif(os.name == "nt", reason="Windows does not remove a folder that is in use")
@pytest.mark.parametrize("bundled", [True, False])
def test_texts_are_embedded_where_the_working_folder_was_removed(checkpoints, tmp_path, monkeypatch, bundled):
    model = "zh-mini" if bundled else checkpoints["bert"]
    embedder = LLMTokenEmbedder(model).fit(["good"])
    expected = embedder.transform(["good", "屏幕"])
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    (tmp_path / "here").rmdir()
    np.testing.assert_array_equal(embedder.transform(["good", "屏幕"]), expected)
    assert LLMTokenEmbedder(model, cache=None).fit(["good"]).fingerprint_ == embedder.fingerprint_
    np.testing.assert_allclose(LLMTokenEmbedder(model, cache=None).fit_transform(["good", "屏幕"]), expected, atol=1e-6)


def test_links_into_the_blobs_of_the_hubs_cache_are_followed_and_hashed(offline, checkpoints):
    root = offline / "models--org--name"
    (root / "blobs").mkdir()
    for i, path in enumerate(sorted((root / "snapshots" / SHA).iterdir())):
        path.rename(root / f"blobs/{i}")
        path.symlink_to(f"../../blobs/{i}")
    ours = LLMTokenEmbedder("org/name", cache=None).fit(TEXTS)
    expected = LLMTokenEmbedder(checkpoints["bert"], cache=None).fit(TEXTS)
    assert ours.fingerprint_ == expected.fingerprint_
    np.testing.assert_array_equal(ours.transform(TEXTS), expected.transform(TEXTS))
    weights = (root / "snapshots" / SHA / "model.safetensors").resolve()
    weights.write_bytes(weights.read_bytes()[:-1] + b"\7")
    assert LLMTokenEmbedder("org/name").fit(TEXTS).fingerprint_ != ours.fingerprint_
