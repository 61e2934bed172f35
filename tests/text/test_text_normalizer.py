import re
import unicodedata
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils._param_validation import InvalidParameterError

from sklearn_llmtokens.exceptions import InvalidTextError, TextTypeError
from sklearn_llmtokens.text import JiebaTokenizer, TextNormalizer

OFF = {"unicode_form": None, "width": None, "whitespace": False}
EVERYTHING = {
    "unicode_form": "NFKC",
    "width": "all",
    "case": "fold",
    "html": True,
    "urls": "",
    "emails": "",
    "emoji": "",
    "max_repeats": 2,
    "simplify": True,
    "surrogates": "replace",
}


def only(**switch):
    return TextNormalizer(**{**OFF, **switch})


@given(st.text())
def test_switched_off_it_changes_nothing(text):
    assert only()(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("  好\t\r\n的　 ", "好 的"),
        ("ＩＰｈｏｎｅ　１５，真好！", "IPhone 15，真好！"),
        ("cafe\u0301", "café"),
        ("零\u200b宽\ufeff", "零宽"),
        (
            "Keep <b>THIS</b> & www.x.cn 😀😀 a@b.cn 哈哈哈哈 繁體 ①",
            "Keep <b>THIS</b> & www.x.cn 😀😀 a@b.cn 哈哈哈哈 繁體 ①",
        ),
        ("👨\u200d👩", "👨\u200d👩"),
    ],
)
def test_defaults(text, expected):
    assert TextNormalizer()(text) == expected


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
def test_unicode_form(form):
    text = "é e\u0301 ① ﬁ ｶﾞ Å"
    assert only(unicode_form=form)(text) == unicodedata.normalize(form, text)


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
@given(
    marks=st.text("\u0301\u0323\u0344\u0f73\u3099\uff9e\U0001d165", max_size=13),
    base=st.sampled_from(["", "e", "ế", "が", "好"]),
)
def test_few_combining_marks_are_normalized_as_ever(form, marks, base):
    assert only(unicode_form=form)(base + marks) == unicodedata.normalize(form, base + marks)


@pytest.mark.parametrize(
    ("text", "n_marks"),
    [
        ("x" + "\u0301" * 30, [30]),
        ("x" + "\u0301" * 31, [30, 1]),
        ("\u0301" * 95, [30, 30, 30, 5]),
        ("ế" + "\u0323\u0301" * 20, [30, 12]),  # ế brings two of its own
        ("x" + "\u0344" * 20, [30, 10]),  # decomposes into two
        ("x" + "\u0f73" * 16, [30, 2]),
        ("ｶ" + "\uff9e" * 40, [30, 10]),  # counted as the compatibility forms decompose it
        ("x" + "\u0301" * 25 + "y" + "\u0301" * 25, [25, 25]),
        ("x" + "\u0301" * 30 + "\u034f" + "\u0301" * 30, [30, 30]),
    ],
)
def test_long_runs_of_combining_marks_are_divided_as_in_the_stream_safe_format(text, n_marks):
    decomposed = only(unicode_form="NFD")(text)
    runs = [len(run) for run in re.findall("[\u0301\u0302\u0308\u0323\u0f71\u0f72\uff9e]+", decomposed)]
    assert runs == n_marks
    assert unicodedata.normalize("NFD", text.replace("\u034f", "")) == unicodedata.normalize(
        "NFD", decomposed.replace("\u034f", "")
    )
    composed = only(unicode_form="NFC")(text)
    assert only(unicode_form="NFC")(composed) == composed == unicodedata.normalize("NFC", composed)


def test_width():
    text = "ＡＢｚ１９，：（％）￥　＿"
    assert only(width="alphanumeric")(text) == "ABz19，：（％）￥ ＿"
    assert only(width="all")(text) == "ABz19,:(%)¥ _"
    everything = "".join(map(chr, range(0xFF01, 0xFF5F)))
    assert only(width="all")(everything) == unicodedata.normalize("NFKC", everything)


