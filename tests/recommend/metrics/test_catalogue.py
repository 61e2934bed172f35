"""Coverage, Gini, novelty and diversity against naive loops."""

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from sklearn_llmtokens.recommend import Catalog, catalog_coverage, exposure_gini, intra_list_diversity, novelty

N_ITEMS = 12
lists = st.lists(st.lists(st.integers(0, N_ITEMS - 1), unique=True, max_size=8), min_size=1, max_size=6)
positions = st.sampled_from(["uniform", "log"])


def naive_exposure(rows, k, position_weights):
    exposure = [0.0] * N_ITEMS
    for row in rows:
        for rank, item in enumerate(row[:k], start=1):
            exposure[item] += 1 if position_weights == "uniform" else 1 / math.log2(rank + 1)
    return exposure


def naive_gini(values):
    differences = sum(abs(a - b) for a in values for b in values)
    return differences / (2 * len(values) * sum(values))


@settings(deadline=None)
@given(rows=lists, k=st.integers(1, 9))
def test_coverage_is_a_count(rows, k):
    assert catalog_coverage(rows, range(N_ITEMS), k) == len({i for row in rows for i in row[:k]}) / N_ITEMS


@settings(deadline=None)
@given(rows=lists, k=st.integers(1, 9), position_weights=positions)
def test_gini_is_half_the_relative_mean_difference(rows, k, position_weights):
    exposure = naive_exposure(rows, k, position_weights)
    if sum(exposure):
        found = exposure_gini(rows, range(N_ITEMS), k, position_weights=position_weights)
        assert found == pytest.approx(naive_gini(exposure), abs=1e-12)


def test_gini_of_nothing_is_refused():
    with pytest.raises(ValueError, match="Nothing was recommended"):
        exposure_gini([[None]], ["a"])
    with pytest.raises(ValueError, match="position_weights='linear' is not known"):
        exposure_gini([["a"]], ["a"], position_weights="linear")


@settings(deadline=None)
@given(rows=lists, histories=st.lists(st.lists(st.integers(0, N_ITEMS - 1)), min_size=1, max_size=6))
def test_novelty_is_the_mean_information(rows, histories):
    expected = []
    for row in rows:
        bits = [-math.log2((sum(i in h for h in histories) + 1) / (len(histories) + 1)) for i in row]
        expected.append(sum(bits) / len(bits) if bits else math.nan)
    np.testing.assert_allclose(novelty(rows, histories, average=False), expected, atol=1e-12)
    if any(rows):
        assert novelty(rows, histories) == pytest.approx(np.nanmean(expected))


def test_novelty_reads_weighted_events():
    assert novelty([["a"]], [[("a", 2.0)], [("b", 1.0, 3.0)], ["a"]]) == pytest.approx(math.log2(4 / 3))
    with pytest.raises(ValueError, match="histories is empty"):
        novelty([["a"]], [])


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix, sparse.csr_array], ids=["dense", "matrix", "array"])
@settings(max_examples=40, deadline=None)
@given(rows=lists, seed=st.integers(0, 50))
def test_diversity_is_the_mean_over_pairs(form, rows, seed):
    vectors = np.random.default_rng(seed).normal(size=(N_ITEMS, 3))
    vectors[0] = 0  # a zero vector is like nothing
    expected = []
    for row in rows:
        distances = []
        for i, j in combinations(row, 2):
            norm = np.linalg.norm(vectors[i]) * np.linalg.norm(vectors[j])
            distances.append(1 - (vectors[i] @ vectors[j] / norm if norm else 0))
        expected.append(np.mean(distances) if distances else math.nan)
    found = intra_list_diversity(rows, range(N_ITEMS), form(vectors), average=False)
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_lists_too_short_for_diversity_are_refused():
    with pytest.raises(ValueError, match="No list is long enough"):
        intra_list_diversity([["a"]], ["a", "b"], np.eye(2))
    with pytest.raises(ValueError, match="vectors has 3 rows for 2 items"):
        intra_list_diversity([["a"]], ["a", "b"], np.eye(3))


def test_a_catalogue_stands_for_its_ids():
    catalog = Catalog(["a", "b"], ["one", "two"])
    assert catalog_coverage([["a", None]], catalog) == 0.5
    assert exposure_gini([["a"]], catalog) == 0.5
    assert intra_list_diversity([["a", "b"]], catalog, np.eye(2)) == 1


def test_what_is_wrong_is_named():
    with pytest.raises(ValueError, match=r"recommended\[1\]\[0\] is 'x', which is not an item of the catalogue"):
        catalog_coverage([["a"], ["x"]], ["a"])
    with pytest.raises(ValueError, match=r"items\[0\] is 'a', which occurs again"):
        catalog_coverage([["a"]], ["a", "a"])
    with pytest.raises(ValueError, match="items is empty"):
        catalog_coverage([["a"]], [])
