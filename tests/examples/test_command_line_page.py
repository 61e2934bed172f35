"""The commands on the page about the command line, run as they stand."""

import gzip
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.embedding.conftest import main

PAGE = Path(__file__).parents[2] / "docs/how_to/command_line.md"
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
COMMANDS = [line for block in BLOCKS for line in block.splitlines()]
PIPES = [line for line in COMMANDS if "|" in line]


@pytest.fixture
def reviews(tmp_path, monkeypatch):
    (tmp_path / "reviews.csv").write_text("id,text\n1,物流很快\n2,屏幕碎了\n", encoding="utf-8")
    (tmp_path / "reviews.csv.gz").write_bytes(gzip.compress((tmp_path / "reviews.csv").read_bytes()))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("command", [line for line in COMMANDS if line not in PIPES])
def test_a_command_of_the_page_runs(command, reviews):
    name, *arguments = shlex.split(command)
    assert name == "sklearn-llmtokens"
    assert main(arguments) == 0
    target = reviews / arguments[2]
    assert target.exists()
    if target.suffix == ".npy":
        assert np.load(target).shape[0] == 2


@pytest.mark.slow
@pytest.mark.parametrize("command", PIPES)
def test_a_pipe_of_the_page_runs(command, reviews):
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"], env={**os.environ, "PATH": path}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert np.load(next(reviews.glob("*.npy"))).shape == (2, 640)


def test_every_option_of_the_page_is_one_of_the_command(capsys):
    with pytest.raises(SystemExit):
        main(["embed", "--help"])
    known = set(re.findall(r"--[a-z-]+", capsys.readouterr().out))
    page = re.sub(r"`?iconv[^`\n]*`?", "", PAGE.read_text("utf-8"))
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", page)) <= known
