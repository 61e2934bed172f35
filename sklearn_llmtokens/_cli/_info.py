"""The command ``info``: what a checkpoint is, how fast it runs here, and what it cannot read."""

import argparse
import json
import warnings
from dataclasses import asdict
from time import perf_counter
from typing import Any

from ..exceptions import UnknownTokenWarning
from ._errors import before_any_work
from ._info_lines import info_lines
from ._info_sample import read_sample

_BATCH = 64
_SENTENCES = (
    "物流很快，包装完好，下次还来",
    "屏幕摔了一次就碎了，售后不肯换",
    "房间干净，离地铁站很近，早餐一般",
    "这本书剧情拖沓，看到一半就犯困",
    "央行宣布下调存款准备金率零点五个百分点",
    "如何在周末两天内游览苏州的主要园林",
    "电池续航比上一代长了三个小时",
    "孩子很喜欢，颜色和图片上的一样",
    "The room was clean and the staff were friendly.",
    "The battery lasts three hours longer than before.",
    "How do I return an item that arrived damaged?",
    "The plot drags on, and I fell asleep halfway through.",
    "Shares rose after the bank cut its lending rate.",
    "A small dog runs across the wet grass.",
    "Fits as expected, the colour is a little darker.",
    "What is the best time of the year to visit Suzhou?",
)


def run_info(options: argparse.Namespace) -> None:
    """Print what is known of a checkpoint.

    Parameters
    ----------
    options : Namespace
        Of the parser.

    Raises
    ------
    UsageError
        If the model, the file or the options are refused.
    """
    with before_any_work():
        texts, n_missing = read_sample(options) if options.src else (None, 0)
        embedder = _fitted(options)
        found = _describe(embedder, options.model)
    if texts is not None:
        found["sample"] = _count_unknown(embedder, texts, n_missing, options)
    if options.seconds:
        found["speed"] = _speed(embedder, texts, options.seconds)
    print(json.dumps(found, ensure_ascii=False, indent=2) if options.json else "\n".join(info_lines(found)))


def _fitted(options: argparse.Namespace):
    from ..embedding import LLMTokenEmbedder

    embedder = LLMTokenEmbedder(
        options.model,
        dtype=options.dtype,
        device=options.device,
        cache=None,
        trust_remote_code=options.trust_remote_code,
    )
    return embedder.fit([""])  # a fit reads no text


def _describe(embedder, model: str) -> dict[str, Any]:
    from ..checkpoints import BUNDLED_CHECKPOINTS
    from ..embedding._for_info import read_facts

    return {
        "model": model,
        "bundled": model in BUNDLED_CHECKPOINTS,
        "revision": embedder.revision_,
        "fingerprint": embedder.fingerprint_,
        **asdict(read_facts(embedder)),
        "n_features": embedder.n_features_out_,
        "pooling": list(embedder.pooling_),
        "normalize": embedder.normalize_,
        "prompt": embedder.prompt_,
    }


def _count_unknown(embedder, texts: list[str], n_missing: int, options: argparse.Namespace) -> dict[str, Any]:
    from ..embedding._for_info import unknown_in

    counts = unknown_in(embedder, texts)
    return {
        "file": options.src,
        "columns": options.text_columns,
        "n_texts": len(texts),
        "n_missing": n_missing,
        "n_mostly_unknown": counts.n_mostly_unknown,
        "n_tokens": counts.n_tokens,
        "unknown_tokens": counts.n_unknown_tokens / max(counts.n_tokens, 1),
        "unknown_characters": counts.n_unknown_characters / max(counts.n_characters, 1),
        "most_frequent_unknown": dict(counts.characters[:10]),
    }


def _speed(embedder, texts: list[str] | None, seconds: float) -> dict[str, Any]:
    """Embed batches of texts for some seconds, without a cache and after the model was loaded."""
    measured = texts or [f"{i}. {sentence}" for i in range(_BATCH // len(_SENTENCES)) for sentence in _SENTENCES]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnknownTokenWarning)  # the sample says more, and the sentences are ours
        embedder.transform(measured[:8])
        n_texts, start, elapsed = 0, perf_counter(), 0.0
        while elapsed < seconds:
            at = n_texts % len(measured)
            batch = measured[at : at + _BATCH]
            embedder.transform(batch)
            n_texts += len(batch)
            elapsed = perf_counter() - start
    return {
        "texts_per_second": n_texts / elapsed,
        "n_texts": n_texts,
        "mean_characters": sum(map(len, measured)) / len(measured),
        "of": "sample" if texts else "built-in sentences",
        "dtype": embedder.spec_["forward"]["dtype"],
        "device": embedder.device,
    }
