"""The promise that everything else stands on: jieba's words, from whichever engine."""

import os
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sklearn_llmtokens.text import JiebaTokenizer
from tests.inside import forget_built
from tests.text.conftest import words_by_jieba
from tests.text.texts import TRICKY, texts, user_entries

MODES = [("accurate", True), ("accurate", False), ("search", True), ("search", False), ("full", True)]
SHARED_FIXTURES = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@pytest.fixture
def rjieba(monkeypatch):
    """The module rjieba, of which no engine is built yet."""
    module = pytest.importorskip("rjieba", reason="the fast engine is optional")
    forget_built(monkeypatch, {"_build", "_commonest_frequency", "_kinds_of_characters", "_load_model"})
    return module


@pytest.mark.parametrize("user_dict", [None, ["云计算"], [("云计算", 0)]])
def test_rjieba_is_used_where_it_is_installed_and_can_hold_the_words(rjieba, monkeypatch, user_dict):
    seen = []

    class Recording(rjieba.Jieba):
        def cut(self, text, hmm):
            seen.append(text)
            return super().cut(text, hmm)

    monkeypatch.setattr(rjieba, "Jieba", Recording)
    JiebaTokenizer(user_dict=user_dict)("云计算方面的专家")
    assert any("专家" in text for text in seen) == (user_dict != [("云计算", 0)])


@pytest.mark.parametrize("method", ["cut", "cut_for_search"])
def test_rjieba_that_gives_other_words_is_not_used(rjieba, monkeypatch, method):
    class Other(rjieba.Jieba):
        pass

    setattr(Other, method, lambda self, text, hmm: list(text))
    monkeypatch.setattr(rjieba, "Jieba", Other)
    assert JiebaTokenizer()("云计算方面的专家") == ["云", "计算", "方面", "的", "专家"]
    assert JiebaTokenizer("search")("清华大学") == ["清华", "华大", "大学", "清华大学"]


def test_rjieba_that_takes_no_words_is_not_used(rjieba, monkeypatch):
    monkeypatch.setattr(rjieba, "Jieba", lambda: object())  # before 0.2.2 it has no add_word
    assert JiebaTokenizer()("云计算方面的专家") == ["云", "计算", "方面", "的", "专家"]


@pytest.mark.parametrize(("mode", "hmm"), MODES)
def test_tricky_texts_one_by_one(judge, engine, mode, hmm):
    tokenizer = JiebaTokenizer(mode, hmm=hmm)
    assert [tokenizer(text) for text in TRICKY] == [words_by_jieba(judge, text, mode, hmm) for text in TRICKY]


@pytest.mark.parametrize(("mode", "hmm"), MODES)
def test_tricky_texts_at_once(judge, engine, mode, hmm):
    joined = JiebaTokenizer(mode, hmm=hmm).fit_transform(TRICKY)
    assert joined.tolist() == [" ".join(words_by_jieba(judge, text, mode, hmm)) for text in TRICKY]


@pytest.mark.slow
@pytest.mark.parametrize(("mode", "hmm"), MODES)
@settings(max_examples=60, deadline=None, suppress_health_check=SHARED_FIXTURES)
@given(batch=st.lists(texts, min_size=1, max_size=8))
def test_random_texts(judge, mode, hmm, batch):
    cut = JiebaTokenizer(mode, hmm=hmm).fit_transform(batch)
    assert [words.split() for words in cut] == [words_by_jieba(judge, text, mode, hmm) for text in batch]


@pytest.mark.parametrize(("mode", "hmm"), MODES)
@settings(max_examples=6, deadline=None, suppress_health_check=SHARED_FIXTURES)
@given(entries=user_entries, batch=st.lists(texts, min_size=5, max_size=12))
def test_random_user_dictionaries(judge_with, mode, hmm, entries, batch):
    with_words = [
        *batch,
        "".join(word for word, _, _ in entries),
        *(f"好{word}的{word}{word}" for word, _, _ in entries),
    ]
    reference = judge_with(entries)
    cut = JiebaTokenizer(mode, hmm=hmm, user_dict=entries).fit_transform(with_words)
    assert [words.split() for words in cut] == [words_by_jieba(reference, text, mode, hmm) for text in with_words]


@pytest.mark.parametrize(("mode", "hmm"), MODES)
def test_user_dictionary_file(judge_with, engine, tmp_path, mode, hmm):
    path = tmp_path / "words.txt"
    path.write_text(
        "\ufeff云计算 5\n李小福 2 nr\n\n创新办 3 i\neasy_install 3 eng\n好用 300\n韩玉赏鉴 3 nz\n八一双鹿 3 nz\n"
        "台中\n凱特琳 nz\niPhone\n5G 10 n\n"
    )
    found = "李小福是创新办主任也是云计算方面的专家，台中的凱特琳用easy_install和iPhone15的5G，好用的手机iPhoneiPhone"
    batch = [*TRICKY, found, found * 3]
    tokenizer = JiebaTokenizer(mode, hmm=hmm, user_dict=path).fit(batch)
    reference = judge_with(path)
    assert [tokenizer(text) for text in batch] == [words_by_jieba(reference, text, mode, hmm) for text in batch]


