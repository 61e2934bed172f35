"""Fixtures of the tests of hybrids."""

import pytest

from sklearn_llmtokens.recommend import HybridRecommender
from tests.recommend.hybrids import make_catalog, make_parts


@pytest.fixture
def catalog():
    return make_catalog()


@pytest.fixture
def hybrid(catalog):
    return HybridRecommender(make_parts(catalog))
