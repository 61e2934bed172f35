"""Static checkpoints: the vectors of model2vec and sentence-transformers, and what does not apply to them."""

import json
import pickle
import shutil
import subprocess
import sys
import warnings

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from sklearn_llmtokens import LLMTokenEmbedder
from sklearn_llmtokens.exceptions import (
    CheckpointError,
    FingerprintMismatchError,
    NonFiniteVectorError,
    TextTooLongError,
    TruncationWarning,
    UnknownTokenWarning,
)
from tests.static_checkpoints import N_FEATURES, VOCABULARY, write_model2vec, write_sentence_transformers

TEXTS = ["物流 很快", "good room", "物流 物流 物流 good", "很快 qy room", "", "   "]


def vectors_of(folder, texts=TEXTS, **params):
    return LLMTokenEmbedder(folder, cache=None, **params).fit_transform(texts)


def model2vec_loop(folder, texts, *, max_length=512, normalize=False):
    """What model2vec computes, word by word: the vocabulary of these folders has one token for each word."""
    tensors = load_file(folder / "model.safetensors")
    table = tensors["embeddings"].astype(np.float64)
    rows = tensors.get("mapping", np.arange(len(VOCABULARY)))
    weights = tensors.get("weights", np.ones(len(VOCABULARY)))
    found = []
    for text in texts:
        words = text.split() if max_length is None else text[: max_length * 4].split()[:max_length]  # 4: median length
        known = [VOCABULARY.index(word) for word in words if word in VOCABULARY]
        mean = np.mean([table[rows[i]] * weights[i] for i in known], axis=0) if known else np.zeros(table.shape[1])
        found.append(mean / (np.linalg.norm(mean) or 1) if normalize else mean)
    return np.array(found)


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "int8"])
@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("quantized", ["no", "weights", "mapping", "mapping and weights"])
def test_model2vec_folders(tmp_path, dtype, normalize, quantized):
    folder = write_model2vec(tmp_path, dtype=dtype, normalize=normalize, quantized=quantized)
    expected = model2vec_loop(folder, TEXTS, normalize=normalize)
    np.testing.assert_allclose(vectors_of(folder), expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(("max_length", "expected"), [(2, 2), (None, None), ("absent", 512)])
def test_model2vec_reads_as_many_tokens_as_its_file_says(tmp_path, max_length, expected):
    folder = write_model2vec(tmp_path, max_length=max_length)
    long = [" ".join(["good", "room", "物流", *["很快"] * 700])]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TruncationWarning)
        found = vectors_of(folder, long)
    np.testing.assert_allclose(found, model2vec_loop(folder, long, max_length=expected), rtol=1e-5)


def test_model2vec_cuts_characters_before_tokens(tmp_path):
    folder = write_model2vec(tmp_path, max_length=2)  # the median token has 4 characters: 8 are looked at
    with pytest.warns(TruncationWarning, match="1 distinct text"):
        found = vectors_of(folder, ["room    good"])
    np.testing.assert_array_equal(found, vectors_of(folder, ["room"]))


@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize("modules", [[], ["Normalize"]], ids=str)
@pytest.mark.parametrize("subfolder", ["", "0_StaticEmbedding"])
def test_sentence_transformers_folders(tmp_path, dtype, modules, subfolder):
    from sentence_transformers import SentenceTransformer

    folder = write_sentence_transformers(tmp_path, dtype=dtype, modules=modules, subfolder=subfolder)
    theirs = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    expected = theirs.float().encode(TEXTS, show_progress_bar=False)
    np.testing.assert_allclose(vectors_of(folder), expected, atol=1e-6)


def test_sentence_transformers_truncation_prompts_and_dimensions(tmp_path):
    from sentence_transformers import SentenceTransformer

    folder = write_sentence_transformers(
        tmp_path,
        modules=["Normalize"],
        truncation=("Left", 3),
        settings={"prompts": {"query": "room "}, "default_prompt_name": "query", "truncate_dim": 5},
    )
    theirs = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    texts = ["good 物流 很快 很快", "good"]
    with pytest.warns(TruncationWarning):
        found = vectors_of(folder, texts)
    np.testing.assert_allclose(found, theirs.encode(texts, show_progress_bar=False), atol=1e-6)
    assert found.shape == (2, 5)
    assert vectors_of(folder, ["good"], truncate_dim=2, normalize=True).shape == (1, 2)


