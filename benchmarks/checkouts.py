"""Two checkouts of this repository that take turns at the same calls, each in a process of its own.

A benchmark gives a dict of cases: by name, a function that prepares and returns the call that is timed. What a call
returns is compared between the checkouts before anything is timed.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


def work(cases: dict[str, Callable], summarise: Callable[[Any], Any]) -> None:
    """Obey the lines of the standard input: the name of a case prepares it, an empty line times one call."""
    call = None
    for line in sys.stdin:
        name = line.strip()
        if name:
            call = cases[name]()
            print(json.dumps(summarise(call())), flush=True)
            continue
        start = time.perf_counter(), time.process_time()
        call()
        print(json.dumps([time.perf_counter() - start[0], time.process_time() - start[1]]), flush=True)


class Worker:
    """A process that imports the package of one checkout and runs the script `file` with ``--work`` and `options`."""

    def __init__(self, file: str, options: list[str], folder: Path):
        environment = {**os.environ, "PYTHONPATH": str(folder.resolve()), "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            [sys.executable, os.path.abspath(file), "--work", *options],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=folder,
        )

    def ask(self, line: str) -> Any:
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        if not answer:
            raise RuntimeError("a worker ended before it answered; its error stands above")
        return json.loads(answer)


def measure(
    file: str,
    options: list[str],
    baseline: Path | None,
    names: list[str],
    n_repeats: int,
    is_same: Callable[[Any, Any], bool],
) -> list[dict]:
    """Return a row per case: medians of alternating calls, in milliseconds, and the baseline's over ours.

    ``cpu_ratio`` is that of the processor's time, which another process on the same core leaves nearly as it is.
    """
    workers = [Worker(file, options, folder) for folder in [ROOT, *([baseline] if baseline else [])]]
    rows = []
    for name in names:
        answers = [worker.ask(name) for worker in workers]
        times = [[worker.ask("") for worker in workers] for _ in range(n_repeats)]
        wall, cpu = ([statistics.median(t[k] for t in column) for column in zip(*times, strict=True)] for k in (0, 1))
        row = {"case": name, "ms": 1000 * wall[0]}
        if baseline:
            row |= {"baseline_ms": 1000 * wall[1], "ratio": wall[1] / wall[0], "cpu_ratio": cpu[1] / cpu[0]}
            row["same"] = is_same(*answers)
        rows.append(row)
        print(row, file=sys.stderr, flush=True)
    for worker in workers:
        worker.process.stdin.close()
        worker.process.wait()
    return rows


def commit(folder: Path | None) -> str:
    """Return what a page says of the checkout that is compared with."""
    if folder is None:
        return "nothing"
    done = subprocess.run(
        ["git", "-C", str(folder), "rev-parse", "--short=7", "HEAD"], capture_output=True, text=True, check=False
    )
    return f"commit {done.stdout.strip() or 'unknown'}"


def table(rows: list[dict], same: str) -> str:
    """Write the rows of `measure` as Markdown; `same` is the title of the column that says whether results agree."""
    lines = [
        f"| case | baseline, ms | now, ms | times as fast | in processor time | {same} |",
        "|---|---:|---:|---:|---:|---|",
    ]
    for row in rows:
        baseline, ratio, cpu_ratio = (
            f"{row[key]:.2f}" if key in row else "" for key in ("baseline_ms", "ratio", "cpu_ratio")
        )
        agree = {True: "yes", False: "no", None: ""}[row.get("same")]
        lines.append(f"| {row['case']} | {baseline} | {row['ms']:.2f} | {ratio} | {cpu_ratio} | {agree} |")
    return "\n".join(lines)


def write(page: Path, text: str, rows: list[dict]) -> None:
    """Write the page, and its figures beside it as JSON."""
    page.parent.mkdir(exist_ok=True)
    page.write_text(text, encoding="utf-8")
    page.with_suffix(".json").write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
