"""The tutorials show what their code prints."""

import contextlib
import io
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
TUTORIALS = sorted(path.stem for path in (DOCS / "tutorials").glob("*.md") if path.stem != "index")
STEP = re.compile(r"^```python\n(.*?)^```$(?:\n+^```text\n(.*?)^```$)?", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"\d+\.\d+")


def read(page):
    return (DOCS / page).read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("name", TUTORIALS)
def test_the_tutorial_shows_what_its_code_prints(name, tmp_path, monkeypatch):
    plt = pytest.importorskip("matplotlib.pyplot")
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "__main__"}
    with plt.rc_context():
        for code, shown in STEP.findall(read(f"tutorials/{name}.md")):
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(compile(code, name, "exec"), names)
            output = "".join(f"{line.rstrip()}\n" for line in printed.getvalue().splitlines())
            assert NUMBER.split(output) == NUMBER.split(shown)
            values = list(map(float, NUMBER.findall(output)))
            assert values == pytest.approx(list(map(float, NUMBER.findall(shown))), abs=0.03)
        plt.close("all")
    assert len(list(tmp_path.glob("*.joblib"))) == 1
