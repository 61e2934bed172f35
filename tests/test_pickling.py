"""Every estimator's pickle names its version, and one from another version says so and is filled with defaults."""

import copy
import pickle

import pytest

from sklearn_llmtokens import EmbeddingPCA, JiebaTokenizer, LLMTokenEmbedder, TextNormalizer
from sklearn_llmtokens.exceptions import PickledVersionWarning
from sklearn_llmtokens.recommend import Catalog, PopularityRecommender

ESTIMATORS = [
    EmbeddingPCA(n_components=2),
    JiebaTokenizer(mode="search"),
    LLMTokenEmbedder(layer=1),
    PopularityRecommender(Catalog(["a", "b"])),
    TextNormalizer(),
]


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda estimator: type(estimator).__name__)
def test_a_pickle_of_this_version_is_read_in_silence(estimator):
    again = pickle.loads(pickle.dumps(estimator))
    assert again.get_params() == estimator.get_params()
    assert vars(again) == vars(estimator) == vars(copy.deepcopy(estimator))


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda estimator: type(estimator).__name__)
def test_a_pickle_of_another_version_says_which(estimator):
    state = {**estimator.__getstate__(), "_sklearn_llmtokens_version": "0.0.1"}
    with pytest.warns(PickledVersionWarning, match=rf"This {type(estimator).__name__} was pickled by .* 0\.0\.1 and"):
        type(estimator).__new__(type(estimator)).__setstate__(state)


def test_what_a_pickle_lacks_gets_its_default_and_what_it_has_is_kept():
    state = EmbeddingPCA(n_components=2, whiten=0.5).__getstate__()
    del state["whiten"]
    again = EmbeddingPCA.__new__(EmbeddingPCA)
    again.__setstate__(state)
    assert again.get_params() == EmbeddingPCA(n_components=2).get_params()
