"""Tokens weighted by the words they belong to."""

import functools

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, clone

from sklearn_llmtokens import LLMTokenEmbedder
from tests.checkpoints import TEXTS
from tests.embedding.oracle import POOLINGS, NaiveModel, assert_close, pool
from tests.inside import replace_encode


class Words(BaseEstimator):
    """Words between blanks, each of a weight; unknown ones weigh 1."""

    def __init__(self, weights=()):
        self.weights = weights

    def word_spans(self, text):
        known, spans, at = dict(self.weights), [], 0
        for word in text.split(" "):
            if word:
                spans.append((at, at + len(word), known.get(word, 1.0)))
            at += len(word) + 1
        return spans


STOPPED = Words((("The", 0.0), ("was", 0.0), ("and", 0.0), ("room", 3.5)))
SENTENCES = [TEXTS[2], "The room was good", "good room good", TEXTS[0]]


def embedder(folder, **params):
    return LLMTokenEmbedder(folder, **{"cache": None, "normalize": False, **params})


@pytest.fixture(scope="module")
def naive(checkpoints):
    """Models in float64, loaded once."""
    return functools.cache(lambda kind: NaiveModel(checkpoints[kind]))


def naive_vector(model, text, spans, pooling):
    encoding = model.tokenizer(text, return_offsets_mapping=True)
    weights = []
    for a, b in encoding["offset_mapping"]:
        weights.append(next((w for s, e, w in spans if b > a and s < b <= e), 0.0))
    return pool(model.states(encoding["input_ids"])[-1], pooling, weights)


@pytest.mark.filterwarnings("ignore:word_weights changes nothing")
@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("kind", ["bert", "gpt2", "xlm-roberta"])
def test_weighted_tokens_equal_the_naive_loop(checkpoints, naive, kind, pooling):
    expected = [naive_vector(naive(kind), text, STOPPED.word_spans(text), pooling) for text in SENTENCES]
    found = embedder(checkpoints[kind], word_weights=STOPPED, pooling=pooling).fit_transform(SENTENCES)
    assert_close(found, expected)


@pytest.mark.parametrize("pooling", ["max", "cls", "last", ("cls", "max")])
def test_weights_that_no_pooling_uses_are_warned_of(checkpoints, pooling):
    with pytest.warns(UserWarning, match="word_weights changes nothing"):
        embedder(checkpoints["bert"], word_weights=STOPPED, pooling=pooling).fit(SENTENCES)


@pytest.mark.parametrize("pooling", ["auto", "mean", ("cls", "mean")])
def test_weights_that_a_pooling_uses_are_not_warned_of(checkpoints, pooling):
    embedder(checkpoints["bert"], word_weights=STOPPED, pooling=pooling).fit(SENTENCES)  # warnings are errors


def test_stop_words_are_read_by_the_model_but_not_pooled(checkpoints):
    """Left out of the mean, and not out of the sentence: other tokens still see them."""
    fitted = embedder(checkpoints["bert"], word_weights=STOPPED).fit(SENTENCES)
    with_them, without = fitted.transform(["The room was good", "room good"])
    assert np.abs(with_them - without).max() > 1e-3
    at_layer_0 = embedder(checkpoints["gpt2"], word_weights=STOPPED, layer=0, pooling="mean").fit(SENTENCES)
    assert np.isfinite(at_layer_0.transform(["The room was good"])).all()


@pytest.mark.parametrize("pooling", ["mean", "weighted_mean", "mean_sqrt_len"])
def test_stop_words_alone_fall_back_to_the_plain_mean(checkpoints, pooling):
    texts = ["The was and", "good room"]
    weighted = embedder(checkpoints["bert"], word_weights=STOPPED, pooling=pooling).fit_transform(texts)
    plain = embedder(checkpoints["bert"], pooling=pooling).fit_transform(texts)
    np.testing.assert_allclose(weighted[0], plain[0], atol=1e-6)
    assert np.abs(weighted[1] - plain[1]).max() > 1e-3


def test_empty_text_has_no_words(checkpoints):
    weighted = embedder(checkpoints["bert"], word_weights=STOPPED).fit_transform(["", "good"])
    np.testing.assert_allclose(weighted[0], embedder(checkpoints["bert"]).fit_transform([""])[0], atol=1e-6)


@pytest.mark.parametrize("prompt", ["very {text}", "{text} was good", "a {text} b", "echo", "prompt_eol"])
@pytest.mark.parametrize("kind", ["bert", "llama"])
def test_words_are_found_under_a_prompt(checkpoints, naive, kind, prompt):
    """The prompt weighs nothing; words are counted in the characters of the text."""
    text = "The room was good"
    template = {"echo": "Rewrite the sentence: {text}, rewritten sentence: {text}"}.get(prompt, prompt)
    template = 'This sentence : "{text}" means in one word:"' if prompt == "prompt_eol" else template
    at = len(template.rpartition("{text}")[0].replace("{text}", text))
    spans = [(a + at, b + at, w) for a, b, w in STOPPED.word_spans(text)]
    expected = naive_vector(naive(kind), template.replace("{text}", text), spans, "mean")
    found = embedder(checkpoints[kind], word_weights=STOPPED, prompt=prompt, pooling="mean").fit_transform([text])
    assert_close(found[0], expected)


