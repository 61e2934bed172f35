"""Numbers, dates and categories of a table as features: values worked by hand, and what is missing, new or constant."""

import datetime as dt

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_llmtokens.features import TableFeatures
from sklearn_llmtokens.text import TableReader

FRAME = pd.DataFrame(
    {
        "price": [3.0, 9.0, np.nan, 4.0, 7.0, 7.0],
        "shop": ["a", "b", "a", None, "a", "b"],
        "when": pd.to_datetime(
            ["2024-05-01 06:00", "2024-05-04 18:00", None, "2024-08-01 00:00", "2025-01-01 00:00", "2024-05-06 00:00"]
        ),
        "stock": [True, False, True, True, False, True],
    }
)


def features_of(frame, **parameters):
    features = TableFeatures(**{"interactions": 0, **parameters}).fit(frame)
    return features, pd.DataFrame(features.transform(frame), columns=features.get_feature_names_out())


def test_each_column_is_centred_and_has_a_variance_of_one():
    features, rows = features_of(FRAME)
    np.testing.assert_allclose(rows.mean(), 0, atol=1e-6)
    for name in FRAME:
        assert rows.filter(regex=f"^{name}_").var(ddof=0).sum() == pytest.approx(1, abs=1e-5)
    assert features.kinds_ == {"price": "number", "shop": "category", "when": "date", "stock": "number"}


def test_a_number_of_few_values_has_an_indicator_of_each():
    _, rows = features_of(pd.DataFrame({"n": [1, 1, 2, 5]}))
    for i, value in enumerate((1, 2, 5)):
        indicator = np.array([1, 1, 2, 5]) == value
        shown = rows[f"n_spline{i}"]
        np.testing.assert_allclose(shown - shown.min(), indicator * np.ptp(shown), atol=1e-6)


def test_an_outlier_is_drawn_in():
    values = np.r_[np.arange(100.0), 1e9]
    _, rows = features_of(pd.DataFrame({"n": values}))
    value = rows["n_value"]
    assert value.is_monotonic_increasing
    assert value.iloc[-1] - value.iloc[-2] < 3 * (value.iloc[99] - value.iloc[0])


def test_a_missing_number_has_the_features_of_the_mean_and_an_indicator_where_fit_has_seen_one():
    features, rows = features_of(FRAME[["price"]])
    others = rows.drop(columns="price_missing")
    np.testing.assert_allclose(others.iloc[2], 0, atol=1e-6)
    assert rows["price_missing"].idxmax() == 2
    features = TableFeatures(interactions=0).fit(FRAME[["price"]].dropna())
    np.testing.assert_allclose(features.transform(FRAME[["price"]])[2], 0, atol=1e-6)


def test_dates_are_points_of_the_calendar():
    days = [dt.datetime(2024, 1, 1), dt.datetime(2024, 7, 1, 6), dt.datetime(2024, 12, 31, 18), dt.datetime(2024, 5, 4)]
    _, rows = features_of(pd.DataFrame({"d": days}))
    scale = np.hypot(np.ptp(rows["d_day_sin"]), 0) / 2  # 6 h and 18 h stand opposite each other
    day = rows["d_day_sin"] / scale
    np.testing.assert_allclose(day - day[0], [0, 1, -1, 0], atol=1e-5)
    year = rows[["d_year_sin", "d_year_cos"]] / scale
    assert np.linalg.norm(year.loc[0] - year.loc[2]) < 0.05  # New Year's Eve is near to New Year
    assert np.linalg.norm(year.loc[0] - year.loc[1]) > 1.95
    assert rows["d_weekend"].idxmax() == 3  # a Saturday


def test_rare_and_new_categories_are_one_and_missing_ones_a_category():
    features, rows = features_of(pd.DataFrame({"c": ["a"] * 4 + ["b"] * 3 + [None] * 2 + ["x", "y"]}))
    assert list(rows) == ["c_a", "c_b", "c_None", "c_infrequent_sklearn"]
    shown = features.transform(pd.DataFrame({"c": ["new", "x", None]}))
    np.testing.assert_array_equal(shown[0], shown[1])
    np.testing.assert_array_equal(shown[2], rows.iloc[7])


