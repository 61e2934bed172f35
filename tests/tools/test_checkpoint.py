"""What the bundled checkpoint promises: its size, its format, and its tokens."""

import json

import numpy as np
import pytest

from sklearn_llmtokens.checkpoints import BUNDLED_CHECKPOINTS, bundled_checkpoint

REVIEWS = [
    "物流很快，包装完好，下次还来买",
    "屏幕太暗了，电池也不耐用！！",
    "我买了iPhone手机，花了5000元，“很好”……真的",
    "房间很小 但是 干净",
]


@pytest.fixture(scope="module")
def folder():
    return bundled_checkpoint("zh-mini")


@pytest.fixture(scope="module")
def tokenizer(folder):
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder)


@pytest.fixture(scope="module")
def sentence_transformer(folder):
    return pytest.importorskip("sentence_transformers").SentenceTransformer(str(folder), device="cpu")


@pytest.mark.parametrize("name", BUNDLED_CHECKPOINTS)
def test_checkpoint_is_at_most_32_megabytes(name):
    assert sum(path.stat().st_size for path in bundled_checkpoint(name).rglob("*") if path.is_file()) <= 32e6


def test_unknown_name_says_which_there_are():
    with pytest.raises(ValueError, match=r"no bundled checkpoint is named 'en-huge'.*'zh-mini'"):
        bundled_checkpoint("en-huge")


def test_weights_are_float16_on_disk_and_float32_when_loaded(folder):
    from safetensors import safe_open
    from transformers import AutoModel

    with safe_open(folder / "model.safetensors", "pt") as file:
        assert {file.get_slice(name).get_dtype() for name in file.keys()} == {"F16"}  # noqa: SIM118
    assert str(AutoModel.from_pretrained(folder).dtype) == "torch.float32"


def test_no_weight_is_missing_or_left_over(folder):
    from transformers import AutoModel

    _, report = AutoModel.from_pretrained(folder, output_loading_info=True)
    assert not any(report[kind] for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"))


@pytest.mark.parametrize("text", REVIEWS)
def test_spaces_between_chinese_words_change_no_token(tokenizer, text):
    import jieba

    assert tokenizer(" ".join(jieba.lcut(text)))["input_ids"] == tokenizer(text)["input_ids"]
    spaced = "".join(f" {char} " if "\u4e00" <= char <= "\u9fff" else char for char in text)
    assert tokenizer(spaced)["input_ids"] == tokenizer(text)["input_ids"]


def test_ideographic_space_changes_no_token(tokenizer):
    assert tokenizer("房间\u3000干净")["input_ids"] == tokenizer("房间干净")["input_ids"]


def test_spaces_between_english_words_count(tokenizer):
    assert tokenizer("the room")["input_ids"] != tokenizer("theroom")["input_ids"]


def test_common_characters_are_known(tokenizer):
    """Of the characters of GB 2312's first level at most 7% have no piece of their own; printable ASCII has all."""
    han = [bytes([row, cell]).decode("gb2312", "ignore") for row in range(0xB0, 0xD8) for cell in range(0xA1, 0xFF)]
    han = [char for char in han if char]

    def is_unknown(char):
        return tokenizer.unk_token_id in tokenizer(char)["input_ids"]

    assert sum(map(is_unknown, han)) <= 0.07 * len(han)
    assert not any(is_unknown(chr(code)) for code in range(33, 127))


def test_vectors_are_finite_float32_for_any_text(sentence_transformer):
    texts = ["", " ", "好", "👍", "a" * 3000, "很好。" * 1000, *REVIEWS]
    vectors = sentence_transformer.encode(texts)
    assert vectors.dtype == np.float32
    assert np.isfinite(vectors).all()


def test_likeness_follows_meaning(sentence_transformer):
    base, paraphrase, other, english = sentence_transformer.encode(
        ["物流很快，下次还来", "快递速度快，还会再买", "这本书的剧情太拖沓", "fast delivery, will buy again"]
    )

    def cosine(a, b):
        return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))

    assert cosine(base, paraphrase) > cosine(base, other)
    assert cosine(base, english) > cosine(other, english)


def test_card_names_teacher_data_and_limits(folder):
    card = (folder / "README.md").read_text(encoding="utf-8")
    for word in ("multilingual-e5-small", "MIT", "## Text", "## Training", "## Figures", "## Limits"):
        assert word in card


def test_conventions_say_how_vectors_are_made(folder):
    pooling = json.loads((folder / "1_Pooling" / "config.json").read_text())
    dense = json.loads((folder / "2_Dense" / "config.json").read_text())
    modes = [mode for mode, on in pooling.items() if mode.startswith("pooling_mode") and on]
    assert dense["in_features"] == len(modes) * pooling["word_embedding_dimension"]
