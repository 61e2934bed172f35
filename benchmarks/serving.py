"""What a service of `text_recommender` costs: latencies of threads, changes while requests are answered, memory.

    python benchmarks/serving.py --items 2000 10000 --write

The service is that of examples/recommend/serving.py. Texts are random words, and events come in groups of 20 items: the
recommendations mean nothing, the sizes do. "own memory" is what a worker process has written to (private, dirty pages):
pages of a mapped file are shared by all workers.
"""

import argparse
import multiprocessing
import os
import pickle
import platform
import runpy
import tempfile
import threading
import time
from functools import cache
from pathlib import Path

import joblib
import numpy as np
from recommend_latency import random_texts, zipf_histories
from tables import save

from sklearn_llmtokens import text_recommender
from sklearn_llmtokens.recommend import Available, Catalog, MaxPerGroup, Pin, rule_rerank


@cache
def example() -> dict:
    """Return the names of the example, which is run once, and in this process alone."""
    return runpy.run_path(str(Path(__file__).parents[1] / "examples/recommend/serving.py"))


def percentiles(sent: list) -> dict:
    """Return percentiles of the seconds of requests, in milliseconds."""
    return dict(zip(("p50", "p95", "p99"), example()["percentiles"](sent).tolist(), strict=True))


def own_mib() -> float:
    """Return the memory that this process has for itself alone, in MiB (Linux)."""
    lines = Path("/proc/self/smaps_rollup").read_text(encoding="utf-8").splitlines()[1:]
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_Dirty")) / 1024


def worker_mib(path: str, is_mapped: bool, histories: list, queue) -> None:
    """Put into a queue what a model adds to the own memory of this process, once it has answered requests."""
    before = own_mib()
    model = joblib.load(path, mmap_mode="r" if is_mapped else None)
    for history in histories:
        model.recommend([history])
    queue.put(own_mib() - before)


def memory_of_workers(model, histories: list) -> dict:
    """Return the own memory of a worker that loads a model, and of one that maps it."""
    context, found = multiprocessing.get_context("spawn"), {}
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/model.joblib"
        joblib.dump(model, path)
        for name, is_mapped in (("loaded_mib", False), ("mapped_mib", True)):
            queue = context.Queue()
            process = context.Process(target=worker_mib, args=(path, is_mapped, histories, queue))
            process.start()
            found[name] = queue.get()
            process.join()
    return found


def timed_requests(service, histories: list, n_threads: int, n_requests: int) -> dict:
    """Return percentiles of requests and the processor time of one, in milliseconds, and requests per second."""
    start, cpu = time.perf_counter(), time.process_time()
    sent = example()["send_from_threads"](service, histories, n_threads, n_requests // n_threads)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    return {**percentiles(sent), "per_second": len(sent) / seconds, "cpu_ms": 1000 * cpu / len(sent)}


def during(service, histories: list, change) -> dict:
    """Return the same for requests of one thread while the model changes, and the seconds of the change."""
    seconds = []

    def run():
        start = time.perf_counter()
        change()
        seconds.append(time.perf_counter() - start)

    thread = threading.Thread(target=run)
    thread.start()
    sent = []
    while thread.is_alive() or not sent:
        sent += example()["send"](service, histories, 20)
    thread.join()
    return {**percentiles(sent), "change_s": seconds[0]}


def measure(n_items: int, embedder: str, n_requests: int) -> dict:
    texts = random_texts(n_items + 100)
    histories = zipf_histories(n_items)
    model = text_recommender(Catalog(range(n_items), texts[:n_items]), embedder=embedder)
    start = time.perf_counter()
    model.fit(histories)
    row = {"items": n_items, "events": 16 * n_items, "fit_s": time.perf_counter() - start}
    row["model_mib"] = len(pickle.dumps(model, protocol=5)) / 2**20
    asked = histories[:200]
    row |= memory_of_workers(model, asked[:20])
    service = example()["Service"](model)
    timed_requests(service, asked, 1, 20)
    row["threads"] = {n: timed_requests(service, asked, n, n_requests) for n in (1, 2, 4)}
    new = range(n_items, n_items + 100)
    row["adding"] = during(service, asked, lambda: service.add_items(new, texts[n_items:]))
    row["refitting"] = during(service, asked, lambda: service.refit(histories, None))
    lists, scores = model.recommend(asked[:1], k=100, return_scores=True)
    rules = [MaxPerGroup(np.arange(n_items) // 20, 2), Available(range(0, n_items, 2)), Pin([0])]
    start = time.perf_counter()
    for _ in range(100):
        rule_rerank(lists, scores, items=model.catalog_, rules=rules)
    row["rules_ms"] = 10 * (time.perf_counter() - start)
    print(row, flush=True)
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, nargs="+", default=[2000, 10_000])
    parser.add_argument("--embedder", default="zh-nano")
    parser.add_argument("--requests", type=int, default=400)
    parser.add_argument("--write", action="store_true", help="save the figures, and fill the page")
    arguments = parser.parse_args()
    rows = [measure(n_items, arguments.embedder, arguments.requests) for n_items in arguments.items]
    if arguments.write:
        load = os.getloadavg()[0]
        save("serving", {"cpus": os.cpu_count(), "python": platform.python_version(), "load": load, "rows": rows})


if __name__ == "__main__":
    main()
