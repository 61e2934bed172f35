"""Work that is lost where `sklearn-llmtokens embed` is killed: the rows that the next run of the command embeds again.

    python benchmarks/command_kills.py                       # 200,000 rows, 24 kills
    python benchmarks/command_kills.py --rows 20000 --kills 4 --seconds 30
    python benchmarks/command_kills.py --write               # benchmarks/results/command_kills.json, and the page

A real process of the command is ended at a random second by SIGKILL, SIGTERM and SIGINT in turn, and started again with
the same arguments; the last one goes on to the end. Its bar, which is drawn each second, shows how many rows are done:
what it showed last before the signal, less what it shows when the next run has read what was kept, was lost. The rows
of the finished file are compared with those of one `transform`.
"""

import argparse
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
from scale_out import make_texts
from tables import save

SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
SHOWN = re.compile(rb"(\d+)/(\d+) \[")


class Run:
    """A process of the command, and what its bar shows."""

    def __init__(self, source: Path, target: Path, model: str):
        command = [Path(sys.executable).with_name("sklearn-llmtokens"), "embed", source, target, "--model", model]
        environment = {**os.environ, "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, env=environment)
        self.start, self.shown = time.monotonic(), []  # (seconds, rows)
        self.messages = b""
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self) -> None:
        while chunk := os.read(self.process.stderr.fileno(), 1 << 16):
            self.messages += chunk
            for n_rows, _ in SHOWN.findall(chunk):
                self.shown.append((time.monotonic() - self.start, int(n_rows)))

    def end(self, number=None, after=None) -> int:
        """Wait for the end, or send a signal after some seconds; return the exit code."""
        try:
            self.process.wait(after)
        except subprocess.TimeoutExpired:
            self.process.send_signal(number)
            self.process.wait()
        self.reader.join()
        self.process.stderr.close()
        return self.process.returncode


def kept_by(run: Run, before: int) -> int:
    """Return the rows that a run had from the one before: what its bar shows first beyond nothing."""
    return next((n_rows for _, n_rows in run.shown if n_rows), before)


def measure(arguments: argparse.Namespace, folder: Path) -> dict:
    source, target = folder / "texts.csv", folder / "vectors.npy"
    texts = make_texts(arguments.rows)
    source.write_text("text\n" + "".join(f'"{text}"\n' for text in texts), encoding="utf-8")
    dice, kills, run = random.Random(arguments.seed), [], None
    for k in range(arguments.kills):
        after, number = dice.uniform(1, arguments.seconds), SIGNALS[k % len(SIGNALS)]
        run = Run(source, target, arguments.model)
        code = run.end(number, after)
        if code == 0:
            print("the run ended before it was killed: more rows, or fewer kills")
            break
        if kills:
            settle(kills[-1], run)
        kills.append({"signal": number.name, "after_s": after, "code": code, **journal(target)})
        kills[-1] |= {"shown": run.shown[-1][1] if run.shown else 0, "rate": rate(run)}
        print(kills[-1], flush=True)
    run = Run(source, target, arguments.model)
    code = run.end()
    if code:
        raise SystemExit(run.messages.decode())
    settle(kills[-1], run)
    return {
        "rows": arguments.rows,
        "model": arguments.model,
        "seconds": arguments.seconds,
        "kills": kills,
        "difference": difference(texts, np.load(target, mmap_mode="r"), arguments.model),
        "left": sorted(path.name for path in folder.iterdir()),
    }


def journal(target: Path) -> dict:
    """Return how old the vectors are that were kept last."""
    path = target.with_name(f".{target.name}.partial")
    return {"kept_before_s": time.time() - path.stat().st_mtime if path.exists() else None}


def rate(run: Run) -> float | None:
    """Return the rows a second of a run, from its bar."""
    moving = [(seconds, n_rows) for seconds, n_rows in run.shown if n_rows]
    if len(moving) < 3:
        return None
    return (moving[-1][1] - moving[0][1]) / (moving[-1][0] - moving[0][0])


def settle(kill: dict, following: Run) -> None:
    """Write down what the following run began with, and so what the kill has lost."""
    kill["kept"] = kept_by(following, kill["shown"])
    kill["lost_rows"] = max(0, kill["shown"] - kill["kept"])


def difference(texts: list[str], vectors: np.ndarray, model: str) -> float:
    """Return the largest difference from one transform of some rows, of all parts of the file."""
    from sklearn_llmtokens import LLMTokenEmbedder

    some = np.linspace(0, len(texts) - 1, 2_000).astype(int)
    exact = LLMTokenEmbedder(model, cache=None).fit_transform([texts[i] for i in some])
    return float(np.abs(exact - vectors[some]).max())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--kills", type=int, default=24)
    parser.add_argument("--seconds", type=float, default=60, help="a run is killed within so many")
    parser.add_argument("--model", default="zh-mini")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell ignores it for what it runs in the background
    folder = Path(tempfile.mkdtemp(prefix="kills-"))
    try:
        found = measure(arguments, folder)
    finally:
        shutil.rmtree(folder)
    print(f"largest difference {found['difference']:.1g}, files left: {found['left']}")
    for kill in found["kills"]:
        print(kill)
    if arguments.write:
        save("command_kills", found)


if __name__ == "__main__":
    main()
