"""What docs/explanation/recommend_fairness.md says about traces of users and texts."""

import pickle
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import Ridge
from sklearn.metrics import pairwise_distances_argmin, roc_auc_score

from sklearn_llmtokens import LLMTokenEmbedder
from sklearn_llmtokens.datasets import load_toy_reviews
from sklearn_llmtokens.recommend import (
    Catalog,
    ContentRecommender,
    EASERecommender,
    HybridRecommender,
    ItemKNNRecommender,
    PopularityRecommender,
    RecencyRecommender,
    SequenceKNNRecommender,
    TransitionRecommender,
)

N = 12
CATALOG = Catalog([f"i{n}" for n in range(N)], [f"text{n} about thing{n % 3}" for n in range(N)])
RECOMMENDERS = {
    "content": ContentRecommender(CATALOG),
    "ease": EASERecommender(CATALOG),
    "knn": ItemKNNRecommender(CATALOG),
    "transitions": TransitionRecommender(CATALOG),
    "neighbours of sequences": SequenceKNNRecommender(CATALOG),
    "popularity": PopularityRecommender(CATALOG),
    "recency": RecencyRecommender(CATALOG),
    "hybrid": HybridRecommender([("content", ContentRecommender(CATALOG)), ("ease", EASERecommender(CATALOG))]),
}
HISTORIES = [np.random.default_rng(seed).choice(N, 4, replace=False).tolist() for seed in range(30)]
HISTORIES = [[f"i{n}" for n in history] for history in HISTORIES]


@pytest.mark.parametrize("model", RECOMMENDERS.values(), ids=RECOMMENDERS)
def test_serving_a_user_leaves_no_trace(model):
    model.fit(HISTORIES)
    before = joblib.hash(vars(model))
    model.recommend([["i1", "i5"]], k=3)
    model.score_items([["i7"]])
    model.explain([["i1", "i5"]], ["i2"])
    model.predict([["i3"]])
    assert joblib.hash(vars(model)) == before


@pytest.mark.parametrize("model", RECOMMENDERS.values(), ids=RECOMMENDERS)
def test_a_fit_without_a_user_is_a_fit_that_never_saw_the_user(model):
    model.fit(HISTORIES)  # with the last user
    forgotten = model.fit(HISTORIES[:-1]).score_items(HISTORIES)
    never_seen = type(model)(**model.get_params(deep=False)).fit(HISTORIES[:-1]).score_items(HISTORIES)
    np.testing.assert_array_equal(forgotten, never_seen)


def test_a_pair_that_one_user_alone_has_shows_in_an_item_item_model():
    """The limit of "aggregates only": with and without one user, the model differs, and the place shows."""
    others = [["i0", "i1"], ["i2", "i3"], ["i4", "i5"]] * 3
    without = EASERecommender(CATALOG).fit(others).score_items([["i8"]])[0]
    with_one = EASERecommender(CATALOG).fit([*others, ["i8", "i9"]]).score_items([["i8"]])[0]
    assert without[9] == 0
    assert with_one.argmax() == 9


def test_removed_items_are_hidden_at_once_and_gone_after_a_fit_on_the_shorter_catalogue():
    catalog = CATALOG.append(["secret"], ["zanzibarquux"])
    model = ContentRecommender(catalog).fit(HISTORIES)
    model.remove_items(["secret"])
    assert "secret" not in model.recommend([["i1"]], k=N + 1)
    assert b"zanzibarquux" in pickle.dumps(model)  # hidden, not erased
    shorter = model.set_params(catalog=catalog.drop(["secret"])).fit(HISTORIES)
    assert b"zanzibarquux" not in pickle.dumps(shorter)
    assert b"secret" not in pickle.dumps(shorter)


def files_hold(folder: Path, content: bytes) -> bool:
    return any(content in path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_the_store_holds_vectors_and_no_text_and_forgets(tmp_path):
    texts = ["我的电话是一三八", "这家店的面很好吃"]
    embedder = LLMTokenEmbedder(cache=str(tmp_path / "store"))
    vectors = embedder.fit_transform(texts)
    for text, vector in zip(texts, vectors, strict=True):
        assert not files_hold(tmp_path, text.encode())
        assert files_hold(tmp_path, vector.astype("<f4").tobytes())
    embedder.forget(texts[:1])
    assert not files_hold(tmp_path, vectors[0].astype("<f4").tobytes())
    assert files_hold(tmp_path, vectors[1].astype("<f4").tobytes())


@pytest.fixture(scope="module")
def reviews():
    texts = load_toy_reviews().data
    return texts, LLMTokenEmbedder().fit_transform(texts)


def test_a_suspected_text_is_confirmed_by_its_vector(reviews):
    texts, vectors = reviews
    suspects = LLMTokenEmbedder().fit_transform(texts[::-1])[::-1]  # whoever has the model can embed suspects
    assert (pairwise_distances_argmin(vectors, suspects) == np.arange(len(texts))).all()


def test_words_can_be_read_off_a_vector(reviews):
    """A linear reader, learnt from other texts, tells which characters a text has: far better than chance (0.5)."""
    texts, vectors = reviews
    counter = CountVectorizer(analyzer="char", min_df=40, binary=True)
    characters = counter.fit_transform(texts).toarray()
    guesses = Ridge(1.0).fit(vectors[:400], characters[:400]).predict(vectors[400:])
    seen = characters[400:].any(axis=0) & ~characters[400:].all(axis=0)
    assert roc_auc_score(characters[400:][:, seen], guesses[:, seen], average="macro") > 0.8
