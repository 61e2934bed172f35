"""Every row of docs/explanation/input_validation*.md, done: the exception or warning, and its message."""

import json
import pickle
import re
import shutil
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from safetensors.numpy import load_file, save_file
from scipy import sparse
from sklearn.exceptions import DataConversionWarning, NotFittedError

from sklearn_llmtokens import (
    EmbeddingPCA,
    JiebaTokenizer,
    LLMTokenEmbedder,
    TextNormalizer,
    text_pipeline,
    top_k_labels,
)
from sklearn_llmtokens.checkpoints import bundled_checkpoint
from sklearn_llmtokens.exceptions import StoreWarning, TrainingRowsWarning, TruncationWarning, UnknownTokenWarning
from sklearn_llmtokens.recommend import Catalog, ContentRecommender, GlobalTimeSplit, make_queries, ndcg_at_k

PAGES = sorted((Path(__file__).parents[2] / "docs/explanation").glob("input_validation*.md"))
GOOD = ["物流很快", "好"]
TABLE = pd.DataFrame({"text": ["物流很快", "味道发苦"], "size": ["L", "M"], "price": [3, 4]})
LONG = "好的" * 1000
MISSING = "None, NaN, pd.NA, a null of polars or pyarrow"


def read_page():
    """What comes in, without backquotes -> (what you get, message or None)."""
    rows = {}
    for line in "\n".join(page.read_text(encoding="utf-8") for page in PAGES).splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("| ") and len(cells) in (2, 3) and cells[0] != "input":
            message = cells[2].strip(" |`") if len(cells) == 3 else None
            rows.setdefault(cells[0].replace("`", ""), []).append((cells[1].strip(" |"), message or None))
    return {(name, k): row for name, found in rows.items() for k, row in enumerate(found)}


ROWS = read_page()


@pytest.fixture(scope="module")
def embedder():
    return LLMTokenEmbedder().fit(GOOD)


def half_checkpoint(folder, *files):
    folder.mkdir()
    for name in ("config.json", *files):
        (folder / name).write_text("{}")
    return folder


def changed_checkpoint(folder):
    """A pickle, and beside it the checkpoint it was fitted with, changed since."""
    shutil.copytree(bundled_checkpoint("zh-mini"), folder)
    pickled = pickle.dumps(LLMTokenEmbedder(folder).fit(GOOD))
    file = folder / "sentence_bert_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"max_seq_length": 128}))
    return pickled


def edited_checkpoint(folder, file="1_Pooling/config.json", drop=None, **values):
    """zh-mini with other values in a file, or without a tensor."""
    shutil.copytree(bundled_checkpoint("zh-mini"), folder)
    if drop is not None:
        tensors = load_file(folder / "model.safetensors")
        del tensors[drop]
        save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    else:
        content = json.loads((folder / file).read_text())
        (content[1] if isinstance(content, list) else content).update(values)
        (folder / file).write_text(json.dumps(content))
    return LLMTokenEmbedder(folder, cache=None)


def bad_dictionary(folder):
    file = folder / "words.txt"
    file.write_text("好词 3 n\n坏词 many n\n", encoding="utf-8")
    return file


