"""The display and the HTML form of explanations."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from sklearn_llmtokens.inspection import explain_text
from sklearn_llmtokens.plotting import TokenContributionDisplay


@pytest.fixture
def explanation():
    texts = ["good <b>room</b> & staff", "bad room", "good staff", "bad <i>staff</i>"]
    model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(texts, ["<good>", "bad", "<good>", "bad"])
    (found,) = explain_text(model, ["good <b>room</b>\n& bad staff"])
    return found


def test_the_text_is_written_whole(explanation):
    display = TokenContributionDisplay.from_explanation(explanation)
    written = "".join(piece.get_text() for piece in display.pieces_)
    assert written == explanation.texts[0].replace("\n", "")
    assert display.bars_ is None


def test_colours_follow_the_sign(explanation):
    display = TokenContributionDisplay.from_explanation(explanation)
    patches = {piece.get_text(): piece.get_bbox_patch() for piece in display.pieces_}
    values = dict(zip(explanation.words, explanation.contributions[:, 0], strict=True))
    red, _, blue, _ = patches["good"].get_facecolor()
    assert (red > blue) == (values["good"] > 0)
    red, _, blue, _ = patches["bad"].get_facecolor()
    assert (red > blue) == (values["bad"] > 0)
    assert values["good"] * values["bad"] < 0


def test_no_line_is_wider_than_the_axes():
    words = ["word"] * 200
    display = TokenContributionDisplay(words, np.linspace(-1, 1, 200)).plot()
    box = display.ax_.get_window_extent()
    right = max(piece.get_window_extent().x1 for piece in display.pieces_)
    assert right <= box.x1 + 1
    assert len({piece.get_position()[1] for piece in display.pieces_}) > 1


@pytest.mark.parametrize("n_words", [3, 300])
def test_a_new_figure_is_as_high_as_the_text(n_words):
    display = TokenContributionDisplay(["单词"] * n_words, np.linspace(-1, 1, n_words), title="title").plot()
    display.figure_.draw_without_rendering()
    lowest = min(piece.get_window_extent().y0 for piece in display.pieces_)
    assert 0 <= lowest < 40
    assert max(piece.get_window_extent().y1 for piece in display.pieces_) <= display.ax_.get_window_extent().y1


def test_axes_of_the_caller_keep_their_figure():
    from matplotlib import pyplot as plt

    figure, ax = plt.subplots(figsize=(5, 3))
    TokenContributionDisplay(["word"] * 200, np.ones(200)).plot(ax)
    assert tuple(figure.get_size_inches()) == (5, 3)


def test_bars_are_the_largest_contributions(explanation):
    display = TokenContributionDisplay.from_explanation(explanation, kind="bars")
    widths = [bar.get_width() for bar in display.bars_]
    assert widths == sorted(widths)
    assert {round(width, 9) for width in widths} == {round(value, 9) for value in explanation.contributions[:, 0]}
    assert display.pieces_ is None
    few = TokenContributionDisplay(["a", "b", "c"], [0.1, -3.0, 2.0]).plot(kind="bars", n_words=2)
    assert [label.get_text() for label in few.ax_.get_yticklabels()] == ["b", "c"]


def test_several_texts_stand_below_each_other():
    from sklearn_llmtokens.recommend import Catalog, ContentRecommender

    recommender = ContentRecommender(Catalog(["a", "b", "c"], ["green tea", "black tea", "iron pot"])).fit(None)
    (explanation,) = explain_text(recommender, [["a", "c"]], target="b")
    display = TokenContributionDisplay.from_explanation(explanation)
    heights = {piece.get_text(): piece.get_position()[1] for piece in display.pieces_}
    assert heights["green"] == heights["tea"] > heights["iron"] == heights["pot"]


def test_wrong_arguments_are_named(explanation):
    with pytest.raises(ValueError, match="kind='cloud' is neither"):
        TokenContributionDisplay.from_explanation(explanation, kind="cloud")
    with pytest.raises(ValueError, match="target='ugly' is none of"):
        TokenContributionDisplay.from_explanation(explanation, "ugly")
    with pytest.raises(ValueError, match="text without offsets"):
        TokenContributionDisplay(["a"], [1.0], text="a").plot()


def test_html_escapes_texts_and_classes():
    texts = ["good <b>room</b>", "bad room", "good & <i>staff</i>", "bad staff"]
    model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(texts, ["<good>", "bad", "<good>", "bad"])
    (explanation,) = explain_text(model, [texts[2]], target="<good>")
    html = explanation._repr_html_()
    assert "<b>&lt;good&gt;</b>" in html
    assert ">good</span> " in html
    assert "&lt;" in html.split("<br>")[1]
    assert "<i>" not in html
    assert "<script" not in html
    assert html.count("<span") == len(explanation.words)
    assert "approximate" not in html


def test_html_says_what_is_approximate_and_what_is_left_out():
    from sklearn.ensemble import RandomForestClassifier

    texts = ["a b", "c d", "e f", "g h"]
    model = make_pipeline(TfidfVectorizer(token_pattern=r"\w"), RandomForestClassifier(5)).fit(texts, list("wxyz"))
    (explanation,) = explain_text(model, ["a b"])
    assert "by occlusion, approximate" in explanation._repr_html_()
    assert "and 1 other outputs" in explanation._repr_html_()
    assert "by occlusion" in repr(explanation)
