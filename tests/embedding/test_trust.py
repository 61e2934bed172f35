"""What a fitted state from somebody else's file may decide: nothing about code, files or devices."""

import json
import shutil

import numpy as np
import pytest

from sklearn_llmtokens import LLMTokenEmbedder
from sklearn_llmtokens.exceptions import CheckpointError, FingerprintMismatchError
from tests.checkpoints import TEXTS


@pytest.fixture
def folder(checkpoints, tmp_path):
    """A checkpoint with code of its own, which leaves a file behind when it runs."""
    folder = shutil.copytree(checkpoints["bert"], tmp_path / "bert")
    config = json.loads((folder / "config.json").read_text())
    config["auto_map"] = {"AutoModel": "modeling_mine.MyModel", "AutoConfig": "modeling_mine.MyConfig"}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "modeling_mine.py").write_text(
        f"open({str(tmp_path / 'ran')!r}, 'w').close()\n"
        "from transformers import BertConfig, BertModel\n"
        "class MyConfig(BertConfig):\n    pass\n"
        "class MyModel(BertModel):\n    config_class = MyConfig\n"
    )
    return folder


def refused(fitted):
    """All that a fitted embedder is asked for."""
    messages = []
    for call in (
        lambda: fitted.transform(TEXTS),
        lambda: fitted.transform_tokens(TEXTS),
        lambda: fitted.export("no-such-folder"),
    ):
        with pytest.raises((ValueError, CheckpointError)) as caught:
            call()
        messages.append(str(caught.value))
    return messages


def test_code_runs_where_the_parameter_says_so(folder, tmp_path):
    with pytest.raises(FileNotFoundError):
        (tmp_path / "ran").stat()
    LLMTokenEmbedder(folder, cache=None, trust_remote_code=True).fit(TEXTS).transform(TEXTS)
    assert (tmp_path / "ran").exists()


def test_a_parameter_that_was_taken_back_after_fit_is_obeyed(folder, tmp_path):
    fitted = LLMTokenEmbedder(folder, cache=None, trust_remote_code=True).fit(TEXTS)
    (tmp_path / "ran").unlink()
    fitted.set_params(trust_remote_code=False)
    assert all("trust_remote_code" in message for message in refused(fitted)[:2])
    refused(fitted)
    assert not (tmp_path / "ran").exists()


def test_a_fitted_state_that_allows_code_does_not_decide(folder, tmp_path):
    fitted = LLMTokenEmbedder(folder, cache=None, trust_remote_code=True).fit(TEXTS)
    state = fitted.spec_, fitted.fingerprint_
    (tmp_path / "ran").unlink()
    plain = LLMTokenEmbedder(folder, cache=None)
    plain.__dict__.update({name: value for name, value in vars(fitted).items() if name.endswith("_")})
    assert (plain.spec_, plain.fingerprint_) == state
    refused(plain)
    assert not (tmp_path / "ran").exists()


def test_a_skops_file_whose_state_allows_code_runs_none(folder, tmp_path):
    import skops.io

    fitted = LLMTokenEmbedder(str(folder), cache=None, trust_remote_code=True).fit(TEXTS)
    fitted.trust_remote_code = False
    data = skops.io.dumps(fitted)
    (tmp_path / "ran").unlink()
    loaded = skops.io.loads(data, trusted=["sklearn_llmtokens.embedding.LLMTokenEmbedder"])
    assert loaded.spec_["forward"]["trust_remote_code"]
    refused(loaded)
    assert not (tmp_path / "ran").exists()


def test_a_state_of_before_a_permission_is_fitted_again(folder):
    fitted = LLMTokenEmbedder(folder, cache=None)
    fitted.trust_remote_code = True
    fitted.fit(TEXTS)
    fitted.trust_remote_code = False
    with pytest.raises(ValueError, match="fit again"):
        fitted.transform(TEXTS)


FORWARD = [
    ("trust_remote_code", 1),
    ("trust_remote_code", None),
    ("fingerprint", "0" * 32),
    ("fingerprint", 7),
    ("folder", None),
    ("dtype", "load"),
    ("dtype", "qint8"),
    ("template", "no place for it"),
    ("pool_scope", "none"),
    ("long_text", "ignore"),
    ("max_length", "512"),
    ("max_length", True),
    ("causal", "no"),
]
READOUT = [("layers", ()), ("layers", "12"), ("pooling", (1,)), ("head", 2), ("truncate_dim", "9"), ("normalize", None)]


@pytest.mark.parametrize(
    ("part", "name", "value"),
    [*(("forward", *case) for case in FORWARD), *(("readout", *case) for case in READOUT)],
    ids=str,
)
def test_values_that_fit_never_writes_are_refused(checkpoints, part, name, value):
    fitted = LLMTokenEmbedder(checkpoints["bert"], cache=None).fit(TEXTS)
    fitted.spec_[part][name] = value
    with pytest.raises(ValueError, match="fit again"):
        fitted.transform(TEXTS)
    del fitted.spec_[part][name]
    with pytest.raises(ValueError, match="fit again"):
        fitted.transform(TEXTS)


def test_the_folder_in_a_fitted_state_is_not_opened(checkpoints, tmp_path):
    fitted = LLMTokenEmbedder(checkpoints["bert"], cache=None).fit(TEXTS)
    expected = fitted.transform(TEXTS)
    fitted.spec_["forward"]["folder"] = str(checkpoints["gpt2"])
    np.testing.assert_array_equal(fitted.transform(TEXTS), expected)


def test_a_fingerprint_of_another_checkpoint_is_refused(checkpoints):
    fitted, other = (LLMTokenEmbedder(checkpoints[kind], cache=None).fit(TEXTS) for kind in ("bert", "roberta"))
    other.transform(TEXTS)  # its model is at hand now
    fitted.spec_["forward"]["fingerprint"] = other.fingerprint_
    with pytest.raises(FingerprintMismatchError, match="two checkpoints"):
        fitted.transform(TEXTS)
    fitted.fingerprint_ = other.fingerprint_
    with pytest.raises(FingerprintMismatchError, match=other.fingerprint_):
        fitted.transform(TEXTS)


@pytest.mark.parametrize("name", ["../../elsewhere", "", None, "x" * 32])
def test_a_fingerprint_names_no_file_outside_of_the_cache(checkpoints, tmp_path, name):
    fitted = LLMTokenEmbedder(checkpoints["bert"], cache=tmp_path / "cache").fit(TEXTS)
    fitted.fingerprint_ = name
    for call in (lambda: fitted.transform(TEXTS), lambda: fitted.forget(TEXTS), fitted.cache_info):
        with pytest.raises(FingerprintMismatchError, match="fit again"):
            call()
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("revision", ["main", "../../other", "refs/pr/1", 7, ""])
def test_a_revision_that_is_no_commit_is_refused(checkpoints, revision):
    fitted = LLMTokenEmbedder(checkpoints["bert"], cache=None).fit(TEXTS)
    fitted.revision_ = revision
    with pytest.raises(CheckpointError, match="no commit"):
        fitted.transform(TEXTS)
