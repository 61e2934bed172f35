"""The examples do what they say: each is run as a user runs it, and its outcome is looked at."""

import ast
import os
import re
import runpy
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = {path.stem: path for path in (ROOT / "examples").rglob("*.py")}

# Warnings that other packages give when they are imported, once an installation.
QUIET = ["-W", "error", "-W", "ignore::SyntaxWarning", "-W", "ignore:pkg_resources is deprecated"]


def run_script(name, *arguments):
    """Run an example in a process of its own, any warning being an error, and give what it prints."""
    done = subprocess.run(
        [sys.executable, *QUIET, EXAMPLES[name], *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=os.environ | {"PYTHONIOENCODING": "utf-8", "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
        cwd=ROOT,
        timeout=540,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def run_main(name, *arguments):
    """Run an example's `main` here and give what it returns."""
    return runpy.run_path(str(EXAMPLES[name]))["main"](*arguments)


def test_every_example_has_a_test():
    tested = set(re.findall(r'run_(?:script|main)\(\s*"(\w+)"', Path(__file__).read_text(encoding="utf-8")))
    assert tested == set(EXAMPLES)


def modules_imported_by(path):
    """Names of the packages that a script imports, wherever it does."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module.split(".")[0]


def test_the_extra_for_examples_has_all_that_they_import():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    required = [*project["dependencies"], *project["optional-dependencies"]["examples"]]
    known = {re.match(r"[\w-]+", line)[0].replace("scikit-learn", "sklearn") for line in required}
    imported = {name for path in EXAMPLES.values() for name in modules_imported_by(path)}
    assert {"openTSNE", "polars"} <= imported
    assert imported <= {*known, *sys.stdlib_module_names, "sklearn_llmtokens"}


@pytest.mark.slow
def test_quickstart_prints_the_table_and_saves_the_picture(tmp_path):
    picture = tmp_path / "new" / "map.png"
    output = run_script("quickstart", picture)

    assert "头皮 / 发红" in output
    rows = re.findall(r"^(.{52}) +(0\.\d{3}) ± 0\.\d{3} +(0\.\d{3}) ± 0\.\d{3} +[\d.]+$", output, re.MULTILINE)
    names = [name.strip() for name, *_ in rows]
    assert "text_pipeline: words and LLM vectors" in names
    assert sum(name.startswith("TF-IDF") for name in names) == 2
    assert any("random forest" in name for name in names)
    for name, category, sentiment in rows:
        assert float(category) > 0.35, name  # chance: 0.125
        assert float(sentiment) > 0.53, name  # chance: 0.5
    assert f"picture: {picture}" in output
    assert_is_picture(picture)


def test_article_recommends_better_than_popularity(tmp_path):
    picture = tmp_path / "map.png"
    result = run_main("article", picture)
    assert result["first"] > 0.2  # chance: 0.1
    assert result["among_three"] > result["popular_three"]
    assert_is_picture(picture)


@pytest.mark.slow
def test_grid_search_saves_a_pipeline_that_predicts_the_same_elsewhere(tmp_path):
    result = run_main("grid_search", tmp_path)
    assert result["same"]
    assert result["n_candidates"] == 16
    assert result["accuracy"] > 0.35  # chance: 0.125
    assert result["embedder_bytes"] < 50_000  # no weights
    assert (tmp_path / "pipeline.joblib").stat().st_size < 20e6


def test_tsne_puts_new_texts_beside_old_ones_of_their_category(tmp_path):
    pytest.importorskip("openTSNE")
    picture = tmp_path / "map.png"
    result = run_main("tsne", picture)
    assert result["old"].shape == (500, 2)
    assert result["new"].shape == (92, 2)
    assert np.isfinite(result["new"]).all()
    assert result["accuracy"] > 0.25  # chance: 0.125
    assert_is_picture(picture)


def test_clusters_hold_reviews_of_one_category_and_carry_its_words(tmp_path):
    picture = tmp_path / "new" / "map.png"
    result = run_main("clusters", picture)
    assert len(set(result["names"].values())) == len(result["names"]) > 5
    assert any("房间" in name for name in result["names"].values())
    assert result["share"] > 0.6  # chance: 0.125
    assert_is_picture(picture)


def test_near_duplicates_are_found_and_dropped(tmp_path):
    picture = tmp_path / "histogram.png"
    result = run_main("near_duplicates", picture)
    assert result["recall"] > 0.9
    assert result["precision"] > 0.9
    assert result["kept"] < 600 < result["rows"]
    assert_is_picture(picture)


def test_semantic_search_finds_what_is_meant(tmp_path):
    picture = tmp_path / "bars.png"
    result = run_main("semantic_search", picture)
    assert any("外卖送来都凉了" in text for text in result["饭菜送到都凉了"])
    assert all(len(texts) == 5 for texts in result.values())
    assert_is_picture(picture)


def test_label_errors_are_among_the_most_suspected(tmp_path):
    picture = tmp_path / "curve.png"
    result = run_main("label_errors", picture)
    assert result["recall"] > 4 * result["share"]
    assert result["precision"] > 3 / 20
    assert_is_picture(picture)


def test_tsne_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "openTSNE.sklearn", None)
    with pytest.raises(SystemExit, match="pip install openTSNE"):
        run_main("tsne")


def test_table_gives_the_same_from_pandas_and_polars(tmp_path):
    pytest.importorskip("polars")
    result = run_main("table", tmp_path)
    assert result["same"]
    assert result["accuracy"] > 0.35  # chance: 0.125
    assert result["whole"] > result["accuracy"]
    assert "text__embeddingpca0" in result["columns"]
    assert "number__stars" in result["columns"]
    assert result["polars"].columns == result["columns"]


def test_top_labels_beat_popularity_and_chance(capsys):
    result = run_main("top_labels")
    assert result["hit_rate"] > result["popular"]
    assert result["precision"] > 1.5 * result["at_random"]
    assert "for the first new reader:" in capsys.readouterr().out


def test_cross_domain_beats_chance(capsys):
    result = run_main("cross_domain")
    assert result["hit_rate"] > 1.5 * result["at_random"]
    assert "is advised" in capsys.readouterr().out


def test_multimodal_gains_from_pictures_and_finds_a_new_item():
    pytest.importorskip("pandas")
    result = run_main("multimodal")
    assert result["text, image, price"] > result["text"]
    assert result["found"]


def test_news_shows_what_came_in_and_hides_what_was_taken_down():
    result = run_main("news")
    assert result["text and clicks"] > 1.5 * result["popular"]
    assert result["rank of the new article"] is not None
    assert result["gone"]


def test_shop_ranks_what_is_in_stock_and_says_why():
    result = run_main("shop")
    assert result["text and clicks"]["hit_rate@10"] > 1.5 * result["popular"]["hit_rate@10"]
    assert result["text and clicks"]["hit_rate@10_diff_low"] > 0
    assert result["text and clicks"]["coverage@10"] > result["popular"]["coverage@10"]
    assert all(item.startswith("S") and item not in {"S001", "S002", "S005"} for item in result["ranked"])
    assert result["shares"].shape == (2, 3)


def test_serving_answers_while_the_model_changes(capsys):
    result = run_main("serving", 3, 20)
    assert result["versions"][0] == 0
    assert result["versions"][-1] == 2
    assert result["same"]
    assert result["new item"]
    assert not result["shown again"]
    for when in ("before", "during"):
        assert 0 < result[when]["p50"] <= result[when]["p95"] <= result[when]["p99"]
    assert all(size > 0 for size in result["MiB"].values())
    assert "versions that answered: [0" in capsys.readouterr().out


def test_social_finds_the_circle_of_a_new_account():
    result = run_main("social")
    assert result["both"] > result["popular"]
    assert result["runner"] < result["coder"]
    assert result["runner"] <= 12


def test_content_understands_wishes():
    result = run_main("content")
    assert result["meaning"] > result["words"] > 0.1
    assert result["answers"] == ["cooking", "parenting", "camping", "gardening"]


def test_fair_reranking_trades_accuracy_for_variety(tmp_path):
    picture = tmp_path / "new" / "curve.png"
    points = run_main("fair_reranking", picture)
    for name in ("MMR", "calibrated"):
        benefits = [benefit for _, _, benefit in points[name]]
        assert benefits[-1] > benefits[0], name
    diversity = [benefit for _, _, benefit in points["MMR"]]
    assert diversity == sorted(diversity)
    assert points["MMR"][0][1] == points["calibrated"][0][1]
    assert_is_picture(picture)


def assert_is_picture(path):
    from matplotlib import image

    pixels = image.imread(path)
    assert pixels.shape[:2] == (720, 960)
    assert len(np.unique(pixels.reshape(-1, pixels.shape[2]), axis=0)) > 20
