"""Catalogues from tables of items, and tables and columns in the wrong place."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from sklearn_llmtokens.exceptions import MissingTextError, TrainingRowsWarning
from sklearn_llmtokens.recommend import (
    Catalog,
    ContentRecommender,
    EASERecommender,
    Interactions,
    make_queries,
)

ITEMS = {
    "title": ["green tea", "iron pot", "tea cup"],
    "brand": ["Lu", None, "Mei"],
    "price": [3.0, 20.0, 5.0],
    "item_id": [7, 8, 9],
}
LIBRARIES = [pd.DataFrame, pl.DataFrame, pa.table]


@pytest.mark.parametrize("library", [*LIBRARIES, dict])
def test_a_table_is_read_by_names(library):
    catalog = Catalog.from_frame(library(ITEMS))
    assert catalog.ids.tolist() == [7, 8, 9]
    assert catalog.texts() == ITEMS["title"]
    assert not catalog.has_features
    named = Catalog.from_frame(library(ITEMS), id="title", text=["brand", "title"])
    assert named.ids.tolist() == ITEMS["title"]
    assert named.texts() == ["Lu green tea", "iron pot", "Mei tea cup"]
    assert Catalog.from_frame(library(ITEMS), text=None) == Catalog([7, 8, 9])


@pytest.mark.parametrize("library", LIBRARIES)
def test_features_keep_their_names_and_library(library):
    catalog = Catalog.from_frame(library(ITEMS), features=["price", "brand"])
    assert isinstance(catalog.features(), type(library(ITEMS)))
    assert list(catalog.columns([1]).to_pandas().columns if library is not pd.DataFrame else catalog.columns([1])) == [
        "text",
        "price",
        "brand",
    ]
    assert Catalog.from_frame(library(ITEMS), features="price") == Catalog(
        ITEMS["item_id"], ITEMS["title"], library({"price": ITEMS["price"]})
    )


def test_a_file_without_a_header_has_numbers_for_names():
    frame = pd.DataFrame([[7, "tea", "green", 3.0], [8, "pot", None, 9.0]])
    catalog = Catalog.from_frame(frame, id=0, text=[1, 2], features=3)
    assert catalog.ids.tolist() == [7, 8]
    assert catalog.texts() == ["tea green", "pot"]
    assert catalog.features()[3].tolist() == [3.0, 9.0]
    assert Catalog.from_frame(frame, id=1, text=1).texts() == ["tea", "pot"]


def test_fields_of_an_array_are_columns():
    array = np.array([("a", "tea"), ("b", "pot")], dtype=[("id", "U1"), ("name", "U3")])
    assert Catalog.from_frame(array) == Catalog(["a", "b"], ["tea", "pot"])


def test_a_text_is_missing_where_all_of_its_columns_are():
    items = {"id": [1, 2], "title": ["tea", None], "brand": [float("nan"), None]}
    with pytest.raises(MissingTextError, match=r"texts\[1\] is missing"):
        Catalog.from_frame(items, text=["title", "brand"])
    assert Catalog.from_frame(items, text=["title", "brand"], missing="zero").texts() == ["tea", ""]


@pytest.mark.parametrize(
    ("items", "arguments", "message"),
    [
        (
            {"sku": [1], "title": ["x"]},
            {},
            r"known as the id \(such as item_id, id.*it has \['sku', 'title'\]: pass id=",
        ),
        ({"id": [1], "item_id": [2]}, {}, r"\['id', 'item_id'\], each of which may be the id: pass id="),
        ({"id": [1], "title": ["x"], "name": ["y"]}, {}, r"\['title', 'name'\].*the text: pass text="),
        ({"id": [1], "label": ["x"]}, {}, r"the text .*pass text= its name, or text=None where there is none"),
        ({"id": [1]}, {"text": ["title"]}, r"items has no column 'title', it has \['id'\]"),
        ({"id": [1], "text": ["x"]}, {"features": "price"}, "items has no column 'price'"),
    ],
)
def test_a_column_that_is_not_there_or_not_clear_is_named(items, arguments, message):
    with pytest.raises(ValueError, match=message):
        Catalog.from_frame(items, **arguments)


def test_what_is_no_table_is_refused():
    with pytest.raises(TypeError, match="items is a Series: pass a DataFrame"):
        Catalog.from_frame(pd.Series(["tea"]))
    with pytest.raises(TypeError, match=r"items is a LazyFrame, which is not in memory: .*collect\(\)"):
        Catalog.from_frame(pl.LazyFrame(ITEMS))
    with pytest.raises(TypeError, match="features of a dict have no type of their own: pass a DataFrame"):
        Catalog.from_frame(ITEMS, features="price")


FRAME = pd.DataFrame(ITEMS)
BY_PRICE = FRAME.sort_values("price")


@pytest.mark.parametrize(
    ("call", "names"),
    [
        (lambda: Catalog(FRAME["item_id"], BY_PRICE["title"]), "ids and texts"),
        (lambda: Catalog(FRAME["item_id"], FRAME["title"], BY_PRICE[["price"]]), "ids and features"),
        (lambda: Catalog([1, 2, 3], FRAME["title"], BY_PRICE[["price"]]), "texts and features"),
        (lambda: Catalog([1]).append(FRAME["item_id"], BY_PRICE["title"]), "ids and texts"),
        (lambda: Interactions(FRAME["brand"], BY_PRICE["item_id"]), "'user' and 'item'"),
    ],
)
def test_a_column_that_was_sorted_alone_is_refused(call, names):
    with pytest.raises(ValueError, match=f"{names} have the same row labels in another order"):
        call()


def test_columns_are_read_by_position_where_their_labels_say_nothing():
    later = FRAME["title"].set_axis([10, 11, 12])
    assert Catalog(FRAME["item_id"], later).texts() == ITEMS["title"]
    assert Catalog(FRAME["item_id"], BY_PRICE["title"].to_numpy()).texts() == BY_PRICE["title"].tolist()
    assert Catalog(BY_PRICE["item_id"], BY_PRICE["title"], BY_PRICE[["price"]]).texts() == BY_PRICE["title"].tolist()
    twice = FRAME["title"].set_axis([0, 0, 1])
    assert Catalog(FRAME["item_id"].set_axis([0, 1, 0]), twice).texts() == ITEMS["title"]


@pytest.mark.parametrize("texts", [["green tea", "iron pot", "tea cup"], ["绿茶", "铁壶", "茶杯"]])
def test_texts_and_ids_in_each_others_place_are_noticed(texts):
    with pytest.warns(UserWarning, match=r"The ids look like texts .* and the texts like ids \('t1'\)"):
        Catalog(texts, ["t1", "p1", "c1"])


@pytest.mark.parametrize(
    ("ids", "texts"),
    [
        (["Toy Story (1995)", "Heat (1995)"], ["animation comedy", "crime"]),
        (["Toy Story (1995)", "Heat (1995)"], ["drama", "drama"]),
        (["t1", "p1"], ["tea", "pot"]),
        ([1, 2], ["tea", "pot"]),
        (["绿茶", "铁壶"], ["清香", "pot"]),
    ],
)
def test_titles_may_be_ids(ids, texts):
    assert Catalog(ids, texts).texts() == texts


def test_a_catalogue_of_texts_alone_says_so_once_texts_are_read():
    with pytest.raises(ValueError, match=r"no texts, ids alone, such as 'green tea': Catalog\(ids, texts\) has"):
        ContentRecommender(Catalog(FRAME["title"])).fit(None)


@pytest.mark.parametrize("library", [*LIBRARIES, dict])
def test_a_table_is_no_column_of_users(library):
    with pytest.raises(TypeError, match=r"and no items: a table is read by Interactions\.from_frame\(table\)"):
        Interactions(library(ITEMS))
    with pytest.raises(TypeError, match=r"as its users: a table is read by Interactions\.from_frame\(table\)"):
        Interactions(library(ITEMS), ITEMS["item_id"])


def test_what_is_no_column_of_histories_has_a_message_that_helps():
    events = {"user_id": [1, 1], "item_id": [7, 8], "timestamp": [1, 2]}
    recommender = EASERecommender(Catalog([7, 8, 9]))
    with pytest.raises(TypeError, match=r"X is a frame \(DataFrame\): events are read by Interactions\.from_frame"):
        recommender.fit(pd.DataFrame(events))
    with pytest.raises(TypeError, match=r"X is a Queries, a tuple of X, y, groups, times: pass X and y"):
        recommender.fit(make_queries(events))
    with pytest.raises(TypeError, match=r"candidates is <Catalog of 3 items> of type Catalog"):
        recommender.fit([[7, 8]]).recommend([[7]], candidates=recommender.catalog)


def test_an_array_of_events_in_the_place_of_histories_is_noticed():
    events = np.array([[7, 8], [7, 9]])
    recommender = EASERecommender(Catalog([7, 8, 9]))
    with pytest.warns(TrainingRowsWarning, match=r"shape \(2, 2\), and each row is read as a history of 2 items"):
        recommender.fit(events)
    recommender.fit(events.tolist())
    assert recommender.popularity_.tolist() == [2, 1, 1]
