"""What a pass is made of: sections of benchmarks/throughput.py that tell why its speed is what it is."""

import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.speed_data import count_tokens, folder_of, load_texts, models

KINDS = {  # of the operations of torch, by a part of their names
    "products": ("mm", "quantized::linear"),
    "attention": ("scaled_dot_product",),
    "activation": ("gelu",),
    "normalisation": ("layer_norm",),
    "scales of 8 bits": ("amax", "amin", "aten::mul", "maximum", "reciprocal", "addcmul"),
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
        for dtype in ("float32", "int8"):
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


def products(options) -> list[dict]:
    """Rates of matrix products in the forms that torch has for them, in 1e9 operations a second."""
    import torch

    torch.set_num_threads(options.threads)
    rows = []
    for m in (32, 256, 2048):
        for k, n in ((384, 384), (384, 1152), (384, 1536), (1536, 384)):
            row: dict = {"shape": f"{m} x {k} x {n}"}
            for name, form in forms(m, k, n).items():
                seconds = shortest(form, options.threads, max(1, 1024 // m))
                row[name] = round(2 * m * k * n / seconds / 1e9, 1)
            rows.append(row)
            print(rows[-1], flush=True)
    return rows


def forms(m: int, k: int, n: int) -> dict[str, Callable]:
    """Give ways to multiply m x k by k x n."""
    import torch

    from sklearn_llmtokens.embedding._torch._precision import Int8Product

    a, weight, bias = torch.randn(m, k), torch.randn(n, k), torch.zeros(n)
    found = {"float32": lambda: torch.nn.functional.linear(a, weight, bias)}
    if torch.backends.mkldnn.is_available():
        packed = torch.ops.mkldnn._reorder_linear_weight(weight, m)
        found["float32, packed by oneDNN"] = lambda: torch.ops.mkldnn._linear_pointwise(a, packed, bias, "none", [], "")
    if "fbgemm" in torch.backends.quantized.supported_engines:
        product = Int8Product(weight, bias)
        found["8 bits, scaled by token"] = lambda: product(a)
    whole, eighth = (a * 20).to(torch.int8), (weight * 20).to(torch.int8).T
    found["torch._int_mm"] = lambda: torch._int_mm(whole, eighth)
    return found


def shortest(function: Callable, n_threads: int, n_calls: int) -> float:
    """Give the seconds of a call, the least of five rounds, whatever else the machine does meanwhile."""
    seconds: list[float] = []
    for _ in range(5):
        start = time.perf_counter(), time.process_time()
        for _ in range(n_calls):
            function()
        seconds.append(min(time.perf_counter() - start[0], (time.process_time() - start[1]) / n_threads))
        if sum(seconds) > 2:  # a form that is far too slow is known by now
            break
    return min(seconds) / n_calls


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


PARTS: dict[str, Callable] = {"operations": operations, "products": products, "batches": batches}
