import copy
import pickle

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone

from sklearn_llmtokens.exceptions import MissingTextError, TextTypeError
from sklearn_llmtokens.recommend import Catalog

TEXTS = ["绿茶", "", "tea 🍵", "e\u0301"]


def catalog(**features):
    return Catalog(["a", "b", "c", "d"], TEXTS, **features)


def test_texts_come_back_as_they_were():
    assert catalog().texts() == TEXTS
    assert catalog().texts([2, 0, 2]) == [TEXTS[2], TEXTS[0], TEXTS[2]]
    assert catalog().columns([1]) == [""]


@pytest.mark.parametrize("ids", [[3, 1, 2], np.array([3, 1, 2]), pd.Series([3, 1, 2]), pl.Series([3, 1, 2]), (3, 1, 2)])
def test_ids_that_are_integers_are_an_array_of_int64(ids):
    made = Catalog(ids)
    assert made.ids.dtype == np.int64
    assert made.index_of([2, 3]).tolist() == [2, 0]
    assert not made.ids.flags.writeable


def test_ids_may_be_mixed():
    made = Catalog(np.array(["a", 1, np.int64(2), np.str_("b")], dtype=object))
    assert made.ids.tolist() == ["a", 1, 2, "b"]
    assert made.index_of([2, "a"]).tolist() == [2, 0]


@pytest.mark.parametrize(
    ("ids", "error", "words"),
    [
        (["a", "b", "a"], ValueError, r"ids\[2\] is 'a', which is ids\[0\] already"),
        (["a", None], ValueError, r"ids\[1\] is missing"),
        ([1, float("nan")], ValueError, r"ids\[1\] is missing"),
        (["a", 1.5], TypeError, r"ids\[1\] is 1.5 of type float"),
        ([True], TypeError, r"ids\[0\] is True of type bool"),
        ([("a",)], TypeError, r"ids\[0\] is \('a',\) of type tuple"),
        ("abc", TypeError, "ids is a str"),
        ({"a", "b"}, TypeError, "no order"),
    ],
)
def test_bad_ids_are_refused_with_their_place(ids, error, words):
    with pytest.raises(error, match=words):
        Catalog(ids)


def test_bad_texts_are_refused_with_their_place():
    with pytest.raises(MissingTextError, match=r"texts\[1\] is missing"):
        Catalog(["a", "b"], ["x", None])
    with pytest.raises(TextTypeError, match=r"texts\[0\] is 5"):
        Catalog(["a", "b"], [5, "x"])
    with pytest.raises(ValueError, match="2 ids and 1 texts"):
        Catalog(["a", "b"], ["x"])
    with pytest.raises(ValueError, match="2 ids and 3 features"):
        Catalog(["a", "b"], features=np.zeros((3, 1)))
    with pytest.raises(ValueError, match="no texts"):
        Catalog(["a"]).texts()


def test_an_unknown_id_is_named_with_its_place():
    with pytest.raises(ValueError, match=r"ids\[1\] is 'z', which is not in the catalogue of 4 items"):
        catalog().index_of(["a", "z"])
    with pytest.raises(TypeError, match=r"ids\[0\] is a list"):
        catalog().index_of([["a"]])


def test_append_gives_another_catalogue_and_shares_the_parts():
    made = catalog()
    longer = made.append(["e"], ["杯子"])
    assert (made.n_items, longer.n_items, len(longer)) == (4, 5, 5)
    assert longer.texts() == [*TEXTS, "杯子"]
    assert longer._parts[0] is made._parts[0]
    with pytest.raises(ValueError, match=r"ids\[1\] is 'a', which is in the catalogue already"):
        made.append(["f", "a"], ["", ""])
    with pytest.raises(ValueError, match="has texts: pass the texts"):
        made.append(["f"])
    with pytest.raises(ValueError, match="has no features"):
        made.append(["f"], ["x"], np.zeros((1, 1)))


def test_merge_keeps_positions_and_takes_the_new_texts():
    merged = catalog().merge(Catalog(["x", "c", "a"], ["neu", "C", "A"]))
    assert merged.ids.tolist() == ["a", "b", "c", "d", "x"]
    assert merged.texts() == ["A", "", "C", TEXTS[3], "neu"]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), max_size=6), max_size=8))
