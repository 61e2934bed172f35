"""The tutorials show what their code prints, and the Chinese pages show the code of the English ones."""

import contextlib
import io
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
TUTORIALS = sorted(path.stem for path in (DOCS / "tutorials").glob("*.md") if path.stem != "index")
PAIRS = {
    **{f"zh/{name}.md": f"tutorials/{name}.md" for name in TUTORIALS},
    "zh/choosing.md": "how_to/choosing.md",
    "zh/from_the_article.md": "explanation/from_the_article.md",
    "zh/index.md": "start/quick_start.md",
}
PYTHON = re.compile(r"^```python(?: no-run)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
STEP = re.compile(r"^```python\n(.*?)^```$(?:\n+^```text\n(.*?)^```$)?", re.MULTILINE | re.DOTALL)
TEXT = re.compile(r"^```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)
OWN_FILE = re.compile(r"^```python no-run\n(import pandas.*?)^```$", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"\d+\.\d+")


def read(page):
    return (DOCS / page).read_text(encoding="utf-8")


def run_with_own_file(name, names=None):
    """Return the names that the block for a file of one's own leaves behind."""
    (code,) = OWN_FILE.findall(read(f"tutorials/{name}.md"))
    names = {} if names is None else names
    exec(compile(code, name, "exec"), names)
    return names


def write_reviews(path):
    rows = [f"苹果又脆又甜 {i},fruit" for i in range(8)] + [f"房间很干净 {i},hotel" for i in range(8)]
    rows += [",hotel", "没有标签的评论,", f"{'好吃的苹果' * 200},fruit", f"{'好吃的苹果' * 200},fruit"]
    path.write_text("\n".join(["text,label", *rows]), encoding="utf-8")


def without_comments(code):
    return re.sub(r"  #.*", "", code)


@pytest.mark.slow
@pytest.mark.parametrize("name", TUTORIALS)
def test_the_tutorial_shows_what_its_code_prints(name, tmp_path, monkeypatch):
    plt = pytest.importorskip("matplotlib.pyplot")
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "__main__"}
    with plt.rc_context():
        for code, shown in STEP.findall(read(f"tutorials/{name}.md")):
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(compile(code, name, "exec"), names)
            output = "".join(f"{line.rstrip()}\n" for line in printed.getvalue().splitlines())
            assert NUMBER.split(output) == NUMBER.split(shown)
            values = list(map(float, NUMBER.findall(output)))
            assert values == pytest.approx(list(map(float, NUMBER.findall(shown))), abs=0.03)
        plt.close("all")
    assert len(list(tmp_path.glob("*.joblib"))) == 1


@pytest.mark.parametrize(("chinese", "english"), PAIRS.items())
def test_a_chinese_page_shows_the_code_of_the_english_one(chinese, english):
    ours, theirs = (list(map(without_comments, PYTHON.findall(read(page)))) for page in (chinese, english))
    assert ours == theirs
    assert TEXT.findall(read(chinese)) == TEXT.findall(read(english))


@pytest.mark.parametrize("chinese", PAIRS)
def test_a_chinese_page_is_in_chinese(chinese):
    prose = re.sub(r"```.*?```|`[^`]*`|\(\S*\)", "", read(chinese), flags=re.DOTALL)
    assert len(re.findall(r"[\u4e00-\u9fff]", prose)) > 0.4 * len(re.sub(r"\s", "", prose))


@pytest.mark.parametrize("chinese", [*PAIRS, "../README.zh-CN.md"])
def test_chinese_prose_has_full_width_marks_and_spaces_beside_latin_words(chinese):
    prose = re.sub(r"^```.*?^```$|\]\([^)]*\)|!?\[|[\]*]", "", read(chinese), flags=re.DOTALL | re.MULTILINE)
    prose = re.sub(r"`[^`]*`", "`code`", prose)
    assert re.findall(r".*[\u4e00-\u9fff][A-Za-z0-9`,;:!?()].*|.*[A-Za-z0-9`%,;:!?()][\u4e00-\u9fff].*", prose) == []


def test_own_reviews_are_read_without_empty_rows(tmp_path, monkeypatch):
    pytest.importorskip("pandas")
    monkeypatch.chdir(tmp_path)
    write_reviews(tmp_path / "my_reviews.csv")
    names = run_with_own_file("classify_reviews")
    assert len(names["X"]) == len(names["y"]) == 18
    assert list(names["y"][[0, 8, -1]]) == ["fruit", "hotel", "fruit"]
    assert len(run_with_own_file("search_and_cluster_reviews")["texts"]) == 18  # one without a label, no duplicate


def test_own_catalogue_and_events_become_queries(tmp_path, monkeypatch):
    pytest.importorskip("pandas")
    from sklearn_llmtokens.recommend import Catalog, make_queries

    monkeypatch.chdir(tmp_path)
    (tmp_path / "items.csv").write_text("item_id,text\n001,绿茶\n002,茶壶\n003,杯子\n", encoding="utf-8")
    events = "user_id,item_id,timestamp\na,001,10\na,003,30\na,002,20\nb,002,5\n"
    (tmp_path / "events.csv").write_text(events, encoding="utf-8")
    names = run_with_own_file("recommend_from_a_catalogue", {"Catalog": Catalog, "make_queries": make_queries})
    assert names["catalog"].n_items == 3
    assert names["title"]["001"] == "绿茶"
    asked = [(list(history), item) for history, item in zip(names["X"], names["y"], strict=True)]
    assert (["001", "002"], "003") in asked


@pytest.mark.slow
def test_own_reviews_are_classified_with_a_warning_of_the_long_one(tmp_path, monkeypatch):
    pytest.importorskip("pandas")
    from sklearn_llmtokens import text_pipeline
    from sklearn_llmtokens.exceptions import TruncationWarning

    monkeypatch.chdir(tmp_path)
    write_reviews(tmp_path / "my_reviews.csv")
    names = run_with_own_file("classify_reviews")
    with pytest.warns(TruncationWarning, match="1 distinct text"):
        model = text_pipeline().fit(names["X"], names["y"])
    assert list(model.predict(["房间不太干净", "苹果甜"])) == ["hotel", "fruit"]
