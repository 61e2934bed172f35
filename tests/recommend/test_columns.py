"""What is missing in a column stays missing in everything that reads ids, features or groups; mixed ids stay mixed."""

import numpy as np
import pyarrow as pa
import pytest

from sklearn_llmtokens.recommend import (
    Catalog,
    ColdItemSplit,
    PopularityRecommender,
    calibrated_rerank,
    catalog_coverage,
    exposure_report,
    hit_rate_at_k,
    mmr_rerank,
    novelty,
    recall_at_k,
)

CATALOG = Catalog(["a", "b", "x"])
HIDDEN = np.ma.array(["a", "x", "b"], mask=[False, True, False])
COLUMNS = {
    "masked array": HIDDEN,
    "dictionary of Arrow": pa.chunked_array([pa.array(["a", None, "b"]).dictionary_encode()]),
    "list with NaN": ["a", float("nan"), "b"],
    "list with a masked value": list(HIDDEN),
}
LISTS, SCORES = [["a", "b"]], [[1.0, 0.5]]


def fitted():
    return PopularityRecommender(CATALOG).fit([["a", "b"], ["x"]])


READERS = {
    "Catalog": (Catalog, r"ids\[1\] is missing"),
    "append": (CATALOG.append, r"ids\[1\] is missing"),
    "fit": (lambda one: fitted().fit([["a"], ["b"], ["a"]], one), r"y\[1\] is missing"),
    "score": (lambda one: fitted().score([["x"], ["x"], ["x"]], one), r"y(_true)?\[1\]"),
    "history": (lambda one: fitted().recommend([one]), r"X\[0\]\[1\] is missing"),
    "add_items": (lambda one: fitted().add_items(one), r"ids\[1\] is missing"),
    "similar_items": (lambda one: fitted().similar_items(one), r"ids\[1\] is missing"),
    "hit rate": (lambda one: hit_rate_at_k(one, [["a"], ["b"], ["b"]]), r"y_true\[1\]"),
    "recall": (lambda one: recall_at_k(one, [["a"], ["b"], ["b"]]), r"y_true\[1\]"),
    "coverage": (lambda one: catalog_coverage(LISTS, one), r"items\[1\] is missing"),
    "mmr": (lambda one: mmr_rerank(LISTS, SCORES, items=one, vectors=np.eye(3), k=1), r"items\[1\] is missing"),
    "categories": (
        lambda one: calibrated_rerank(LISTS, SCORES, histories=[["a"]], items=CATALOG, categories=one, k=1),
        r"categories\[1\] is",
    ),
    "groups of items": (lambda one: exposure_report(LISTS, CATALOG, one), r"groups\[1\] is missing"),
    "cold items": (lambda one: next(ColdItemSplit(1, test_size=1).split([["a"]] * 3, one)), r"y\[1\] is missing"),
}


@pytest.mark.parametrize("column", COLUMNS.values(), ids=COLUMNS)
@pytest.mark.parametrize("reader", READERS)
def test_a_missing_value_is_named_with_its_place(reader, column):
    read, message = READERS[reader]
    with pytest.raises(ValueError, match=message):
        read(column)


@pytest.mark.parametrize("column", COLUMNS.values(), ids=COLUMNS)
def test_a_missing_value_fills_a_list_where_lists_may_be_short(column):
    recommender = fitted()
    assert recommender.recommend([[]], k=3, candidates=column).tolist() == [["a", "b", None]]
    assert recommender.recommend([[]], k=3, exclude=column).tolist() == [["x", None, None]]
    assert [np.isnan(share).tolist() for share in recommender.explain([["b"], ["b"], ["b"]], column)] == [
        [False],
        [True],
        [False],
    ]
    assert novelty([["a"], ["x"]], [column, ["x"]]) == novelty([["a"], ["x"]], [["a", "b"], ["x"]])


@pytest.mark.parametrize("dtype", [np.int64, np.float64])
def test_masked_features_are_missing(dtype):
    features = np.ma.array([[1, 2], [3, 4]], mask=[[False, True], [False, False]], dtype=dtype)
    catalog = Catalog(["a", "b"], features=features)
    np.testing.assert_array_equal(catalog.features(), [[1.0, np.nan], [3.0, 4.0]])
    features[:] = 9
    np.testing.assert_array_equal(catalog.features(), [[1.0, np.nan], [3.0, 4.0]])


def test_mixed_ids_stay_mixed():
    ids = ["a", 1, "1"]
    for items in (ids, np.array(ids, dtype=object), Catalog(ids)):
        assert mmr_rerank([ids], [[3.0, 2.0, 1.0]], items=items, vectors=np.eye(3), k=3).tolist() == [ids]
        assert catalog_coverage([[1]], items) == pytest.approx(1 / 3)
    assert PopularityRecommender(Catalog(ids)).fit([["a", 1], [1]]).popularity_.tolist() == [1, 2, 0]
    assert recall_at_k([1, "1"], [[1], [1]]) == 0.5
    assert recall_at_k(pa.array(["a", "b"]), pa.array([["a"], ["a"]])) == 0.5


def test_durations_are_no_ids():
    for ids in ([np.timedelta64(1, "s")], np.array([1], dtype="timedelta64[s]")):
        with pytest.raises(TypeError, match="an id is a str or an int"):
            Catalog(ids)
