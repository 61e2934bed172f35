"""Why an item has its score: the exact share of each event of the history, or of each part of a hybrid."""

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._utils._columns import is_missing, read_rows
from .._utils._messages import shorten
from ._catalog import Catalog
from ._histories import Histories


class ExplainMixin:
    """The method that divides a score, and changes nothing."""

    catalog_: Catalog
    popularity_: np.ndarray
    _given: Any
    _contributions: Any

    def explain(self, X, items, *, by="event"):
        """Return the exact shares in the score of an item, which add up to it.

        Parameters
        ----------
        X : list, array or Series of histories
            As in ``fit``.
        items : array-like of shape (n_queries,) or (n_queries, k)
            One id for each history, or several, as `recommend` gives them; None gives NaN.
        by : {"event", "part"}, default="event"
            Whether the shares are those of the events of the history, or of the parts of a `HybridRecommender`. Those
            of words are what :func:`sklearn_llmtokens.inspection.explain_text` returns.

        Returns
        -------
        events : list of n_queries ndarrays of shape (n_events,) or (n_events, k), dtype=float64
            With ``by="event"``, one number for each event of the history, 0 for what is left out of it: padding, and
            unknown ids with ``unknown="ignore"``. A history without events has no shares.
        parts : dict of str to ndarray of shape (n_queries,) or (n_queries, k), dtype=float64
            With ``by="part"``, the shares of each part by its name, and beside them two of no part: ``"cold_bias_"``,
            what items without clicks get, and ``"popularity_"``, which is the whole score where the history is empty.

        Raises
        ------
        ValueError
            If an id is not in the catalogue, `items` does not have one row for each history, or the recommender has no
            parts.

        Examples
        --------
        >>> from sklearn_llmtokens.recommend import Catalog, ContentRecommender, EASERecommender, HybridRecommender
        >>> catalog = Catalog(["t1", "t2", "p"], ["green tea", "black tea", "iron pot"])
        >>> parts = [("content", ContentRecommender(catalog)), ("ease", EASERecommender(catalog))]
        >>> recommender = HybridRecommender(parts, weights=[1, 2]).fit([["t1", "p"], ["t1", "p"]])
        >>> {name: share.round(2).tolist() for name, share in recommender.explain([["t1"]], ["p"], by="part").items()}
        {'content': [0.24], 'ease': [2.0], 'cold_bias_': [0.0], 'popularity_': [0.0]}
        """
        check_is_fitted(self)
        if not isinstance(by, str) or by not in ("event", "part"):
            words = " Words: sklearn_llmtokens.inspection.explain_text(recommender, X, target=items)."
            raise ValueError(f"by={shorten(by)} is neither 'event' nor 'part'.{words if by == 'word' else ''}")
        given = self._given(X)
        item_idx = self._asked_items(items, given.n_histories)
        table = item_idx if item_idx.ndim == 2 else item_idx[:, np.newaxis]
        if by == "part":
            shares_of = self._shares_of_parts(given.known(), table)
            return {name: one[:, 0] if item_idx.ndim == 1 else one for name, one in shares_of.items()}
        shares = np.zeros((len(given.item_idx), table.shape[1]))
        if table.size:
            shares[given.item_idx >= 0] = self._contributions(given.known(), np.maximum(table, 0))
        shares[np.repeat(table < 0, given.lengths, axis=0)] = np.nan
        shares = shares[:, 0] if item_idx.ndim == 1 else shares
        return np.split(shares, given.indptr[1:-1]) if given.n_histories else []

    def _part_contributions(self, histories: Histories, items: np.ndarray) -> dict[str, np.ndarray]:
        """Return the shares of parts in scores of items, shape (n_histories, k)."""
        raise ValueError(f"{type(self).__name__} has no parts, as a HybridRecommender has: use by='event'.")

    def _shares_of_parts(self, histories: Histories, table: np.ndarray) -> dict[str, np.ndarray]:
        """Return the shares of parts, and what an empty history gets; NaN where the position is -1."""
        is_empty = (histories.lengths == 0)[:, np.newaxis]
        items = np.maximum(table, 0)
        shares = {
            name: np.where(is_empty, 0.0, one) for name, one in self._part_contributions(histories, items).items()
        }
        shares["popularity_"] = np.where(is_empty, self.popularity_[items], 0.0) + shares.get("popularity_", 0.0)
        return {name: np.where(table < 0, np.nan, one) for name, one in shares.items()}

    def _asked_items(self, items, n_queries: int) -> np.ndarray:
        """Return the positions of items that are asked for, -1 where there is none, shape (n_queries,[ k])."""
        array = np.array(read_rows(items, "items", "ids"), dtype=object)
        if array.ndim not in (1, 2) or len(array) != n_queries:
            raise ValueError(
                f"items has the shape {array.shape}: one id, or one row of ids, for each of {n_queries} queries."
            )
        flat = [None if is_missing(one) else one for one in array.ravel().tolist()]
        named = [one for one in flat if one is not None]
        found = iter(self.catalog_.index_of(named, name="items").tolist())
        return np.array([-1 if one is None else next(found) for one in flat], dtype=np.intp).reshape(array.shape)
