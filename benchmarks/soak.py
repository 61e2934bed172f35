"""Threads and processes that share one store, killed at random: what is wrong, lost or left behind afterwards.

    python benchmarks/soak.py --minutes 5        # writes benchmarks/results/soak.md

Each process embeds texts in several threads with a tiny random checkpoint (what is looked at is the store, not the
model), forgets some, and compares every row with one that was computed without a store. One process lives through the
whole run, so that its memory and descriptors can be compared; the others are killed (SIGKILL) at random moments and
replaced. In the end the database is checked, and every text whose call had returned, and that nobody forgets, must be
in it. Exits with 1 if anything is wrong.
"""

import argparse
import multiprocessing
import os
import random
import signal
import sqlite3
import sys
import tempfile
import threading
import time
import warnings
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from million import make_checkpoint

from sklearn_llmtokens import LLMTokenEmbedder

N_TEXTS, N_KEPT = 4000, 1000  # those after the first thousand are forgotten now and then
TOLERANCE = 1e-5
MAX_GROWTH_MB = 64
RESULTS = Path(__file__).parent / "results"
TEXTS = [f"{i:04d}" * (1 + i % 5) for i in range(N_TEXTS)]


@dataclass
class Outcome:
    """What the processes wrote down."""

    calls: int = 0
    rows: int = 0
    wrong_rows: int = 0
    forgotten: int = 0
    errors: Counter = field(default_factory=Counter)
    warnings: Counter = field(default_factory=Counter)
    kept: set = field(default_factory=set)


def use_store(
    model: Path, folder: Path, expected: np.ndarray, log: Path, seed: int, n_threads: int, until: float
) -> None:
    """Embed and forget in several threads until the time is over; each call is a line of the log."""
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def say(*words) -> None:
        os.write(descriptor, (" ".join(map(str, words)) + "\n").encode())  # one write: a kill leaves no half a line

    def work(rng: random.Random) -> None:
        embedder = LLMTokenEmbedder(model, cache=folder).fit([""])
        while time.monotonic() < until:
            idx = rng.sample(range(N_TEXTS), rng.choice((1, 5, 50, 200)))
            try:
                if rng.random() < 0.2:
                    gone = [i for i in idx if i >= N_KEPT]
                    say("forgot", embedder.forget([TEXTS[i] for i in gone]) if gone else 0)
                    continue
                rows = embedder.transform([TEXTS[i] for i in idx])
                n_wrong = int((np.abs(rows - expected[idx]).max(axis=1) > TOLERANCE).sum())
                say("rows", len(idx), n_wrong, *(i for i in idx if i < N_KEPT))
            except Exception as error:
                say("error", type(error).__name__, str(error)[:100].replace("\n", " "))

    def note(message, category, *_, **__) -> None:
        say("warning", category.__name__, str(message)[-200:].replace("\n", " "))

    warnings.simplefilter("always")
    warnings.showwarning = note
    threads = [threading.Thread(target=work, args=(random.Random(seed + k),)) for k in range(n_threads)]
    for thread in threads:
        thread.start()
    half = (until - time.monotonic()) / 2
    time.sleep(max(0.0, half))
    say("size", *size_of_this_process())
    for thread in threads:
        thread.join()
    say("size", *size_of_this_process())


