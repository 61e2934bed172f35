"""The tables of the pages agree with the figures of the benchmarks; benchmarks use what users import."""

import ast
import importlib
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BENCHMARKS = ROOT / "benchmarks"
SCRIPTS = sorted(BENCHMARKS.rglob("*.py"))
PLACE = re.compile(r"<!-- table: (.+?) -->\n(.*?)<!-- end -->", re.DOTALL)


@pytest.fixture
def tables(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module("tables")


def cells(name):
    """Return the rows of a table on a page, as lists of cells, by the text of the page."""
    found = []
    for path in [*ROOT.glob("docs/**/*.md"), *BENCHMARKS.glob("experiments/*.md")]:
        for place in PLACE.finditer(path.read_text(encoding="utf-8")):
            if place[1] == name:
                rows = [line for line in place[2].splitlines() if line.startswith("|")]
                found.append([[cell.strip() for cell in row.strip("|").split("|")] for row in rows])
    return found[0]


def test_all_pages_agree_with_the_figures(tables):
    pages = tables.pages()
    assert {"accuracy.md", "speed.md", "store.md", "ranking.md", "zh_mini.md"} <= {path.name for path in pages}
    stale = [path.name for path in pages if tables.filled(path.read_text(encoding="utf-8")) != path.read_text("utf-8")]
    assert not stale, f"run python benchmarks/tables.py: {stale}"


def test_every_table_stands_on_a_page(tables):
    named = {name for path in tables.pages() for name, _ in PLACE.findall(path.read_text(encoding="utf-8"))}
    assert named == set(tables.TABLES)


def test_other_figures_make_a_page_stale(tables, monkeypatch, tmp_path):
    for path in tables.RESULTS.glob("*.json"):
        (tmp_path / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    found = json.loads((tmp_path / "stop_words.json").read_text(encoding="utf-8"))
    found[0]["accuracy"] = 0.1234
    (tmp_path / "stop_words.json").write_text(json.dumps(found), encoding="utf-8")
    monkeypatch.setattr(tables, "RESULTS", tmp_path)
    page = (ROOT / "docs/how_to/text.md").read_text(encoding="utf-8")
    assert "| 0.123 |" in tables.filled(page)
    assert "| 0.123 |" not in page


def test_figures_of_the_pages_are_those_of_the_results():
    """Some cells of different tables, read from the results without the code that makes the tables."""

    def results(name):
        return json.loads((BENCHMARKS / "results" / f"{name}.json").read_text(encoding="utf-8"))

    by = {row[0]: row for row in cells("ranking")}
    beauty = next(one for one in results("ranking")["results"] if one["data"] == "beauty")["rows"]
    ours = beauty["text_recommender"]
    assert float(by["beauty, last"][1]) == pytest.approx(ours["scores"]["last"], abs=5e-5)
    assert float(by["beauty, leave one out"][2]) == pytest.approx(ours["ndcg"]["leave one out"], abs=5e-5)
    assert by["beauty, last"][5] == "0.0633 (SASRec, full cross-entropy)"

    zh_mini = results("few_shot")["zh-mini"]["accuracy"]
    sets = ("shop hotel sentiment", "shop fruit sentiment", "shop categories", "thucnews")
    means = [sum(zh_mini[name][n] for name in sets) / 4 for n in ("8", "32", "3000")]
    shown = next(row for row in cells("few_shot: means") if row[0] == "zh-mini")
    assert [float(cell) for cell in shown[1:4]] == pytest.approx(means, abs=6e-4)

    ours = results("search_cost")["ours"]["wall_s"]
    assert cells("search_cost: peers")[2][2] == f"{ours['precompute'] + ours['search']:.0f}"

    small = next(row for row in results("scale")["rates"] if row["model"] == "multilingual-e5-small")
    minutes = 100e6 / 16 / small["tokenizer_texts_per_s"] / 60
    assert float(cells("scale: plan")[4][1]) == pytest.approx(minutes, abs=0.05)


@pytest.mark.parametrize(
    ("value", "digits", "text"), [(2.018e9, 2, "2.02e9"), (8.7e16, 1, "8.7e16"), (2.4e-7, 0, "2e-7"), (0.0, 0, "0")]
)
def test_powers_of_ten_are_written_without_sign_and_zeros(tables, value, digits, text):
    assert importlib.import_module("scale_tables").power_of_ten(value, digits) == text


def test_page_and_card_name_the_size_of_zh_mini():
    from sklearn_llmtokens.checkpoints import bundled_checkpoint

    folder = bundled_checkpoint("zh-mini")
    size = f" {sum(path.stat().st_size for path in folder.rglob('*') if path.is_file()) / 1e6:.1f} MB"
    assert size in (ROOT / "docs/explanation/zh_mini.md").read_text(encoding="utf-8")
    assert size in (folder / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_benchmarks_import_what_users_import(path):
    imported = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            imported += [f"{node.module}.{alias.name}" for alias in node.names]
    ours = [name for name in imported if name.split(".")[0] in ("sklearn_llmtokens", "tests")]
    assert not [name for name in ours if re.search(r"\._|^tests", name)]


def test_variants_of_the_recipe_can_be_built(monkeypatch):
    """Parts and parameters that the comparison names are those that `text_recommender` has."""
    from sklearn_llmtokens.recommend import Catalog, HybridRecommender

    monkeypatch.syspath_prepend(BENCHMARKS)
    variants = importlib.import_module("ranking_choice").variants("memory")
    catalog = Catalog(["g", "b", "p"], ["绿茶", "红茶", "铁壶"])
    built = {name: build(catalog) for name, build in variants.items()}
    parts = {name: dict(model.recommenders) for name, model in built.items() if isinstance(model, HybridRecommender)}
    assert parts["without neighbours"]["neighbours"] == "drop"
    assert set(parts["and item-kNN"]) == {*parts["the recipe"], "item_knn"}
    assert built["and item-kNN"].default_weights["item_knn"] == 0.5
    figures = json.loads((BENCHMARKS / "results" / "ranking_choice.json").read_text(encoding="utf-8"))
    assert {name for one in figures["results"] for name in one["rows"]} <= set(variants)