def test_case():
    assert only(case="lower")("Straße ÀB") == "straße àb"
    assert only(case="fold")("Straße ÀB") == "strasse àb"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("很<b>好</b>的<br/>手机<p class='x'>AT&amp;T</p>", "很好的 手机 AT&T "),
        ("3 < 5 > 2, <3, List<String>, <username>, a<b", "3 < 5 > 2, <3, List<String>, <username>, a<b"),
        ("前<!-- <b>注</b> -->后<script>if (a < b) {}</script>尾<style>p {}</style>", "前 后 尾 "),
        ("&lt;b&gt;&nbsp;&#20013;&#x56fd;&unknown;", "<b>\xa0中国&unknown;"),
        ("<!DOCTYPE html><HTML><Body>好</Body>", "   好 "),
        ("&#xD800;", "\ufffd"),
        ("很<b title='a > b'>好</b>", "很好"),
        ('<a href="x" title="大于>小于<b>">看</a>这里', "看这里"),
        ('见<img alt="1 > 0" src=a>图<p\nclass=x >段</p >', "见 图 段 "),
        ("</b x='>'>好", "好"),
        ("前<!-->中<!--->后<!-- 注 --!>尾", "前 中 后 尾"),
        ("<script a='>'>x</script>好<iframe><b>广告</b></iframe>", " 好 "),
        ("<script>if (a) '</b>'</SCRIPT\n>好<style><!-- p {}</style>坏", " 好 坏"),
        ("<textarea><b>好</textarea>", " <b>好 "),
        ("<?xml version='1.0'?>好<p/>坏\r\n", " 好 坏\n"),
        ("&am<b>p;</b>&amp&lt", "&amp;&<"),
    ],
)
def test_html(text, expected):
    assert only(html=True)(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<!-- 没有结尾 <i>好</i>", "<!-- 没有结尾 <i>好</i>"),
        ('<i>好</i><a title="没有结尾 <i>好</i>', '好<a title="没有结尾 <i>好</i>'),
        ("<script>没有结尾 <i>好</i>", " 没有结尾 <i>好</i>"),
        ("a <b 但是<i>很好</i><br>不错", "a <b 但是很好 不错"),
        ("好<div", "好<div"),
        ("</3 <b>心碎</b> <3 </> <!> <?> <![CDATA[好]]>", "</3 心碎 <3 </> <!> <?> <![CDATA[好]]>"),
    ],
)
def test_what_is_never_closed_or_no_tag_of_html_stays(text, expected):
    assert only(html=True)(text) == expected


def test_number_of_a_character_without_bound_is_a_replacement_character():
    assert only(html=True)(f"好&#{'1' * 5000};") == "好\ufffd"


@given(st.lists(st.sampled_from(["<b>", "</b>", "<br/>", "<p class='>'>", "<!-- > -->", "好", " 坏", "&lt;"])))
def test_html_as_the_standard_library_reads_it(pieces):
    """On markup that is closed and text without stray signs, where `html.parser` of every Python agrees."""
    text = "".join(pieces)
    parser = _Reader()
    parser.feed(f"{text}<br>")
    assert only(html=True)(f"{text}<br>") == "".join(parser.seen)


class _Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.seen = []

    def handle_starttag(self, tag, attrs):
        self.seen.append("" if tag == "b" else " ")

    def handle_startendtag(self, tag, attrs):
        self.seen.append(" ")

    def handle_endtag(self, tag):
        self.seen.append("" if tag == "b" else " ")

    def handle_comment(self, data):
        self.seen.append(" ")

    def handle_data(self, data):
        self.seen.append(data)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("看https://t.cn/a1?x=1&y=%20#z吧", "看<u>吧"),
        ("见 HTTP://T.CN/a, www.x.com.cn。（ftp://x.y/z）", "见 <u>, <u>。（<u>）"),
        ("wwww.x http:// ab://x awww.x.com", "wwww.x http:// ab://x awww.x.com"),
    ],
)
def test_urls(text, expected):
    assert only(urls="<u>")(text) == expected
    assert only(urls="")(text) == expected.replace("<u>", "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("联系a.b_c+d@x-y.com.cn。或ZHANG@QQ.com吧", "联系<e>。或<e>吧"),
        ("@某人 a@b 1@2.3 a@b.c", "@某人 a@b 1@2.3 a@b.c"),
        ("a@x.com.", "<e>."),
    ],
)
def test_emails(text, expected):
    assert only(emails="<e>")(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("好👍🏽👍坏👨‍👩‍👧‍👦", "好<j>坏<j>"),
        ("🇨🇳 1️⃣ #⃣ ❤️ ☺ ⭐", "<j> <j> <j> <j> <j> <j>"),
        ("★☆♀→™©® ①㊙ 123", "★☆♀→™©® ①㊙ 123"),
        ("™️ ㊙️", "<j> <j>"),
        ("👩‍⚕️🤷‍♀️🏴󠁧󠁢󠁥󠁮󠁧󠁿", "<j>"),
    ],
)
def test_emoji(text, expected):
    assert only(emoji="<j>")(text) == expected


def test_replacement_is_taken_literally():
    assert only(urls=r"\1\g<0>")("http://x.cn") == r"\1\g<0>"


@given(st.text("ab1 好！", max_size=30), st.integers(1, 4))
def test_repeats_against_a_loop(text, most):
    expected = ""
    for char in text:
        if char in "1 " or expected[-most:] != char * most:
            expected += char
    assert only(max_repeats=most)(text) == expected


def test_traditional_characters():
    assert only(simplify=True)("電腦後來很乾淨，皇后乾隆") == "电脑后来很干净，皇后乾隆"
    assert only(simplify=True)("简体不变 ABC") == "简体不变 ABC"