def test_a_model2vec_tensor_without_its_configuration_is_read_as_sentence_transformers_does(tmp_path):
    from sentence_transformers import SentenceTransformer

    folder = write_model2vec(tmp_path, quantized="mapping and weights")
    (folder / "config.json").unlink()
    theirs = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    expected = theirs.encode(TEXTS, show_progress_bar=False)
    np.testing.assert_allclose(vectors_of(folder), expected, atol=1e-6)


_WITHOUT_TORCH = """
import sys
from sklearn_llmtokens import LLMTokenEmbedder

fitted = LLMTokenEmbedder(sys.argv[1], cache=None).fit(["good"])
fitted.transform(["good room"]), fitted.transform_tokens(["good"]), fitted.export(sys.argv[2])
print(sorted({"torch", "transformers", "sentence_transformers"} & set(sys.modules)))
"""


def test_neither_torch_nor_transformers_is_imported(tmp_path):
    folder = write_model2vec(tmp_path / "m")
    command = [sys.executable, "-c", _WITHOUT_TORCH, str(folder), str(tmp_path / "exported")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"pooling": "max"}, "pooling='max' does not apply to the static checkpoint"),
        ({"pooling": ("mean", "cls")}, "pooling="),
        ({"layer": 3}, "it has no layers"),
        ({"dtype": "int8"}, "summed in float32"),
        ({"device": "cuda"}, "runs on the CPU"),
        ({"prompt": "echo"}, "each token has one vector"),
        ({"truncate_dim": N_FEATURES + 1}, f"larger than the {N_FEATURES} features"),
    ],
    ids=str,
)
def test_what_does_not_apply_is_refused(tmp_path, params, message):
    folder = write_model2vec(tmp_path)
    with pytest.raises(ValueError, match=message):
        LLMTokenEmbedder(folder, **params).fit(TEXTS)


def test_word_weights_are_refused(tmp_path):
    from sklearn_llmtokens import JiebaTokenizer

    with pytest.raises(ValueError, match="carry the weights of their tokens"):
        LLMTokenEmbedder(write_model2vec(tmp_path), word_weights=JiebaTokenizer()).fit(TEXTS)


def test_what_applies_changes_nothing_or_as_it_says(tmp_path):
    folder = write_model2vec(tmp_path)
    whole = vectors_of(folder)
    np.testing.assert_array_equal(vectors_of(folder, pooling="mean", layer=0, dtype="float32", device="cpu"), whole)
    np.testing.assert_array_equal(vectors_of(folder, truncate_dim=3), whole[:, :3])
    lengths = np.linalg.norm(vectors_of(folder, normalize=True), axis=1)
    np.testing.assert_allclose(lengths, [1, 1, 1, 1, 0, 0], atol=1e-6)
    np.testing.assert_allclose(
        vectors_of(folder, ["good"], prompt="room {text} room"), vectors_of(folder, ["room good room"])
    )


def test_a_row_depends_neither_on_the_other_texts_nor_on_the_process(tmp_path):
    folder = write_model2vec(tmp_path)
    texts = [f"{a} {b} good" for a in VOCABULARY[1:] for b in VOCABULARY[1:]] * 5
    texts = [f"{text} {'room ' * (i % 7)}" for i, text in enumerate(texts)]
    whole = vectors_of(folder, texts)
    np.testing.assert_array_equal(vectors_of(folder, texts[::-1])[::-1], whole)
    np.testing.assert_array_equal(vectors_of(folder, texts[3:5]), whole[3:5])
    np.testing.assert_array_equal(vectors_of(folder, texts, n_jobs=2), whole)


def test_long_texts(tmp_path):
    folder = write_model2vec(tmp_path)
    with pytest.warns(TruncationWarning, match="1 distinct text.* had more than 2 tokens") as caught:
        cut = vectors_of(folder, ["物流 good 很快", "good"], max_length=2)
    assert caught[0].message.n_texts == 1
    np.testing.assert_allclose(cut, vectors_of(folder, ["物流 good", "good"]))
    read = vectors_of(folder, ["物流 good 很快"], max_length=2, long_text="chunk")
    np.testing.assert_allclose(read, vectors_of(folder, ["物流 good 很快"]))
    with pytest.raises(TextTooLongError, match=r"X\[1\] has more than 2 tokens"):
        vectors_of(folder, ["good", "good room 物流"], max_length=2, long_text="error")


