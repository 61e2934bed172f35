"""What the bundled checkpoint promises: its size, its format, and its tokens."""

import json
import random
import re
from pathlib import Path

import numpy as np
import pytest

from sklearn_llmtokens import LLMTokenEmbedder
from sklearn_llmtokens.checkpoints import BUNDLED_CHECKPOINTS, bundled_checkpoint
from sklearn_llmtokens.datasets import load_toy_catalog, load_toy_reviews

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


@pytest.fixture(scope="module")
def spec(folder):
    return json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))


def steps_after_the_readings(spec):
    steps = spec["normalizer"]["normalizers"]
    return steps[next(i for i, step in enumerate(steps) if step.get("content") == "") :]


def with_steps(spec, steps):
    """The tokenizer with another normaliser."""
    from tokenizers import Tokenizer

    return Tokenizer.from_str(json.dumps(spec | {"normalizer": {"type": "Sequence", "normalizers": steps}}))


@pytest.fixture(scope="module")
def to_traditional():
    import opencc

    return opencc.OpenCC("s2t").convert


@pytest.mark.parametrize(
    ("traditional", "simplified"),
    [
        ("物流很快，後來屋裡乾淨", "物流很快，后来屋里干净"),
        ("乾隆年間的乾隆皇帝乾杯", "乾隆年间的乾隆皇帝干杯"),
        ("餅乾、乾坤、乾燥、幹活、干涉", "饼干、乾坤、干燥、干活、干涉"),
        ("於是關於徵求意見，宮商角徵羽", "于是关于征求意见，宫商角徵羽"),
        ("瞭解、明瞭、瞭望", "了解、明了、瞭望"),
        ("回覆、反覆、覆蓋、顛覆", "回复、反复、覆盖、颠覆"),
        ("藉由、藉口、慰藉、狼藉", "借由、借口、慰藉、狼藉"),
        ("昇級，畢昇", "升级，毕昇"),
        ("頭髮發麵，隻隻皆佳", "头发发面，只只皆佳"),
        ("\u8f66\u8eca \uf902", "车车 车"),  # a compatibility form of 車
    ],
)
def test_traditional_characters_have_the_tokens_of_simplified_ones(tokenizer, traditional, simplified):
    assert tokenizer(traditional)["input_ids"] == tokenizer(simplified)["input_ids"]


def test_traditional_reviews_have_the_tokens_of_simplified_ones(tokenizer, to_traditional):
    reviews = load_toy_reviews()
    texts = [text for text, language in zip(reviews.data, reviews.language, strict=True) if language == "zh"]
    pairs = [(tokenizer(to_traditional(text))["input_ids"], tokenizer(text)["input_ids"]) for text in texts]
    assert np.mean([traditional == simplified for traditional, simplified in pairs]) > 0.99


def test_a_classifier_of_simplified_reviews_is_as_right_on_traditional_ones(to_traditional):
    from sklearn.linear_model import LogisticRegression

    reviews = load_toy_reviews()
    embedder = LLMTokenEmbedder()
    model = LogisticRegression(max_iter=1000).fit(embedder.fit_transform(reviews.data[::3]), reviews.target[::3])
    texts, labels = reviews.data[1::3], reviews.target[1::3]
    of_simplified = model.score(embedder.transform(texts), labels)
    of_traditional = model.score(embedder.transform([to_traditional(text) for text in texts]), labels)
    assert of_traditional == pytest.approx(of_simplified, abs=0.01)


def test_simplified_text_keeps_the_tokens_that_it_has_without_the_readings(spec, folder):
    from tokenizers import Tokenizer

    plain, tokenizer = (
        with_steps(spec, steps_after_the_readings(spec)),
        Tokenizer.from_file(str(folder / "tokenizer.json")),
    )
    texts = [*load_toy_reviews().data, *load_toy_catalog().texts, *REVIEWS]
    texts += [
        "乾隆、哪吒与毕昇",
        "说明覆盖范围，重覆盖一遍",
        "慰藉以后，凭藉",
        "一只瞭望塔",
        "康乾盛世，萧乾",
        "於梨华",
        "彷徨，蒜薹",
    ]
    assert [tokenizer.encode(text).ids for text in texts] == [plain.encode(text).ids for text in texts]


