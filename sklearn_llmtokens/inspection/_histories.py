"""Which words of a history made the score of a recommended item."""

import numpy as np

from .._utils._messages import shorten
from ..embedding._for_inspection import caches_bypassed
from ..recommend import BaseRecommender
from ..recommend._for_inspection import ContentPart, Event, asked_items, content_parts, score_functions, scores_of
from ._explanation import TextExplanation, build_explanation
from ._nodes import Located, NotLinearError, Numbers, Texts
from ._rows import texts_of
from ._steps import follow
from ._units import Unit, share_among, token_units, word_units


def explain_histories(recommender: BaseRecommender, histories, target, unit: Unit) -> list[TextExplanation]:
    """Compute what each word of the texts of a history contributed to the scores of items.

    Parameters
    ----------
    recommender : BaseRecommender
        Fitted, with a part that scores by content.
    histories : list, array or Series of histories
        Of ids, whose items' texts are explained, or of texts, as `query` says.
    target : id, list of ids, array of shape (n_histories, k), or None
        The items: the same for all histories, or a row of them for each. None is for each history the one that is
        recommended first.
    unit : "word", "token" or object with ``word_spans(text)``
        What gets a contribution.

    Returns
    -------
    list of TextExplanation
        One for each history, whose texts are those of its events.

    Raises
    ------
    ValueError
        If an item is not in the catalogue, or an embedder has a step that is not linear; the message names it.
    TypeError
        If no part scores by content.
    """
    asked = asked_items(recommender, histories, target)
    scores = scores_of(recommender, histories, asked)
    parts = content_parts(recommender, histories, asked)
    if not parts:
        raise TypeError(
            f"{type(recommender).__name__} has no part that recommends by texts: pass a fitted ContentRecommender, or "
            "a HybridRecommender that has one."
        )
    read = _Read()
    with caches_bypassed():
        return [_explain(parts, row, asked[row].tolist(), scores[row], unit, read) for row in range(len(asked))]


class _Read:
    """What embedders read of texts: each text once for each of them."""

    def __init__(self):
        self._numbers: dict[tuple[int, str], Numbers | None] = {}

    def of(self, recommender, event: Event) -> Numbers | None:
        key = id(recommender), event.text
        if key not in self._numbers:
            self._numbers[key] = _follow(recommender, event)
        return self._numbers[key]


def _explain(parts: list[ContentPart], row: int, items: list, scores: np.ndarray, unit: Unit, read: _Read):
    """Explain the scores of the items of one history."""
    kept = [j for j, item in enumerate(items) if item is not None]
    asked = [items[j] for j in kept]
    texts = [event.text for event in parts[0].events[row]]
    tokens: list[dict] = [{} for _ in texts]
    places = []
    for part in parts:
        for i, event in enumerate(part.events[row]):
            numbers = read.of(part.recommender, event)
            if numbers is None:
                continue
            tokens[i] = tokens[i] or numbers.tokens
            if asked:
                weights = event.share * part.factors[row, kept, np.newaxis]
                functions = score_functions(part.recommender, numbers.row, asked) * weights
                places += [Located(i, place.spans, place.values) for place in numbers.back(functions)]
    units = [_units(text, found, unit) for text, found in zip(texts, tokens, strict=True)]
    contributions = share_among(units, places, len(asked))
    return build_explanation(texts, units, contributions, scores[kept], asked, "score", exact=True)


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
