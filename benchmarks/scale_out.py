"""Two workers over one on each engine, the price of sending work away, and the memory of embed_parquet.

    python benchmarks/scale_out.py                          # everything that is installed
    python benchmarks/scale_out.py --engines loky dask --skip-parquet     # some engines; none: --engines
    python benchmarks/scale_out.py --models zh-mini E5_FOLDER --write     # benchmarks/results/scale.json, and the page

Every measurement runs in a process of its own; each worker has one thread. Texts are those of the bundled toy reviews,
numbered so that all are distinct. An engine embeds a file in three equal parts by `embed_parquet`, which keeps its
workers: the first part starts them and loads the model, and the time between the ends of two parts is that of one.
"""

import argparse
import base64
import itertools
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from tables import load, save

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

    from sklearn_llmtokens import LLMTokenEmbedder, embed_parquet

    torch.set_num_threads(1)
    embedder = LLMTokenEmbedder(cache=None).fit(["a"])
    with tempfile.TemporaryDirectory() as folder:
        source, out = write_source(Path(folder) / "texts.parquet", 3 * n_texts), Path(folder) / "vectors"
        start = time.time()
        with started(engine, n_workers) as config, parallel_config(**config):
            embed_parquet(source, out, embedder=embedder, batch_rows=n_texts, part_rows=n_texts)
        parts = sorted(out.glob("*.parquet"))
        ends = [path.stat().st_mtime for path in parts]
        vectors = np.concatenate([vectors_in(path) for path in parts[1:]])
    seconds = [end - begin for begin, end in itertools.pairwise(ends)]
    return {
        "engine": engine,
        "workers": n_workers,
        "texts": n_texts,
        "start_s": ends[0] - start - min(seconds),
        "seconds": min(seconds),
        "vectors": base64.b64encode(vectors.tobytes()).decode(),
    }


def vectors_in(path: Path) -> np.ndarray:
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    return np.array(table.column(table.num_columns - 1).to_pylist(), np.float32)


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
    from transformers import AutoModel, AutoTokenizer

    from sklearn_llmtokens import LLMTokenEmbedder
    from sklearn_llmtokens.checkpoints import BUNDLED_CHECKPOINTS, bundled_checkpoint

    torch.set_num_threads(1)
    folder = bundled_checkpoint(model) if model in BUNDLED_CHECKPOINTS else model
    embedder = LLMTokenEmbedder(folder, cache=None).fit(["a"])
    embedder.transform(["a"])
    texts = make_texts(n_texts)
    tokenizer, parameters = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).named_parameters()
    weights = sum(parameter.numel() for name, parameter in parameters if "embeddings" not in name)
    read = [(embedder.prompt_ or "{text}").replace("{text}", text) for text in texts]
    start = time.perf_counter()
    tokens = tokenizer(read, truncation=True, max_length=embedder.max_length_)
    middle = time.perf_counter()
    embedder.transform(texts)
    end = time.perf_counter()
    n_tokens = sum(map(len, tokens["input_ids"]))
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
    """Embed `n_rows` rows of a file; return the peak of resident memory."""
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


RUNS = {"engine": run_engine, "rates": run_rates, "memory": run_memory}


def apart(name: str, *arguments) -> dict:
    """Run a measurement in another process."""
    command = [sys.executable, __file__, "--run", name, json.dumps(arguments)]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **ONE_THREAD})
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
                "start_s": median(twos, "start_s"),
            }
        )
    return {"texts": n_texts, "rounds": n_rounds, "serial_s": serial, "engines": rows}


def median(runs: list[dict], name: str) -> float:
    return statistics.median(run[name] for run in runs)


def measure_parquet(n_rows: int) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        one = apart("memory", folder, n_rows, 1024, 4 * n_rows)
        ten = apart("memory", folder, 10 * n_rows, 1024, 4 * n_rows)
    return {"memory": [one, ten]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engines", nargs="*", choices=ENGINES, default=ENGINES)
    parser.add_argument("--models", nargs="*", default=["zh-mini"], help="models whose rates are measured")
    parser.add_argument("--texts", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=3, help="of the engines; default: %(default)s")
    parser.add_argument("--rows", type=int, default=8192, help="rows of the smaller file of embed_parquet")
    parser.add_argument("--skip-parquet", action="store_true")
    parser.add_argument("--write", action="store_true", help="add the figures to those there are, and fill the page")
    parser.add_argument("--run", nargs=2, metavar=("NAME", "ARGUMENTS"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.run:
        name, values = arguments.run
        print(json.dumps(RUNS[name](*json.loads(values))))
        return
    found = load("scale", {}) if arguments.write else {}
    if arguments.models:
        found["rates"] = [apart("rates", model, arguments.texts) for model in arguments.models]
    if arguments.engines:
        found |= measure_engines(list(arguments.engines), arguments.texts, arguments.rounds)
    if not arguments.skip_parquet:
        found |= measure_parquet(arguments.rows)
    print(json.dumps(found, indent=1))
    if arguments.write:
        save("scale", found)


if __name__ == "__main__":
    main()
