"""Which words are left out: lists of ones own, and the named ones, which keep negations and judgements."""

import pytest
import stopwordsiso

from sklearn_llmtokens.text import JiebaTokenizer

TEXTS = ["我来到北京清华大学"]


def test_a_folder_in_place_of_a_file_of_stop_words(tmp_path):
    with pytest.raises(OSError, match=r"stop_words is .*path of a file"):
        JiebaTokenizer(stop_words=tmp_path).fit(["好"])


def test_stop_words(tmp_path):
    path = tmp_path / "stop.txt"
    path.write_text("\ufeff的\n\n 了 \n", encoding="utf-8")
    for stop_words in (path, str(path), ["的", "了"], {"的", "了"}, ("的", "了")):
        assert JiebaTokenizer(stop_words=stop_words)("我的手机坏了") == ["我", "手机", "坏"]
    assert JiebaTokenizer(stop_words="zh")("我的手机坏了") == ["手机", "坏"]
    assert JiebaTokenizer(stop_words="en")("the phone 的") == ["phone", "的"]
    assert JiebaTokenizer(stop_words="en")("The phone") == ["The", "phone"]
    assert JiebaTokenizer(stop_words=["The"], lowercase=True)("THE Phone") == ["phone"]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("不推荐", ["不", "推荐"]),
        ("很好", ["很", "好"]),
        ("这不是好手机", ["不是", "好", "手机"]),
        ("质量也好", ["质量", "也好"]),
        ("质量一般，不如上次", ["质量", "一般", "不如", "上次"]),
        ("尺码大，别再买", ["尺码", "大", "别", "买"]),
        ("无异味", ["无", "异味"]),
        ("我的手机在这里，而且你们也有", ["手机"]),
    ],
)
def test_chinese_list_keeps_negations_and_words_of_judgement(text, kept):
    assert JiebaTokenizer(stop_words="zh")(text) == kept
    whole = stopwordsiso.stopwords("zh")
    assert JiebaTokenizer(stop_words="zh-all")(text) == [word for word in kept if word not in whole]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("not good", ["not", "good"]),
        ("never again", ["never"]),
        ("don't buy", ["don", "t"]),
        ("it can't and it won’t be", ["t", "won", "t"]),
        ("no problem", ["no", "problem"]),
        ("very poorly made", ["very", "poorly"]),
        ("these are from the website of them", []),
    ],
)
def test_english_list_keeps_negations_and_words_of_judgement(text, kept):
    assert JiebaTokenizer(stop_words="en")(text) == kept
    assert {*JiebaTokenizer(stop_words="en-all")(text)} <= {"don", "buy", "'", "’"}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_lists_as_they_are(language):
    named, whole = (JiebaTokenizer(stop_words=name).fit(["好"]).stop_words_ for name in (language, f"{language}-all"))
    assert whole == stopwordsiso.stopwords(language)
    assert named < whole
    assert len(whole - named) < 140


@pytest.mark.parametrize("name", ["zh", "en"])
def test_named_lists_take_punctuation_with_them(name):
    text = "，。！？、；：“”‘’「」『』（）《》…—·～￥％＋＝｜!?,.;:'\"()[]{}<>/\\|@#$%^&*+-=_~`«»¿-- ... +++ 百分"
    tokenizer = JiebaTokenizer(stop_words=name)
    assert tokenizer(text) == ["百分"]
    assert tokenizer.fit_transform([text]).tolist() == ["百分"]
    assert tokenizer("C++ 👍 ★ 100%") == ["C++", "👍", "★", "100%"]
    assert [text[start:stop] for start, stop, weight in tokenizer.word_spans(text) if weight] == ["百分"]


def test_named_lists_take_what_cannot_be_seen_with_them():
    text = "很好\u2764\ufe0f\u200b\ufeff\u2060，5G A/B 3.5寸 C#"
    tokenizer = JiebaTokenizer(stop_words="zh")
    assert tokenizer(text) == ["很", "好", "\u2764", "5G", "A", "B", "3.5", "寸", "C#"]
    assert "\u200b" in tokenizer.set_params(stop_words=None)(text)


def test_other_stop_words_leave_punctuation_alone():
    assert JiebaTokenizer(stop_words="zh-all")('好"，,的') == ['"', ","]
    assert JiebaTokenizer(stop_words=["的"])("好，的") == ["好", "，"]
    assert JiebaTokenizer(stop_words="zh").set_params(stop_words=None)("好，的") == ["好", "，", "的"]


def test_stop_words_that_cannot_be_read():
    with pytest.raises(FileNotFoundError, match="'zh', 'en', 'zh-all', 'en-all'"):
        JiebaTokenizer(stop_words="de").fit(TEXTS)
    with pytest.raises(TypeError, match="holds 5 of type int"):
        JiebaTokenizer(stop_words=["的", 5]).fit(TEXTS)


def test_stop_words_in_another_encoding_are_refused_by_name(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("的\n了\n", encoding="gbk")
    with pytest.raises(ValueError, match=r"words\.txt is not UTF-8 .* at byte 0"):
        JiebaTokenizer(stop_words=path).fit(TEXTS)
