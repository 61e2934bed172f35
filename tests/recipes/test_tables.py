"""`text_pipeline` on tables: texts, numbers, dates and categories in one fit."""

import pickle

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.decomposition import TruncatedSVD
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline

from sklearn_llmtokens import text_pipeline
from sklearn_llmtokens.exceptions import MissingTextError
from sklearn_llmtokens.features import TableFeatures

PHRASES = ["物流很快", "发货迅速", "味道发苦", "又酸又涩", "包装完好", "颜色暗淡"]
WORDS = make_pipeline(
    TfidfVectorizer(analyzer="char"), TruncatedSVD(8, random_state=0)
)  # in the place of a language model, for speed


def table(n_rows=90):
    rng = np.random.default_rng(0)
    numbers = np.arange(n_rows)
    frame = pd.DataFrame(
        {
            "review": [f"{PHRASES[i % 6]}，{PHRASES[i % 5]}" for i in numbers],
            "title": [f"{PHRASES[i % 3]}！" for i in numbers],
            "price": rng.normal(size=n_rows),
            "when": pd.date_range("2024-01-01", periods=n_rows, freq="7h"),
            "shop": rng.choice(["甲", "乙", None], n_rows),
            "gift": rng.random(n_rows) < 0.5,
            "order": [f"A{i:05d}" for i in numbers],
        }
    )
    frame.loc[::7, "price"] = None
    return frame


@pytest.fixture(scope="module")
def frame():
    return table()


@pytest.fixture(scope="module")
def by_number(frame):
    """Return a fitted pipeline whose labels are in the numbers, and the labels."""
    y = (frame["price"].fillna(0) > 0).to_numpy().astype(int)
    return build().fit(frame, y), y


def build(task="classification", **parameters):
    return text_pipeline(task, **{"embedder": WORDS, "text_columns": ["review", "title"], **parameters})


def test_labels_that_are_in_the_numbers_are_learnt_from_them(frame, by_number):
    model, y = by_number
    assert model["column"].kinds_ == {
        "review": "text",
        "title": "text",
        "price": "number",
        "when": "date",
        "shop": "category",
        "gift": "number",
        "order": "category",
    }
    assert cross_val_score(model, frame, y, cv=3).mean() > 0.9
    assert model["model"].block_weights_["table"] > 0.5


def test_labels_that_are_in_the_texts_are_learnt_from_them(frame):
    y = np.arange(len(frame)) % 6 < 2  # 物流, 发货
    model = build().fit(frame, y)
    assert cross_val_score(model, frame, y, cv=3).mean() > 0.95
    assert model["model"].block_weights_["table"] < 0.2


def test_labels_that_take_both_are_learnt_from_both(frame):
    y = (np.arange(len(frame)) % 6 < 3) & (frame["price"].fillna(0) > 0).to_numpy()
    whole, texts, numbers = (
        cross_val_score(build().set_params(**drop), frame, y, cv=3, scoring="roc_auc").mean()
        for drop in (
            {},
            {"features__table": "drop"},
            dict.fromkeys(["features__characters", "features__words", "features__meaning"], "drop"),
        )
    )
    assert whole > max(texts, numbers)


def test_texts_alone_are_fitted_as_without_a_table(frame):
    y = np.arange(len(frame)) % 2
    with_part, without = build(text_columns="auto"), build(text_columns="auto").set_params(features__table="drop")
    texts = frame["review"].tolist()
    np.testing.assert_array_equal(
        with_part.fit(texts, y).decision_function(texts), without.fit(texts, y).decision_function(texts)
    )
    assert "table" not in with_part["model"].block_weights_


def test_two_columns_of_text_are_one_text(frame):
    y = np.arange(len(frame)) % 2
    joined = [f"{review}\n{title}" for review, title in zip(frame["review"], frame["title"], strict=True)]
    both = frame[["review", "title"]]
    np.testing.assert_array_equal(
        build().fit(both, y).predict_proba(both), build(text_columns="auto").fit(joined, y).predict_proba(joined)
    )


def test_columns_in_another_order_and_library_give_the_same(frame, by_number):
    model, _ = by_number
    expected = model.predict_proba(frame)
    arrow = pa.Table.from_pandas(frame, preserve_index=False)
    others = (frame[frame.columns[::-1]], frame.assign(other=0), frame.convert_dtypes(), arrow, pl.from_arrow(arrow))
    for other in others:
        np.testing.assert_allclose(model.predict_proba(other), expected, atol=1e-6)
        np.testing.assert_allclose(model.predict_proba(other[:3]), expected[:3], atol=1e-6)


