"""A catalogue is embedded once, however many parts of a recommender read it."""

import pickle
from collections import Counter

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import make_column_transformer
from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline

from sklearn_llmtokens import text_recommender
from sklearn_llmtokens.recommend import Catalog, ContentRecommender, HybridRecommender, TransitionRecommender

IDS = [f"i{i}" for i in range(100)]
TEXTS = [f"{a}{b}{i}" for i in range(5) for a in "绿红黑白" for b in "茶壶杯碗盘"]
CATALOG = Catalog(IDS, TEXTS)
HISTORIES = [[IDS[(7 * i + j) % 100] for j in range(4)] for i in range(60)]
COUNTED: Counter = Counter()


class Counting(TransformerMixin, BaseEstimator):
    """An embedder of somebody else, which counts the texts that it is given."""

    def __init__(self, n_features=16):
        self.n_features = n_features

    def fit(self, X, y=None):
        self.is_fitted_ = True
        return self

    def transform(self, X):
        COUNTED.update(list(X))
        hashing = HashingVectorizer(analyzer="char", n_features=self.n_features, alternate_sign=False)
        return hashing.transform(list(X)).toarray()


@pytest.fixture(autouse=True)
def _start_at_zero():
    COUNTED.clear()


def assert_each_once(texts):
    assert set(COUNTED) == set(texts)
    assert set(COUNTED.values()) == {1}


def content(**params):
    return ContentRecommender(CATALOG, embedder=Counting(), **params)


def test_the_recipe_embeds_each_text_once_in_fit_and_in_refit():
    model = text_recommender(CATALOG, embedder=Counting()).fit(HISTORIES)
    assert_each_once(TEXTS)
    COUNTED.clear()
    model.refit(HISTORIES)
    assert_each_once(TEXTS)


@pytest.mark.parametrize("pickled", [False, True])
def test_new_and_changed_texts_are_embedded_once(pickled):
    model = text_recommender(CATALOG, embedder=Counting()).fit(HISTORIES)
    model = pickle.loads(pickle.dumps(model)) if pickled else model
    COUNTED.clear()
    model.add_items(["new", "blank"], ["绿茶盘", " "])
    model.update_items([IDS[3]], ["白茶新"])
    assert_each_once(["绿茶盘", "白茶新"])


def test_parts_that_share_vectors_score_as_they_do_alone():
    params = [{"whiten": 0.3, "profile": 0.8}, {"whiten": 1.0}, {"whiten": 0.0}]
    parts = [(f"part{i}", content(**one)) for i, one in enumerate(params)]
    parts.append(("ridge", TransitionRecommender(CATALOG, method="ridge", prior=content().embedder)))
    together = HybridRecommender(parts, weights=[1] * 4).fit(HISTORIES)
    assert_each_once(TEXTS)
    together.add_items(["new"], ["绿茶盘"])
    for name, part in parts:
        alone = part.fit(HISTORIES).add_items(["new"], ["绿茶盘"])
        np.testing.assert_array_equal(
            together.recommenders_[name].score_items(HISTORIES[:9]), alone.score_items(HISTORIES[:9])
        )


def frozen():
    return make_pipeline(FrozenEstimator(Counting(8).fit(TEXTS)))


@pytest.mark.parametrize(
    ("one", "other", "calls"),
    [
        (Counting(8), Counting(8), 1),
        (Counting(8), Counting(16), 2),
        (frozen(), frozen(), 2),  # both may hold another state
    ],
    ids=["equal", "other parameter", "frozen"],
)
def test_only_embedders_with_the_same_parameters_share(one, other, calls):
    parts = [("one", ContentRecommender(CATALOG, embedder=one)), ("other", ContentRecommender(CATALOG, embedder=other))]
    HybridRecommender(parts, weights=[1, 1]).fit(HISTORIES)
    assert set(COUNTED.values()) == {calls}


def test_a_part_that_reads_features_does_not_share_with_one_of_texts():
    catalog = Catalog(IDS, TEXTS, np.arange(100.0)[:, np.newaxis])
    table = make_column_transformer((TfidfVectorizer(analyzer="char"), 0), ("passthrough", [1]), sparse_threshold=0)
    both = ContentRecommender(catalog, embedder=table)
    parts = [("both", both), ("texts", ContentRecommender(catalog, embedder=Counting(), item_input="texts"))]
    fitted = HybridRecommender(parts, weights=[1, 1]).fit(HISTORIES)
    assert_each_once(TEXTS)
    alone = ContentRecommender(catalog, embedder=table).fit(HISTORIES)
    np.testing.assert_array_equal(
        fitted.recommenders_["both"].score_items(HISTORIES[:3]), alone.score_items(HISTORIES[:3])
    )


def test_nothing_of_the_sharing_is_left_in_a_fitted_recommender():
    model = text_recommender(CATALOG, embedder=Counting()).fit(HISTORIES).add_items(["new"], ["绿茶盘"])
    fitted = [model, *model.recommenders_.values()]
    assert all("_embedded" not in vars(one) for one in fitted)
