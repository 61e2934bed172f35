"""Learning curves of several models: numbers are those of scikit-learn, and read back from the lines."""

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import LearningCurveDisplay, learning_curve

from sklearn_llmtokens.plotting import LearningCurvesDisplay

X, Y = make_classification(120, random_state=0)


def test_the_lines_are_the_scores_of_scikit_learn():
    models = {"most frequent": DummyClassifier(), "逻辑回归": LogisticRegression()}
    display = LearningCurvesDisplay.from_estimators(models, X, Y, train_sizes=[10, 40, 80], cv=3, scoring="accuracy")
    for (name, model), one in zip(models.items(), display.displays_, strict=True):
        sizes, _, scores = learning_curve(
            model, X, Y, train_sizes=[10, 40, 80], cv=3, scoring="accuracy", shuffle=True, random_state=0
        )
        assert isinstance(one, LearningCurveDisplay)
        np.testing.assert_array_equal(one.lines_[0].get_xdata(), sizes)
        np.testing.assert_allclose(one.lines_[0].get_ydata(), scores.mean(axis=1))
        assert one.lines_[0].get_label() == name
    assert display.ax_.get_ylabel() == "accuracy"
    assert display.ax_.get_xlabel() == "number of labels"
    assert [text.get_text() for text in display.ax_.get_legend().get_texts()] == list(models)
    display.figure_.canvas.draw()
    assert [label.get_text() for label in display.ax_.get_xticklabels()] == ["10", "40", "80"]


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_a_table_of_scores_is_drawn_with_its_deviation(library):
    columns = {"model": ["a"] * 4 + ["b"] * 2, "size": [32, 8, 8, 32, 32, 8], "score": [0.9, 0.6, 0.8, 0.7, 0.5, 0.4]}
    package = pytest.importorskip(library)
    frame = package.table(columns) if library == "pyarrow" else package.DataFrame(columns)
    display = LearningCurvesDisplay.from_frame(frame, score_name="accuracy").plot(linewidth=3)
    first, second = display.displays_
    np.testing.assert_allclose(first.lines_[0].get_xydata(), [[8, 0.7], [32, 0.8]])
    np.testing.assert_allclose(second.lines_[0].get_xydata(), [[8, 0.4], [32, 0.5]])
    assert first.lines_[0].get_linewidth() == 3
    band = first.fill_between_[0].get_datalim(display.ax_.transData)
    np.testing.assert_allclose([band.y0, band.y1], [0.6, 0.9])


def test_what_cannot_be_drawn_is_named():
    pandas = pytest.importorskip("pandas")
    with pytest.raises(ValueError, match="estimators is empty"):
        LearningCurvesDisplay.from_estimators({}, X, Y)
    frame = pandas.DataFrame({"model": ["a"] * 3, "size": [8, 8, 32], "score": [0.1, 0.2, 0.3]})
    with pytest.raises(ValueError, match=r"There is no column 'n' in \['model', 'size', 'score'\]"):
        LearningCurvesDisplay.from_frame(frame, size="n")
    with pytest.raises(ValueError, match=r"'a' has \[1, 2\] scores for a size"):
        LearningCurvesDisplay.from_frame(frame)
    with pytest.raises(ValueError, match=r"'m' has 2 sizes and scores of the shape \(2,\)"):
        LearningCurvesDisplay({"m": ([1, 2], [0.1, 0.2])}).plot()
