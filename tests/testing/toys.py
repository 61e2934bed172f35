"""Small transformers of texts that do everything right; tests break one thing at a time in subclasses."""

from zlib import crc32

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from tests.inside import StrOptions, fit_context, validate_texts


class CountCharacters(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Counts of hashed characters, weighted by how rare they were in ``fit``."""

    _parameter_constraints: dict = {
        "binary": ["boolean"],
        "missing": [StrOptions({"error", "zero"})],
        "extras": [list, None],
        "cache": [str, None],
        "random_state": ["random_state"],
    }

    def __init__(self, *, binary=False, missing="error", extras=None, cache="memory", random_state=None):
        self.binary = binary
        self.missing = missing
        self.extras = extras
        self.cache = cache
        self.random_state = random_state

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        table = self._read(X, reset=True)
        self.weights_ = np.hstack([1 / (1 + self._count(column).sum(axis=0)) for column in table.columns])
        self._n_features_out = 8 * len(table.columns)
        return self

    def transform(self, X):
        check_is_fitted(self)
        table = self._read(X, reset=False)
        return np.hstack([self._count(column) for column in table.columns]) * self.weights_

    def _read(self, X, *, reset):
        return validate_texts(self, X, reset=reset, missing="error" if self.missing == "error" else "keep")

    def _count(self, column):
        counts = np.zeros((len(column), 8), dtype=np.float32)
        for i, text in enumerate(column):
            for character in text or "":
                counts[i, crc32(character.encode()) % 8] += 1
        return (counts > 0).astype(np.float32) if self.binary else counts


class UpperCase(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Text in, text in upper case out, in the same container."""

    _parameter_constraints: dict = {"strip": ["boolean"]}

    def __init__(self, *, strip=False):
        self.strip = strip

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        validate_texts(self, X, reset=True)
        return self

    def set_output(self, *, transform=None):
        return self

    def transform(self, X):
        check_is_fitted(self, "n_features_in_")
        table = validate_texts(self, X, reset=False)
        return table.rebuild([[self._change(text) for text in column] for column in table.columns])

    def _change(self, text):
        return text.strip().upper() if self.strip else text.upper()

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.transformer_tags.preserves_dtype = []
        return tags
