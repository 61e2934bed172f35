import pickle

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss
from sklearn.model_selection import cross_val_score

from sklearn_llmtokens.linear_model import BlockRidgeClassifier, BlockRidgeRegressor
from tests.inside import set_most_dual_rows


def topics(n_per_class, n_classes=3, n_features=30, noise=0.8, seed=0):
    """Return rows about the centre of their class."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(7).normal(size=(n_classes, n_features))
    y = np.repeat(np.arange(n_classes), n_per_class)
    return centres[y] + noise * np.sqrt(n_features) * rng.normal(size=(len(y), n_features)) / 3, y, centres


def two_blocks(n_per_class, seed=0):
    """Return rows whose first five columns are noise and whose other ones know the class."""
    X, y, _ = topics(n_per_class, seed=seed)
    return np.c_[np.random.default_rng(seed).normal(size=(len(y), 5)), X], y, {"noise": 5, "signal": 30}


CANDIDATES = [{"noise": 1}, {"noise": 1, "signal": 1}, {"signal": 1}]


def test_the_block_that_knows_the_class_gets_the_weight():
    X, y, blocks = two_blocks(60)
    model = BlockRidgeClassifier(block_weights=CANDIDATES).fit(X, y, blocks=blocks)
    assert model.block_weights_["signal"] > 0.9
    assert sum(model.block_weights_.values()) == pytest.approx(1)


def test_few_rows_stay_near_the_middle_of_the_candidates():
    X, y, blocks = two_blocks(2)
    model = BlockRidgeClassifier((1.0,), block_weights=CANDIDATES).fit(X, y, blocks=blocks)
    assert 0.5 < model.block_weights_["signal"] < 0.9
    one = BlockRidgeClassifier((0.1, 10.0), block_weights=CANDIDATES).fit(X[::2], y[::2], blocks=blocks)
    assert one.block_weights_["signal"] == pytest.approx(0.5)
    assert one.alpha_ == pytest.approx(1.0)
    assert np.isnan(one.log_loss_)


@pytest.mark.parametrize("most_dual_rows", [0, 1000])
@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array], ids=["dense", "sparse"])
def test_a_direction_is_a_block_of_the_products_with_it(monkeypatch, container, most_dual_rows):
    set_most_dual_rows(monkeypatch, most_dual_rows)
    X, y, centres = topics(8)
    X[::9] = 0
    direction = (centres[0] - centres[1])[:, np.newaxis]
    weights = [{"features": 1, "known": 1}, {"features": 3, "known": 1}]
    names = (centres, [0, 1, 2])
    model = BlockRidgeClassifier(block_weights=weights)
    model.fit(container(X), y, class_rows=names, directions={"known": direction})
    beside = clone(model).fit(
        container(np.c_[X, X @ direction]),
        y,
        blocks={"features": 30, "known": 1},
        class_rows=(np.c_[centres, centres @ direction], [0, 1, 2]),
    )
    expected = beside.decision_function(np.c_[X, X @ direction])
    np.testing.assert_allclose(model.decision_function(X), expected, rtol=1e-4, atol=1e-4)
    assert model.block_weights_ == pytest.approx(beside.block_weights_)
    assert model.coef_.shape == (3, 30)


def test_a_direction_that_carries_the_classes_helps_where_labels_are_few():
    X, y, centres = topics(102, n_classes=2, n_features=200, noise=2.0)
    direction = (centres[0] - centres[1])[:, np.newaxis]
    few = np.r_[:2, 102:104]
    rest = np.setdiff1d(np.arange(len(y)), few)
    model = BlockRidgeClassifier(block_weights=[{"features": 1}, {"features": 0.7, "known": 0.3}])
    alone = clone(model).fit(X[few], y[few]).score(X[rest], y[rest])
    assert model.fit(X[few], y[few], directions={"known": direction}).score(X[rest], y[rest]) > alone + 0.02


@pytest.mark.parametrize(("n_labels", "is_called"), [(0, False), (1, True), (1000, True), (1001, False)])
def test_directions_are_asked_for_while_labels_are_few(n_labels, is_called):
    calls = []
    rng = np.random.default_rng(0)
    y = np.full(1100, -1)
    y[:n_labels] = np.arange(n_labels) % 2
    model = BlockRidgeClassifier((1.0,), unlabelled=-1, pseudo_label_alpha=None)
    names = (np.eye(2), [0, 1])
    model.fit(rng.normal(size=(1100, 2)), y, class_rows=names, directions=lambda: calls.append(0))
    assert bool(calls) == is_called


@pytest.mark.parametrize("array", [np.ones(3), np.ones((2, 1)), np.full((3, 1), np.nan)], ids=["flat", "short", "nan"])
def test_wrong_directions_are_refused(array):
    with pytest.raises(ValueError, match=r"directions\['known'\] has shape"):
        BlockRidgeClassifier().fit(np.eye(3), [0, 1, 1], directions={"known": array})


def test_coefficients_are_those_of_ridge_regression_on_weighted_blocks():
    X, y, blocks = two_blocks(10)
    model = BlockRidgeClassifier((2.0,), block_weights=[{"noise": 1, "signal": 3}]).fit(X, y, blocks=blocks)
    spread = [part.var(axis=0).sum() for part in (X[:, :5], X[:, 5:])]
    factors = np.sqrt(np.repeat([0.25 / spread[0], 0.75 / spread[1]], [5, 30]))
    ridge = Ridge(2.0).fit(X * factors, np.eye(3)[y])
    expected = ridge.coef_ * factors
    scale = (model.coef_ / expected)[0, 0]
    np.testing.assert_allclose(model.coef_, scale * expected, rtol=1e-6)
    # classes are balanced: the mean logits over the rows differ by constants whose mean is 0
    assert model.decision_function(X).mean() == pytest.approx(np.log(1 / 3))


def test_probabilities_are_as_certain_as_the_model_is_right():
    X, y, _ = topics(40)
    model = BlockRidgeClassifier().fit(X, y)
    X_new, y_new, _ = topics(200, seed=1)
    found = log_loss(y_new, model.predict_proba(X_new))
    for factor in (0.3, 3):
        logits = factor * model.decision_function(X_new)
        other = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
        assert found < log_loss(y_new, other)
    assert model.log_loss_ == pytest.approx(found, rel=0.6)  # of 120 rows
    np.testing.assert_allclose(np.exp(model.predict_log_proba(X_new)), model.predict_proba(X_new))


def uneven_classes(n_rows, seed, n_classes=40, n_features=60, noise=0.8):
    """Return rows of classes of which the largest is many times as frequent as the smallest, two of each at least."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(7).normal(size=(n_classes, n_features))
    shares = np.arange(1, n_classes + 1) ** -0.8
    y = np.r_[np.tile(np.arange(n_classes), 2), rng.choice(n_classes, n_rows - 2 * n_classes, p=shares / shares.sum())]
    return centres[y] + noise * np.sqrt(n_features) * rng.normal(size=(n_rows, n_features)) / 3, y


