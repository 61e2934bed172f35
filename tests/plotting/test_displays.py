"""What is drawn is what was given: numbers are read back from the artists."""

import sys

import numpy as np
import pytest
from matplotlib import pyplot as plt
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError

from sklearn_llmtokens.exceptions import MissingDependencyError
from sklearn_llmtokens.plotting import (
    LearningCurvesDisplay,
    RankingCurveDisplay,
    SearchCostDisplay,
    SearchScoreDisplay,
    SemanticMapDisplay,
    SpectrumDisplay,
    TradeoffDisplay,
)
from sklearn_llmtokens.recommend import Catalog, catalog_coverage, ndcg_at_k, recall_at_k

VECTORS = np.random.default_rng(0).normal(size=(24, 6))
LISTS = {"first": [["a", "b"], ["b", "c"]], "second": np.array([["a", None], ["a", "b"]], dtype=object)}
POINTS = {"MMR": [(0.0, 0.3, 0.2), (1.0, 0.1, 0.9)], "other": [(0.0, 0.3, 0.2), (1.0, 0.2, 0.4)]}
DISPLAYS = {
    "map": lambda ax=None: SemanticMapDisplay.from_vectors(VECTORS, ["x", "y"] * 12, ax=ax),
    "spectrum": lambda ax=None: SpectrumDisplay.from_vectors(VECTORS, ax=ax),
    "curve": lambda ax=None: RankingCurveDisplay.from_predictions(["a", "c"], LISTS, ax=ax),
    "learning": lambda ax=None: LearningCurvesDisplay({"m": ([8, 32], [[0.5, 0.6], [0.7, 0.8]])}).plot(ax),
    "scores": lambda ax=None: SearchScoreDisplay([[0.5]], [1], ["a"], row_name="r", column_name="c").plot(ax),
    "tradeoff": lambda ax=None: TradeoffDisplay.from_results(POINTS, ax=ax),
}


@pytest.mark.parametrize("make", DISPLAYS.values(), ids=DISPLAYS)
def test_displays_draw_on_new_or_given_axes(make):
    display = make()
    assert display.ax_.figure is display.figure_
    _, ax = plt.subplots()
    assert make(ax).ax_ is ax
    again = display.plot(ax=ax)
    assert again is display
    assert display.ax_ is ax
    display.figure_.canvas.draw()  # what is wrong with an artist shows when it is drawn


def test_the_spectrum_is_that_of_pca():
    expected = PCA().fit(VECTORS).explained_variance_ratio_
    for display in (SpectrumDisplay.from_vectors({"raw": VECTORS}), SpectrumDisplay.from_estimator(PCA().fit(VECTORS))):
        np.testing.assert_allclose(display.lines_[0].get_ydata(), np.cumsum(expected))
        (n_effective,) = display.n_effective_.values()
        assert n_effective == pytest.approx(1 / (expected**2).sum())
    with pytest.raises(ValueError, match="All vectors are equal"):
        SpectrumDisplay.from_vectors(np.ones((3, 2)))
    with pytest.raises(NotFittedError, match="PCA instance is not fitted"):
        SpectrumDisplay.from_estimator(PCA())


@pytest.mark.parametrize("metric", ["HR", "NDCG"])
def test_ranking_curves_are_the_measures_at_each_k(metric):
    function = {"HR": recall_at_k, "NDCG": ndcg_at_k}[metric]
    display = RankingCurveDisplay.from_predictions(["a", "c"], LISTS, metric=metric, linewidth=3)
    for line, lists in zip(display.lines_, LISTS.values(), strict=True):
        np.testing.assert_allclose(line.get_ydata(), [function(["a", "c"], lists, k=k) for k in (1, 2)])
        np.testing.assert_array_equal(line.get_xdata(), [1, 2])
        assert line.get_linewidth() == 3
    assert display.ax_.get_ylabel() == f"{metric}@k"


def test_coverage_curves_are_the_coverage_at_each_k():
    items = Catalog(["a", "b", "c", "d"])
    display = RankingCurveDisplay.from_predictions(None, LISTS, metric="coverage", items=items)
    for line, lists in zip(display.lines_, LISTS.values(), strict=True):
        np.testing.assert_allclose(line.get_ydata(), [catalog_coverage(lists, items, k=k) for k in (1, 2)])
    assert display.ax_.get_ylabel() == "coverage@k"


