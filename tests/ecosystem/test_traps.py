"""What the page says to watch out for happens, and what it says to write instead avoids it."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from sklearn_llmtokens import LLMTokenEmbedder, text_pipeline
from sklearn_llmtokens.datasets import load_toy_reviews
from sklearn_llmtokens.exceptions import TextTypeError

pytestmark = [pytest.mark.ecosystem, pytest.mark.filterwarnings("ignore")]

REVIEWS = load_toy_reviews()
TEXTS, LABELS = list(REVIEWS.data[:160]), np.asarray(REVIEWS.target[:160])
FRAME = pd.DataFrame({"text": TEXTS})
EMBEDDER = LLMTokenEmbedder("zh-nano", truncate_dim=64)


def model():
    return make_pipeline(EMBEDDER, LogisticRegression(max_iter=2000))


def test_keybert_and_bertopic_replace_a_bare_embedder_by_a_model_of_their_own():
    import bertopic.backend._utils as topics
    import keybert.backend._utils as keywords
    from bertopic.backend._sklearn import SklearnEmbedder

    for replaced in (EMBEDDER, make_pipeline(EMBEDDER)):
        with pytest.raises(OSError, match="couldn't find them in the cached files"):  # it would be downloaded
            keywords.select_backend(replaced)
    with pytest.raises(OSError, match="couldn't find them in the cached files"):
        topics.select_backend(EMBEDDER)
    assert isinstance(topics.select_backend(make_pipeline(EMBEDDER)), SklearnEmbedder)


def test_bertopic_through_a_pipeline_reads_our_vectors():
    from bertopic.backend._utils import select_backend

    found = select_backend(make_pipeline(LLMTokenEmbedder("zh-nano"))).embed(TEXTS)
    np.testing.assert_allclose(found, LLMTokenEmbedder("zh-nano").fit_transform(TEXTS), atol=1e-6)


def test_float32_probabilities_fail_in_fairlearn_and_those_of_text_pipeline_do_not():
    from fairlearn.postprocessing import ThresholdOptimizer

    groups = np.array(["short", "long"] * 80)

    def predict(estimator):
        optimizer = ThresholdOptimizer(estimator=estimator, predict_method="predict_proba")
        optimizer.fit(FRAME, LABELS % 2, sensitive_features=groups)
        return optimizer.predict(FRAME, sensitive_features=groups, random_state=0)

    assert model().fit(FRAME, LABELS % 2).predict_proba(FRAME).dtype == np.float32
    with pytest.raises(TypeError, match="Invalid value"):
        predict(model())
    assert (predict(text_pipeline(embedder=EMBEDDER)) == LABELS % 2).mean() > 0.8


def test_dask_ml_asks_for_predict_meta():
    import dask.dataframe as dd
    from dask_ml.wrappers import ParallelPostFit

    wrapped = ParallelPostFit(model().fit(FRAME, LABELS))
    with pytest.raises(ValueError, match="Metadata inference failed"):
        wrapped.predict(dd.from_pandas(FRAME, npartitions=3))


@pytest.mark.parametrize(
    ("column", "refused_by"),
    [
        ("评论", set()),
        ("a b", set()),
        ("a[b]", {"LGBMClassifier", "XGBClassifier"}),
        ("a<b", {"XGBClassifier"}),
        ('a"b', {"LGBMClassifier"}),
        ("a:b", {"LGBMClassifier"}),
        ("a,b", {"LGBMClassifier"}),
        ("a{b}", {"LGBMClassifier"}),
    ],
)
def test_names_that_boosted_trees_refuse(column, refused_by):
    from catboost import CatBoostClassifier
    from lightgbm import LGBMClassifier
    from lightgbm.basic import LightGBMError
    from xgboost import XGBClassifier

    frame = FRAME.set_axis([column], axis=1)
    named = LLMTokenEmbedder("zh-nano", truncate_dim=4).set_output(transform="pandas")
    found = set()
    for trees in (
        LGBMClassifier(n_estimators=1, n_jobs=1, verbose=-1),
        XGBClassifier(n_estimators=1, n_jobs=1),
        CatBoostClassifier(iterations=1, thread_count=1, verbose=False, allow_writing_files=False),
    ):
        try:
            make_pipeline(named, trees).fit(frame, LABELS)
        except (ValueError, LightGBMError):
            found.add(type(trees).__name__)
    assert found == refused_by


def test_catboost_predicts_a_column():
    from catboost import CatBoostClassifier

    trees = CatBoostClassifier(iterations=1, thread_count=1, verbose=False, allow_writing_files=False)
    assert make_pipeline(EMBEDDER, trees).fit(FRAME, LABELS).predict(FRAME).shape == (160, 1)


def test_a_column_of_datasets_is_read_and_a_data_set_is_refused():
    from datasets import Dataset

    dataset = Dataset.from_dict({"text": TEXTS})
    expected = EMBEDDER.fit_transform(TEXTS)
    for column in (dataset["text"], dataset.with_format("pandas")["text"], dataset[:]["text"]):
        np.testing.assert_array_equal(EMBEDDER.transform(column), expected)
    with pytest.raises(TextTypeError, match=r"X is a Dataset: pass what X\.to_pandas\(\) returns"):
        EMBEDDER.fit(dataset)


def test_rows_of_duckdb():
    import duckdb

    expected = EMBEDDER.fit_transform(TEXTS)
    for method in ("df", "pl", "to_arrow_table"):
        connection = duckdb.connect()
        connection.register("reviews", FRAME)
        np.testing.assert_array_equal(EMBEDDER.transform(getattr(connection.table("reviews"), method)()), expected)
    for method, match in (("arrow", r"X\.read_all\(\)"), ("fetchnumpy", "X is a dict")):
        connection = duckdb.connect()
        connection.register("reviews", FRAME)
        with pytest.raises(TextTypeError, match=match):
            EMBEDDER.fit(getattr(connection.table("reviews"), method)())
    with pytest.raises(TextTypeError, match=r"X\.df\(\)"):
        EMBEDDER.fit(duckdb.connect().sql("select 'a' as text"))


def test_skrub_takes_few_distinct_texts_for_categories():
    from skrub import TableVectorizer

    few = pd.DataFrame({"text": TEXTS[:30] * 2})
    found = TableVectorizer(high_cardinality=EMBEDDER).fit_transform(few)
    assert found.shape == (60, 30)  # one-hot
