"""The products of the rows "events so far, next item", beside rows that are written down."""

import numpy as np
import pytest

from sklearn_llmtokens.recommend._histories import Histories
from sklearn_llmtokens.recommend._prefix_products import prefix_products

N_ITEMS = 9


def random_sequences(seed, *, weights=False, times=False):
    rng = np.random.default_rng(seed)
    lengths = rng.integers(0, 12, 15)
    n = lengths.sum()
    stamps = np.concatenate([np.sort(rng.integers(0, 6, length)) for length in lengths]).astype(float)
    return Histories(
        np.concatenate([[0], np.cumsum(lengths)]),
        rng.integers(0, N_ITEMS, n),
        rng.normal(size=n) if weights else None,
        stamps if times else None,
    )


def written_down(sequences, decay, session_weight, gap):
    """Return S and T, row by row."""
    rows, targets = [], []
    for i in range(sequences.n_histories):
        events = range(sequences.indptr[i], sequences.indptr[i + 1])
        for t in list(events)[1:]:
            row, target = np.zeros(N_ITEMS), np.zeros(N_ITEMS)
            weight = np.ones(len(sequences.item_idx)) if sequences.weights is None else sequences.weights
            for p in range(events.start, t):
                times = sequences.times
                later = gap is not None and any(times[q + 1] - times[q] > gap for q in range(p, t))
                row[sequences.item_idx[p]] += weight[p] * decay ** (t - p - 1) * (session_weight if later else 1)
            target[sequences.item_idx[t]] = weight[t]
            rows.append(row)
            targets.append(target)
    return np.array(rows), np.array(targets)


@pytest.mark.parametrize("decay", [1.0, 0.7])
@pytest.mark.parametrize("weights", [False, True])
@pytest.mark.parametrize("gap", [None, 1.0])
def test_products_are_those_of_the_rows(decay, weights, gap):
    sequences = random_sequences(3, weights=weights, times=gap is not None)
    gram, targets = prefix_products(sequences, N_ITEMS, decay, 0.4, gap, again=True)
    rows, next_items = written_down(sequences, decay, 0.4, gap)
    np.testing.assert_allclose(gram.toarray(), rows.T @ rows, atol=1e-10)
    np.testing.assert_allclose(targets.toarray(), rows.T @ next_items, atol=1e-10)


def test_many_items_add_up_as_few_do(monkeypatch):
    from sklearn_llmtokens.recommend import _prefix_products

    sequences = random_sequences(4)
    expected = prefix_products(sequences, N_ITEMS, 0.8)
    monkeypatch.setattr(_prefix_products, "_MOST_DENSE", 0)
    monkeypatch.setattr(_prefix_products, "_ENTRIES_AT_ONCE", 20)
    for found, wanted in zip(prefix_products(sequences, N_ITEMS, 0.8), expected, strict=True):
        np.testing.assert_allclose(found.toarray(), wanted.toarray(), atol=1e-12)


def test_an_item_does_not_follow_itself_unless_it_is_asked_for():
    sequences = Histories(np.array([0, 3]), np.array([2, 2, 5]))
    _, targets = prefix_products(sequences, N_ITEMS, 0.5)
    assert targets[2, 2] == 0
    assert targets[2, 5] == 1.5
    _, again = prefix_products(sequences, N_ITEMS, 0.5, again=True)
    assert again[2, 2] == 1


def test_a_decay_that_forgets_leaves_out_what_is_negligible():
    sequences = Histories(np.array([0, 50]), np.arange(50))
    gram, targets = prefix_products(sequences, 50, 0.1)
    assert targets[0, 1] == 1
    assert targets[0, 49] == 0
    np.testing.assert_allclose(gram.diagonal()[:40], 1 / (1 - 0.01))


def test_sequences_without_a_second_event_have_no_row():
    gram, targets = prefix_products(Histories(np.array([0, 1, 1, 2]), np.array([3, 4])), N_ITEMS, 0.9)
    assert gram.nnz == targets.nnz == 0
