"""Rows of a catalogue: frames of several libraries and types, missing texts, and what is refused."""

import datetime
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.preprocessing import OneHotEncoder

from sklearn_llmtokens.exceptions import MissingTextError
from sklearn_llmtokens.recommend import Catalog, ContentRecommender, mmr_rerank

DAY = datetime.datetime(2024, 1, 2)
COLUMNS = {"kind": ["tea", "pot"], "when": [DAY, DAY], "price": [1, 2], "new": [True, False]}
FRAMES = {
    "pandas": pd.DataFrame(COLUMNS),
    "pandas, categories": pd.DataFrame(COLUMNS).astype(
        {"kind": "category", "when": "datetime64[ns]", "price": "Int16"}
    ),
    "pandas, ordered": pd.DataFrame(COLUMNS | {"kind": pd.Categorical(["tea", "pot"], ["tea", "pot"], ordered=True)}),
    "pandas, object": pd.DataFrame(COLUMNS).astype({"kind": object}),
    "polars": pl.DataFrame(COLUMNS),
    "polars, categories": pl.DataFrame(
        COLUMNS, schema_overrides={"kind": pl.Categorical, "when": pl.Datetime("ms"), "price": pl.Float32}
    ),
    "polars, enums": pl.DataFrame(
        COLUMNS, schema_overrides={"kind": pl.Enum(["tea", "pot"]), "when": pl.Datetime("ns"), "price": pl.UInt8}
    ),
    "pyarrow": pa.table(COLUMNS),
}
NEW = {"kind": ["cup"], "when": [DAY], "price": [7], "new": [True]}


def new_rows(name):
    """Rows like those of a frame, of a kind that it does not have."""
    kinds = {"pandas, ordered": pd.Categorical(["cup"], ["cup"], ordered=True)}
    if name.startswith("pandas"):
        dtypes = FRAMES[name].dtypes.drop("kind").to_dict()
        kind = {} if name == "pandas, ordered" else {"kind": FRAMES[name]["kind"].dtype.name}
        return pd.DataFrame(NEW | ({"kind": kinds[name]} if name in kinds else {})).astype(dtypes | kind)
    if name.startswith("polars"):
        schema = dict(FRAMES[name].schema)
        if name == "polars, enums":
            schema["kind"] = pl.Enum(["cup"])
        return pl.DataFrame(NEW, schema=schema)
    return pa.table(NEW)


def rows(features):
    """The cells of a frame of any library, in one form."""
    frame = features.to_pandas() if not isinstance(features, pd.DataFrame) else features
    return [
        (str(kind), pd.Timestamp(when), float(price), bool(new)) for kind, when, price, new in frame.to_numpy().tolist()
    ]


@pytest.mark.parametrize("other", FRAMES)
@pytest.mark.parametrize("name", FRAMES)
def test_new_items_may_come_in_a_frame_of_any_library_and_type(name, other):
    catalog = Catalog(["a", "b"], features=FRAMES[name])
    longer = catalog.append(["c"], features=new_rows(other)).append(["d", "e"], features=FRAMES[other])
    features = longer.features()
    assert type(features) is type(FRAMES[name])
    expected = [("tea", DAY, 1, True), ("pot", DAY, 2, False)]
    assert rows(features) == [*expected, ("cup", DAY, 7, True), *expected]
    assert rows(longer.features([2, 0])) == [("cup", DAY, 7, True), expected[0]]


@pytest.mark.parametrize("name", ["polars, categories", "polars, enums", "pandas, categories", "pandas, ordered"])
def test_categories_stay_categories(name):
    longer = Catalog(["a", "b"], features=FRAMES[name]).append(["c"], features=new_rows("polars"))
    dtype = longer.features()["kind"].dtype
    if name.startswith("pandas"):
        assert isinstance(dtype, pd.CategoricalDtype)
        assert set(dtype.categories) == {"tea", "pot", "cup"}
    else:
        assert dtype == (pl.Enum(["tea", "pot", "cup"]) if "enums" in name else pl.Categorical)


