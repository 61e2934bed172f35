"""The tutorials show what their code prints, and the Chinese pages show the code of the English ones."""

import contextlib
import io
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
TUTORIALS = sorted(path.stem for path in (DOCS / "tutorials").glob("*.md") if path.stem != "index")
PAIRS = {
    **{f"zh/{name}.md": f"tutorials/{name}.md" for name in TUTORIALS},
    "zh/choosing.md": "how_to/choosing.md",
    "zh/from_the_article.md": "explanation/from_the_article.md",
    "zh/index.md": "start/quick_start.md",
}
PYTHON = re.compile(r"^```python(?: no-run)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
STEP = re.compile(r"^```python\n(.*?)^```$(?:\n+^```text\n(.*?)^```$)?", re.MULTILINE | re.DOTALL)
TEXT = re.compile(r"^```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"\d+\.\d+")


def read(page):
    return (DOCS / page).read_text(encoding="utf-8")


def without_comments(code):
    return re.sub(r"  #.*", "", code)


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


@pytest.mark.parametrize(("chinese", "english"), PAIRS.items())
def test_a_chinese_page_shows_the_code_of_the_english_one(chinese, english):
    ours, theirs = (list(map(without_comments, PYTHON.findall(read(page)))) for page in (chinese, english))
    assert ours == theirs
    assert TEXT.findall(read(chinese)) == TEXT.findall(read(english))


@pytest.mark.parametrize("chinese", PAIRS)
def test_a_chinese_page_is_in_chinese(chinese):
    prose = re.sub(r"```.*?```|`[^`]*`|\(\S*\)", "", read(chinese), flags=re.DOTALL)
    assert len(re.findall(r"[\u4e00-\u9fff]", prose)) > 0.4 * len(re.sub(r"\s", "", prose))


@pytest.mark.parametrize("chinese", [*PAIRS, "../README.zh-CN.md"])
def test_chinese_prose_has_full_width_marks_and_spaces_beside_latin_words(chinese):
    prose = re.sub(r"^```.*?^```$|\]\([^)]*\)|[\[\]*]", "", read(chinese), flags=re.DOTALL | re.MULTILINE)
    prose = re.sub(r"`[^`]*`", "`code`", prose)
    assert re.findall(r".*[\u4e00-\u9fff][A-Za-z0-9`,;:!?()].*|.*[A-Za-z0-9`%,;:!?()][\u4e00-\u9fff].*", prose) == []
