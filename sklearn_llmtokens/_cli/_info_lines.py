"""What `info` has found, as lines for people."""

from collections.abc import Iterator
from typing import Any

_WIDTH = 20


def info_lines(found: dict[str, Any]) -> list[str]:
    """Return the lines that are printed.

    Parameters
    ----------
    found : dict
        As ``--json`` prints it.

    Returns
    -------
    list of str
        A name and a value each.
    """
    return [f"{name:<{_WIDTH}}{value}" for name, value in (*_checkpoint(found), *_use(found), *_measured(found))]


def _checkpoint(found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "model", f"{found['model']}{' (bundled)' if found['bundled'] else ''}"
    layers = f", {found['n_layers']} layers" if found["n_layers"] else ""
    yield "kind", f"{found['kind']} ({found['architecture']}){layers}, {found['hidden_size']} features per token"
    yield "parameters", f"{found['n_parameters']:,}, most of them stored as {found['stored_as']}"
    yield "size", f"{found['n_bytes'] / 1e6:,.1f} MB in {found['folder']}"
    if found["revision"]:
        yield "revision", found["revision"]
    yield "fingerprint", found["fingerprint"]
    yield "licence", found["license"] or "not named by a card in the folder"
    if found["n_vocabulary"]:
        yield "vocabulary", f"{found['n_vocabulary']:,} tokens"


def _use(found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "features", f"{found['n_features']:,}"
    yield "pooling", "; then ".join([", ".join(found["pooling"]), *found["head"]])
    yield "unit length", "yes" if found["normalize"] else "no"
    prompts = [f"{name}={text!r}" for name, text in found["prompts"].items()]
    yield "prompts", ", ".join(prompts) or "none"
    yield "prompt by default", "none" if found["prompt"] is None else repr(found["prompt"])
    yield "maximum length", "no limit" if found["max_length"] is None else f"{found['max_length']:,} tokens"


def _measured(found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if speed := found.get("speed"):
        yield (
            "speed here",
            f"{speed['texts_per_second']:,.0f} texts a second of {speed['mean_characters']:.0f} characters "
            f"({speed['of']}, {speed['dtype']}, device {speed['device']})",
        )
    if sample := found.get("sample"):
        missing = f", {sample['n_missing']:,} missing" if sample["n_missing"] else ""
        yield "sample", f"{sample['n_texts']:,} texts of {sample['file']}{missing}"
        yield (
            "unknown",
            f"{sample['unknown_tokens']:.2%} of tokens, {sample['unknown_characters']:.2%} of characters; "
            f"texts mostly unknown: {sample['n_mostly_unknown']:,}",
        )
        characters = [f"{name} {n:,}" for name, n in sample["most_frequent_unknown"].items()]
        yield "unknown characters", ", ".join(characters) or "none"
