"""Pickles without weights, in this process and in another; skops; old pickles; the exported folder."""

import copy
import io
import json
import os
import pickle
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import joblib
import numpy as np
import pytest

from sklearn_llmtokens import LLMTokenEmbedder
from sklearn_llmtokens.exceptions import CheckpointError, FingerprintMismatchError, PickledVersionWarning
from tests.checkpoints import TEXTS, build

ROOT = Path(__file__).parents[2]


@pytest.fixture
def fitted(checkpoints):
    ours = LLMTokenEmbedder(checkpoints["bert"], pooling=("mean", "last"), layer=(1, 2), prompt="very {text}").fit(
        TEXTS
    )
    ours.transform(TEXTS)
    return ours


def test_a_pickle_holds_no_weights(fitted):
    assert len(pickle.dumps(fitted)) < 3_000
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(fitted)).transform(TEXTS), fitted.transform(TEXTS))


def test_an_unfitted_one_is_picklable(checkpoints):
    ours = pickle.loads(pickle.dumps(LLMTokenEmbedder(checkpoints["bert"], layer=0)))
    assert ours.get_params()["layer"] == 0


def test_deep_copies_work(fitted):
    np.testing.assert_array_equal(copy.deepcopy(fitted).transform(TEXTS), fitted.transform(TEXTS))


@pytest.mark.slow
def test_another_process_gives_the_same_vectors(fitted, tmp_path):
    joblib.dump(fitted, tmp_path / "embedder.joblib")
    assert (tmp_path / "embedder.joblib").stat().st_size < 10_000
    code = (
        "import joblib, numpy as np; from tests.checkpoints import TEXTS; "
        "np.save('rows.npy', joblib.load('embedder.joblib').transform(TEXTS))"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, check=True, capture_output=True)
    np.testing.assert_allclose(np.load(tmp_path / "rows.npy"), fitted.transform(TEXTS), atol=1e-7)


def test_a_checkpoint_that_moved_is_looked_for_where_the_model_says(checkpoints, tmp_path):
    folder = shutil.copytree(checkpoints["bert"], tmp_path / "here")
    ours = LLMTokenEmbedder(folder, cache=None).fit(TEXTS)
    expected = ours.transform(TEXTS)
    folder.rename(tmp_path / "there")
    with pytest.raises(CheckpointError, match="here"):
        ours.transform(TEXTS)
    ours.set_params(model=tmp_path / "there")
    np.testing.assert_array_equal(ours.transform(TEXTS), expected)


def test_a_pickle_beside_another_checkpoint_says_so(checkpoints, tmp_path):
    folder = shutil.copytree(checkpoints["bert"], tmp_path / "bert")
    data = pickle.dumps(LLMTokenEmbedder(folder).fit(TEXTS))
    shutil.rmtree(folder)
    build("bert", folder, seed=2)
    with pytest.raises(FingerprintMismatchError, match=r"fingerprint [0-9a-f]{32}.* has [0-9a-f]{32}"):
        pickle.loads(data).transform(TEXTS)


@pytest.mark.parametrize("name", ["word_weights", "truncate_dim", "missing", "n_jobs", "cache"])
def test_a_pickle_of_before_a_parameter_was_added_takes_its_default(fitted, name):
    state = fitted.__getstate__().copy()
    del state[name]
    state["_sklearn_llmtokens_version"] = "0.0.1"
    old = LLMTokenEmbedder.__new__(LLMTokenEmbedder)
    with pytest.warns(PickledVersionWarning, match="by sklearn_llmtokens 0.0.1"):
        old.__setstate__(state)
    assert old.get_params()[name] == LLMTokenEmbedder().get_params()[name]
    np.testing.assert_array_equal(old.transform(TEXTS), fitted.transform(TEXTS))


def test_skops_needs_a_short_list_of_trusted_types(fitted, tmp_path):
    import skops.io

    data = skops.io.dumps(fitted)
    untrusted = skops.io.get_untrusted_types(data=data)
    assert len(untrusted) <= 2
    assert all(name.startswith(("sklearn_llmtokens.", "pathlib.")) for name in untrusted)
    loaded = skops.io.loads(data, trusted=untrusted)
    np.testing.assert_array_equal(loaded.transform(TEXTS), fitted.transform(TEXTS))


def test_skops_with_a_plain_name_trusts_one_type(checkpoints):
    import skops.io

    data = skops.io.dumps(LLMTokenEmbedder(str(checkpoints["bert"])).fit(TEXTS))
    names = skops.io.get_untrusted_types(data=data)
    assert names == ["sklearn_llmtokens.embedding.LLMTokenEmbedder"]