# Row of the page (and which one, where a name occurs twice) -> exception, call of (fitted embedder, empty folder).
RAISES = {
    (MISSING, 0): (ValueError, lambda e, _: [e.transform(X) for X in (["a", None],)]),
    ("bytes", 0): (TypeError, lambda e, _: e.transform(["a", b"x"])),
    ("a number in a list", 0): (TypeError, lambda e, _: e.transform(["a", 3])),
    ("a 1-D array of numbers", 0): (ValueError, lambda e, _: e.transform(np.arange(3, dtype=np.int64))),
    ("infinity in it", 0): (ValueError, lambda e, _: e.transform(np.array([[np.inf]]))),
    ("lists in a list, pairs", 0): (ValueError, lambda e, _: e.transform([["a", "b"], ["c", "d"]])),
    ("one str in place of a list", 0): (ValueError, lambda e, _: e.transform("abc")),
    ("a set or a dict", 0): (TypeError, lambda e, _: e.transform({"a"})),
    ("a generator", 0): (TypeError, lambda e, _: e.transform(text for text in GOOD)),
    ("a sparse matrix", 0): (TypeError, lambda e, _: e.transform(sparse.eye_array(2))),
    ("a structured array", 0): (ValueError, lambda e, _: e.transform(np.zeros(1, [("title", "U1"), ("price", int)]))),
    ("a lazy frame of polars", 0): (TypeError, lambda e, _: e.transform(pl.LazyFrame({"a": ["x"]}))),
    ("more than two dimensions", 0): (ValueError, lambda e, _: e.transform(np.array([[["a"]]]))),
    ("no rows, in fit", 0): (ValueError, lambda e, _: LLMTokenEmbedder().fit([])),
    ("another number of columns than in fit", 0): (
        ValueError,
        lambda e, _: e.transform(np.array([["a", "b"]], dtype=object)),
    ),
    ("a lone surrogate", 0): (ValueError, lambda e, _: e.transform(["a", "x\ud800"])),
    ('the same, long_text="error"', 0): (
        ValueError,
        lambda e, _: LLMTokenEmbedder(long_text="error").fit_transform(["好", LONG]),
    ),
    ("a folder that is not there", 0): (OSError, lambda e, _: LLMTokenEmbedder("./nowhere").fit(GOOD)),
    ("a Hub id that is not in the cache, offline", 0): (
        OSError,
        lambda e, _: LLMTokenEmbedder("no/such-model").fit(GOOD),
    ),
    ("pickled weights only", 0): (
        OSError,
        lambda e, new: LLMTokenEmbedder(half_checkpoint(new / "m", "pytorch_model.bin")).fit(GOOD),
    ),
    ("a damaged or half downloaded file", 0): (
        OSError,
        lambda e, new: LLMTokenEmbedder(half_checkpoint(new / "m", "model.safetensors")).fit(GOOD),
    ),
    ("a key in the checkpoint's files that is not known", 0): (
        OSError,
        lambda e, new: edited_checkpoint(new / "m", pooling_modes="mean").fit(GOOD),
    ),
    ("a value in them that is not supported", 0): (
        OSError,
        lambda e, new: edited_checkpoint(
            new / "m", "config_sentence_transformers.json", model_type="SparseEncoder"
        ).fit(GOOD),
    ),
    ("weights that lack a tensor which is used", 0): (
        OSError,
        lambda e, new: edited_checkpoint(new / "m", drop="embeddings.LayerNorm.bias").fit_transform(GOOD),
    ),
    ("a module outside of the checkpoint's folder", 0): (
        OSError,
        lambda e, new: edited_checkpoint(new / "m", "modules.json", path="../1_Pooling").fit(GOOD),
    ),
    ("trust_remote_code that is not what it was in fit", 0): (
        ValueError,
        lambda e, _: LLMTokenEmbedder().fit(GOOD).set_params(trust_remote_code=True).transform(GOOD),
    ),
    ("a pickle opened where the checkpoint is another one", 0): (
        ValueError,
        lambda e, new: pickle.loads(changed_checkpoint(new / "m")).transform(GOOD),
    ),
    ("an unknown pooling", 0): (ValueError, lambda e, _: LLMTokenEmbedder(pooling="avg").fit(GOOD)),
    ("a layer that the model does not have", 0): (ValueError, lambda e, _: LLMTokenEmbedder(layer=99).fit(GOOD)),
    ("a prompt that the checkpoint does not have", 0): (
        ValueError,
        lambda e, _: LLMTokenEmbedder(prompt="query").fit(GOOD),
    ),
    ("more features than there are", 0): (ValueError, lambda e, _: LLMTokenEmbedder(truncate_dim=10_000).fit(GOOD)),
    ("a longer max_length than the model has positions", 0): (
        ValueError,
        lambda e, _: LLMTokenEmbedder(max_length=99_999).fit(GOOD),
    ),
    ("a device that is not there", 0): (
        ValueError,
        lambda e, _: LLMTokenEmbedder(device="cuda:99").fit_transform(GOOD),
    ),
    ("transform before fit", 0): (NotFittedError, lambda e, _: LLMTokenEmbedder().transform(GOOD)),
    ("a line of a user dictionary that cannot be read", 0): (
        ValueError,
        lambda e, new: JiebaTokenizer(user_dict=bad_dictionary(new)).fit(GOOD),
    ),
    ("stop words that are no file and no list", 0): (
        FileNotFoundError,
        lambda e, _: JiebaTokenizer(stop_words="fr").fit(GOOD),
    ),
    ("an unknown stemmer", 0): (ValueError, lambda e, _: JiebaTokenizer(stemmer="klingon").fit(GOOD)),
    ("an unknown mode", 0): (ValueError, lambda e, _: JiebaTokenizer(mode="fast").fit(GOOD)),
    ("one row", 0): (ValueError, lambda e, _: EmbeddingPCA(50).fit(np.ones((1, 384)))),
    ("top_k_labels of something that is no classifier", 0): (TypeError, lambda e, _: top_k_labels(e, GOOD)),
    ("another column than in fit, text_pipeline", 0): (
        ValueError,
        lambda e, _: text_pipeline().fit(pd.DataFrame({"text": GOOD}), [0, 1]).predict(pd.DataFrame({"title": GOOD})),
    ),
    ("a table without a column of texts, text_pipeline", 0): (
        ValueError,
        lambda e, _: text_pipeline().fit(pd.DataFrame({"size": ["L", "M"], "price": [3, 4]}), [0, 1]),
    ),
    ("a table without a column that fit had, text_pipeline", 0): (
        ValueError,
        lambda e, _: text_pipeline().fit(TABLE, [0, 1]).predict(TABLE[["text", "size"]]),
    ),
    ("a number that is none, text_pipeline", 0): (
        ValueError,
        lambda e, _: text_pipeline().fit(TABLE, [0, 1]).predict(TABLE.assign(price=["3", "?"])),
    ),
    ("a typo in the name of a bundled model", 0): (OSError, lambda e, _: LLMTokenEmbedder("zh-mni").fit(GOOD)),
    ("an unknown task of text_pipeline", 0): (ValueError, lambda e, _: text_pipeline("cls")),
    ("an id that is not in the catalogue", 0): (ValueError, lambda e, _: fitted().recommend([["gone"]])),
    ("ids of another type", 0): (ValueError, lambda e, _: fitted(unknown="ignore").recommend([[1]])),
    ("lists and targets that share no type, in a measure", 0): (
        ValueError,
        lambda e, _: ndcg_at_k([1], fitted().recommend([["2"]])),
    ),
    ("None between two items", 0): (ValueError, lambda e, _: fitted().recommend([["1", None, "2"]])),
    ("fit on an item that add_items added", 0): (
        ValueError,
        lambda e, _: fitted().add_items(["3"], ["tea cup"]).fit([["1", "3"]]),
    ),
    ("a frame as the ids of a Catalog", 0): (TypeError, lambda e, _: Catalog(pd.DataFrame({"id": ["a"]}))),
    ("columns of a Catalog or of Interactions, one of which was sorted alone", 0): (
        ValueError,
        lambda e, _: Catalog(pd.Series(["a", "b"]), pd.Series(["tea", "pot"]).sort_values()),
    ),
    ("texts and ids of a Catalog in each other's place", 0): (
        UserWarning,
        lambda e, _: Catalog(["green tea", "iron pot"], ["t1", "p1"]),
    ),
    ("a table of events in fit", 0): (TypeError, lambda e, _: fitted().fit(pd.DataFrame({"user_id": [1]}))),
    ("a missing text in a Catalog", 0): (ValueError, lambda e, _: Catalog(["a", "b"], ["tea", None])),
    ("features of new items of another kind", 0): (
        ValueError,
        lambda e, _: Catalog(["a"], features=pd.DataFrame({"price": [1]})).append(
            ["b"], features=pl.DataFrame({"price": ["1"]})
        ),
    ),
    (
        "NaN, None, a masked value, a null of a dictionary-encoded Arrow column in any column of events",
        0,
    ): (ValueError, lambda e, _: make_queries(events(item_id=["1", np.nan]))),
    ("a frame that is not in memory", 0): (TypeError, lambda e, _: make_queries(pl.LazyFrame(events()))),
    ("times as text without separators", 0): (
        ValueError,
        lambda e, _: make_queries(events(timestamp=["20240102", "20240103"])),
    ),
    ("a weight beyond 1e30", 0): (ValueError, lambda e, _: fitted().recommend([[("1", 1e39)]])),
    ("rows of one user that contradict each other, with groups", 0): (
        ValueError,
        lambda e, _: fitted().fit([["1"], ["2"]], ["2", "1"], groups=["u", "u"]),
    ),
    ("groups in fit that are no users", 0): (
        ValueError,
        lambda e, _: fitted().fit(*make_queries(events())[:2], groups=["g", "g"]),
    ),
}

