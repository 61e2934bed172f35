"""What holds for the package as built and installed: its types, its requirements, an installation without models."""

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

# This set only shrinks: a module that is typed leaves it here and in pyproject.toml.
UNTYPED = {
    "sklearn_llmtokens.embedding._embedder",
    "sklearn_llmtokens.embedding._parquet",
    "sklearn_llmtokens.embedding._progress",
    "sklearn_llmtokens.embedding._prompts",
    "sklearn_llmtokens.embedding._resolve",
    "sklearn_llmtokens.embedding._torch._encoder",
    "sklearn_llmtokens.embedding._torch._fused_bert",
    "sklearn_llmtokens.embedding._torch._prefix_cache",
    "sklearn_llmtokens.embedding._torch._tokenizer",
    "sklearn_llmtokens.embedding._torch._unpadded",
    "sklearn_llmtokens.embedding._torch._weights",
}


def test_the_list_of_modules_without_a_type_check_only_shrinks():
    overrides = PYPROJECT["tool"]["mypy"]["overrides"]
    assert [set(override) for override in overrides] == [{"ignore_errors", "module"}]
    assert set(overrides[0]["module"]) <= UNTYPED
    assert all((ROOT / f"{module.replace('.', '/')}.py").exists() for module in overrides[0]["module"])


def test_the_type_check_covers_the_whole_package():
    assert PYPROJECT["tool"]["mypy"]["packages"] == ["sklearn_llmtokens"]
    assert not {"files", "modules", "exclude"} & set(PYPROJECT["tool"]["mypy"])


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
    assert built == {path.relative_to(ROOT).as_posix() for path in files}
    assert "sklearn_llmtokens/py.typed" in built
