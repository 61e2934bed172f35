"""The recommended recommender from titles and clicks."""

import os

import numpy as np
from sklearn.base import clone
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline

from ..recommend import (
    ContentRecommender,
    EASERecommender,
    HybridRecommender,
    SmoothedTransitionRecommender,
    TransitionRecommender,
)
from ..text import JiebaTokenizer
from ._transformer import transformer_of_texts


def text_recommender(catalog, *, embedder=None) -> HybridRecommender:
    """Build a recommender from titles and clicks: texts of items, co-occurrence, and transitions.

    The weights of its parts are learnt from the latest events, those of items without a click apart.

    Parameters
    ----------
    catalog : Catalog
        The items, with texts.
    embedder : str, path-like, or transformer from texts to vectors, default=None
        The name of a model, as `LLMTokenEmbedder` takes it, or a transformer, which is cloned. None is
        ``LLMTokenEmbedder()``. A model reads the texts alone; a transformer that is passed reads a table of texts
        and features where the catalogue has features, as a `ColumnTransformer` does.

    Returns
    -------
    HybridRecommender
        Unfitted, with the parts ``lexical`` (TF-IDF of words and pairs of words), ``content`` and ``whitened`` (vectors
        of the embedder, whitened little and more), ``ease``, ``transitions`` and ``smoothed`` (transitions that
        similar items share). Every part can be set: ``set_params(content__profile="last", ease="drop")``.

    Raises
    ------
    TypeError
        If `embedder` is neither a name nor a transformer.

    Examples
    --------
    >>> from sklearn_llmtokens import text_recommender
    >>> from sklearn_llmtokens.recommend import Catalog
    >>> catalog = Catalog(["g", "b", "p", "k"], ["绿茶", "红茶", "铁壶", "茶杯"])
    >>> text_recommender(catalog).fit([["g", "p"], ["b", "p"]]).recommend([["g"]], k=1)
    array([['p']], dtype=object)
    """
    item_input = "texts" if embedder is None or isinstance(embedder, str | os.PathLike) else "auto"
    embedder = transformer_of_texts(embedder)
    words = make_pipeline(
        JiebaTokenizer(lowercase=True),
        TfidfVectorizer(token_pattern=r"\S+", lowercase=False, ngram_range=(1, 2), sublinear_tf=True, dtype=np.float32),
    )
    lexical = ContentRecommender(catalog, embedder=words, item_input="texts")
    # Weak whitening and slowly decaying profiles rank a few candidates best; strong whitening, which leaves no item
    # near to everything, ranks a whole catalogue best. The weights of both are learnt from clicks.
    content = ContentRecommender(catalog, embedder=embedder, whiten=0.3, profile=0.8, item_input=item_input)
    whitened = ContentRecommender(catalog, embedder=embedder, whiten=0.7, item_input=item_input)
    neighbours = clone(whitened).set_params(whiten=1.0)
    similar = HybridRecommender([("lexical", clone(lexical)), ("content", neighbours)], weights=[1, 1])
    # Sparse earlier than by default: at 12,000 items it takes half the time of the dense form, and loses nothing.
    ease = EASERecommender(catalog, profile=0.8, max_dense_items=10_000, n_neighbors=100)
    return HybridRecommender(
        [
            ("lexical", lexical),
            ("content", content),
            ("whitened", whitened),
            ("ease", ease),
            ("transitions", TransitionRecommender(catalog)),
            ("smoothed", SmoothedTransitionRecommender(similar)),
        ],
        default_weights={"whitened": 0, "transitions": 0.5},
    )
