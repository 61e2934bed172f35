"""A missing text is found, with its row, in every container and by every estimator that takes texts."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from sklearn_llmtokens import Catalog, EmbedBatches, JiebaTokenizer, LLMTokenEmbedder, TextNormalizer, text_pipeline
from sklearn_llmtokens.text import TableReader, TextColumn

TEXTS = ["好", None, "坏"]
MASK = [False, True, False]
String = np.dtypes.StringDType

CONTAINERS = {
    "list with NaN": ["好", float("nan"), "坏"],
    "list with NA": ["好", pd.NA, "坏"],
    "list of Arrow scalars": list(pa.array(TEXTS)),
    "object array": np.array(TEXTS),
    "masked array of str": np.ma.array(["好", "x", "坏"], mask=MASK),
    "masked array of objects": np.ma.array(np.array(["好", "x", "坏"], dtype=object), mask=MASK),
    "StringDType with NaN": np.array(["好", np.nan, "坏"], dtype=String(na_object=np.nan)),
    "StringDType with a text": np.array(["好", "n/a", "坏"], dtype=String(na_object="n/a")),
    "Series of object": pd.Series(TEXTS, dtype=object),
    "Series of str": pd.Series(TEXTS, dtype="str"),
    "Series of string": pd.Series(TEXTS, dtype="string"),
    "Series of category": pd.Series(TEXTS, dtype="category"),
    "Series of an Arrow dictionary": pd.Series(pd.array(pa.array(TEXTS).dictionary_encode())),
    "polars String": pl.Series(TEXTS),
    "polars Categorical": pl.Series(TEXTS, dtype=pl.Categorical),
    "polars Enum": pl.Series(TEXTS, dtype=pl.Enum(["好", "坏"])),
    "Arrow": pa.array(TEXTS),
    "Arrow dictionary": pa.array(TEXTS).dictionary_encode(),
    "Arrow dictionary in chunks": pa.chunked_array([pa.array(TEXTS).dictionary_encode()]),
    "null in an Arrow dictionary": pa.DictionaryArray.from_arrays(pa.array([0, 1, 2]), pa.array(TEXTS)),
    "Arrow string_view": pa.array(TEXTS, pa.string_view()),
}
USES = {
    "LLMTokenEmbedder": LLMTokenEmbedder().fit,
    "transform_tokens": lambda X: LLMTokenEmbedder().fit(["好"]).transform_tokens(X),
    "JiebaTokenizer": JiebaTokenizer().fit,
    "TextNormalizer": TextNormalizer().fit,
    "TextColumn": TextColumn().fit,
    "TableReader": TableReader().fit,
    "text_pipeline": lambda X: text_pipeline().fit(X, [0, 1, 0]),
    "Catalog": lambda X: Catalog([1, 2, 3], X),
    "EmbedBatches": lambda X: EmbedBatches(text_columns="text")({"text": X}),
}


@pytest.mark.parametrize("X", CONTAINERS.values(), ids=CONTAINERS.keys())
@pytest.mark.parametrize("use", USES.values(), ids=USES.keys())
def test_a_missing_text_is_refused_with_its_row(use, X):
    with pytest.raises(ValueError, match=r"(X|texts)\[1\] is missing"):
        use(X)


@pytest.mark.parametrize("X", CONTAINERS.values(), ids=CONTAINERS.keys())
def test_a_missing_text_is_a_row_of_zeros_where_that_is_asked_for(checkpoints, X):
    rows = LLMTokenEmbedder(checkpoints["bert"], missing="zero").fit_transform(X)
    assert not rows[1].any()
    np.testing.assert_array_equal(rows[[0, 2]], LLMTokenEmbedder(checkpoints["bert"]).fit_transform(["好", "坏"]))
