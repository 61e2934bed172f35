"""Which model: folders and Hub ids, what is damaged or absent, revisions and fingerprints."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from sklearn_llmtokens import LLMTokenEmbedder
from sklearn_llmtokens.embedding._checkpoint import _find, _fingerprint, fingerprint, recall, resolve
from sklearn_llmtokens.exceptions import CheckpointError, FingerprintMismatchError
from tests.checkpoints import TEXTS, build


@pytest.fixture
def folder(checkpoints, tmp_path):
    """A copy that a test may damage."""
    return shutil.copytree(checkpoints["bert"], tmp_path / "bert")


def error_message(model, **params):
    with pytest.raises(CheckpointError) as caught:
        LLMTokenEmbedder(model, cache=None, **params).fit(TEXTS).transform(TEXTS)
    assert isinstance(caught.value, OSError)
    return str(caught.value)


@pytest.mark.parametrize("model", ["/no/such/folder", "./no-such-folder", "a/b/c", "~/model", "no such name", ""])
def test_an_absent_folder_says_what_is_accepted(model):
    assert "zh-mini" in error_message(model)


@pytest.mark.parametrize("model", ["nobody/nothing", "nobody/nothing@v1.0", "nothing"])
def test_an_absent_hub_id_is_named_with_its_revision(tmp_path, monkeypatch, model):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    name, _, revision = model.partition("@")
    assert f"{name}@{revision or 'main'}" in error_message(model)


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


def shard(folder):
    from transformers import AutoModel

    model = AutoModel.from_pretrained(folder)
    (folder / "model.safetensors").unlink()
    model.save_pretrained(folder, max_shard_size="20KB")
    return sorted(path.name for path in folder.glob("model-*.safetensors"))


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


def test_the_environment_of_the_hub_is_obeyed(hub):
    code = "from sklearn_llmtokens import LLMTokenEmbedder as E; print(E('org/name').fit(['a']).revision_)"
    environment = {**os.environ, "HF_HUB_CACHE": str(hub), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == SHA, done.stderr


# Fingerprints


def test_a_copy_has_the_same_fingerprint(checkpoints, folder):
    assert fingerprint(resolve(folder)) == fingerprint(resolve(checkpoints["bert"]))


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json", "tokenizer_config.json"])
def test_a_change_of_any_file_changes_the_fingerprint(folder, name):
    before = fingerprint(resolve(folder))
    path = folder / name
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]) if name.endswith("safetensors") else data + b"\n")
    assert fingerprint(resolve(folder)) != before


def test_conventions_are_part_of_the_fingerprint(st_checkpoint):
    folder = st_checkpoint("bert")
    before = fingerprint(resolve(folder))
    (folder / "modules.json").write_text((folder / "modules.json").read_text() + "\n")
    assert fingerprint(resolve(folder)) != before


def test_a_model_card_is_not(folder):
    before = fingerprint(resolve(folder))
    (folder / "README.md").write_text("# A model")
    (folder / "picture.png").write_bytes(b"")
    assert fingerprint(resolve(folder)) == before


def test_code_is_part_of_the_fingerprint_where_it_may_run(folder):
    fitted = LLMTokenEmbedder(folder, trust_remote_code=True).fit(TEXTS)
    assert fitted.fingerprint_ == LLMTokenEmbedder(folder).fit(TEXTS).fingerprint_
    (folder / "modeling_own.py").write_text("a = 1")
    plain, trusting = (LLMTokenEmbedder(folder, trust_remote_code=t).fit(TEXTS).fingerprint_ for t in (False, True))
    assert plain == fitted.fingerprint_ != trusting
    with pytest.raises(FingerprintMismatchError, match=trusting):
        fitted.transform(TEXTS)
    trusted = fitted.fit(TEXTS)
    assert np.isfinite(trusted.transform(TEXTS)).all()
    (folder / "modeling_own.py").write_text("a = 22")
    with pytest.raises(FingerprintMismatchError):
        trusted.transform(TEXTS)


def test_hashes_are_remembered_until_a_file_changes(folder, monkeypatch):
    before = fingerprint(resolve(folder))
    opened = []
    original = open

    def spy(path, *args, **kwargs):
        opened.append(str(path))
        return original(path, *args, **kwargs)

    monkeypatch.setattr(_fingerprint, "open", spy, raising=False)
    assert fingerprint(resolve(folder)) == before
    assert opened == []
    os.utime(folder / "config.json", ns=(1, 1))
    assert fingerprint(resolve(folder)) == before
    assert opened == [str(folder / "config.json")]


def test_another_checkpoint_in_the_same_place_is_noticed(folder):
    ours = LLMTokenEmbedder(folder).fit(TEXTS)
    before = ours.transform(TEXTS)
    shutil.rmtree(folder)
    build("bert", folder, seed=1)
    with pytest.raises(FingerprintMismatchError) as caught:
        ours.transform(TEXTS)
    now = fingerprint(resolve(folder))
    assert ours.fingerprint_ in str(caught.value)
    assert now in str(caught.value)
    assert "fit again" in str(caught.value)
    assert np.abs(ours.fit_transform(TEXTS) - before).max() > 1e-3


def test_a_worker_with_another_checkpoint_refuses(folder):
    """As on another machine of a cluster, where nothing but the spec arrives."""
    from sklearn_llmtokens.embedding._spec import EmbeddingSpec
    from sklearn_llmtokens.embedding._torch import Encoder

    spec = EmbeddingSpec.from_dict(LLMTokenEmbedder(folder).fit(TEXTS).spec_)
    shutil.rmtree(folder)
    build("bert", folder, seed=1)
    with pytest.raises(FingerprintMismatchError, match=spec.forward.fingerprint):
        Encoder.load(spec.forward, "cpu")


def test_a_checkpoint_that_has_not_changed_is_recalled_without_reading_it(folder, monkeypatch):
    first = recall(str(folder))
    assert first == (resolve(folder), fingerprint(resolve(folder)))
    monkeypatch.setattr(_find, "resolve", lambda model: pytest.fail("it was read again"))
    assert recall(str(folder)) == first


@pytest.mark.parametrize("change", ["touched", "added", "removed", "added below"])
def test_any_change_in_a_folder_is_noticed_when_it_is_recalled(folder, change):
    (folder / "1_Pooling").mkdir()
    (folder / "notes.txt").write_text("one")
    _, before = recall(str(folder))
    if change == "touched":
        (folder / "config.json").write_text((folder / "config.json").read_text() + " ")
    elif change == "added":
        (folder / "more.json").write_text("{}")
    elif change == "removed":
        (folder / "notes.txt").unlink()
    else:
        (folder / "1_Pooling/config.json").write_text('{"pooling_mode": "cls"}')
    _, now = recall(str(folder))
    assert now == fingerprint(resolve(folder)) != before
    shutil.rmtree(folder)
    with pytest.raises(CheckpointError, match="no such folder"):
        recall(str(folder))


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


# Names that lead out of the folder, and links


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


def test_which_shard_holds_a_tensor_is_part_of_the_fingerprint(folder):
    shard(folder)
    before = fingerprint(resolve(folder))
    index = folder / "model.safetensors.index.json"
    index.write_text(index.read_text() + "\n")
    assert fingerprint(resolve(folder)) != before


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


def test_every_vocabulary_that_transformers_reads_is_part_of_the_fingerprint(folder):
    """The names are those of its tokenizers' ``vocab_files_names``."""
    names = "bpe.codes byte_maps.json dict.txt emoji.json entity_vocab.json merges.txt prophetnet.tokenizer"
    names += " sentencepiece.bpe.model source.spm spiece.model spm_char.model target.spm tokenizer.model vocab.bpe"
    names += " vocab-src.json vocab.json vocab.txt vocab.tiktoken word_shape.json chat_template.jinja"
    for name in names.split():
        before = fingerprint(resolve(folder))
        (folder / name).write_bytes(b"{}" if name.endswith(".json") else b"more")
        assert fingerprint(resolve(folder)) != before, name
