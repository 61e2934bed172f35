"""Names of classes, texts without a label, and the weights that `text_pipeline` chooses."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline

from sklearn_llmtokens import LLMTokenEmbedder, TextPipeline, text_pipeline
from sklearn_llmtokens.datasets import load_toy_reviews

LETTERS = make_pipeline(TfidfVectorizer(analyzer="char"), TruncatedSVD(4, random_state=0))
TEXTS = ["发货迅速", "快递很慢", "物流神速", "又酸又涩", "味道很甜", "口感发苦"]
NAMES = {0: "快递物流", 1: "水果的味道"}
Y = [0, 0, 0, 1, 1, 1]


def recipe(**parameters):
    return text_pipeline(embedder=LETTERS, **parameters)


def test_the_choice_can_be_read_after_fit():
    model = recipe(label_texts=NAMES).fit(TEXTS, Y)[-1]
    assert set(model.block_weights_) == {"characters", "words", "meaning", "opinion"}
    assert sum(model.block_weights_.values()) == pytest.approx(1)
    assert 0.25 <= model.alpha_ <= 4
    assert 1 <= model.class_row_weight_ <= 16
    assert "block_weights_" in model._repr_html_()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_opinions_count_for_few_labels_of_sentiment_and_not_for_subjects(language):
    reviews = load_toy_reviews()
    texts = np.array(reviews.data, dtype=object)[reviews.language == language]
    weights = []
    for labels in (reviews.sentiment, reviews.target):
        y = labels[reviews.language == language]
        few = np.concatenate([np.flatnonzero(y == label)[:8] for label in np.unique(y)])
        model = text_pipeline(embedder="zh-nano").fit(texts[few], y[few])
        weights.append(model["model"].block_weights_["opinion"])
    assert weights[0] > 0.13 > 0.1 > weights[1], weights


def test_bundled_sentences_neither_warn_nor_fail():
    texts = ["快", "慢", "甜", "苦"]
    model = text_pipeline(embedder=LLMTokenEmbedder("zh-nano", max_length=3, long_text="error", cache=None))
    assert "opinion" not in model.fit(texts, [0, 0, 1, 1])["model"].block_weights_
    cut = text_pipeline(embedder=LLMTokenEmbedder("zh-nano", max_length=3, cache=None))
    assert cut.fit(texts, [0, 0, 1, 1])["model"].block_weights_["opinion"] > 0  # warnings are errors in tests


def test_opinions_are_left_out_where_no_candidate_has_them():
    reviews = load_toy_reviews()
    model = text_pipeline(embedder="zh-nano")
    alone = [{"meaning": 1}, {"meaning": 1, "words": 1}]
    model.set_params(model__block_weights=alone).fit(reviews.data[:40], reviews.sentiment[:40])
    assert model["model"].block_weights_["opinion"] == 0


def test_names_alone_classify_toy_reviews():
    reviews = load_toy_reviews()
    named = dict(enumerate(reviews.target_names))
    model = text_pipeline(label_texts=named).fit(reviews.data)
    chance = 1 / len(named)
    assert model.score(reviews.data, reviews.target) > 2 * chance
    assert isinstance(model, TextPipeline)


@pytest.mark.parametrize("y", [None, [None] * 6, [np.nan] * 6, [-1] * 6], ids=str)
def test_no_label_at_all_is_enough_where_classes_are_named(y):
    unlabelled = -1 if y == [-1] * 6 else None
    model = recipe(label_texts=NAMES, unlabelled=unlabelled).fit(TEXTS, y)
    assert model.classes_.tolist() == [0, 1]
    assert model.predict(["物流", "味道"]).tolist() == [0, 1]


def test_texts_without_a_label_serve_the_features_alone():
    y = ["a", "b", None, "b", None, None]
    model = recipe().fit(TEXTS, y)
    assert model.classes_.tolist() == ["a", "b"]
    assert "苦" in model["features"]["characters"].vocabulary_
    few = recipe().fit([TEXTS[i] for i in (0, 1, 3)], ["a", "b", "b"])
    assert "苦" not in few["features"]["characters"].vocabulary_


def test_minus_one_is_a_class_unless_it_is_said_to_be_none():
    y = [-1, -1, 1, 1, -1, 1]
    assert recipe().fit(TEXTS, y).classes_.tolist() == [-1, 1]
    assert recipe(unlabelled=-1).fit(TEXTS, [0, -1, 1, 1, -1, 0]).classes_.tolist() == [0, 1]


def test_labels_that_are_words_of_the_language_of_the_texts_are_names():
    words = recipe().fit(TEXTS, ["物流"] * 3 + ["味道"] * 3)[-1]
    assert words.class_row_weight_ > 0
    for labels in (Y, ["taste", "delivery"] * 3, ["A1", "B2"] * 3):
        assert recipe().fit(TEXTS, labels)[-1].class_row_weight_ == 0
    assert recipe(label_texts=None).fit(TEXTS, ["物流"] * 3 + ["味道"] * 3)[-1].class_row_weight_ == 0
    english = recipe().fit(["quick parcel", "sweet pear"] * 2, ["order_status", "taste"] * 2)[-1]
    assert english.class_row_weight_ > 0


def test_labels_that_are_words_are_names_beside_labels_that_are_none():
    y = ["物流", "物流", "C2", "C2", "味道", "味道"]
    model = recipe().fit(TEXTS, y)[-1]
    by_hand = recipe(label_texts={"物流": "物流", "味道": "味道"}).fit(TEXTS, y)[-1]
    np.testing.assert_allclose(model.coef_, by_hand.coef_)
    alone = recipe().fit(TEXTS, ["物流"] * 3 + ["C2"] * 3)[-1]  # nothing to compare one name with
    assert alone.class_row_weight_ == 0


@pytest.mark.parametrize(
    ("y", "unlabelled", "classes"),
    [
        (["物流", "味道", "未知"] * 2, "未知", ["味道", "物流"]),
        (np.array(["物流", "味道", "未知"] * 2, dtype=np.dtypes.StringDType()), "未知", ["味道", "物流"]),
        (pd.Categorical(["物流", "味道", None] * 2), None, ["味道", "物流"]),
        (pd.Series([True, False, pd.NA] * 2, dtype="boolean", index=range(7, 13)), None, [False, True]),
        (pl.Series([3, 5, None] * 2), None, [3, 5]),
        (pa.array(["物流", "味道", None] * 2).dictionary_encode(), None, ["味道", "物流"]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_label_of_rows_without_one_is_no_class_in_any_container(y, unlabelled, classes):
    model = recipe(unlabelled=unlabelled).fit(TEXTS, y)[-1]
    assert model.classes_.tolist() == classes
    assert (model.class_row_weight_ > 0) == isinstance(classes[0], str)  # words are names


@pytest.mark.parametrize("name", ["味道", "口感，味道", "水果的味道"])
def test_two_texts_alone_leave_names_their_meaning(name):
    # a scale of two rows made the features decide in which the two happen to be close
    model = text_pipeline(label_texts={0: "快递物流", 1: name}).fit(["发货迅速", "又酸又涩"])
    assert model.predict(["发货迅速", "又酸又涩", "送货神速", "很甜"]).tolist() == [0, 1, 0, 1]
    meaning = model["features"]["meaning"]
    vectors = meaning["embedder"].transform(["送货神速"])
    np.testing.assert_allclose(meaning.transform(["送货神速"]), vectors / np.linalg.norm(vectors), rtol=1e-6)


@pytest.mark.parametrize(("text", "expected"), [("发货迅速", 0), ("味道很甜", 1)])
def test_one_text_alone_has_the_class_of_the_name_that_it_is_near_to(text, expected):
    model = text_pipeline(label_texts={0: "快递物流", 1: "水果的味道"}).fit([text])
    assert model.predict([text]).tolist() == [expected]


@pytest.mark.parametrize("container", [list, np.array, pd.Series, lambda texts: pd.DataFrame({"text": texts})])
def test_names_do_not_depend_on_the_container_of_the_texts(container):
    expected = recipe(label_texts=NAMES).fit(TEXTS, Y).decision_function(TEXTS)
    X = container(TEXTS)
    np.testing.assert_allclose(recipe(label_texts=NAMES).fit(X, Y).decision_function(X), expected)


def test_a_list_of_texts_stands_as_it_is():
    one = recipe(label_texts={0: ["快递"], 1: ["味道"]}).fit(TEXTS, Y)
    two = recipe(label_texts={0: ["快递", "快递"], 1: ["味道"]}).fit(TEXTS, Y)
    np.testing.assert_allclose(one.decision_function(TEXTS), two.decision_function(TEXTS))


@pytest.mark.parametrize(
    ("description", "texts"),
    [
        ("物流：发货、快递和包装。", ["物流", "发货", "快递和包装"]),
        ("发货；快递", ["发货", "快递"]),
        ("delivery: parcels, 1,000 couriers, tracking", ["delivery", "parcels", "1,000 couriers", "tracking"]),
        ("很快，非常满意", ["很快，非常满意"]),
        ("slow, and rude", ["slow, and rude"]),
        (
            "price (cheap, dear), e.g. sales, and St. Nicholas.",
            ["price", "cheap", "dear", "e.g. sales", "St. Nicholas"],
        ),
        ("价格（贵、便宜）、-、便宜", ["价格", "贵", "便宜"]),
    ],
)
def test_a_description_that_lists_terms_has_a_text_for_each(description, texts):
    models = [recipe(label_texts={0: of, 1: "水果的味道"}).fit(TEXTS, Y) for of in (description, texts)]
    np.testing.assert_array_equal(models[0][-1].coef_, models[1][-1].coef_)
    other = recipe(label_texts={0: [*texts, "口感"], 1: "水果的味道"}).fit(TEXTS, Y)
    assert not np.allclose(models[0][-1].coef_, other[-1].coef_)


def test_names_survive_cloning_and_searching():
    model = recipe(label_texts=NAMES)
    assert clone(model).label_texts == NAMES
    grid = {"label_texts": [None, NAMES], "model__alphas": [[1.0], [3.0]], "features__words": ["drop"]}
    search = GridSearchCV(model, grid, cv=2, n_jobs=2).fit(TEXTS, Y)
    assert len(search.cv_results_["params"]) == 4
    assert set(search.best_estimator_[-1].block_weights_) == {"characters", "meaning", "opinion"}
    assert np.isfinite(cross_val_score(model, TEXTS, Y, cv=3)).all()


def test_weights_and_names_under_metadata_routing():
    weights = [1.0, 2, 1, 1, 3, 1]
    plain = recipe(label_texts=NAMES).fit(TEXTS, Y, model__sample_weight=weights)
    with config_context(enable_metadata_routing=True):
        routed = recipe(label_texts=NAMES).fit(TEXTS, Y, sample_weight=weights)
    np.testing.assert_allclose(routed.decision_function(TEXTS), plain.decision_function(TEXTS))


@pytest.mark.parametrize(
    ("label_texts", "error", "message"),
    [
        ("names", ValueError, "label_texts='names' is neither a mapping"),
        (["快递", "味道"], TypeError, "label_texts is a list.*pass a mapping from labels to texts"),
        ({0: "快递", 1: 3}, TypeError, "label_texts has 3: pass a text"),
        ({0: "快递", 1: " "}, ValueError, "label_texts has an empty text"),
        ({"a": "快递", "b": "味道"}, ValueError, "of different types"),
        ({0: "快递", 1: "味道", -1: "其他"}, ValueError, "label_texts names -1, which marks texts without a label"),
        ({0: "快递", None: "其他"}, ValueError, "label_texts names None, which marks texts without a label"),
    ],
)
def test_names_that_are_none_are_refused(label_texts, error, message):
    with pytest.raises(error, match=message):
        recipe(label_texts=label_texts, unlabelled=-1).fit(TEXTS, Y)


def test_names_are_refused_by_an_estimator_that_takes_none():
    with pytest.raises(ValueError, match="label_texts are for classifiers that take class_rows"):
        text_pipeline(LogisticRegression(), embedder=LETTERS, label_texts=NAMES).fit(TEXTS, Y)
