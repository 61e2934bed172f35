import pickle

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_checks as checks

from sklearn_llmtokens.exceptions import MissingTextError
from sklearn_llmtokens.text import TextColumn

TEXTS = ["物流 很快", "包装 很好", ""]
FRAMES = [pd.DataFrame, pl.DataFrame, pa.table]


@pytest.mark.parametrize(
    "check",
    [
        checks.check_estimator_cloneable,
        checks.check_estimator_repr,
        checks.check_estimator_tags_renamed,
        checks.check_no_attributes_set_in_init,
        checks.check_param_validation,
        checks.check_parameters_default_constructible,
        checks.check_valid_tag_types,
    ],
    ids=lambda check: check.__name__,
)
def test_scikit_learns_checks_that_need_no_table(check):
    check("TextColumn", TextColumn())


@pytest.mark.parametrize("library", FRAMES)
def test_a_vectorizer_reads_the_rows_of_a_frame(library):
    frame = library({"review": TEXTS})
    counts = make_pipeline(TextColumn(), CountVectorizer()).fit_transform(frame)
    np.testing.assert_array_equal(counts.toarray(), CountVectorizer().fit_transform(TEXTS).toarray())


def test_the_kind_of_column_and_its_index_stay():
    index = [3, 1, 7]
    for X in (pd.Series(TEXTS, index=index), pd.DataFrame({"review": TEXTS}, index=index)):
        column = TextColumn().fit(X).transform(X)
        assert isinstance(column, pd.Series)
        assert list(column.index) == index
        assert list(column) == TEXTS
    for X in (pl.Series(TEXTS), pl.DataFrame({"review": TEXTS})):
        assert TextColumn().fit(X).transform(X).to_list() == TEXTS
    for X in (TEXTS, np.array(TEXTS).reshape(-1, 1), pa.array(TEXTS), pa.table({"review": TEXTS})):
        column = TextColumn().fit(X).transform(X)
        assert isinstance(column, np.ndarray)
        assert column.tolist() == TEXTS


@pytest.mark.parametrize("library", FRAMES)
def test_the_column_is_that_of_fit(library):
    column = TextColumn().fit(library({"review": TEXTS}))
    assert column.n_features_in_ == 1
    assert list(column.feature_names_in_) == list(column.get_feature_names_out()) == ["review"]
    with pytest.raises(ValueError, match="feature names should match"):
        column.transform(library({"title": TEXTS}))
    with pytest.raises(ValueError, match="not equal to feature_names_in_"):
        column.get_feature_names_out(["title"])
    with pytest.raises(ValueError, match=r"X has 2 columns \('a', 'b'\)"):
        TextColumn().fit(library({"a": TEXTS, "b": TEXTS}))


def test_a_column_without_a_name_is_called_text():
    assert list(TextColumn().fit(TEXTS).get_feature_names_out()) == ["text"]
    assert list(TextColumn().fit(TEXTS).get_feature_names_out(["body"])) == ["body"]


@pytest.mark.parametrize(
    "X",
    [
        ["好", None],
        np.array(["好", np.nan], dtype=np.dtypes.StringDType(na_object=np.nan)),
        np.ma.array(np.array(["好", "坏"]), mask=[False, True]),
        pd.DataFrame({"a": ["好", None]}),
        pl.DataFrame({"a": ["好", None]}, schema={"a": pl.Categorical}),
        pa.table({"a": pa.array(["好", None]).dictionary_encode()}),
        pa.table({"a": ["好", None]})["a"],
    ],
    ids=lambda X: type(X).__module__ + type(X).__name__,
)
def test_a_missing_text_is_refused_or_empty(X):
    with pytest.raises(MissingTextError, match=r"X\[1(, '?[a0]'?)?\] is missing"):
        TextColumn().fit(X)
    assert list(TextColumn("empty").fit(X).transform(X)) == ["好", ""]


def test_set_output_changes_nothing():
    frame = pd.DataFrame({"review": TEXTS})
    for output in ("pandas", "polars"):
        assert isinstance(TextColumn().set_output(transform=output).fit_transform(frame), pd.Series)
        with config_context(transform_output=output):
            assert isinstance(TextColumn().fit_transform(frame), pd.Series)


def test_clones_and_pickles_keep_what_was_set_and_learnt():
    column = TextColumn("empty").fit(pd.DataFrame({"review": TEXTS}))
    assert clone(column).missing == "empty"
    loaded = pickle.loads(pickle.dumps(column))
    assert list(loaded.feature_names_in_) == ["review"]
    assert loaded.missing == "empty"


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table])
def test_numbers_in_a_column_that_is_not_used_are_no_matter(make):
    # warnings are errors here: a warning of the column of numbers would stand before the error
    with pytest.raises(ValueError, match=r"X has 2 columns \('text', 'price'\): pass one column"):
        TextColumn().fit(make({"text": ["好"], "price": [1.5]}))
