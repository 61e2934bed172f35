"""What holds for the package as built and installed: its types, its requirements, an installation without models."""

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

import sklearn_llmtokens

ROOT = Path(__file__).parents[1]
PACKAGE = "sklearn_llmtokens"


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


PYPROJECT = tomllib.loads(read("pyproject.toml"))


DOCS = ROOT / "docs"
PAGES_IN_THE_WHEEL = {
    *(path.relative_to(DOCS).as_posix() for path in DOCS.glob("*/**/*.md") if path.parent.name not in ("development",)),
    *("index.md", "whats_new.md", "security.md"),
}


def test_the_type_check_covers_the_whole_package():
    assert PYPROJECT["tool"]["mypy"]["packages"] == ["sklearn_llmtokens"]
    assert not {"files", "modules", "exclude", "overrides"} & set(PYPROJECT["tool"]["mypy"])


def test_no_module_excepts_itself_from_the_type_check():
    paths = [
        path for path in (ROOT / "sklearn_llmtokens").rglob("*.py") if "# mypy:" in path.read_text(encoding="utf-8")
    ]
    assert paths == []


def test_a_wheel_says_that_it_has_types_and_holds_every_file_of_the_package(tmp_path):
    code = f"from hatchling.build import build_wheel; print(build_wheel({str(tmp_path)!r}))"
    name = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    with zipfile.ZipFile(tmp_path / name.strip()) as wheel:
        built = {path for path in wheel.namelist() if ".dist-info/" not in path}
    package = ROOT / "sklearn_llmtokens"
    files = {path for path in package.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    pages = {path for path in built if path.startswith("sklearn_llmtokens/_docs/")}
    assert built - pages == {path.relative_to(ROOT).as_posix() for path in files}
    assert "sklearn_llmtokens/py.typed" in built
    assert {path.partition("_docs/")[2] for path in pages} == PAGES_IN_THE_WHEEL
    assert sum(wheel.getinfo(path).file_size for path in pages) < 1e6


def test_the_pages_lie_where_the_package_says():
    assert (Path(sklearn_llmtokens.__docs_dir__) / "start" / "installation.md").is_file()


def bounds(*extras):
    """Lower bounds by name, of the requirements and of some extras."""
    project = PYPROJECT["project"]
    lists = [project["dependencies"], *(project["optional-dependencies"][extra] for extra in extras)]
    requirements = [Requirement(text) for one in lists for text in one]
    return {r.name: Version(next(s.version for s in r.specifier if s.operator in (">=", "=="))) for r in requirements}


def pins(name):
    lines = [line for line in read(name).splitlines() if line and not line.startswith("#")]
    return {name: Version(version) for name, _, version in (line.partition("==") for line in lines)}


def test_the_oldest_versions_are_the_lower_bounds_of_all_but_torch():
    lowest, oldest = bounds("fast", "plot", "frames", "examples"), pins("constraints-oldest.txt")
    test_tools = bounds("test")
    assert {name: oldest[name] for name in lowest if name != "torch"} == {
        n: v for n, v in lowest.items() if n != "torch"
    }
    assert oldest["torch"] >= lowest["torch"]
    assert set(oldest) <= {*lowest, *test_tools}


def test_the_page_of_installation_has_the_oldest_versions_and_the_extras():
    page, oldest = read("docs/start/installation.md"), pins("constraints-oldest.txt")
    table = dict(re.findall(r"^\| ([\w-]+) \| ([\d.]+) \|", page, re.MULTILINE))
    names = bounds("fast", "plot", "frames", "examples")
    assert {name: Version(version) for name, version in table.items()} == {name: oldest[name] for name in names}
    extras = re.findall(r"^\| `(\w+)` \| ", page, re.MULTILINE)
    assert extras == list(PYPROJECT["project"]["optional-dependencies"])


def test_the_installation_without_models_names_every_other_requirement():
    page = read("docs/start/installation.md")
    command = re.search(r"^pip install (filelock .*?)\n```", page, re.MULTILINE | re.DOTALL)[1]
    assert set(command.replace("\\\n", "").split()) == set(bounds()) - {"torch", "transformers", "huggingface_hub"}


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "ARCHITECTURE.md"])
def test_files_that_contributors_are_sent_to_exist(page):
    paths = {
        path
        for path in re.findall(r"`([\w.]+/[\w./]*)`", read(page))
        if path != "examples/" and not path.startswith("build/")
    }
    assert len(paths) > 10
    missing = {p for p in paths if "NAME" not in p and not any((ROOT / top / p).exists() for top in (".", PACKAGE))}
    assert missing == set()


def test_the_makefile_names_tests_that_exist():
    names = re.search(r"^OLDEST_TESTS := (.*)$", read("Makefile"), re.MULTILINE)[1].split()
    assert len(names) > 4
    assert [name for name in names if not (ROOT / "tests" / name).exists()] == []


def test_the_page_of_the_architecture_names_the_import_contracts():
    contracts = [contract["name"] for contract in PYPROJECT["tool"]["importlinter"]["contracts"]]
    section = read("ARCHITECTURE.md").partition("## Contracts")[2].partition("\n## ")[0]
    assert re.findall(r"^- (.*)$", section, re.MULTILINE) == contracts


def test_the_citation_is_of_this_version():
    assert f"\nversion: {sklearn_llmtokens.__version__}\n" in read("CITATION.cff")
