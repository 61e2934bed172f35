"""The recommended classifier and regressor of texts."""

from contextlib import suppress

from sklearn import config_context
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import Normalizer

from .._utils._messages import shorten
from .._utils._sklearn import set_request
from ..features import TableFeatures
from ..linear_model import BlockRidgeClassifier, BlockRidgeRegressor
from ..text import JiebaTokenizer, TableReader
from ._few_rows_scaler import FewRowsScaler
from ._pipeline import TextPipeline
from ._transformer import transformer_of_texts

# So many terms of each kind, the most frequent ones. The others change no accuracy that was measured: but 3,000 reviews
# have 370,000 character n-grams and 63,000 have 1.5 million, each of which has a weight in every class.
_MOST_TERMS = 50_000

# The middle of these suits few labels: then meaning counts most, and words are too rare to be learnt from. Characters
# count more than words, which they contain.
_BLOCK_WEIGHTS = tuple(
    {"characters": round(2 - 2 * meaning, 2), "words": round(1 - meaning, 2), "meaning": round(3 * meaning, 2)}
    for meaning in (0.2, 0.5, 0.7, 0.8, 0.88, 0.95)
)
# While labels are few, the direction of opinions is a block of its own. Elsewhere there is none, and the candidates
# that differ in it alone are one.
_WITH_OPINION = _BLOCK_WEIGHTS + tuple(
    {**weights, "opinion": 3 * share / (1 - share)} for share in (0.1, 0.3) for weights in _BLOCK_WEIGHTS
)
# Beside texts, the other columns of a table may count nothing or nearly everything. Texts alone have no such columns,
# and the candidates that differ in them alone are one.
_TABLE_SHARES = (0.1, 0.25, 0.5, 0.75, 0.9)
_WITH_TABLE = _WITH_OPINION + tuple(
    {**weights, "table": 3 * share / (1 - share)} for share in _TABLE_SHARES for weights in _BLOCK_WEIGHTS[::2]
)
_ALPHAS = (0.25, 0.5, 1.0, 2.0, 4.0)

_FINAL = {
    "classification": BlockRidgeClassifier(_ALPHAS, block_weights=_WITH_TABLE),
    "regression": BlockRidgeRegressor(_ALPHAS, block_weights=_WITH_TABLE),
}