def test_catalogues_grown_in_any_steps_are_equal(steps):
    grown = Catalog(["start"], ["s"])
    n = 0
    for texts in steps:
        grown = grown.append([f"i{n + i}" for i in range(len(texts))], texts)
        n += len(texts)
    whole = Catalog(["start", *(f"i{i}" for i in range(n))], ["s", *(text for texts in steps for text in texts)])
    assert grown == whole
    assert hash(grown) == hash(whole)
    assert grown.texts(range(n + 1)) == whole.texts()
    assert grown.index_of(whole.ids).tolist() == list(range(n + 1))
    assert len(grown._parts) <= 2 + np.log2(n + 1)


def test_drop():
    shorter = catalog(features=np.arange(4)[:, None]).drop(["b", "d"])
    assert shorter.ids.tolist() == ["a", "c"]
    assert shorter.texts() == [TEXTS[0], TEXTS[2]]
    assert shorter.features().tolist() == [[0], [2]]


@pytest.mark.parametrize("library", [pd, pl])
def test_features_of_a_frame_stand_beside_the_texts_in_a_frame_of_the_same_library(library):
    frame = library.DataFrame({"price": [1.5, 2.0, 3.0, 4.0], "shop": ["x", "y", "x", "z"]})
    made = catalog(features=frame).append(["e"], ["新"], library.DataFrame({"price": [9.0], "shop": ["w"]}))
    table = made.columns([4, 0])
    assert isinstance(table, library.DataFrame)
    assert list(table.columns) == ["text", "price", "shop"]
    assert table["text"].to_list() == ["新", "绿茶"]
    assert table["price"].to_list() == [9.0, 1.5]


def test_features_of_an_array_stand_beside_the_texts_in_an_array():
    made = catalog(features=np.arange(8.0).reshape(4, 2))
    assert made.columns([3]).tolist() == [[TEXTS[3], 6.0, 7.0]]
    with pytest.raises(ValueError, match="features has 1 columns, the catalogue's have 2"):
        made.append(["e"], ["x"], np.zeros((1, 1))).features()
    assert Catalog(["a"], features=np.ones((1, 2))).columns().tolist() == [[1.0, 1.0]]


def test_equality_is_that_of_content():
    assert catalog() == catalog()
    assert catalog() != Catalog(["a", "b", "c", "d"], [*TEXTS[:3], "x"])
    assert catalog() != Catalog(["a", "b", "c", "d"])
    assert Catalog(["1"]) != Catalog([1])
    assert catalog(features=np.zeros((4, 1))) != catalog(features=np.ones((4, 1)))
    assert catalog(features=pd.DataFrame({"p": range(4)})) == catalog(features=pd.DataFrame({"p": range(4)}))
    assert catalog() != "a"


def test_a_clone_is_the_same_object_and_a_pickle_an_equal_one(tmp_path):
    made = catalog(features=pd.DataFrame({"p": range(4)})).append(["e"], ["x"], pd.DataFrame({"p": [7]}))
    made.index_of(["a"])  # the index of ids is not pickled
    assert clone(made) is made
    loaded = pickle.loads(pickle.dumps(made))
    assert loaded == made
    assert loaded.index_of(["e"]).tolist() == [4]
    joblib.dump(made, tmp_path / "catalog")
    assert joblib.load(tmp_path / "catalog", mmap_mode="r").texts() == made.texts()


def test_texts_and_numbers_lie_in_arrays_that_workers_map():
    made = Catalog(range(1000), [f"text {i}" for i in range(1000)])
    arrays = [value for value in vars(made._parts[0]).values() if isinstance(value, np.ndarray)]
    assert len(arrays) == 3
    assert not any(array.dtype.hasobject for array in arrays)


def test_repr_is_short():
    assert repr(catalog()) == "<Catalog of 4 items with texts>"
    assert repr(Catalog([1])) == "<Catalog of 1 items>"


