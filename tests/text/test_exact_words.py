"""Words of a user dictionary that jieba cannot find, or finds too often, are found where that is asked for."""

import pickle
import re

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

from sklearn_llmtokens.exceptions import UserDictionaryError
from sklearn_llmtokens.text import JiebaTokenizer
from tests.text.conftest import words_by_jieba
from tests.text.texts import TRICKY, texts

WISHES = ["CH125 Spacy", "宝马(进口)", "大黄䓬虫", "ens"]


def exact(words, mode="accurate", **parameters):
    return JiebaTokenizer(mode, user_dict=words, user_dict_match="exact", **parameters)


@pytest.mark.parametrize("hmm", [True, False])
@pytest.mark.parametrize("mode", ["accurate", "search", "full"])
def test_the_wishes_are_found(engine, mode, hmm):
    tokenizer = exact(WISHES, mode, hmm=hmm)
    words = tokenizer("本田CH125 Spacy和宝马(进口)，license里的ens，大黄䓬虫")
    assert [word for word in words if word in {*WISHES, "license"}] == [
        "CH125 Spacy", "宝马(进口)", "license", "ens", "大黄䓬虫",
    ]  # fmt: skip
    assert [word for word in words if word in {"宝马", "进口", "大黄"}] == (
        [] if mode == "accurate" else ["宝马", "进口", "大黄"]
    )


@pytest.mark.parametrize(
    ("words", "text", "expected"),
    [
        # brackets of both widths, and a word that is only like one
        (["宝马（进口）"], "买宝马（进口）车", ["买", "宝马（进口）", "车"]),
        (["宝马（进口）"], "宝马(进口)", ["宝马", "(", "进口", ")"]),
        (["(送货)"], "货到付款(送货)", ["货到付款", "(送货)"]),
        # hyphens, slashes, dots, plus signs, digits
        (["Type-C"], "Type-C接口,Type-C2,xType-C", ["Type-C", "接口", ",", "Type", "-", "C2", ",", "xType", "-", "C"]),
        (["A/B测试"], "做A/B测试，AA/B测试", ["做", "A/B测试", "，", "AA", "/", "B", "测试"]),
        (["U.S.A"], "U.S.A.的U.S.A", ["U.S.A", ".", "的", "U.S.A"]),
        (["U.S.A"], "U.S.AB", ["U", ".", "S", ".", "AB"]),
        (["C++", "C#"], "C++和C#、C++11，cC++", ["C++", "和", "C#", "、", "C++", "11", "，", "c", "C++"]),
        ([".NET"], "学.NET和ASP.NET", ["学", ".NET", "和", "ASP", ".NET"]),
        (["5G"], "5G手机25G5Gs 5G", ["5G", "手机", "25G5Gs", "5G"]),
        (["2.5寸"], "2.5寸 12.5寸", ["2.5寸", "12.5", "寸"]),
        (["100%棉"], "100%棉", ["100%棉"]),
        # letters of other alphabets, and accents written in two ways
        (["café"], "café cafés caféx un_café", ["café", "caf", "é", "s", "caf", "é", "x", "un", "_", "café"]),
        (["cafe"], "cafe cafe\u0301", ["cafe", "cafe", "\u0301"]),
        (["été"], "l'été étés", ["l", "'", "été", "é", "t", "é", "s"]),
        (["ЗИЛ"], "ЗИЛ-130 ЗИЛы", ["ЗИЛ", "-", "130", "З", "И", "Л", "ы"]),
        (["ＡＢ"], "ＡＢ ＡＢＣ", ["ＡＢ", "Ａ", "Ｂ", "Ｃ"]),
        # mixed with Chinese, and cut by no neighbour of letters
        (["T恤衫", "G手机"], "T恤衫5G手机G手机", ["T恤衫", "5G", "手机", "G手机"]),
        (["卡拉OK"], "卡拉OK卡拉OKs", ["卡拉OK", "卡拉", "OKs"]),
        # astral, emoji with what belongs to them, kana, Hangul, other scripts without spaces
        (["𠮷野家"], "吃𠮷野家的饭", ["吃", "𠮷野家", "的", "饭"]),
        (["👍赞"], "👍赞👍🏽赞", ["👍赞", "👍", "🏽", "赞"]),
        (["👍"], "👍👍🏽", ["👍", "👍", "🏽"]),
        (["ラーメン"], "醤油ラーメン屋", ["醤", "油", "ラーメン", "屋"]),
        (["삼성"], "삼성전자", ["삼성", "전", "자"]),
        # a single character, and signs alone
        (["㐀"], "好㐀坏", ["好", "㐀", "坏"]),
        ([":-)"], "好:-)", ["好", ":-)"]),
        # spaces of several kinds stand for themselves; the ends of a text
        (["New York"], "New York、New  York，New\u3000York",
         ["New York", "、", "New", "York", "，", "New", "York"]),
        (["大\u3000小"], "大\u3000小 大 小", ["大\u3000小", "大", "小"]),
        (["a b"], "a b", ["a b"]),
        # two words that overlap: from left to right; that begin alike: the longest; one inside another: the outer one
        (["甲-乙", "乙-丙"], "甲-乙-丙", ["甲-乙", "-", "丙"]),
        (["C++", "C++ Primer", "C++ Primer Plus"], "C++ Primer Plu", ["C++ Primer", "Plu"]),
        (["C++", "C++ Primer"], "C++ Primers", ["C++", "Primers"]),
        (["b c", "a b c d"], "a b c d b c", ["a b c d", "b c"]),
        (["好-", "-好"], "好-好", ["好-", "好"]),
        # upper and lower case are two words, as for jieba
        (["iPhone 15"], "iPhone 15和iphone 15", ["iPhone 15", "和", "iphone", "15"]),
    ],
)  # fmt: skip
def test_neighbouring_words(engine, words, text, expected):
    assert exact(words)(text) == expected
    assert exact(words).fit([text]).set_params(separator="\t").transform([text])[0].split("\t") == expected


