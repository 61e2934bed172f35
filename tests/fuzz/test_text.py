import unicodedata

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_llmtokens.text import JiebaTokenizer, TextNormalizer
from tests.text.conftest import words_by_jieba
from tests.text.texts import texts

from .profiles import fuzz

MODES = [("accurate", True), ("accurate", False), ("search", True), ("search", False), ("full", True)]
CONTAINERS = {
    "list": list,
    "array": lambda batch: np.array(batch, dtype=object),
    "series": lambda batch: pd.Series(batch, dtype="str"),
    "polars": lambda batch: pl.Series(batch, dtype=pl.String),
    "arrow": lambda batch: pa.chunked_array([batch[:1], batch[1:]], type=pa.string()),
}


@pytest.mark.parametrize(("mode", "hmm"), MODES)
@fuzz
@given(batch=st.lists(texts, min_size=1, max_size=6))
def test_words_are_those_of_jieba(judge, mode, hmm, batch):
    expected = [words_by_jieba(judge, text, mode, hmm) for text in batch]
    assert [JiebaTokenizer(mode, hmm=hmm)(text) for text in batch] == expected
    assert JiebaTokenizer(mode, hmm=hmm).fit_transform(batch).tolist() == [" ".join(words) for words in expected]


@pytest.mark.parametrize("hmm", [True, False])
@fuzz
@given(text=texts)
def test_spans_are_the_words(hmm, text):
    tokenizer = JiebaTokenizer(hmm=hmm)
    spans = tokenizer.word_spans(text)
    assert [text[start:stop] for start, stop, _ in spans if text[start:stop].strip()] == tokenizer(text)
    bounds = [bound for start, stop, _ in spans for bound in (start, stop)]
    assert bounds == sorted(bounds)
    assert all(0 <= weight <= 1 for _, _, weight in spans)


@fuzz
@given(
    text=texts,
    form=st.sampled_from([None, "NFC", "NFD", "NFKC", "NFKD"]),
    width=st.sampled_from([None, "alphanumeric", "all"]),
    case=st.sampled_from([None, "lower"]),
    max_repeats=st.sampled_from([None, 1, 3]),
    whitespace=st.booleans(),
)
def test_a_normalised_text_stays_as_it_is(text, form, width, case, max_repeats, whitespace):
    normalizer = TextNormalizer(form, width=width, case=case, max_repeats=max_repeats, whitespace=whitespace)
    once = normalizer(text)
    assert normalizer(once) == once
    if not whitespace and width is None and case is None and max_repeats is None and form is not None:
        assert once == unicodedata.normalize(form, text)


@pytest.mark.parametrize("kind", CONTAINERS)
@fuzz
@given(batch=st.lists(texts, min_size=1, max_size=5), repeated=st.integers(0, 4))
def test_a_text_does_not_depend_on_its_container(kind, batch, repeated):
    batch = [*batch, batch[repeated % len(batch)]]
    for transformer in (TextNormalizer(case="lower", emoji="@", urls="~"), JiebaTokenizer(lowercase=True)):
        found = transformer.fit_transform(CONTAINERS[kind](batch))
        found = found.to_pylist() if hasattr(found, "to_pylist") else list(found)
        assert found == [transformer.fit_transform([text])[0] for text in batch]