def test_categories_of_numbers_stay_categories_behind_a_reader():
    codes = pd.Categorical([10, 20, 10, 30, 20, 30])
    frame = pd.DataFrame({"text": ["物流很快", "味道发苦"] * 3, "code": codes})
    features = TableFeatures(0).fit(TableReader("text").fit_transform(frame))
    assert features.get_feature_names_out().tolist() == ["code_10", "code_20", "code_30"]
    assert TableFeatures(0).fit(frame[["code"]]).kinds_ == {"code": "category"}


def test_constant_and_empty_columns_count_nothing():
    frame = FRAME.assign(one=1, same="x", void=None, nan=np.nan)
    features, rows = features_of(frame)
    assert not rows.filter(regex="^(one|same)_").to_numpy().any()
    assert "void" not in features.kinds_
    assert "nan" not in features.kinds_
    assert np.isfinite(features.transform(frame.assign(one=2, void=3, nan=1.0))).all()


@pytest.mark.parametrize("interactions", [0, 4])
def test_other_libraries_have_the_same_features(interactions):
    features = TableFeatures(interactions=interactions).fit(FRAME)
    expected = features.transform(FRAME)
    table = pa.Table.from_pandas(FRAME, preserve_index=False)
    for frame in (pl.from_arrow(table), table, FRAME.convert_dtypes(), FRAME.set_index(pd.Index(list("uvwxyz")))):
        np.testing.assert_allclose(features.transform(frame), expected, atol=1e-6)
        np.testing.assert_allclose(clone(features).fit_transform(frame), expected, atol=1e-5)


def test_interactions_have_the_variance_of_all_others():
    _, rows = features_of(FRAME, interactions=5)
    combined = rows.filter(like="interaction")
    assert combined.shape[1] == 5
    assert combined.var(ddof=0).sum() == pytest.approx(4, rel=1e-3)


def test_a_linear_model_learns_bends_and_what_two_columns_mean_together():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=400), "b": rng.choice(["x", "y"], 400)})
    bend = np.abs(frame["a"])
    both = frame["a"] * np.where(frame["b"] == "x", 1, -1)
    additive, whole = (make_pipeline(TableFeatures(n), Ridge(0.1)) for n in (0, 100))
    assert cross_val_score(make_pipeline(StandardScaler(), Ridge()), frame[["a"]], bend, cv=3).mean() < 0.1
    assert cross_val_score(additive, frame, bend, cv=3).mean() > 0.9
    assert cross_val_score(additive, frame, both, cv=3).mean() < 0.1
    assert cross_val_score(whole, frame, both, cv=3).mean() > 0.9


def test_the_configured_output_changes_no_value():
    expected = TableFeatures(3).fit_transform(FRAME)
    for output in ("pandas", "polars"):
        with config_context(transform_output=output):
            rows = TableFeatures(3).fit_transform(FRAME)
        np.testing.assert_allclose(rows.to_numpy(), expected, atol=1e-6)
    assert TableFeatures(3).set_output(transform="pandas").fit_transform(FRAME.set_index("shop")).index[1] == "b"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"price": [np.inf] * 6}, r"X\[0, 'price'\] is infinite"),
        ({"price": list("abcdef")}, r"X\[0, 'price'\] is 'a', and the column has numbers"),
        ({"when": ["2024-05-01"] * 5 + ["soon"]}, r"X\[5, 'when'\] is 'soon', and the column has dates"),
        ({"shop": [["a"]] * 6}, r"X\[0, 'shop'\] is \['a'\] of type list"),
    ],
)
def test_values_of_another_kind_are_refused_by_place(change, message):
    features = TableFeatures().fit(FRAME)
    with pytest.raises((ValueError, TypeError), match=message):
        features.transform(FRAME.assign(**change))


def test_texts_alone_have_no_columns():
    assert TableFeatures().fit(["很快", "发苦"]).transform(["很快"]).shape == (1, 0)
    assert not TableFeatures().fit(FRAME).transform(["a name of a class"]).any()
