import dataclasses
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_llmtokens.recommend import catalog_coverage, exposure_gini, exposure_report

IDS = list("abcdef")
GROUPS = ["x", "y", "x", "x", "y", "z"]
lists = st.lists(st.permutations(IDS).map(lambda ids: ids[:3]), min_size=1, max_size=6)


@settings(deadline=None)
@given(
    rows=lists, clicks=st.lists(st.sampled_from(IDS), min_size=1), position_weights=st.sampled_from(["uniform", "log"])
)
def test_shares_are_sums_over_the_lists(rows, clicks, position_weights):
    report = exposure_report(rows, IDS, GROUPS, clicks=clicks, k=2, position_weights=position_weights)
    group = dict(zip(IDS, GROUPS, strict=True))
    exposure = dict.fromkeys("xyz", 0.0)
    for row in rows:
        for rank, item in enumerate(row[:2], start=1):
            exposure[group[item]] += 1 if position_weights == "uniform" else 1 / math.log2(rank + 1)
    total = sum(exposure.values())
    shown = {item for row in rows for item in row[:2]}
    assert report.groups.tolist() == list("xyz")
    assert report.n_items.tolist() == [3, 2, 1]
    np.testing.assert_allclose(report.catalog_share, [3 / 6, 2 / 6, 1 / 6])
    np.testing.assert_allclose(report.exposure_share, [exposure[g] / total for g in "xyz"])
    np.testing.assert_allclose(report.click_share, [sum(group[c] == g for c in clicks) / len(clicks) for g in "xyz"])
    np.testing.assert_allclose(report.coverage, [np.mean([i in shown for i in IDS if group[i] == g]) for g in "xyz"])
    assert report.overall_coverage == pytest.approx(catalog_coverage(rows, IDS, 2))
    assert report.overall_gini == pytest.approx(exposure_gini(rows, IDS, 2, position_weights=position_weights))
    np.testing.assert_allclose(report.against_catalog * report.catalog_share, report.exposure_share)
    assert 0 <= report.disparity <= 1


def test_parity_has_no_disparity():
    report = exposure_report([[item] for item in IDS], IDS, GROUPS)
    assert report.disparity == pytest.approx(0)
    np.testing.assert_allclose(report.gini, 0)
    np.testing.assert_allclose(report.against_catalog, 1)
    assert report.click_share is None
    assert report.against_clicks is None


def test_the_dict_is_plain_and_the_table_has_the_same_numbers():
    report = exposure_report([["a", "b"]], IDS, GROUPS, clicks=["a"], position_weights="log")
    found = json.loads(json.dumps(report.to_dict()["groups"]["x"]))
    assert found["exposure_share"] == pytest.approx(1 / (1 + 1 / math.log2(3)))
    assert set(report.to_dict()) == {"groups", "coverage", "gini", "disparity"}
    assert str(report).splitlines()[1].split()[:2] == ["x", "3"]
    pytest.importorskip("pandas")
    frame = report.to_frame()
    assert frame.shape == (3, 9)
    np.testing.assert_array_equal(frame["coverage"], report.coverage)


def test_a_report_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        exposure_report([["a"]], IDS, GROUPS).gini = 0


def test_groups_may_be_numbers():
    assert exposure_report([["a"]], ["a", "b"], [7, 3]).groups.tolist() == [3, 7]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"groups": ["x"]}, r"groups has the shape \(1,\) for 6 items"),
        ({"clicks": ["q"]}, r"clicks\[0\] is 'q', which is not an item"),
        ({"clicks": []}, "clicks is empty"),
        ({"recommended": [[None]]}, "Nothing was recommended"),
        ({"recommended": [["q"]]}, r"recommended\[0\]\[0\] is 'q'"),
    ],
)
def test_what_is_wrong_is_named(change, message):
    with pytest.raises(ValueError, match=message):
        exposure_report(**{"recommended": [["a"]], "items": IDS, "groups": GROUPS, **change})


@pytest.mark.parametrize("groups", [["x", None], ["x", float("nan")], np.array(["x", None], dtype=object)])
def test_an_item_without_a_group_is_named(groups):
    with pytest.raises(ValueError, match=r"groups\[1\] is missing .*: give the items without a group a name"):
        exposure_report([["a", "b"]], ["a", "b"], groups)


@given(rows=lists)
def test_the_report_and_the_measure_have_one_default(rows):
    report = exposure_report(rows, IDS, GROUPS)
    assert report.overall_gini == pytest.approx(exposure_gini(rows, IDS))