def test_word_of_frequency_zero_is_taken_apart(judge_with, engine):
    entries = [("差评", 0, None), ("杭研", 0, None), ("台", 0, None)]
    batch = ["差评差评", "他来到了网易杭研大厦", "台中台"]
    tokenizer = JiebaTokenizer(user_dict=entries)
    reference = judge_with(entries)
    assert [tokenizer(text) for text in batch] == [words_by_jieba(reference, text) for text in batch]
    assert tokenizer("他来到了网易杭研大厦") == ["他", "来到", "了", "网易", "杭", "研", "大厦"]


@pytest.mark.parametrize("frequency", [1, 4])
def test_a_known_word_counts_twice_in_the_total_as_in_jieba(judge_with, frequency):
    """Words of these texts hang on the last bit of sums of ``log(total)``."""
    entries = [("石头", frequency, None)]
    batch = [
        "一一一哈好好好好鷲鷲鷲鷲鷲鷲鷲鷲哈哈哈哈哈鷲鷲鷲",
        "人人人三差二",
        "好好好好好一一一一一二二二二人人人人人哈哈哈哈哈哈",
    ]
    reference = judge_with(entries)
    tokenizer = JiebaTokenizer(user_dict=entries, hmm=False)
    assert [tokenizer(text) for text in batch] == [words_by_jieba(reference, text, hmm=False) for text in batch]


def test_letters_that_the_route_would_leave_apart(judge_with, engine):
    entries = [("A", 10**9, None), ("B", 10**9, None), ("AB", 1, None), ("ABC", 1, None)]
    batch = ["AB", "好AB", "ABC的AB", "A-B", "AABB"]
    for hmm in (True, False):
        tokenizer = JiebaTokenizer(user_dict=entries, hmm=hmm)
        reference = judge_with(entries)
        assert [tokenizer(text) for text in batch] == [words_by_jieba(reference, text, hmm=hmm) for text in batch]


@pytest.mark.parametrize("hmm", [True, False])
def test_parts_of_speech(judge, hmm):
    import jieba.posseg

    reference = jieba.posseg.POSTokenizer(judge)
    kept = {"n", "ns", "v", "m", "eng"}
    tokenizer = JiebaTokenizer(pos=kept, hmm=hmm)
    expected = [
        [pair.word for pair in reference.cut(text, HMM=hmm) if pair.flag in kept and pair.word.strip()]
        for text in TRICKY
    ]
    assert [tokenizer(text) for text in TRICKY] == expected


def test_parts_of_speech_with_user_tags(judge_with):
    import jieba.posseg

    entries = [("云计算", 5, "zz"), ("创新办", None, "zz"), ("杭研", None, None)]
    text = "创新办主任也是云计算方面的专家，在杭研"
    reference = jieba.posseg.POSTokenizer(judge_with(entries))
    expected = [pair.word for pair in reference.cut(text) if pair.flag == "zz"]
    assert JiebaTokenizer(pos=["zz"], user_dict=entries)(text) == expected == ["创新办", "云计算"]


@pytest.mark.parametrize(
    "text",
    [
        "清华大学清华大学生",
        "哈哈哈哈哈差差差",
        "买了T恤衫3件，卡拉OK厅在14S店旁C++100%",
        "abc好def-1.5%的+#&，。…！\n\n中\t国",
        "鷲鷲龘㐀龘𠀀好",
        "\ufdd0，\ufdd1a",
    ],
)
def test_full_mode_beside_letters_signs_and_rare_characters(judge, engine, text):
    batch = [text, "", f"{text}的{text}", text[::-1]]
    found = JiebaTokenizer("full").fit_transform(batch)
    assert [words.split() for words in found] == [words_by_jieba(judge, one, "full") for one in batch]


def test_full_mode_does_not_ask_jieba_for_chinese_alone(rjieba, monkeypatch):
    import jieba

    monkeypatch.setattr(jieba.Tokenizer, "cut", None)
    cut = JiebaTokenizer("full").fit_transform(["清华大学，abc 1-2", "都"])
    assert cut.tolist() == ["清华 清华大学 华大 大学 ， abc 1 - 2", "都"]


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "char", ["哈", "a", *(pytest.param(char, marks=pytest.mark.slow) for char in ("鷲", "-", "㐀", "我爱"))]
)
def test_long_runs_take_linear_time(judge, engine, char):
    tokenizer = JiebaTokenizer()
    assert tokenizer(char * 2000) == words_by_jieba(judge, char * 2000)
    assert "".join(tokenizer(char * 200_000)) == char * 200_000  # jieba would need minutes


@pytest.mark.skipif(
    "SKLEARN_LLMTOKENS_DATA" not in os.environ, reason="SKLEARN_LLMTOKENS_DATA is not set: no shop reviews"
)
@pytest.mark.parametrize(("mode", "hmm"), MODES)
def test_shop_reviews(judge, mode, hmm):
    pd = pytest.importorskip("pandas")
    path = Path(os.environ["SKLEARN_LLMTOKENS_DATA"]) / "text" / "online_shopping_10_cats.zip"
    if not path.exists():
        pytest.skip(f"{path} is not there")
    with zipfile.ZipFile(path) as archive, archive.open(archive.namelist()[0]) as file:
        reviews = pd.read_csv(file)["review"].fillna("").tolist()[:: 62_774 // 5_000]
    cut = JiebaTokenizer(mode, hmm=hmm).fit_transform(reviews)
    different = [
        (text, words)
        for text, words in zip(reviews, cut, strict=True)
        if words.split() != words_by_jieba(judge, text, mode, hmm)
    ]
    assert different == []
