"""Names of clusters: the ranking of class-based TF-IDF, no stop words or punctuation, no name twice."""

from collections import Counter
from math import log

import numpy as np
import pytest

from sklearn_llmtokens.exceptions import MissingTextError
from sklearn_llmtokens.exploration import name_clusters


def ranking(texts, labels, cluster):
    """Rank the words of a cluster by equation 2 of the paper, written as a loop."""
    everywhere = Counter(word for text in texts for word in text.split())
    inside = Counter(
        word for text, label in zip(texts, labels, strict=True) if label == cluster for word in text.split()
    )
    mean_words = sum(everywhere.values()) / len(set(labels))
    weights = {word: n * log(1 + mean_words / everywhere[word]) for word, n in inside.items()}
    return sorted(weights, key=lambda word: (-weights[word], word))


def test_words_are_ranked_as_in_the_paper():
    rng = np.random.default_rng(0)
    words = [f"w{chr(97 + i)}" for i in range(20)]
    labels = rng.integers(-1, 3, 60).tolist()
    texts = [" ".join(rng.choice(words, 8, p=rng.dirichlet(np.ones(20)))) for _ in labels]
    names = name_clusters(texts, labels, n_words=6, analyzer=str.split)
    for cluster in (0, 1, 2):
        assert names[cluster].split() == ranking(texts, labels, cluster)[:6]
    assert list(names) == [-1, 0, 1, 2]


def test_names_have_no_stop_words_punctuation_or_numbers():
    texts = [
        "快递的速度就是这样的，！？。……【】",
        "快递 ， 3.5 the and 100% ~~~",
        "这个屏幕 , “ ” 屏幕 The screen",
        "屏幕!!! 123",
    ]
    names = name_clusters(texts, [0, 0, 1, 1], n_words=9)
    assert set(names[0].split()) == {"快递", "速度"}
    assert set(names[1].split()) == {"屏幕", "screen"}


def test_the_analyzer_and_the_separator_are_those_of_the_user():
    names = name_clusters(["ab ab cd", "ef"], ["x", "y"], analyzer=str.split, separator=" / ", n_words=2)
    assert names == {"x": "ab / cd", "y": "ef"}


def test_noise_is_not_named_but_counts():
    texts = ["a b b", "c d", "b b b b", "b b"]
    assert name_clusters(texts, [0, 1, -1, -1], n_words=1, analyzer=str.split) == {-1: "noise", 0: "a", 1: "c"}
    without = name_clusters(texts[:2], [0, 1], n_words=1, analyzer=str.split)
    assert without[0] == "b"
    assert name_clusters(texts, list("xynn"), n_words=1, analyzer=str.split, noise_label="n")["n"] == "noise"


def test_no_two_clusters_have_the_same_name():
    common = "a b " * 20
    texts = [f"{common} c", f"{common} c", f"{common} b d", "a b", "a b", "1 2", "3 4"]
    names = name_clusters(texts, [0, 0, 1, 2, 3, 4, 5], n_words=2, analyzer=str.split)
    assert names[0] == "a b"  # the largest one chooses first
    assert set(names[1].split()) == {"b", "d"}  # and not "b a"
    assert names[2] == "a b (2)"
    assert names[3] == "a b (3)"
    assert names[4] == "cluster (4)"
    assert len(set(names.values())) == 6


def test_a_cluster_about_noise_has_another_name_than_noise():
    names = name_clusters(["noise", "noise", "rest"], [0, 0, -1], n_words=1, analyzer=str.split)
    assert names == {-1: "noise", 0: "noise (0)"}
    joined = name_clusters(["ab", "c"] * 2 + ["a bc"], [0, 0, 0, 0, 1], n_words=2, analyzer=str.split, separator="")
    assert joined == {0: "abc", 1: "abc (1)"}


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_columns_of_frames_are_read(library):
    package = pytest.importorskip(library)
    columns = {"review": ["快递很快", "屏幕清晰"], "cluster": [5, 2]}
    frame = package.table(columns) if library == "pyarrow" else package.DataFrame(columns)
    expected = name_clusters(columns["review"], columns["cluster"])
    assert name_clusters(frame["review"], frame["cluster"]) == expected
    assert list(expected) == [2, 5]


def test_what_is_wrong_is_named():
    with pytest.raises(ValueError, match="labels has 1 rows and X has 2"):
        name_clusters(["a", "b"], [0])
    with pytest.raises(ValueError, match=r"labels\[1\] is missing \(None\)"):
        name_clusters(["a", "b"], [0, None])
    with pytest.raises(MissingTextError, match=r"X\[1\] is missing"):
        name_clusters(["a", None], [0, 1])
    with pytest.raises(ValueError, match="n_words=0: a name has at least one word"):
        name_clusters(["a"], [0], n_words=0)
    with pytest.raises(ValueError, match=r"n_words=1\.5: a name has at least one word, so an integer"):
        name_clusters(["a"], [0], n_words=1.5)