def test_chinese_words_and_frequencies_are_jieba_s_as_ever(judge_with, engine):
    entries = [("杭研大厦", 1000, None), ("石墨烯", None, "n"), ("来到", 0, None), ("好的不", None, None)]
    for mode, hmm in (("accurate", True), ("accurate", False), ("search", True), ("full", True)):
        tokenizer = exact([*entries, ("C++ Primer", 5, "nz")], mode, hmm=hmm)
        reference = judge_with(entries)
        assert [tokenizer(text) for text in TRICKY] == [words_by_jieba(reference, text, mode, hmm) for text in TRICKY]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    words=st.lists(
        st.sampled_from(["C++", "b c", "ab", "1b", "好(", "é", "é好", "a", "好 差", "哈-", "-", "T恤"]),
        min_size=1,
        unique=True,
    ),
    batch=st.lists(
        st.one_of(st.text("ab1cC+ 好差哈(é-T恤\u0301", max_size=12), texts), min_size=1, max_size=4
    ),
)  # fmt: skip
def test_against_a_loop_over_all_places(judge, words, batch):
    tokenizer = exact(words)
    expected = [
        [word for part, is_word in _split(text, words) for word in ([part] if is_word else words_by_jieba(judge, part))]
        for text in batch
    ]
    assert [tokenizer(text) for text in batch] == expected
    for text, cut in zip(batch, expected, strict=True):
        assert [text[start:stop] for start, stop, _ in tokenizer.word_spans(text)] == cut


def _split(text, words):
    searched = sorted((word for word in words if not re.fullmatch("[a-zA-Z0-9]+", word)), key=len, reverse=True)
    part, i = "", 0
    while i < len(text):
        here = (word for word in searched if text.startswith(word, i) and not _goes_on(text, i))
        found = next((word for word in here if not _goes_on(text, i + len(word))), None)
        if found is None:
            part += text[i]
            i += 1
        else:
            yield part, False
            yield found, True
            part, i = "", i + len(found)
    yield part, False


