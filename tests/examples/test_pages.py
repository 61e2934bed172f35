"""The code on the pages runs: each page's Python blocks, one after the other; and its links lead somewhere."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [
    "README.md",
    "README.zh-CN.md",
    "docs/bad_input.md",
    "docs/choosing.md",
    "docs/from_the_article.md",
    "docs/index.md",
    "docs/offline.md",
    "docs/pipelines.md",
    "docs/plotting.md",
    "docs/recommend.md",
    "docs/recommend_fairness.md",
]
# A block that begins with "```python no-run" is shown only: it is wrong on purpose, or needs the network.
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)([^)#]+)(?:#([^)]+))?\)")
WRITTEN_LATER: set[str] = set()


def read(page):
    return (ROOT / page).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", [page for page in PAGES if BLOCK.search(read(page))])
def test_code_on_the_page_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "__main__"}
    text = read(page)
    for block in BLOCK.finditer(text):
        line = text[: block.start(1)].count("\n")
        if "openTSNE" in block[1]:
            pytest.importorskip("openTSNE")
        # Lines of the block keep their numbers on the page, for tracebacks.
        exec(compile("\n" * line + block[1], page, "exec"), names)


def test_both_readmes_show_the_same_code():
    def without_comments(page):
        return [re.sub(r"  #.*", "", block) for block in BLOCK.findall(read(page))]

    assert without_comments("README.md") == without_comments("README.zh-CN.md")


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    for target, anchor in LINK.findall(read(page)):
        path = (ROOT / page).parent / target
        if path.resolve().relative_to(ROOT).as_posix() in WRITTEN_LATER:
            continue
        assert path.exists(), target
        if anchor:
            titles = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w\- ]", "", title).lower().replace(" ", "-") for title in titles}, anchor
