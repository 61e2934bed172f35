"""Two workers over one on each engine, the price of sending work away, memory and resumption of embed_parquet.

    python benchmarks/scale_out.py                          # everything that is installed
    python benchmarks/scale_out.py --engines loky dask      # some engines; none: --engines
    python benchmarks/scale_out.py --skip-parquet --json scale.json

Every measurement runs in a process of its own; each worker has one thread. Texts are those of the bundled toy reviews,
numbered so that all are distinct.
"""

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

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

    from sklearn_llmtokens import LLMTokenEmbedder
    from sklearn_llmtokens.embedding._sharding import hold_workers

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
        "rows": [[float(x) for x in vectors[i, :4]] for i in (0, n_texts // 2, n_texts - 1)],
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


def largest_difference(found: list, expected: list) -> float:
    return max(abs(a - b) for one, other in zip(found, expected, strict=True) for a, b in zip(one, other, strict=True))


def measure_engines(engines: list[str], n_texts: int) -> dict:
    serial = apart("engine", "serial", 1, n_texts)
    rows = []
    for engine in engines:
        one, two = (apart("engine", engine, n, n_texts) for n in (1, 2))
        difference = max(largest_difference(run["rows"], serial["rows"]) for run in (one, two))
        assert difference < 2e-6, (engine, difference)
        rows.append(
            {
                "engine": engine,
                "one_s": one["seconds"],
                "two_s": two["seconds"],
                "speed_up": one["seconds"] / two["seconds"],
                "overhead_ms_per_1000": (one["seconds"] - serial["seconds"]) / n_texts * 1e6,
                "difference": difference,
                "start_s": two["start_s"],
                "first_s": two["first_s"],
            }
        )
        print(f"{engine} measured", file=sys.stderr)
    return {"texts": n_texts, "serial_s": serial["seconds"], "engines": rows}


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
    parser.add_argument("--rows", type=int, default=8192, help="rows of the smaller file of embed_parquet")
    parser.add_argument("--skip-parquet", action="store_true")
    parser.add_argument("--json", type=Path, help="write the figures here as well")
    parser.add_argument("--run", nargs=2, metavar=("NAME", "ARGUMENTS"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.run:
        name, values = arguments.run
        print(json.dumps(RUNS[name](*json.loads(values))))
        return
    found = {}
    if arguments.models:
        found["rates"] = [apart("rates", model, arguments.texts) for model in arguments.models]
        print(
            "| model, one thread | weights | tokens a text | tokenizer, texts/s | all, texts/s | tokens/s | GFLOP/s |"
        )
        print("|---|---:|---:|---:|---:|---:|---:|")
        for row in found["rates"]:
            print(
                f"| {row['model']} | {row['weights_outside_embeddings']:,} | {row['tokens_per_text']:.1f} | "
                f"{row['tokenizer_texts_per_s']:,.0f} | {row['texts_per_s']:,.0f} | {row['tokens_per_s']:,.0f} | "
                f"{row['GFLOP_per_s']:.1f} |"
            )
        print()
    if arguments.engines:
        found |= (engines := measure_engines(list(arguments.engines), arguments.texts))
        print(f"{engines['texts']:,} texts, one thread a worker; in one process {engines['serial_s']:.2f} s\n")
        print("| engine | 1 worker, s | 2 workers, s | speed-up | ms per 1,000 texts over one process | start, s |")
        print("|---|---:|---:|---:|---:|---:|")
        for row in engines["engines"]:
            print(
                f"| {row['engine']} | {row['one_s']:.2f} | {row['two_s']:.2f} | {row['speed_up']:.2f} | "
                f"{row['overhead_ms_per_1000']:.0f} | {row['start_s'] + row['first_s']:.1f} |"
            )
    if not arguments.skip_parquet:
        found |= (parquet := measure_parquet(arguments.rows))
        print("\n| embed_parquet, rows | peak, MiB | rows/s | bytes a row in | bytes a row out |")
        print("|---:|---:|---:|---:|---:|")
        for row in parquet["memory"]:
            print(
                f"| {row['rows']:,} | {row['peak_MiB']:.0f} | {row['rows_per_s']:.0f} | "
                f"{row['bytes_per_row_in']:.0f} | {row['bytes_per_row_out']:.0f} |"
            )
        print(f"\npeak on 10 times the rows: {parquet['peak_ratio']:.3f} times")
        for row in parquet["killed_at_70%"]:
            print(f"killed at 70%, cache {row['cache']}: {row['encoded_again']:.1%} of the texts encoded twice")
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
