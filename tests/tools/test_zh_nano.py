"""What the bundled static checkpoint promises: its size, its format, and how it reads Chinese."""

import json
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from sklearn_llmtokens import LLMTokenEmbedder, text_pipeline
from sklearn_llmtokens.checkpoints import bundled_checkpoint
from sklearn_llmtokens.datasets import load_toy_reviews

FOLDER = bundled_checkpoint("zh-nano")


def vectors_of(texts):
    return LLMTokenEmbedder("zh-nano", cache=None).fit_transform(texts)


def test_it_has_at_most_16_megabytes():
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) <= 16e6


def test_likeness_follows_meaning():
    base, paraphrase, other, english = vectors_of(
        ["物流很快，下次还来", "快递速度快，还会再买", "这本书的剧情太拖沓", "fast delivery, will buy again"]
    )
    assert base @ paraphrase > base @ other
    assert base @ english > other @ english


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("物流很快，後來屋裡乾淨", "物流很快，后来屋里乾净"),
        ("这质量👍", "这质量赞"),
        ("ＧＯＯＤ Room", "good room"),
    ],
)
def test_traditional_characters_emoji_and_forms_are_read(text, same):
    np.testing.assert_allclose(*vectors_of([text, same]), atol=1e-6)


def test_sentence_transformers_gives_the_same_vectors():
    from sentence_transformers import SentenceTransformer

    texts = ["物流很快，包装完好", "屏幕👎 ❤️", "The room was clean."]
    theirs = SentenceTransformer(str(FOLDER), device="cpu", local_files_only=True)
    np.testing.assert_allclose(vectors_of(texts), theirs.encode(texts, show_progress_bar=False), atol=1e-6)


def test_a_pipeline_takes_it_by_name():
    reviews = load_toy_reviews()
    pipeline = text_pipeline(embedder="zh-nano").fit(reviews.data[::2], reviews.target[::2])
    assert pipeline.score(reviews.data[1::2], reviews.target[1::2]) > 0.6


def test_its_card_has_teacher_text_figures_and_limits():
    card = (FOLDER / "README.md").read_text(encoding="utf-8")
    for word in ("multilingual-e5-small", "zh-mini", "## Teacher", "## Text", "## Figures", "## Limits"):
        assert word in card


def test_the_kept_script_gives_its_normaliser(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parents[2])
    from tools.train_zh_nano.normalizer import read_all

    assert json.loads((FOLDER / "tokenizer.json").read_text(encoding="utf-8"))["normalizer"] == read_all()


def test_tokens_of_the_same_contexts_get_similar_features(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parents[2])
    from tools.train_zh_nano.cooccurrence import cooccurrence_features

    words = ["[UNK]", "猫", "狗", "喝", "水", "书", "读", "新"]
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    texts = ["猫 喝 水", "狗 喝 水", "狗 ？ 水", "读 新 书", "读 书"] * 4
    features = cooccurrence_features(tokenizer, texts, np.ones((len(words), 2), np.float32), n_features=2)
    unit = features[1:] / np.linalg.norm(features[1:], axis=1, keepdims=True)
    cat, dog, book = unit[0], unit[1], unit[4]
    assert cat @ dog > 0.9
    assert abs(cat @ book) < 0.1
    np.testing.assert_allclose(features[0], 0, atol=1e-6)  # the unknown token


def test_features_of_contexts_are_small_beside_those_of_the_teachers(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parents[2])
    from tools.train_zh_nano.cooccurrence import SCALE, cooccurrence_features

    words = ["[UNK]", *"abcdef"]
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    learnt = np.random.default_rng(0).normal(size=(len(words), 3)).astype(np.float32)
    texts = ["a b c", "b c d", "e f", "a f d"]
    features = cooccurrence_features(tokenizer, texts, learnt)
    ids = [tokenizer.encode(text).ids for text in texts]
    lengths = [
        np.sqrt(np.mean([np.square(vectors[row].mean(axis=0)).sum() for row in ids])) for vectors in (features, learnt)
    ]
    assert lengths[0] / lengths[1] == pytest.approx(SCALE, rel=1e-5)
