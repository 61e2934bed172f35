"""Distillation: what a static checkpoint learns from a teacher, and the folder that is written."""

import json

import numpy as np
import pytest
from safetensors.numpy import load_file
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin

from sklearn_llmtokens import LLMTokenEmbedder, distill
from sklearn_llmtokens._cli import main
from sklearn_llmtokens.embedding._static._ridge import SharedRows, solve_ridge
from sklearn_llmtokens.embedding._static._vocabulary import choose_vocabulary, count_words

WORDS = [
    "物流",
    "包装",
    "屏幕",
    "电池",
    "很快",
    "完好",
    "太暗",
    "耐用",
    "客服",
    "热情",
    "room",
    "clean",
    "staff",
    "friendly",
]


class Teacher(TransformerMixin, BaseEstimator):
    """Adds up a random vector for each of the words: what one vector per token can learn."""

    def __init__(self, n_features=12):
        self.n_features = n_features

    def fit(self, X, y=None):
        self.n_fits_ = getattr(self, "n_fits_", 0) + 1
        return self

    def transform(self, X):
        vectors = np.random.default_rng(0).normal(size=(len(WORDS), self.n_features))
        return np.array([sum((vectors[i] for i, word in enumerate(WORDS) if word in text), 3.0) for text in X])


def make_texts(n=600, seed=1):
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(WORDS, size=rng.integers(2, 6), replace=False)) for _ in range(n)]


def cosines(left, right):
    left, right = (rows - rows.mean(axis=0) for rows in (left, right))
    return (left * right).sum(axis=1) / np.linalg.norm(left, axis=1) / np.linalg.norm(right, axis=1)


@pytest.mark.parametrize("dtype", ["float32", "float16", "int8"])
def test_unseen_texts_get_the_directions_of_the_teacher(tmp_path, dtype):
    small = distill(Teacher(), make_texts(), tmp_path, n_tokens=300, dtype=dtype, l2=0.1)
    new = make_texts(50, seed=2)
    assert cosines(small.fit_transform(new), Teacher().transform(new)).mean() > 0.95
    stored = load_file(tmp_path / "model.safetensors")
    assert stored["embeddings"].dtype == dtype
    assert ("weights" in stored) == (dtype == "int8")


def test_fewer_features_keep_what_varies_most(tmp_path):
    small = distill(Teacher(n_features=40), make_texts(), tmp_path, n_tokens=300, n_components=14, l2=0.1)
    new = make_texts(80, seed=2)
    found, right = small.fit_transform(new), Teacher(n_features=40).transform(new)
    assert found.shape == (80, 14)
    right -= right.mean(axis=0)
    right /= np.linalg.norm(right, axis=1, keepdims=True)
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    assert np.corrcoef((found @ found.T).ravel(), (right @ right.T).ravel())[0, 1] > 0.95


def test_the_folder_is_one_of_model2vec_and_of_sentence_transformers(tmp_path):
    from sentence_transformers import SentenceTransformer

    small = distill(Teacher(), make_texts(), tmp_path, n_tokens=300, dtype="int8")
    config = json.loads((tmp_path / "config.json").read_text())
    assert config == {"model_type": "model2vec", "normalize": True, "max_length": None, "embedding_dtype": "int8"}
    theirs = SentenceTransformer(str(tmp_path), device="cpu", local_files_only=True)
    new = make_texts(20, seed=3)
    np.testing.assert_allclose(small.fit_transform(new), theirs.encode(new, show_progress_bar=False), atol=1e-6)


def test_a_rare_word_is_read_through_its_characters(tmp_path):
    texts = ["物流 很快", "物流 完好", "包装 完好", "屏幕 太暗", "电池 耐用"] * 40
    small = distill(Teacher(), texts, tmp_path, n_tokens=200).fit(texts)
    vectors = small.transform(["物流", "流物", "屏幕"])
    assert vectors[0] @ vectors[1] > vectors[2] @ vectors[1]


def test_the_same_texts_give_the_same_checkpoint(tmp_path):
    first, second = (distill(Teacher(), make_texts(), tmp_path / name, n_tokens=300, n_components=4) for name in "ab")
    np.testing.assert_array_equal(first.fit_transform(WORDS), second.fit_transform(WORDS))
    other = distill(Teacher(), make_texts(), tmp_path / "c", n_tokens=300, n_components=4, random_state=1)
    assert not np.allclose(first.fit_transform(WORDS), other.fit_transform(WORDS))


