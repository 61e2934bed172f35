"""Pages that a benchmark writes are what it writes from the figures beside them: none was changed by hand."""

import importlib
import json
import shutil
from pathlib import Path

import pytest

from sklearn_llmtokens.checkpoints import bundled_checkpoint

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
CARD = bundled_checkpoint("zh-mini") / "README.md"


@pytest.fixture
def benchmark_module(monkeypatch):
    """Import a module of `benchmarks`, which stands beside the package, not in it."""
    monkeypatch.syspath_prepend(ROOT)
    return lambda name: importlib.import_module(f"benchmarks.{name}")


def page(name):
    return (DOCS / f"{name}.md").read_text(encoding="utf-8")


def figures(name):
    return json.loads((DOCS / f"{name}.json").read_text(encoding="utf-8"))


def test_the_page_on_scale_is_written_from_its_figures(benchmark_module):
    writer = benchmark_module("scale_page")
    made = writer.blocks(figures("scale"))
    assert set(made) == {"engines", "parquet", "rates", "plan"}
    assert writer.rewrite(page("scale"), made) == page("scale")


@pytest.mark.parametrize(
    ("value", "digits", "text"), [(2.018e9, 2, "2.02e9"), (8.7e16, 1, "8.7e16"), (2.4e-7, 0, "2e-7"), (0.0, 0, "0")]
)
def test_powers_of_ten_are_written_without_sign_and_zeros(benchmark_module, value, digits, text):
    assert benchmark_module("scale_page").power_of_ten(value, digits) == text


def test_the_page_on_ranking_is_written_from_its_figures(benchmark_module, tmp_path):
    found = figures("ranking")
    shutil.copy(DOCS / "ranking_choice.json", tmp_path)
    benchmark_module("ranking").write(tmp_path / "ranking.md", found["results"], found["settings"]["queries"])
    assert (tmp_path / "ranking.md").read_text(encoding="utf-8") == page("ranking")


def test_the_page_on_ease_is_written_from_its_figures(benchmark_module):
    pytest.importorskip("resource")  # the benchmark reads the peak of memory with it; Windows has none
    assert benchmark_module("recommend_latency").ease_page(figures("ease_scale"), "ease_scale") == page("ease_scale")


@pytest.mark.parametrize("path", [DOCS / "zh_mini.md", CARD], ids=["page", "card"])
def test_the_tables_of_zh_mini_are_written_from_its_figures(benchmark_module, path):
    table = benchmark_module("few_shot").as_markdown(figures("few_shot"))
    assert table in path.read_text(encoding="utf-8")


def test_page_and_card_name_the_size_of_zh_mini():
    n_bytes = sum(path.stat().st_size for path in CARD.parent.rglob("*") if path.is_file())
    size = f" {n_bytes / 1e6:.1f} MB"
    assert size in page("zh_mini")
    assert size in CARD.read_text(encoding="utf-8")