def test_ranking_curves_say_what_is_wrong():
    with pytest.raises(ValueError, match="metric='MRR' is not known"):
        RankingCurveDisplay.from_predictions(["a"], LISTS, metric="MRR")
    with pytest.raises(ValueError, match="The lists of 'first' have the shape"):
        RankingCurveDisplay.from_predictions(["a"], LISTS)
    with pytest.raises(ValueError, match=r"The lists of 'm' have the shape \(2,\): \(n_queries, n_columns\)"):
        RankingCurveDisplay.from_predictions(["a", "c"], {"m": ["a", "b"]})
    with pytest.raises(ValueError, match="metric='coverage' needs items"):
        RankingCurveDisplay.from_predictions(None, LISTS, metric="coverage")
    with pytest.raises(ValueError, match="y_true has 2 dimensions: one item per query"):
        RankingCurveDisplay.from_predictions([["a"], ["c"]], LISTS)
    with pytest.raises(ValueError, match="Row 1 of 'm' holds 'b' twice"):
        RankingCurveDisplay.from_predictions(["a", "c"], {"m": [["a", None, None], ["b", "c", "b"]]})


def test_tradeoff_lines_go_through_the_points():
    display = TradeoffDisplay.from_results(POINTS, benefit_name="variety")
    assert [line.get_label() for line in display.lines_] == ["MMR", "other"]
    np.testing.assert_allclose(display.lines_[0].get_xydata(), [[0.2, 0.3], [0.9, 0.1]])
    assert [text.get_text() for text in display.ax_.texts] == ["0", "1", "0", "1"]
    assert display.ax_.get_xlabel() == "variety"
    with pytest.raises(ValueError, match="'other' was measured at"):
        TradeoffDisplay.from_results({**POINTS, "other": [(0.5, 1, 1)]})
    with pytest.raises(ValueError, match="results is empty: pass the points"):
        TradeoffDisplay.from_results({})
    with pytest.raises(ValueError, match=r"'MMR' has the point \(0, 1\): \(strength, accuracy, benefit\) is needed"):
        TradeoffDisplay.from_results({"MMR": [(0, 1)]})
    with pytest.raises(ValueError, match="names must agree"):
        TradeoffDisplay([0], {"a": [1]}, {"b": [1]}).plot()


def test_search_cost_has_a_panel_for_texts_and_one_for_seconds():
    display = SearchCostDisplay.from_results({"anew": (5400, 90.5), "once": (600, 14.0)})
    assert [[bar.get_width() for bar in bars] for bars in display.bars_] == [[5400, 600], [90.5, 14.0]]
    assert [text.get_text() for text in display.axes_[1].texts] == ["90.5", "14.0"]
    assert [label.get_text() for label in display.axes_[0].get_yticklabels()] == ["anew", "once"]
    display.figure_.canvas.draw()
    _, axes = plt.subplots(1, 2)
    assert display.plot(ax=axes).axes_[1] is axes[1]
    with pytest.raises(ValueError, match="ax has 1 axes: two are needed"):
        display.plot(ax=axes[0])
    with pytest.raises(ValueError, match="results is empty: pass at least one way"):
        SearchCostDisplay.from_results({})
    for result in ((1,), (1, 2, 3), 1):
        with pytest.raises(ValueError, match=r"'a' has the result .*: \(texts, seconds\) is needed"):
            SearchCostDisplay.from_results({"a": result})
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        SearchCostDisplay(["a"], [1, 2], [3]).plot()


@pytest.mark.parametrize(
    ("name", "make"),
    [*DISPLAYS.items(), ("cost", lambda: SearchCostDisplay(["a"], [1], [1]).plot())],
    ids=[*DISPLAYS, "cost"],
)
def test_without_matplotlib_the_message_says_what_to_install(monkeypatch, name, make):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(MissingDependencyError, match=r"Display needs 'matplotlib.pyplot'.*sklearn-llmtokens\[plot\]"):
        make()
