"""Where broken transformers are registered, and what those with changed input share."""

import pytest

from tests.testing.toys import CountCharacters

BROKEN = []


def fails(check, message, **params):
    """Register a broken transformer, the check that is to fail, and what it is to say."""

    def register(cls):
        BROKEN.append(pytest.param(cls(**params), check, message, id=f"{check}-{cls.__name__}"))
        return cls

    return register


class Loose(CountCharacters):
    """Changes its input before it is validated."""

    def loosen(self, X):
        return X

    def fit(self, X, y=None):
        return super().fit(self.loosen(X), y)

    def transform(self, X):
        return super().transform(self.loosen(X))
