"""What the four pictures of recommenders show: values worked out by hand, and read back from the artists."""

import sys

import numpy as np
import pytest
from matplotlib import pyplot as plt

from sklearn_llmtokens.exceptions import MissingDependencyError
from sklearn_llmtokens.plotting import HitRatesByGroup, RankingReportDisplay
from sklearn_llmtokens.recommend import (
    Catalog,
    ContentRecommender,
    GlobalTimeSplit,
    Interactions,
    PopularityRecommender,
    catalog_coverage,
    make_queries,
    recall_at_k,
)

DAY = 86_400
ITEMS = ["a", "b", "c", "d"]
TARGETS = ["a", "b", "c", "d", "a", "b"]
LISTS = {
    "content": [["a", "b"], ["b", "a"], ["a", "c"], ["a", "b"], ["b", "c"], ["c", "b"]],
    "popular": [["a", "b"], ["a", "b"], ["a", "b"], ["a", "b"], ["a", "b"], ["a", None]],
}
QUERIES = [["c"], ["d"], ["d", "d"], ["a"] * 4, ["b"] * 5, []]
FIRST = Interactions(["u", "u", "u", "v"], ["a", "b", "c", "b"], [0, 50 * DAY, 100 * DAY, 90 * DAY])
TIMES = np.array([10, 100, 100, 100, 400, 50]) * DAY  # ages of the targets: 10, 50, new, new, 400, new


def report(**kwargs):
    return RankingReportDisplay.from_predictions(
        TARGETS, LISTS, QUERIES, items=ITEMS, interactions=FIRST, times=TIMES, **kwargs
    )


def drawn(ax):
    """Return the heights of the points of each recommender, by name."""
    return {bars.get_label(): bars.lines[0].get_ydata().tolist() for bars in ax.containers}


def test_the_pictures_show_rates_over_k_by_length_by_age_and_coverage():
    display = report()
    over_k, by_length, by_age, coverage = display.axes_
    for name, line, covered in zip(LISTS, over_k.lines, coverage.lines, strict=True):
        expected = [recall_at_k(TARGETS, LISTS[name], k=k) for k in (1, 2)]
        np.testing.assert_allclose(line.get_ydata(), expected)
        np.testing.assert_allclose(covered.get_ydata(), [catalog_coverage(LISTS[name], ITEMS, k=k) for k in (1, 2)])
    assert [label.get_text() for label in by_length.get_xticklabels()] == ["0\n1", "1\n2", "2-4\n2", "5-9\n1"]
    assert drawn(by_length) == {"content": [1.0, 1.0, 0.5, 0.0], "popular": [0.0, 1.0, 0.0, 1.0]}
    assert [label.get_text() for label in by_age.get_xticklabels()] == ["new\n3", "< 30\n1", "30-90\n1", "365+\n1"]
    assert drawn(by_age) == {"content": [2 / 3, 1.0, 1.0, 0.0], "popular": [0.0, 1.0, 1.0, 1.0]}
    assert by_age.get_ylabel() == "HR@2"
    display.figure_.canvas.draw()


def test_bars_are_standard_errors():
    groups = HitRatesByGroup(["1", "2+"], [4, 100], {"m": np.array([0.5, 0.1])})
    np.testing.assert_allclose(groups.standard_errors("m"), [0.25, 0.03])
    display = RankingReportDisplay({"m": [0.1, 0.2]}, {"m": [0.5, 1.0]}, groups).plot()
    (bars,) = display.axes_[1].containers
    (segments,) = (line.get_segments() for line in bars.lines[2])
    np.testing.assert_allclose([segment[:, 1].tolist() for segment in segments], [[0.25, 0.75], [0.07, 0.13]])


def test_groups_are_cut_where_they_are_asked_to_be():
    display = report(lengths=(1, 3), ages=(20,), day=DAY / 2)
    assert display.by_length.labels == ["0", "1-2", "3+"]
    assert display.by_length.n_queries == [1, 3, 2]
    assert display.by_age.labels == ["new", "20+"]  # 10 days are 20 halves
    assert display.by_age.n_queries == [3, 3]


def test_dates_are_counted_in_days():
    events = Interactions(["u", "v"], ["a", "b"], ["2024-01-01", "2024-03-01"])
    X, y, _, _ = make_queries({"user_id": ["w", "w"], "item_id": ["a", "b"], "timestamp": ["2024-01-08", "2024-02-01"]})
    display = RankingReportDisplay.from_predictions(y, {"m": [["a"], ["b"]]}, X, items=ITEMS, interactions=events)
    assert display.by_age.labels == ["new", "< 30"]


def test_fitted_recommenders_are_asked():
    texts = ["green tea", "black tea", "iron pot", "tea pot"]
    catalog = Catalog(ITEMS, texts)
    rng = np.random.default_rng(0)
    table = {"user": rng.integers(0, 9, 60), "item": [ITEMS[i] for i in rng.integers(0, 4, 60)], "time": np.arange(60)}
    interactions = Interactions.from_frame(table)
    X, y, _, _ = make_queries(interactions)
    train, test = next(GlobalTimeSplit(quantile=0.7).split(X))
    models = {"content": ContentRecommender(catalog), "popular": PopularityRecommender(catalog)}
    models = {name: model.set_params(filter_seen=False).fit(X[train], y[train]) for name, model in models.items()}
    display = RankingReportDisplay.from_estimators(models, X[test], y[test], interactions=interactions, k=3, day=1)
    for name, model in models.items():
        expected = recall_at_k(y[test], model.recommend(X[test], k=3), k=3)
        assert display.hit_rate[name][-1] == pytest.approx(expected)
        for groups in (display.by_length, display.by_age):
            assert sum(groups.n_queries) == len(test)
            assert np.average(groups.rates[name], weights=groups.n_queries) == pytest.approx(expected)


def test_without_events_there_is_no_picture_of_ages():
    display = RankingReportDisplay.from_predictions(["a"], {"m": [["a"]]}, [["b"]], items=ITEMS)
    assert [ax.get_ylabel() for ax in display.axes_] == ["HR@k", "HR@1", "coverage@k"]
    _, axes = plt.subplots(1, 3)
    assert display.plot(ax=axes).axes_[2] is axes[2]
    with pytest.raises(ValueError, match="ax has 1 axes: 3 are needed"):
        display.plot(ax=axes[0])


def test_the_report_says_what_is_wrong():
    predictions = (["a"], {"m": [["a"]]}, [["b"]])
    with pytest.raises(ValueError, match="recommended is empty"):
        RankingReportDisplay.from_predictions(["a"], {}, [["b"]], items=ITEMS)
    with pytest.raises(ValueError, match="recommenders is empty"):
        RankingReportDisplay.from_estimators({}, [["b"]], ["a"])
    with pytest.raises(ValueError, match=r"X has 2 rows and the lists of 'm' have 1\."):
        RankingReportDisplay.from_predictions(*predictions[:2], [["b"], ["c"]], items=ITEMS)
    with pytest.raises(ValueError, match=r"X\[0\] does not know its time, as rows of make_queries do: pass times"):
        RankingReportDisplay.from_predictions(*predictions, items=ITEMS, interactions=FIRST)
    with pytest.raises(ValueError, match="interactions has no times"):
        RankingReportDisplay.from_predictions(*predictions, items=ITEMS, interactions=Interactions(["u"], ["a"]))


def test_without_matplotlib_the_report_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(MissingDependencyError, match=r"RankingReportDisplay needs 'matplotlib.pyplot'"):
        report()
