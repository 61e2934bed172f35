"""Rows a second of the store, and what is left when its writers are killed.

    python benchmarks/store.py                  # memory, SQLite write and read, and a copy of the array
    python benchmarks/store.py --kill 50        # kill -9 of two writers, fifty times

Wall time is what a user waits; processor time is what it costs, and means more where other programs run as well.
"""

import argparse
import json
import os
import random
import signal
import sqlite3
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from sklearn_llmtokens.embedding._cache._recent_rows import RECENT_LIMIT_VARIABLE

from sklearn_llmtokens.embedding._cache import open_cache, set_memory_limit

NAMESPACE, FINGERPRINT = b"n" * 16, "benchmark"


def measure(folder: Path, n_rows: int, n_features: int) -> list[dict]:
    """Time each way in and out, written in parts as the embedder writes, read all at once.

    Rows come from the file itself where nothing of it is kept in memory, and from memory where all of it is.
    """
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((n_rows, n_features), dtype=np.float32)
    keys = [rng.bytes(16) for _ in range(n_rows)]
    shuffled = rng.permutation(n_rows)
    out = np.empty_like(vectors)
    results = []

    @contextmanager
    def timed(name, n):
        wall, processor = time.perf_counter(), time.process_time()
        yield
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
        results.append({"what": name, "rows": n, "rows_per_s": n / wall, "rows_per_processor_s": n / processor})

    set_memory_limit(2 * vectors.nbytes + 1024 * n_rows)
    memory, sqlite = open_cache("memory", FINGERPRINT), open_cache(folder, FINGERPRINT)
    for place, store, recent_bytes in (
        ("memory", memory, 0),
        ("SQLite", sqlite, 0),
        ("SQLite, read before", sqlite, 2 * vectors.nbytes + 1024 * n_rows),
    ):
        os.environ[RECENT_LIMIT_VARIABLE] = str(recent_bytes)
        if not recent_bytes:
            with timed(f"{place}, write", n_rows):
                for start in range(0, n_rows, 4096):
                    store.write([NAMESPACE], keys[start : start + 4096], [vectors[start : start + 4096]])
        for name, idx in (
            ("read in order", np.arange(n_rows)),
            ("read in any order", shuffled),
            ("read a tenth", shuffled[: n_rows // 10]),
        ):
            wanted = [keys[i] for i in idx]
            for _ in range(3):
                with timed(f"{place}, {name}", len(idx)):
                    found = store.read(NAMESPACE, wanted, out[: len(idx)])
                assert found.all()
                assert np.array_equal(out[: len(idx)], vectors[idx])
    memory.clear()
    sqlite.clear()
    del os.environ[RECENT_LIMIT_VARIABLE]
    with timed("a copy of the array, for comparison", n_rows):
        out[:] = vectors[shuffled]
    return [max(rows, key=lambda row: row["rows_per_s"]) for rows in _by_name(results).values()]


def kill_writers(folder: Path, n_rounds: int, seed: int) -> dict:
    """Kill two writers again and again, and look for every row whose write had returned."""
    rng = random.Random(seed)
    ends = [0, 10_000_000]
    for _ in range(n_rounds):
        writers = [_fork_writer(folder, start, rng.randrange(1 << 30)) for start in ends]
        time.sleep(rng.uniform(0.05, 0.6))
        for pid, _ in writers:
            os.kill(pid, signal.SIGKILL)
        for i, (pid, lines) in enumerate(writers):
            os.waitpid(pid, 0)
            said = lines.read().split()
            ends[i] = int(said[-1]) if said else ends[i]
            lines.close()
    store, n_rows, n_lost = open_cache(folder, FINGERPRINT), 0, 0
    for start, end in zip((0, 10_000_000), ends, strict=True):
        out = np.empty((end - start, 384), np.float32)
        found = store.read(NAMESPACE, [_key(i) for i in range(start, end)], out)
        right = found & (out == np.arange(start, end, dtype=np.float32)[:, None]).all(1)
        n_rows += end - start
        n_lost += int((~right).sum())
    connection = sqlite3.connect(store.info().location)
    (check,) = connection.execute("PRAGMA integrity_check").fetchone()
    connection.close()
    return {"kills": 2 * n_rounds, "acknowledged_rows": n_rows, "lost_or_wrong_rows": n_lost, "integrity_check": check}


def _fork_writer(folder: Path, start: int, seed: int):
    hear, say = os.pipe()
    pid = os.fork()
    if pid:
        os.close(say)
        return pid, os.fdopen(hear)
    try:
        rng, store = random.Random(seed), open_cache(folder, FINGERPRINT)
        while True:
            end = start + rng.choice((1, 10, 300, 4096))
            rows = np.repeat(np.arange(start, end, dtype=np.float32)[:, None], 384, axis=1)
            store.write([NAMESPACE], [_key(i) for i in range(start, end)], [rows])
            start = end
            os.write(say, f"{start}\n".encode())
    finally:
        os._exit(1)


def _key(i: int) -> bytes:
    return i.to_bytes(16, "big")


def _by_name(results: list[dict]) -> dict[str, list[dict]]:
    names: dict[str, list[dict]] = {}
    for row in results:
        names.setdefault(row["what"], []).append(row)
    return names


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--features", type=int, default=384)
    parser.add_argument("--kill", type=int, metavar="ROUNDS", help="kill two writers this many times instead")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, help="where the database lies; a temporary folder by default")
    parser.add_argument("--json", type=Path, help="write the figures here as well")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        if arguments.kill:
            found = kill_writers(Path(folder), arguments.kill, arguments.seed)
            print(json.dumps(found, indent=2))
        else:
            found = measure(Path(folder), arguments.rows, arguments.features)
            print(f"| {arguments.rows:,} rows of {arguments.features} float32 | rows/s | rows/s of processor time |")
            print("|---|---:|---:|")
            for row in found:
                print(f"| {row['what']} | {row['rows_per_s']:,.0f} | {row['rows_per_processor_s']:,.0f} |")
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
