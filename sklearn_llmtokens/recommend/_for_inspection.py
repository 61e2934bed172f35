"""The interface of recommenders for `sklearn_llmtokens.inspection`: all that it may use, and nothing else.

A fitted `ContentRecommender` says which texts its profile of a history was made of, and how a vector of its embedder
becomes a part of an item's score. A `HybridRecommender` says which of its parts are such ones, and what their scores
are multiplied with.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from scipy import sparse

from .._utils._unit_rows import row_norms
from ._embedded_items import is_blank, item_columns


@dataclass(frozen=True)
class Event:
    """An event of a history, as the profile has it.

    Attributes
    ----------
    text : str
        The text of the event, or of its item.
    row : container of one row, or None
        What the embedder reads; None where nothing is known of the item.
    share : float
        Weight of its unit vector in the profile, whose length is 1.
    """

    text: str
    row: Any
    share: float


@dataclass(frozen=True)
class ContentPart:
    """A recommender by content, on its own or inside of a hybrid.

    Attributes
    ----------
    recommender : ContentRecommender
        Fitted.
    factors : ndarray of shape (n_queries, k), dtype=float64
        What its scores of the items that are asked for are multiplied with.
    events : list of n_queries lists of Event
        The events of the histories as its profiles have them; those of unknown items are left out.
    """

    recommender: Any
    factors: np.ndarray
    events: list[list[Event]]


def asked_items(recommender, X, target) -> np.ndarray:
    """Return the items whose scores are asked for.

    Parameters
    ----------
    recommender : BaseRecommender
        Fitted.
    X : list, array or Series of histories, length n_queries
        As in ``recommend``.
    target : id, list of ids, list of n_queries lists or array of shape (n_queries, k), or None
        The same items for all queries, or a row of them for each. None is the item that is recommended first.

    Returns
    -------
    ndarray of shape (n_queries, k), dtype=object
        Ids, None where there is none.
    """
    if target is None:
        return recommender.recommend(X, k=1)
    rows = list(target) if isinstance(target, list | tuple | np.ndarray) else [target]
    if rows and all(isinstance(row, list | tuple | np.ndarray) for row in rows):
        array = np.array(rows, dtype=object)
        recommender._asked_items(array, recommender._given(X).n_histories)
        return array
    recommender.catalog_.index_of(rows, name="target")
    asked = np.empty((recommender._given(X).n_histories, len(rows)), dtype=object)
    asked[:] = rows
    return asked


def content_parts(recommender, X, items: np.ndarray) -> list[ContentPart]:
    """Return the parts of a fitted recommender that score by content.

    Parameters
    ----------
    recommender : BaseRecommender
        Fitted.
    X : list, array or Series of histories
        As in ``recommend``.
    items : ndarray of shape (n_queries, k), dtype=object
        Ids, None where there is none.

    Returns
    -------
    list of ContentPart
        Those of hybrids inside of a hybrid, too; empty where no part scores by content.

    Raises
    ------
    ValueError
        If ranks are added in place of scores.
    """
    histories = recommender._given(X).known()
    item_idx = np.maximum(recommender._asked_items(items, histories.n_histories), 0)
    found = _content_factors(recommender, histories, item_idx, np.ones(item_idx.shape))
    return [ContentPart(part, factors, _events_of(part, histories)) for part, factors in found]


def scores_of(recommender, X, items: np.ndarray) -> np.ndarray:
    """Return the scores of some items, as ``score_items`` does for all.

    Parameters
    ----------
    recommender : BaseRecommender
        Fitted.
    X : list, array or Series of histories
        As in ``recommend``.
    items : ndarray of shape (n_queries, k), dtype=object
        Ids, None where there is none.

    Returns
    -------
    ndarray of shape (n_queries, k), dtype=float64
        The scores; NaN where there is no item.
    """
    histories = recommender._read(X)
    item_idx = recommender._asked_items(items, histories.n_histories)
    union, places = np.unique(np.maximum(item_idx, 0), return_inverse=True)
    out = np.empty((histories.n_histories, len(union)))
    for start, stop in recommender._query_chunks(histories.n_histories, len(union)):
        scored = recommender._scored_chunks(histories.rows(start, stop), union)
        out[start:stop] = np.concatenate([scores for _, scores in scored], axis=1) if len(union) else 0.0
    scores = np.take_along_axis(out, places.reshape(item_idx.shape), axis=1)
    return np.where(item_idx < 0, np.nan, scores)


def _content_factors(recommender, histories, item_idx: np.ndarray, factors: np.ndarray) -> list[tuple]:
    if hasattr(recommender, "item_vectors"):
        return [(recommender, factors)]
    if not hasattr(recommender, "recommenders_"):
        return []
    parts = recommender._factors_of_parts(histories, item_idx)
    return [one for part, own in parts for one in _content_factors(part, histories, item_idx, factors * own)]


def _events_of(recommender, histories) -> list[list[Event]]:
    shares = recommender._profiles(histories)[1] if len(histories.item_idx) else np.empty(0)
    read: dict[int, tuple[str, Any]] = {}
    for i in np.unique(histories.item_idx).tolist():
        read[i] = _text_of_query(histories.texts[i]) if histories.texts is not None else _text_of_item(recommender, i)
    events = [Event(*read[i], share) for i, share in zip(histories.item_idx.tolist(), shares.tolist(), strict=True)]
    return [events[start:stop] for start, stop in pairwise(histories.indptr.tolist())]


def score_functions(recommender, vector: np.ndarray, items: Sequence) -> np.ndarray:
    """Return what items' cosines with a vector are, as functions of what the embedder returned.

    Parameters
    ----------
    recommender : ContentRecommender
        Fitted.
    vector : ndarray of shape (n_raw_features,)
        What its embedder returned for a text.
    items : sequence of str or int, length n_items
        Ids.

    Returns
    -------
    ndarray of shape (n_items, n_raw_features), dtype=float64
        They differ from the cosines by constants, once the length of the vector is given; zeros where it has none.
    """
    vectors = recommender.item_vectors(items)
    functions = np.asarray(vectors.toarray() if sparse.issparse(vectors) else vectors, dtype=np.float64)
    unit, whitening = recommender._items.unit, recommender._whitening
    compared = np.asarray(vector, dtype=np.float32)[np.newaxis] * np.float32(unit)
    if whitening is not None:
        compared = whitening.apply(compared)
        functions = functions @ whitening.projection.astype(np.float64).T
    length = float(row_norms(compared)[0])
    return functions * (unit / length) if length > 0 else np.zeros_like(functions)


def _text_of_query(text: str) -> tuple[str, Any]:
    return text, None if is_blank(text) else [text]


def _text_of_item(recommender, i: int) -> tuple[str, Any]:
    catalog, reads_features = recommender.catalog_, recommender._items.reads_features
    (text,) = catalog.texts([i]) if catalog.has_texts else ("",)
    if not reads_features and is_blank(text):
        return text, None
    return text, item_columns(catalog, np.array([i]), reads_features)
