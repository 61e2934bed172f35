"""What the model reads around a text, and which of its tokens are pooled."""

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from sklearn_llmtokens import LLMTokenEmbedder
from tests.checkpoints import TEXTS
from tests.embedding.oracle import NaiveModel, assert_close, embed, pool
from tests.inside import n_prefixes

KINDS = ["gpt2", "llama", "bert", "xlm-roberta"]
any_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def vectors(folder, texts=TEXTS, **params):
    return LLMTokenEmbedder(folder, **{"cache": None, "normalize": False, **params}).fit_transform(texts)


@given(before=any_text, middle=any_text, after=any_text, text=any_text)
@example(before="a ", middle=" or ", after=" b", text="{text}")
@example(before='{"q": "', middle="{} {", after='"}{0} %s', text="good")
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_text_stands_in_every_slot_and_other_braces_for_themselves(checkpoints, before, middle, after, text):
    assume(not any("{text}" in part for part in (before, middle, after)))
    found = vectors(checkpoints["bert"], [text], prompt=f"{before}{{text}}{middle}{{text}}{after}")
    np.testing.assert_allclose(
        found, vectors(checkpoints["bert"], [f"{before}{text}{middle}{text}{after}"], prompt=None), atol=2e-6
    )


def test_a_template_that_is_no_unicode_is_refused(checkpoints):
    with pytest.raises(ValueError, match=r"prompt=.*lone surrogate"):
        vectors(checkpoints["bert"], prompt="\ud800{text}")


def test_names_go_before_presets_and_presets_before_templates(st_checkpoint):
    def template(prompt, default):
        folder = st_checkpoint(
            prompts={"query": "query: ", "prompt_eol": "mine: ", "empty": ""}, default_prompt=default
        )
        return LLMTokenEmbedder(folder, prompt=prompt).fit(TEXTS).prompt_

    assert template("prompt_eol", None) == "mine: {text}"
    assert template("echo", None) == "Rewrite the sentence: {text}, rewritten sentence: {text}"
    assert template("auto", "query") == "query: {text}"
    for prompt, default in (("auto", None), ("empty", None), (None, "query")):
        assert template(prompt, default) is None


def test_an_unknown_name_is_refused_with_the_known_ones(st_checkpoint):
    with pytest.raises(ValueError, match=r"passage.*\(auto, echo, prompt_eol, query\).*'passage\{text\}'"):
        LLMTokenEmbedder(st_checkpoint(prompts={"query": "query: "}), prompt="passage").fit(TEXTS)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("template", ["query: {text}", "very {text}, good", "{text}\n", "{0} {text} {}"])
def test_templates_are_read_and_pooled_whole(checkpoints, kind, template):
    filled = [template.replace("{text}", text) for text in TEXTS]
    expected = embed(NaiveModel(checkpoints[kind]), filled, ["mean", "last"])
    found = vectors(checkpoints[kind], prompt=template, pooling=("mean", "last"))
    assert_close(found, expected)


@pytest.mark.parametrize("kind", KINDS)
def test_prompt_eol_takes_the_last_token(checkpoints, kind):
    filled = [f'This sentence : "{text}" means in one word:"' for text in TEXTS]
    expected = embed(NaiveModel(checkpoints[kind]), filled, ["last"])
    assert_close(vectors(checkpoints[kind], prompt="prompt_eol"), expected)
    assert LLMTokenEmbedder(checkpoints[kind], prompt="prompt_eol").fit(TEXTS).pooling_ == ("last",)


@pytest.mark.parametrize("kind", KINDS)
def test_echo_pools_the_tokens_of_the_second_copy(checkpoints, kind):
    model = NaiveModel(checkpoints[kind])
    rows, texts = [], TEXTS[:5]
    for text in texts:
        before = f"Rewrite the sentence: {text}, rewritten sentence: "
        encoding = model.tokenizer(before + text, return_offsets_mapping=True)
        special = set(model.tokenizer.all_special_ids)
        inside = [
            i
            for i, (a, b) in enumerate(encoding["offset_mapping"])
            if b > max(a, len(before)) and encoding["input_ids"][i] not in special
        ]
        rows.append(pool(model.states(encoding["input_ids"])[-1][inside], "mean"))
    found = vectors(checkpoints[kind], texts, prompt="echo")
    assert_close(found, rows)


def test_a_pooling_of_ones_own_goes_with_a_preset(checkpoints):
    fitted = LLMTokenEmbedder(checkpoints["llama"], prompt="echo", pooling=("max", "last")).fit(TEXTS)
    assert fitted.pooling_ == ("max", "last")
    assert fitted.spec_["forward"]["pool_scope"] == "text"
    assert np.isfinite(fitted.transform([*TEXTS, ""])).all()


@pytest.mark.parametrize("prompt", ["prompt_eol", "echo", "query: {text}", "a {text} b"])
@pytest.mark.parametrize("kind", ["llama", "bert"])
def test_empty_texts_under_a_prompt_give_finite_rows(checkpoints, kind, prompt):
    assert np.isfinite(vectors(checkpoints[kind], ["", " ", "good"], prompt=prompt)).all()


def test_prompt_is_part_of_the_identity_of_a_vector(checkpoints):
    folder = checkpoints["bert"]
    plain, asked = (LLMTokenEmbedder(folder, prompt=p).fit(TEXTS) for p in (None, "query: {text}"))
    assert asked.prompt_ == "query: {text}"
    assert plain.prompt_ is None
    first, second = plain.transform(TEXTS), asked.transform(TEXTS)
    assert np.abs(first - second).max() > 1e-3
    np.testing.assert_array_equal(first, plain.transform(TEXTS))


@pytest.mark.parametrize("prompt", ["x " * 200 + "{text}", "{text} and " * 64])
def test_a_prompt_that_fills_the_model_is_refused(checkpoints, prompt):
    with pytest.raises(ValueError, match="no room"):
        vectors(checkpoints["bert"], prompt=prompt, max_length=64)


@pytest.mark.parametrize("prompt", ["x " * 200 + "{text}", "{text} and " * 64])
def test_a_prompt_that_fills_the_model_is_refused_by_fit(checkpoints, prompt):
    with pytest.raises(ValueError, match="no room"):
        LLMTokenEmbedder(checkpoints["bert"], prompt=prompt, max_length=64).fit(TEXTS)


def test_fit_accepts_a_long_prompt_of_few_tokens(checkpoints):
    prompt = "good " * 20 + "{text}"
    assert LLMTokenEmbedder(checkpoints["bert"], prompt=prompt, max_length=64).fit(TEXTS).prompt_ == prompt


def test_a_search_over_prompts_keeps_few_of_them_in_memory(checkpoints):
    ours = LLMTokenEmbedder(checkpoints["llama"], cache=None)
    for i in range(12):
        ours.set_params(prompt=f"{i} is the number of this long prompt: {{text}}").fit_transform(TEXTS[:2])
    kept = n_prefixes(ours)
    assert 1 <= kept <= 8
    again = vectors(checkpoints["llama"], prompt="0 is the number of this long prompt: {text}")
    whole = [f"0 is the number of this long prompt: {text}" for text in TEXTS]
    np.testing.assert_allclose(again, vectors(checkpoints["llama"], whole), atol=1e-4)
