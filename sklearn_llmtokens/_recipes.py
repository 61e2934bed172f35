"""The defaults that we would use ourselves, as plain scikit-learn objects; no other part imports them."""

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import Normalizer, StandardScaler

from ._utils._texts import read_texts
from .embedding import LLMTokenEmbedder
from .recommend import (
    ContentRecommender,
    EASERecommender,
    HybridRecommender,
    SmoothedTransitionRecommender,
    TransitionRecommender,
)
from .text import JiebaTokenizer

# So many terms of each kind, the most frequent ones. The others change no accuracy that was measured: but 3,000 reviews
# have 370,000 runs of characters and 63,000 have 1.5 million, each of which has a weight in every class.
_MOST_TERMS = 50_000

_FINAL = {
    # Rows of each block have unit length, so that one strength of regularisation suits few and many labels: from 8
    # labels a class to 3,000 rows the accuracy is flat from C=5 to C=100.
    "classification": LogisticRegression(C=10, max_iter=1000),
    "regression": Ridge(alpha=0.5),
}


def text_pipeline(task="classification", *, embedder=None) -> Pipeline:
    """Build a pipeline from texts to labels or numbers: words, characters and meaning side by side, and a linear model.

    Words that occur in both training and new texts are best told by TF-IDF, what is said in other words by the vectors
    of a language model; together they do better than either from a few labels to many.

    Parameters
    ----------
    task : {"classification", "regression"} or estimator, default="classification"
        What is predicted, or the estimator that predicts it. An estimator is cloned; it gets sparse rows.
    embedder : transformer from texts to vectors, default=None
        Gives the meaning; None is ``LLMTokenEmbedder()``. It is cloned.

    Returns
    -------
    Pipeline
        Unfitted, with the steps ``column`` (which reads the texts), ``features`` (a `FeatureUnion` of ``characters``,
        ``words`` and ``meaning``) and ``model``. It takes a list, 1-D array or Series of str, or a frame of one column,
        and every part can be set: ``set_params(features__meaning__embedder__pooling="cls", model__C=1)``.

    Raises
    ------
    ValueError
        If `task` is another string.
    TypeError
        If `task` or `embedder` is not an estimator.

    Examples
    --------
    >>> from sklearn_llmtokens import text_pipeline
    >>> texts = ["物流很快", "发货迅速", "味道发苦", "又酸又涩"]
    >>> text_pipeline().fit(texts, ["delivery", "delivery", "taste", "taste"]).predict(["送货神速"]).shape
    (1,)
    """
    features = FeatureUnion(
        [
            (
                "characters",
                TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True, max_features=_MOST_TERMS),
            ),
            (
                "words",
                TfidfVectorizer(analyzer=JiebaTokenizer(lowercase=True), sublinear_tf=True, max_features=_MOST_TERMS),
            ),
            ("meaning", _meaning(embedder)),
        ]
    )
    return Pipeline([("column", TextColumn()), ("features", features), ("model", _final(task))])


def text_recommender(catalog, *, embedder=None) -> HybridRecommender:
    """Build a recommender from titles and clicks: what items say, what is clicked together, and what followed what.

    The weights of its parts are learnt from the latest events, those of items without a click apart.

    Parameters
    ----------
    catalog : Catalog
        The items, with texts.
    embedder : transformer from texts to vectors, default=None
        Gives the meaning; None is ``LLMTokenEmbedder()``, which reads the texts alone. One that is passed reads a table
        of texts and features where the catalogue has features, as a `ColumnTransformer` does. It is cloned.

    Returns
    -------
    HybridRecommender
        Unfitted, with the parts ``lexical`` (TF-IDF of words and pairs of words), ``content`` and ``whitened`` (vectors
        of the embedder, whitened little and more), ``ease``, ``transitions`` and ``smoothed`` (transitions that like
        items share). Every part can be set: ``set_params(content__profile="last", ease="drop")``.

    Raises
    ------
    TypeError
        If `embedder` is not a transformer.

    Examples
    --------
    >>> from sklearn_llmtokens import text_recommender
    >>> from sklearn_llmtokens.recommend import Catalog
    >>> catalog = Catalog(["g", "b", "p", "k"], ["绿茶", "红茶", "铁壶", "茶杯"])
    >>> text_recommender(catalog).fit([["g", "p"], ["b", "p"]]).recommend([["g"]], k=1)
    array([['p']], dtype=object)
    """
    reads = "texts" if embedder is None else "auto"
    embedder = _transformer(embedder)
    words = make_pipeline(
        JiebaTokenizer(lowercase=True),
        TfidfVectorizer(token_pattern=r"\S+", lowercase=False, ngram_range=(1, 2), sublinear_tf=True, dtype=np.float32),
    )
    lexical = ContentRecommender(catalog, embedder=words, reads="texts")
    # A few items are ranked best by vectors that are whitened little, and profiles that forget slowly; a catalogue, by
    # whitened ones, where no item is near to everything. Where there are clicks, they tell how much of each.
    content = ContentRecommender(catalog, embedder=embedder, whiten=0.3, profile=0.8, reads=reads)
    whitened = ContentRecommender(catalog, embedder=embedder, whiten=0.7, reads=reads)
    neighbours = clone(whitened).set_params(whiten=1.0)
    alike = HybridRecommender([("lexical", clone(lexical)), ("content", neighbours)], weights=[1, 1])
    # Sparse earlier than by default: at 12,000 items it takes half the time of the dense form, and loses nothing.
    ease = EASERecommender(catalog, profile=0.8, max_dense_items=10_000, n_neighbors=100)
    return HybridRecommender(
        [
            ("lexical", lexical),
            ("content", content),
            ("whitened", whitened),
            ("ease", ease),
            ("transitions", TransitionRecommender(catalog)),
            ("smoothed", SmoothedTransitionRecommender(alike)),
        ],
        default_weights={"whitened": 0, "transitions": 0.5},
    )


class TextColumn(TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):
    """Read one column of texts for `TfidfVectorizer`, which takes the column names of a frame for texts.

    What is missing or no text is named by its row. A Series stays one; the column of a frame becomes an array.
    """

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        table = read_texts(X)
        if len(table.columns) > 1:
            raise ValueError(f"X has {len(table.columns)} columns: pass one column of texts, such as X['text'].")
        return table.rebuild(table.columns) if table.ndim == 1 else np.array(table.columns[0], dtype=object)

    def get_feature_names_out(self, input_features=None):
        return np.array(["text"] if input_features is None else input_features, dtype=object)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.requires_fit = False
        return tags


def _transformer(embedder):
    if embedder is not None and not hasattr(embedder, "transform"):
        raise TypeError(f"embedder={embedder!r} has no transform: pass a transformer from texts to vectors.")
    return LLMTokenEmbedder() if embedder is None else clone(embedder)


def _meaning(embedder) -> Pipeline:
    """Vectors whose features have one scale and whose rows have the unit length of a TF-IDF row."""
    return Pipeline([("embedder", _transformer(embedder)), ("scaler", StandardScaler()), ("normalizer", Normalizer())])


def _final(task) -> BaseEstimator:
    if isinstance(task, str):
        if task not in _FINAL:
            raise ValueError(
                f"task={task!r} is neither 'classification' nor 'regression'; an estimator can be passed too."
            )
        return clone(_FINAL[task])
    if not hasattr(task, "fit") or isinstance(task, type):
        raise TypeError(
            f"task={task!r} is not an estimator: pass 'classification', 'regression', or an instance of one."
        )
    return clone(task)
