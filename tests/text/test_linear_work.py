"""Work grows with the length of a text and not with its square: lines run, functions called and memory are counted.

What a call to compiled code does inside is not counted: `test_linear_time` and `test_long_runs_take_linear_time` give
these hundreds of thousands of characters.
"""

import sys
import tracemalloc

import pytest

from sklearn_llmtokens.exceptions import UserDictionaryError
from sklearn_llmtokens.text import JiebaTokenizer, TextNormalizer

N = 600  # characters; then twice as many
OFF = {"unicode_form": None, "width": None, "whitespace": False}
WORDS = ["杭研大厦", "ens", ("云计算", 5, "n"), ("台中", 0)]
EXACT = {"user_dict": ["宝马(进口)", "C++ C++", "哈-", "㐀鷲", *WORDS], "user_dict_match": "exact"}

TOKENIZERS = {
    "accurate": {},
    "no hmm": {"hmm": False},
    "search": {"mode": "search"},
    "full": {"mode": "full"},
    "user words": {"user_dict": WORDS},
    "exact words": EXACT,
    "exact words, search": {"mode": "search", **EXACT},
    "written": {"lowercase": True, "stop_words": "zh", "stemmer": "english"},
    "separator": {"separator": "|"},
}
RUNS = [
    "哈",
    "鷲",
    "a",
    "1.",
    "-",
    "㐀",
    "我爱",
    " ",
    "\n",
    "C++ ",
    "宝马(",
    "A\u0301",
    "，",
    "北京大学",
    "👍",
    "\ufdd0",
]

NORMALIZERS = {
    "unicode_form": ({"unicode_form": "NFC"}, ["\u0301", "a\u0301", "\u0323\u0301", "ｶﾞ", "각", "好"]),
    "compatibility": ({"unicode_form": "NFKD"}, ["\u0301", "\uff9e", "\u0344", "ﷺ", "①"]),
    "width": ({"width": "all"}, ["ＡＢ", "，", "\u3000"]),
    "case": ({"case": "fold"}, ["ß", "İ"]),
    "html": (
        {"html": True},
        ["<", "<!--", "<a ", "<script>", "<b>", "</b>", "<a title='", "<a b='>'>", "&", "&#1", "&amp;", "<p<", "\r"],
    ),
    "urls": ({"urls": ""}, ["http://(", "www.", "http://a.b/"]),
    "emails": ({"emails": ""}, ["a@", "a.", "a@b.", "a@b.cn "]),
    "emoji": ({"emoji": ""}, ["👍", "👍🏽", "\u200d", "1\ufe0f", "🇨"]),
    "simplify": ({"simplify": True}, ["後", "乾", "後來", "a"]),
    "max_repeats": ({"max_repeats": 2}, ["哈", "哈好", "!"]),
    "whitespace": ({"whitespace": True}, [" ", "\u200b", "a "]),
    "surrogates": ({"surrogates": "replace"}, ["\ud800", "\ud83d"]),
}  # fmt: skip


def work(function, argument):
    """Return the number of lines that Python ran and of functions that it called, and the peak of memory in bytes."""
    count = 0

    def trace(frame, event, value):
        nonlocal count
        count += 1
        return trace

    def profile(frame, event, value):
        nonlocal count
        count += event == "c_call"

    before = sys.gettrace(), sys.getprofile()
    tracemalloc.start()
    try:
        sys.settrace(trace)
        sys.setprofile(profile)
        function(argument)
    finally:
        sys.settrace(before[0])
        sys.setprofile(before[1])
        memory = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return count, memory


def check(function, make, n=N):
    """Check that twice the input is at most about twice the work; what does not depend on it is done before."""
    function(make(n // 4))
    single, double = work(function, make(n)), work(function, make(2 * n))
    assert double[0] <= 2.3 * single[0] + 100
    assert double[1] <= 3 * single[1] + 20_000  # tables grow in steps; a square would be four times


FEW = ["accurate", "exact words"]
TOKENIZERS_BY_TIME = [
    pytest.param(parameters, id=name, marks=() if name in FEW else pytest.mark.slow)
    for name, parameters in TOKENIZERS.items()
]


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("parameters", TOKENIZERS_BY_TIME)
def test_tokenizer(parameters, run):
    tokenizer = JiebaTokenizer(**parameters)
    check(tokenizer, lambda n: f"好{run * (n // len(run))}坏{n}")  # a number, so that no run is known from before
    if parameters.get("mode", "accurate") == "accurate":
        check(tokenizer.word_spans, lambda n: f"坏{run * (n // len(run))}好{n}")


@pytest.mark.parametrize("parameters", TOKENIZERS_BY_TIME)
def test_tokenizer_without_rjieba(parameters, engine):
    if engine == "jieba":
        for run in ("哈", "鷲", "C++ ", "宝马("):
            check(JiebaTokenizer(**parameters), lambda n, run=run: f"好{run * (n // len(run))}坏{n}")


@pytest.mark.parametrize(
    "run", ["哈", "我爱", "a", "1.", " ", "C++ ", "宝马(", pytest.param("鷲", marks=pytest.mark.slow)]
)
def test_tags(run):
    tokenizer = JiebaTokenizer("search", pos=["n*", "x"], **EXACT)
    n = 8 if run == "鷲" else 40  # jieba tries each pair of its 256 states on a character that it has never seen
    check(tokenizer, lambda n: f"好{run * (n // len(run))}坏", n)


@pytest.mark.parametrize(
    ("parameters", "run"),
    [(parameters, run) for parameters, runs in NORMALIZERS.values() for run in runs],
    ids=[f"{name}-{run!a}" for name, (_, runs) in NORMALIZERS.items() for run in runs],
)
def test_normalizer(parameters, run):
    normalizer = TextNormalizer(**{**OFF, **parameters})
    check(normalizer, lambda n: run * (n // len(run)), 4 * N)


@pytest.mark.parametrize(
    "estimator", [JiebaTokenizer(**EXACT, separator="|"), TextNormalizer()], ids=["words", "texts"]
)
def test_number_of_texts(estimator):
    check(estimator.fit(["好"]).transform, lambda n: [f"第{i}个手机{n}" for i in range(n // 4)])


@pytest.mark.parametrize("match", ["jieba", "exact"])
def test_user_dictionary(tmp_path, match):
    words = tmp_path / "words.txt"

    def read(n):
        words.write_text("".join(f"云计算{i} 5 n\n" for i in range(n // 4)), encoding="utf-8")
        JiebaTokenizer(user_dict=words, user_dict_match=match).fit(["好"])
        JiebaTokenizer(user_dict=[f"词{i}" for i in range(n // 4)], user_dict_match=match).fit(["好"])

    def read_long(n):
        words.write_text("云" * n, encoding="utf-8")
        with pytest.raises(UserDictionaryError):
            JiebaTokenizer(user_dict=words, user_dict_match=match).fit(["好"])

    check(lambda make: make[0](make[1]), lambda n: (read, n))
    check(lambda make: make[0](make[1]), lambda n: (read_long, n), 10 * N)


def test_file_of_stop_words(tmp_path):
    path = tmp_path / "words.txt"

    def read(n):
        path.write_text("".join(f"词{i}\n" for i in range(n)) + "长" * n, encoding="utf-8")
        JiebaTokenizer(stop_words=path).fit(["好"])

    check(read, lambda n: n)
