"""Buying again: what models of clicks learn from it, and how it is ranked and scored."""

import numpy as np
import pytest

from sklearn_llmtokens import text_recommender
from sklearn_llmtokens.recommend import (
    Catalog,
    EASERecommender,
    HybridRecommender,
    ItemKNNRecommender,
    PopularityRecommender,
    TransitionRecommender,
    make_top_k_scorer,
)

CATALOG = Catalog(["milk", "bread", "lamp", "desk"], ["fresh milk", "white bread", "desk lamp", "oak desk"])
AGAIN = [["milk", "bread", "milk"], ["milk", "milk", "bread", "milk"], ["lamp", "desk"], ["desk", "lamp", "milk"]]


def diagonal(recommender):
    """What the single event of an item gives the item itself."""
    return np.diag(recommender.score_items([[item] for item in recommender.catalog_.ids.tolist()]))


def test_knn_counts_who_had_an_item_again():
    recommender = ItemKNNRecommender(CATALOG, shrinkage=1.0, filter_seen=False).fit(AGAIN)
    # three had milk and two of them again; nobody had another item twice
    np.testing.assert_allclose(diagonal(recommender), [2 / (3 + 1), 0, 0, 0], rtol=1e-6)


def test_ease_predicts_an_item_by_itself_by_a_ridge_regression():
    recommender = EASERecommender(CATALOG, l2=2.0, filter_seen=False).fit(AGAIN)
    np.testing.assert_allclose(diagonal(recommender), [2 / (3 + 2), 0, 0, 0], rtol=1e-6)


@pytest.mark.parametrize("options", [{}, {"max_dense_items": 0}], ids=["dense", "sparse"])
def test_ease_leaves_the_weights_of_other_items(options):
    new = EASERecommender(CATALOG, l2=2.0, **options).fit(AGAIN)
    again = EASERecommender(CATALOG, l2=2.0, filter_seen=False, **options).fit(AGAIN)
    queries = [[item] for item in CATALOG.ids.tolist()]
    difference = again.score_items(queries) - new.score_items(queries)
    np.testing.assert_allclose(difference, np.diag(diagonal(again)), atol=1e-6)
    assert (diagonal(new) == 0).all()


@pytest.mark.parametrize("cls", [EASERecommender, ItemKNNRecommender])
def test_the_two_largest_weights_of_an_item_count(cls):
    plain = cls(CATALOG, filter_seen=False).fit([["milk", "milk"], ["milk", "bread"]])
    heavy = cls(CATALOG, filter_seen=False).fit([[("milk", 0.5), ("milk", 1.0), ("milk", 0.1)], ["milk", "bread"]])
    assert diagonal(heavy)[0] == pytest.approx(0.5 * diagonal(plain)[0])


def test_transitions_count_an_item_that_follows_itself():
    recommender = TransitionRecommender(CATALOG, window=2, filter_seen=False).fit([["milk", "milk", "bread"]])
    # milk-milk 1, milk-bread 1 + 1/2: rows sum to 2.5, the columns to 1 and 1.5
    np.testing.assert_allclose(
        recommender.score_items([["milk"]])[0, :2], [1 / np.sqrt(2.5 * 1), 1.5 / np.sqrt(2.5 * 1.5)], rtol=1e-6
    )
    assert diagonal(TransitionRecommender(CATALOG, window=2).fit([["milk", "milk", "bread"]]))[0] == 0


@pytest.mark.parametrize("cls", [EASERecommender, ItemKNNRecommender, TransitionRecommender])
def test_what_is_bought_again_is_recommended_again(cls):
    recommender = cls(CATALOG, filter_seen=False).fit(AGAIN)
    assert recommender.recommend([["milk"]], 4, filter_seen=True).tolist()[0][-1] is None
    assert "milk" in recommender.recommend([["milk"]], 4)[0].tolist()


def test_score_and_scorers_count_repeats():
    X, y = [["milk"], ["lamp"]], ["milk", "desk"]
    new = PopularityRecommender(CATALOG).fit(AGAIN)
    again = PopularityRecommender(CATALOG, filter_seen=False).fit(AGAIN)
    # popularity: milk 3, bread 2, lamp 2, desk 2; in the lists of `again`, milk is the first and desk the fourth
    assert again.score(X, y) == pytest.approx((1 + 1 / np.log2(5)) / 2)
    assert new.score(X, y) == pytest.approx((0 + 1 / np.log2(4)) / 2)
    assert make_top_k_scorer("recall", k=1)(again, X, y) == 0.5
    assert make_top_k_scorer("recall", k=1)(new, X, y) == 0
    assert make_top_k_scorer("recall", k=1, filter_seen=False)(new, X, y) == 0.5
    assert make_top_k_scorer("recall", k=1, filter_seen=True)(again, X, y) == 0
    assert repr(make_top_k_scorer("recall", k=1, filter_seen=False)) == (
        "make_top_k_scorer(recall_at_k, k=1, filter_seen=False)"
    )


def test_a_hybrid_asks_its_parts_to_learn_repeats():
    parts = [("ease", EASERecommender(CATALOG)), ("knn", ItemKNNRecommender(CATALOG))]
    hybrid = HybridRecommender(parts, weights=[1, 1], filter_seen=False).fit(AGAIN)
    assert [part.filter_seen for part in hybrid.recommenders_.values()] == [False, False]
    assert parts[0][1].filter_seen is True
    assert diagonal(hybrid)[0] > 0
    assert "milk" in hybrid.recommend([["milk"]], 4)[0].tolist()


def test_a_part_may_learn_repeats_alone():
    parts = [("ease", EASERecommender(CATALOG, filter_seen=False)), ("knn", ItemKNNRecommender(CATALOG))]
    hybrid = HybridRecommender(parts, weights=[1, 1]).fit(AGAIN)
    assert [part.filter_seen for part in hybrid.recommenders_.values()] == [False, True]
    assert "milk" not in hybrid.recommend([["milk"]], 4)[0].tolist()


def test_a_hybrid_learns_to_trust_the_part_that_knows_repeats():
    rng = np.random.default_rng(0)
    catalog = Catalog([f"i{i}" for i in range(30)])
    sequences = []
    for _ in range(300):
        own = rng.choice(30, 3, replace=False)
        sequences.append([f"i{i}" for i in own[rng.integers(0, 3, 8)]])  # everybody buys three things again and again
    parts = [("popular", PopularityRecommender(catalog)), ("next", TransitionRecommender(catalog))]
    hybrid = HybridRecommender(parts, filter_seen=False).fit(sequences)
    X, y = [row[:-1] for row in sequences], [row[-1] for row in sequences]
    assert hybrid.score(X, y) > 0.6
    assert hybrid.score(X, y) > hybrid.recommenders_["popular"].score(X, y) + 0.3


def test_the_recipe_takes_it_as_one_parameter():
    class Letters:
        def fit(self, X):
            return self

        def transform(self, X):
            return np.array([[len(text), text.count("e")] for text in X], dtype=np.float32)

        def get_params(self, deep=True):
            return {}

    recommender = text_recommender(CATALOG, embedder=Letters()).set_params(filter_seen=False).fit(AGAIN * 50)
    assert recommender.recommenders_["content"].filter_seen is False
    assert recommender.predict([["milk", "milk"]]).tolist() == ["milk"]