def test_rows_with_nothing_known_and_new_categories_are_predicted(frame, by_number):
    model, _ = by_number
    new = frame[:4].assign(price=None, when=None, shop=["丙", None, "丁", "甲"], gift=None, order=None)
    assert np.isfinite(model.predict_proba(new)).all()


def test_a_column_that_is_not_there_and_a_value_of_another_kind_are_named(frame, by_number):
    model, _ = by_number
    labelled = frame.set_index(pd.Index([f"r{i}" for i in range(len(frame))]))
    for X, message in (
        (frame.drop(columns=["price", "shop"]), "X has no column 'price', 'shop', which fit had"),
        (labelled.assign(price="x"), r"X\[0, 'price'\] \(index 'r0'\) is 'x', and the column has numbers"),
        (labelled.assign(when="soon"), r"X\[0, 'when'\] \(index 'r0'\) is 'soon', and the column has dates"),
        (labelled.assign(title=[None] * 90), r"X\[0, 'title'\] \(index 'r0'\) is missing"),
    ):
        with pytest.raises(ValueError, match=message):
            model.predict(X)
    with pytest.raises(TypeError, match="X is a Series: pass a frame"):
        model.predict(frame["review"])


def test_missing_is_passed_on(frame):
    with_gaps = frame.assign(title=[None, *frame["title"][1:]])
    y = np.arange(len(frame)) % 2
    with pytest.raises(MissingTextError, match=r"X\[0, 'title'\] is missing"):
        build().fit(with_gaps, y)
    empty = build(missing="zero").fit(with_gaps, y)
    np.testing.assert_array_equal(
        empty.predict_proba(with_gaps),
        build().fit(with_gaps.fillna({"title": ""}), y).predict_proba(with_gaps.fillna({"title": ""})),
    )


def test_names_of_classes_count_and_have_the_table_of_no_row(frame):
    y = np.where(np.arange(len(frame)) % 6 < 2, "物流", "味道")
    named = build().fit(frame, y)  # labels are words of the script of the texts
    assert named["model"].class_row_weight_ > 0
    given = build(label_texts={0: "物流、发货", 1: "味道、包装"}).fit(frame, [None] * len(frame))
    assert set(given.predict(frame)) == {0, 1}


def test_every_use_of_a_pipeline_takes_a_table(frame, by_number, tmp_path):
    model, y = by_number
    expected = model.predict_proba(frame)
    joblib.dump(model, tmp_path / "model.joblib")
    np.testing.assert_array_equal(joblib.load(tmp_path / "model.joblib").predict_proba(frame), expected)
    assert len(pickle.dumps(model)) < 1e6
    np.testing.assert_allclose(clone(model).fit(frame, y).predict_proba(frame), expected)
    for output in ("pandas", "polars"):
        with config_context(transform_output=output):
            np.testing.assert_allclose(clone(model).fit(frame, y).predict_proba(frame), expected)
    with config_context(enable_metadata_routing=True):
        assert build().fit(frame, y, sample_weight=np.ones(len(y))).score(frame, y) > 0.9
    grid = {
        "features__table": [TableFeatures(0), "drop"],
        "features__words__analyzer__mode": ["search"],
        "column__text_columns": [["review"], "title"],
    }
    search = GridSearchCV(build(), grid, cv=2).fit(frame, y)
    assert search.best_params_["features__table"] != "drop"
    names = model[:-1].get_feature_names_out()
    assert "table__price_value" in names
    assert len(names) == model[:-1].transform(frame[:2]).shape[1]


def test_features_of_a_table_have_names_with_a_language_model(frame):
    model = text_pipeline(embedder="zh-nano", label_texts=None, text_columns=["review", "title"])
    model.fit(frame, np.arange(len(frame)) % 2)
    names = model[:-1].get_feature_names_out()
    assert len(names) == model[:-1].transform(frame[:2]).shape[1]
    assert {name.split("__")[0] for name in names} == {"characters", "words", "meaning", "table"}
    assert list(model["column"].get_feature_names_out(frame.columns)) == ["text"]
    with pytest.raises(ValueError, match="input_features"):
        model["column"].get_feature_names_out(["review"])


def test_other_tasks_take_a_table(frame):
    y = frame["price"].fillna(0)
    assert build("regression").fit(frame, y).score(frame, y) > 0.9
    forest = build(RandomForestClassifier(n_estimators=10, random_state=0)).fit(frame, y > 0)
    assert forest.score(frame, y > 0) > 0.9


@pytest.mark.parametrize("labels", [list, np.array, pd.Series, pl.Series, pa.array])
def test_a_column_that_is_the_labels_is_warned_of_in_any_container(frame, labels):
    y = [0, 1] * 45
    with pytest.warns(UserWarning, match="The column 'answer' of X equals y"):
        build()["column"].fit(frame.assign(answer=y), labels(y))
