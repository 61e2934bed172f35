"""Events by the column names of other libraries and data sets, their files, and the way back."""

import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest

from sklearn_llmtokens.exceptions import MissingDependencyError
from sklearn_llmtokens.recommend import (
    Catalog,
    Interactions,
    PopularityRecommender,
    load_recbole_catalog,
    load_recbole_interactions,
    make_queries,
)

VALUES = ([2, 1, 1], ["a", "b", "c"], [3, 9, 1], [5.0, 1.0, 4.0])
NAMES = {
    "RecTools": ("user_id", "item_id", "datetime", "weight"),
    "LensKit": ("user_id", "item_id", "timestamp", "rating"),
    "LensKit before 2025": ("user", "item", "timestamp", "rating"),
    "MovieLens": ("userId", "movieId", "timestamp", "rating"),
    "MovieLens 1M": ("UserID", "MovieID", "Timestamp", "Rating"),
    "MovieLens 100k": ("user id", "item id", "timestamp", "rating"),
    "RecBole, read by pandas": ("user_id:token", "item_id:token", "timestamp:float", "rating:float"),
}


def named(names):
    return dict(zip(names, VALUES, strict=True))


@pytest.mark.parametrize("library", [pd.DataFrame, pl.DataFrame, dict])
@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
def test_columns_are_found_by_the_names_that_others_use(names, library):
    shuffled = {name: named(names)[name] for name in sorted(names, reverse=True)}
    events = Interactions.from_frame(library({"title": ["x", "y", "z"], **shuffled}), weight="auto")
    assert events.user.tolist() == [1, 1, 2]
    assert events.item.tolist() == ["c", "b", "a"]
    assert events.time.tolist() == [1, 9, 3]
    assert events.weight.tolist() == [4.0, 1.0, 5.0]
    assert make_queries(library(shuffled)).y.tolist() == ["c", "b", "a"]


def test_each_event_counts_one_unless_weights_are_asked_for():
    assert Interactions.from_frame(named(NAMES["LensKit"])).weight is None


def test_a_name_that_is_passed_is_taken_whatever_else_there_is():
    events = named(NAMES["LensKit"]) | {"user": [7, 8, 9], "day": [1, 2, 3]}
    found = Interactions.from_frame(events, user="user", time="day")
    assert (found.user.tolist(), found.time.tolist()) == ([7, 8, 9], [1, 2, 3])


@pytest.mark.parametrize(
    ("events", "message"),
    [
        (
            {"user_id": [1], "item_id": [1], "movieId": [1]},
            r"the columns \['item_id', 'movieId'\].* the item: pass item=",
        ),
        ({"userId": [1], "UserID": [1], "item_id": [1]}, r"the columns \['userId', 'UserID'\].* the user: pass user="),
        ({"who": [1], "item_id": [1]}, r"known as the user \(such as user_id.*it has \['who', 'item_id'\]: pass user="),
        (
            {"user": [1], "item": [1], 3: [1]},
            r"known as the time.*\['user', 'item', 3\].*or time=None where there is none",
        ),
        ({"user": [1], "item": [1], "datetime": [1], "timestamp": [1]}, r"\['datetime', 'timestamp'\].*pass time="),
        ({"user": [1], "item" * 20: [1]}, r"'itemitemitemitemitemitemitemit'\.\.\.\]: pass item= its name\."),
    ],
)
def test_a_column_that_is_not_there_or_not_clear_is_named(events, message):
    with pytest.raises(ValueError, match=message):
        Interactions.from_frame(events)


@pytest.mark.parametrize("numbers", [(0, 1, 2), (2, 0, 1)])
def test_a_file_without_a_header_has_numbers_for_names(numbers):
    user, item, time = numbers
    frame = pd.DataFrame({user: [9, 7, 7], item: ["a", "b", "c"], time: [3, 2, 1]}, columns=[0, 1, 2])
    found = Interactions.from_frame(frame, user=user, item=item, time=time)
    assert (found.user.tolist(), found.item.tolist(), found.time.tolist()) == ([7, 7, 9], ["c", "b", "a"], [1, 2, 3])


def test_an_infinite_time_is_refused_with_its_row():
    events = {"user_id": [1, 1], "item_id": ["a", "b"], "timestamp": [1.0, np.inf]}
    with pytest.raises(ValueError, match="'timestamp' is infinite in row 1: pass the time, or drop the row"):
        Interactions.from_frame(events)


def test_weights_that_are_not_clear_are_named():
    events = {"user": [1], "item": [1], "weight": [1], "rating": [1]}
    with pytest.raises(ValueError, match=r"\['weight', 'rating'\], each of which may be the weight"):
        Interactions.from_frame(events, time=None, weight="auto")


# The way back ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("times", [VALUES[2], ["2024-01-03", "2024-01-09", "2024-01-01T12:00"]])
def test_a_table_has_the_names_of_rectools_and_is_read_as_it_was(times):
    events = Interactions(VALUES[0], VALUES[1], times, VALUES[3])
    frame = events.to_frame()
    assert frame.columns.tolist() == ["user_id", "item_id", "datetime", "weight"]
    assert frame["user_id"].dtype == np.int64
    assert frame["item_id"].tolist() == ["c", "b", "a"]
    again = Interactions.from_frame(frame, weight="auto")
    for name in ("user", "item", "time", "weight"):
        np.testing.assert_array_equal(getattr(again, name), getattr(events, name))


