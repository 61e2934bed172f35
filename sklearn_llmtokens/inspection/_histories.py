"""Which words of a history made the score of a recommended item."""

import numpy as np

from .._utils._messages import shorten
from ..embedding._for_inspection import caches_bypassed
from ..recommend import ContentRecommender
from ..recommend._for_inspection import Event, events_of, score_functions
from ._explanation import TextExplanation, build_explanation
from ._nodes import Located, NotLinearError, Numbers, Texts
from ._rows import texts_of
from ._steps import follow
from ._units import Unit, share_among, token_units, word_units


def explain_histories(recommender: ContentRecommender, histories, target, unit: Unit) -> list[TextExplanation]:
    """Compute what each word of the texts of a history contributed to the scores of items.

    Parameters
    ----------
    recommender : ContentRecommender
        Fitted.
    histories : list, array or Series of histories
        Of ids, whose items' texts are explained, or of texts, as `query` says.
    target : id, list of ids, or None
        The items. None is for each history the one that is recommended first.
    unit : "word", "token" or object with ``word_spans(text)``
        What gets a contribution.

    Returns
    -------
    list of TextExplanation
        One for each history, whose texts are those of its events.

    Raises
    ------
    ValueError
        If an item is not in the catalogue, or the embedder has a step that is not linear; the message names it.
    """
    events = events_of(recommender, histories)
    asked = _asked_items(recommender, histories, target)
    shares = recommender.explain(histories, asked) if all(map(len, asked)) else [np.zeros((0, 0))] * len(events)
    with caches_bypassed():
        return [
            _explain(recommender, of_one, items, share.sum(axis=0), unit)
            for of_one, items, share in zip(events, asked, shares, strict=True)
        ]


def _asked_items(recommender, histories, target) -> list[list]:
    if target is None:
        return [[item for item in row if item is not None] for row in recommender.recommend(histories, k=1)]
    items = list(target) if isinstance(target, list | np.ndarray) else [target]
    recommender.catalog_.index_of(items, name="target")
    return [items] * len(histories)


def _explain(recommender, events: list[Event], items: list, scores: np.ndarray, unit: Unit) -> TextExplanation:
    read: dict[str, Numbers | None] = {}
    units, places = [], []
    for i, event in enumerate(events):
        if event.text not in read:
            read[event.text] = _follow(recommender, event)
        numbers = read[event.text]
        tokens = {} if numbers is None else numbers.tokens
        units.append(_units(event.text, tokens, unit))
        if numbers is not None and len(items):
            functions = score_functions(recommender, numbers.row, items) * event.share
            places += [Located(i, place.spans, place.values) for place in numbers.back(functions)]
    contributions = share_among(units, places, len(items))
    texts = [event.text for event in events]
    return build_explanation(texts, units, contributions, scores, list(items), "score", exact=True)


def _follow(recommender, event: Event) -> Numbers | None:
    if event.row is None:
        return None
    try:
        node = follow(recommender.embedder_, texts_of(event.row))
        if isinstance(node, Texts):
            raise NotLinearError("the embedder returns texts")
    except NotLinearError as error:
        raise ValueError(f"The recommender is not explained: {error} in its embedder.") from error
    return node


def _units(text: str, tokens: dict[int, np.ndarray], unit: Unit) -> np.ndarray:
    if not isinstance(unit, str) or unit == "word":
        return word_units(text, unit)
    if not tokens and text.strip():
        raise ValueError(
            f"unit='token': no LLMTokenEmbedder of the recommender reads {shorten(text)}: use unit='word'."
        )
    return token_units(text, next(iter(tokens.values()), np.empty((0, 2), np.int64)))
