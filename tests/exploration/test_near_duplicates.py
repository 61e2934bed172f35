"""Near-duplicates: every pair of a full matrix of similarities, and no other."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics.pairwise import cosine_similarity

from sklearn_llmtokens.exploration import find_near_duplicates

TEXTS = ["物流很快，包装很好", "屏幕不清楚", "物流很快，包装很好！", "屏幕不清楚", "味道不错", "屏幕不清楚"]


def all_pairs(vectors, threshold):
    """Return the pairs of the full matrix above the diagonal, with their similarities."""
    similarities = cosine_similarity(vectors)
    first, second = np.nonzero(np.triu(similarities >= threshold, k=1))
    return {(i, j): similarities[i, j] for i, j in zip(first.tolist(), second.tolist(), strict=True)}


def as_dict(found):
    return dict(zip(map(tuple, found.pairs.tolist()), found.similarities.tolist(), strict=True))


def vectors_with_copies(n_rows, n_features, seed=0):
    """Return random rows, a third of them near copies of others in another scale."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(n_rows, n_features))
    n = n_rows // 3
    vectors[-n:] = rng.uniform(0.1, 9, (n, 1)) * (vectors[:n] + rng.normal(scale=0.2, size=(n, n_features)))
    return vectors


@pytest.mark.parametrize("threshold", [0.3, 0.9, 0.99])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_pairs_of_vectors_are_those_of_the_full_matrix(threshold, dtype):
    vectors = vectors_with_copies(300, 16).astype(dtype)
    found, expected = find_near_duplicates(vectors, threshold=threshold), all_pairs(vectors.astype(float), threshold)
    assert as_dict(found) == pytest.approx(expected)
    assert len(expected) >= 10
    assert (np.diff(found.similarities) <= 0).all()


def test_more_rows_than_a_block_make_no_difference():
    vectors = vectors_with_copies(2500, 12).astype(np.float32)
    assert as_dict(find_near_duplicates(vectors, threshold=0.97)) == pytest.approx(all_pairs(vectors, 0.97), abs=1e-6)


@pytest.mark.parametrize("threshold", [0.2, 0.6, 0.9, 1.0])
def test_pairs_of_sparse_vectors_are_those_of_the_full_matrix(threshold):
    rng = np.random.default_rng(0)
    dense = rng.normal(size=(400, 60)) * (rng.uniform(size=(400, 60)) < 0.08)  # of both signs, and some rows of zeros
    dense[300:] = 3 * dense[:100]
    dense[350:] += 0.3 * (rng.uniform(size=(50, 60)) < 0.02)
    assert (dense == 0).all(axis=1).any()
    found = find_near_duplicates(sparse.csr_array(dense), threshold=threshold)
    copies = {tuple(pair) for pair in found.pairs[found.similarities == 1.0].tolist()}
    expected = all_pairs(dense, threshold - 1e-12)
    zero = set(np.flatnonzero((dense == 0).all(axis=1)).tolist())  # equal to each other, similar to none
    assert {pair for pair in as_dict(found) if not zero & set(pair)} == set(expected)
    assert len(copies) > 10


def test_pairs_of_texts_are_those_of_their_shingles():
    rng = np.random.default_rng(0)
    texts = ["".join(rng.choice(list("快递物流包装屏幕"), rng.integers(1, 12))) for _ in range(200)]
    texts = list(dict.fromkeys(texts))
    vectors = TfidfVectorizer(analyzer="char", ngram_range=(2, 3), binary=True).fit_transform(texts)
    found, expected = find_near_duplicates(texts, threshold=0.5), all_pairs(vectors, 0.5)
    assert as_dict(found) == pytest.approx(expected, abs=1e-6)
    assert len(expected) > 10


def test_equal_texts_are_paired_with_the_first_one():
    found = find_near_duplicates(TEXTS, threshold=0.6)
    assert [group.tolist() for group in found.groups] == [[1, 3, 5], [0, 2]]
    assert found.pairs.tolist()[:2] == [[1, 3], [1, 5]]
    assert found.similarities[:2].tolist() == [1.0, 1.0]
    assert found.pairs.tolist()[2:] == [[0, 2]]
    assert found.kept().tolist() == [0, 1, 4]


