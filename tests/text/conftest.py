"""jieba itself, as the judge: its own tokenizer with a cache folder that nobody else writes to."""

import warnings

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import jieba
    import jieba.posseg
    from jieba import finalseg

from sklearn_llmtokens.text import _cutting, _engines, _full_mode, _shared


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
        monkeypatch.setattr(_cutting, "fastest_engine", _engines.jieba_engine)
        monkeypatch.setattr(_full_mode, "all_words", lambda user_words: None)
        monkeypatch.setattr(_shared, "_kept", type(_shared._kept)(_only_dictionaries()))
    return request.param


def _only_dictionaries():
    """What does not depend on the engine may stay."""
    kept = {"_build", "_commonest_frequency", "_kinds_of_characters", "_load_model"}
    return {key: value for key, value in _shared._kept.items() if key[0].__name__ in kept}


def words_by_jieba(tokenizer, text, mode="accurate", hmm=True):
    """Return jieba's words, without white space."""
    if mode == "full":
        words = tokenizer.lcut(text, cut_all=True)
    elif mode == "search":
        words = tokenizer.lcut_for_search(text, HMM=hmm)
    else:
        words = tokenizer.lcut(text, HMM=hmm)
    return [word for word in words if word.strip()]