@pytest.mark.parametrize("name", FRAMES)
def test_an_embedder_reads_new_items_of_another_library(name):
    table = ColumnTransformer(
        [
            ("texts", CountVectorizer(), "text"),
            ("kind", OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["kind"]),
        ]
    )
    if name == "pyarrow":
        pytest.skip("scikit-learn takes no column of an Arrow table by its name")
    catalog = Catalog(["a", "b"], ["green tea", "iron pot"], FRAMES[name])
    recommender = ContentRecommender(catalog, embedder=table, whiten=0.0).fit(None)
    for i, other in enumerate(("pandas", "polars", "polars, categories")):
        recommender.add_items([f"n{i}"], ["green tea"], FRAMES[other][:1])
        assert recommender.score_items([["a"]])[0, 2 + i] == pytest.approx(1)


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table])
def test_missing_values_of_any_library(make):
    catalog = Catalog(["a"], features=make({"kind": ["tea"], "price": [1.0], "n": [1]}))
    new = (
        pl.DataFrame({"kind": [None], "price": [None], "n": [None]}),
        pd.DataFrame({"kind": [None], "price": [np.nan], "n": [None]}),
    )
    for one in new:
        features = catalog.append(["b"], features=one).features()
        frame = features if isinstance(features, pd.DataFrame) else features.to_pandas()
        assert frame.iloc[1].isna().all()
        assert frame.iloc[0].tolist() == ["tea", 1.0, 1]


@pytest.mark.parametrize(
    ("known", "new", "message"),
    [
        (
            {"price": [1]},
            {"price": ["1"]},
            "The column 'price' of features is of type String, the catalogue's is of type",
        ),
        ({"when": ["2024"]}, {"when": [DAY]}, "The column 'when' of features is of type Datetime"),
        (
            {"new": [True]},
            {"new": [1]},
            "The column 'new' of features is of type Int64, the catalogue's is of type Boolean",
        ),
        ({"a": [1]}, {"b": [1]}, r"features has the columns \['b'\], the catalogue's have \['a'\]"),
    ],
)
@pytest.mark.parametrize("library", [pd.DataFrame, pl.DataFrame])
@pytest.mark.parametrize("other", [pd.DataFrame, pl.DataFrame])
def test_columns_of_another_kind_are_refused(known, new, message, library, other):
    recommender = ContentRecommender(Catalog(["a"], ["tea"], library(known))).fit(None)
    with pytest.raises(ValueError, match=message):
        recommender.add_items(["b"], ["tea"], other(new))
    assert recommender.catalog_.n_items == 1


def test_zones_are_not_guessed():
    aware = pl.DataFrame({"when": [DAY]}).with_columns(pl.col("when").dt.replace_time_zone("UTC"))
    with pytest.raises(ValueError, match="The column 'when' of features is of type Datetime"):
        Catalog(["a"], features=pl.DataFrame({"when": [DAY]})).append(["b"], features=aware)


def test_a_frame_and_an_array_do_not_mix():
    with pytest.raises(
        ValueError, match=r"features is a list|features is a ndarray, the catalogue's are a DataFrame: pass a"
    ):
        Catalog(["a"], features=pd.DataFrame({"x": [1]})).append(["b"], features=[[1]])
    with pytest.raises(ValueError, match="the catalogue's are a ndarray: pass an array"):
        Catalog(["a"], features=[[1]]).append(["b"], features=pd.DataFrame({"x": [1]}))


@pytest.mark.parametrize(
    "features",
    [
        (np.zeros((2, 1), np.int64), np.zeros((2, 1), np.float64)),
        (np.zeros((2, 1), np.float64), np.zeros((2, 2), np.float32)),
        (np.ones((2, 1), np.int8), np.ones((2, 1), bool)),
        (np.array([["1"], ["2"]]), np.array([["1"], ["2"]], dtype=object)),
        (np.array([[1], [2]], dtype=object), np.array([[1.0], [2.0]], dtype=object)),
        (pd.DataFrame({"x": [1, 2]}), pd.DataFrame({"x": np.array([1, 2], np.int32)})),
        (pd.DataFrame({"x": [1, 2]}), pd.DataFrame({"x": [1.0, 2.0]})),
        (pl.DataFrame({"x": ["1", "2"]}), pl.DataFrame({"x": ["1", "2"]}, schema={"x": pl.Categorical})),
        (np.ones((2, 1)), pd.DataFrame({"x": [1.0, 1.0]})),
    ],
    ids=["int and float", "shape", "bool", "text", "objects", "width", "frames", "categories", "array and frame"],
)
def test_catalogues_of_other_types_are_not_equal(features):
    one, other = (Catalog(["a", "b"], features=table) for table in features)
    assert one != other
    assert one == Catalog(["a", "b"], features=features[0])


