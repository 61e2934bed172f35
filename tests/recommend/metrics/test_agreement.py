"""Measures beside values of other libraries: RecTools 0.19.0, ranx 0.3.21, ir-measures 0.4.3, LensKit 2025.8.1."""

import numpy as np
import pytest

from sklearn_llmtokens.recommend import catalog_coverage, hit_rate_at_k, mrr_at_k, ndcg_at_k, novelty, recall_at_k

K = 3
LISTS = [["a", "b", "c"], ["a", "b", "d"], ["c", "d", "a"], ["d", "c", None]]
RELEVANT = [["b", "x"], ["a"], ["x"], ["c", "d"]]
CATALOG = ["a", "b", "c", "d", "x"]
HISTORIES = [["d"], ["c"], ["a"], ["a", "c", "b"]]

# benchmarks/metrics_peers.py on these lists, with scores that fall with the rank
RECORDED = {
    "RecTools": {"NDCG": 0.38268031849431083, "recall": 0.625, "MRR": 0.625, "hit rate": 0.75},
    "RecTools, divide_by_achievable=True": {"NDCG": 0.5967132018086354},
    "ranx": {"NDCG": 0.5967132018086354, "recall": 0.625, "MRR": 0.625, "hit rate": 0.75},
    "ir-measures": {"NDCG": 0.5967132018086354, "recall": 0.625, "MRR": 0.625, "hit rate": 0.75},
    "LensKit": {"NDCG": 0.625, "recall": 0.625, "MRR": 0.625, "hit rate": 0.75},
    "LensKit, LogRankWeight(offset=1)": {"NDCG": 0.5967132018086354},
}
OTHER_NDCG = {"RecTools", "LensKit"}  # that of all k places; no discount of the second place


def ours(measure):
    functions = {"NDCG": ndcg_at_k, "recall": recall_at_k, "MRR": mrr_at_k, "hit rate": hit_rate_at_k}
    return functions[measure](RELEVANT, LISTS, K)


@pytest.mark.parametrize(("library", "values"), RECORDED.items(), ids=RECORDED)
def test_measures_are_those_of_other_libraries(library, values):
    for measure, value in values.items():
        if (measure, library) not in {("NDCG", other) for other in OTHER_NDCG}:
            assert ours(measure) == pytest.approx(value, abs=1e-12)


def test_ndcg_of_rectools_divides_by_the_gain_of_k_relevant_items():
    per_query = ndcg_at_k(RELEVANT, LISTS, K, average=False)
    gains = 1 / np.log2(np.arange(2, K + 2))
    ideal = np.array([gains[: len(items)].sum() for items in RELEVANT])
    assert np.mean(per_query * ideal / gains.sum()) == pytest.approx(RECORDED["RecTools"]["NDCG"], abs=1e-12)


def test_ndcg_of_lenskit_does_not_discount_the_second_place():
    weights = np.array([1, 1, 1 / np.log2(3)])
    is_hit = np.array([[one in items for one in row] for row, items in zip(LISTS, RELEVANT, strict=True)])
    ideal = np.array([weights[: len(items)].sum() for items in RELEVANT])
    assert np.mean(is_hit @ weights / ideal) == pytest.approx(RECORDED["LensKit"]["NDCG"], abs=1e-12)


def test_coverage_and_novelty_beside_those_of_rectools():
    assert catalog_coverage(LISTS, CATALOG, K) == pytest.approx(0.8)  # CatalogCoverage(3, normalize=True)
    # MeanInvUserFreq(3) is 35 / 24: -log2(n / N); ours adds one to both
    known = {"a": 2, "b": 1, "c": 2, "d": 1}
    bits = [np.mean([-np.log2(known[one] / 4) for one in row if one]) for row in LISTS]
    assert np.mean(bits) == pytest.approx(1.4583333333333333)
    smoothed = [np.mean([-np.log2((known[one] + 1) / 5) for one in row if one]) for row in LISTS]
    assert novelty(LISTS, HISTORIES, K) == pytest.approx(np.mean(smoothed))