def test_the_card_has_the_agreement_on_texts_that_were_held_out(tmp_path):
    distill(Teacher(), make_texts(), tmp_path, n_tokens=300)
    card = (tmp_path / "README.md").read_text(encoding="utf-8")
    n_texts = len(set(make_texts()))
    n_held_out = int(n_texts * 0.05)
    assert f"from Teacher and {n_texts - n_held_out} texts" in card
    assert f"On {n_held_out} texts that were held out, the mean cosine" in card


def test_a_fitted_teacher_is_used_as_it_is(tmp_path):
    teacher = Teacher().fit([])
    distill(teacher, make_texts(), tmp_path / "a", n_tokens=300)
    assert teacher.n_fits_ == 1
    unfitted = Teacher()
    distill(unfitted, make_texts(), tmp_path / "b", n_tokens=300)
    assert not hasattr(unfitted, "n_fits_")


def test_vectors_come_from_the_cache_of_the_embedder(tmp_path, checkpoints):
    teacher = LLMTokenEmbedder(checkpoints["bert"], cache=tmp_path / "store").fit([""])
    texts = make_texts(40)
    teacher.transform(texts)
    misses = teacher.cache_info().misses
    distill(teacher, texts, tmp_path / "small", n_tokens=300)
    assert teacher.cache_info().misses == misses


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"dtype": "int4"}, "dtype='int4' is none of"),
        ({"n_tokens": 5}, "n_tokens=5 is no integer of 100 or more"),
        ({"n_components": 13}, "more than the 12 features"),
        ({"l2": 0}, "l2=0 is not above 0"),
    ],
    ids=str,
)
def test_parameters_out_of_range_are_refused(tmp_path, params, message):
    with pytest.raises(ValueError, match=message):
        distill(Teacher(), make_texts(), tmp_path, **{"n_tokens": 300, **params})


def test_texts_and_folders_that_do_not_do_are_refused(tmp_path):
    with pytest.raises(ValueError, match="1 different texts"):
        distill(Teacher(), ["a", "a", " "], tmp_path)
    (tmp_path / "something").touch()
    with pytest.raises(FileExistsError, match="is not empty"):
        distill(Teacher(), make_texts(), tmp_path)


def test_the_command(tmp_path, checkpoints, capsys):
    (tmp_path / "texts.txt").write_text("\n".join(make_texts(60)) + "\n\n", encoding="utf-8")
    arguments = ["distill", str(tmp_path / "texts.txt"), str(tmp_path / "small"), "--model", str(checkpoints["bert"])]
    assert main([*arguments, "--n-tokens", "300", "--output-dtype", "int8"]) == 0
    shown = capsys.readouterr()
    assert "README.md has the figures" in shown.err
    assert shown.out == ""
    assert LLMTokenEmbedder(tmp_path / "small").fit_transform(["物流"]).shape == (1, 32)
    assert main(arguments) == 1
    assert "is not empty" in capsys.readouterr().err


def test_conjugate_gradients_give_the_ridge_solution():
    rng = np.random.default_rng(0)
    tokens = sparse.random_array((300, 80), density=0.1, rng=rng, dtype=np.float32).tocsr()
    parts = sparse.random_array((80, 10), density=0.2, rng=rng, dtype=np.float32).tocsr()
    targets = rng.normal(size=(300, 70)).astype(np.float32)
    dense = np.hstack([tokens.toarray(), (tokens @ parts).toarray()]).astype(np.float64)
    right = np.linalg.solve(dense.T @ dense + 3.0 * np.eye(90), dense.T @ targets)
    rows = SharedRows(tokens, parts)
    found = solve_ridge(rows, rows.transposed_product(targets), 3.0)
    np.testing.assert_allclose(found, right, atol=0.01 * np.abs(right).max())
    np.testing.assert_allclose(tokens @ rows.per_token(found), dense @ right, atol=0.02)
    np.testing.assert_allclose(rows.squares(), (dense**2).sum(axis=0), rtol=1e-5)


def test_the_vocabulary_has_characters_frequent_words_and_pieces_of_rare_latin_words():
    texts = ["物流 很快"] * 9 + ["物流 unfriendliness"]
    vocabulary = choose_vocabulary(*count_words(texts, str.split), n_tokens=200)
    tokens = [token for token, _ in vocabulary]
    assert len(tokens) <= 200
    assert len(set(tokens)) == len(tokens)
    assert {"物流", "很快", "物", "流", "a", "!"} <= set(tokens)
    scores = dict(vocabulary)
    assert scores["物流"] > scores["很快"] > scores["快"]
