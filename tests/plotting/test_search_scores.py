"""The heat map of a search: the best score of each pair of values."""

import numpy as np
import pytest
from matplotlib import colors
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures

from sklearn_llmtokens.plotting import SearchScoreDisplay

RESULTS = {
    "param_embed__layer": np.ma.array([-1, -1, -2, -2, (-1, -2), None], mask=[0] * 5 + [1], dtype=object),
    "param_embed__pooling": np.ma.array(["mean", "max", "mean", "mean", "mean", "max"], dtype=object),
    "param_model__C": np.ma.array([1, 1, 1, 10, 1, 1], dtype=object),
    "mean_test_score": np.array([0.7, 0.6, 0.8, 0.9, np.nan, 0.99]),
    "mean_test_recall": np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6]),
}


def test_a_cell_is_the_best_score_of_its_candidates():
    display = SearchScoreDisplay.from_cv_results(RESULTS)
    assert display.row_values == [-2, -1, (-1, -2)]
    assert display.column_values == ["max", "mean"]
    expected = [[np.nan, 0.9], [0.6, 0.7], [np.nan, np.nan]]
    np.testing.assert_array_equal(display.scores, expected)
    np.testing.assert_array_equal(np.ma.filled(display.im_.get_array(), np.nan), expected)
    assert [[text.get_text() for text in row] for row in display.text_] == [["", "0.900"], ["0.600", "0.700"], ["", ""]]
    (frame,) = display.ax_.patches
    assert frame.get_xy() == (0.5, -0.5)
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("embed__pooling", "embed__layer")
    assert [label.get_text() for label in display.ax_.get_yticklabels()] == ["-2", "-1", "(-1, -2)"]
    other = SearchScoreDisplay.from_cv_results(RESULTS, rows="model__C", metric="recall", include_values=False)
    np.testing.assert_array_equal(other.scores, [[0.6, 0.5], [np.nan, 0.4]])
    assert other.text_ is None


def test_scores_are_written_in_a_colour_unlike_their_own():
    display = SearchScoreDisplay([[0.0, 1.0]], [1], ["a", "b"], row_name="r", column_name="c").plot()
    for text, score in zip(display.text_[0], [0.0, 1.0], strict=True):
        own = display.im_.cmap(display.im_.norm(score))
        assert np.abs(np.subtract(colors.to_rgb(text.get_color()), own[:3])).max() > 0.5


def test_a_fitted_search_is_drawn():
    X = np.random.default_rng(0).normal(size=(30, 3))
    grid = {"polynomialfeatures__degree": [1, 2], "ridge__alpha": [0.1, 1, 10]}
    search = GridSearchCV(make_pipeline(PolynomialFeatures(), Ridge()), grid, cv=3)
    with pytest.raises(NotFittedError):
        SearchScoreDisplay.from_estimator(search)
    search.fit(X, X[:, 0] ** 2)
    display = SearchScoreDisplay.from_estimator(search, rows="degree", columns="alpha", values_format=".1f")
    np.testing.assert_allclose(display.scores.ravel(), search.cv_results_["mean_test_score"])
    assert display.column_values == [0.1, 1, 10]


def test_what_the_search_has_not_is_named():
    with pytest.raises(ValueError, match=r"metric='f1' is none of the search: choose one of \['score', 'recall'\]"):
        SearchScoreDisplay.from_cv_results(RESULTS, metric="f1")
    with pytest.raises(ValueError, match=r"'alpha' is no parameter of the search: choose one of \['embed__layer', "):
        SearchScoreDisplay.from_cv_results(RESULTS, columns="alpha")
    with pytest.raises(ValueError, match=r"'layer' fits \['embed__layer', 'a__layer'\]"):
        SearchScoreDisplay.from_cv_results({**RESULTS, "param_a__layer": []})
    with pytest.raises(ValueError, match="scores has no number"):
        SearchScoreDisplay([[np.nan]], [1], ["a"], row_name="r", column_name="c").plot()
    with pytest.raises(ValueError, match=r"shape \(1, 1\): 2 rows and 1 columns are needed"):
        SearchScoreDisplay([[1.0]], [1, 2], ["a"], row_name="r", column_name="c").plot()