def _goes_on(text, at):
    if at in (0, len(text)):
        return False
    return text[at] in "\u0301\ufe0f\u200d🏽" or all(map(_is_letter, text[at - 1 : at + 1]))


def _is_letter(char):
    return char.isalnum() and (char < "\u0530" or "\uff00" < char < "\uff5b") and char not in "²³¹¼½¾"


def test_a_word_of_letters_cuts_others_for_jieba_and_not_here(judge_with):
    assert JiebaTokenizer(user_dict=["ens"])("license") == words_by_jieba(judge_with([("ens", None, None)]), "license")
    assert "license" not in JiebaTokenizer(user_dict=["ens"])("license")
    assert exact(["ens"])("license、ens") == ["license", "、", "ens"]


def test_search_and_full_mode_put_shorter_words_before(engine):
    for mode in ("search", "full"):
        words = exact(["中国科学院(北京)", "5G"], mode)("在中国科学院(北京)5G")
        assert words == ["在", "中国", "科学", "学院", "北京", "科学院", "中国科学院(北京)", "5G"]


def test_parts_of_speech_are_the_user_s():
    words = [("CH125 Spacy", 3, "nz"), ("宝马(进口)", None, None), ("ens", None, "zz"), ("云计算", 5, "zz")]
    text = "云计算的CH125 Spacy和ens、宝马(进口)"
    assert exact(words, pos=["nz"])(text) == ["CH125 Spacy"]
    assert exact(words, pos=["zz"])(text) == ["云计算", "ens"]
    assert "宝马(进口)" in exact(words, pos=["x"])(text)
    assert exact([("中国科学院(北京)", 3, "nt")], "search", pos=["nt"])("在中国科学院(北京)")[-1] == "中国科学院(北京)"
    spans = exact(words, pos=["nz"]).word_spans(text)
    assert [text[start:stop] for start, stop, weight in spans if weight] == ["CH125 Spacy"]


def test_lower_case_stop_words_and_stems_come_after():
    words = ["CH125 Spacy", ":-)", "New York"]
    tokenizer = exact(words, lowercase=True, stop_words=["new york"], stemmer="english")
    assert tokenizer("CH125 Spacy Running New York :-)") == ["ch125 spacy", "run", ":-)"]
    assert exact(words, stop_words="zh")("的:-)，CH125 Spacy") == [":-)", "CH125 Spacy"]
    assert exact(words)("ch125 spacy") == ["ch125", "spacy"]


def test_spans_hold_spaces_and_weights_frequencies():
    text = " 好 CH125 Spacy的CH125 Spacy "
    rare, common = (exact([("CH125 Spacy", frequency)]).word_spans(text) for frequency in (None, 10**6))
    assert [span[:2] for span in rare] == [(1, 2), (3, 14), (14, 15), (15, 26)]
    assert rare[1][2] > 0.99
    assert common[1][2] == common[3][2] < 0.1
    assert exact([":-)"]).word_spans(":-)")[0][2] > 0.99  # a word, no punctuation


def test_joined_words_that_could_not_be_separated_are_refused():
    tokenizer = exact(["CH125 Spacy", "a|b"]).fit(["好"])
    with pytest.raises(
        ValueError, match=r"'CH125 Spacy' of user_dict has the separator ' ' inside.*call the tokenizer"
    ):
        tokenizer.transform(["好"])
    with pytest.raises(ValueError, match=r"'a\|b' of user_dict has the separator '\|'"):
        tokenizer.set_params(separator="|").transform(["好"])
    assert tokenizer.set_params(separator="\t").transform(["好CH125 Spacy"]).tolist() == ["好\tCH125 Spacy"]
    assert tokenizer.set_params(separator="").transform(["好 CH125 Spacy"]).tolist() == ["好CH125 Spacy"]
    assert exact(["宝马(进口)"]).fit_transform(["买宝马(进口)"]).tolist() == ["买 宝马(进口)"]


