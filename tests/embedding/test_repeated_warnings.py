"""A server warns once of what each request would warn of; strict filters still see every warning."""

import subprocess
import sys
import threading
import warnings

import pytest

from sklearn_llmtokens import LLMTokenEmbedder
from sklearn_llmtokens.exceptions import PrecisionWarning, TruncationWarning, UnknownTokenWarning
from tests.inside import set_native_precisions

LONG = "good " * 50


@pytest.fixture
def embedder(checkpoints):
    """Fitted, with a limit that no other test has: what was shown is remembered for the whole process."""

    def fit(max_length, name="bert"):
        return LLMTokenEmbedder(str(checkpoints[name]), cache=None, max_length=max_length).fit([""])

    return fit


def caught(action, *calls, category=Warning):
    """Return the messages that are shown; each call resets Python's memory of them, as scikit-learn's checks do."""
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter(action, category)
        for call in calls:
            with warnings.catch_warnings():
                warnings.simplefilter(action, category)
            call()
    return [str(one.message) for one in shown]


def test_the_same_message_of_the_same_model_is_shown_once(embedder):
    served, other = embedder(17), embedder(17, "gpt2")
    (message,) = caught("default", *[lambda: served.transform([LONG])] * 5)
    assert message.startswith("1 distinct text(s) had more than 17 tokens")
    assert len(caught("default", *[lambda: other.transform([LONG])] * 2)) == 1
    assert (
        len(caught("default", *[lambda: served.transform([LONG, LONG + "room"])] * 2)) == 1
    )  # another number of texts
    assert len(caught("default", lambda: embedder(18).transform([LONG]))) == 1


def test_filters_that_show_a_warning_always_apply_each_time(embedder):
    served = embedder(19)
    assert len(caught("always", *[lambda: served.transform([LONG])] * 3)) == 3
    assert len(caught("always", *[lambda: served.transform([LONG])] * 3, category=TruncationWarning)) == 3
    for _ in range(2):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with pytest.raises(TruncationWarning):
                served.transform([LONG])


def test_a_script_that_repeats_a_warning_goes_on(tmp_path):
    """The code of a script is the outermost frame: none is above it."""
    script = tmp_path / "script.py"
    lines = [
        "from sklearn_llmtokens import LLMTokenEmbedder",
        "embedder = LLMTokenEmbedder('zh-nano', cache=None).fit([''])",
        "embedder.transform(['안녕하세요 반갑습니다'])",
        "print(embedder.transform(['안녕하세요 여러분 감사']).shape)",
    ]
    script.write_text("\n".join(lines), encoding="utf-8")
    done = subprocess.run([sys.executable, "-X", "utf8", script], capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("(1, ")
    assert done.stderr.count("UnknownTokenWarning") == 1
    assert "script.py:3:" in done.stderr


def test_threads_of_a_server_warn_once_among_them(embedder):
    served = embedder(21)

    def serve():
        threads = [threading.Thread(target=served.transform, args=([LONG],)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    served.transform(["short"])
    assert len(caught("default", lambda: served.transform([LONG]), serve)) == 1


def test_unknown_texts_and_emulated_precisions_too(checkpoints, monkeypatch):
    served = LLMTokenEmbedder("zh-nano", cache=None).fit([""])
    texts = [f"한국어 문장 {i}" for i in range(37)]
    assert len(caught("once", *[lambda: served.transform(texts)] * 3, category=UnknownTokenWarning)) <= 1
    set_native_precisions(monkeypatch, False)
    half = LLMTokenEmbedder(str(checkpoints["bert"]), dtype="float16")
    assert len(caught("default", *[lambda: half.fit([""])] * 3, category=PrecisionWarning)) <= 1
