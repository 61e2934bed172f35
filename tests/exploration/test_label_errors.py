"""Label errors: scores by hand, planted errors, and the same rows as cleanlab."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.datasets import make_blobs
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict

from sklearn_llmtokens.exceptions import MissingDependencyError
from sklearn_llmtokens.exploration import find_label_errors

PROBABILITIES = np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8], [0.5, 0.4, 0.1], [0.2, 0.6, 0.2], [0.1, 0.8, 0.1]])
LABELS = ["a", "a", "b", "b", "c"]


def planted(n_rows=300, share=0.1, seed=0):
    """Return rows of three clusters, labels of which a share is wrong, and the rows of these."""
    X, y = make_blobs(n_rows, centers=[[0, 0], [8, 0], [0, 8]], random_state=seed)
    wrong = np.random.default_rng(seed).choice(n_rows, int(share * n_rows), replace=False)
    y[wrong] = (y[wrong] + 1) % 3
    return X, np.array(["red", "green", "blue"])[y], np.sort(wrong)


def test_scores_are_those_worked_out_by_hand():
    margin = find_label_errors(PROBABILITIES, LABELS)
    np.testing.assert_allclose(margin.quality, [0.75, 0.15, 0.45, 0.7, 0.15])
    confidence = find_label_errors(PROBABILITIES, LABELS, score="self_confidence")
    np.testing.assert_allclose(confidence.quality, [0.7, 0.1, 0.4, 0.6, 0.1])
    assert margin.suggested.tolist() == ["a", "c", "a", "b", "b"]
    assert margin.classes == ["a", "b", "c"]


def test_suspected_rows_have_another_class_that_reaches_its_threshold():
    # thresholds: a (0.7 + 0.1) / 2 = 0.4, b (0.4 + 0.6) / 2 = 0.5, c 0.1
    found = find_label_errors(PROBABILITIES, LABELS)
    assert found.rows.tolist() == [1, 4, 2]  # by quality, equal ones in the order of rows
    # row 2 of b: a has 0.5 of 0.4; row 0 and row 3: the label itself


def test_a_class_that_is_probable_everywhere_is_no_reason_for_suspicion():
    probabilities = [[0.9, 0.1], [0.9, 0.1], [0.6, 0.4], [0.6, 0.4]]
    found = find_label_errors(probabilities, [0, 0, 1, 1])
    assert found.rows.tolist() == []  # 0.6 is less than the 0.9 that class 0 has on average
    assert found.suggested.tolist() == [0, 0, 0, 0]


def test_the_most_probable_class_is_no_suspected_label():
    probabilities = [[0.9, 0.05, 0.05], [0.5, 0.25, 0.25], [0.6, 0.22, 0.18], [0.6, 0.18, 0.22]]
    found = find_label_errors(probabilities, ["a", "a", "b", "c"])
    # row 1: b and c reach their thresholds of 0.22, and a, the label, does not reach its 0.7
    assert found.rows.tolist() == []


@pytest.mark.parametrize("library", [pd.DataFrame, pl.DataFrame, pa.table])
def test_columns_that_are_called_by_the_labels_are_their_probabilities(library):
    expected = find_label_errors(PROBABILITIES, LABELS)
    named = dict(zip("cab", PROBABILITIES.T[[2, 0, 1]], strict=True))
    found = find_label_errors(library(named), LABELS)
    assert found.classes == ["c", "a", "b"]
    assert found.rows.tolist() == expected.rows.tolist()
    np.testing.assert_allclose(found.quality, expected.quality)
    others = find_label_errors(library(dict(zip("xyz", PROBABILITIES.T, strict=True))), LABELS)
    assert others.classes == ["a", "b", "c"]


def test_planted_errors_are_found():
    X, y, wrong = planted()
    found = find_label_errors(X, y, LogisticRegression())
    assert set(found.rows) <= set(wrong)
    assert len(found.rows) >= 0.7 * len(wrong)  # some are less certain than the mean of their class
    assert set(np.argsort(found.quality)[: len(wrong)]) == set(wrong)
    assert (np.diff(found.quality[found.rows]) >= 0).all()
    expected = cross_val_predict(LogisticRegression(), X, y, cv=5, method="predict_proba")
    np.testing.assert_array_equal(found.probabilities, expected)
    assert found.classes == ["blue", "green", "red"]


def test_folds_and_their_groups_are_those_of_the_user():
    X, y, _ = planted(90)
    groups = np.arange(90) // 3
    found = find_label_errors(X, y, LogisticRegression(), cv=GroupKFold(3), groups=groups)
    expected = cross_val_predict(LogisticRegression(), X, y, cv=GroupKFold(3), method="predict_proba", groups=groups)
    np.testing.assert_array_equal(found.probabilities, expected)


def test_classes_say_what_the_columns_are():
    found = find_label_errors(PROBABILITIES[:, [2, 0, 1]], LABELS, classes=["c", "a", "b"])
    expected = find_label_errors(PROBABILITIES, LABELS)
    np.testing.assert_allclose(found.quality, expected.quality)
    assert found.suggested.tolist() == expected.suggested.tolist()
    assert found.rows.tolist() == expected.rows.tolist()
    rare = find_label_errors([[0.9, 0.1, 0.0], [0.2, 0.2, 0.6]], ["a", "b"], classes=["a", "b", "c"])
    assert rare.rows.tolist() == []  # no row has the label c: it has no threshold


@pytest.mark.parametrize("seed", range(3))
def test_rows_and_scores_are_those_of_cleanlab(seed):
    filters = pytest.importorskip("cleanlab.filter", reason="pip install cleanlab")
    from cleanlab.rank import get_label_quality_scores

    X, y, _ = planted(seed=seed)
    ours = find_label_errors(X, y, LogisticRegression())
    label_idx = np.array([ours.classes.index(label) for label in y])
    for score in ("normalized_margin", "self_confidence"):
        expected = get_label_quality_scores(label_idx, ours.probabilities, method=score)
        np.testing.assert_allclose(find_label_errors(ours.probabilities, y, score=score).quality, expected)
    theirs = filters.find_label_issues(label_idx, ours.probabilities, filter_by="confident_learning", n_jobs=1)
    assert set(ours.rows) == set(np.flatnonzero(theirs))
    behind = find_label_errors(ours.probabilities, y, method="cleanlab")
    expected = filters.find_label_issues(
        label_idx, ours.probabilities, return_indices_ranked_by="normalized_margin", n_jobs=1
    )
    assert behind.rows.tolist() == expected.tolist()


def test_without_cleanlab_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "cleanlab.filter", None)
    with pytest.raises(
        MissingDependencyError, match=r'method="cleanlab" needs .*pip install "sklearn-llmtokens\[labels\]"'
    ):
        find_label_errors(PROBABILITIES, LABELS, method="cleanlab")


def test_what_is_wrong_is_named():
    with pytest.raises(ValueError, match="score='entropy' is neither 'normalized_margin' nor 'self_confidence'"):
        find_label_errors(PROBABILITIES, LABELS, score="entropy")
    with pytest.raises(ValueError, match="method='magic' is neither"):
        find_label_errors(PROBABILITIES, LABELS, method="magic")
    with pytest.raises(ValueError, match=r"X\[1\] is no distribution \(its sum is 1\.5\)"):
        find_label_errors([[0.5, 0.5], [0.5, 1.0]], [0, 1])
    with pytest.raises(ValueError, match="There are 3 columns of probabilities and 2 classes: pass classes="):
        find_label_errors(PROBABILITIES[:2], ["a", "b"])
    with pytest.raises(ValueError, match="y has the label 'c', which is not in classes"):
        find_label_errors(PROBABILITIES, LABELS, classes=["a", "b", "d"])
    with pytest.raises(ValueError, match="y has 4 rows and X has 5"):
        find_label_errors(PROBABILITIES, LABELS[:4])
    with pytest.raises(ValueError, match="y has two classes, and one row of 'b': the model that judges this row"):
        find_label_errors(np.eye(12), ["a"] * 11 + ["b"], LogisticRegression())
    with pytest.raises(ValueError, match=r"y\[2\] is missing \(None\): drop the rows without a label"):
        find_label_errors(np.eye(6), ["a", "b", None, "a", "b", "a"], LogisticRegression(), cv=2)


def test_repr_is_one_line_of_counts():
    found = find_label_errors([[0.9, 0.1], [0.2, 0.8], [0.9, 0.1], [0.1, 0.9]], ["a", "b", "a", "a"])
    assert repr(found) == "LabelErrors(1 of 4 rows suspected, classes=['a', 'b'])"
