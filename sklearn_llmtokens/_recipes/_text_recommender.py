"""The recommended recommender from titles and clicks."""

import os

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline

from ..recommend import (
    ContentRecommender,
    EASERecommender,
    HybridRecommender,
    PopularityRecommender,
    RecencyRecommender,
    SequenceKNNRecommender,
    TransitionRecommender,
)
from ..text import JiebaTokenizer
from ._transformer import transformer_of_texts

# What learnt weights are shrunk towards, and what they are with few events or none: for items with clicks and without.
# Of the latter, texts alone speak. The prior of transitions is sharp: it singles out few of all items, but says little
# of a few candidates, which cosines rank better.
_DEFAULT_WEIGHTS = {
    "transitions": (1.0, 1.0),
    "neighbours": (0.5, 0.5),
    "ease": (0.3, 0.3),
    "lexical": (0.25, 0.4),
    "content": (0.35, 0.5),
    "popularity": (0.5, 0.5),
    "recency": (0.5, 0.5),
}


def text_recommender(catalog, *, embedder=None) -> HybridRecommender:
    """Build a recommender from titles and clicks: texts of items, transitions, neighbours, and co-occurrence.

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
        Unfitted, with the parts ``transitions`` (a regression of the next item on the events so far, whose prior are
        the vectors of the embedder), ``neighbours`` (what followed where similar events came before), ``ease``
        (co-occurrence), ``lexical`` (TF-IDF of words and pairs of words), ``content`` (vectors of the embedder),
        ``popularity`` (of the latest hundredth of the events, and of a thousand at least, where times are known) and
        ``recency`` (how late the events of an item are, nothing where no times are known). Every part can be set:
        ``set_params(content__profile="last", lexical="drop")``.

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
    # Beyond 5,000 items the regressions are approximate: seconds instead of a minute, and models of megabytes.
    transitions = TransitionRecommender(catalog, method="ridge", prior=embedder, item_input=item_input, profile=0.8)
    parts = [
        ("transitions", transitions),
        ("neighbours", SequenceKNNRecommender(catalog)),
        ("ease", EASERecommender(catalog, l2=100.0, profile=0.8, max_dense_items=5000, n_neighbors=50)),
        ("lexical", ContentRecommender(catalog, embedder=words, item_input="texts")),
        # Weak whitening and slowly decaying profiles rank a few candidates best: regressions are silent on most pairs.
        ("content", ContentRecommender(catalog, embedder=embedder, whiten=0.3, profile=0.8, item_input=item_input)),
        ("popularity", PopularityRecommender(catalog, window="auto")),
        ("recency", RecencyRecommender(catalog)),
    ]
    return HybridRecommender(parts, default_weights=_DEFAULT_WEIGHTS)
