"""The script for an accelerator runs to its end without one: on the CPU with a tiny checkpoint, or not at all."""

import importlib
import sys
from pathlib import Path

import pytest
import torch

SCRIPTS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def run(monkeypatch, capsys):
    monkeypatch.syspath_prepend(SCRIPTS)
    script = importlib.import_module("accelerator")

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["accelerator.py", *arguments])
        script.main()
        return [line for line in capsys.readouterr().out.splitlines() if line]

    return run


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_it_says_so_and_measures_nothing(run):
    assert run() == ["left out: torch sees no GPU here; nothing was measured"]


@pytest.mark.filterwarnings("ignore")
def test_a_rehearsal_on_the_cpu_compares_rows_and_both_libraries(run, checkpoints, monkeypatch):
    monkeypatch.delenv("SKLEARN_LLMTOKENS_DATA", raising=False)
    model = str(checkpoints["bert"])
    lines = run("--device", "cpu", "--model", model, "--texts", "6", "--compared", "4", "--repeats", "1")
    rows = [line for line in lines if "'cosine_mean'" in line]
    assert [line.split("'")[3] for line in rows] == ["float32", "bfloat16", "float16"]
    assert "'cosine_min': 1.0}" in rows[0]
    speed = [line for line in lines if "'texts_per_s'" in line]
    assert len(speed) == 2 * (3 + 3)
    assert sum("'is_best_batch': True" in line for line in speed) == 2 * 2


def test_what_does_not_fit_into_the_minutes_is_left_out(run, checkpoints):
    lines = run("--device", "cpu", "--model", str(checkpoints["bert"]), "--texts", "4", "--minutes", "0")
    assert lines[-1] == "left out: speed in bfloat16, for lack of time"
    assert not any("texts_per_s" in line for line in lines)
