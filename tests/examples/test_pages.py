"""The code on the pages runs: each page's Python blocks, one after the other; and its links lead somewhere."""

import doctest
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [
    "README.md",
    "README.zh-CN.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "ARCHITECTURE.md",
    *sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("docs/**/*.md")),
    *sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("benchmarks/**/*.md")),
]
NEED_MORE = {"docs/how_to/scale.md", "docs/how_to/ecosystem.md"}  # tests/scale and tests/ecosystem run them
# The Chinese pages have the code of the English ones.
LONG = re.compile(
    r"README\.zh-CN\.md|docs/(zh|tutorials)/.*|docs/(index|start/quick_start)\.md|docs/how_to/(pipelines|plotting|choosing|explain|explore|recommend|store|deploy)\.md|.*/from_the_article\.md"
)
# test_tutorials.py runs the tutorials, and compares the code of Chinese pages with that of the English ones.
SHOW_OUTPUT = re.compile(r"docs/(tutorials|zh)/")
PEERS = ("lime", "shap")  # the last blocks of docs/how_to/explain.md
# A block that begins with "```python no-run" is shown only: it is wrong on purpose, or needs the network.
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)")
EXTRAS = re.compile(r"(?:sklearn-llmtokens|[\"`]\.)\[([\w,]+)\]")


def read(page):
    return (ROOT / page).read_text(encoding="utf-8")


@pytest.fixture
def _settings_stay():
    """Leave matplotlib as it was: a page sets the font of every plot."""
    with pytest.importorskip("matplotlib").rc_context():
        yield


@pytest.mark.usefixtures("_settings_stay")
@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, marks=pytest.mark.slow if LONG.fullmatch(page) else ())
        for page in PAGES
        if BLOCK.search(read(page)) and page not in NEED_MORE and not SHOW_OUTPUT.match(page)
    ],
)
def test_code_on_the_page_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))  # a page may keep vectors in "~/vectors"
    names = {"__name__": "__main__"}
    text = read(page)
    for block in BLOCK.finditer(text):
        line = text[: block.start(1)].count("\n")
        if "openTSNE" in block[1]:
            pytest.importorskip("openTSNE")
        if any(f"\n{statement} {package}" in f"\n{block[1]}" for package in PEERS for statement in ("import", "from")):
            for package in PEERS:
                pytest.importorskip(package, reason=f"the rest of the page needs {package}: pip install lime shap")
        if block[1].startswith(">>>"):
            shown = doctest.DocTestParser().get_doctest(block[1], names, page, page, line)
            assert not doctest.DocTestRunner().run(shown, clear_globs=False).failed
            continue
        # Lines of the block keep their numbers on the page, for tracebacks.
        exec(compile("\n" * line + block[1], page, "exec"), names)


def test_both_readmes_show_the_same_code():
    def without_comments(page):
        return [re.sub(r"  #.*", "", block) for block in BLOCK.findall(read(page))]

    assert without_comments("README.md") == without_comments("README.zh-CN.md")


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    for target, anchor in LINK.findall(read(page)):
        path = (ROOT / page).parent / target if target else ROOT / page
        assert path.exists(), target
        if anchor:
            titles = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w\- ]", "", title).lower().replace(" ", "-") for title in titles}, anchor


@pytest.mark.parametrize("page", [page for page in PAGES if EXTRAS.search(read(page))])
def test_extras_named_on_the_page_exist(page):
    known = tomllib.loads(read("pyproject.toml"))["project"]["optional-dependencies"]
    named = {extra for names in EXTRAS.findall(read(page)) for extra in names.split(",")}
    assert named <= {*known, "x"}  # x stands for any of them


def test_the_source_distribution_has_what_make_needs():
    included = tomllib.loads(read("pyproject.toml"))["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    assert {"Makefile", "constraints.txt"} <= set(included)
    assert all((ROOT / path).exists() for path in included)
