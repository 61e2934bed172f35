"""Two workers over one on each engine, the price of sending work away, memory and resumption of embed_parquet.

    python benchmarks/scale_out.py                          # everything that is installed
    python benchmarks/scale_out.py --engines loky dask      # some engines; none: --engines
    python benchmarks/scale_out.py --skip-parquet --json scale.json
    python benchmarks/scale_out.py --models zh-mini E5_FOLDER --write docs/scale.md   # also the page and scale.json
    python benchmarks/scale_out.py --models --engines --skip-parquet --write docs/scale.md   # the page, from scale.json

Every measurement runs in a process of its own; each worker has one thread. Texts are those of the bundled toy reviews,
numbered so that all are distinct.
"""

import argparse
import base64
import json
import os
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.scale_page import blocks, rewrite

ENGINES = ("loky", "dask", "ray", "spark")
ONE_THREAD = {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false", "HF_HUB_OFFLINE": "1"}


def make_texts(n: int, start: int = 0) -> list[str]:
    from sklearn_llmtokens.datasets import load_toy_reviews

    reviews = load_toy_reviews().data
    return [f"{reviews[i % len(reviews)]} {i}" for i in range(start, start + n)]


# Each of these runs in a process of its own and prints a dict


def run_engine(engine: str, n_workers: int, n_texts: int) -> dict:
    """Time a transform on workers that have loaded their model."""
    import torch
    from joblib import parallel_config
    from sklearn_llmtokens.embedding._sharding import hold_workers

    from sklearn_llmtokens import LLMTokenEmbedder

    torch.set_num_threads(1)
    embedder = LLMTokenEmbedder(cache=None).fit(["a"])
    texts, few = make_texts(n_texts), make_texts(64 * n_workers, n_texts)
    start = time.perf_counter()
    with started(engine, n_workers) as config, parallel_config(**config), hold_workers():
        up = time.perf_counter()
        embedder.transform(few)
        loaded = time.perf_counter()
        seconds = []
        for _ in range(2):
            begin = time.perf_counter()
            vectors = embedder.transform(texts)
            seconds.append(time.perf_counter() - begin)
    return {
        "engine": engine,
        "workers": n_workers,
        "texts": n_texts,
        "start_s": up - start,
        "first_s": loaded - up,
        "seconds": min(seconds),
        "vectors": base64.b64encode(vectors.tobytes()).decode(),
    }


@contextmanager
def started(engine: str, n_workers: int):
    if engine == "serial":
        yield {"backend": "sequential"}
    elif engine == "loky":
        yield {"backend": "loky", "n_jobs": n_workers, "inner_max_num_threads": 1}
    elif engine == "dask":
        from distributed import Client, LocalCluster

        cluster = LocalCluster(n_workers=n_workers, threads_per_worker=1, dashboard_address=None)
        with cluster, Client(cluster):
            yield {"backend": "dask"}
    elif engine == "ray":
        import ray
        from ray.util.joblib import register_ray

        ray.init(num_cpus=n_workers, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
        register_ray()
        yield {"backend": "ray", "n_jobs": n_workers}
        ray.shutdown()
    else:
        from joblibspark import register_spark
        from pyspark.sql import SparkSession

        os.environ["PYSPARK_PYTHON"] = sys.executable
        builder = SparkSession.builder.master(f"local[{n_workers}]").config("spark.ui.enabled", "false")
        session = builder.getOrCreate()
        session.sparkContext.setLogLevel("OFF")
        register_spark()
        yield {"backend": "spark", "n_jobs": n_workers}
        session.stop()


def run_rates(model: str, n_texts: int) -> dict:
    """Count tokens and operations, and time the tokenizer alone and the whole on one thread."""
    import torch

    from sklearn_llmtokens import LLMTokenEmbedder
    from sklearn_llmtokens.embedding._torch import encode, load
    from sklearn_llmtokens.embedding._torch._tokenizer import make_sequences

    torch.set_num_threads(1)
    spec = LLMTokenEmbedder(model).fit(["a"])._spec_here()
    texts = make_texts(n_texts)
    loaded = load(spec.forward, "cpu")
    embedding = loaded.model.get_input_embeddings().weight.numel()
    others = sum(p.numel() for name, p in loaded.model.named_parameters() if "embeddings" in name) - embedding
    weights = sum(p.numel() for p in loaded.model.parameters()) - embedding - others
    start = time.perf_counter()
    sequences, _ = make_sequences(loaded.tokenizer, spec.forward, texts, None)
    middle = time.perf_counter()
    encode(texts, None, spec.forward, [spec.readout], "cpu", "auto")
    end = time.perf_counter()
    n_tokens = sum(len(sequence.token_ids) for sequence in sequences)
    return {
        "model": Path(model).name,
        "weights_outside_embeddings": weights,
        "tokens_per_text": n_tokens / n_texts,
        "tokenizer_texts_per_s": n_texts / (middle - start),
        "texts_per_s": n_texts / (end - middle),
        "tokens_per_s": n_tokens / (end - middle),
        "GFLOP_per_s": 2 * weights * n_tokens / (end - middle) / 1e9,
    }


def run_memory(folder: str, n_rows: int, batch_rows: int, part_rows: int) -> dict:
    """Embed `n_rows` rows of a file; give the peak of resident memory."""
    from sklearn_llmtokens import LLMTokenEmbedder, embed_parquet

    source = write_source(Path(folder) / f"{n_rows}.parquet", n_rows)
    loaded = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    start = time.perf_counter()
    embed_parquet(
        source,
        Path(folder) / f"out-{n_rows}",
        embedder=LLMTokenEmbedder(layer=0, cache=None),  # what is held does not depend on the layers that are run
        dtype="float16",
        batch_rows=batch_rows,
        part_rows=part_rows,
    )
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    out = sum(path.stat().st_size for path in (Path(folder) / f"out-{n_rows}").iterdir())
    return {
        "rows": n_rows,
        "peak_MiB": peak,
        "before_MiB": loaded,
        "rows_per_s": n_rows / seconds,
        "bytes_per_row_in": source.stat().st_size / n_rows,
        "bytes_per_row_out": out / n_rows,
    }


def write_source(path: Path, n_rows: int) -> Path:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema({"id": pa.int64(), "text": pa.string()})
    if not path.exists():
        with pq.ParquetWriter(path, schema) as writer:
            for start in range(0, n_rows, 4096):
                n = min(4096, n_rows - start)
                writer.write_table(pa.table([range(start, start + n), make_texts(n, start)], schema=schema))
    return path


def run_killed(folder: str, n_rows: int, stop_after: int, cache: str) -> dict:
    """Embed a file, die after `stop_after` texts (0: never), and have the number of texts that were encoded on disk."""
    from sklearn_llmtokens import LLMTokenEmbedder, embed_parquet
    from sklearn_llmtokens.embedding import _sharding

    encode, n_encoded = _sharding._encode, 0

    def counted(texts, *arguments):
        nonlocal n_encoded
        found = encode(texts, *arguments)
        n_encoded += len(texts)
        with open(Path(folder) / f"encoded-{cache}", "a") as file:
            file.write(f"{len(texts)}\n")
        if stop_after and n_encoded >= stop_after:
            os.kill(os.getpid(), signal.SIGKILL)
        return found

    _sharding._encode = counted
    embed_parquet(
        write_source(Path(folder) / "killed.parquet", n_rows),
        Path(folder) / f"killed-{cache}",
        embedder=LLMTokenEmbedder(layer=0, cache=None if cache == "none" else Path(folder) / "store"),
        batch_rows=256,
        part_rows=n_rows // 8,
    )
    return {"encoded_in_this_run": n_encoded}


RUNS = {"engine": run_engine, "rates": run_rates, "memory": run_memory, "killed": run_killed}


def apart(name: str, *arguments) -> dict | None:
    """Run a measurement in another process; None where it was killed."""
    command = [sys.executable, __file__, "--run", name, json.dumps(arguments)]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **ONE_THREAD})
    if done.returncode == -signal.SIGKILL:
        return None
    if done.returncode:
        raise SystemExit(f"{name} {arguments} failed:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def vectors_of(run: dict) -> np.ndarray:
    return np.frombuffer(base64.b64decode(run["vectors"]), np.float32)


def measure_engines(engines: list[str], n_texts: int, n_rounds: int) -> dict:
    """Time one process, and each engine with one worker and with two, in turn; medians of the rounds."""
    runs: dict[tuple[str, int], list[dict]] = {}
    for i in range(n_rounds):
        for engine, n_workers in [("serial", 1), *((engine, n) for engine in engines for n in (1, 2))]:
            runs.setdefault((engine, n_workers), []).append(apart("engine", engine, n_workers, n_texts))
        print(f"round {i + 1} measured", file=sys.stderr)
    serial, expected = median(runs["serial", 1], "seconds"), vectors_of(runs["serial", 1][0])
    rows = []
    for engine in engines:
        ones, twos = runs[engine, 1], runs[engine, 2]
        difference = max(float(np.abs(vectors_of(run) - expected).max()) for run in (*ones, *twos))
        assert difference < 2e-6, (engine, difference)
        one, two = median(ones, "seconds"), median(twos, "seconds")
        rows.append(
            {
                "engine": engine,
                "one_s": one,
                "two_s": two,
                "speed_up": one / two,
                "speed_ups": [a["seconds"] / b["seconds"] for a, b in zip(ones, twos, strict=True)],
                "overhead_ms_per_1000": (one - serial) / n_texts * 1e6,
                "difference": difference,
                "start_s": median(twos, "start_s") + median(twos, "first_s"),
            }
        )
    return {"texts": n_texts, "rounds": n_rounds, "serial_s": serial, "engines": rows}


def median(runs: list[dict], name: str) -> float:
    return statistics.median(run[name] for run in runs)


def measure_parquet(n_rows: int) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        one = apart("memory", folder, n_rows, 1024, 4 * n_rows)
        ten = apart("memory", folder, 10 * n_rows, 1024, 4 * n_rows)
        resumed = []
        for cache in ("none", "store"):
            assert apart("killed", folder, n_rows, int(0.7 * n_rows), cache) is None
            rest = apart("killed", folder, n_rows, 0, cache)
            encoded = sum(map(int, (Path(folder) / f"encoded-{cache}").read_text().split()))
            resumed.append({"cache": cache, "encoded_again": encoded / n_rows - 1, **rest, "rows": n_rows})
    return {"memory": [one, ten], "peak_ratio": ten["peak_MiB"] / one["peak_MiB"], "killed_at_70%": resumed}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engines", nargs="*", choices=ENGINES, default=ENGINES)
    parser.add_argument("--models", nargs="*", default=["zh-mini"], help="models whose rates are measured")
    parser.add_argument("--texts", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=3, help="of the engines; default: %(default)s")
    parser.add_argument("--rows", type=int, default=8192, help="rows of the smaller file of embed_parquet")
    parser.add_argument("--skip-parquet", action="store_true")
    parser.add_argument("--json", type=Path, help="figures are put there; that of --write by default")
    parser.add_argument("--write", type=Path, metavar="PAGE.md", help="put the tables into the page")
    parser.add_argument("--run", nargs=2, metavar=("NAME", "ARGUMENTS"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.run:
        name, values = arguments.run
        print(json.dumps(RUNS[name](*json.loads(values))))
        return
    page = arguments.write
    file = arguments.json or (page and page.with_suffix(".json"))
    found = json.loads(file.read_text(encoding="utf-8")) if file and file.exists() else {}
    if arguments.models:
        found["rates"] = [apart("rates", model, arguments.texts) for model in arguments.models]
    if arguments.engines:
        found |= measure_engines(list(arguments.engines), arguments.texts, arguments.rounds)
    if not arguments.skip_parquet:
        found |= measure_parquet(arguments.rows)
    if file:
        file.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    made = blocks(found)
    print("\n\n".join(made.values()))
    if page:
        page.write_text(rewrite(page.read_text(encoding="utf-8"), made), encoding="utf-8")


if __name__ == "__main__":
    main()
