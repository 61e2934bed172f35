"""Nothing goes from one instance to another, to jieba, or in from the temporary directory."""

import copy
import marshal
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import jieba
import pytest
from jieba import finalseg

from sklearn_llmtokens.text import JiebaTokenizer
from tests.inside import forget_built
from tests.text.conftest import words_by_jieba
from tests.text.texts import TRICKY

TEXT = "他来到了网易杭研大厦"


def run_python(code, **environment):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout.strip()


def test_words_of_one_instance_are_unknown_to_another():
    plain, first, second = (
        JiebaTokenizer(user_dict=words) for words in (None, ["网易杭研"], ["杭研大厦", ("来到", 0)])
    )
    before = plain(TEXT)
    assert first(TEXT)[-2:] == ["网易杭研", "大厦"]
    assert second(TEXT)[-1] == "杭研大厦"
    assert plain(TEXT) == JiebaTokenizer()(TEXT) == before == ["他", "来到", "了", "网易", "杭研", "大厦"]
    assert first(TEXT)[-2:] == ["网易杭研", "大厦"]


def test_words_added_to_the_modules_are_unknown_to_us(monkeypatch):
    rjieba = pytest.importorskip("rjieba", reason="the fast engine is optional")
    forget_built(monkeypatch)
    other = "北京杭研"
    rjieba.add_word(other, 10**6, "n")
    monkeypatch.setattr(finalseg, "Force_Split_Words", {"杭研"})
    assert JiebaTokenizer()(other) == ["北京", "杭研"]
    assert JiebaTokenizer()(TEXT)[-2:] == ["杭研", "大厦"]


def test_jieba_keeps_its_global_state():
    before = copy.copy(vars(jieba.dt)), set(finalseg.Force_Split_Words), jieba.default_logger.level
    tokenizer = JiebaTokenizer("search", user_dict=["杭研大厦", ("来到", 0, "zz")], pos=["n*", "zz"])
    tokenizer.fit([TEXT]).transform([TEXT])
    JiebaTokenizer("full").word_spans(TEXT)
    assert (vars(jieba.dt), finalseg.Force_Split_Words, jieba.default_logger.level) == before


@pytest.fixture
def words_added(monkeypatch):
    """The words that are added to dictionaries, which are all built anew."""
    added = []
    add_word = jieba.Tokenizer.add_word
    monkeypatch.setattr(jieba.Tokenizer, "add_word", lambda self, *entry: added.append(entry) or add_word(self, *entry))
    forget_built(monkeypatch)
    return added


def test_equal_dictionaries_are_one(words_added):
    for words in (["杭研大厦"], ("杭研大厦",), [("杭研大厦", None)]):
        assert JiebaTokenizer(user_dict=words)(TEXT)[-1] == "杭研大厦"
        assert JiebaTokenizer("search", user_dict=words)(TEXT)[-1] == "杭研大厦"
    assert words_added == [("杭研大厦", None, None)]


def test_threads_agree_and_build_once(judge_with, words_added):
    tokenizer = JiebaTokenizer(user_dict=["杭研大厦"])
    reference = judge_with([("杭研大厦", None, None)])
    expected = [words_by_jieba(reference, text) for text in TRICKY]
    words_added.clear()
    stemmed = JiebaTokenizer(lowercase=True, stemmer="english")
    words = [f"running{chr(97 + i % 26)}s" for i in range(200)]
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: [tokenizer(text) for text in TRICKY], range(24)))
        stems = list(pool.map(lambda _: [stemmed(word) for word in words], range(24)))
    assert all(result == expected for result in results)
    assert all(result == stems[0] for result in stems)
    assert words_added == [("杭研大厦", None, None)]


@pytest.mark.slow
def test_planted_cache_is_neither_read_nor_written(tmp_path):
    planted = tmp_path / "jieba.cache"
    planted.write_bytes(marshal.dumps(({TEXT: 10**6, **{TEXT[:i]: 0 for i in range(1, len(TEXT))}}, 10**6)))
    before = planted.read_bytes()
    code = f"""
from sklearn_llmtokens.text import JiebaTokenizer

for params in ({{}}, {{"mode": "full"}}, {{"pos": ["n*"]}}, {{"user_dict": ["杭研大厦"]}}):
    tokenizer = JiebaTokenizer(**params)
    print("|".join(tokenizer({TEXT!r})), len(tokenizer.word_spans({TEXT!r})))
"""
    folder = {name: str(tmp_path) for name in ("TMPDIR", "TEMP", "TMP")}
    lines = run_python(code, PYTHONIOENCODING="utf-8", **folder).splitlines()
    assert len(lines) == 4
    for words in lines:
        assert TEXT not in words
        assert "大厦" in words
    assert [path.name for path in tmp_path.iterdir()] == ["jieba.cache"]
    assert planted.read_bytes() == before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this platform")
def test_child_forked_while_a_dictionary_is_built_does_not_wait_for_it(monkeypatch):
    JiebaTokenizer()(TEXT)
    is_building, may_go_on = threading.Event(), threading.Event()
    monkeypatch.setattr(jieba.Tokenizer, "add_word", lambda *entry: is_building.set() or may_go_on.wait())
    with ThreadPoolExecutor(1) as pool:
        building = pool.submit(JiebaTokenizer(user_dict=["在建大厦"]), TEXT)
        try:
            is_building.wait()
            _, status = os.waitpid(_fork_and_tokenize(), 0)
        finally:
            may_go_on.set()
        building.exception()
    assert os.waitstatus_to_exitcode(status) == 0


def _fork_and_tokenize():
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # forking a process with threads is what is tested
        pid = os.fork()
    if pid:
        return pid
    try:
        signal.alarm(20)  # ends a child that waits
        os._exit(0 if JiebaTokenizer()(TEXT) else 1)
    finally:
        os._exit(2)