WARNS = {
    ("rows by hand that grow like those of the same users, without groups", 0): (
        TrainingRowsWarning,
        lambda e, _: fitted().fit([[], ["1"], ["1", "2"]], ["1", "2", "1"]).popularity_,
    ),
    ("targets in another order than the rows of make_queries", 0): (
        TrainingRowsWarning,
        lambda e, _: fitted().fit(make_queries(events()).X, ["2", "1"]).popularity_,
    ),
    ("numbers in a 2-D array or a frame", 0): (
        DataConversionWarning,
        lambda e, _: e.transform(np.arange(3, dtype=np.int64).reshape(-1, 1)),
    ),
    ("a text longer than the model reads", 0): (TruncationWarning, lambda e, _: e.transform([LONG, LONG])),
    ("a text of which the model's vocabulary lacks half or more", 0): (
        UnknownTokenWarning,
        lambda e, _: e.transform(["안녕하세요", "안녕하세요"]),
    ),
    ("a cache folder that cannot be written", 0): (
        StoreWarning,
        lambda e, new: LLMTokenEmbedder(cache=unwritable(new)).fit_transform(GOOD),
    ),
    ("fewer rows than EmbeddingPCA(n_components=) asks for", 0): (
        UserWarning,
        lambda e, _: EmbeddingPCA(50).fit_transform(np.eye(2, 384)),
    ),
}


