"""The interface of recommenders for `sklearn_llmtokens.inspection`: all that it may use, and nothing else.

A fitted `ContentRecommender` says which texts its profile of a history was made of, and how a vector of its embedder
becomes a part of an item's score.
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


def events_of(recommender, X) -> list[list[Event]]:
    """Return the events of histories, as the profiles of a fitted recommender have them.

    Parameters
    ----------
    recommender : ContentRecommender
        Fitted.
    X : list, array or Series of histories
        As in ``recommend``.

    Returns
    -------
    list of list of Event
        One list for each history; events of unknown items are left out.
    """
    histories = recommender._given(X).known()
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
