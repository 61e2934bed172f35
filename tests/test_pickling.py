"""Every estimator's pickle names its version, and one from another version says so and is filled with defaults."""

import copy
import importlib.util
import pickle
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

import sklearn_llmtokens
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


@pytest.mark.parametrize(
    ("estimator", "libraries"),
    [
        (JiebaTokenizer(), {"jieba"}),
        (JiebaTokenizer(stemmer="english"), {"jieba", "snowballstemmer"}),
        (JiebaTokenizer(stop_words="zh"), {"jieba", "stopwordsiso"}),
        (JiebaTokenizer(stop_words="zh").fit(["好"]), {"jieba"}),
        (JiebaTokenizer(stop_words=["的"]), {"jieba"}),
        (TextNormalizer(), set()),
        (TextNormalizer(simplify=True), {"opencc-python-reimplemented"}),
    ],
)
def test_a_pickle_names_the_libraries_that_decide_the_words(estimator, libraries):
    state = estimator.__getstate__()
    found = state.get("_sklearn_llmtokens_libraries", {})
    assert found == {name: version(name) for name in libraries}
    for name in libraries:
        other = {**state, "_sklearn_llmtokens_libraries": {**found, name: "0.0.1"}}
        with pytest.warns(PickledVersionWarning, match=rf"was pickled by {name} 0\.0\.1 and is read by {found[name]}"):
            type(estimator).__new__(type(estimator)).__setstate__(other)


def test_a_vectorizer_with_stems_names_the_stemmer_that_made_its_vocabulary():
    vectorizer = TfidfVectorizer(analyzer=JiebaTokenizer(stemmer="english")).fit(["organizations at universities"])
    written = pickle.dumps(vectorizer)
    assert pickle.loads(written).vocabulary_ == vectorizer.vocabulary_
    used = version("snowballstemmer").encode()
    with pytest.warns(PickledVersionWarning, match=r"snowballstemmer 2\.2\.0 and is read by"):
        pickle.loads(written.replace(b"\x05" + used, b"\x052.2.0"))


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda estimator: type(estimator).__name__)
def test_a_pickle_in_another_format_is_refused_with_a_sentence(estimator):
    state = estimator.__getstate__()
    for other in (0, 99):
        state["_sklearn_llmtokens_format"] = other
        with pytest.raises(pickle.UnpicklingError, match=rf"in format {other} by .*: fit it again with this version"):
            type(estimator).__new__(type(estimator)).__setstate__(state)
    del state["_sklearn_llmtokens_format"]
    with pytest.raises(pickle.UnpicklingError, match="in format 0 by"):
        type(estimator).__new__(type(estimator)).__setstate__(state)


def test_a_pickle_that_names_a_module_that_is_gone_is_refused_with_a_sentence():
    with pytest.raises(ModuleNotFoundError, match=r"no module .*\._faiss. If a pickle names it: fit it again"):
        pickle.loads(b"csklearn_llmtokens.recommend._faiss\nFaissIndex\n.")


def test_other_modules_that_are_missing_are_as_ever():
    for name in ("sklearn_llmtokens.nothing", "sklearn_llmtokens_other._private"):
        with pytest.raises(ModuleNotFoundError, match=r"^No module named"):
            importlib.import_module(name)
    assert importlib.util.find_spec("sklearn_llmtokens.__main_that_is_not__") is None


def test_finders_answer_for_private_modules_that_exist_wherever_a_tool_searches(tmp_path):
    # pytest's importlib mode asks each finder for a package with the package's own folder as the search path
    root = Path(sklearn_llmtokens.__file__).parent
    names = [".".join(path.relative_to(root.parent).with_suffix("").parts) for path in root.rglob("_[!_]*.py")]
    for name in [*names, *{name.rpartition(".")[0] for name in names}]:
        specs = [finder.find_spec(name, [str(tmp_path)]) for finder in sys.meta_path]
        assert all(spec is None or spec.name == name for spec in specs)
