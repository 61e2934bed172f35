"""What an accelerator gives: rows beside the CPU's, texts a second beside sentence-transformers, and peak memory.

    python benchmarks/accelerator.py                            # on the first GPU; at most six minutes
    python benchmarks/accelerator.py --model FOLDER --write     # also benchmarks/results/accelerator.json
    python benchmarks/accelerator.py --device cpu --texts 40    # a rehearsal without a GPU

Both run in half precision with torch's own attention, in one process, and take turns; sentence-transformers sorts texts
by length. Each is measured at several batch sizes, and its best one is named. Nothing is concluded for sizes, models or
machines that were not run. What does not fit into the minutes is left out, with a message. Where there is no GPU, the
script says so and ends with 0.

SKLEARN_LLMTOKENS_DATA names the data home; without it, pieces of the bundled reviews are used.
"""

import argparse
import os
import statistics
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from speed.data import load_texts, pieces
from tables import save

TOKENS = (8192, 32768, 131072)  # of a batch of ours
ROWS = (32, 128, 512)  # of a batch of sentence-transformers
HALVES = ("bfloat16", "float16")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="zh-mini", help="checkpoint folder, or the name of a bundled model")
    parser.add_argument("--device", default="cuda", help="default: %(default)s")
    parser.add_argument("--texts", type=int, default=20_000, help="short reviews; default: %(default)s")
    parser.add_argument("--compared", type=int, default=300, help="texts that run on the CPU too; default: %(default)s")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=6)
    parser.add_argument("--data", type=Path, default=os.environ.get("SKLEARN_LLMTOKENS_DATA"), help="data home")
    parser.add_argument("--write", action="store_true", help="save the figures")
    options = parser.parse_args()

    import torch

    if options.device.startswith("cuda") and not torch.cuda.is_available():
        print("left out: torch sees no GPU here; nothing was measured")
        return
    warnings.simplefilter("ignore")
    deadline = time.perf_counter() + 60 * options.minutes
    texts = read_texts(options)
    figures = {"machine": machine(options.device), "model": Path(options.model).name, "n_texts": len(texts)}
    figures["rows"] = compare_rows(options, texts[: options.compared], deadline)
    figures["speed"] = compare_speed(options, texts, deadline)
    if options.write:
        save("accelerator", figures)


def read_texts(options) -> list[str]:
    found = load_texts("short reviews", options.data) if options.data else None
    if not found:
        from sklearn_llmtokens.datasets import load_toy_reviews

        found = pieces(load_toy_reviews(return_X_y=True)[0], options.texts)
    return list(found)[: options.texts]


def machine(device: str) -> dict:
    import torch

    name = torch.cuda.get_device_name(device) if device.startswith("cuda") else device
    return {"device": name, "torch": torch.__version__, "threads": torch.get_num_threads()}


def compare_rows(options, texts: Sequence[str], deadline: float) -> list[dict]:
    """Cosine of each row to that of the CPU in float32, by precision."""
    from sklearn_llmtokens import LLMTokenEmbedder

    params = {"model": options.model, "cache": None, "normalize": True}
    expected = LLMTokenEmbedder(**params, device="cpu", dtype="float32").fit_transform(texts)
    rows = []
    for dtype in ("float32", *HALVES):
        if is_late(deadline, f"rows in {dtype}"):
            break
        found = LLMTokenEmbedder(**params, device=options.device, dtype=dtype).fit_transform(texts)
        cosine = (found * expected).sum(axis=1)
        row = {"dtype": dtype, "n_texts": len(texts)}
        rows.append(row | {"cosine_mean": round(float(cosine.mean()), 6), "cosine_min": round(float(cosine.min()), 6)})
        print(rows[-1], flush=True)
    return rows


def compare_speed(options, texts: Sequence[str], deadline: float) -> list[dict]:
    """Texts a second of both by precision and batch size, and the peak of the memory that torch allocated."""
    rows = []
    for dtype in HALVES:
        if is_late(deadline, f"speed in {dtype}"):
            break
        methods = {**ours(options, dtype), **theirs(options, dtype)}
        seconds: dict[tuple[str, int], list[float]] = {key: [] for key in methods}
        peaks: dict[tuple[str, int], float | None] = {}
        for _ in range(options.repeats):
            for key, encode in methods.items():
                if seconds[key] and is_late(deadline, f"a repetition of {key[0]} at {key[1]}, {dtype}"):
                    continue
                spent, peaks[key] = measure(encode, texts, options.device)
                seconds[key].append(spent)
        found = []
        for (method, batch), spent in seconds.items():
            row = {"method": method, "dtype": dtype, "batch": batch, "repeats": len(spent)}
            row |= {"texts_per_s": round(len(texts) / statistics.median(spent), 1), "peak_mb": peaks[method, batch]}
            found.append(row)
        best = {
            row["method"]: max(found, key=lambda r: (r["method"] == row["method"], r["texts_per_s"])) for row in found
        }
        base = best["sentence-transformers"]["texts_per_s"]
        for row in found:
            row |= {
                "is_best_batch": row is best[row["method"]],
                "times_their_best": round(row["texts_per_s"] / base, 2),
            }
            print(row, flush=True)
        rows += found
    return rows


def ours(options, dtype: str) -> dict[tuple[str, int], Callable[[Sequence[str]], np.ndarray]]:
    from sklearn_llmtokens import LLMTokenEmbedder

    params = {"model": options.model, "device": options.device, "dtype": dtype, "cache": None}
    fitted = {n: LLMTokenEmbedder(**params, batch_tokens=n).fit(["a"]) for n in TOKENS}
    return {("LLMTokenEmbedder", n): embedder.transform for n, embedder in fitted.items()}


def theirs(options, dtype: str) -> dict[tuple[str, int], Callable[[Sequence[str]], np.ndarray]]:
    import torch
    from sentence_transformers import SentenceTransformer

    from sklearn_llmtokens.checkpoints import bundled_checkpoint

    folder = options.model if Path(options.model).is_dir() else str(bundled_checkpoint(options.model))
    how = {"dtype": getattr(torch, dtype), "attn_implementation": "sdpa"}
    model = SentenceTransformer(folder, device=options.device, model_kwargs=how)

    def encoder(batch_size: int) -> Callable[[Sequence[str]], np.ndarray]:
        return lambda texts: model.encode(list(texts), batch_size=batch_size, show_progress_bar=False)

    return {("sentence-transformers", n): encoder(n) for n in ROWS}


def measure(encode: Callable, texts: Sequence[str], device: str) -> tuple[float, float | None]:
    """Return the seconds of a call, and the peak of its memory in MB; a first call on some texts is not counted."""
    import torch

    on_gpu = device.startswith("cuda")
    encode(texts[:64])
    if on_gpu:
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
    start = time.perf_counter()
    encode(texts)
    if on_gpu:
        torch.cuda.synchronize()
    spent = time.perf_counter() - start
    return spent, round(torch.cuda.max_memory_allocated() / 2**20) if on_gpu else None


def is_late(deadline: float, what: str) -> bool:
    if time.perf_counter() > deadline:
        print(f"left out: {what}, for lack of time", flush=True)
        return True
    return False


if __name__ == "__main__":
    main()
