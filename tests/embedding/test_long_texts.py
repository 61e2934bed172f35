"""Texts longer than the model reads: cut, read in windows, or refused."""

import itertools
import json
import shutil
import warnings

import numpy as np
import pandas as pd
import pytest

from sklearn_llmtokens import LLMTokenEmbedder
from sklearn_llmtokens.exceptions import TextTooLongError, TruncationWarning
from tests.checkpoints import TEXTS
from tests.embedding.oracle import NaiveModel, assert_close, embed, pool
from tests.inside import count_characters, encoder_of, sequences_of

LONG = "The room was clean, and the staff were friendly. 物流很快，包装完好。 " * 12
MIXED = ["good", LONG, TEXTS[0], LONG[::-1]]


def embedder(folder, **params):
    return LLMTokenEmbedder(folder, **{"cache": None, "normalize": False, "max_length": 24, **params})


def cut_vectors(folder, texts, **params):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TruncationWarning)
        return embedder(folder, **params).fit_transform(texts)


def sequences(folder, texts, spans=None, **params):
    """What goes into the model: the sequences, and the tokenizer."""
    fitted = embedder(folder, **params).fit(texts)
    return sequences_of(fitted, texts, spans), encoder_of(fitted).loaded.tokenizer


@pytest.fixture
def cut_on_the_left(checkpoints, tmp_path):
    def copy(kind):
        folder = shutil.copytree(checkpoints[kind], tmp_path / kind)
        path = folder / "tokenizer_config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"truncation_side": "left"}))
        return folder

    return copy


def test_truncation_keeps_the_first_tokens(checkpoints, family):
    expected = embed(NaiveModel(checkpoints[family]), MIXED, ["mean", "last"], max_length=24)
    found = cut_vectors(checkpoints[family], MIXED, pooling=("mean", "last"))
    assert_close(found, expected)


@pytest.mark.parametrize("kind", ["bert", "gpt2", "llama"])
def test_truncation_keeps_the_last_tokens_where_the_tokenizer_does(cut_on_the_left, kind):
    folder = cut_on_the_left(kind)
    expected = embed(NaiveModel(folder), MIXED, ["mean", "cls"], max_length=24)
    assert_close(cut_vectors(folder, MIXED, pooling=("mean", "cls")), expected)


def test_one_warning_with_the_count_of_distinct_texts(checkpoints):
    fitted = embedder(checkpoints["bert"]).fit(MIXED)
    with pytest.warns(TruncationWarning, match=r"^2 distinct text\(s\) had more than 24 tokens") as caught:
        fitted.transform([*MIXED, LONG, LONG])
    assert len(caught) == 1


def test_what_comes_from_the_store_was_warned_of_when_it_was_computed(checkpoints, tmp_path):
    fitted = embedder(checkpoints["bert"], cache=tmp_path).fit(MIXED)
    with pytest.warns(TruncationWarning, match=r"^2 distinct"):
        fitted.transform(MIXED)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted.transform(MIXED)
    with pytest.warns(TruncationWarning, match=r"^1 distinct"):
        fitted.transform([*MIXED, LONG[1:]])


def test_texts_that_just_fit_are_not_cut(checkpoints, family):
    """No warning at the limit, one beyond it."""
    (sequence,), tokenizer = sequences(checkpoints[family], [LONG], max_length=128, long_text="truncate")
    end = int(sequence.located.offsets[20, 1])
    n_tokens = len(tokenizer.backend.encode(LONG[:end], add_special_tokens=False).ids) + tokenizer.n_special
    embedder(checkpoints[family], max_length=n_tokens).fit_transform([LONG[:end]])
    with pytest.warns(TruncationWarning):
        embedder(checkpoints[family], max_length=n_tokens - 1).fit_transform([LONG[:end]])