def text_pipeline(
    task="classification", *, embedder=None, label_texts="auto", unlabelled=None, missing="error", text_columns="auto"
) -> TextPipeline:
    """Build a pipeline from texts, or tables with texts, to labels or numbers.

    Words, characters and meaning stand side by side before a linear model. TF-IDF serves words that occur in both
    training and new texts; the vectors of a language model serve paraphrases. Numbers, dates and categories of a table
    are further features. What each counts, and how strong the regularisation is, are chosen by leave-one-out in
    ``fit``. Names of the classes count while labels are few.

    Parameters
    ----------
    task : {"classification", "regression"} or estimator, default="classification"
        What is predicted, or the estimator that predicts it. An estimator is cloned; it gets sparse rows.
    embedder : str, path-like, or transformer from texts to vectors, default=None
        The name of a model, as `LLMTokenEmbedder` takes it, or a transformer, which is cloned. None is
        ``LLMTokenEmbedder()``.
    label_texts : mapping, "auto" or None, default="auto"
        A name, a one-line description or a list of texts for each label: ``{0: "体育", 1: "娱乐新闻"}``. Names fill
        templates, such as "关于{}" or "Topic: {}"; descriptions and lists stand as they are. A description that lists
        terms ("物流：发货、快递" or "delivery: parcels, couriers, tracking") is a list of them. Classes that are named
        need no labelled text. "auto" takes those labels in `y` as names that are words of the script of the texts:
        letters alone, two at least or one Chinese character, apart from separators. One name alone is none, since no
        other class has one to compare it with. None uses no names.
    unlabelled : object, default=None
        A label that marks texts without one, such as -1. None, NaN and NA do so in any case. -1 is a class by
        default, since many sets code sentiment as -1 and 1.
    missing : {"error", "zero"}, default="error"
        Whether a missing text is refused, or read as an empty one. Its TF-IDF rows are then zeros, and its vector is
        that of an empty text. Numbers, dates and categories of a table may be missing in any case.
    text_columns : "auto", str or list of labels, default="auto"
        The columns of text, where `X` is a table of several columns. "auto" takes columns of strings with at least 40
        distinct values, as skrub does; see `TableReader`.

    Returns
    -------
    TextPipeline
        Unfitted, with the steps ``column`` (a `TableReader`), ``features`` (a `FeatureUnion` of ``characters``,
        ``words``, ``meaning`` and ``table``, which is a `TableFeatures`) and ``model`` (a `BlockRidgeClassifier` or
        `BlockRidgeRegressor`, or the estimator that was passed). It takes a list, 1-D array or Series of str, or a
        frame of one column or several, and every part can be set:
        ``set_params(features__meaning__embedder__pooling="cls", model__alphas=[1])``.

    Raises
    ------
    ValueError
        If `task` is another string, or `missing` neither of its values.
    TypeError
        If `task` is not an estimator, or `embedder` neither a name nor a transformer.

    Notes
    -----
    After ``fit``, ``model["model"]`` shows what was chosen: `block_weights_`, `alpha_` and `class_row_weight_`.

    With up to 1,000 labels, a classifier has a further block, ``opinion``: the direction from bundled sentences that
    blame to those that praise, among the vectors of ``meaning``. It counts as leave-one-out finds, like the others.

    Texts without a label serve the frequencies of words and the scale of the vectors. With `label_texts`, all labels
    may be missing: ``fit(texts)``.

    Sample weights go to the last step alone: ``fit(X, y, model__sample_weight=w)``, or ``fit(X, y, sample_weight=w)``
    where metadata routing is enabled. The last step then requests them in ``score`` too, unless it was passed with
    requests of its own.

    Results do not depend on the output that `sklearn.set_config` asks for.

    Examples
    --------
    >>> from sklearn_llmtokens import text_pipeline
    >>> texts = ["物流很快", "发货迅速", "味道发苦", "又酸又涩"]
    >>> text_pipeline().fit(texts, ["delivery", "delivery", "taste", "taste"]).predict(["送货神速"]).shape
    (1,)

    A table of reviews, prices and shops:

    >>> import pandas as pd
    >>> frame = pd.DataFrame({"review": texts, "price": [3.0, 5.0, None, 9.0], "shop": ["a", "a", "b", "b"]})
    >>> model = text_pipeline().fit(frame, [1, 1, 0, 0])
    >>> model["column"].kinds_
    {'review': 'text', 'price': 'number', 'shop': 'category'}
    """
    if missing not in ("error", "zero"):
        raise ValueError(f"missing={shorten(missing)} is neither 'error' nor 'zero'.")
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
            ("table", TableFeatures()),
        ]
    )
    column = TableReader(text_columns, missing="error" if missing == "error" else "empty")
    return TextPipeline(
        [
            ("column", column),
            ("features", _returns_arrays(features)),
            ("model", _takes_weights(_final(task, unlabelled))),
        ],
        label_texts=label_texts,
    )


def _meaning(embedder) -> Pipeline:
    """Return vectors whose features have one scale and whose rows have the unit length of a TF-IDF row."""
    scaler = set_request(FewRowsScaler(), "fit", sample_weight=False)
    steps = [("embedder", transformer_of_texts(embedder)), ("scaler", scaler), ("normalizer", Normalizer())]
    return Pipeline(steps)


def _returns_arrays(features: FeatureUnion) -> FeatureUnion:
    """Return the features with arrays out of each part, whatever output `sklearn.set_config` asks for.

    Frames cannot hold the sparse rows of TF-IDF, and a scaler that was fitted on one would warn of an array later.
    """
    for part in [features, *features.get_params().values()]:
        if isinstance(part, TransformerMixin):
            with suppress(AttributeError):  # of transformers that never return frames
                TransformerMixin.set_output(part, transform="default")  # of this part alone
    return features


def _takes_weights(model: BaseEstimator) -> BaseEstimator:
    """Return the model with a request for sample weights, unless it has one or cannot use them."""
    with config_context(enable_metadata_routing=True):
        requests = model.get_metadata_routing() if hasattr(model, "get_metadata_routing") else None
    for method in ("fit", "score"):
        request = getattr(getattr(requests, method, None), "requests", {})
        if "sample_weight" in request and request["sample_weight"] is None:
            set_request(model, method, sample_weight=True)
    return model


def _final(task, unlabelled) -> BaseEstimator:
    if isinstance(task, str):
        if task not in _FINAL:
            raise ValueError(
                f"task={shorten(task)} is neither 'classification' nor 'regression'; an estimator can be passed too."
            )
        model = clone(_FINAL[task])
        return model.set_params(unlabelled=unlabelled) if task == "classification" else model
    if not hasattr(task, "fit") or isinstance(task, type):
        raise TypeError(
            f"task={shorten(task)} is not an estimator: pass 'classification', 'regression', or an instance of one."
        )
    return clone(task)
