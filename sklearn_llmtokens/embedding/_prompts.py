"""The text that a model reads around the text it is given."""

from collections.abc import Mapping
from dataclasses import dataclass

from .._utils._messages import shorten
from .._utils._text_cells import lone_surrogate

SLOT = "{text}"


@dataclass(frozen=True)
class Preset:
    """A prompt from the literature, and how its authors pool over it."""

    template: str
    pooling: str
    pool_scope: str


PRESETS: Mapping[str, Preset] = {
    # Jiang et al. 2023, "Scaling Sentence Embeddings with Large Language Models", arXiv:2307.16645
    "prompt_eol": Preset('This sentence : "{text}" means in one word:"', "last", "all"),
    # Springer et al. 2024, "Repetition Improves Language Model Embeddings", arXiv:2402.15449
    "echo": Preset("Rewrite the sentence: {text}, rewritten sentence: {text}", "mean", "text"),
}


@dataclass(frozen=True)
class Prompt:
    """A resolved prompt: a template, and the pooling that belongs to it, if one does."""

    template: str
    pooling: str | None = None
    pool_scope: str | None = None


def resolve_prompt(prompt: str | None, prompts: Mapping[str, str], default: str | None) -> Prompt:
    """Find the template that `prompt` stands for.

    Parameters
    ----------
    prompt : str or None
        ``"auto"``, None, a name among `prompts`, a preset, or a template that contains ``{text}``.
    prompts : mapping of str to str
        The checkpoint's own prompts by name: they go before the text.
    default : str or None
        The name of the one that the checkpoint uses when none is named.

    Returns
    -------
    Prompt
        The template, and the pooling of a preset.

    Raises
    ------
    ValueError
        If `prompt` is none of these.

    Examples
    --------
    >>> resolve_prompt("query", {"query": "query: "}, None).template
    'query: {text}'
    """
    if prompt == "auto":
        prompt = default  # a name of the checkpoint's
    if prompt is None:
        return Prompt(SLOT)
    if prompt in prompts:
        return Prompt(prompts[prompt] + SLOT)
    if prompt in PRESETS:
        preset = PRESETS[prompt]
        return Prompt(preset.template, preset.pooling, preset.pool_scope)
    if SLOT in prompt:
        if lone_surrogate(prompt) is not None:
            raise ValueError(f"prompt={shorten(prompt)} has a lone surrogate, which is not a character of Unicode.")
        return Prompt(prompt)
    known = sorted({*prompts, *PRESETS, "auto"})
    raise ValueError(
        f"prompt={shorten(prompt)} is neither a prompt of this checkpoint nor a preset ({', '.join(known)}), and has "
        f"no {SLOT}: write a template such as {shorten(prompt + SLOT)}, or pass None for the bare text."
    )


def fill(template: str, text: str) -> tuple[str, int]:
    """Put `text` into `template`.

    Parameters
    ----------
    template : str
        Contains ``{text}`` at least once; other braces stand for themselves.
    text : str
        What goes into each of them.

    Returns
    -------
    filled : str
        The text that the model reads.
    start : int
        The character at which the last copy of `text` begins.

    Examples
    --------
    >>> fill("query: {text}", "好")
    ('query: 好', 7)
    """
    tail = template.rsplit(SLOT, 1)[1]
    filled = template.replace(SLOT, text)
    return filled, len(filled) - len(tail) - len(text)
