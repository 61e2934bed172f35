"""What ``recommend`` returns goes back in as it is: candidates, exclusions, histories, lists of measures."""

import numpy as np
import pandas as pd
import pytest

from sklearn_llmtokens.recommend import (
    Catalog,
    ContentRecommender,
    HybridRecommender,
    ItemKNNRecommender,
    PopularityRecommender,
    calibrated_rerank,
    catalog_coverage,
    exposure_gini,
    mmr_rerank,
    ndcg_at_k,
    novelty,
)

CATALOG = Catalog(["a", "b", "c", "d"], ["green tea", "black tea", "iron pot", "tea cup"])
HISTORIES = [["a", "b"], ["a", "c"], ["b", "a", "c", "d"]]
QUERIES = [["a", "b", "c"], ["a"], []]
POPULAR = PopularityRecommender(CATALOG).fit(HISTORIES)  # a 3, b 2, c 2, d 1
LISTS = POPULAR.recommend(QUERIES, k=2)
NUMBERS = PopularityRecommender(Catalog([1, 2, 3, 4])).fit([[1, 2], [1, 3]])


def test_the_lists_have_a_short_row():
    assert LISTS.tolist() == [["d", None], ["b", "c"], ["a", "b"]]


def as_is(items):
    return items


CONTAINERS = [
    as_is,
    np.ndarray.tolist,
    list,
    lambda items: pd.Series(items.tolist()),
    lambda items: [[None, *row, None] for row in items],
    lambda items: [[float("nan"), pd.NA, pd.NaT, *row] for row in items],
    lambda items: np.where(np.equal(items, None), np.nan, items),
    lambda items: [[one for one in row if one is not None] for row in items],
]
NAMES = ["array", "lists", "rows", "Series", "both ends", "kinds of missing", "NaN", "without"]


@pytest.mark.parametrize("container", CONTAINERS, ids=NAMES)
def test_lists_to_exclude(container):
    found = POPULAR.recommend(QUERIES, k=2, exclude=container(LISTS))
    assert found.tolist() == [[None, None], ["d", None], ["c", "d"]]


@pytest.mark.parametrize("container", CONTAINERS, ids=NAMES)
def test_candidates_of_a_second_stage(container):
    second = ItemKNNRecommender(CATALOG).fit(HISTORIES)
    found = second.recommend(QUERIES, k=3, candidates=container(LISTS))
    assert [set(row) for row in found.tolist()] == [{"d", None}, {"b", "c", None}, {"a", "b", None}]


@pytest.mark.parametrize("container", CONTAINERS, ids=NAMES)
@pytest.mark.parametrize(
    "recommender",
    [
        POPULAR,
        ItemKNNRecommender(CATALOG).fit(HISTORIES),
        ContentRecommender(CATALOG).fit(HISTORIES),
        HybridRecommender([("knn", ItemKNNRecommender(CATALOG))], weights=[1]).fit(HISTORIES),
    ],
    ids=lambda one: type(one).__name__,
)
def test_padded_histories(container, recommender):
    padded, plain = container(LISTS), [["d"], ["b", "c"], ["a", "b"]]
    np.testing.assert_array_equal(recommender.score_items(padded), recommender.score_items(plain))
    np.testing.assert_array_equal(recommender.recommend(padded, 3), recommender.recommend(plain, 3))
    shares = recommender.explain(padded, ["a", "a", "c"])
    for given, share, expected in zip(padded, shares, recommender.explain(plain, ["a", "a", "c"]), strict=True):
        assert len(share) == len(given)
        assert [float(one) for one, item in zip(share, given, strict=True) if isinstance(item, str)] == list(expected)


def test_padded_training_histories():
    padded = np.array([["a", "b", None], ["a", "c", None], ["b", "a", "c"]], dtype=object)
    assert PopularityRecommender(CATALOG).fit(padded).popularity_.tolist() == [3, 2, 2, 0]
    assert PopularityRecommender(CATALOG).fit(padded, ["d", "d", "d"]).popularity_.tolist() == [3, 2, 2, 3]


def test_padded_histories_of_numbers_and_of_masked_arrays():
    plain = NUMBERS.recommend([[1], [2, 3]], 2)
    masked = np.ma.array([[1, 9], [2, 3]], mask=[[False, True], [False, False]])
    for padded in (
        [[1, None], [2, 3]],
        pd.Series([[1, None], [2, 3]]),
        masked,
        [pd.array([1, None], dtype="Int64"), [2, 3]],
    ):
        np.testing.assert_array_equal(NUMBERS.recommend(padded, 2), plain)


def test_one_list_for_all_may_have_gaps():
    assert POPULAR.recommend(QUERIES, 1, exclude=POPULAR.predict([QUERIES[2], ["a", "b", "c", "d"]])).tolist() == [
        ["d"],
        ["b"],
        ["b"],
    ]
    assert POPULAR.recommend([[]], 2, candidates=[None, "d"]).tolist() == [["d", None]]
    assert POPULAR.recommend([[]], 2, candidates=[None]).tolist() == [[None, None]]


@pytest.mark.parametrize("name", ["candidates", "exclude"])
def test_frames_are_refused_with_the_way(name):
    with pytest.raises(TypeError, match=rf"^{name} is a frame \(DataFrame\): .*\.to_numpy\(\)"):
        POPULAR.recommend(QUERIES, 1, **{name: pd.DataFrame(LISTS)})
    assert POPULAR.recommend(QUERIES, 1, **{name: pd.DataFrame(LISTS).to_numpy()}).shape == (3, 1)


def test_a_frame_of_lists_is_refused_by_measures():
    with pytest.raises(TypeError, match=r"recommended is a frame \(DataFrame\): .*its \.to_numpy\(\)"):
        ndcg_at_k(["a", "b", "c"], pd.DataFrame(LISTS))


def test_lists_with_gaps_in_measures_and_re_ranking():
    items, scores = POPULAR.recommend(QUERIES, k=2, return_scores=True)
    assert ndcg_at_k(["d", "c", "b"], items, k=2) == pytest.approx((1 + 2 / np.log2(3)) / 3)
    assert catalog_coverage(items, CATALOG) == 1
    assert 0 <= exposure_gini(items, CATALOG) <= 1
    assert novelty(items, items) > 0
    again = mmr_rerank(items, scores, items=CATALOG, vectors=np.eye(4), k=2, lambda_=1.0)
    assert again.tolist() == items.tolist()
    padded, plain = np.array([["a", None], [None, None], ["b", "c"]], dtype=object), [["a"], [], ["b", "c"]]
    found, expected = (
        calibrated_rerank(
            items, scores, histories=histories, items=CATALOG, categories=["tea", "tea", "pot", "cup"], k=2
        )
        for histories in (padded, plain)
    )
    assert found.tolist() == expected.tolist()