@pytest.mark.parametrize("name", ["ids", "n_items", "digest", "_parts", "other"])
def test_a_catalogue_cannot_be_changed(name):
    made = catalog(features=np.zeros((4, 1)))
    before = made.ids.tolist(), made.digest
    with pytest.raises(AttributeError, match=rf"Catalog is immutable, '{name}' cannot be set: append, merge and drop"):
        setattr(made, name, 3)
    with pytest.raises(AttributeError, match=rf"Catalog is immutable, '{name}' cannot be deleted"):
        delattr(made, name)
    assert (made.ids.tolist(), made.digest) == before
    for same in (pickle.loads(pickle.dumps(made)), copy.copy(made), copy.deepcopy(made)):
        assert same == made


@pytest.mark.parametrize("library", ["array", "array that is read-only", "pandas", "polars"])
def test_what_becomes_of_the_callers_features_does_not_matter(library):
    table = np.arange(8.0).reshape(4, 2)
    given = table.view()
    if library == "pandas":
        given = pd.DataFrame(table, columns=["x", "y"])
    elif library == "polars":
        given = pl.DataFrame(table, schema=["x", "y"])
    if library == "array that is read-only":
        given.setflags(write=False)
    made = Catalog(list("abcd"), features=given)
    if library.startswith("array"):
        table[0, 0] = 7.0
    elif library == "pandas":
        given.iloc[0, 0] = 7.0
    else:
        given[0, "x"] = 7.0
    assert np.asarray(given)[0, 0] == 7
    assert np.asarray(made.features())[0, 0] == 0
    assert made == Catalog(list("abcd"), features=made.features())


def test_features_of_an_arrow_table():
    table = pytest.importorskip("pyarrow").table({"x": [1, 2]})
    assert Catalog(["a", "b"], features=table).features([1]).to_pylist() == [{"x": 2}]


@pytest.mark.parametrize("view", [lambda mapped: mapped, np.asarray, lambda mapped: mapped[:, :1]])
def test_features_that_are_mapped_from_a_file_stay_there(tmp_path, view):
    np.save(tmp_path / "features.npy", np.arange(8.0).reshape(4, 2))
    given = view(np.load(tmp_path / "features.npy", mmap_mode="r+"))
    made = Catalog(list("abcd"), features=given)
    (held,) = (part.features for part in made._parts)
    assert np.shares_memory(held, given)
    assert not held.flags.writeable


def test_ids_may_be_integers_beyond_64_bits_with_a_sign():
    catalog = Catalog(np.array([2**63 + 5, 2], dtype=np.uint64)).append([7])
    assert catalog.ids.tolist() == [2**63 + 5, 2, 7]
    assert catalog.index_of([7, np.uint64(2**63 + 5)]).tolist() == [2, 0]
    assert Catalog([1, 2]).append([2**70]).ids.tolist() == [1, 2, 2**70]
    with pytest.raises(ValueError, match="is 1180591620717411303424, which is not in the catalogue"):
        Catalog([1, 2]).index_of([2**70])


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_features_of_new_items_are_found_by_name_whatever_their_type_of_number(library):
    module = pytest.importorskip(library)
    frame = module.table if library == "pyarrow" else module.DataFrame
    catalog = Catalog([1, 2], ["x", "y"], frame({"price": [1, 2], "stock": np.array([3, 4], dtype=np.int32)}))
    longer = catalog.append([3], ["z"], frame({"stock": [9], "price": [1.5]})).features()
    assert [
        list(map(float, longer[name].to_pylist() if library == "pyarrow" else longer[name]))
        for name in ("price", "stock")
    ] == [[1, 2, 1.5], [3, 4, 9]]
    with pytest.raises(ValueError, match=r"features has the columns \['price'\], the catalogue's have"):
        catalog.append([3], ["z"], frame({"price": [1.5]}))
    with pytest.raises(ValueError, match="features is a ndarray, the catalogue's are a"):
        catalog.append([3], ["z"], np.zeros((1, 2)))


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_column_of_features_is_not_called_like_the_texts(library):
    features = pytest.importorskip(library).DataFrame({"text": ["u", "v"], "price": [1, 2]})
    with pytest.raises(ValueError, match=r"features has a column 'text'.*give it another name"):
        Catalog([1, 2], ["x", "y"], features)
    assert Catalog([1, 2], features=features).columns()["text"].to_list() == ["u", "v"]