@settings(max_examples=20, deadline=None)
@given(st.lists(st.sampled_from(["後來", "乾淨", "乾隆", "皇后", "電", "的", "。", "么"]), min_size=1, max_size=60))
def test_long_texts_are_simplified_in_pieces_without_a_difference(words):
    import opencc

    text = "".join(words) * (6000 // len("".join(words)) + 1)
    assert only(simplify=True)(text) == opencc.OpenCC("t2s").convert(text)


def test_lone_surrogates():
    for text in ("a\ud800b", "\udfff"):
        with pytest.raises(InvalidTextError, match="lone surrogate"):
            TextNormalizer()(text)
        with pytest.raises(InvalidTextError, match=r"X\[0\] has a lone surrogate"):
            TextNormalizer().fit([text])
    replacing = TextNormalizer(surrogates="replace")
    assert replacing("a\ud800b\udfff") == "a\ufffdb\ufffd"
    assert replacing.fit_transform(["a\ud800b", "好"]).tolist() == ["a\ufffdb", "好"]


def test_nothing_is_lost_with_everything_on():
    text = "<p>聯繫ＡＢ@Ｘ.com&nbsp;或 a@b.cn，見http://t.cn/x 👍👍 太好了！！！！\ud800</p>"
    assert TextNormalizer(**EVERYTHING)(text) == "联系ab@x.com 或 ,见 太好了!!\ufffd"


@given(st.text(max_size=80))
@settings(deadline=None)
def test_callable_and_transform_agree(text):
    normalizer = TextNormalizer(**EVERYTHING)
    assert normalizer.fit_transform([text]).tolist() == [normalizer(text)]


@pytest.mark.timeout(60)
@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "<",
        "<!--",
        "<a ",
        "<script>",
        "a@",
        "a.",
        "a@b.",
        "1.",
        "http://(",
        "www.",
        "&",
        "&#",
        "哈",
        "哈好",
        "😀",
        "1\ufe0f",
        "\u200d",
        "\u0301",
        "\u0323\u0301",
        "後",
        "乾",
        " ",
        "a",
    ],
)
def test_linear_time(text):
    TextNormalizer(**EVERYTHING)(text * (300_000 // len(text)))


def test_containers_come_back():
    series = pd.Series(["ａ ", "ｂ"], index=[7, 3], name="t")
    out = TextNormalizer().fit_transform(series)
    assert out.index.tolist() == [7, 3]
    assert out.tolist() == ["a", "b"]
    frame = TextNormalizer().fit_transform(series.to_frame())
    assert frame.columns.tolist() == ["t"]
    assert isinstance(TextNormalizer().set_output(transform="pandas").fit_transform(["ａ"]), np.ndarray)
    assert TextNormalizer().fit(frame).get_feature_names_out().tolist() == ["t"]


def test_chain_with_the_tokenizer_and_a_vectorizer():
    pipeline = make_pipeline(TextNormalizer(simplify=True), JiebaTokenizer(), TfidfVectorizer(token_pattern=r"\S+"))
    pipeline[:2].set_output(transform="pandas")
    assert pipeline.fit(["電腦很乾淨"]).named_steps["tfidfvectorizer"].get_feature_names_out().tolist() == [
        "干净",
        "很",
        "电脑",
    ]


def test_preprocessor_is_searched():
    texts, labels = ["ＧＯＯＤ好", "bad坏", "good好", "ＢＡＤ坏"] * 4, [1, 0, 1, 0] * 4
    pipeline = make_pipeline(TfidfVectorizer(preprocessor=TextNormalizer()), LogisticRegression())
    grid = {
        "tfidfvectorizer__preprocessor__case": [None, "lower"],
        "tfidfvectorizer__preprocessor__width": [None, "all"],
    }
    assert GridSearchCV(pipeline, grid, cv=2).fit(texts, labels).best_score_ == 1


def test_parameters_that_change_take_effect():
    normalizer = TextNormalizer()
    assert normalizer("A") == "A"
    assert normalizer.set_params(case="lower")("A") == "a"
    assert clone(normalizer)("A") == "a"


@pytest.mark.parametrize(
    "params",
    [
        {"unicode_form": "NFX"},
        {"width": True},
        {"case": "upper"},
        {"html": "yes"},
        {"urls": True},
        {"max_repeats": 0},
        {"surrogates": None},
    ],
)
def test_bad_parameters(params):
    with pytest.raises(InvalidParameterError):
        TextNormalizer(**params).fit(["a"])
    with pytest.raises(InvalidParameterError):
        TextNormalizer(**params)("a")


def test_what_is_not_text_is_refused():
    with pytest.raises(NotFittedError):
        TextNormalizer().transform(["a"])
    with pytest.raises(TextTypeError):
        TextNormalizer()(b"a")
    with pytest.raises(InvalidTextError, match=re.escape("string object received")):
        TextNormalizer().fit("a")