@pytest.mark.parametrize(
    "make",
    [np.array, sparse.csr_array, lambda rows: np.array(rows).tolist(), lambda rows: np.array(rows, dtype=object)],
)
def test_equal_vectors_are_paired_with_the_first_one(make):
    found = find_near_duplicates(make([[0.0, 1.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]))
    assert found.pairs.tolist() == [[0, 2], [0, 3]]
    assert [group.tolist() for group in found.groups] == [[0, 2, 3]]


def test_sparse_vectors_in_any_order_are_read_and_left_as_they_are():
    rows = sparse.csr_array(  # [0, 1, 2] three times: out of order, with a zero, and with an entry in two parts
        ([2.0, 1.0, 0.0, 1.0, 2.0, 1.0, 1.5, 0.5], [2, 1, 0, 1, 2, 1, 2, 2], [0, 2, 5, 8]), shape=(3, 3)
    )
    before = rows.data.tolist(), rows.indices.tolist(), rows.indptr.tolist()
    assert find_near_duplicates(rows, threshold=1).pairs.tolist() == [[0, 1], [0, 2]]
    assert (rows.data.tolist(), rows.indices.tolist(), rows.indptr.tolist()) == before


def test_a_chain_of_pairs_is_one_group():
    angles = np.deg2rad([0, 20, 40, 120])
    found = find_near_duplicates(np.column_stack([np.cos(angles), np.sin(angles)]), threshold=0.9)
    assert found.pairs.tolist() == [[0, 1], [1, 2]]
    assert [group.tolist() for group in found.groups] == [[0, 1, 2]]


def test_nothing_alike_is_no_group():
    for X in (["a"], ["a", "b", ""], np.eye(3), np.zeros((1, 2))):
        found = find_near_duplicates(X)
        assert found.groups == []
        assert found.pairs.shape == (0, 2)
        assert found.similarities.shape == (0,)
        assert found.kept().tolist() == list(range(found.n_rows))


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_frames_hold_texts_or_vectors(library):
    package = pytest.importorskip(library)
    make = package.table if library == "pyarrow" else package.DataFrame
    expected = find_near_duplicates(TEXTS, threshold=0.6).pairs.tolist()
    for X in (make({"review": TEXTS}), make({"review": TEXTS})["review"]):
        assert find_near_duplicates(X, threshold=0.6).pairs.tolist() == expected
    if library != "pyarrow":
        assert find_near_duplicates(make({"a": [0.0, 1.0, 0.0], "b": [1.0, 0.0, 1.0]})).pairs.tolist() == [[0, 2]]


def test_too_many_pairs_are_an_error_that_says_what_to_do():
    vectors = vectors_with_copies(300, 16)
    n_pairs = len(all_pairs(vectors, 0.3))
    assert len(find_near_duplicates(vectors, threshold=0.3, max_pairs=n_pairs).pairs) == n_pairs
    with pytest.raises(ValueError, match=r"More than 9 pairs have a similarity of 0\.3 or more.*of 300 were compared"):
        find_near_duplicates(vectors, threshold=0.3, max_pairs=9)
    with pytest.raises(ValueError, match="X has 49 rows that are equal to earlier ones, more than max_pairs=9"):
        find_near_duplicates(["same"] * 50, max_pairs=9)


@pytest.mark.parametrize("threshold", [0, -0.5, 1.1, float("nan")])
def test_the_threshold_is_checked(threshold):
    with pytest.raises(ValueError, match=r"threshold=.*: a cosine similarity above 0 and at most 1"):
        find_near_duplicates(["a"], threshold=threshold)


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(ValueError, match="X contains NaN"):
        find_near_duplicates(np.array([[np.nan, 1.0]]))
    with pytest.raises(TypeError, match="not a str"):
        find_near_duplicates(["a", 3])


def test_repr_is_one_line_of_counts():
    assert repr(find_near_duplicates(TEXTS, threshold=0.8)) == "NearDuplicates(2 groups, 3 pairs, 6 rows)"