def test_a_table_without_times_and_weights_has_weights_of_one():
    frame = Interactions(VALUES[0], VALUES[1]).to_frame()
    assert frame.to_dict("list") == {"user_id": [1, 1, 2], "item_id": ["b", "c", "a"], "weight": [1.0, 1.0, 1.0]}


def test_a_table_needs_pandas(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingDependencyError, match=r"to_frame needs 'pandas'.*sklearn-llmtokens\[frames\]"):
        Interactions([1], [1]).to_frame()


# Files of RecBole ------------------------------------------------------------------------------------------------

INTER = "user_id:token\titem_id:token\trating:float\ttimestamp:float\n"
ITEM = "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\n"


@pytest.fixture
def write(tmp_path):
    def file(content, name="toy.inter"):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return file


def test_events_of_recbole(write):
    path = write(f"{INTER}7\t10\t5.0\t20\n7\t9\t4\t10.5\nNA\t10\t1.0\t3\n\n")
    events = load_recbole_interactions(path)
    assert events.user.tolist() == ["7", "7", "NA"]  # NA is an id like any other
    assert events.item.tolist() == ["9", "10", "10"]
    assert events.time.tolist() == [10.5, 20.0, 3.0]
    assert events.weight is None
    assert load_recbole_interactions(path, weight="rating").weight.tolist() == [4.0, 5.0, 1.0]
    assert load_recbole_interactions(path, time=None).item.tolist() == ["10", "9", "10"]


def test_items_of_recbole_are_taken_as_they_stand(write):
    path = write(f'{ITEM}1\t"Toy Story\t1995\tAnimation Comedy\n2\t"Heat" (1995)\t\t\n3\t喜剧\r之王\tnull\tComedy\n')
    catalog = load_recbole_catalog(path, text="movie_title")
    assert catalog.ids.tolist() == ["1", "2", "3"]
    assert catalog.texts() == ['"Toy Story', '"Heat" (1995)', "喜剧\r之王"]
    joined = load_recbole_catalog(path, text=["movie_title", "release_year", "class"]).texts()
    assert joined == ['"Toy Story 1995 Animation Comedy', '"Heat" (1995)', "喜剧\r之王 null Comedy"]
    assert not load_recbole_catalog(path, text=None).has_texts


def test_files_of_recbole_meet_in_a_recommender(write):
    events = load_recbole_interactions(write("\ufeffuser_id:token\titem_id:token\r\nu\t2\r\nv\t2\r\n"), time=None)
    catalog = load_recbole_catalog(write("item_id:token\ttitle:token_seq\n1\ta\n2\tb\n", "toy.item"), text="title")
    assert PopularityRecommender(catalog).fit(events).popularity_.tolist() == [0.0, 2.0]
    assert catalog == Catalog(["1", "2"], ["a", "b"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"no atomic file of RecBole: its first line has the field ''"),
        (
            "user_id\titem_id\n",
            r"has the field 'user_id', where NAME:TYPE is expected.*token, token_seq, float, float_seq",
        ),
        ("user_id:token\titem_id:tokens\n", "has the field 'item_id:tokens'"),
        ("user_id:token\tuser_id:token\n", "names a column twice"),
        (f"{INTER}1\t2\t3\n", r"toy\.inter:2 has 3 tab-separated fields, expected 4"),
        (f"{INTER}1\t2\t3\t4\n\n1\t2\tfive\t4\n", r"toy\.inter:4 has 'five' in a column of type float"),
        (f"{INTER}1\t\t3\t4\n", r"'item_id' is missing in row 0"),
        (f"{INTER}1\t2\t3\t\n", r"'timestamp' is missing in row 0"),
        ("user_id:token\tname:token\n", r"toy\.inter has no column that is known as the item"),
        (
            "user_id:token\titem_id_list:token_seq\titem_id:token\ttimestamp:float\n1\t2 3\t4\t5\n",
            "the column 'item_id_list': each line is a history and what followed, not an event",
        ),
        ("user_id:token\titem_id:token_seq\ttimestamp:float\n1\t2 3\t5\n", "'item_id' .* is of type token_seq"),
        (INTER, "events has no row"),
    ],
)
def test_what_is_wrong_with_a_file_of_recbole_is_named(write, content, message):
    with pytest.raises(ValueError, match=message):
        load_recbole_interactions(write(content))


def test_what_is_wrong_with_items_of_recbole_is_named(write):
    with pytest.raises(ValueError, match=r"has no column 'title', it has \['item_id', 'movie_title'"):
        load_recbole_catalog(write(f"{ITEM}1\ta\t2\tb\n"), text="title")
    with pytest.raises(ValueError, match=r"ids\[1\] is '1', which is ids\[0\] already"):
        load_recbole_catalog(write(f"{ITEM}1\ta\t2\tb\n1\ta\t2\tb\n"), text="movie_title")
