"""The site holds together without being built: every page is listed, every public name has its place."""

import importlib
import re
from pathlib import Path

import pytest

from tests.test_project import PUBLIC_MODULES

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
MADE = {"auto_examples", "generated", "backreferences", "_ext", "_templates", "_static"}
PAGES = sorted(
    path.relative_to(DOCS).with_suffix("").as_posix()
    for path in DOCS.rglob("*")
    if path.suffix in (".md", ".rst") and not MADE & set(path.relative_to(DOCS).parts)
)
TOCTREE = re.compile(r"^```\{toctree\}$(.*?)^```$|^\.\. toctree::$(.*?)(?=^\S|\Z)", re.MULTILINE | re.DOTALL)
AUTOSUMMARY = re.compile(r"^\.\. autosummary::$(.*?)(?=^\S|\Z)", re.MULTILINE | re.DOTALL)


def text_of(page):
    return next(path for end in (".md", ".rst") if (path := DOCS / f"{page}{end}").exists()).read_text("utf-8")


def listed(page):
    """Return the pages in the tables of contents of a page."""
    lines = [line.strip() for tree in TOCTREE.findall(text_of(page)) for line in "".join(tree).splitlines()]
    names = [re.sub(r"^.*<(.*)>$", r"\1", line) for line in lines if line and not line.startswith(":")]
    return [(Path(page).parent / name).as_posix() for name in names]


def names_of_reference():
    """Return the public names on the pages of the reference, with their modules."""
    found = []
    for page in (DOCS / "reference").glob("*.rst"):
        text = page.read_text(encoding="utf-8")
        module = re.search(r"^\.\. currentmodule:: (\S+)$", text, re.MULTILINE)
        lines = [line.strip() for block in AUTOSUMMARY.findall(text) for line in block.splitlines()]
        found += [f"{module[1]}.{line}" for line in lines if line and not line.startswith(":")]
    return found


def test_nothing_generated_lies_among_the_pages():
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    assert {"docs/auto_examples/", "docs/reference/generated/", "docs/reference/backreferences/"} <= set(ignored)
    here = [path.relative_to(DOCS) for path in DOCS.rglob("*") if path.is_file()]
    kept = {path.suffix for path in here if not {"auto_examples", "generated", "backreferences"} & set(path.parts)}
    assert kept <= {".md", ".rst", ".py", ".pyc", ".css", ".svg"}


def test_every_page_is_in_one_table_of_contents():
    found = [name for page in PAGES for name in listed(page)]
    assert len(found) == len(set(found))
    assert set(found) == {*PAGES, "auto_examples/index"} - {"index"}


def test_every_public_name_is_on_one_page_of_the_reference():
    names = names_of_reference()
    assert len(names) == len(set(names))
    values = {
        name: getattr(importlib.import_module(name.rpartition(".")[0]), name.rpartition(".")[2]) for name in names
    }
    described = {id(value) for value in values.values()}
    missing = [
        f"{module}.{name}"
        for module in PUBLIC_MODULES
        for name in getattr(importlib.import_module(module), "__all__", [])
        if id(getattr(importlib.import_module(module), name)) not in described
    ]
    assert missing == []


def test_a_name_stands_at_the_module_that_its_class_names():
    for name in names_of_reference():
        value = getattr(importlib.import_module(name.rpartition(".")[0]), name.rpartition(".")[2])
        if isinstance(value, type):
            assert name == f"{value.__module__}.{value.__qualname__}"


@pytest.mark.parametrize("section", sorted(path.parent.name for path in (ROOT / "examples").glob("*/*.py")))
def test_every_section_of_the_gallery_has_a_title(section):
    lines = (ROOT / "examples" / section / "GALLERY_HEADER.rst").read_text(encoding="utf-8").splitlines()
    assert lines[1] == "-" * len(lines[0])
