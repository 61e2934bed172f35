"""What a fingerprint is made of, and that another checkpoint in the same place is noticed."""

import builtins
import os
import shutil

import numpy as np
import pytest

from sklearn_llmtokens import LLMTokenEmbedder
from sklearn_llmtokens.exceptions import FingerprintMismatchError
from tests.checkpoints import TEXTS, build
from tests.embedding.checkpoint_helpers import error_message, fingerprint, shard
from tests.inside import encoder_of


def test_a_copy_has_the_same_fingerprint(checkpoints, folder):
    assert fingerprint(folder) == fingerprint(checkpoints["bert"])


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json", "tokenizer_config.json"])
def test_a_change_of_any_file_changes_the_fingerprint(folder, name):
    before = fingerprint(folder)
    path = folder / name
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]) if name.endswith("safetensors") else data + b"\n")
    assert fingerprint(folder) != before


def test_conventions_are_part_of_the_fingerprint(st_checkpoint):
    folder = st_checkpoint("bert")
    before = fingerprint(folder)
    (folder / "modules.json").write_text((folder / "modules.json").read_text() + "\n")
    assert fingerprint(folder) != before


def test_a_model_card_is_not(folder):
    before = fingerprint(folder)
    (folder / "README.md").write_text("# A model")
    (folder / "picture.png").write_bytes(b"")
    assert fingerprint(folder) == before


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
    before = fingerprint(folder)
    opened = []
    original = open

    def spy(path, *args, **kwargs):
        opened.append(str(path))
        return original(path, *args, **kwargs)

    monkeypatch.setattr(builtins, "open", spy)
    assert fingerprint(folder) == before
    assert [path for path in opened if path.startswith(str(folder))] == []
    os.utime(folder / "config.json", ns=(1, 1))
    assert fingerprint(folder) == before
    assert [path for path in opened if path.startswith(str(folder))] == [str(folder / "config.json")]


def test_another_checkpoint_in_the_same_place_is_noticed(folder):
    ours = LLMTokenEmbedder(folder).fit(TEXTS)
    before = ours.transform(TEXTS)
    shutil.rmtree(folder)
    build("bert", folder, seed=1)
    with pytest.raises(FingerprintMismatchError) as caught:
        ours.transform(TEXTS)
    now = fingerprint(folder)
    assert ours.fingerprint_ in str(caught.value)
    assert now in str(caught.value)
    assert "fit again" in str(caught.value)
    assert np.abs(ours.fit_transform(TEXTS) - before).max() > 1e-3


def test_a_worker_with_another_checkpoint_refuses(folder):
    """As on another machine of a cluster, where nothing but the spec arrives."""
    fitted = LLMTokenEmbedder(folder).fit(TEXTS)
    shutil.rmtree(folder)
    build("bert", folder, seed=1)
    with pytest.raises(FingerprintMismatchError, match=fitted.fingerprint_):
        encoder_of(fitted)


@pytest.mark.parametrize("change", ["touched", "added", "removed", "added below"])
def test_any_change_of_what_is_read_in_a_folder_is_noticed(folder, change):
    (folder / "1_Pooling").mkdir()
    (folder / "notes.txt").write_text("one")
    before = fingerprint(folder)
    if change == "touched":
        (folder / "config.json").write_text((folder / "config.json").read_text() + " ")
    elif change == "added":
        (folder / "more.json").write_text("{}")
    elif change == "removed":
        (folder / "notes.txt").unlink()
    else:
        (folder / "1_Pooling/config.json").write_text('{"pooling_mode": "cls"}')
    assert fingerprint(folder) != before
    shutil.rmtree(folder)
    assert "no such folder" in error_message(folder)


def test_which_shard_holds_a_tensor_is_part_of_the_fingerprint(folder):
    shard(folder)
    before = fingerprint(folder)
    index = folder / "model.safetensors.index.json"
    index.write_text(index.read_text() + "\n")
    assert fingerprint(folder) != before


def test_every_vocabulary_that_transformers_reads_is_part_of_the_fingerprint(folder):
    """The names are those of its tokenizers' ``vocab_files_names``."""
    names = "bpe.codes byte_maps.json dict.txt emoji.json entity_vocab.json merges.txt prophetnet.tokenizer"
    names += " sentencepiece.bpe.model source.spm spiece.model spm_char.model target.spm tokenizer.model vocab.bpe"
    names += " vocab-src.json vocab.json vocab.txt vocab.tiktoken word_shape.json chat_template.jinja"
    for name in names.split():
        before = fingerprint(folder)
        (folder / name).write_bytes(b"{}" if name.endswith(".json") else b"more")
        assert fingerprint(folder) != before, name