def test_a_missing_text_is_refused_with_the_way():
    with pytest.raises(MissingTextError, match=r"texts\[1\] is missing: .*Catalog\(\.\.\., missing='zero'\)"):
        Catalog(["a", "b"], ["tea", None])
    with pytest.raises(ValueError, match="missing='drop' is neither 'error' nor 'zero'"):
        Catalog(["a"], ["tea"], missing="drop")


@pytest.mark.parametrize(
    "texts",
    [
        ["green tea", None, "black tea"],
        ["green tea", float("nan"), "black tea"],
        pd.Series(["green tea", None, "black tea"]),
        pd.Series(["green tea", pd.NA, "black tea"], dtype="string"),
        pl.Series(["green tea", None, "black tea"]),
        pa.array(["green tea", None, "black tea"]),
        np.array(["green tea", None, "black tea"], dtype=object),
        np.ma.array(["green tea", "x", "black tea"], mask=[0, 1, 0]),
    ],
    ids=["None", "NaN", "pandas", "string", "polars", "pyarrow", "objects", "masked"],
)
def test_a_missing_text_has_a_vector_of_zeros(texts):
    catalog = Catalog(["a", "b", "c"], texts, missing="zero")
    assert catalog.texts() == ["green tea", "", "black tea"]
    assert catalog == Catalog(["a", "b", "c"], ["green tea", "", "black tea"])
    recommender = ContentRecommender(catalog).fit(None)
    assert (recommender.item_vectors(["b"]).toarray() == 0).all()
    assert recommender.score_items([["a"]])[0, 1] == 0


def test_items_that_are_added_may_have_missing_texts_where_others_may():
    lenient = pickle.loads(pickle.dumps(Catalog(["a", "b"], ["green tea", None], missing="zero")))
    recommender = ContentRecommender(lenient).fit(None)
    recommender.add_items(["c"], [None]).update_items(["b", "a"], ["black tea", None])
    assert recommender.catalog_.texts() == ["", "black tea", ""]
    assert lenient.append(["c"], [None]).drop(["a"]).append(["d"], [None]).texts() == ["", "", ""]
    with pytest.raises(MissingTextError, match=r"texts\[0\] is missing"):
        ContentRecommender(Catalog(["a"], ["tea"])).fit(None).add_items(["b"], [None])


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table])
def test_frames_are_no_ids_and_no_texts(make):
    frame = make({"id": ["a", "b"], "text": ["tea", "pot"], "price": [1.0, 2.0]})
    for call in (
        lambda: Catalog(frame),
        lambda: Catalog(frame, ["tea", "pot"]),
        lambda: Catalog(["a", "b"], frame),
        lambda: Catalog(["c"], ["tea"]).append(frame, ["tea", "pot"]),
        lambda: ContentRecommender(Catalog(["c"], ["tea"])).fit(None).add_items(frame, ["tea", "pot"]),
    ):
        with pytest.raises(TypeError, match=r"^(ids|texts) is a frame \((DataFrame|Table)\): .*Catalog\(frame\['id'\]"):
            call()
    assert Catalog(frame["id"], frame["text"]).texts() == ["tea", "pot"]


def test_vectors_of_items_that_were_added_re_rank():
    recommender = ContentRecommender(Catalog(["a", "b", "c"], ["green tea", "black tea", "iron pot"])).fit(None)
    old = recommender.item_vectors()
    recommender.add_items(["d"], ["green tea"])
    items, scores = recommender.recommend([["a"]], k=3, return_scores=True)
    with pytest.raises(ValueError, match=r"vectors has 3 rows for 4 items: .*item_vectors\(\)"):
        mmr_rerank(items, scores, items=recommender.catalog_, vectors=old)
    found = mmr_rerank(items, scores, items=recommender.catalog_, vectors=recommender.item_vectors(), k=3, lambda_=1.0)
    assert found.tolist() == items.tolist()
    np.testing.assert_array_equal(recommender.item_vectors(["d"]).toarray(), recommender.item_vectors(["a"]).toarray())