def test_texts_that_the_vocabulary_lacks_are_counted(tmp_path):
    with pytest.warns(UnknownTokenWarning, match="2 distinct text"):
        vectors_of(write_model2vec(tmp_path), ["абв где", "qqq good wwwww", "good room qqq"])


def test_missing_texts_are_zeros_on_request(tmp_path):
    found = vectors_of(write_model2vec(tmp_path), ["good", None], missing="zero")
    assert found[0].any()
    assert not found[1].any()


def test_the_cache_serves_them(tmp_path):
    folder = write_model2vec(tmp_path / "m")
    embedder = LLMTokenEmbedder(folder, cache=tmp_path / "store").fit(TEXTS)
    first = embedder.transform(TEXTS)
    np.testing.assert_array_equal(embedder.transform(TEXTS), first)
    info = embedder.cache_info()
    assert (info.hits, info.misses, info.rows) == (len(TEXTS), len(TEXTS), len(TEXTS))
    assert embedder.forget(["good room"]) == 1


def test_a_change_of_the_vectors_changes_the_fingerprint(tmp_path):
    folder = write_model2vec(tmp_path)
    embedder = LLMTokenEmbedder(folder, cache=None).fit(TEXTS)
    copy = pickle.loads(pickle.dumps(embedder))
    assert len(pickle.dumps(embedder)) < 20_000
    tensors = load_file(folder / "model.safetensors")
    save_file({**tensors, "embeddings": tensors["embeddings"] * 2}, folder / "model.safetensors")
    with pytest.raises(FingerprintMismatchError):
        copy.transform(TEXTS)
    np.testing.assert_allclose(vectors_of(folder, ["good"]), 2 * model2vec_loop(folder, ["good"]) / 2, atol=1e-6)


def test_precompute_fills_a_store(tmp_path):
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline

    from sklearn_llmtokens.model_selection import precompute

    folder = write_model2vec(tmp_path / "m")
    pipeline = make_pipeline(LLMTokenEmbedder(folder), LogisticRegression())
    search = GridSearchCV(pipeline, {"llmtokenembedder__normalize": [True, False]}, cv=2)
    texts, labels = [f"{word} good" for word in VOCABULARY[1:5]] * 2, [0, 0, 1, 1] * 2
    filled = precompute(search, texts, labels, cache=tmp_path / "store").fit(texts, labels)
    assert filled.best_estimator_[0].cache_info().rows == 8
    assert "8" in str(precompute(search, texts, labels, cache=tmp_path / "other", dry_run=True))


def test_tokens_have_the_vectors_that_the_mean_is_of(tmp_path):
    folder = write_model2vec(tmp_path, quantized="mapping and weights")
    embedder = LLMTokenEmbedder(folder, cache=None, prompt="room {text}").fit(TEXTS)
    (found, empty) = embedder.transform_tokens(["good xyzzy 物流", ""])
    assert found.tokens == ["good", "物流"]
    assert found.offsets.tolist() == [[0, 4], [11, 13]]
    np.testing.assert_allclose(found.vectors, model2vec_loop(folder, ["good", "物流"]), atol=1e-6)
    assert empty.tokens == []
    assert empty.vectors.shape == (0, N_FEATURES)


@pytest.mark.parametrize("write", [write_model2vec, write_sentence_transformers])
@pytest.mark.parametrize(
    "params",
    [{}, {"normalize": True, "truncate_dim": 3}, {"normalize": False, "max_length": 2}, {"prompt": "room {text}"}],
    ids=str,
)
def test_an_exported_folder_gives_the_same_vectors(tmp_path, write, params):
    folder = write(tmp_path / "m")
    embedder = LLMTokenEmbedder(folder, cache=None, **params).fit(TEXTS)
    exported = embedder.export(tmp_path / "exported")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # texts are cut, to an unknown word
        np.testing.assert_allclose(vectors_of(exported), embedder.transform(TEXTS), atol=1e-6)


