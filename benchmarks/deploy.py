"""A saved text pipeline behind threads and processes: seconds until it answers, latencies, memory of each worker.

    python benchmarks/deploy.py                   # some minutes
    python benchmarks/deploy.py --write           # benchmarks/results/deploy.json, and the page

`text_pipeline` learns the bundled toy reviews and is saved. Each measurement loads it in a process of its own, with one
thread for arithmetic. Requests have one text that no other has.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import joblib
import numpy as np
from scale_out import ONE_THREAD, make_texts
from tables import save

THREADS = (1, 2, 4)
EMBEDDERS = ("zh-mini", "zh-nano")


def memory(name: str = "Pss") -> float:
    """Return the memory of this process in MiB; what is shared with others counts in parts."""
    rollup = Path("/proc/self/smaps_rollup").read_text()
    return next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith(f"{name}:")) / 1024


def serve(path: str, n_requests: int) -> dict:
    """Load the pipeline, and answer requests from one thread and from several."""
    start = time.perf_counter()
    model = joblib.load(path)
    loaded = time.perf_counter() - start
    first = make_texts(1, 10**6)
    start = time.perf_counter()
    model.predict(first)
    found = {"load_s": loaded, "first_s": time.perf_counter() - start, "threads": [], "MiB": memory()}
    number = 2 * 10**6
    for n_threads in THREADS:
        texts = make_texts(n_requests * n_threads, number)
        number += len(texts)
        seconds: list[float] = []

        def answer(some: list[str], seconds=seconds) -> None:
            for text in some:
                begin = time.perf_counter()
                model.predict([text])
                seconds.append(time.perf_counter() - begin)

        parts = [texts[k::n_threads] for k in range(n_threads)]
        threads = [threading.Thread(target=answer, args=(part,)) for part in parts]
        start = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        rate = len(texts) / (time.perf_counter() - start)
        median, most = np.percentile(seconds, [50, 95]) * 1000
        found["threads"].append({"n": n_threads, "median_ms": median, "p95_ms": most, "per_s": rate})
    texts = make_texts(64, number)
    start = time.perf_counter()
    model.predict(texts)
    found["batch_per_s"] = 64 / (time.perf_counter() - start)
    return found


def fork(path: str, n_workers: int) -> dict:
    """Load the pipeline once, answer, and fork workers that answer too; return the memory that each has for itself."""
    model = joblib.load(path)
    model.predict(make_texts(1))
    ends = []
    for k in range(n_workers):
        listen, say = os.pipe()
        if os.fork() == 0:
            model.predict(make_texts(20, 10**6 * (k + 1)))
            os.write(say, json.dumps(memory("Private_Dirty")).encode())
            os._exit(0)
        os.close(say)
        ends.append(listen)
    own = [json.loads(os.read(listen, 100)) for listen in ends]
    for _ in ends:
        os.wait()
    return {"own_MiB": statistics.median(own)}


def in_a_process(what: str, *arguments) -> dict:
    command = [sys.executable, __file__, "--child", what, *map(str, arguments)]
    done = subprocess.run(command, env={**os.environ, **ONE_THREAD}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def fit(path: str, embedder: str) -> dict:
    from sklearn_llmtokens import LLMTokenEmbedder, text_pipeline
    from sklearn_llmtokens.datasets import load_toy_reviews

    reviews = load_toy_reviews()
    model = text_pipeline(embedder=LLMTokenEmbedder(embedder, cache=None)).fit(reviews.data, reviews.target)
    joblib.dump(model, path)
    return {"file_MiB": Path(path).stat().st_size / 2**20}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=200, help="requests of each thread")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--child", nargs="+", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        what, path, value = arguments.child
        child = {"serve": serve, "fork": fork}.get(what)
        print(json.dumps(child(path, int(value)) if child else fit(path, value)))
        return
    found = {"processors": os.cpu_count(), "load": os.getloadavg()[1], "models": {}}
    with tempfile.TemporaryDirectory() as folder:
        for embedder in EMBEDDERS:
            path = Path(folder) / f"{embedder}.joblib"
            one = in_a_process("fit", path, embedder)
            one |= in_a_process("serve", path, arguments.requests) | in_a_process("fork", path, 2)
            found["models"][embedder] = one
            print(embedder, json.dumps(one, indent=1), flush=True)
    if arguments.write:
        save("deploy", found)


if __name__ == "__main__":
    main()