def events(**columns):
    return {"user_id": ["u", "v"], "item_id": ["1", "2"], "timestamp": [1, 2]} | columns


def fitted(**options):
    catalog = Catalog(["1", "2"], ["green tea", "iron pot"])
    return ContentRecommender(catalog, **options).fit([["1", "2"], ["2"]])


def is_left_alone_by_a_fit_that_fails(recommender):
    before = recommender.add_items(["3"], ["tea cup"]).recommend([["1", "3"]]).tolist()
    with pytest.raises(ValueError, match="is not in the catalogue"):
        recommender.fit([["1", "3"]])
    return recommender.recommend([["1", "3"]]).tolist() == before


def shows_little(recommender, text):
    with pytest.raises(ValueError, match="is not in the catalogue") as caught:
        recommender.recommend([[text]])
    return text[:30] in str(caught.value) and text[:31] not in str(caught.value)


def unwritable(folder):
    """A folder inside a file: not even root can write there."""
    (folder / "file").write_text("")
    return folder / "file" / "vectors"


def is_finite(rows):
    return np.isfinite(rows).all() and np.abs(rows).max(axis=1).all()


# Rows without an error message: what must hold.
HOLDS = {
    ('the same, unknown="ignore"', 0): lambda e: (
        fitted(unknown="ignore").recommend([["gone", "1"]]).tolist() == fitted().recommend([["1"]]).tolist()
    ),
    ("None or NaN at the ends of a history, of candidates, of exclude", 0): lambda e: (
        fitted().recommend([["1", np.nan]], 1, candidates=[None, "2"], exclude=[[None]]).tolist() == [["2"]]
    ),
    ("a fit that fails on a fitted recommender", 0): lambda e: is_left_alone_by_a_fit_that_fails(fitted()),
    ("features of new items in a frame of another library, or of other types of number, text and date", 0): lambda e: (
        Catalog(["a"], features=pd.DataFrame({"kind": pd.Categorical(["tea"]), "price": [1]}))
        .append(["b"], features=pl.DataFrame({"kind": ["pot"], "price": [2.5]}))
        .features()["price"]
        .tolist()
        == [1, 2.5]
    ),
    ("ids of several types in one column", 0): lambda e: make_queries(events(item_id=["1", 1])).y.tolist() == ["1", 1],
    ("dates with a time zone, ISO text with an offset", 0): lambda e: (
        make_queries(events(timestamp=["2024-01-01T00:30+01:00", "2024-01-01T00:00Z"])).times[0]
        == np.datetime64("2023-12-31T23:30")
    ),
    ("a date as cut among times that are numbers", 0): lambda e: (
        [
            part.tolist()
            for part in next(GlobalTimeSplit([0, 86400, 86401], cut="1970-01-02").split([["1"]] * 3, None, list("uvw")))
        ]
        == [[0, 1], [2]]
    ),
    ("texts in messages", 0): lambda e: shows_little(fitted(), "0123456789" * 4),
    ('the same, LLMTokenEmbedder(missing="zero")', 0): lambda e: (
        not (LLMTokenEmbedder(missing="zero").fit_transform(["a", None])[1].any())
    ),
    ('a missing text, text_pipeline(missing="zero")', 0): lambda e: (
        len(set(text_pipeline(missing="zero").fit([*GOOD, None], [0, 1, 1]).predict([None, ""]))) == 1
    ),
    ('"", white space only', 0): lambda e: is_finite(e.transform(["", " \n"])),
    ("the same text twice", 0): lambda e: len(np.unique(e.transform(["好", "好"]), axis=0)) == 1,
    ("no rows, in transform", 0): lambda e: (
        e.transform([]).shape == (0, e.n_features_out_) and e.transform([]).dtype == np.float32
    ),
    ('the same, TextNormalizer(surrogates="replace")', 0): lambda e: (
        TextNormalizer(surrogates="replace").fit_transform(["x\ud800"])[0] == "x\ufffd"
    ),
    ("NUL, emoji, right-to-left text", 0): lambda e: is_finite(e.transform(["a\0b", "👩‍🚀", "very good שלום"])),
    ("two user dictionaries in one process", 0): lambda e: (
        [JiebaTokenizer(user_dict=[word])("来到杭研大厦") for word in ("到杭研", "杭研大厦")]
        == [["来", "到杭研", "大厦"], ["来到", "杭研大厦"]]
    ),
    ("one character, 100,000 times", 0): lambda e: "".join(JiebaTokenizer()("好" * 100_000)) == "好" * 100_000,
    ('set_output(transform="pandas") before TfidfVectorizer', 0): lambda e: isinstance(
        JiebaTokenizer().set_output(transform="pandas").fit_transform(pd.Series(GOOD)), pd.Series
    ),
    ('the same, long_text="chunk"', 0): lambda e: (
        not np.allclose(*LLMTokenEmbedder(long_text="chunk").fit_transform([LONG + "坏", LONG + "今天下雨了" * 60]))
    ),
}


