import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import IsolationForest, RandomForestClassifier, StackingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.feature_selection import RFE
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC, NuSVC

from sklearn_llmtokens.recommend import top_k_labels

NAMES = np.array(["apple", "book", "hotel", "shampoo", "tablet"])


class FixedScores(ClassifierMixin, BaseEstimator):
    """A classifier that gives the scores it was made with."""

    def __init__(self, scores, classes):
        self.scores = scores
        self.classes_ = classes

    def predict_proba(self, X):
        return self.scores


@pytest.fixture
def X():
    return np.random.default_rng(0).normal(size=(60, 4))


@pytest.fixture
def y(X):
    return NAMES[np.digitize(X[:, 0], [-1, -0.3, 0.3, 1])]


@pytest.fixture
def Y(X):
    """Three labels that may apply together; no label applies to some rows."""
    return (X[:, :3] + 0.5 * X[:, [3]] > 0.3).astype(int)


def naive(scores, k):
    return [sorted(range(len(row)), key=lambda j: (-row[j], j))[:k] for row in scores]


@pytest.mark.parametrize(
    "classifier", [RandomForestClassifier(10, random_state=0), LogisticRegression(), KNeighborsClassifier()], ids=str
)
@pytest.mark.parametrize("k", [1, 3, 5])
def test_probabilities_are_ranked(classifier, X, y, k):
    classifier.fit(X, y)
    labels, scores = top_k_labels(classifier, X, k, return_scores=True)
    expected = np.array(naive(classifier.predict_proba(X), k))
    np.testing.assert_array_equal(labels, classifier.classes_[expected])
    np.testing.assert_array_equal(scores, np.take_along_axis(classifier.predict_proba(X), expected, axis=1))
    np.testing.assert_array_equal(labels[:, 0], classifier.predict(X))


@pytest.mark.parametrize("classifier", [LinearSVC(), RidgeClassifier(), SVC(break_ties=True)], ids=str)
def test_decision_function_is_ranked_where_there_are_no_probabilities(classifier, X, y):
    classifier.fit(X, y)
    labels, scores = top_k_labels(classifier, X, 2, return_scores=True)
    np.testing.assert_array_equal(labels[:, 0], classifier.predict(X))
    np.testing.assert_array_equal(scores[:, 0], classifier.decision_function(X).max(axis=1))


def test_two_classes_of_a_decision_function(X, y):
    binary = np.where(X[:, 0] > 0, "yes", "no")
    classifier = LinearSVC().fit(X, binary)
    labels, scores = top_k_labels(classifier, X, return_scores=True)
    assert labels.shape == (60, 2)
    np.testing.assert_array_equal(labels[:, 0], classifier.predict(X))
    np.testing.assert_array_equal(scores[:, 0], np.abs(classifier.decision_function(X)))


def test_one_score_for_each_pair_of_classes_is_refused(X, y):
    with pytest.raises(ValueError, match=r'gives 10 columns for 5 classes.*decision_function_shape="ovr"'):
        top_k_labels(SVC(decision_function_shape="ovo").fit(X, y), X)


WRAPPERS = {
    "bare": lambda svm: svm,
    "pipeline": lambda svm: make_pipeline(StandardScaler(), svm),
    "search": lambda svm: GridSearchCV(
        make_pipeline(StandardScaler(), svm), {"standardscaler__with_std": [True]}, cv=2
    ),
    "pipeline of a search": lambda svm: make_pipeline(StandardScaler(), GridSearchCV(svm, {"shrinking": [True]}, cv=2)),
    "stacking": lambda svm: StackingClassifier([("tree", RandomForestClassifier(5, random_state=0))], svm, cv=2),
    "elimination": lambda svm: RFE(svm.set_params(kernel="linear"), n_features_to_select=3),
}


@pytest.mark.parametrize("wrap", WRAPPERS.values(), ids=WRAPPERS)
@pytest.mark.parametrize("svm", [SVC, NuSVC])
def test_pairs_of_three_classes_are_not_taken_for_classes(wrap, svm, X):
    y = NAMES[np.digitize(X[:, 0], [-0.4, 0.4])]
    pairs = wrap(svm(decision_function_shape="ovo")).fit(X, y)
    with pytest.raises(ValueError, match=r'pair of the 3 classes.*decision_function_shape="ovr"'):
        top_k_labels(pairs, X)
    one_each = wrap(svm(decision_function_shape="ovr", break_ties=True)).fit(X, y)
    np.testing.assert_array_equal(top_k_labels(one_each, X, 1)[:, 0], one_each.predict(X))


def test_pairs_of_a_frozen_estimator_and_of_binary_problems(X):
    y = NAMES[np.digitize(X[:, 0], [-0.4, 0.4])]
    with pytest.raises(ValueError, match="pair of the 3 classes"):
        top_k_labels(FrozenEstimator(SVC(decision_function_shape="ovo").fit(X, y)), X)
    one_each = OneVsRestClassifier(SVC(decision_function_shape="ovo")).fit(X, y)
    np.testing.assert_array_equal(top_k_labels(one_each, X, 1)[:, 0], one_each.predict(X))


