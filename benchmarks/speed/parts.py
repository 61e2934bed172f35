"""What a pass is made of: sections of benchmarks/throughput.py that tell why its speed is what it is."""

import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from speed.data import count_tokens, folder_of, load_texts, models
from speed.workers import has_bfloat16

KINDS = {  # of the operations of torch, by a part of their names
    "attention": ("scaled_dot_product", "bmm", "softmax"),
    "products": ("mm", "quantized::linear", "linear_pointwise"),
    "activation": ("gelu",),
    "normalisation": ("layer_norm",),
    "scales of 8 bits": ("amax", "amin", "aten::mul", "maximum", "reciprocal", "addcmul", "round", "bitwise"),
}
REST = "all else in torch"
SIZES = (256, 512, 1024, 2048, 4096)


def operations(options) -> list[dict]:
    """Time of a pass over short reviews by kind of operation, a token and layer."""
    import torch

    from sklearn_llmtokens import LLMTokenEmbedder

    torch.set_num_threads(options.threads)
    texts = load_texts("short reviews", options.data)
    rows = []
    for model in models(options, "operations") if texts else []:
        folder = folder_of(model)
        if folder is None:
            continue
        n_layers = json.loads((Path(folder) / "config.json").read_text(encoding="utf-8"))["num_hidden_layers"]
        part = texts[: int(options.tokens / count_tokens(model, texts[:1000]).mean())]
        n_tokens = int(count_tokens(model, part).sum())
        for dtype in ("float32", *(["bfloat16"] if has_bfloat16() else []), "int8"):
            fitted = LLMTokenEmbedder(folder, dtype=dtype, cache=None).fit(["a"])
            fitted.transform(part)
            with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as found:
                fitted.transform(part)
            spent = dict.fromkeys([*KINDS, REST], 0.0)
            for event in found.key_averages():
                kind = next((k for k, names in KINDS.items() if any(name in event.key for name in names)), REST)
                spent[kind] += event.self_cpu_time_total
            for kind, us in spent.items():
                row = {"model": model, "dtype": dtype, "kind": kind, "share": round(us / sum(spent.values()), 4)}
                rows.append(row | {"us": round(us / n_tokens / n_layers, 2)})
                print(rows[-1], flush=True)
    return rows


def batches(options) -> list[dict]:
    """Time a token by the most tokens of a batch."""
    import torch

    from sklearn_llmtokens import LLMTokenEmbedder

    torch.set_num_threads(options.threads)
    clock = time.perf_counter if options.clock == "wall" else time.process_time
    texts = load_texts("short reviews", options.data)
    rows = []
    for model in models(options, "batches") if texts else []:
        part = texts[: int(2 * options.tokens / count_tokens(model, texts[:1000]).mean())]
        n_tokens = int(count_tokens(model, part).sum())
        fitted = {n: LLMTokenEmbedder(folder_of(model), cache=None, batch_tokens=n).fit(["a"]) for n in SIZES}
        fitted[SIZES[0]].transform(part)
        seconds: dict[int, list[float]] = {n: [] for n in SIZES}
        for _ in range(options.blocks):
            for n, embedder in fitted.items():
                start = clock()
                embedder.transform(part)
                seconds[n].append(clock() - start)
        for n in SIZES:
            us = statistics.median(seconds[n]) / n_tokens * 1e6
            rows.append({"model": model, "batch_tokens": n, "us_per_token": round(us, 1)})
            print(rows[-1], flush=True)
    return rows


PARTS: dict[str, Callable] = {"operations": operations, "batches": batches}
