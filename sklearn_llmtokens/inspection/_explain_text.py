"""Which words decided: contributions of words to the scores of a fitted model, exact where the model is linear."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._utils._messages import shorten
from .._utils._text_frames import batch_as_table
from ..embedding._for_inspection import caches_bypassed
from ..exceptions import InvalidTextError
from ..recommend import BaseRecommender
from ._explanation import TextExplanation, build_explanation
from ._histories import explain_histories
from ._models import Scores, linear_form, split, unwrapped
from ._nodes import NotLinearError, Numbers, Read, Texts
from ._occlusion import occlude
from ._rows import rows_of, texts_of, variants_of
from ._steps import follow
from ._units import Unit, share_among, units_of

METHODS = ("auto", "exact", "occlusion")


def explain_text(model, texts, target=None, unit="word", *, method="auto") -> list[TextExplanation]:
    """Compute what each word of a text contributed to the scores of a fitted model.

    Parameters
    ----------
    model : fitted estimator
        A pipeline from texts to labels or numbers, such as that of `text_pipeline`, or a search over one; or a
        `ContentRecommender`, or a `HybridRecommender` with one, such as that of `text_recommender`.
    texts : list, 1-D array or Series of str, or frame
        What `model` predicts from. Of a frame the columns that are read as texts are explained. For a recommender these
        are histories.
    target : class, list of classes, or None, default=None
        Whose scores are explained. None is all of them. Of two classes, the first one has the decision function with
        its sign turned. Of a regression with several outputs it is the number of one. Of a recommender it is an item,
        a list of them, or a row of them for each history, as `recommend` returns them; None is the item that is
        recommended first.
    unit : {"word", "token"} or object with ``word_spans(text)``, default="word"
        What gets a contribution: words of jieba, tokens of the language model, or the words of an object such as
        `JiebaTokenizer`.
    method : {"auto", "exact", "occlusion"}, default="auto"
        ``"exact"`` follows a linear model back to the words, through one pass of the language model, and is an error
        for others; ``"occlusion"`` takes out each word in turn, which suits any model and is approximate. ``"auto"``
        is the first where it can be, and `TextExplanation.exact` says which.

    Returns
    -------
    list of TextExplanation
        One for each row, with ``words``, ``offsets``, ``contributions`` and ``remainder``.

    Raises
    ------
    ValueError
        If `target` is no class, `unit` or `method` is none of the above, tokens are asked for and no language model
        reads the text, or `method` is ``"exact"`` and a step is not linear; the message names it.
    TypeError
        If `model` neither predicts nor recommends by texts.
    NotFittedError
        If it is not fitted.

    See Also
    --------
    sklearn_llmtokens.plotting.TokenContributionDisplay : Draw an explanation.

    Notes
    -----
    Contributions and remainder add up to the score by construction. Scaling, PCA, whitening, Dense layers and
    concatenation are followed back exactly. What a row is divided by, such as its length, is a constant once the row is
    given; an activation of a Dense layer is the secant from zero to its input.

    Of a hybrid the words have the shares of the parts that score by content; those of other parts belong to the
    remainder.

    Of the vector of a text, a token contributes its share of the pooled states. It also contributes what it does to
    the states of others: the derivative of the score with respect to the logarithm of the weight with which it is
    attended to, in all layers at once, as for gates [1]_. Queries and keys are held as they are, and activations have
    the secant from zero as their slope [2]_. These derivatives add up to zero over a sequence. They are all there is
    where only ``[CLS]`` or the last token is pooled. In int8 there is no gradient, and the first part alone counts.

    What a term of TF-IDF contributes is divided evenly among its occurrences, and that of a token or a run of
    characters evenly among its characters that are in a word. Texts that a step has normalised are aligned with the
    original by their runs of equal characters. No vector is cached.

    References
    ----------
    .. [1] Paul Michel, Omer Levy, Graham Neubig. "Are sixteen heads really better than one?". NeurIPS 2019.
       arXiv:1905.10650.
    .. [2] Sebastian Bach et al. "On pixel-wise explanations for non-linear classifier decisions by layer-wise relevance
       propagation". PLOS ONE 10, 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_llmtokens import text_pipeline
    >>> from sklearn_llmtokens.inspection import explain_text
    >>> texts = ["物流很快", "发货迅速", "味道发苦", "又酸又涩"]
    >>> model = text_pipeline().fit(texts, ["delivery", "delivery", "taste", "taste"])
    >>> (explanation,) = explain_text(model, ["物流快，味道苦"])
    >>> explanation.words
    ['物流', '快', '，', '味道', '苦']
    >>> total = explanation.contributions.sum(axis=0) + explanation.remainder
    >>> bool(np.allclose(total, model.decision_function(["物流快，味道苦"]), atol=1e-5))
    True
    """
    if method not in METHODS:
        raise ValueError(f"method={shorten(method)} is none of {', '.join(map(repr, METHODS))}.")
    if not hasattr(unit, "word_spans") and not (isinstance(unit, str) and unit in ("word", "token")):
        raise ValueError(f"unit={shorten(unit)} is neither 'word' nor 'token' nor an object with word_spans(text).")
    check_is_fitted(model)
    if isinstance(model, BaseRecommender):
        return explain_histories(model, texts, target, unit)
    if hasattr(model, "recommend"):
        raise TypeError(f"{type(model).__name__} is no recommender of this package: pass one that scores by texts.")
    if isinstance(texts, str):
        raise InvalidTextError(f"texts={shorten(texts)} is a single str: pass a list of texts.")
    model = unwrapped(model)
    scores = Scores.of(model)
    reads: list[Read] = []
    with _feature_names_as_they_are(), caches_bypassed():
        found = [_explain(model, scores, row, target, unit, method, reads) for row in rows_of(batch_as_table(texts))]
    for max_length in sorted({limit for _, limit in reads}):
        first, *others = (unread for unread, limit in reads if limit == max_length)
        sum(others, first).warn(max_length)
    return found


def _explain(model, scores: Scores, row, target, unit: Unit, method: str, reads: list[Read]) -> TextExplanation:
    """Explain one row, exactly where that is possible and asked for."""
    given = texts_of(row)
    features = None
    if method != "occlusion":
        try:
            steps, last = split(model)
            features = _follow_all(steps, given)
            reads += features.reads
            return _exact(last, scores, given, features, target, unit)
        except NotLinearError as error:
            if method == "exact":
                raise ValueError(f"The model is not explained exactly: {error}. Use method='occlusion'.") from error
    return _by_occlusion(model, scores, row, given, features, target, unit)


def _follow_all(steps: list, given: Texts) -> Numbers:
    node: Texts | Numbers = given
    for step in steps:
        node = follow(step, node)
    if isinstance(node, Texts):
        raise NotLinearError("the model itself reads texts")
    return node


def _exact(last, scores: Scores, given: Texts, features: Numbers, target, unit: Unit) -> TextExplanation:
    coef, values = linear_form(last, scores, features.container)
    chosen, signs, outputs = scores.choose(target, len(values))
    read = sorted(features.texts)
    units = units_of(given, read, unit, features.tokens)
    places = features.back(coef[chosen] * signs[:, np.newaxis])
    contributions = share_among([units[i] for i in read], [place.among(read) for place in places], len(chosen))
    texts = [given.columns[i].text or "" for i in read]
    values = values[chosen] * signs
    return build_explanation(texts, [units[i] for i in read], contributions, values, outputs, scores.method, exact=True)


def _by_occlusion(
    model, scores: Scores, row, given: Texts, features: Numbers | None, target, unit: Unit
) -> TextExplanation:
    is_text = [column.text is not None for column in given.columns]
    # of several columns of strings some may be categories
    if features is None and (len(is_text) > 1 or (isinstance(unit, str) and unit == "token")):
        features = _features_alone(model, given)
    read = np.flatnonzero(is_text).tolist() if features is None else sorted(features.texts)
    units = units_of(given, read, unit, features.tokens if features is not None else {})
    texts = [given.columns[i].text or "" for i in read]

    def compute(variants: list[tuple[str, ...]]) -> np.ndarray:
        return scores.compute(model, variants_of(row, read, variants))

    contributions, values = occlude(compute, texts, [units[i] for i in read])
    chosen, signs, outputs = scores.choose(target, len(values))
    return build_explanation(
        texts,
        [units[i] for i in read],
        contributions[:, chosen] * signs,
        values[chosen] * signs,
        outputs,
        scores.method,
        exact=False,
    )


def _features_alone(model, given: Texts) -> Numbers | None:
    """Follow the steps of a model that is explained by occlusion, for its tokens and the columns that it reads."""
    try:
        return _follow_all(split(model)[0], given)
    except NotLinearError:
        return None


@contextmanager
def _feature_names_as_they_are() -> Iterator[None]:
    """Pass arrays to steps that were fitted on frames: their features stand in the same order."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "X does not have valid feature names", UserWarning)
        yield