@pytest.mark.parametrize(
    "classifier",
    [
        RandomForestClassifier(10, random_state=0),  # gives a list of arrays
        KNeighborsClassifier(),
        MultiOutputClassifier(LogisticRegression()),
        OneVsRestClassifier(LogisticRegression()),  # gives an array
        ClassifierChain(LogisticRegression()),
        MLPClassifier(max_iter=1000, random_state=0),
    ],
    ids=str,
)
def test_multilabel_classifiers_rank_columns_of_the_indicator_matrix(classifier, X, Y):
    classifier.fit(X, Y)
    probability = classifier.predict_proba(X)
    if isinstance(probability, list):
        probability = np.stack([output[:, 1] for output in probability], axis=1)
    labels, scores = top_k_labels(classifier, X, 2, return_scores=True)
    expected = np.array(naive(probability, 2))
    np.testing.assert_array_equal(labels, expected)
    np.testing.assert_array_equal(scores, np.take_along_axis(probability, expected, axis=1))


def test_multilabel_decision_function(X, Y):
    classifier = OneVsRestClassifier(LinearSVC()).fit(X, Y)
    expected = np.array(naive(classifier.decision_function(X), 3))
    np.testing.assert_array_equal(top_k_labels(classifier, X), expected)


def test_a_label_that_never_or_always_applied(X, Y):
    Y = np.column_stack([np.zeros(60, int), Y[:, 0], np.ones(60, int)])
    classifier = RandomForestClassifier(10, random_state=0).fit(X, Y)
    labels, scores = top_k_labels(classifier, X, return_scores=True)
    assert labels.shape == (60, 3)
    np.testing.assert_array_equal(scores[labels == 0], 0)
    np.testing.assert_array_equal(scores[labels == 2], 1)


def test_several_outputs_with_classes_of_their_own_are_refused(X, y, Y):
    classifier = RandomForestClassifier(5, random_state=0).fit(X, np.column_stack([Y[:, 0], Y[:, 1] + 1]))
    with pytest.raises(ValueError, match=r"Output 1 has the classes \[1, 2\], not 0 and 1"):
        top_k_labels(classifier, X)


def test_pipelines_and_searches_of_texts():
    texts = ["sweet apples", "a novel", "bright screen", "ripe apples", "the novel drags", "dark screen"]
    labels = ["fruit", "books", "tablets"] * 2
    pipeline = make_pipeline(TfidfVectorizer(), LogisticRegression())
    for model in (pipeline, GridSearchCV(pipeline, {"logisticregression__C": [1.0]}, cv=2)):
        ranked = top_k_labels(model.fit(texts, labels), ["apples", "novel"], k=1)
        np.testing.assert_array_equal(ranked, [["fruit"], ["books"]])


def test_k_beyond_the_classes_gives_a_short_result(X, y):
    classifier = LogisticRegression().fit(X, y)
    assert top_k_labels(classifier, X, 100).shape == (60, 5)


def test_a_single_class(X):
    for classifier in (DummyClassifier(), RandomForestClassifier(3)):
        labels, scores = top_k_labels(classifier.fit(X, ["only"] * 60), X, return_scores=True)
        np.testing.assert_array_equal(labels, [["only"]] * 60)
        np.testing.assert_array_equal(scores, np.ones((60, 1)))


def test_no_rows(X, y):
    assert top_k_labels(FixedScores(np.empty((0, 5)), NAMES), X, 2).shape == (0, 2)


def test_ties_are_broken_by_class_order(X):
    scores = np.array([[0.2, 0.2, 0.2, 0.2, 0.2], [0.1, 0.3, 0.1, 0.3, 0.2]])
    labels = top_k_labels(FixedScores(scores, NAMES), X, 3)
    assert labels.tolist() == [["apple", "book", "hotel"], ["book", "shampoo", "tablet"]]


def test_nan_scores_are_an_error(X):
    scores = np.full((3, 5), 0.2)
    scores[2, 1] = np.nan
    with pytest.raises(ValueError, match=r"X\[2\] from FixedScores contain NaN"):
        top_k_labels(FixedScores(scores, NAMES), X)


def test_what_is_not_a_fitted_classifier_is_refused(X, y):
    with pytest.raises(TypeError, match="LinearRegression has neither"):
        top_k_labels(LinearRegression().fit(X, X[:, 0]), X)
    with pytest.raises(TypeError, match="IsolationForest has no classes_"):
        top_k_labels(IsolationForest(n_estimators=5).fit(X), X)
    with pytest.raises(NotFittedError):
        top_k_labels(LogisticRegression(), X)


@pytest.mark.parametrize(("k", "error"), [(0, ValueError), (-1, ValueError), (2.0, TypeError), ("2", TypeError)])
def test_k_is_a_positive_int(X, y, k, error):
    with pytest.raises(error, match="k"):
        top_k_labels(LogisticRegression().fit(X, y), X, k)


@settings(max_examples=200, deadline=None)
@given(data=st.data(), n_rows=st.integers(0, 6), n_columns=st.integers(1, 8))
def test_equals_a_naive_sort(data, n_rows, n_columns):
    values = st.sampled_from([-np.inf, -1.0, -0.0, 0.0, 0.5, 1.0, np.inf])
    scores = data.draw(arrays(np.float64, (n_rows, n_columns), elements=values))
    k = data.draw(st.integers(1, n_columns))
    classifier = FixedScores(scores, np.arange(n_columns))
    assert top_k_labels(classifier, None, k).tolist() == naive(scores.tolist(), k)
