import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import FunctionTransformer

from sklearn_llmtokens.recommend import Catalog, ContentRecommender, SmoothedTransitionRecommender

WORDS = ["tea", "pot", "cup", "book", "lamp"]
TEXTS = [f"{WORDS[i % 5]} {WORDS[i // 5]} n{i}" for i in range(25)]


def make(**options):
    catalog = Catalog(list(range(25)), TEXTS)
    return SmoothedTransitionRecommender(ContentRecommender(catalog, embedder=TfidfVectorizer()), **options)


def make_histories(n, seed=0, items=25):
    rng = np.random.default_rng(seed)
    return [rng.permutation(items)[: rng.integers(1, 6)].tolist() for _ in range(n)]


def naive_scores(recommender, train, queries):
    """Return ``p (I + A) T (I + A)^T`` by loops."""
    n = 25
    similarity = np.asarray(recommender.content_.score_items([[i] for i in range(n)]), dtype=np.float64)
    spread = np.eye(n)
    for i in range(n):
        others = np.argsort(-np.where(np.arange(n) == i, -1, similarity[i]), kind="stable")[: recommender.n_neighbors]
        values = np.maximum(similarity[i, others], 0) ** recommender.amplification
        if values.sum() > 0:
            spread[i, others] += values / values.sum()
    counts = np.zeros((n, n))
    for one in train:
        for a in range(len(one)):
            for b in range(a + 1, min(len(one), a + recommender.window + 1)):
                counts[one[a], one[b]] += 1 / (b - a)
    counts = counts + recommender.backward_weight * counts.T
    follows = counts / np.sqrt(counts.sum(axis=1, keepdims=True) + recommender.shrinkage)
    profile = np.zeros((len(queries), n))
    for row, query in enumerate(queries):
        for age, item in enumerate(reversed(query)):
            profile[row, item] += 1 / (1 + age)
    return profile @ spread @ follows @ spread.T


@pytest.mark.parametrize(
    "options", [{}, {"backward_weight": 0.0, "n_neighbors": 24, "shrinkage": 0.5, "amplification": 1.0}]
)
def test_agrees_with_loops(options):
    train, queries = make_histories(60), make_histories(8, seed=1)
    recommender = make(n_neighbors=options.pop("n_neighbors", 24), **options).fit(train)
    expected = naive_scores(recommender, train, queries)
    np.testing.assert_allclose(recommender.score_items(queries), expected, rtol=1e-4, atol=1e-6)


def test_shares_of_events_add_up_to_the_score():
    recommender = make(n_neighbors=5).fit(make_histories(60))
    queries = [[1, 2, 3], [4], [9, 8]]
    scores = recommender.score_items(queries)
    for row, shares in enumerate(recommender.explain(queries, [7, 11, 3])):
        np.testing.assert_allclose(shares.sum(), scores[row, [7, 11, 3][row]], rtol=1e-4, atol=1e-7)


def test_items_without_a_click_are_reached():
    recommender = make(n_neighbors=5).fit(make_histories(60, items=20))
    assert (recommender.score_items([[0, 5]])[0, 20:] > 0).any()
    assert recommender.score_items([[24]]).any()


def test_new_items_are_as_if_they_had_been_there():
    train = make_histories(60, items=20)
    whole = make(n_neighbors=24).fit(train)
    catalog = Catalog(list(range(20)), TEXTS[:20])
    # a vocabulary that all texts share, so that the vectors are the same
    vectorizer = TfidfVectorizer(vocabulary=whole.content_.embedder_.vocabulary_, use_idf=False, norm=None)
    content = ContentRecommender(catalog, embedder=vectorizer)
    grown = SmoothedTransitionRecommender(content, n_neighbors=24).fit(train).add_items(range(20, 25), TEXTS[20:])
    fresh = SmoothedTransitionRecommender(
        ContentRecommender(Catalog(list(range(25)), TEXTS), embedder=vectorizer), n_neighbors=24
    ).fit(train)
    got, expected = (one.score_items([[1, 2], [22]])[:, 20:] for one in (grown, fresh))
    np.testing.assert_allclose(got[0], expected[0], atol=0.05)
    assert grown.recommend([[22]], k=3).shape == (1, 3)


def test_removed_items_come_back_with_another_text():
    recommender = make(n_neighbors=3).fit(make_histories(60))
    recommender.remove_items([3]).add_items([3], ["tea tea tea"])
    assert recommender.recommend([[1]], k=24).shape == (1, 24)


def test_a_refit_keeps_the_neighbours():
    recommender = make(n_neighbors=5).fit(make_histories(30))
    again = recommender._refit_sequences(recommender._training_sequences(make_histories(60, seed=3), None))
    fresh = make(n_neighbors=5).fit(make_histories(60, seed=3))
    np.testing.assert_allclose(again.score_items([[1, 2]]), fresh.score_items([[1, 2]]), rtol=1e-5)


def test_no_clicks_give_no_scores():
    assert not make().fit(None).score_items([[1]]).any()


def test_an_item_like_no_other_spreads_to_itself_alone():
    train, queries = make_histories(60), [[24], [3, 24], [5]]
    content = ContentRecommender(Catalog(list(range(25)), [*TEXTS[:24], "zzz"]), embedder=TfidfVectorizer())
    recommender = SmoothedTransitionRecommender(content, n_neighbors=24).fit(train)
    expected = naive_scores(recommender, train, queries)
    np.testing.assert_allclose(recommender.score_items(queries), expected, rtol=1e-4, atol=1e-6)
    assert expected[0].any()


@pytest.mark.parametrize(
    "options", [{"window": 0}, {"backward_weight": -1.0}, {"shrinkage": -1.0}, {"n_neighbors": 0}, {"amplification": 0}]
)
def test_refuses_parameters_out_of_range(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        make(**options).fit(make_histories(3))


def test_similarities_that_are_rounding_are_no_neighbours():
    vectors = np.array([[0, 0, 0], [0, -1, 3], [0, -3, -1]], dtype=float)
    content = ContentRecommender(Catalog(range(3), features=vectors), embedder=FunctionTransformer(), whiten=0)
    scores = SmoothedTransitionRecommender(content, n_neighbors=2).fit([[0, 1]]).score_items([[0]])
    assert scores[0, 1] > 0.5
    assert scores[0, 2] == 0
