"""jieba itself, as the judge: its own tokenizer with a cache folder that nobody else writes to."""

import warnings

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import jieba
    import jieba.posseg
    from jieba import finalseg

from tests.inside import without_rjieba


@pytest.fixture(scope="session")
def judge(tmp_path_factory):
    """Return a jieba.Tokenizer with jieba's dictionary."""
    jieba.setLogLevel(60)
    tokenizer = jieba.Tokenizer()
    tokenizer.tmp_dir = str(tmp_path_factory.mktemp("jieba"))
    tokenizer.initialize()
    return tokenizer


@pytest.fixture
def judge_with(judge, monkeypatch):
    """Make a jieba.Tokenizer with words added by jieba's own code, from entries or from a file."""

    def make(words):
        monkeypatch.setattr(finalseg, "Force_Split_Words", set())
        tokenizer = jieba.Tokenizer()
        tokenizer.FREQ, tokenizer.total, tokenizer.initialized = judge.FREQ.copy(), judge.total, True
        if isinstance(words, list):
            for word, frequency, tag in words:
                tokenizer.add_word(word, frequency, tag)
        else:
            with open(words, "rb") as file:
                tokenizer.load_userdict(file)
        return tokenizer

    return make


@pytest.fixture(params=["rjieba", "jieba"])
def engine(request, monkeypatch):
    """Run with and without rjieba."""
    if request.param == "rjieba":
        pytest.importorskip("rjieba", reason="the fast engine is optional")
    else:
        without_rjieba(monkeypatch)
    return request.param


def words_by_jieba(tokenizer, text, mode="accurate", hmm=True):
    """Return jieba's words, without white space."""
    if mode == "full":
        words = tokenizer.lcut(text, cut_all=True)
    elif mode == "search":
        words = tokenizer.lcut_for_search(text, HMM=hmm)
    else:
        words = tokenizer.lcut(text, HMM=hmm)
    return [word for word in words if word.strip()]
