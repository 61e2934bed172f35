import pytest

from sklearn_llmtokens.exceptions import UserDictionaryError
from sklearn_llmtokens.text import JiebaTokenizer
from tests.text.conftest import words_by_jieba

TEXTS = ["他来到了网易杭研大厦"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("云计算\t5\tn", "cannot be read"),
        ("云计算 1.5", "cannot be read"),
        ("云计算 -3 n", "cannot be read"),
        ("云计算  5", "cannot be read"),
        ("云计算 5 N", "cannot be read"),
        ("云计算 n 5", "cannot be read"),
        ("云 计算 5 n", "cannot be read"),
        ("\udcff", "not UTF-8"),
        ("云计算 " + "9" * 5000, "5000 digits"),
        ("云" * 257, "'云{30}'... has 257 characters: a word has at most 256"),
        ("云" * 24_000 + " 5 n", "has 24000 characters"),
        ("云 " * 1000, "'(云 ){15}'... cannot be read"),
    ],
)
def test_bad_line_is_named_by_file_and_number(tmp_path, line, message):
    path = tmp_path / "words.txt"
    path.write_bytes(f"好词 3 n\n\n{line}\n".encode("utf-8", "surrogateescape"))
    with pytest.raises(UserDictionaryError, match=rf"words\.txt:3: .*{message}"):
        JiebaTokenizer(user_dict=path).fit(TEXTS)
    with pytest.raises(UserDictionaryError, match=r"words\.txt:3: "):
        JiebaTokenizer(user_dict=str(path))("好")


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (5, "is neither a word"),
        ((), "is neither a word"),
        (("云计算", 1, "n", "x"), "is neither a word"),
        ((5, 5), "is a int, not a str"),
        (("云计算", 1.5), "not a whole number"),
        (("云计算", -1), "not a whole number"),
        (("云计算", True), "not a whole number"),
        (("云计算", 1, "N"), "the tag 'N'"),
        ("云 计算", "white space"),
        ("", "is empty"),
        ("云\ud800", "lone surrogate"),
        ("云" * 257, "'云{30}'... has 257 characters: a word has at most 256"),
        (("云 " * 1000, 5, "n"), "'(云 ){15}'... is empty or has white space"),
        (("云", "好" * 1000), "the frequency '好{30}'... is not"),
        (("云", 5, "好" * 1000), "the tag '好{30}'... is not"),
    ],
)
def test_bad_entry_is_named_by_position(entry, message):
    with pytest.raises(UserDictionaryError, match=rf"user_dict\[1\]: .*{message}"):
        JiebaTokenizer(user_dict=["好词", entry]).fit(TEXTS)


def test_word_that_jieba_cannot_find_gives_a_warning():
    with pytest.warns(UserWarning, match=r"2 word\(s\) can never be found, the first is 'A/B测试': .* '/'"):
        JiebaTokenizer(user_dict=["云计算", "A/B测试", "㐀"]).fit(TEXTS)


def test_file_and_entries_read_the_same(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("\ufeff云计算\r\n创新办 3\r\n李小福 nr\r\n台中 0 ns\r\n", encoding="utf-8")
    entries = ["云计算", ("创新办", 3), ["李小福", None, "nr"], ("台中", 0, "ns")]
    from_file, from_list = (JiebaTokenizer(user_dict=words).fit(TEXTS).user_dict_ for words in (path, entries))
    assert from_file == from_list
    assert list(from_file) == [("云计算", None, None), ("创新办", 3, None), ("李小福", None, "nr"), ("台中", 0, "ns")]


def test_changed_file_is_read_again_by_an_instance_that_was_not_fitted(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("研大\n", encoding="utf-8")
    tokenizer = JiebaTokenizer(user_dict=path)
    fitted = JiebaTokenizer(user_dict=path).fit(TEXTS)
    assert "研大" not in tokenizer(TEXTS[0])
    path.write_text("杭研大厦 1000\n", encoding="utf-8")
    assert tokenizer(TEXTS[0])[-1] == "杭研大厦"
    path.unlink()
    assert fitted(TEXTS[0]) == fitted.transform(TEXTS)[0].split()
    with pytest.raises(FileNotFoundError):
        tokenizer(TEXTS[0])


def test_changed_list_is_read_again():
    words = ["杭研大厦"]
    tokenizer = JiebaTokenizer(user_dict=words)
    assert tokenizer(TEXTS[0])[-1] == "杭研大厦"
    words[0] = "网易杭研大厦"
    assert tokenizer(TEXTS[0])[-1] == "网易杭研大厦"


@pytest.mark.parametrize("parameter", ["user_dict", "stop_words"])
@pytest.mark.parametrize("source", ["云计算", "", "很好的手机" * 200, "云\0计算", "云\ud800"])
def test_a_text_in_place_of_a_path_is_explained(parameter, source):
    for use in (lambda tokenizer: tokenizer.fit(["云计算"]), lambda tokenizer: tokenizer("云计算")):
        with pytest.raises(OSError, match=r"(or a list|a collection) of words") as info:
            use(JiebaTokenizer(**{parameter: source}))
        assert source[31:] == "" or source[:31] not in str(info.value)


def test_a_word_of_256_characters_is_found():
    word = "云" * 256
    assert JiebaTokenizer(user_dict=[(word, 10**9)])(f"好{word}") == ["好", word]


def test_frequencies_beyond_64_bits_count_as_they_do_in_jieba(judge_with):
    entries = [("网易杭研", 10**30, None), ("来到了", 10**19, None)]
    text = "他来到了网易杭研大厦"
    assert JiebaTokenizer(user_dict=entries)(text) == words_by_jieba(judge_with(entries), text)
