"""MMR and calibration against loops that follow the papers word by word."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from sklearn_llmtokens.recommend import (
    Catalog,
    EASERecommender,
    calibrated_rerank,
    intra_list_diversity,
    mmr_rerank,
)

IDS = [f"i{n}" for n in range(9)]


def scaled(scores):
    low, high = min(scores), max(scores)
    return [1.0 if high == low else (s - low) / (high - low) for s in scores]


def naive_mmr(items, scores, vectors, k, lambda_):
    relevance, chosen = dict(zip(items, scaled(scores), strict=True)) if items else {}, []
    while len(chosen) < min(k, len(items)):
        best, best_value = None, -math.inf
        for item in items:
            if item in chosen:
                continue
            closest = max((cosine(vectors[item], vectors[j]) for j in chosen), default=0.0)
            value = lambda_ * relevance[item] - (1 - lambda_) * closest
            if value > best_value + 1e-9:
                best, best_value = item, value
        chosen.append(best)
    return chosen


def cosine(a, b):
    norm = np.linalg.norm(a) * np.linalg.norm(b)
    return a @ b / norm if norm else 0.0


def naive_calibration(items, scores, wanted, shares, k, trade_off):
    relevance, chosen = dict(zip(items, scaled(scores), strict=True)) if items else {}, []
    while len(chosen) < min(k, len(items)):
        best, best_value = None, -math.inf
        for item in items:
            if item in chosen:
                continue
            listed = [*chosen, item]
            q = np.mean([shares[i] for i in listed], axis=0)
            q = 0.99 * q + 0.01 * wanted
            kl = sum(p * math.log(p / s) for p, s in zip(wanted, q, strict=True) if p > 0)
            value = (1 - trade_off) * sum(relevance[i] for i in listed) - trade_off * kl
            if value > best_value + 1e-9:
                best, best_value = item, value
        chosen.append(best)
    return chosen


candidates = st.lists(
    st.permutations(IDS).flatmap(lambda ids: st.integers(0, 9).map(lambda n: ids[:n])), min_size=1, max_size=4
)


def padded(rows, fill):
    width = max(map(len, rows))
    return [[*row, *[fill] * (width - len(row))] for row in rows]


def plain(lists):
    return [[item for item in row if item is not None] for row in lists.tolist()]


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array], ids=["dense", "sparse"])
@settings(max_examples=40, deadline=None)
@given(rows=candidates, seed=st.integers(0, 99), k=st.integers(1, 9), lambda_=st.sampled_from([0, 0.3, 0.7, 1]))
def test_mmr_is_the_greedy_choice_of_the_paper(form, rows, seed, k, lambda_):
    generator = np.random.default_rng(seed)
    table = generator.normal(size=(9, 3))
    vectors = dict(zip(IDS, table, strict=True))
    scores = [sorted(generator.normal(size=len(row)), reverse=True) for row in rows]
    found = mmr_rerank(
        padded(rows, None), padded(scores, -np.inf), items=IDS, vectors=form(table), k=k, lambda_=lambda_
    )
    expected = [naive_mmr(row, s, vectors, k, lambda_) for row, s in zip(rows, scores, strict=True)]
    assert plain(found) == expected


@settings(max_examples=40, deadline=None)
@given(rows=candidates, seed=st.integers(0, 99), k=st.integers(1, 9), trade_off=st.sampled_from([0, 0.5, 0.99]))
def test_calibration_is_the_greedy_choice_of_the_paper(rows, seed, k, trade_off):
    generator = np.random.default_rng(seed)
    table = generator.dirichlet([0.5] * 3, size=9)
    shares = dict(zip(IDS, table, strict=True))
    scores = [sorted(generator.normal(size=len(row)), reverse=True) for row in rows]
    histories = [[(i, float(generator.integers(1, 4))) for i in generator.choice(IDS, 4)] for _ in rows]
    wanted = [sum(w * shares[i] for i, w in history) / sum(w for _, w in history) for history in histories]
    found = calibrated_rerank(
        rows, scores, histories=histories, items=IDS, categories=table, k=k, calibration_weight=trade_off
    )
    expected = [
        naive_calibration(row, s, p, shares, k, trade_off) for row, s, p in zip(rows, scores, wanted, strict=True)
    ]
    assert plain(found) == expected


def test_relevance_alone_keeps_the_order_and_ids_come_as_objects():
    lists = np.array([[3, 1, 2], [2, 3, 1]])
    scores = np.array([[3.0, 2.0, 1.0]] * 2)
    np.testing.assert_array_equal(
        mmr_rerank(lists, scores, items=[1, 2, 3], vectors=np.eye(3), k=3, lambda_=1.0), lists
    )
    found = calibrated_rerank(
        lists, scores, histories=[[1], [2]], items=[1, 2, 3], categories=["x", "y", "y"], k=2, calibration_weight=0
    )
    np.testing.assert_array_equal(found, lists[:, :2])
    assert found.dtype == object


def test_many_queries_are_reranked_as_each_alone():
    generator = np.random.default_rng(0)
    table = generator.normal(size=(9, 3)) @ generator.normal(size=(3, 50_000))  # wide: a few queries fill a chunk
    rows = [generator.permutation(IDS).tolist() for _ in range(20)]
    scores = [sorted(generator.normal(size=9), reverse=True) for _ in rows]
    whole = mmr_rerank(rows, scores, items=IDS, vectors=table, k=4)
    alone = [mmr_rerank([r], [s], items=IDS, vectors=table, k=4)[0] for r, s in zip(rows, scores, strict=True)]
    np.testing.assert_array_equal(whole, alone)


def test_an_empty_history_follows_the_scores():
    rows, scores = [["a", "b", "c"]], [[3.0, 2.0, 1.0]]
    for history in ([], [("c", -1.0)]):
        found = calibrated_rerank(
            rows, scores, histories=[history], items=["a", "b", "c"], categories=["x", "x", "y"], calibration_weight=0.9
        )
        assert found.tolist() == rows


def test_several_categories_share_an_item():
    multi = [[1, 1, 0], [0, 0, 1], [1, 0, 0]]
    shares = np.array([[0.5, 0.5, 0], [0, 0, 1], [1, 0, 0]])
    given = {"histories": [["a", "b"]], "items": ["a", "b", "c"]}
    by_flags, by_shares = (
        calibrated_rerank([["a", "b", "c"]], [[3.0, 2.0, 1.0]], categories=categories, **given)
        for categories in (multi, shares)
    )
    np.testing.assert_array_equal(by_flags, by_shares)


def test_lists_of_a_recommender_go_straight_in():
    generator = np.random.default_rng(0)
    catalog = Catalog(IDS, IDS)
    histories = [generator.choice(IDS, 3, replace=False).tolist() for _ in range(30)]
    model = EASERecommender(catalog).fit(histories)
    lists, scores = model.recommend(histories, k=20, return_scores=True)  # rows are short: None and -inf
    vectors = generator.normal(size=(9, 4))
    varied = mmr_rerank(lists, scores, items=catalog, vectors=vectors, k=4, lambda_=0.1)
    assert intra_list_diversity(varied, catalog, vectors) > intra_list_diversity(lists, catalog, vectors, k=4)
    kept = calibrated_rerank(
        lists, scores, histories=histories, items=catalog, categories=[i[-1] > "4" for i in IDS], k=4
    )
    assert all(set(new) <= set(old) for new, old in zip(kept, lists, strict=True))


GOOD = ([["a", "b"]], [[2.0, 1.0]], ["a", "b"], np.eye(2))


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (0, [["a", "x"]], r"recommended\[0\]\[1\] is 'x'"),
        (1, [[1.0, np.nan]], r"scores\[0\]\[1\] is nan"),
        (1, [[1.0]], r"scores\[0\] has 1 scores for 2 items"),
        (1, [], "scores has 0 rows and recommended has 1"),
        (3, np.eye(3), "vectors has 3 rows for 2 items"),
    ],
)
def test_mmr_says_what_is_wrong(place, value, message):
    arguments = list(GOOD)
    arguments[place] = value
    with pytest.raises(ValueError, match=message):
        mmr_rerank(*arguments[:2], items=arguments[2], vectors=arguments[3])


def test_calibration_says_what_is_wrong():
    lists, scores, items, _ = GOOD
    with pytest.raises(ValueError, match="histories has 2 rows and recommended has 1"):
        calibrated_rerank(lists, scores, histories=[[], []], items=items, categories=["x", "y"])
    with pytest.raises(ValueError, match=r"histories\[0\]\[1\] is 'z', which is not an item"):
        calibrated_rerank(lists, scores, histories=[["a", "z"]], items=items, categories=["x", "y"])
    with pytest.raises(ValueError, match=r"categories\[1\] is all 0"):
        calibrated_rerank(lists, scores, histories=[[]], items=items, categories=[[1, 0], [0, 0]])
    with pytest.raises(ValueError, match="categories has 1 rows for 2 items"):
        calibrated_rerank(lists, scores, histories=[[]], items=items, categories=["x"])
    with pytest.raises(ValueError, match="calibration_weight == 2, must be <= 1"):
        calibrated_rerank(lists, scores, histories=[[]], items=items, categories=["x", "y"], calibration_weight=2)


def test_weights_of_events_count_in_every_form():
    items, categories = ["a", "b", "c", "d"], ["x", "x", "y", "y"]
    events = [{"item": "a", "weight": 1.0}, {"item": "c", "weight": 9.0}]
    disliked = [{"item": "a", "weight": -1.0}, {"item": "c", "weight": None}]
    for history, expected in ((events, "ca"), ([("a", 1.0), ("c", 9.0)], "ca"), (disliked, "cd"), (["a", "c"], "ac")):
        found = calibrated_rerank(
            [items],
            [[4, 3, 2.9, 2.8]],
            histories=[history],
            items=items,
            categories=categories,
            k=2,
            calibration_weight=0.99,
        )
        assert found.tolist() == [list(expected)]


@pytest.mark.parametrize("categories", [["x", None, "x"], ["x", float("nan"), "x"], np.array([1.0, np.nan, 1.0])])
def test_an_item_without_a_category_is_named(categories):
    with pytest.raises(ValueError, match=r"categories\[1\] is missing"):
        calibrated_rerank(
            [["a", "b", "c"]], [[3, 2, 1]], histories=[["a"]], items=["a", "b", "c"], categories=categories
        )
