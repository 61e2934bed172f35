"""``transform_tokens``: the vectors of the tokens themselves, and where they stand in the text."""

import numpy as np
import pandas as pd
import pytest

from sklearn_llmtokens import LLMTokenEmbedder
from sklearn_llmtokens.exceptions import MissingTextError, TruncationWarning
from tests.checkpoints import TEXTS
from tests.embedding.oracle import NaiveModel, assert_close


def fitted(folder, **params):
    return LLMTokenEmbedder(folder, **{"cache": None, **params}).fit(TEXTS)


@pytest.mark.parametrize("layer", [-1, 1, (0, 2)])
def test_vectors_are_the_hidden_states(checkpoints, family, layer):
    naive = NaiveModel(checkpoints[family])
    found = fitted(checkpoints[family], layer=layer).transform_tokens(TEXTS)
    assert len(found) == len(TEXTS)
    for text, tokens in zip(TEXTS, found, strict=True):
        encoding = naive.tokenizer(text, return_offsets_mapping=True, return_special_tokens_mask=True)
        states = naive.states(encoding["input_ids"])
        hidden = np.mean([states[k] for k in (layer if isinstance(layer, tuple) else (layer,))], axis=0)
        keep = [
            i
            for i, ((a, b), special) in enumerate(
                zip(encoding["offset_mapping"], encoding["special_tokens_mask"], strict=True)
            )
            if b > a and not special
        ]
        assert tokens.tokens == [naive.tokenizer.convert_ids_to_tokens(encoding["input_ids"][i]) for i in keep]
        np.testing.assert_array_equal(tokens.offsets, [encoding["offset_mapping"][i] for i in keep])
        assert_close(tokens.vectors, hidden[keep])
        assert tokens.vectors.dtype == np.float32
        assert tokens.offsets.dtype == np.int64


def test_offsets_slice_back_to_the_text(checkpoints, family):
    for text, tokens in zip(TEXTS, fitted(checkpoints[family]).transform_tokens(TEXTS), strict=True):
        pieces = [text[a:b] for a, b in tokens.offsets]
        assert "".join(dict.fromkeys(zip(map(tuple, tokens.offsets.tolist()), pieces, strict=True)) and pieces)
        covered = sorted({i for a, b in tokens.offsets for i in range(a, b)})
        assert "".join(text[i] for i in covered).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize("prompt", ["very {text}", "a {text} b", "{text} good", "echo", "prompt_eol"])
@pytest.mark.parametrize("kind", ["bert", "llama", "xlm-roberta"])
def test_tokens_of_the_prompt_are_left_out(checkpoints, kind, prompt):
    text = "The room was clean"
    (bare,) = fitted(checkpoints[kind]).transform_tokens([text])
    (asked,) = fitted(checkpoints[kind], prompt=prompt).transform_tokens([text])
    assert asked.offsets.min() >= 0
    assert asked.offsets.max() == len(text)
    assert abs(len(asked.tokens) - len(bare.tokens)) <= 1  # the blank before the text may join its first token
    letters = {i for a, b in asked.offsets for i in range(a, b)}
    assert {i for i, c in enumerate(text) if c != " "} <= letters


@pytest.mark.parametrize("prompt", [None, "very {text}", "a {text} b", "prompt_eol"])
@pytest.mark.parametrize("long_text", ["truncate", "chunk"])
@pytest.mark.parametrize("kind", ["bert", "llama"])
def test_a_long_text_is_cut_and_its_tokens_are_its_own(checkpoints, kind, prompt, long_text):
    """Offsets and vectors belong to the tokens that were read, with a warning."""
    text = "The room was clean and the staff were friendly. " * 20
    ours = fitted(checkpoints[kind], prompt=prompt, long_text=long_text, max_length=110)
    with pytest.warns(TruncationWarning, match="1 distinct"):
        (tokens,) = ours.transform_tokens([text])
    assert 0 < len(tokens.tokens) <= 110
    end = int(tokens.offsets[-1, 1])
    assert end < len(text)
    (again,) = ours.transform_tokens([text[:end]])
    np.testing.assert_array_equal(tokens.offsets, again.offsets)
    np.testing.assert_allclose(tokens.vectors, again.vectors, atol=1e-5)


@pytest.mark.parametrize("kind", ["bert", "gpt2", "t5"])
@pytest.mark.parametrize("texts", [[""], ["", "good"], [" "], ["good", "", "good"]], ids=str)
def test_empty_texts_have_no_tokens(checkpoints, kind, texts):
    found = fitted(checkpoints[kind]).transform_tokens(texts)
    for text, tokens in zip(texts, found, strict=True):
        if text == "":
            assert tokens.tokens == []
            assert tokens.offsets.shape == (0, 2)
            assert tokens.vectors.shape == (0, 32)


@pytest.mark.parametrize("texts", [[None, "good"], [None]], ids=str)
def test_missing_texts_have_no_tokens_either(checkpoints, texts):
    found = fitted(checkpoints["bert"], missing="zero").transform_tokens(texts)
    assert found[0].tokens == []
    assert found[0].vectors.shape == (0, 32)
    with pytest.raises(MissingTextError, match=r"X\[0\]"):
        fitted(checkpoints["bert"]).transform_tokens(texts)


def test_no_rows_give_no_tokens(checkpoints):
    assert fitted(checkpoints["bert"]).transform_tokens([]) == []


def test_several_columns_are_refused(checkpoints):
    frame = pd.DataFrame({"a": ["x"], "b": ["y"]})
    with pytest.raises(ValueError, match="2 columns"):
        LLMTokenEmbedder(checkpoints["bert"]).fit(frame).transform_tokens(frame)


def test_one_column_of_a_frame(checkpoints):
    frame = pd.DataFrame({"a": TEXTS})
    ours = LLMTokenEmbedder(checkpoints["bert"]).fit(frame)
    assert [t.tokens for t in ours.transform_tokens(frame)] == [
        t.tokens for t in fitted(checkpoints["bert"]).transform_tokens(TEXTS)
    ]


def test_mean_of_the_tokens_is_the_pooled_vector_where_nothing_is_added(checkpoints):
    folder = checkpoints["gpt2"]
    pooled = fitted(folder, pooling="mean").transform(TEXTS)
    means = [tokens.vectors.mean(axis=0) for tokens in fitted(folder).transform_tokens(TEXTS)]
    np.testing.assert_allclose(means, pooled, atol=1e-5)


@pytest.mark.parametrize("batch_tokens", [1, 30, 10_000])
def test_batches_do_not_change_tokens(checkpoints, batch_tokens):
    expected = fitted(checkpoints["roberta"]).transform_tokens(TEXTS)
    for a, b in zip(
        fitted(checkpoints["roberta"], batch_tokens=batch_tokens).transform_tokens(TEXTS), expected, strict=True
    ):
        assert a.tokens == b.tokens
        np.testing.assert_allclose(a.vectors, b.vectors, atol=1e-5)