@pytest.mark.parametrize("kind", ["bert", "llama", "xlm-roberta"])
@pytest.mark.parametrize("left", [False, True])
@pytest.mark.parametrize("prompt", ["very good {text}", "very {text} good", "{text} good", "{text} {text}"])
def test_truncation_keeps_the_prompt_whole(checkpoints, cut_on_the_left, kind, left, prompt):
    folder = cut_on_the_left(kind) if left else checkpoints[kind]
    (sequence,), tokenizer = sequences(folder, [LONG], prompt=prompt)
    assert len(sequence.token_ids) <= 24
    read = tokenizer.backend.decode(sequence.token_ids, skip_special_tokens=True).replace(" ", "").replace("##", "")
    before, *_, after = prompt.split("{text}")
    assert read.startswith(before.replace(" ", ""))
    assert read.endswith(after.replace(" ", ""))
    start, stop = sequence.located.offsets[0, 0], sequence.located.offsets[-1, 1]
    assert (stop >= len(LONG) - 2) if left else (start <= 1)
    assert len(sequence.located.columns) >= 5


@pytest.mark.parametrize("left", [False, True])
def test_prompt_eol_of_a_long_text_ends_with_the_prompt(checkpoints, cut_on_the_left, left):
    folder = cut_on_the_left("llama") if left else checkpoints["llama"]
    naive = NaiveModel(folder)
    (sequence,), _ = sequences(folder, [LONG], prompt="prompt_eol", max_length=120)
    expected = naive.states(sequence.token_ids)[-1][-1]
    found = cut_vectors(folder, [LONG], prompt="prompt_eol", max_length=120)
    assert_close(found[0], expected)
    ids = naive.tokenizer('" means in one word:"', add_special_tokens=False)["input_ids"]
    assert sequence.token_ids[-4:] == ids[-4:]


@pytest.mark.parametrize("long_text", ["truncate", "error", "chunk"])
def test_short_texts_are_read_alike_whatever_is_done_with_long_ones(checkpoints, long_text):
    found = embedder(checkpoints["bert"], long_text=long_text, max_length=64).fit_transform(TEXTS)
    np.testing.assert_array_equal(found, embedder(checkpoints["bert"], max_length=64).fit_transform(TEXTS))


def test_error_names_the_place_and_the_limit(checkpoints):
    fitted = embedder(checkpoints["bert"], long_text="error").fit(MIXED)
    with pytest.raises(TextTooLongError, match=r"^X\[1\] has more than 24 tokens.*long_text='truncate'"):
        fitted.transform(["good", LONG, "good"])
    frame = pd.DataFrame({"title": ["a", "b"], "review": ["good", LONG]})
    with pytest.raises(TextTooLongError, match=r"^X\[1, 'review'\]"):
        embedder(checkpoints["bert"], long_text="error").fit_transform(frame)
    with pytest.raises(ValueError, match=r"X\[2\]"):
        fitted.transform_tokens(["good", "a", LONG])


@pytest.mark.parametrize("prompt", [None, "query: {text}", "a {text} b", "echo"])
@pytest.mark.parametrize("kind", ["bert", "xlm-roberta", "gpt2", "t5"])
def test_windows_cover_every_token_of_the_text(checkpoints, kind, prompt):
    found, _ = sequences(checkpoints[kind], [LONG], long_text="chunk", prompt=prompt, max_length=64)
    assert len(found) > 3
    assert all(len(s.token_ids) <= 64 for s in found)
    covered = np.zeros(len(LONG), bool)
    for sequence in found:
        for a, b in sequence.located.offsets:
            covered[a:b] = True
    missed = {c for c, seen in zip(LONG, covered, strict=True) if not seen}
    assert missed <= {" "}
    # Neighbours share a part, so that no word is read at an edge alone.
    edges = [(int(s.located.offsets[0, 0]), int(s.located.offsets[-1, 1])) for s in found]
    assert all(begin <= end for (_, end), (begin, _) in itertools.pairwise(edges))


@pytest.mark.parametrize("pooling", ["mean", "last", "max"])
@pytest.mark.parametrize("kind", ["bert", "roberta", "llama", "gpt2", "t5"])
def test_chunks_are_averaged_by_their_lengths(checkpoints, kind, pooling):
    folder, naive = checkpoints[kind], NaiveModel(checkpoints[kind])
    found = cut_vectors(folder, ["good", LONG], long_text="chunk", pooling=pooling)
    windows, tokenizer = sequences(folder, [LONG], long_text="chunk", pooling=pooling)
    total, norm = 0.0, 0
    for window in windows:
        n_tokens = len(window.token_ids) - tokenizer.n_special
        total = total + n_tokens * pool(naive.states(window.token_ids)[-1], pooling)
        norm += n_tokens
    assert_close(found[1], total / norm)