def test_many_uneven_classes_are_classified_as_well_as_by_logistic_regression():
    X, y = uneven_classes(400, seed=0)
    X_new, y_new = uneven_classes(2000, seed=1)
    scale = np.sqrt(X.var(axis=0).sum())
    logistic = LogisticRegression(C=10, max_iter=1000).fit(X / scale, y)
    model = BlockRidgeClassifier().fit(X, y)
    assert model.score(X_new, y_new) > logistic.score(X_new / scale, y_new) - 0.01
    rare = y_new >= 20
    predicted = model.predict(X_new)
    assert (predicted >= 20).mean() == pytest.approx(rare.mean(), rel=0.35)  # rare classes are predicted


def test_classes_between_others_are_predicted():
    """A regression of indicators masks a class that lies on the line between two others."""
    rng = np.random.default_rng(0)
    y = np.tile(np.arange(6), 200)
    X = np.c_[3.0 * y, np.zeros(1200)] + rng.normal(size=(1200, 2))
    model = BlockRidgeClassifier((0.01,)).fit(X[:600], y[:600])
    assert model.score(X[600:], y[600:]) > 0.78  # 0.7 by ridge regression alone
    assert model.multinomial_share_ > 0.5
    assert BlockRidgeClassifier((0.01,)).fit(X[:12], y[:12]).multinomial_share_ < 0.1
    assert BlockRidgeClassifier().fit(X[:2], y[:2]).multinomial_share_ == 0