def size_of_this_process() -> tuple[float, int]:
    """Return resident memory in MB, and the number of open descriptors."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 1), len(os.listdir("/proc/self/fd"))


def kill_at_random(start, until: float, n_processes: int, rng: random.Random) -> tuple[int, int]:
    """Keep `n_processes` running, kill one of them now and then; return the kills, and those that ended otherwise."""
    running, n_kills, n_ended = [start() for _ in range(n_processes)], 0, 0
    while time.monotonic() < until:
        time.sleep(min(rng.uniform(0.1, 3.0), max(0.0, until - time.monotonic())))
        victim = rng.randrange(n_processes)
        alive = running[victim].is_alive()
        n_kills, n_ended = n_kills + alive, n_ended + (not alive)
        running[victim].kill()
        running[victim].join()
        if time.monotonic() < until:
            running[victim] = start()
    for process in running:
        process.kill()
        process.join()
    return n_kills, n_ended


def read_logs(folder: Path) -> Outcome:
    """Add up what the processes wrote down."""
    found = Outcome()
    for log in folder.glob("*.log"):
        for line in log.read_text().splitlines():
            kind, *words = line.split(" ")
            if kind == "rows":
                found.calls += 1
                found.rows += int(words[0])
                found.wrong_rows += int(words[1])
                found.kept.update(map(int, words[2:]))
            elif kind == "forgot":
                found.calls += 1
                found.forgotten += int(words[0])
            elif kind == "error":
                found.errors[" ".join(words)] += 1
            elif kind == "warning":
                found.warnings[" ".join(words)] += 1
    return found


def soak(seconds: float, n_processes: int, n_threads: int, seed: int) -> tuple[dict, bool]:
    """Run for `seconds`; return the table's rows, and whether all is well."""
    context, rng = multiprocessing.get_context("fork"), random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        folder, logs = Path(name) / "vectors", Path(name)
        model = make_checkpoint(logs / "checkpoint")
        expected = LLMTokenEmbedder(model, cache=None).fit_transform(TEXTS)
        until, seeds = time.monotonic() + seconds, iter(range(seed, sys.maxsize, 100))

        def start(log: str = ""):
            k = next(seeds)
            target = logs / f"{log or k}.log"
            process = context.Process(target=use_store, args=(model, folder, expected, target, k, n_threads, until))
            process.start()
            return process

        survivor = start("survivor")
        n_kills, n_ended = kill_at_random(start, until, n_processes, rng)
        survivor.join(600)
        found = read_logs(logs)
        (memory, descriptors), (memory_end, descriptors_end) = sizes_in(logs / "survivor.log")
        embedder = LLMTokenEmbedder(model, cache=folder).fit([""])
        kept = sorted(found.kept)
        rows = embedder.transform([TEXTS[i] for i in kept])
        n_lost = embedder.cache_info().misses
        n_wrong = int((np.abs(rows - expected[kept]).max(axis=1) > TOLERANCE).sum()) if kept else 0
        check = sqlite3.connect(embedder.cache_info().location)
        (integrity,) = check.execute("PRAGMA integrity_check").fetchone()
        check.close()
        left = sorted(path.name for path in folder.iterdir() if ".damaged-" in path.name or ".new-" in path.name)
    table = {
        "seconds": round(seconds),
        "processes, threads of each": f"{n_processes + 1}, {n_threads}",
        "calls": found.calls,
        "rows": found.rows,
        "vectors forgotten": found.forgotten,
        "processes killed": n_kills,
        "processes that ended by themselves": n_ended,
        "wrong rows": found.wrong_rows + n_wrong,
        "errors": sum(found.errors.values()),
        "warnings": sum(found.warnings.values()),
        "texts whose call had returned, and that nobody forgets": len(kept),
        "of these lost": n_lost,
        "damaged files": len(left),
        "SQLite's integrity check": integrity,
        "exit code of the process that lived on": survivor.exitcode,
        "its memory at half time and at the end, MB": f"{memory:g}, {memory_end:g}",
        "its descriptors at half time and at the end": f"{descriptors:g}, {descriptors_end:g}",
    }
    for error, count in (found.errors + found.warnings).most_common(9):
        print(f"{count} x {error}", file=sys.stderr)
    names = ("wrong rows", "errors", "of these lost", "damaged files", "processes that ended by themselves")
    well = not any(table[name] for name in names) and integrity == "ok" and survivor.exitcode == 0
    return table, well and memory_end - memory < MAX_GROWTH_MB and descriptors_end <= descriptors + n_threads


def sizes_in(log: Path) -> list[tuple[float, ...]]:
    """Read the two lines of memory and descriptors."""
    lines = [line.split()[1:] for line in log.read_text().splitlines() if line.startswith("size ")]
    return [tuple(map(float, words)) for words in lines]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--processes", type=int, default=2, help="that are killed; one more lives on")
    parser.add_argument("--threads", type=int, default=3, help="of each process")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--results", type=Path, default=RESULTS / "soak.md", help="the file that gets the table")
    arguments = parser.parse_args()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    warnings.filterwarnings("ignore", ".*multi-threaded.*fork", DeprecationWarning)
    table, well = soak(60 * arguments.minutes, arguments.processes, arguments.threads, arguments.seed)
    lines = ["| | |", "|---|---:|", *(f"| {name} | {value} |" for name, value in table.items())]
    command = f"python benchmarks/soak.py --minutes {arguments.minutes:g} --seed {arguments.seed}"
    arguments.results.parent.mkdir(exist_ok=True)
    arguments.results.write_text(
        f"# Soak test of the store\n\nWritten by `{command}`; what each line means stands at the head of that file.\n\n"
        + "\n".join(lines)
        + "\n"
    )
    print("\n".join(lines))
    print("all is well" if well else "SOMETHING IS WRONG")
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
