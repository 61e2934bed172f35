import numpy as np
import pytest
from scipy import optimize

from sklearn_llmtokens.recommend._fusion_weights import bounded_boost
from sklearn_llmtokens.recommend._softmax_weights import N_BEST, N_RANDOM, chosen_weights, shortlist, softmax_weights


def test_a_shortlist_stands_for_every_item_that_is_allowed():
    rng = np.random.default_rng(0)
    parts = [rng.random((5, 2000), dtype=np.float32) for _ in range(2)]
    allowed = rng.random((5, 2000)) < 0.9
    target_idx = np.argmax(allowed, axis=1)
    item_idx, log_counts = shortlist(parts, target_idx, allowed, rng)
    assert item_idx.shape == log_counts.shape == (5, 1 + 2 * N_BEST + N_RANDOM)
    np.testing.assert_array_equal(item_idx[:, 0], target_idx)
    np.testing.assert_allclose(np.exp(log_counts).sum(axis=1), allowed.sum(axis=1), rtol=1e-4)
    for row in range(5):
        counted = item_idx[row, : 1 + 2 * N_BEST][np.isfinite(log_counts[row, : 1 + 2 * N_BEST])]
        assert len(set(counted.tolist())) == len(counted)
        best = np.argsort(-np.where(allowed[row], parts[0][row], -1))[:N_BEST]
        assert set(best.tolist()) <= set(counted.tolist())


def test_a_small_catalogue_is_its_own_shortlist():
    parts = [np.arange(8, dtype=np.float32).reshape(1, 8)]
    allowed = np.ones((1, 8), dtype=bool)
    item_idx, log_counts = shortlist(parts, np.array([3]), allowed, np.random.default_rng(0))
    assert set(item_idx[np.isfinite(log_counts)].tolist()) == set(range(8))
    np.testing.assert_allclose(np.exp(log_counts).sum(), 8)


def test_weights_minimise_the_loss():
    rng = np.random.default_rng(0)
    features = rng.random((50, 20, 3)).astype(np.float32)
    features[:, 0, 0] += 0.5
    counts = rng.random((50, 20)).astype(np.float32)

    def loss(weights):
        logits = features @ weights + counts
        return (np.log(np.exp(logits).sum(axis=1)) - features[:, 0] @ weights).mean() + 1e-3 * weights @ weights

    expected = optimize.minimize(loss, np.zeros(3), method="L-BFGS-B", bounds=[(0, None)] * 3, tol=1e-10).x
    got = softmax_weights(features, counts, np.zeros(3, dtype=bool))
    np.testing.assert_allclose(got, expected, atol=0.02)
    assert (got >= 0).all()


def test_a_free_weight_may_be_negative():
    features = np.zeros((10, 2, 1), dtype=np.float32)
    features[:, 1, 0] = 1
    zeros = np.zeros((10, 2), np.float32)
    assert softmax_weights(features, zeros, np.array([True]))[0] < -1
    assert softmax_weights(features, zeros, np.array([False]))[0] == 0


def test_weights_keep_the_proportions_they_are_drawn_to_until_many_queries_say_otherwise():
    rng = np.random.default_rng(0)
    features = rng.random((4000, 20, 2)).astype(np.float32)
    features[:, 0, 0] += 0.5  # the first of two parts alone knows what followed
    counts, none_free, even = np.zeros((4000, 20), np.float32), np.zeros(2, dtype=bool), np.ones(2)

    def share_of_the_second(n):
        weights = softmax_weights(features[:n], counts[:n], none_free, even)
        return weights[1] / weights.sum()

    few, more, many = (share_of_the_second(n) for n in (10, 200, 4000))
    assert 0.45 < few < 0.55
    assert more < few - 0.05
    assert many < 0.25


def test_what_weights_are_drawn_to_has_any_scale():
    rng = np.random.default_rng(0)
    features = rng.random((100, 20, 3)).astype(np.float32)
    features[:, 0, :2] += 0.3
    features[:, :, 2] = rng.random((100, 20)) < 0.2
    counts, is_free = np.zeros((100, 20), np.float32), np.array([False, False, True])
    one, ten = (softmax_weights(features, counts, is_free, scale * np.array([1, 0.5, 0])) for scale in (1, 10))
    np.testing.assert_allclose(one, ten, rtol=0.02, atol=0.01)
    assert one[0] > one[1] > 0


@pytest.mark.parametrize(
    ("n_cold", "expected"), [(0, 5.0), (1, 5.0), (20, 980 / 20 * 0.05 / 0.95), (50, 1.0), (999, 1.0)]
)
def test_odds_leave_cold_items_a_twentieth(n_cold, expected):
    assert bounded_boost(5.0, n_cold, 1000) == pytest.approx(expected)
    assert bounded_boost(0.5, n_cold, 1000) == 0.5


def test_weights_are_learnt_where_they_rank_better_than_the_prior():
    rng = np.random.default_rng(0)
    features = rng.random((500, 50, 2)).astype(np.float32)
    features[:, 0, 0] += 0.5  # the first of two parts alone knows what followed
    weights, strength = chosen_weights(features, np.zeros((500, 50), np.float32), np.zeros(2, dtype=bool), np.ones(2))
    assert strength == 20
    np.testing.assert_allclose(
        weights, softmax_weights(features, np.zeros((500, 50)), np.zeros(2, dtype=bool), np.ones(2)), rtol=0.02
    )


def test_the_prior_holds_where_nothing_that_is_learnt_ranks_better():
    rng = np.random.default_rng(0)
    one = rng.random((100, 50, 1)).astype(np.float32)
    features = np.concatenate([one, one], axis=2)
    prior = np.array([1.0, 0.5])
    weights, strength = chosen_weights(features, np.zeros((100, 50), np.float32), np.zeros(2, dtype=bool), prior)
    assert strength == np.inf
    np.testing.assert_allclose(weights[1], 0.5 * weights[0])
