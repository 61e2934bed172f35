import csv
import io
import json
import subprocess
import sys
from collections import Counter
from importlib.resources import files

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

from sklearn_llmtokens.datasets import load_toy_catalog, load_toy_reviews
from tests.datasets.toy_process import COMPANIONS, UNSEEN, simulate_histories

NAMES_OF_CATEGORIES = {
    "book": "书",
    "clothing": "衣服",
    "film": "电影",
    "fruit": "水果",
    "haircare": "洗发水",
    "hotel": "酒店",
    "phone": "手机",
    "takeaway": "外卖",
}


def read(name):
    """Return the content of a bundled file as it is."""
    return (files("sklearn_llmtokens.datasets") / "data" / name).read_bytes().decode("utf-8")


@pytest.fixture(scope="module")
def reviews():
    return load_toy_reviews()


@pytest.fixture(scope="module")
def catalog():
    return load_toy_catalog()


def test_reviews_have_the_shape_that_is_promised(reviews):
    assert reviews.data.shape == reviews.target.shape == reviews.sentiment.shape == reviews.language.shape == (592,)
    assert reviews.data.dtype == object
    assert reviews.target.dtype == np.int64
    assert reviews.frame is None
    assert reviews.feature_names == ["text"]
    assert len(reviews.target_names) == 8
    assert "592" in reviews.DESCR


def test_reviews_are_balanced_over_category_and_sentiment(reviews):
    assert set(np.bincount(reviews.target)) == {74}
    assert set(Counter(zip(reviews.target.tolist(), reviews.sentiment.tolist(), strict=True)).values()) == {37}


def test_reviews_are_distinct_and_short(reviews):
    assert len({text.strip().lower() for text in reviews.data}) == 592
    lengths = {name: [len(text) for text in reviews.data[reviews.language == name]] for name in ("zh", "en")}
    assert min(lengths["zh"]) >= 8
    assert max(lengths["zh"]) <= 60
    assert max(lengths["en"]) <= 120
    assert 0.1 <= len(lengths["en"]) / 592 <= 0.15


def test_reviews_seldom_name_their_category(reviews):
    named = [
        NAMES_OF_CATEGORIES[reviews.target_names[category]] in text
        for text, category in zip(reviews.data, reviews.target, strict=True)
    ]
    assert np.mean(named) < 0.2


def test_words_are_shared_between_categories(reviews):
    for word in ("味道", "皮", "房", "屏", "封面", "包装", "新鲜", "颜色"):
        categories = {reviews.target[i] for i, text in enumerate(reviews.data) if word in text}
        assert len(categories) >= 2, word


@pytest.mark.parametrize(("label", "low", "high"), [("target", 0.5, 0.8), ("sentiment", 0.55, 0.8)])
def test_counting_characters_does_not_solve_the_reviews(reviews, label, low, high):
    lexical = make_pipeline(TfidfVectorizer(analyzer="char", ngram_range=(1, 2)), LogisticRegression(C=10))
    assert low < cross_val_score(lexical, reviews.data, reviews[label], cv=5).mean() < high


def test_reviews_as_arrays(reviews):
    X, y = load_toy_reviews(return_X_y=True)
    np.testing.assert_array_equal(X, reviews.data)
    np.testing.assert_array_equal(y, reviews.target)


def test_reviews_as_frame(reviews):
    pd = pytest.importorskip("pandas")
    framed = load_toy_reviews(as_frame=True)
    assert list(framed.frame.columns) == ["text", "sentiment", "language", "target"]
    assert isinstance(framed.data, pd.Series)
    assert framed.data.tolist() == reviews.data.tolist()
    X, y = load_toy_reviews(return_X_y=True, as_frame=True)
    pd.testing.assert_series_equal(X, framed.data)
    pd.testing.assert_series_equal(y, framed.target)


def test_a_caller_cannot_change_what_the_next_one_gets(reviews):
    reviews.target_names.append("nonsense")
    assert len(load_toy_reviews().target_names) == 8
    reviews.target_names.pop()


def test_catalog_columns_belong_together(catalog):
    columns = ("ids", "texts", "titles", "descriptions", "categories", "domains", "prices")
    assert {len(catalog[column]) for column in columns} == {100}
    assert len(set(catalog.ids)) == len(set(catalog.titles)) == 100
    assert set(Counter(catalog.categories).values()) == {10}
    assert Counter(catalog.domains) == {"news": 30, "shop": 40, "content": 30}
    assert all(price > 0 for price, domain in zip(catalog.prices, catalog.domains, strict=True) if domain == "shop")
    assert catalog.texts[0].startswith(catalog.titles[0])
    assert 5 <= sum(title.isascii() for title in catalog.titles) <= 15