def test_spaces_are_removed_as_three_plain_patterns_remove_them(spec):
    """Beside Chinese, and between ASCII punctuation; the plain patterns are quadratic in a run of spaces."""
    spaces = r"[ \t\n\r\u00a0\u200b-\u200f\u2028\u2029\u2581\u3000\ufeff]+"
    cjk = r"[\p{Han}\p{Hiragana}\p{Katakana}\u3001-\u303f\uff00-\uffef\u2014\u2018-\u201d\u2026]"
    punctuation = r"[!-/:-@\[-`{-~]"
    patterns = [f"(?<={cjk}){spaces}", f"{spaces}(?={cjk})", f"(?<={punctuation}){spaces}(?={punctuation})"]
    steps = steps_after_the_readings(spec)
    plain = [{"type": "Replace", "pattern": {"Regex": pattern}, "content": ""} for pattern in patterns]
    expected, found = with_steps(spec, [*plain, *steps[1:]]), with_steps(spec, steps)
    rng = random.Random(0)
    alphabet = " \t\n\u3000\u200b\u00a0\u2581a好,。!“…～é"
    texts = ["".join(rng.choices(alphabet, k=rng.randint(0, 12))) for _ in range(5000)]
    for a, b in zip(expected.encode_batch(texts), found.encode_batch(texts), strict=True):
        assert (a.ids, a.offsets) == (b.ids, b.offsets)


def characters_looked_at(pattern, text):
    """How far the first repetition of a pattern can run, summed over the places where the pattern gets to it."""
    pattern = pattern.replace(r"\p{Han}\p{Hiragana}\p{Katakana}", r"\u3040-\u30ff\u4e00-\u9fff")
    before, repeated = re.match(r"(.*?)(\[[^]]*\]|.)(?:[*+]|\{\d*,\d*\})", pattern.replace(r"\[", "[")).groups()
    before = before[: before.rindex(")(?:") + 1] if ")(?:" in before else before
    run, reached = re.compile(f"(?:{repeated})*"), re.compile(before)
    return sum(run.match(text, at).end() - at for at in range(len(text)) if reached.match(text, at))


@pytest.mark.parametrize("space", [" ", "\u3000", "\u200b", " \n"])
@pytest.mark.parametrize("around", ["", "a", "好", "!"])
def test_a_run_of_spaces_twice_as_long_takes_at_most_twice_the_work(spec, space, around):
    patterns = [step["pattern"]["Regex"] for step in steps_after_the_readings(spec) if step["type"] == "Replace"]
    for pattern in patterns:
        once, twice = (characters_looked_at(pattern, around + space * n + around) for n in (200, 400))
        assert twice <= 2 * once + 8


EMOJI = {
    "👍": "赞", "👍🏽": "赞", "👎🏿": "差", "❤️": "爱心", "👩‍🚀": "女人火箭", "🤷‍♀️": "耸肩女", "🇨🇳": "cn", "1️⃣": "1 ",
    "😂😂": "笑哭笑哭", "🥟": "饺子", "🐶": "狗脸",
}  # fmt: skip


@pytest.mark.parametrize("emoji", EMOJI)
def test_emoji_have_the_tokens_of_their_words(tokenizer, emoji):
    for text in ("这质量{}", "{}真的", "好 {} ，好"):
        assert tokenizer(text.format(emoji))["input_ids"] == tokenizer(text.format(EMOJI[emoji]))["input_ids"]


def test_emoji_of_praise_and_of_blame_lie_on_their_sides():
    good, bad, praise, blame = LLMTokenEmbedder(normalize=True).fit_transform(
        ["这质量很好，赞", "这质量太差", "这质量👍", "这质量👎"]
    )
    assert praise @ good > praise @ bad
    assert blame @ bad > blame @ good
    assert praise @ blame < 0.9


def test_tokens_of_emoji_and_traditional_characters_lie_where_they_stand():
    (tokens,) = LLMTokenEmbedder().fit(["好"]).transform_tokens(["這質量👍🏽 ok👎，後來乾淨❤️"])
    places = {token: tuple(place) for token, place in zip(tokens.tokens, tokens.offsets.tolist(), strict=True)}
    assert places["质量"] == (1, 3)
    assert places["赞"] == (3, 4)
    assert places["差"] == (8, 9)
    assert places["后来"] == (10, 12)
    assert places["爱心"] == (14, 15)


def test_sentence_transformers_reads_them_too(sentence_transformer):
    texts = ["這質量👍🏽，後來乾淨", "屏幕👎 ❤️"]
    np.testing.assert_allclose(sentence_transformer.encode(texts), LLMTokenEmbedder().fit_transform(texts), atol=1e-5)


def test_the_kept_script_gives_the_tokenizer_that_is_bundled(spec, monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parents[2])
    from tools.train_zh_mini import readings, vocabulary

    teacher = next(step for step in spec["normalizer"]["normalizers"] if step["type"] == "Sequence")
    plain = spec | {"normalizer": vocabulary.student_normalizer(teacher)}
    assert readings.add_readings(plain) == spec
    assert readings.add_readings(spec) == spec