def as_pattern(message):
    """The message of the page as a regular expression: `...` is the rest, or what stood before."""
    return "^" + ".*".join(re.escape(part) for part in message.split("...")) + "$"


def test_every_row_of_the_page_has_a_test():
    assert set(ROWS) == {*RAISES, *WARNS, *HOLDS}


@pytest.mark.parametrize("row", RAISES, ids=lambda row: row[0])
def test_message_is_the_one_on_the_page(row, embedder, tmp_path):
    expected, call = RAISES[row]
    said, message = ROWS[row]
    with pytest.raises(expected) as caught:
        call(embedder, tmp_path)
    assert said.startswith(expected.__name__)
    assert re.search(as_pattern(message), str(caught.value), re.DOTALL)


@pytest.mark.parametrize("row", WARNS, ids=lambda row: row[0])
def test_warning_is_the_one_on_the_page(row, embedder, tmp_path):
    expected, call = WARNS[row]
    said, message = ROWS[row]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = call(embedder, tmp_path)
    assert np.isfinite(result).all()
    assert expected.__name__ in said
    assert any(
        issubclass(w.category, expected) and re.search(as_pattern(message), str(w.message), re.DOTALL) for w in caught
    )


@pytest.mark.parametrize("row", HOLDS, ids=lambda row: row[0])
def test_promise_of_the_page_holds(row, embedder):
    assert HOLDS[row](embedder)


@pytest.mark.parametrize(
    "X",
    [["a", np.nan], pd.Series(["a", pd.NA], dtype="string"), pl.Series(["a", None]), pd.DataFrame({"t": ["a", None]})],
    ids=["nan", "pandas", "polars", "frame"],
)
def test_missing_text_is_found_in_every_container(embedder, X):
    with pytest.raises(ValueError, match=r"^X\[1(, 't')?\] is missing"):
        embedder.transform(X)
