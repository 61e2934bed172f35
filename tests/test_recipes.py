import numpy as np
import pytest
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.preprocessing import FunctionTransformer

from sklearn_llmtokens import LLMTokenEmbedder, text_pipeline
from sklearn_llmtokens.datasets import load_toy_reviews
from tests.checkpoints import TEXTS


@pytest.fixture
def embedder(checkpoints):
    return LLMTokenEmbedder(checkpoints["bert"])


def test_classifies_reviews_better_than_chance_and_than_its_lexical_half():
    reviews = load_toy_reviews()
    whole = text_pipeline()
    lexical = clone(whole).set_params(features__meaning="drop")
    score, lexical_score = (
        cross_val_score(model, reviews.data, reviews.target, cv=3).mean() for model in (whole, lexical)
    )
    assert score > lexical_score
    assert score > 2 / len(reviews.target_names)


def test_every_block_has_rows_of_unit_length(embedder):
    features = text_pipeline(embedder=embedder).fit(TEXTS, [0, 1] * 4)[0]
    for name, block in features.transformer_list:
        rows = block.transform(TEXTS)
        norms = np.sqrt(
            np.asarray(rows.multiply(rows).sum(1)).ravel() if hasattr(rows, "multiply") else (rows**2).sum(1)
        )
        np.testing.assert_allclose(norms, 1, atol=1e-5, err_msg=name)


def test_regression_predicts_numbers(embedder):
    y = np.arange(8.0)
    model = text_pipeline("regression", embedder=embedder).fit(TEXTS, y)
    assert isinstance(model[-1], Ridge)
    assert np.corrcoef(model.predict(TEXTS), y)[0, 1] > 0.9


def test_an_estimator_takes_the_place_of_the_linear_model_and_is_cloned(embedder):
    forest = RandomForestClassifier(n_estimators=5, random_state=0)
    model = text_pipeline(forest, embedder=embedder).fit(TEXTS, [0, 1] * 4)
    assert isinstance(model[-1], RandomForestClassifier)
    assert not hasattr(forest, "estimators_")


def test_any_transformer_can_give_the_meaning():
    lengths = FunctionTransformer(lambda texts: np.array([[len(t), t.count("，")] for t in texts], dtype=float))
    model = text_pipeline(embedder=lengths).fit(TEXTS, [0, 1] * 4)
    assert model.predict(TEXTS).shape == (8,)


def test_every_part_can_be_searched(embedder):
    grid = {
        "features__meaning__embedder__pooling": ["mean", "cls"],
        "features__words__analyzer__mode": ["accurate", "search"],
        "model__C": [1, 10],
    }
    search = GridSearchCV(text_pipeline(embedder=embedder), grid, cv=2).fit(TEXTS, [0, 1] * 4)
    assert len(search.cv_results_["params"]) == 8


def test_returns_a_fresh_model_each_time():
    assert text_pipeline()[-1] is not text_pipeline()[-1]
    assert isinstance(text_pipeline()[-1], LogisticRegression)


@pytest.mark.parametrize(
    ("task", "error"), [("clustering", ValueError), (LogisticRegression, TypeError), (None, TypeError), (3, TypeError)]
)
def test_refuses_what_is_no_task(task, error):
    with pytest.raises(error, match="classification"):
        text_pipeline(task)


def test_refuses_an_embedder_without_transform():
    with pytest.raises(TypeError, match="transform"):
        text_pipeline(embedder=LogisticRegression())
