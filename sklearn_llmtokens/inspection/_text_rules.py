"""Steps that read texts: what their features are made of, place by place.

A rule takes the fitted step and the texts of one row, and returns `Numbers`, whose ``back`` knows the way from features
to places in the texts. A step of a new kind needs an entry in `TEXT_RULES` and nothing else.
"""

from collections.abc import Callable, Iterable

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, TargetEncoder

from ..embedding import LLMTokenEmbedder
from ..embedding._for_inspection import Unread, trace_text
from ..features import TableFeatures
from ._nodes import Column, Located, NotLinearError, Numbers, Texts, no_place
from ._terms import find_terms

TextRule = Callable[..., Numbers]


def terms(step, given: Texts) -> Numbers:
    """Of vectorizers: what a term contributes is divided evenly among its occurrences, and these among their words."""
    (column,) = given.columns
    row = sparse.csr_array(step.transform([column.text or ""]))
    found = [(step.vocabulary_[term], places) for term, places in _terms_of(step, column) if term in step.vocabulary_]
    counts = np.bincount([feature for feature, _ in found], minlength=row.shape[1])

    def back(coef: np.ndarray) -> list[Located]:
        values = np.zeros((row.shape[1], len(coef)))
        values[row.indices] = (coef[:, row.indices] * row.data).T
        spans, shares = [], []
        for feature, places in found:
            spans += places
            shares += [values[feature] / counts[feature] / len(places) for _ in places]
        if not spans:
            return []
        return column.located(np.array(spans), np.array(shares))

    return Numbers(row, back, texts=_sources([column]))


def language_model(step: LLMTokenEmbedder, given: Texts) -> Numbers:
    """Of the embedder: the tokens of each column."""
    traces = [None if column.text is None else trace_text(step, column.text) for column in given.columns]
    width = step.n_features_out_ // len(given.columns)
    vectors = [np.zeros(width, np.float32) if trace is None else trace.vector for trace in traces]

    def back(coef: np.ndarray) -> list[Located]:
        parts = np.split(coef, len(traces), axis=1)
        return [
            place
            for column, trace, part in zip(given.columns, traces, parts, strict=True)
            if trace is not None
            for place in column.located(trace.offsets, trace.contributions(part))
        ]

    read = [(column, trace) for column, trace in zip(given.columns, traces, strict=True) if trace is not None]
    return Numbers(
        np.concatenate(vectors)[np.newaxis],
        back,
        tokens={source: spans for column, trace in read for source, spans in column.places(trace.offsets).items()},
        texts=_sources(given.columns),
        reads=((sum((trace.unread for _, trace in read), Unread()), step.max_length_),),
    )


def categories(step, given: Texts) -> Numbers:
    """Of encoders of categories and of numbers beside texts, which are no texts: they belong to no word."""
    return Numbers(step.transform(given.container), no_place)


def _sources(columns: Iterable[Column]) -> frozenset[int]:
    return frozenset(source.column for column in columns for source in column.sources)


def _terms_of(step, column: Column):
    if column.text is None:
        return []
    found = find_terms(step, column.text)
    if sorted(term for term, _ in found) != sorted(step.build_analyzer()(column.text)):
        raise NotLinearError(f"the places of the terms of {type(step).__name__} are not known")
    return found


TEXT_RULES: dict[type, TextRule] = {
    CountVectorizer: terms,  # and TfidfVectorizer, which is one
    LLMTokenEmbedder: language_model,
    OneHotEncoder: categories,
    OrdinalEncoder: categories,
    TargetEncoder: categories,
    TableFeatures: categories,
}
"""Rules by type; that of the nearest base class applies."""