def test_share_of_a_window_does_not_count_its_prompt(checkpoints):
    windows, _ = sequences(checkpoints["llama"], [LONG], long_text="chunk", prompt="very very good {text}")
    # A blank between prompt and text may belong to either.
    assert all(abs(w.share - len(w.located.columns)) <= 1 for w in windows)


def test_chunking_a_text_that_fits_is_reading_it(checkpoints):
    text = TEXTS[2]
    whole = embedder(checkpoints["bert"], max_length=64).fit_transform([text])
    np.testing.assert_array_equal(
        embedder(checkpoints["bert"], max_length=64, long_text="chunk").fit_transform([text]), whole
    )


@pytest.mark.parametrize("max_length", [3, 4, 5])
def test_chunks_of_one_or_two_tokens(checkpoints, max_length):
    text = "good 物流 很快 the room"
    found, _ = sequences(checkpoints["bert"], [text], long_text="chunk", max_length=max_length)
    assert all(len(s.token_ids) <= max_length for s in found)
    assert {int(i) for s in found for a, b in s.located.offsets for i in range(a, b)} == {
        i for i, c in enumerate(text) if c != " "
    }


def test_normalised_chunks_have_unit_length(checkpoints):
    row = cut_vectors(checkpoints["bert"], [LONG], long_text="chunk", normalize=True)
    assert np.linalg.norm(row) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("long_text", ["truncate", "chunk"])
def test_a_million_characters(checkpoints, long_text):
    text = "The room was clean and friendly. " * 30_000
    kind = "gpt2"
    naive = NaiveModel(checkpoints[kind])
    rows = cut_vectors(checkpoints[kind], [text, "good"], long_text=long_text, max_length=128, layer=0)
    assert np.isfinite(rows).all()
    if long_text == "truncate":
        short = embed(naive, [text[:3000]], ["weighted_mean"], (0,), max_length=128)
        assert_close(rows[:1], short)


def test_only_the_part_that_decides_is_tokenised(checkpoints):
    fitted = embedder(checkpoints["bert"]).fit(["good"])
    assert 100 < count_characters(fitted, ["good " * 200_000]) < 20_000


@pytest.mark.parametrize("left", [False, True])
@pytest.mark.parametrize("prompt", [None, "query: {text}", "a {text} b"])
def test_a_very_long_text_is_cut_like_a_long_one(checkpoints, cut_on_the_left, left, prompt):
    """The part that is tokenised decides alone: the far end of the text may be anything."""
    folder = cut_on_the_left("bert") if left else checkpoints["bert"]
    core = LONG * 2
    far = "x y z " * 20_000
    longer = far + core if left else core + far
    params = {"prompt": prompt}
    a, b = cut_vectors(folder, [core], **params), cut_vectors(folder, [longer], **params)
    np.testing.assert_allclose(a, b, atol=1e-6)


@pytest.mark.parametrize("text", ["a" * 5000, "的" * 5000, " " * 5000, "\n" * 5000, "🙂" * 2000, "e\u0301" * 3000])
@pytest.mark.parametrize("long_text", ["truncate", "chunk"])
@pytest.mark.parametrize("kind", ["bert", "xlm-roberta"])
def test_runs_of_one_character(checkpoints, kind, long_text, text):
    assert np.isfinite(cut_vectors(checkpoints[kind], [text], long_text=long_text)).all()


def test_max_length_without_room_is_refused(checkpoints):
    with pytest.raises(ValueError, match="no room"):
        embedder(checkpoints["bert"], max_length=2).fit_transform(["good"])


@pytest.mark.parametrize("long_text", ["truncate", "chunk"])
@pytest.mark.parametrize("text", ["好" * 50, " ", "\u200b", "a \n", "한"])
def test_a_tokenizer_gets_a_text_a_bounded_number_of_times(checkpoints, text, long_text):
    """Tokenizers take time in proportion to what they get: so does a text, whatever it is made of."""
    whole = text * (40_000 // len(text))
    for folder in ("zh-mini", checkpoints["bert"], checkpoints["gpt2"]):
        fitted = embedder(folder, long_text=long_text).fit(["good"])
        assert 0 < count_characters(fitted, [whole]) <= 6 * len(whole)
