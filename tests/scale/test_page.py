"""The snippets on the page about scale run, each in a process of its own, as in a notebook."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs/how_to/scale.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
NEEDS = {"import dask.dataframe": "dask", "distributed": "distributed", "import ray": "ray", "pyspark": "pyspark"}


@pytest.mark.cluster
@pytest.mark.timeout(240)
@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_a_snippet_runs(block, tmp_path):
    for text, module in NEEDS.items():
        if text in block:
            pytest.importorskip(module)
    environment = {**os.environ, "PYSPARK_PYTHON": sys.executable}
    command = [sys.executable, "-c", block]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=230)
    assert done.returncode == 0, done.stderr[-4000:]
    assert "640" in done.stdout  # features of the bundled model
