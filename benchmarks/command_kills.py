"""Work that is lost where `sklearn-llmtokens embed` is killed: the rows that the next run of the command embeds again.

    python benchmarks/command_kills.py                       # 200,000 rows, 9 kills of the whole model, 6 of layer 0
    python benchmarks/command_kills.py --rows 20000 --kills 3 3 --seconds 10
    python benchmarks/command_kills.py --write               # benchmarks/results/command_kills.json, and the page

A real process of the command is ended by SIGKILL, SIGTERM and SIGINT in turn, at a random second after its first row,
and started again with the same arguments. Its bar, which is drawn each second, shows how many rows are done: what it
showed last before the signal, less what it shows when the next run has read what was kept, was lost. With `--layer 0`,
which is fast, the last run goes on to the end, and its rows are compared with those of one `transform`.
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
from tables import load, save

SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
SHOWN = re.compile(rb"(\d+)/\d+ \[")


class Run:
    """A process of the command, and what its bar shows."""

    def __init__(self, source: Path, target: Path, model: str, layer: int):
        command = [Path(sys.executable).with_name("sklearn-llmtokens"), "embed", source, target, "--model", model]
        environment = {**os.environ, "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "OMP_NUM_THREADS": "1"}
        command += ["--layer", str(layer)]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, env=environment)
        self.start, self.shown = time.monotonic(), []  # (seconds, rows)
        self.messages, self.has_begun = b"", threading.Event()
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self) -> None:
        while chunk := os.read(self.process.stderr.fileno(), 1 << 16):
            self.messages += chunk
            for n_rows in map(int, SHOWN.findall(chunk)):
                if n_rows:
                    self.shown.append((time.monotonic() - self.start, n_rows))
                if self.shown and n_rows > self.shown[0][1]:  # what was kept is shown first
                    self.has_begun.set()
        self.has_begun.set()

    def end(self, number=None, after=None) -> int:
        """Wait for the end, or send a signal some seconds after the first row; return the exit code."""
        if after is not None:
            self.has_begun.wait()
        try:
            self.process.wait(after)
        except subprocess.TimeoutExpired:
            self.process.send_signal(number)
            self.process.wait()
        self.reader.join()
        self.process.stderr.close()
        return self.process.returncode


def measure(arguments: argparse.Namespace, layer: int, n_kills: int, *, to_the_end: bool, folder: Path) -> dict:
    source, target = folder / "texts.csv", folder / f"layer{layer}.npy"
    texts = make_texts(arguments.rows)
    source.write_text("text\n" + "".join(f'"{text}"\n' for text in texts), encoding="utf-8")
    dice, kills = random.Random(arguments.seed), []
    for k in range(n_kills + 1):
        run = Run(source, target, arguments.model, layer)
        if k == n_kills:
            code = run.end() if to_the_end else run.end(signal.SIGINT, 1.0)
        else:
            after, number = dice.uniform(0, arguments.seconds), SIGNALS[k % len(SIGNALS)]
            code = run.end(number, after)
        if kills and run.shown:
            kills[-1] |= {"kept": run.shown[0][1], "lost_rows": max(0, kills[-1]["shown"] - run.shown[0][1])}
            print(kills[-1], flush=True)
        if k == n_kills or code == 0:
            break
        kills.append(
            {"signal": number.name, "after_s": after, "code": code, "shown": run.shown[-1][1], "rate": rate(run)}
        )
    if code not in (0, 130):
        raise SystemExit(run.messages.decode())
    found = {"model": arguments.model, "layer": layer, "rows": arguments.rows, "finished": code == 0, "kills": kills}
    if code == 0:
        found["difference"] = difference(texts, np.load(target, mmap_mode="r"), arguments.model, layer)
        found["left"] = sorted(path.name for path in folder.iterdir() if path.name.startswith(f".{target.name}."))
    return found


def rate(run: Run) -> float | None:
    """Return the rows a second of a run, from its bar."""
    moving = [point for point in run.shown if point[1] > run.shown[0][1]]
    if len(moving) < 3:
        return None
    (start, first), (end, last) = moving[0], moving[-1]
    return (last - first) / (end - start)


def difference(texts: list[str], vectors: np.ndarray, model: str, layer: int) -> float:
    """Return the largest difference from one transform of some rows, of all parts of the file."""
    from sklearn_llmtokens import LLMTokenEmbedder

    some = np.linspace(0, len(texts) - 1, 2_000).astype(int)
    exact = LLMTokenEmbedder(model, layer=layer, cache=None).fit_transform([texts[i] for i in some])
    return float(np.abs(exact - vectors[some]).max())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--kills", type=int, nargs=2, default=[9, 6], help="of the last layer, of layer 0")
    parser.add_argument(
        "--layers", type=int, nargs="+", choices=[-1, 0], default=[-1, 0], help="others stay as they are"
    )
    parser.add_argument("--seconds", type=float, default=20, help="a run is ended within so many after its first row")
    parser.add_argument("--model", default="zh-mini")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell ignores it for what it runs in the background
    folder = Path(tempfile.mkdtemp(prefix="kills-"))
    try:
        found = {one["layer"]: one for one in load("command_kills", [])}
        for layer, n_kills in zip((-1, 0), arguments.kills, strict=True):
            if layer in arguments.layers:
                found[layer] = measure(arguments, layer, n_kills, to_the_end=layer == 0, folder=folder)
    finally:
        shutil.rmtree(folder)
    for one in found.values():
        print({name: value for name, value in one.items() if name != "kills"})
    if arguments.write:
        save("command_kills", list(found.values()))


if __name__ == "__main__":
    main()