def test_vectorizers_take_words_with_spaces():
    names = ["CH125 Spacy", "和"]
    by_call = TfidfVectorizer(analyzer=exact(["CH125 Spacy"])).fit(["CH125 Spacy和CH125 Spacy"])
    assert by_call.get_feature_names_out().tolist() == names
    joined = exact(["CH125 Spacy"], separator="\t").fit_transform(pd.Series(["CH125 Spacy和"]))
    by_text = CountVectorizer(token_pattern=r"[^\t]+", lowercase=False).fit(joined)
    assert by_text.get_feature_names_out().tolist() == names


@pytest.mark.parametrize("word", ["a\nb", "a\r\nb", "a\tb", "a\u2028b", "a\x85b", " a", "a\u3000", "\x0b", " ", ""])
def test_line_ends_tabs_and_white_space_at_the_ends_are_refused(word):
    with pytest.raises(UserDictionaryError, match=r"user_dict\[1\]: .* (white space at an end, a tab|is empty)"):
        exact(["好词", word]).fit(["好"])


def test_file_with_spaces_has_tabs(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text(
        "\ufeffCH125 Spacy\t\r\n云计算 5 n\n\nNew York\t3\tns\n5G\n宝马 (进口)\t\tnz\n台中 0\n", encoding="utf-8"
    )
    tokenizer = exact(path).fit(["好"])
    assert tokenizer.user_dict_ == (
        ("CH125 Spacy", None, None),
        ("云计算", 5, "n"),
        ("New York", 3, "ns"),
        ("5G", None, None),
        ("宝马 (进口)", None, "nz"),
        ("台中", 0, None),
    )
    assert tokenizer("CH125 Spacy和New York") == ["CH125 Spacy", "和", "New York"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("CH125 Spacy", "'CH125 Spacy' cannot be read; expected 'word'"),
        ("CH125 Spacy\tmany", "cannot be read; .* with tabs between"),
        ("CH125 Spacy\t3\tNZ", "cannot be read; .* with tabs between"),
        ("a\t3\tn\tx", "cannot be read; .* with tabs between"),
        ("\t3\tn", "is empty"),
        (" a\t3", "white space at an end"),
        ("a" * 257 + "\t3", "has 257 characters"),
    ],
)
def test_bad_line_is_named_by_file_and_number(tmp_path, line, message):
    path = tmp_path / "words.txt"
    path.write_text(f"好词 3 n\n{line}\n", encoding="utf-8")
    with pytest.raises(UserDictionaryError, match=rf"words\.txt:2: .*{message}"):
        exact(path).fit(["好"])


def test_jieba_s_way_points_here():
    with pytest.raises(UserDictionaryError, match='user_dict_match="exact" finds words with spaces'):
        JiebaTokenizer(user_dict=["CH125 Spacy"]).fit(["好"])
    with pytest.warns(UserWarning, match=r"'宝马\(进口\)'.*user_dict_match=\"exact\" finds them"):
        JiebaTokenizer(user_dict=["宝马(进口)"]).fit(["好"])


def test_the_parameter_travels_and_takes_effect():
    tokenizer = exact(["A-B"])
    assert tokenizer("A-B") == ["A-B"]
    assert JiebaTokenizer(user_dict=["x"]).set_params(user_dict=["A-B"], user_dict_match="exact")("A-B") == ["A-B"]
    for other in (
        clone(tokenizer),
        pickle.loads(pickle.dumps(tokenizer)),
        pickle.loads(pickle.dumps(tokenizer.fit(["好"]))),
    ):
        assert other("A-B，好") == ["A-B", "，", "好"]
    with pytest.raises(ValueError, match="user_dict_match"):
        JiebaTokenizer(user_dict_match="whole").fit(["好"])


def test_worker_processes_give_the_same():
    batch = [f"本田CH125 Spacy和{i}" * 100 for i in range(80)]  # enough characters for two processes
    tokenizer = exact(["CH125 Spacy", "C++"], separator="\t", n_jobs=2).fit(batch)
    assert tokenizer.transform(batch).tolist() == clone(tokenizer).set_params(n_jobs=None).fit_transform(batch).tolist()
