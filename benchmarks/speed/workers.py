"""The methods that benchmarks/throughput.py compares, each in a process of its own that waits for texts."""

import importlib.metadata
import importlib.util
import multiprocessing
import resource
import time
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from speed.data import folder_of
from speed.peers import METHODS, NEEDS

BASE = "sentence-transformers"


SHAPE = (2048, 384, 1536)  # of the products that tell what this machine can do


class Worker:
    """A method in a process of its own, which waits for texts."""

    def __init__(self, name: str, folder: str, options):
        self.name = name
        work = options.work / Path(folder).name
        work.mkdir(parents=True, exist_ok=True)
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs, name, folder, options.threads, work), daemon=True)
        self._process.start()
        self.clock = options.clock
        self.failed, self.first, self.memory = self._pipe.recv()

    def encode(self, texts: Sequence[str]) -> tuple[float, np.ndarray]:
        """Return the seconds that it took, and the rows."""
        self._pipe.send(list(texts))
        wall, cpu, rows = self._pipe.recv()
        return (wall if self.clock == "wall" else cpu), rows

    def close(self) -> float:
        """Stop it; give its peak memory in MB."""
        self._pipe.send(None)
        peak = self._pipe.recv()
        self._process.join()
        return peak


def serve(pipe, name: str, folder: str, n_threads: int, work: Path) -> None:
    warnings.simplefilter("ignore")
    start = time.perf_counter()
    try:
        encode = build(name, folder, n_threads, work)
        encode(["first"])
    except Exception as error:
        pipe.send((f"{type(error).__name__}: {str(error)[:300]}", None, None))
        return
    pipe.send((None, time.perf_counter() - start, peak_memory()))
    while (texts := pipe.recv()) is not None:
        wall, cpu = time.perf_counter(), time.process_time()
        rows = encode(texts)
        pipe.send((time.perf_counter() - wall, time.process_time() - cpu, rows))
    pipe.send(peak_memory())


def peak_memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def build(name: str, folder: str, n_threads: int, work: Path):
    if name == "matrix products":
        return lambda texts: matrix_rates(n_threads)
    function, params = METHODS[name]
    return function(folder, n_threads, work, **params)


def matrix_rates(n_threads: int) -> np.ndarray:
    """Measure this machine's products of matrices in float32, in 1e9 operations a second."""
    import torch

    torch.set_num_threads(n_threads)
    m, k, n = SHAPE
    a, b = torch.randn(m, k), torch.randn(k, n)
    seconds = []
    for _ in range(6):
        start = time.perf_counter(), time.process_time()
        torch.mm(a, b)
        seconds.append(min(time.perf_counter() - start[0], (time.process_time() - start[1]) / n_threads))
    return np.array([2 * m * k * n / min(seconds) / 1e9])


def open_workers(model: str, options, names: Sequence[str] | None = None) -> list[Worker]:
    """Start the methods that can be had, the base first."""
    folder = folder_of(model)
    if folder is None:
        return []
    wanted = [part.strip() for part in options.methods.split(";")]
    if names is None:
        names = [name for name in METHODS if name == BASE or any(part in name for part in wanted)]
        names.sort(key=lambda name: name != BASE)
    workers = []
    for name in names:
        absent = [need for need in NEEDS.get(name, ()) if importlib.util.find_spec(need) is None]
        if absent or (name.endswith("bfloat16") and not has_bfloat16()):
            print(f"left out: {name} ({', '.join(absent) or 'emulated by this processor'})", flush=True)
            continue
        worker = Worker(name, folder, options)
        if worker.failed:
            print(f"left out: {name} ({worker.failed})", flush=True)
            continue
        workers.append(worker)
    return workers


def has_bfloat16() -> bool:
    """Whether our embedder runs in bfloat16 without a warning that it is emulated."""
    from sklearn_llmtokens import LLMTokenEmbedder
    from sklearn_llmtokens.exceptions import PrecisionWarning

    with warnings.catch_warnings():
        warnings.simplefilter("error", PrecisionWarning)
        try:
            LLMTokenEmbedder(dtype="bfloat16", cache=None).fit_transform(["a"])
        except PrecisionWarning:
            return False
    return True


def ours(options) -> list[str]:
    names = ("LLMTokenEmbedder, float32", "LLMTokenEmbedder, int8")
    wanted = [part.strip() for part in options.methods.split(";")]
    return [name for name in names if any(part in name for part in wanted)]


def cosines(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (a * b).sum(1) / (np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1))
