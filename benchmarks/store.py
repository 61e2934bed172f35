"""Vectors a second out of the store and into it, through an embedder: what a call costs beside its forward pass.

    python benchmarks/store.py                  # memory and a folder, beside a copy of the array
    python benchmarks/store.py --write          # benchmarks/results/store.json, and the page on the store

A tiny random checkpoint (1 layer, 32 features) stands for a real one, so that a call is nearly all reading of texts,
keys and rows. Each row is the best of three calls of `transform`. Wall time is what a user waits; processor time is
what it costs, and means more where other programs run as well. What is left when writers are killed is measured by
`soak.py`.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from million import make_checkpoint
from tables import save

from sklearn_llmtokens import LLMTokenEmbedder
from sklearn_llmtokens.embedding import set_memory_limit

N_CALLS = 3


def timed(what: str, n_rows: int, call, n_calls: int = N_CALLS) -> dict:
    """Time a call, and return its rows a second, the best of some calls."""
    seconds = []
    for _ in range(n_calls):
        start = time.perf_counter(), time.process_time()
        call()
        seconds.append((time.perf_counter() - start[0], time.process_time() - start[1]))
    wall, processor = min(seconds)
    return {"what": what, "rows": n_rows, "rows_per_s": n_rows / wall, "rows_per_processor_s": n_rows / processor}


def measure(folder: Path, n_rows: int) -> list[dict]:
    """Time each way in and out; the model runs in the first call on each store alone."""
    checkpoint = make_checkpoint(folder / "checkpoint")
    texts = [f"{i:0{6 + i % 25}d}" for i in range(n_rows)]
    order = np.random.default_rng(0).permutation(n_rows)
    shuffled, tenth = [texts[i] for i in order], [texts[i] for i in order[: n_rows // 10]]
    set_memory_limit(4096 * n_rows)
    out = np.empty((n_rows, 32), np.float32)
    rows = []
    for name, cache in (("no store", None), ("memory", "memory"), ("a folder", folder / "store")):
        embedder = LLMTokenEmbedder(checkpoint, cache=cache).fit(texts[:1])
        embedder.transform(["warm"])
        rows.append(timed(f"{name}, the model runs", n_rows, lambda e=embedder: e.transform(texts, out=out), 1))
        if cache is None:
            expected = out.copy()
            continue
        before = embedder.cache_info()
        rows.append(timed(f"{name}, in the same order", n_rows, lambda e=embedder: e.transform(texts, out=out)))
        assert np.array_equal(out, expected)
        rows.append(timed(f"{name}, in any order", n_rows, lambda e=embedder: e.transform(shuffled, out=out)))
        assert np.array_equal(out, expected[order])
        rows.append(timed(f"{name}, a tenth", len(tenth), lambda e=embedder: e.transform(tenth)))
        assert embedder.cache_info().misses == before.misses
    rows.append(timed("a copy of the array, for comparison", n_rows, lambda: np.copyto(out, expected[order])))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, help="where the database lies; a temporary folder by default")
    parser.add_argument("--write", action="store_true", help="save the figures, and fill the page")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        rows = measure(Path(folder), arguments.rows)
    print(*rows, sep="\n")
    if arguments.write:
        save("store", rows)


if __name__ == "__main__":
    main()
