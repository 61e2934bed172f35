"""Which container of texts passes where: every cell of the table of the page, tried."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from sklearn_llmtokens import LLMTokenEmbedder
from sklearn_llmtokens.datasets import load_toy_reviews
from tests.ecosystem.page import rows

pytestmark = [pytest.mark.ecosystem, pytest.mark.filterwarnings("ignore")]

REVIEWS = load_toy_reviews()
TEXTS, LABELS = list(REVIEWS.data[:160]), np.asarray(REVIEWS.target[:160])
CONTAINERS = [
    pd.DataFrame({"text": TEXTS}),
    np.array(TEXTS, dtype=object)[:, np.newaxis],
    pd.Series(TEXTS),
    np.array(TEXTS, dtype=object),
    TEXTS,
]
EMBEDDER = LLMTokenEmbedder("zh-nano", truncate_dim=64)


def model():
    return make_pipeline(EMBEDDER, LogisticRegression(max_iter=2000))


def fit_and_score(estimator, X):
    assert estimator.fit(X, LABELS).score(X, LABELS) > 0.4  # an eighth is chance


def imbalanced_pipeline(X):
    from imblearn.over_sampling import SMOTE
    from imblearn.pipeline import make_pipeline as make_imbalanced_pipeline

    fit_and_score(make_imbalanced_pipeline(EMBEDDER, SMOTE(k_neighbors=2), LogisticRegression(max_iter=2000)), X)


def grid_search(X):
    from sklearn.model_selection import GridSearchCV

    fit_and_score(GridSearchCV(model(), {"logisticregression__C": [1.0, 9.0]}, cv=2), X)


def optuna_search(X):
    from optuna.distributions import FloatDistribution
    from optuna_integration import OptunaSearchCV

    space = {"logisticregression__C": FloatDistribution(0.1, 10)}
    fit_and_score(OptunaSearchCV(model(), space, n_trials=2, cv=2), X)


def bayes_search(X):
    from skopt import BayesSearchCV

    fit_and_score(BayesSearchCV(model(), {"logisticregression__C": (0.1, 10.0)}, n_iter=2, cv=2), X)


def calibrated(X):
    from sklearn.calibration import CalibratedClassifierCV

    fit_and_score(CalibratedClassifierCV(model(), cv=2), X)


def voting(X):
    from sklearn.ensemble import VotingClassifier

    fit_and_score(VotingClassifier([("a", model())]), X)


def stacking(X):
    from sklearn.ensemble import StackingClassifier

    fit_and_score(StackingClassifier([("a", model())], cv=2), X)


def parallel_post_fit(X):
    from dask_ml.wrappers import ParallelPostFit

    fit_and_score(ParallelPostFit(model()), X)


def clean_learning(X):
    from cleanlab.classification import CleanLearning

    fit_and_score(CleanLearning(model(), cv_n_folds=3), X)


def cross_conformal(X):
    from mapie.classification import CrossConformalClassifier

    conformal = CrossConformalClassifier(model(), cv=3)
    conformal.fit_conformalize(X, LABELS)
    assert conformal.predict_set(X)[1].shape == (160, 8, 1)


def under_sampler(X):
    from imblearn.under_sampling import RandomUnderSampler

    found, labels = RandomUnderSampler(random_state=0).fit_resample(X, LABELS)
    assert type(found) is type(X)
    assert set(np.bincount(labels)) == {np.bincount(LABELS).min()}


def balanced_bagging(X):
    from imblearn.ensemble import BalancedBaggingClassifier

    fit_and_score(BalancedBaggingClassifier(model(), n_estimators=2, random_state=0), X)


def bagging(X):
    from sklearn.ensemble import BaggingClassifier

    fit_and_score(BaggingClassifier(model(), n_estimators=2, random_state=0), X)


def exponentiated_gradient(X):
    from fairlearn.reductions import DemographicParity, ExponentiatedGradient

    weights = "logisticregression__sample_weight"
    fair = ExponentiatedGradient(model(), DemographicParity(), max_iter=2, sample_weight_name=weights)
    fair.fit(X, LABELS % 2, sensitive_features=np.array(["short", "long"] * 80))
    assert (fair.predict(X) == LABELS % 2).mean() > 0.6


def table_vectorizer(X):
    from skrub import TableVectorizer

    found = TableVectorizer(high_cardinality=EMBEDDER).fit_transform(X)
    np.testing.assert_allclose(np.asarray(found), EMBEDDER.transform(TEXTS), atol=1e-6)


TRIED = {
    "anything behind the embedder (`imblearn.pipeline`)": [imbalanced_pipeline],
    "GridSearchCV, OptunaSearchCV, BayesSearchCV": [grid_search, optuna_search, bayes_search],
    "CalibratedClassifierCV, VotingClassifier, StackingClassifier": [calibrated, voting, stacking],
    "dask-ml ParallelPostFit": [parallel_post_fit],
    "CleanLearning, CrossConformalClassifier": [clean_learning, cross_conformal],
    "RandomUnderSampler, BalancedBaggingClassifier, BaggingClassifier": [under_sampler, balanced_bagging, bagging],
    "fairlearn ExponentiatedGradient": [exponentiated_gradient],
    "skrub TableVectorizer": [table_vectorizer],
}
CELLS = {what: answers for what, *answers in rows("Which container passes where")}


def test_every_row_is_tried():
    assert set(CELLS) == set(TRIED)


@pytest.mark.parametrize("at", range(5), ids=["frame", "2-D array", "Series", "1-D array", "list"])
@pytest.mark.parametrize(("what", "use"), [(what, use) for what, uses in TRIED.items() for use in uses])
def test_a_container_passes_where_the_page_says_so(what, use, at):
    if CELLS[what][at] == "yes":
        use(CONTAINERS[at])
    else:
        with pytest.raises((TypeError, ValueError)):
            use(CONTAINERS[at])
