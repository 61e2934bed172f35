"""The items that most users have: what every other recommender must beat."""

import numpy as np

from ._base import BaseRecommender
from ._histories import Histories


class PopularityRecommender(BaseRecommender):
    """Recommend what most training sequences have.

    Parameters
    ----------
    catalog : Catalog
        The items.
    unknown : {"error", "ignore"}, default="error"
        Whether an id that is not in the catalogue is an error in histories, `y`, `candidates` and `exclude`, or is left
        out. If no id has the type of the catalogue's ids, it is an error always.
    filter_seen : bool, default=True
        Whether items of the history are left out of what is recommended.

    Attributes
    ----------
    catalog_ : Catalog
        The catalogue as it is now, with items that were added since ``fit``.
    active_ : ndarray of shape (n_items,), dtype=bool
        False for items that were removed.
    popularity_ : ndarray of shape (n_items,), dtype=float32
        Number of training sequences that have each item: the score.

    Notes
    -----
    The score does not depend on the history, so that `explain` gives each event an equal share of it.

    Examples
    --------
    >>> from sklearn_llmtokens.recommend import Catalog, PopularityRecommender
    >>> recommender = PopularityRecommender(Catalog(["a", "b", "c"])).fit([["b", "c"], ["b"]])
    >>> recommender.recommend([[], ["b"]], k=2)
    array([['b', 'c'],
           ['c', 'a']], dtype=object)
    """

    def _fit(self, sequences: Histories) -> None:
        """Learn nothing further: the base has counted."""

    def _prepare(self, histories: Histories) -> int:
        return histories.n_histories

    def _score(self, queries: int, items) -> np.ndarray:
        return np.tile(self.popularity_[items], (queries, 1))

    def _contributions(self, histories: Histories, items: np.ndarray) -> np.ndarray:
        shares = self.popularity_[items].astype(np.float64) / np.maximum(histories.lengths, 1)[:, np.newaxis]
        return shares[histories.row_idx]