def test_names_of_classes_stand_for_labelled_rows():
    X, y, centres = topics(2, noise=1.2)
    X_new, y_new, _ = topics(200, noise=1.2, seed=1)
    named = (np.repeat(centres, 2, axis=0), [0, 0, 1, 1, 2, 2])
    scores = [BlockRidgeClassifier().fit(X, y, class_rows=rows).score(X_new, y_new) for rows in (None, named)]
    assert scores[1] > scores[0] + 0.05


def test_labels_overrule_wrong_names_as_they_grow():
    wrong_of = {}
    for n in (3, 100):
        X, y, centres = topics(n, noise=0.5)
        X_new, y_new, _ = topics(200, noise=0.5, seed=1)
        model = BlockRidgeClassifier().fit(X, y, class_rows=(centres[[1, 2, 0]], [0, 1, 2]))
        wrong_of[n] = 1 - model.score(X_new, y_new)
        assert model.class_row_weight_ < 4  # the middle of the candidates
    assert wrong_of[100] < 0.05


def test_a_class_without_a_labelled_row_is_predicted_by_its_name():
    X, y, centres = topics(8)
    X_new, y_new, _ = topics(100, seed=1)
    model = BlockRidgeClassifier().fit(X[y < 2], y[y < 2], class_rows=(centres, [0, 1, 2]))
    assert model.classes_.tolist() == [0, 1, 2]
    assert (model.predict(X_new[y_new == 2]) == 2).mean() > 0.5
    assert (model.predict(X_new[y_new < 2]) == y_new[y_new < 2]).mean() > 0.8


@pytest.mark.parametrize("y", [None, [None] * 300, [float("nan")] * 300, pd.Series([pd.NA] * 300)], ids=type)
def test_names_alone_are_enough(y):
    X, labels, centres = topics(100)
    model = BlockRidgeClassifier().fit(X, y, class_rows=lambda: (centres, ["a", "b", "c"]))
    assert (model.predict(X) == np.array(["a", "b", "c"])[labels]).mean() > 0.8


@pytest.mark.parametrize(
    ("y", "unlabelled", "classes"),
    [
        (["a", "b", None, "a", "b", None], None, ["a", "b"]),
        ([0.0, 1.0, float("nan"), 0.0, 1.0, float("nan")], None, [0, 1]),
        (pd.Series([0, 1, None, 0, 1, None], dtype="Int64"), None, [0, 1]),
        (np.array([0, 1, -1, 0, 1, -1]), -1, [0, 1]),
        (["a", "b", "", "a", "b", ""], "", ["a", "b"]),
        ([-1, 1, 0, -1, 1, 0], None, [-1, 0, 1]),
        ([-1, 1, -1, -1, 1, -1], None, [-1, 1]),
    ],
)
def test_rows_without_a_label_are_those_that_are_said_to_be(y, unlabelled, classes):
    X = np.random.default_rng(0).normal(size=(6, 4))
    model = BlockRidgeClassifier(unlabelled=unlabelled).fit(X, y)
    assert model.classes_.tolist() == classes
    assert set(model.predict(X).tolist()) <= set(classes)


