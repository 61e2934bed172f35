"""Name clusters of texts by the words that are frequent in one and rare in the others."""

from functools import cache
from numbers import Integral
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer

from .._utils._messages import shorten
from ..text import JiebaTokenizer
from ._columns import read_labels, read_text_column


def name_clusters(texts, labels, *, n_words=3, analyzer=None, separator=" ", noise_label=-1):
    """Return a name for each cluster: its words with the largest class-based TF-IDF.

    No two clusters get the same name. Where the words of a cluster are those of a larger one, it takes its next word in
    place of the last. A cluster that has no more words gets its label in brackets.

    Parameters
    ----------
    texts : list, 1-D array or Series of str, or frame of one column, length n_texts
        The texts.
    labels : array-like of shape (n_texts,)
        The cluster of each text, as `KMeans` and `HDBSCAN` return it: numbers or strings.
    n_words : int, default=3
        Number of words of a name.
    analyzer : callable, default=None
        Takes a text and returns its words, as `JiebaTokenizer` does. None cuts with jieba, in lower case, without
        the Chinese and English stop words of `stopwordsiso`. Words without a letter, such as punctuation and numbers,
        are left out whatever the analyzer is.
    separator : str, default=" "
        What stands between the words of a name.
    noise_label : int or str, default=-1
        The label of texts in no cluster. It is named "noise"; its words count as those of one more cluster.

    Returns
    -------
    dict of label to str
        The name of each label, in ascending order of the labels.

    Raises
    ------
    ValueError
        If the numbers of rows differ, a label or a text is missing, or `n_words` is less than 1.

    See Also
    --------
    sklearn_llmtokens.plotting.SemanticMapDisplay : Draw a map with the names at the centres of the clusters.

    Notes
    -----
    The weight of word t in cluster c is tf(t, c) · log(1 + A / f(t)): tf is how often t occurs in the texts of c, f how
    often it occurs in all, A the mean number of words of a cluster (Grootendorst 2022, "BERTopic: Neural topic modeling
    with a class-based TF-IDF procedure", arXiv:2203.05794, equation 2).

    Examples
    --------
    >>> from sklearn_llmtokens.exploration import name_clusters
    >>> texts = ["快递很快", "快递太慢，包装破了", "屏幕清晰，电池耐用", "电池不耐用", "?"]
    >>> name_clusters(texts, [0, 0, 1, 1, -1], n_words=2)
    {-1: 'noise', 0: '快递 包装', 1: '电池 耐用'}
    """
    if not isinstance(n_words, Integral) or n_words < 1:
        raise ValueError(f"n_words={shorten(n_words)}: a name has at least one word, so an integer of 1 or more.")
    texts = read_text_column(texts)
    clusters, cluster_idx = read_labels(labels, len(texts), "labels")
    words, counts = _word_counts(texts, analyzer or _default_analyzer())
    weights = class_based_tfidf(counts, cluster_idx, len(clusters))
    names: dict[Any, str] = {noise_label: "noise"} if noise_label in clusters else {}
    taken: set[frozenset[str]] = set()
    sizes = np.bincount(cluster_idx, minlength=len(clusters))
    for i in np.argsort(-sizes, kind="stable").tolist():  # the largest clusters choose first
        label = clusters[i]
        if label in names:
            continue
        chosen = _free_words(_ranked(weights, i, words), int(n_words), taken)
        name = separator.join(chosen) if chosen else "cluster"
        is_taken = frozenset(chosen) in taken or name in names.values()
        names[label] = f"{name} ({label})" if not chosen or is_taken else name
        taken.add(frozenset(chosen))
    return {label: names[label] for label in clusters}


def class_based_tfidf(counts: sparse.csr_array, cluster_idx: np.ndarray, n_clusters: int) -> sparse.csr_array:
    """Compute tf(t, c) · log(1 + A / f(t)).

    Parameters
    ----------
    counts : csr_array of shape (n_texts, n_words)
        How often each word occurs in each text.
    cluster_idx : ndarray of shape (n_texts,)
        The cluster of each text.
    n_clusters : int
        Number of clusters.

    Returns
    -------
    csr_array of shape (n_clusters, n_words)
        Weights.

    Examples
    --------
    >>> counts = sparse.csr_array([[2, 1], [0, 1]])
    >>> class_based_tfidf(counts, np.array([0, 1]), 2).toarray()
    array([[1.39, 0.69],
           [0.  , 0.69]])
    """
    n_texts = counts.shape[0]
    members = sparse.csr_array((np.ones(n_texts), (cluster_idx, np.arange(n_texts))), shape=(n_clusters, n_texts))
    term_counts = sparse.csr_array(members @ counts)
    total = np.asarray(term_counts.sum(axis=0)).ravel()
    weight_of = np.log1p(total.sum() / n_clusters / np.maximum(total, 1))
    return sparse.csr_array(term_counts.multiply(weight_of[np.newaxis, :]))


def _word_counts(texts: list[str], analyzer) -> tuple[np.ndarray, sparse.csr_array]:
    """Return the words and how often each occurs in each text, those without a letter left out."""

    def words_with_letters(text: str) -> list[str]:
        return [word for word in analyzer(text) if any(map(str.isalpha, word))]

    vectorizer = CountVectorizer(analyzer=words_with_letters)
    try:
        counts = vectorizer.fit_transform(texts)
    except ValueError as error:
        if "empty vocabulary" not in str(error):
            raise
        return np.array([], dtype=object), sparse.csr_array((len(texts), 0))
    return vectorizer.get_feature_names_out(), sparse.csr_array(counts)


def _ranked(weights: sparse.csr_array, row: int, words: np.ndarray) -> list[str]:
    """Return the words of a cluster, the largest weight first, equal ones in the order of `words`."""
    begin, end = weights.indptr[row], weights.indptr[row + 1]
    columns, values = weights.indices[begin:end], weights.data[begin:end]
    return [words[j] for j in columns[np.lexsort((columns, -values))].tolist()]


def _free_words(ranked: list[str], n_words: int, taken: set[frozenset[str]]) -> list[str]:
    """Return the first words, the last of them replaced by the first later one that makes them no other cluster's.

    Examples
    --------
    >>> _free_words(["快递", "包装", "卖家"], 2, {frozenset(["包装", "快递"])})
    ['快递', '卖家']
    >>> _free_words(["快递"], 2, {frozenset(["快递"])})
    ['快递']
    """
    first = ranked[: n_words - 1]
    candidates = ([*first, last] for last in ranked[n_words - 1 :])
    return next((words for words in candidates if frozenset(words) not in taken), ranked[:n_words])


@cache
def _default_analyzer() -> JiebaTokenizer:
    import stopwordsiso

    return JiebaTokenizer(lowercase=True, stop_words=frozenset(stopwordsiso.stopwords(["zh", "en"])))
