"""Where the terms of scikit-learn's vectorizers stand in a text."""

import pytest
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

from sklearn_llmtokens import JiebaTokenizer
from tests.inside import Alignment, align, find_terms

TEXTS = [
    "物流很快，包装  完好，清华大学的清华",
    "The staff, THE room; a b",
    "",
    "   ",
    "ab",
    "\tx\n\nyz ",
    "İstanbul é e\u0301",
]
VECTORIZERS = {
    "char": CountVectorizer(analyzer="char", ngram_range=(1, 3)),
    "char_wb": TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4)),
    "word": CountVectorizer(),
    "pairs": TfidfVectorizer(ngram_range=(1, 3), stop_words="english", strip_accents="unicode"),
    "group": CountVectorizer(token_pattern=r"(\w)\w*", lowercase=False),
    "tokenizer": CountVectorizer(tokenizer=str.split, token_pattern=None),
    "jieba": TfidfVectorizer(analyzer=JiebaTokenizer(lowercase=True)),
    "jieba without stop words": TfidfVectorizer(analyzer=JiebaTokenizer(stop_words="en")),
    "jieba search": TfidfVectorizer(analyzer=JiebaTokenizer("search")),
    "jieba full": TfidfVectorizer(analyzer=JiebaTokenizer("full")),
}


@pytest.mark.parametrize("vectorizer", VECTORIZERS.values(), ids=VECTORIZERS)
@pytest.mark.parametrize("text", TEXTS)
def test_terms_are_those_that_are_counted(vectorizer, text):
    found = find_terms(vectorizer, text)
    assert sorted(term for term, _ in found) == sorted(vectorizer.build_analyzer()(text))


@pytest.mark.parametrize("name", ["char", "word", "tokenizer", "jieba", "jieba search", "jieba full"])
@pytest.mark.parametrize("text", TEXTS[:2])
def test_a_term_stands_where_its_letters_are(name, text):
    for term, places in find_terms(VECTORIZERS[name], text):
        if term.isspace():  # may have been several blanks
            continue
        ((start, end),) = places
        assert " ".join(text[start:end].lower().split()) == " ".join(term.lower().split())


def test_a_run_of_words_has_the_places_of_its_words():
    vectorizer = CountVectorizer(ngram_range=(2, 2), stop_words=["a"])
    assert find_terms(vectorizer, "not a good room") == [
        ("not good", [(0, 3), (6, 10)]),
        ("good room", [(6, 10), (11, 15)]),
    ]


def test_runs_within_words_include_the_blanks_around_them():
    vectorizer = CountVectorizer(analyzer="char_wb", ngram_range=(2, 2))
    assert find_terms(vectorizer, "ab c") == [
        (" a", [(0, 1)]),
        ("ab", [(0, 2)]),
        ("b ", [(1, 2)]),
        (" c", [(3, 4)]),
        ("c ", [(3, 4)]),
    ]


def test_a_repeated_word_is_found_at_each_place():
    places = [place for _, (place,) in find_terms(VECTORIZERS["tokenizer"], "go go gone go")]
    assert places == [(0, 2), (3, 5), (6, 10), (11, 13)]


def test_a_stem_is_found_by_the_words_of_its_analyzer():
    vectorizer = CountVectorizer(analyzer=JiebaTokenizer(stemmer="english"))
    assert find_terms(vectorizer, "happy days") == [("happi", [(0, 5)]), ("day", [(6, 10)])]


@pytest.mark.parametrize(
    ("original", "changed", "spans", "mapped"),
    [
        ("<b>好</b>用", "好用", [(0, 1), (1, 2), (0, 2)], [[3, 4], [8, 9], [3, 9]]),
        ("ＡＢc", "abc", [(0, 1), (0, 3)], [[0, 1], [0, 3]]),
        ("一二三", "一 二三", [(0, 4), (2, 3)], [[0, 3], [1, 2]]),
        ("abc", "xabc", [(1, 2)], [[0, 1]]),
    ],
)
def test_places_of_a_changed_text_in_the_original(original, changed, spans, mapped):
    assert align(original, changed).map(spans)[0].tolist() == mapped


def test_what_was_put_in_has_no_place():
    mapped, has_place = align("ab", "a b").map([(1, 2), (0, 3)])
    assert (mapped.tolist(), has_place.tolist()) == ([[0, 2]], [False, True])


def test_alignments_of_two_steps_follow_each_other():
    first, second = align("<b>很好", "很好"), align("很好", "很 好")
    assert first.then(second).map([(0, 1), (1, 2), (2, 3)])[0].tolist() == [[3, 4], [4, 5]]
    assert first.then(Alignment()) is first