def test_histories_are_of_known_items_and_repeat_none(catalog):
    known = set(catalog.ids)
    for history, times, target, last in zip(
        catalog.histories, catalog.timestamps, catalog.targets, catalog.target_timestamps, strict=True
    ):
        assert 5 <= len(history) <= 14
        assert len({*history, target}) == len(history) + 1
        assert known.issuperset({*history, target})
        assert len(times) == len(history)
        assert all(a < b for a, b in zip(times, [*times[1:], last], strict=True))
    assert len(set(catalog.users)) == len(catalog.users) == 240


def test_new_items_are_in_no_history(catalog):
    met = {item for history in catalog.histories for item in history} | set(catalog.targets)
    assert set(catalog.ids) - met == UNSEEN


def test_bundled_histories_are_what_the_documented_process_gives(catalog):
    assert json.loads(read("toy_histories.json")) == simulate_histories(list(catalog.ids), catalog.categories)


def test_targets_follow_the_interest_and_its_companion(catalog):
    category = dict(zip(catalog.ids, catalog.categories, strict=True))
    pairs = Counter()
    for history, target in zip(catalog.histories, catalog.targets, strict=True):
        main = Counter(category[item] for item in history).most_common(1)[0][0]
        pairs[category[target] == main] += 1
        pairs["companion"] += category[target] == COMPANIONS[main]
    assert pairs[True] / 240 > 0.25  # chance: .1; the longer the history, the less is left of the main interest
    assert pairs["companion"] / 240 > 0.2


def test_companions_have_companions_of_their_own():
    assert all(COMPANIONS[COMPANIONS[name]] == name for name in COMPANIONS)


def test_co_occurrence_and_texts_each_beat_chance(catalog):
    """Hit rate at 10 of 100 items, histories removed: cosine of items in the others' histories, TF-IDF of the texts."""
    place = {item: i for i, item in enumerate(catalog.ids)}
    seen = np.zeros((240, 100))
    for row, history in enumerate(catalog.histories):
        seen[row, [place[item] for item in history]] = 1
    targets = np.array([place[target] for target in catalog.targets])
    test = np.arange(240) % 4 == 0
    full = seen[~test].copy()
    full[np.arange(len(full)), targets[~test]] = 1
    norms = np.maximum(np.linalg.norm(full, axis=0), 1)
    vectors = TfidfVectorizer(analyzer="char", ngram_range=(1, 2)).fit_transform(catalog.texts).toarray()

    def hit_rate(similarity):
        scores = np.where(seen[test] > 0, -np.inf, seen[test] @ similarity)
        rank = (scores > scores[np.arange(test.sum()), targets[test]][:, None]).sum(axis=1)
        return (rank < 10).mean()

    assert hit_rate((full.T @ full) / np.outer(norms, norms)) > 0.4
    assert hit_rate(vectors @ vectors.T) > 0.15


def test_catalog_as_frames(catalog):
    pytest.importorskip("pandas")
    framed = load_toy_catalog(as_frame=True)
    assert framed.items_frame.shape == (100, 6)
    assert framed.items_frame["price"].dtype == np.float64
    assert framed.items_frame["item_id"].tolist() == catalog.ids.tolist()
    assert list(framed.frame.columns) == ["user", "history", "timestamps", "target", "target_timestamp"]
    assert framed.frame["history"].tolist() == catalog.histories
    assert catalog.items_frame is None
    assert catalog.frame is None


def test_bundled_tables_are_clean_utf8():
    for name, width in (("toy_reviews.csv", 4), ("toy_items.csv", 6)):
        content = read(name)
        assert not content.startswith("\ufeff")
        assert "\r" not in content
        assert {len(row) for row in csv.reader(io.StringIO(content))} == {width}


def test_toy_sets_need_neither_pandas_nor_torch():
    program = """
import sys


class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("pandas", "pyarrow", "polars", "torch", "transformers"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


sys.meta_path.insert(0, Absent())
from sklearn_llmtokens.datasets import load_toy_catalog, load_toy_reviews

load_toy_reviews(), load_toy_catalog()
try:
    load_toy_reviews(as_frame=True)
except ImportError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "as_frame=True needs 'pandas'" in done.stdout
    assert "sklearn-llmtokens[frames]" in done.stdout


def test_catalog_events_are_the_histories_and_targets_as_a_table(catalog):
    assert catalog.feature_names == ["user_id", "item_id", "timestamp"]
    per_user = {}
    for user, item, time in catalog.events.tolist():
        per_user.setdefault(user, []).append((item, time))
    assert list(per_user) == catalog.users
    for i, events in enumerate(per_user.values()):
        assert [item for item, _ in events] == [*catalog.histories[i], catalog.targets[i]]
        assert [time for _, time in events] == [*catalog.timestamps[i], catalog.target_timestamps[i]]


def test_catalog_events_as_a_frame(catalog):
    pytest.importorskip("pandas")
    frame = load_toy_catalog(as_frame=True).events
    assert frame.shape == catalog.events.shape
    assert frame.columns.tolist() == catalog.feature_names
    assert frame["timestamp"].dtype == np.int64
    assert frame["item_id"].tolist() == catalog.events[:, 1].tolist()
