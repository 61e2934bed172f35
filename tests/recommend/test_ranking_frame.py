"""Ranked lists as a frame: who each row is for, and what other libraries make of it."""

import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest

from sklearn_llmtokens.exceptions import MissingDependencyError
from sklearn_llmtokens.recommend import Catalog, Interactions, PopularityRecommender, make_queries

EVENTS = {
    "user_id": ["v", "u", "u", "v", "w"],
    "item_id": ["a", "a", "b", "c", "a"],
    "timestamp": [1, 2, 3, 4, 5],
}
TABLE = Interactions.from_frame(EVENTS)


def fitted(ids=("a", "b", "c", "d")):
    return PopularityRecommender(Catalog(list(ids))).fit(TABLE)


def test_rows_that_know_their_user_have_it_beside_their_position():
    frame = fitted().recommend(make_queries(EVENTS).X, k=2, as_frame=True)
    assert frame.to_dict("list") == {
        "query_id": [0, 0, 1, 1, 2, 2, 3, 3, 4, 4],
        "user_id": ["u"] * 4 + ["v"] * 4 + ["w"] * 2,
        "item_id": ["a", "b", "b", "c", "a", "b", "b", "c", "a", "b"],
        "score": [3.0, 1.0, 1.0, 1.0, 3.0, 1.0, 1.0, 1.0, 3.0, 1.0],
        "rank": [1, 2] * 5,
    }


def test_a_table_has_one_list_per_user():
    frame = fitted().recommend(TABLE, k=4, as_frame=True)
    assert frame.groupby("user_id")["item_id"].agg(list).to_dict() == {
        "u": ["c", "d"],
        "v": ["b", "d"],
        "w": ["b", "c", "d"],
    }


def test_a_row_by_hand_has_no_user_beside_rows_that_have_one():
    known = TABLE.histories()[0]
    frame = fitted().recommend([["a", "b", "c"], known], as_frame=True)
    assert frame["user_id"].tolist()[1:] == ["u", "u"]
    assert frame["user_id"].isna().tolist() == [True, False, False]
    assert "user_id" not in fitted().recommend([["a"]], as_frame=True)


def test_labels_of_a_series_are_the_queries():
    queries = pd.Series([["a", "b", "c"], ["a", "b", "c", "d"], []], index=[("x", 1), ("y", 2), ("z", 3)])
    frame = fitted().recommend(queries, k=1, as_frame=True)
    assert frame["query_id"].tolist() == [("x", 1), ("z", 3)]
    assert frame["item_id"].tolist() == ["d", "a"]


def test_a_label_of_two_queries_is_warned_of():
    queries = pd.Series([["a"], ["b"], ["c"]], index=["x", "y", "x"])
    with pytest.warns(UserWarning, match=r"the label 'x' more than once.*X\.reset_index\(drop=True\)"):
        frame = fitted().recommend(queries, k=1, as_frame=True)
    assert frame["query_id"].tolist() == ["x", "y", "x"]


def test_types_are_those_of_ids_and_scores():
    numbers = PopularityRecommender(Catalog([7, 5])).fit([[7], [7, 5]])
    frame = numbers.recommend([[]], as_frame=True)
    assert [frame[name].dtype for name in frame] == [np.int64, np.int64, np.float32, np.int64]
    assert frame["item_id"].tolist() == [7, 5]
    mixed = PopularityRecommender(Catalog(["7", 7])).fit([["7"], [7, "7"]]).recommend([[]], as_frame=True)
    assert mixed["item_id"].tolist() == ["7", 7]


@pytest.mark.parametrize("queries", [[], [["a", "b", "c", "d"]]])
def test_a_frame_without_rows_has_its_columns(queries):
    frame = fitted().recommend(queries, as_frame=True)
    assert frame.shape == (0, 4)
    assert frame.columns.tolist() == ["query_id", "item_id", "score", "rank"]


def test_polars_reads_the_frame():
    frame = pl.from_pandas(fitted().recommend(TABLE, k=1, as_frame=True))
    assert frame.to_dict(as_series=False) == {
        "query_id": [0, 1, 2],
        "user_id": ["u", "v", "w"],
        "item_id": ["c", "b", "b"],
        "score": [1.0, 1.0, 1.0],
        "rank": [1, 1, 1],
    }


def test_without_pandas_the_message_says_what_to_install(monkeypatch):
    recommender = fitted()
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingDependencyError, match=r"as_frame=True needs 'pandas'.*sklearn-llmtokens\[frames\]"):
        recommender.recommend([["a"]], as_frame=True)