def test_rows_without_a_label_and_of_no_weight_have_no_say_in_the_coefficients():
    X, y, _ = topics(5)
    some = y.astype(object)
    some[[0, 7]] = None
    weights = np.ones(15)
    weights[[0, 7]] = 0
    unlabelled = BlockRidgeClassifier((1.0,)).fit(X, some)
    rest = np.delete(np.arange(15), [0, 7])
    without = BlockRidgeClassifier((1.0,)).fit(X[rest], y[rest])
    direction = [model.coef_ / np.linalg.norm(model.coef_) for model in (unlabelled, without)]
    np.testing.assert_allclose(*direction, atol=0.02)  # only the scale of the block differs
    weighted = BlockRidgeClassifier((1.0,)).fit(X, y, sample_weight=weights)
    np.testing.assert_allclose(weighted.coef_, without.coef_)


def test_class_weight_and_sample_weight_are_the_same():
    X, y, _ = topics(20, noise=2)
    by_class = BlockRidgeClassifier(class_weight={0: 3, 1: 1, 2: 1}).fit(X, y)
    by_row = BlockRidgeClassifier().fit(X, y, sample_weight=np.where(y == 0, 3.0, 1.0))
    np.testing.assert_allclose(by_class.decision_function(X), by_row.decision_function(X))


def test_sparse_and_dense_rows_give_the_same_model():
    X, y, blocks = two_blocks(20)
    X[np.abs(X) < 1] = 0
    for estimator in (BlockRidgeClassifier(block_weights=CANDIDATES), BlockRidgeRegressor(block_weights=CANDIDATES)):
        dense = clone(estimator).fit(X, y, blocks=blocks)
        thin = clone(estimator).fit(sparse.csr_matrix(X), y, blocks=lambda: blocks)
        np.testing.assert_allclose(thin.coef_, dense.coef_, atol=1e-9)
        np.testing.assert_allclose(pickle.loads(pickle.dumps(thin)).predict(X), dense.predict(X))


@pytest.mark.parametrize("of", [np.asarray, sparse.csr_matrix], ids=["dense", "sparse"])
def test_many_rows_are_solved_without_their_inner_products(of, monkeypatch):
    X, y, blocks = two_blocks(30)
    estimators = [BlockRidgeClassifier(block_weights=CANDIDATES), BlockRidgeRegressor(block_weights=CANDIDATES)]
    expected = [clone(one).fit(of(X), y, blocks=blocks).coef_ for one in estimators]
    set_most_dual_rows(monkeypatch, 10)
    for one, coef in zip(estimators, expected, strict=True):
        np.testing.assert_allclose(one.fit(of(X), y, blocks=blocks).coef_, coef, atol=0.01 * np.abs(coef).max())


def test_regression_follows_the_block_that_knows_the_numbers():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 8))
    y = X[:, 4:] @ [1.0, -2.0, 0.5, 3.0] + 5
    blocks = {"noise": 4, "signal": 4}
    model = BlockRidgeRegressor((0.01, 1.0, 100.0), block_weights=CANDIDATES).fit(X, y, blocks=blocks)
    assert model.block_weights_["signal"] > 0.99
    assert model.alpha_ == pytest.approx(0.01, rel=0.01)
    np.testing.assert_allclose(model.predict(X), y, atol=0.05)
    two = BlockRidgeRegressor((0.01, 1.0, 100.0), block_weights=CANDIDATES).fit(X, np.c_[y, -y], blocks=blocks)
    np.testing.assert_allclose(two.predict(X), np.c_[model.predict(X), -model.predict(X)], atol=1e-6)


def test_works_in_cross_validation():
    X, y, _ = topics(20, noise=0.5)
    assert cross_val_score(BlockRidgeClassifier(), X, y, cv=3).mean() > 0.9


