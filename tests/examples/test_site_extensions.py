"""What the site does to pages before it shows them, and how it finds broken links."""

import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def extension(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "docs" / "_ext")
    return importlib.import_module


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[Store](store.md#keys)", "[Store](store.md#keys)"),
        ("[Changes](../../CHANGELOG.md)", "[Changes](../whats_new.md)"),
        ("[shop](../../examples/recommend/shop.py)", "[shop](../auto_examples/recommend/shop.rst)"),
        ("[figures](../../benchmarks/results/a.json)", "figures (`benchmarks/results/a.json`)"),
        ("[`a.py`](../../tools/a.py)", "`a.py`"),
        ("[there](https://example.org/a.md)", "[there](https://example.org/a.md)"),
        ("```python\nx[0](../../a.py)\n```", "```python\nx[0](../../a.py)\n```"),
        ("```mermaid\na --> b\n```", "```text\na --> b\n```"),
        (
            "```mermaid\n%% picture: docs/_static/a.svg\na --> b\n```",
            "```{raw} html\n:file: ../_static/a.svg\n```",
        ),
        ("# 题目\n第一行，\n  第二行\n第三行 end\n第四行", "# 题目\n第一行，第二行第三行 end\n第四行"),
        ("第一行。\n`x` 是\n  [二](b.md)：\n- c", "第一行。`x` 是\n  [二](b.md)：\n- c"),
        ("- 一\n- 二\n\n三", "- 一\n- 二\n\n三"),
        ("![p](../../benchmarks/results/a.png)", "![p](../../benchmarks/results/a.png)"),
    ],
)
def test_a_link_leads_to_what_the_site_shows(extension, text, shown):
    page = "docs/how_to/explore.md"
    on_the_site = extension("repository_pages").on_the_site
    assert on_the_site(text, page, page, {"CHANGELOG.md": "docs/whats_new.md"}) == shown


def test_links_of_a_file_that_a_page_shows_are_those_of_the_page(extension):
    on_the_site = extension("repository_pages").on_the_site
    shown = on_the_site("[Store](docs/how_to/store.md) ![](a.png)", "SECURITY.md", "docs/explanation/security.md", {})
    assert shown == "[Store](../how_to/store.md) ![](../../a.png)"


def test_pages_that_show_a_file_of_the_repository_are_found(extension):
    shown = extension("repository_pages").shown_files(ROOT / "docs")
    assert shown["CHANGELOG.md"] == "docs/whats_new.md"
    assert all((ROOT / file).exists() for file in shown)


def test_the_picture_of_the_parts_shows_the_parts_and_imports_of_the_diagram():
    diagram = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").partition("```mermaid")[2].partition("```")[0]
    picture = (ROOT / "docs/_static/parts.svg").read_text(encoding="utf-8")
    sides = [re.findall(r"\w+", side) for line in diagram.splitlines() if "-->" in line for side in line.split("-->")]
    arrows = {f"import-{a}-{b}" for i in range(0, len(sides), 2) for a in sides[i] for b in sides[i + 1]}
    assert set(re.findall(r'<path id="(.+?)"', picture)) == arrows
    labels = dict(re.findall(r'^ +(\w+)\["(.+)"\]$', diagram, re.MULTILINE))
    shown = {
        part: " ".join(re.findall(r">([^<>]+)</text>", lines))
        for part, lines in re.findall(r'<g id="part-(\w+)"(.*?)</g>', picture)
    }
    parts = {part for side in sides for part in side}
    assert set(shown) == parts
    assert {part: re.findall(r"\w+", shown[part]) for part in parts} == {
        part: re.findall(r"\w+", labels.get(part, part)) for part in parts
    }


def test_references_of_inherited_docstrings_become_text(extension):
    lines = ["See :ref:`User Guide", "<metadata_routing>` and :term:`meta-estimator`.", "`X` stays."]
    without_references = extension("inherited_docstrings").without_references
    assert without_references(lines) == ["See User Guide and meta-estimator.", "`X` stays."]


def test_broken_links_are_found(extension, tmp_path):
    (tmp_path / "_static").mkdir()
    (tmp_path / "_static" / "template.html").write_text("<a href='nowhere.html'>")
    (tmp_path / "a.html").write_text(
        "<p id='here'><a href='#here'><a href='#nowhere'><a href='b%20c.html#there'><a href='gone.html'>"
        "<img src='gone.png'><a href='https://example.org/'><a href='b%20c.html#:~:text=x'>"
    )
    (tmp_path / "b c.html").write_text("<h1 id='there'>")
    counts, found = extension("links").broken(tmp_path)
    assert counts == {"pages": 2, "links": 6, "links elsewhere": 1}
    assert found == ["a.html: #nowhere", "a.html: gone.html", "a.html: gone.png"]