def test_an_exported_folder_is_one_of_sentence_transformers(tmp_path):
    from sentence_transformers import SentenceTransformer

    folder = write_sentence_transformers(tmp_path / "m", modules=["Normalize"])
    embedder = LLMTokenEmbedder(folder, cache=None, truncate_dim=3, max_length=2, prompt="room {text}").fit(TEXTS)
    theirs = SentenceTransformer(str(embedder.export(tmp_path / "exported")), device="cpu", local_files_only=True)
    with pytest.warns(TruncationWarning):
        ours = embedder.transform(TEXTS)
    np.testing.assert_allclose(ours, theirs.encode(TEXTS, show_progress_bar=False), atol=1e-6)


def test_a_prompt_behind_the_text_is_not_exported(tmp_path):
    embedder = LLMTokenEmbedder(write_model2vec(tmp_path / "m"), prompt="{text} room").fit(TEXTS)
    with pytest.raises(ValueError, match="before the text alone"):
        embedder.export(tmp_path / "exported")


def damage(folder, what):
    tensors = load_file(folder / "model.safetensors")
    file = folder / "model.safetensors"
    if what == "pickled":
        file.rename(folder / "pytorch_model.bin")
    elif what == "half a file":
        file.write_bytes(file.read_bytes()[:40])
    elif what == "no tokenizer":
        (folder / "tokenizer.json").unlink()
    elif what == "damaged tokenizer":
        (folder / "tokenizer.json").write_text('{"version": "1.0"}')
    elif what == "other tensors":
        save_file({"something": tensors["embeddings"]}, file)
    elif what == "one dimension":
        save_file({"embeddings": tensors["embeddings"][0].copy()}, file)
    elif what == "too few rows":
        save_file({"embeddings": tensors["embeddings"][:2].copy()}, file)
    elif what == "rows that are not there":
        save_file({**tensors, "mapping": np.arange(len(VOCABULARY)) + 1}, file)
    elif what == "too few weights":
        save_file({**tensors, "weights": np.ones(2, np.float32)}, file)
    elif what == "normalize is a word":
        (folder / "config.json").write_text(json.dumps({"model_type": "model2vec", "normalize": "yes"}))
    elif what == "another module":
        listed = json.loads((folder / "modules.json").read_text())
        listed.append({"idx": 1, "name": "1", "path": "1_Dense", "type": "sentence_transformers.models.Dense"})
        (folder / "modules.json").write_text(json.dumps(listed))


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("pickled", "only pickled ones"),
        ("half a file", "damaged or half downloaded"),
        ("no tokenizer", "has no tokenizer.json"),
        ("damaged tokenizer", "cannot be read"),
        ("other tensors", "something; a static checkpoint has its vectors in embeddings or embedding.weight"),
        ("one dimension", "accepted are tables"),
        ("too few rows", "a row for 2 of them"),
        ("rows that are not there", "names rows that the"),
        ("too few weights", "a weight for 2 of them"),
        ("normalize is a word", "accepted is true or false"),
        ("another module", "only Normalize is supported"),
    ],
)
def test_damaged_folders_are_refused(tmp_path, what, message):
    folder = write_model2vec(tmp_path)
    damage(folder, what)
    with pytest.raises(CheckpointError, match=message):
        LLMTokenEmbedder(folder, cache=None).fit(TEXTS).transform(TEXTS)


def test_vectors_that_are_not_finite_are_refused(tmp_path):
    folder = write_model2vec(tmp_path)
    tensors = load_file(folder / "model.safetensors")
    tensors["embeddings"][VOCABULARY.index("room")] = np.nan
    save_file(tensors, folder / "model.safetensors")
    with pytest.raises(NonFiniteVectorError, match=r"X\[1\] gave NaN"):
        vectors_of(folder, ["good", "room"])


def test_a_folder_of_model2vec_without_modules_is_one_too(tmp_path):
    folder = write_model2vec(tmp_path / "m")
    bare = tmp_path / "bare"
    shutil.copytree(folder, bare, ignore=shutil.ignore_patterns("modules.json"))
    np.testing.assert_array_equal(vectors_of(bare), vectors_of(folder))
