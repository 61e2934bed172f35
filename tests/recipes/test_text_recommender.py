import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import FunctionTransformer

from sklearn_llmtokens import LLMTokenEmbedder, text_recommender
from sklearn_llmtokens.recommend import Catalog, HybridRecommender


@pytest.fixture
def embedder(checkpoints):
    return LLMTokenEmbedder(checkpoints["bert"])


WORDS = ["绿茶", "红茶", "铁壶", "茶杯", "台灯", "沙发"]
CATALOG = Catalog(list(range(36)), [f"{WORDS[i % 6]}，{WORDS[i // 6]}" for i in range(36)])


def walks(n, seed=0):
    """Return histories in which each item is followed by the next one of the catalogue."""
    rng = np.random.default_rng(seed)
    starts, lengths = rng.integers(0, 36, n), rng.integers(2, 6, n)
    return [[int(start + i) % 36 for i in range(length)] for start, length in zip(starts, lengths, strict=True)]


def test_recommends_what_followed_and_what_is_alike(embedder):
    model = text_recommender(CATALOG, embedder=embedder).fit(walks(200))
    assert isinstance(model, HybridRecommender)
    assert model.recommend([[3]], k=1)[0, 0] == 4
    histories = walks(40, seed=1)
    assert model.score([one[:-1] for one in histories], [one[-1] for one in histories]) > 0.5


@pytest.mark.parametrize("as_frame", [False, True])
def test_the_default_recommender_reads_texts_beside_features(as_frame):
    prices = pd.DataFrame({"price": np.arange(36.0), "weight": 1.0})
    features = prices if as_frame else prices.to_numpy()
    ids, texts = list(range(36)), [f"{WORDS[i % 6]}，{WORDS[i // 6]}" for i in range(36)]
    plain, beside = (text_recommender(Catalog(ids, texts, more)).fit(None) for more in (None, features))
    np.testing.assert_allclose(beside.score_items([[0], [3, 4]]), plain.score_items([[0], [3, 4]]), rtol=1e-5)


def test_an_embedder_of_texts_and_features_can_be_passed():
    table = ColumnTransformer([("texts", CountVectorizer(), 0), ("numbers", "passthrough", [1])])
    texts = [f"{WORDS[i % 6]} {WORDS[i // 6]}" for i in range(36)]
    catalog = Catalog(list(range(36)), texts, np.arange(36.0).reshape(-1, 1))
    model = text_recommender(catalog, embedder=table).fit(walks(50))
    assert model.recommend([[1, 2]], k=3).shape == (1, 3)


def test_recommends_without_a_click(embedder):
    model = text_recommender(CATALOG, embedder=embedder).fit(None)
    best = model.recommend([[0]], k=5)[0]
    assert len(set(best.tolist()) & ({6, 12, 18, 24, 30} | {1, 2, 3, 4, 5})) >= 4


def test_words_and_vectors_count_for_more_of_items_without_a_click(embedder):
    model = text_recommender(CATALOG, embedder=embedder).fit(None)
    weights = {"transitions": 1.0, "lexical": 0.4, "content": 0.5}
    assert {name: model.weights_[name] for name in weights} == {
        "transitions": (1.0, 1.0),
        "lexical": (0.25, 0.4),
        "content": (0.35, 0.5),
    }
    query = [[0]]
    parts = {name: model.recommenders_[name].score_items(query)[0] for name in weights}
    expected = sum(weights[name] * scores / np.abs(scores[1:]).max() for name, scores in parts.items())
    np.testing.assert_allclose(model.score_items(query)[0], expected, rtol=1e-5, atol=1e-6)


def test_new_items_can_be_recommended_at_once(embedder):
    model = text_recommender(CATALOG, embedder=embedder).fit(walks(200))
    model.add_items([99], ["绿茶，绿茶，绿茶"])
    assert 99 in model.recommend([[0]], k=10)[0]


def test_every_part_of_the_recommender_can_be_searched(embedder):
    grid = {
        "content__embedder__pooling": ["mean", "cls"],
        "content__profile": ["harmonic", "last"],
        "neighbours": ["drop"],
    }
    histories = walks(60)
    X = np.empty(60, dtype=object)
    X[:] = [one[:-1] for one in histories]
    model = text_recommender(CATALOG, embedder=embedder)
    search = GridSearchCV(model, grid, cv=2).fit(X, [one[-1] for one in histories])
    assert len(search.cv_results_["params"]) == 4
    assert set(search.best_estimator_.weights_) == {
        "lexical",
        "content",
        "transitions",
        "ease",
        "popularity",
        "recency",
    }


def test_the_recommender_takes_any_transformer_and_clones_it():
    lengths = FunctionTransformer(lambda texts: np.array([[len(t), t.count("茶")] for t in texts], dtype=np.float32))
    model = text_recommender(CATALOG, embedder=lengths).fit(walks(50))
    assert model.recommend([[1, 2]], k=3).shape == (1, 3)
    assert model.get_params()["content__embedder"] is not lengths


def test_the_recommender_takes_the_name_of_a_model_and_reads_texts_alone(checkpoints):
    folder = checkpoints["bert"]
    texts = [f"{WORDS[i % 6]}，{WORDS[i // 6]}" for i in range(36)]
    catalog = Catalog(list(range(36)), texts, np.arange(36.0).reshape(-1, 1))
    named = text_recommender(catalog, embedder=str(folder)).fit(None)
    passed = text_recommender(CATALOG, embedder=LLMTokenEmbedder(folder)).fit(None)
    np.testing.assert_array_equal(named.recommend([[0], [3, 4]]), passed.recommend([[0], [3, 4]]))


def test_the_recommender_refuses_an_embedder_without_transform():
    with pytest.raises(TypeError, match="transform"):
        text_recommender(CATALOG, embedder=LogisticRegression())