@pytest.mark.parametrize(
    ("y", "parameters", "message"),
    [
        ([None] * 6, {}, "0 labelled rows of 0 classes"),
        (["a"] * 6, {}, "6 labelled rows of 1 class,"),
        ([0, 1, 2], {}, "y has 3 labels and X has 6 rows"),
        ([0, 1] * 3, {"blocks": {"words": 3}}, "blocks have 3 columns, and X has 4"),
        ([0, 1] * 3, {"class_rows": (np.zeros((2, 3)), [0, 1])}, r"class_rows have shape \(2, 3\)"),
        (
            [0, 1] * 3,
            {"class_rows": (np.zeros((2, 4)), ["a", "b"])},
            "such as 0 and names of 'a' are of different types",
        ),
        (["a", "b", -1, "a", "b", -1], {}, "mixes text with other labels, such as 'a' and -1: .* unlabelled=-1"),
        (None, {}, "the target y is None, and no class has a name: pass y, or name the classes"),
    ],
)
def test_refuses_what_it_cannot_learn_from(y, parameters, message):
    with pytest.raises(ValueError, match=message):
        BlockRidgeClassifier().fit(np.random.default_rng(0).normal(size=(6, 4)), y, **parameters)


@pytest.mark.parametrize("missing", [None, np.nan])
def test_numbers_to_learn_are_all_known(missing):
    with pytest.raises(ValueError, match="Input y contains NaN"):  # None alone made every prediction NaN
        BlockRidgeRegressor().fit([[0.0], [1.0], [2.0]], [missing, 1.0, 2.0])


def test_refuses_negative_weights_of_blocks():
    with pytest.raises(ValueError, match="block_weights has -1 for 'features'"):
        BlockRidgeClassifier(block_weights=[{"features": -1}]).fit([[0.0], [1.0]], [0, 1])


def test_unlabelled_rows_show_where_the_classes_lie():
    X, y, _ = topics(200, noise=0.6)
    X_new, y_new, _ = topics(300, noise=0.6, seed=1)
    few = y.astype(object)
    few[np.arange(600) % 200 > 1] = None
    with_others = BlockRidgeClassifier().fit(X, few)
    alone = BlockRidgeClassifier(pseudo_label_alpha=None).fit(X, few)
    assert with_others.score(X_new, y_new) > alone.score(X_new, y_new) + 0.02
    assert log_loss(y_new, with_others.predict_proba(X_new)) < log_loss(y_new, np.full((900, 3), 1 / 3))


@pytest.mark.parametrize(("noise", "gain"), [(0.6, 0.02), (1.1, -0.005)])
def test_unlabelled_rows_of_many_classes_do_not_harm(noise, gain):
    X, y = uneven_classes(500, seed=0, noise=noise)
    X_new, y_new = uneven_classes(2000, seed=1, noise=noise)
    few = y.astype(object)
    few[160:] = None
    with_others = BlockRidgeClassifier().fit(X, few)
    alone = BlockRidgeClassifier(pseudo_label_alpha=None).fit(X, few)
    assert with_others.score(X_new, y_new) > alone.score(X_new, y_new) + gain
    assert 0 < with_others.self_training_share_ < 1
    assert alone.self_training_share_ == 0


def test_rows_without_a_label_that_mislead_count_little():
    """The unlabelled rows lie about the means of two clusters that have nothing to do with the classes."""
    rng = np.random.default_rng(0)
    y = np.tile([0, 1], 150)
    X = np.c_[y * 2.0 - 1, np.zeros(300)] + 0.5 * rng.normal(size=(300, 2))
    others = np.c_[np.zeros(400), np.tile([-4.0, 4.0], 200)] + 0.5 * rng.normal(size=(400, 2))
    labels = [*y[:200].tolist(), *[None] * 400]
    model = BlockRidgeClassifier().fit(np.r_[X[:200], others], labels)
    assert model.score(X[200:], y[200:]) > 0.95
    names_alone = BlockRidgeClassifier().fit(others, None, class_rows=(np.eye(2), [0, 1]))
    assert names_alone.self_training_share_ == 1
