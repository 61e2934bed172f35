"""The examples do what they say: each is run from top to bottom, and what it found is looked at."""

import ast
import re
import runpy
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from matplotlib import pyplot as plt

ROOT = Path(__file__).parents[2]
EXAMPLES = {path.stem: path for path in (ROOT / "examples").rglob("*.py")}


@pytest.fixture
def run_example(tmp_path, monkeypatch):
    """Run an example, without the data sets of this machine, and return its variables."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SKLEARN_LLMTOKENS_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))

    def run(name, *arguments):
        monkeypatch.setattr(sys, "argv", [str(EXAMPLES[name]), *map(str, arguments)])
        return runpy.run_path(str(EXAMPLES[name]))

    with plt.rc_context():
        yield run
        plt.close("all")


def assert_has_pictures(n):
    """Check that there are n figures, each with something in it."""
    figures = [plt.figure(number) for number in plt.get_fignums()]
    assert len(figures) == n
    for figure in figures:
        figure.canvas.draw()
        assert len(np.unique(np.asarray(figure.canvas.buffer_rgba()).reshape(-1, 4), axis=0)) > 20


def test_every_example_has_a_test():
    tested = set(re.findall(r'run_example\(\s*"(\w+)"', Path(__file__).read_text(encoding="utf-8")))
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


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_begins_with_a_title_and_has_blocks(name):
    source = EXAMPLES[name].read_text(encoding="utf-8")
    title, line, *_ = ast.get_docstring(ast.parse(source)).splitlines()
    assert line == "=" * len(title)
    assert source.count("\n# %%\n# ") > 1


@pytest.mark.slow
def test_quickstart_prints_the_table_and_saves_the_picture(run_example, tmp_path, capsys):
    result = run_example("quickstart", tmp_path / "new" / "map.png")
    output = capsys.readouterr().out
    assert "头皮 / 发红" in output
    assert f"picture: {tmp_path / 'new' / 'map.png'}" in output
    assert len(plt.imread(tmp_path / "new" / "map.png")) == 720
    assert len(result["table"]) == 5
    for name, (category, sentiment) in result["table"].items():
        assert category.mean() > 0.35, name  # chance: 0.125
        assert sentiment.mean() > 0.53, name  # chance: 0.5
    assert_has_pictures(1)


@pytest.mark.slow
def test_article_recommends_better_than_popularity(run_example):
    result = run_example("article")
    assert result["first"] > 0.2  # chance: 0.1
    assert result["among_three"] > result["popular"]
    assert_has_pictures(1)


@pytest.mark.slow
def test_grid_search_saves_a_pipeline_that_predicts_the_same_elsewhere(run_example):
    result = run_example("grid_search")
    assert result["same"]
    assert result["n_candidates"] == 16
    assert result["accuracy"] > 0.35  # chance: 0.125
    assert result["embedder_bytes"] < 50_000  # no weights
    assert result["pipeline_bytes"] < 20e6
    assert_has_pictures(1)


@pytest.mark.slow
def test_tsne_puts_new_texts_beside_old_ones_of_their_category(run_example):
    pytest.importorskip("openTSNE")
    result = run_example("tsne")
    assert result["old_points"].shape == (500, 2)
    assert result["new_points"].shape == (92, 2)
    assert np.isfinite(result["new_points"]).all()
    assert result["accuracy"] > 0.25  # chance: 0.125
    assert_has_pictures(1)


@pytest.mark.slow
def test_clusters_hold_reviews_of_one_category_and_carry_its_words(run_example):
    result = run_example("clusters")
    assert len(set(result["names"].values())) == len(result["names"]) > 5
    assert any("房间" in name for name in result["names"].values())
    assert result["share"] > 0.6  # chance: 0.125
    assert_has_pictures(1)


def test_near_duplicates_are_found_and_dropped(run_example):
    result = run_example("near_duplicates")
    assert result["recall"] > 0.9
    assert result["precision"] > 0.9
    assert len(result["kept"]) < 600 < len(result["texts"])
    assert_has_pictures(1)


def test_semantic_search_finds_what_is_meant(run_example):
    result = run_example("semantic_search")
    answers = [[result["texts"][i] for i in row] for row in result["rows"]]
    assert any("外卖送来都凉了" in text for text in answers[result["queries"].index("饭菜送到都凉了")])
    assert all(len(texts) == 5 for texts in answers)
    assert_has_pictures(1)


@pytest.mark.slow
def test_label_errors_are_among_the_most_suspected(run_example):
    result = run_example("label_errors")
    assert result["recall"] > 4 * result["n_looked_at"] / len(result["y"])
    assert result["precision"] > 3 / 20
    assert_has_pictures(1)


@pytest.mark.slow
def test_table_gives_the_same_from_pandas_and_polars(run_example):
    pytest.importorskip("polars")
    result = run_example("table")
    assert result["same"]
    assert result["accuracy"].mean() > 0.35  # chance: 0.125
    assert result["scores"].mean() > result["accuracy"].mean()
    columns = list(result["pandas_frame"].columns)
    assert "text__embeddingpca0" in columns
    assert "number__stars" in columns
    assert result["polars_frame"].columns == columns
    assert_has_pictures(1)


@pytest.mark.slow
def test_explained_reviews_names_the_words_of_a_wrong_prediction(run_example, capsys):
    result = run_example("explained_reviews")
    assert abs(result["gap"]) < 1e-5
    assert result["predicted"][result["row"]] != result["sentiment"][result["is_test"]][result["row"]]
    assert set(result["misleading"]) <= set(result["error"].words)
    assert "".join(result["error"].words) == result["wrong"]
    assert result["wrong"] in capsys.readouterr().out
    assert_has_pictures(3)


def test_several_tasks_are_answered_from_one_embedding(run_example):
    result = run_example("several_tasks")
    accuracy = result["accuracy"]
    assert accuracy["category"] > 0.5  # chance: 0.125
    assert min(accuracy["sentiment"], accuracy["sentiment, chained"]) > 0.6  # chance: 0.5
    assert accuracy["both"] <= min(accuracy["category"], accuracy["sentiment"])
    assert result["answers"].shape == (197, 2)
    assert_has_pictures(1)


@pytest.mark.slow
def test_speed_and_accuracy_has_a_point_for_each_model(run_example):
    result = run_example("speed_and_accuracy")
    assert set(result["accuracy"]) == set(result["speed"]) == {"TF-IDF of characters", "zh-nano", "zh-mini"}
    assert result["accuracy"]["TF-IDF of characters"] < result["accuracy"]["zh-nano"]
    assert min(result["accuracy"].values()) > 0.35  # chance: 0.125
    assert min(result["speed"].values()) > 0
    assert_has_pictures(1)


@pytest.mark.slow
def test_movie_histories_know_what_follows(run_example):
    result = run_example("movie_histories")
    hit_rates = result["hit_rates"]
    assert min(hit_rates["sequences"], hit_rates["text_recommender"]) > 1.5 * hit_rates["popular"]
    assert "neighbours" in result["models"]["text_recommender"].weights_
    assert result["orders"]["as it was"] != result["orders"]["backwards"]
    assert_has_pictures(1)


@pytest.mark.slow
def test_top_labels_beat_popularity_and_chance(run_example, capsys):
    result = run_example("top_labels")
    assert result["hit_rate"] > result["popular"]
    assert result["precision"] > 1.5 * result["at_random"]
    assert "for the first new reader:" in capsys.readouterr().out
    assert_has_pictures(1)


def test_cross_domain_beats_chance(run_example, capsys):
    result = run_example("cross_domain")
    assert result["hit_rate"] > 1.5 * result["at_random"]
    assert "is advised" in capsys.readouterr().out
    assert_has_pictures(1)


def test_multimodal_gains_from_pictures_and_finds_a_new_item(run_example):
    pytest.importorskip("pandas")
    result = run_example("multimodal")
    assert result["hit_rates"]["text, image, price"] > result["hit_rates"]["text"]
    assert result["found"]
    assert_has_pictures(1)


def test_news_shows_what_came_in_and_hides_what_was_taken_down(run_example):
    result = run_example("news")
    assert result["hit_rates"]["text and clicks"] > 1.5 * result["hit_rates"]["popular"]
    assert result["place"] is not None
    assert result["gone"]
    assert_has_pictures(1)


def test_news_titles_are_put_into_sections(run_example):
    result = run_example("news_titles")
    assert result["accuracy"]["text_pipeline"][-1] >= result["accuracy"]["TF-IDF of characters"][-1] > 0.2
    assert result["same"]["zh-nano"] > 0.3  # chance: 0.1
    assert_has_pictures(1)


def test_shop_ranks_what_is_in_stock_and_says_why(run_example):
    result = run_example("shop")
    table = result["table"].to_dict("index")
    assert table["text and clicks"]["hit_rate@10"] > 1.5 * table["popular"]["hit_rate@10"]
    assert table["text and clicks"]["hit_rate@10_diff_low"] > 0
    assert table["text and clicks"]["coverage@10"] > table["popular"]["coverage@10"]
    assert len(result["ranked"]) == 3
    assert set(result["ranked"]).isdisjoint(result["basket"][0])
    assert result["shares"].shape == (2, 3)
    assert_has_pictures(1)


@pytest.mark.slow
def test_serving_answers_while_the_model_changes(run_example, capsys):
    result = run_example("serving")
    assert result["versions"][0] == 0
    assert result["versions"][-1] == 2
    assert result["same"]
    assert "tea" in result["model"].recommend([["S002"]], k=100)[0]
    assert not result["shown_again"]
    assert all((np.diff(values) >= 0).all() and values[0] > 0 for values in result["latencies"].values())
    assert all(size > 0 for size in result["sizes"].values())
    assert "versions that answered: [0" in capsys.readouterr().out
    assert_has_pictures(1)


def test_social_finds_the_circle_of_a_new_account(run_example):
    result = run_example("social")
    assert result["hit_rates"]["both"] > result["hit_rates"]["popular"]
    assert result["runner"] < result["coder"]
    assert result["runner"] <= 12
    assert_has_pictures(1)


def test_content_understands_wishes(run_example):
    result = run_example("content")
    assert result["same"]["meaning"] > result["same"]["words"] > 0.1
    assert result["answers"] == ["cooking", "parenting", "camping", "gardening"]
    assert_has_pictures(1)


@pytest.mark.slow
def test_fair_reranking_trades_accuracy_for_variety(run_example):
    points = run_example("fair_reranking")["points"]
    for name in ("mmr", "calibrated"):
        benefits = [benefit for _, _, benefit in points[name]]
        assert benefits[-1] > benefits[0], name
    diversity = [benefit for _, _, benefit in points["mmr"]]
    assert diversity == sorted(diversity)
    assert points["mmr"][0][1] == points["calibrated"][0][1]
    assert_has_pictures(1)