def test_models_and_stores_stay_out_of_the_fitted_state(fitted):
    plain = (str, int, float, bool, type(None), dict, tuple, Path, np.ndarray)
    assert all(isinstance(value, plain) for value in vars(fitted).values())
    buffer = io.BytesIO()
    joblib.dump(fitted, buffer)
    assert buffer.getbuffer().nbytes < 10_000


# The exported folder

PARAMS = [
    {},
    {"pooling": ("last", "max"), "layer": (0, 2)},
    {"prompt": "very {text}", "normalize": True},
    {"prompt": "a {text} b", "truncate_dim": 9},
    {"prompt": "echo"},
    {"max_length": 9, "pooling": "cls"},
]


def export(ours, folder):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        rows = ours.fit_transform(TEXTS)
        exported = ours.export(folder)
        again = LLMTokenEmbedder(exported, cache=None).fit(TEXTS)
        return rows, exported, again, again.transform(TEXTS)


@pytest.mark.parametrize("params", PARAMS, ids=str)
@pytest.mark.parametrize("kind", ["bert", "llama"])
def test_an_exported_folder_gives_the_same_vectors(checkpoints, tmp_path, kind, params):
    ours = LLMTokenEmbedder(checkpoints[kind], cache=None, **params)
    rows, _, again, exported_rows = export(ours, tmp_path / "out")
    np.testing.assert_allclose(exported_rows, rows, atol=1e-6)
    assert again.prompt_ == ours.prompt_
    assert again.pooling_ == ours.pooling_
    assert again.normalize_ == ours.normalize_
    assert again.max_length_ == ours.max_length_


def test_an_exported_sentence_transformer(st_checkpoint, tmp_path):
    folder = st_checkpoint(
        "bert", dense=12, prompts={"query": "very ", "document": ""}, default_prompt="query", include_prompt=False
    )
    ours = LLMTokenEmbedder(folder, cache=None)
    rows, exported, _, exported_rows = export(ours, tmp_path / "out")
    np.testing.assert_allclose(exported_rows, rows, atol=1e-6)
    for prompt in ("query", "document", None, "good {text}"):
        np.testing.assert_allclose(
            LLMTokenEmbedder(exported, cache=None, prompt=prompt).fit_transform(TEXTS[:5]),
            LLMTokenEmbedder(folder, cache=None, prompt=prompt).fit_transform(TEXTS[:5]),
            atol=1e-6,
            err_msg=str(prompt),
        )


@pytest.mark.parametrize("include_prompt", [True, False])
def test_sentence_transformers_reads_an_exported_folder(st_checkpoint, tmp_path, include_prompt):
    from tests.embedding.test_sentence_transformers import sentence_transformers_vectors

    prompts = {"query": "very "}
    folder = st_checkpoint("bert", prompts=prompts, default_prompt="query", include_prompt=include_prompt, dense=8)
    rows, exported, _, _ = export(LLMTokenEmbedder(folder, cache=None), tmp_path / "out")
    np.testing.assert_allclose(sentence_transformers_vectors(exported, TEXTS), rows, atol=1e-5)


@pytest.mark.parametrize(
    "params",
    [{"layer": 1}, {"prompt": "echo"}, {"truncate_dim": 3, "normalize": True}, {"prompt": "{text} b"}],
    ids=str,
)
def test_what_sentence_transformers_cannot_express_is_not_written_for_it(checkpoints, tmp_path, params):
    _, exported, _, _ = export(LLMTokenEmbedder(checkpoints["bert"], cache=None, **params), tmp_path / "out")
    assert not (exported / "modules.json").exists()


def test_sentence_transformers_cuts_vectors_that_are_not_scaled_afterwards(checkpoints, tmp_path):
    from tests.embedding.test_sentence_transformers import sentence_transformers_vectors

    rows, exported, _, _ = export(LLMTokenEmbedder(checkpoints["bert"], cache=None, truncate_dim=3), tmp_path / "out")
    np.testing.assert_allclose(sentence_transformers_vectors(exported, TEXTS), rows, atol=1e-5)


def test_export_does_not_overwrite(fitted, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/file").write_text("mine")
    with pytest.raises(FileExistsError, match="not empty"):
        fitted.export(tmp_path / "out")
    assert fitted.export(tmp_path / "new").is_dir()


def test_an_export_of_a_later_version_is_refused(fitted, tmp_path):
    path = fitted.export(tmp_path / "out") / "sklearn_llmtokens.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"version": 99}))
    with pytest.raises(CheckpointError, match="later version"):
        LLMTokenEmbedder(tmp_path / "out").fit(TEXTS)