@pytest.mark.parametrize("kind", ["bert", "llama"])
def test_words_are_found_in_windows(checkpoints, kind):
    text = "The room was good and very nice. " * 8
    params = {"pooling": "mean", "long_text": "chunk", "max_length": 32}
    weighted = embedder(checkpoints[kind], word_weights=STOPPED, **params).fit_transform([text])
    plain = embedder(checkpoints[kind], **params).fit_transform([text])
    even = embedder(checkpoints[kind], word_weights=Words(), **params).fit_transform([text])
    assert np.abs(weighted - plain).max() > 1e-3
    if kind == "llama":
        assert np.isfinite(even).all()


@pytest.mark.parametrize("left", [False, True])
def test_words_are_found_in_a_very_long_text_that_is_cut(checkpoints, tmp_path, left):
    import json
    import shutil
    import warnings

    folder = shutil.copytree(checkpoints["bert"], tmp_path / "copy")
    path = folder / "tokenizer_config.json"
    side = {"truncation_side": "left" if left else "right"}
    path.write_text(json.dumps(json.loads(path.read_text()) | side))
    core = "The room was good and very nice. " * 20
    far = "good " * 5000
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = embedder(folder, word_weights=STOPPED, max_length=32).fit([core])
        a, b = fitted.transform([core, far + core if left else core + far])
    np.testing.assert_allclose(a, b, atol=1e-6)


def test_spans_enter_the_key(checkpoints):
    """With the cache on, other weights give other vectors, and the same weights the stored ones."""
    folder = checkpoints["bert"]
    first = LLMTokenEmbedder(folder, word_weights=STOPPED).fit(SENTENCES)
    one = first.transform(SENTENCES)
    two = LLMTokenEmbedder(folder, word_weights=Words()).fit_transform(SENTENCES)
    none = LLMTokenEmbedder(folder).fit_transform(SENTENCES)
    assert np.abs(one - two).max() > 1e-3
    assert np.abs(two - none).max() > 1e-3
    np.testing.assert_array_equal(first.transform(SENTENCES), one)


def test_words_are_cut_by_the_caller_alone(checkpoints, monkeypatch):
    """The object never travels: workers get spans."""
    sent = []

    def spy(encode, encoder, texts, readouts, spans, *args):
        sent.extend(spans)
        return encode(encoder, texts, readouts, spans, *args)

    replace_encode(monkeypatch, spy)
    embedder(checkpoints["bert"], word_weights=STOPPED).fit_transform(SENTENCES)
    assert len(sent) == len(SENTENCES)
    assert {type(value) for spans in sent for span in spans for value in span} <= {int, float}


def test_nested_parameters_and_clone(checkpoints):
    ours = LLMTokenEmbedder(checkpoints["bert"], word_weights=Words())
    ours.set_params(word_weights__weights=(("good", 0.0),))
    copy = clone(ours)
    assert copy.word_weights is not ours.word_weights
    assert copy.word_weights.weights == (("good", 0.0),)


def test_an_object_without_word_spans_is_refused(checkpoints):
    with pytest.raises(ValueError, match="word_weights"):
        LLMTokenEmbedder(checkpoints["bert"], word_weights="jieba").fit(TEXTS)


@st.composite
def spans_of(draw, text):
    """Words at any places of a text, apart from each other, of any weights."""
    edges = sorted(draw(st.lists(st.integers(0, len(text)), max_size=12, unique=True)))
    weight = st.sampled_from([0.0, 0.5, 1.0, 7.25])
    return tuple((a, b, draw(weight)) for a, b in zip(edges[::2], edges[1::2], strict=False))


class AnyWords:
    """A text and its words."""

    def __init__(self, spans):
        self.spans = spans

    def word_spans(self, text):
        return self.spans


@pytest.mark.parametrize("kind", ["bert", "gpt2"])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(spans=spans_of("The room was unbelievably good"))
def test_a_token_weighs_what_the_word_of_its_last_character_weighs(checkpoints, naive, kind, spans):
    text = "The room was unbelievably good"
    found = embedder(checkpoints[kind], word_weights=AnyWords(spans), pooling="mean").fit_transform([text])
    assert_close(found[0], naive_vector(naive(kind), text, spans, "mean"))


@pytest.mark.parametrize(("first", "second"), [(None, STOPPED), (STOPPED, None), (STOPPED, Words((("room", 0.0),)))])
def test_weights_set_after_fit_wait_for_the_next_fit(checkpoints, first, second):
    fitted = embedder(checkpoints["bert"], word_weights=first).fit(SENTENCES)
    before = fitted.transform(SENTENCES)
    fitted.set_params(word_weights=second)
    np.testing.assert_array_equal(fitted.transform(SENTENCES), before)
    assert fitted.word_weights_ is first
    assert np.abs(fitted.fit_transform(SENTENCES) - before).max() > 1e-3
