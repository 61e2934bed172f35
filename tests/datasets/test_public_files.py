"""The public files themselves, where SKLEARN_LLMTOKENS_DATA names a folder that has them: nothing is downloaded."""

import os
from pathlib import Path

import numpy as np
import pytest

from sklearn_llmtokens import datasets

HOME = os.environ.get("SKLEARN_LLMTOKENS_DATA")
OFFLINE = {"data_home": HOME, "download_if_missing": False}

pytestmark = pytest.mark.skipif(not HOME, reason="SKLEARN_LLMTOKENS_DATA is not set")


def needs(*filenames):
    if missing := [name for name in filenames if not (Path(HOME) / name).exists()]:
        pytest.skip(f"{HOME} has no {', '.join(missing)}")


def test_shopping_reviews():
    needs("text/online_shopping_10_cats.zip")
    everything = datasets.fetch_shopping_reviews(empty="keep", **OFFLINE)
    assert everything.data.shape == (62_774,)
    assert np.flatnonzero(everything.data == "").tolist() == [36_425]
    assert sum(text.startswith("\ufeff") for text in everything.data) == 0
    assert everything.sentiment.sum() == 31_728
    assert datasets.fetch_shopping_reviews(**OFFLINE).data.shape == (62_773,)
    first = datasets.fetch_shopping_reviews(empty="keep", duplicates="first", **OFFLINE)
    assert len(set(first.data)) == len(first.data) == 62_724


@pytest.mark.parametrize(
    ("name", "sizes", "n_classes"),
    [
        ("tnews", {"train": 1_185, "test": 2_010, "unlabeled": 20_000}, 15),
        ("eprstmt", {"train": 160, "test": 610}, 2),
        ("iflytek", {"train": 3_024, "test": 1_749}, 119),
        ("csldcp", {"train": 2_036, "test": 1_784}, 67),
    ],
)
def test_fewclue(name, sizes, n_classes):
    parts = {"train": "train_few_all", "test": "test_public", "unlabeled": "unlabeled"}
    needs(*(f"text/{name}_{parts[subset]}.json" for subset in sizes))
    for subset, size in sizes.items():
        bunch = getattr(datasets, f"fetch_{name}")(subset=subset, **OFFLINE)
        assert bunch.data.shape == (size,)
        assert len(set(bunch.target_names)) == n_classes
        assert all(isinstance(text, str) and text.strip() for text in bunch.data)


def test_thucnews():
    needs("text/thucnews_train_1w.txt")
    bunch = datasets.fetch_thucnews(**OFFLINE)
    assert bunch.data.shape == (10_000,)
    assert np.bincount(bunch.target).min() > 900


def test_banking77():
    needs("text/banking77_train.csv", "text/banking77_test.csv")
    train, test = (datasets.fetch_banking77(subset=subset, **OFFLINE) for subset in ("train", "test"))
    assert (train.data.shape, test.data.shape) == ((10_003,), (3_080,))
    assert set(np.bincount(test.target)) == {40}
    assert len(train.target_names) == 77


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("sts_b_zh", {"train": 5_231, "dev": 1_458}),
        ("afqmc", {"train": 34_334, "dev": 4_316}),
        ("lcqmc", {"dev": 8_802}),
    ],
)
def test_sentence_pairs(name, sizes):
    needs(*(f"similarity/{name}_{subset}.txt" for subset in sizes))
    for subset, size in sizes.items():
        pairs = datasets.fetch_sentence_pairs(name, subset=subset, **OFFLINE)
        assert pairs.data.shape == (size, 2)
        assert set(np.unique(pairs.target)) == set(range(6 if name == "sts_b_zh" else 2))


@pytest.mark.parametrize(("name", "size"), [("pku", 1_944), ("msr", 3_985)])
def test_sighan2005(name, size):
    needs(f"segmentation/sighan2005_{name}_test_gold.txt")
    bunch = datasets.fetch_sighan2005(name, **OFFLINE)
    assert bunch.data.shape == (size,)
    assert not any(character.isspace() for text in bunch.data for character in text)


@pytest.mark.parametrize(
    ("name", "n_users", "n_items", "n_events"),
    [("beauty", 22_332, 12_086, 198_215), ("toys", 19_124, 11_758, 165_247)],
)
def test_amazon_interactions(name, n_users, n_items, n_events):
    pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    needs(f"interactions/amazon_{name}_items.parquet", f"interactions/amazon_{name}_events.parquet")
    bunch = datasets.fetch_amazon_interactions(name, **OFFLINE)
    assert bunch.events.shape == (n_events, 3)
    assert len(bunch.ids) == len(bunch.texts) == n_items
    assert len(bunch.users) == len(bunch.histories) == n_users
    assert min(map(len, bunch.histories)) == 5
    assert sum(map(len, bunch.histories)) == n_events


@pytest.mark.parametrize(("min_item_events", "n_items", "n_events"), [(1, 3_706, 1_000_209), (5, 3_416, 999_611)])
def test_movielens_1m(min_item_events, n_items, n_events):
    needs("interactions/ml-1m.zip")
    bunch = datasets.fetch_movielens_1m(min_item_events=min_item_events, **OFFLINE)
    assert bunch.events.shape == (n_events, 3)
    assert len(bunch.ids) == len(bunch.texts) == len(bunch.genres) == n_items
    assert len(bunch.users) == len(bunch.histories) == 6_040
    assert min(map(len, bunch.histories)) >= 15
    assert bunch.texts[0] == "Toy Story (1995)"


def test_games6k():
    needs("interactions/games_6k/Games-6k.item")
    bunch = datasets.fetch_games6k(**OFFLINE)
    assert len(bunch.texts) == 16_859
    assert len(bunch.histories) == len(bunch.targets) == 50_546
    assert bunch.candidates.shape == (200, 100)
    assert {name: ranking.shape for name, ranking in bunch.rankings.items()} == {
        "bpr": (6_000, 100),
        "sasrec": (6_000, 100),
    }
    target = dict(zip(bunch.users.tolist(), bunch.targets.tolist(), strict=True))
    assert not any(
        target[user] in items for user, items in zip(bunch.candidate_users.tolist(), bunch.candidates, strict=True)
    )
    np.testing.assert_array_equal(bunch.ranking_users[:200], bunch.candidate_users)
