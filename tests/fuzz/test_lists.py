import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose
from sklearn.base import BaseEstimator, ClassifierMixin

from sklearn_llmtokens.recommend import (
    calibrated_rerank,
    catalog_coverage,
    exposure_gini,
    intra_list_diversity,
    mmr_rerank,
    mrr_at_k,
    ndcg_at_k,
    novelty,
    recall_at_k,
    top_k_labels,
)

from .clicks import N_ITEMS, items, units, vectors
from .profiles import fuzz

ranked = st.lists(
    st.permutations(range(N_ITEMS)).flatmap(lambda row: st.integers(1, N_ITEMS).map(lambda n: row[:n])),
    min_size=1,
    max_size=5,
)


@fuzz
@given(lists=ranked, k=st.integers(1, N_ITEMS + 1), table=vectors, data=st.data())
def test_measures_are_their_formulas(lists, k, table, data):
    relevant = [data.draw(st.sets(items, min_size=1, max_size=4)) for _ in lists]
    ndcg, recall, mrr = [], [], []
    for row, wanted in zip(lists, relevant, strict=True):
        hits = [item in wanted for item in row[:k]]
        best = sum(1 / math.log2(place + 2) for place in range(min(k, len(wanted))))
        ndcg.append(sum(hit / math.log2(place + 2) for place, hit in enumerate(hits)) / best)
        recall.append(sum(hits) / len(wanted))
        mrr.append(max((hit / (place + 1) for place, hit in enumerate(hits)), default=0))
    for measure, expected in ((ndcg_at_k, ndcg), (recall_at_k, recall), (mrr_at_k, mrr)):
        assert_allclose(measure(relevant, lists, k, average=False), expected)
        assert_allclose(measure(relevant, lists, k), np.mean(expected))

    catalogue, shown = list(range(N_ITEMS)), [item for row in lists for item in row[:k]]
    assert_allclose(catalog_coverage(lists, catalogue, k), len(set(shown)) / N_ITEMS)
    exposure = [shown.count(item) for item in catalogue]
    gaps = sum(abs(a - b) for a in exposure for b in exposure)
    assert_allclose(exposure_gini(lists, catalogue, k), gaps / (2 * N_ITEMS * sum(exposure)), atol=1e-12)

    histories = [data.draw(st.lists(items, max_size=4)) for _ in range(data.draw(st.integers(1, 4)))]
    if any(histories):
        known = [sum(item in history for history in histories) for item in catalogue]
        bits = [np.mean([-math.log2((known[i] + 1) / (len(histories) + 1)) for i in row[:k]]) for row in lists]
        assert_allclose(novelty(lists, histories, k, average=False), bits, atol=1e-12)

    cosines, pairs = units(table) @ units(table).T, []
    for row in lists:
        among = [cosines[a, b] for i, a in enumerate(row[:k]) for b in row[:k][:i]]
        pairs.append(1 - np.mean(among) if among else np.nan)
    if not np.isnan(pairs).all():
        found = intra_list_diversity(lists, catalogue, table, k, average=False)
        assert_allclose(found, pairs, atol=1e-9)


def scaled(scores):
    low, high = min(scores), max(scores)
    return {place: 1.0 if high == low else (score - low) / (high - low) for place, score in enumerate(scores)}


def divergence(p, q):
    q = 0.99 * q + 0.01 * p
    return sum(a * math.log(a / b) for a, b in zip(p, q, strict=True) if a > 0)


@fuzz
@given(
    row=st.permutations(range(N_ITEMS)),
    n=st.integers(1, N_ITEMS),
    k=st.integers(1, N_ITEMS),
    lambda_=st.sampled_from([0.0, 0.5, 0.7, 1.0]),
    table=vectors,
    data=st.data(),
)
def test_rerankers_take_the_largest_gain(row, n, k, lambda_, table, data):
    candidates, catalogue = row[:n], list(range(N_ITEMS))
    scores = sorted((data.draw(st.integers(-3, 3)) for _ in candidates), reverse=True)
    relevance = dict(zip(candidates, scaled(scores).values(), strict=True))
    cosines = units(table) @ units(table).T

    def unlike(chosen, item):
        closest = max((cosines[item, other] for other in chosen), default=0.0)
        return lambda_ * relevance[item] - (1 - lambda_) * closest

    categories = np.array([data.draw(st.integers(0, 2)) for _ in catalogue])
    shares = np.eye(3)[categories]
    history = data.draw(st.lists(items, min_size=1, max_size=4))
    wanted = shares[history].mean(axis=0)

    def calibrated(chosen, item):
        listed = [*chosen, item]
        fit = sum(relevance[one] for one in listed)
        return (1 - lambda_) * fit - lambda_ * divergence(wanted, shares[listed].mean(axis=0))

    by_mmr = mmr_rerank([candidates], [scores], items=catalogue, vectors=table, k=k, lambda_=lambda_)[0].tolist()
    by_share = calibrated_rerank(
        [candidates],
        [scores],
        histories=[history],
        items=catalogue,
        categories=categories,
        k=k,
        calibration_weight=lambda_,
    )
    for found, gain in ((by_mmr, unlike), (by_share[0].tolist(), calibrated)):
        assert len(found) == len(set(found)) == min(k, n)
        for step, item in enumerate(found):
            others = [gain(found[:step], other) for other in candidates if other not in found[:step]]
            assert gain(found[:step], item) >= max(others) - 1e-9


class FixedScores(ClassifierMixin, BaseEstimator):
    """A classifier that gives the scores it was made with."""

    def __init__(self, scores):
        self.scores = scores
        self.classes_ = np.arange(scores.shape[1])

    def predict_proba(self, X):
        return self.scores


@fuzz
@given(
    scores=st.tuples(st.integers(1, 3), st.integers(1, 800)).flatmap(
        lambda shape: arrays(
            np.float64, shape, elements=st.sampled_from([-np.inf, -1.0, 0.0, 0.5, 2.0]), fill=st.just(0.0)
        )
    ),
    k=st.integers(1, 9),
)
def test_labels_are_those_of_a_sort(scores, k):
    expected = [sorted(range(len(row)), key=lambda j: (-row[j], j))[:k] for row in scores.tolist()]
    assert top_k_labels(FixedScores(scores), None, k).tolist() == expected
