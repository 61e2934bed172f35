"""How a recommender answers: scores, and lists of the best items."""

from collections.abc import Iterator
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils import check_scalar
from sklearn.utils.validation import check_is_fitted

from .._utils._top_k import TopK
from ._catalog import Catalog
from ._histories import Histories
from ._ids import check_relevant, decode_ids
from ._ranking_frame import ranking_frame
from ._selection import Selection

_CHUNK_ITEMS = 32_768
_CHUNK_SCORES = 8_388_608  # float32: 32 MiB


class RankingMixin:
    """Methods that read a fitted recommender and change nothing."""

    catalog_: Catalog
    active_: np.ndarray
    popularity_: np.ndarray
    unknown: str
    filter_seen: bool
    _needs_whole_rows: bool
    _read: Any
    _prepare: Any
    _score: Any

    def score_items(self, X):
        """Return the score of every item.

        Parameters
        ----------
        X : list, array or Series of histories
            As in ``fit``.

        Returns
        -------
        ndarray of shape (n_queries, n_items), dtype=float32
            Scores in the order of ``catalog_.ids``: of items that were seen or removed, too. Rows of an empty history
            have the items' popularity.

        Raises
        ------
        ValueError
            If an id is not in the catalogue.
        """
        check_is_fitted(self)
        histories = self._read(X)
        out = np.empty((histories.n_histories, self.catalog_.n_items), dtype=np.float32)
        for start, stop in self._query_chunks(histories.n_histories, self.catalog_.n_items):
            for items, scores in self._scored_chunks(histories.rows(start, stop), None):
                out[start:stop, items] = scores
        return out

    def recommend(
        self, X, k=10, *, candidates=None, exclude=None, filter_seen=None, return_scores=False, as_frame=False
    ):
        """Rank the k best items for each history.

        Parameters
        ----------
        X : list, array or Series of histories
            As in ``fit``.
        k : int, default=10
            Number of items.
        candidates : list of ids, or list of n_queries lists of ids, default=None
            Items to choose from: the same for all queries, or one list for each. None allows all. None and NaN in a
            list are skipped, so that what `recommend` returns can be passed.
        exclude : list of ids, or list of n_queries lists of ids, default=None
            Items that are not recommended, in the same forms.
        filter_seen : bool, default=None
            Whether items of the history are left out. None is the recommender's own `filter_seen`.
        return_scores : bool, default=False
            Whether to return the scores as well.
        as_frame : bool, default=False
            Whether to return a pandas DataFrame instead, which has the scores in any case.
            ``polars.from_pandas(frame)`` converts it.

        Returns
        -------
        items : ndarray of shape (n_queries, k), dtype=object
            Ids, best first; None at the end of a row where fewer items are left.
        scores : ndarray of shape (n_queries, k), dtype=float32
            Their scores, -inf where the id is None. Only if `return_scores` is True.
        frame : DataFrame of shape (n_recommended, 4 or 5)
            One row per recommended item, by query and then by rank. Only if `as_frame` is True. A query for which fewer
            than `k` items are left has fewer rows, and none where no item is left. The columns are

            query_id
                The position of the query in `X`, or its label in the index where `X` is a pandas Series.
            user_id
                The user, where rows of `X` know theirs, as those of `make_queries` and `Interactions` do. None for a
                row by hand beside them; without any row that knows its user there is no such column.
            item_id, score, rank
                The id, its score (float32), and its place in the list of the query, which begins at 1.

        Raises
        ------
        ValueError
            If an id is not in the catalogue, or `candidates` or `exclude` has another number of lists than there are
            queries.
        MissingDependencyError
            If `as_frame` is True and pandas is not installed.

        Examples
        --------
        >>> from sklearn_llmtokens.recommend import Catalog, Interactions, PopularityRecommender
        >>> interactions = Interactions(["u", "u", "v"], ["a", "b", "a"])
        >>> recommender = PopularityRecommender(Catalog(["a", "b", "c"])).fit(interactions)
        >>> recommender.recommend(interactions, k=2, as_frame=True)
           query_id user_id item_id  score  rank
        0         0       u       c    0.0     1
        1         1       v       b    1.0     1
        2         1       v       c    0.0     2
        """
        check_is_fitted(self)
        histories = self._read(X)
        filter_seen = self.filter_seen if filter_seen is None else filter_seen
        selection = Selection.read(
            self.catalog_, histories, candidates, exclude, filter_seen=filter_seen, unknown=self.unknown
        )
        ids, scores = self._rank(histories, k, selection)
        if as_frame:
            return ranking_frame(X, ids, scores)
        return (ids, scores) if return_scores else ids

    def predict(self, X):
        """Return the best item for each history; with ``filter_seen=True``, of those that are not in it.

        Parameters
        ----------
        X : list, array or Series of histories
            As in ``fit``.

        Returns
        -------
        ndarray of shape (n_queries,), dtype=object
            Ids; None where no item is left.

        Raises
        ------
        ValueError
            If an id is not in the catalogue.
        """
        return self.recommend(X, k=1)[:, 0]

    def score(self, X, y):
        """Compute the NDCG of the ten best items for each history.

        With ``filter_seen=False``, buying again counts; else an item of the history is not found.

        Parameters
        ----------
        X : list, array or Series of histories
            As in ``fit``.
        y : array-like of shape (n_histories,), or sequence of collections
            The item that followed each history, or several. With ``unknown="ignore"``, one that is not in the catalogue
            is an item that was not found.

        Returns
        -------
        float
            Mean NDCG@10, between 0 and 1.

        Raises
        ------
        ValueError
            If an id is not in the catalogue.
        """
        from .metrics import ndcg_at_k

        recommended = self.recommend(X, k=10)
        check_relevant(y, self.catalog_, len(recommended), unknown=self.unknown)
        return ndcg_at_k(y, recommended, k=10)

    def similar_items(self, ids, k=10):
        """Rank the items that are most like given ones: those that follow from a history of this item alone.

        Parameters
        ----------
        ids : sequence of str or int, length n
            Ids of the catalogue.
        k : int, default=10
            Number of items.

        Returns
        -------
        ndarray of shape (n, k), dtype=object
            Ids, best first, without the item itself; None where fewer are left.

        Raises
        ------
        ValueError
            If an id is not in the catalogue.
        """
        check_is_fitted(self)
        idx = self.catalog_.index_of(ids)
        histories = Histories(np.arange(len(idx) + 1), idx)
        return self._rank(histories, k, Selection.read(self.catalog_, histories, filter_seen=True))[0]

    def _rank(self, histories: Histories, k: int, selection: Selection) -> tuple[np.ndarray, np.ndarray]:
        """Return the ids of the k best items that `selection` allows, and their scores."""
        check_scalar(k, "k", Integral, min_val=1)
        item_idx = np.full((histories.n_histories, k), -1, dtype=np.intp)
        scores = np.full((histories.n_histories, k), -np.inf, dtype=np.float32)
        n_items = self.catalog_.n_items if selection.union is None else len(selection.union)
        for start, stop in self._query_chunks(histories.n_histories, n_items):
            top = TopK(stop - start, min(int(k), n_items))
            allowed = selection.rows(start, stop)
            for items, chunk in self._scored_chunks(histories.rows(start, stop), selection.union):
                positions = _positions(items)
                chunk[:, ~self.active_[items]] = -np.inf
                allowed.mask(chunk, positions)
                top.update(chunk, positions)
            item_idx[start:stop, : top.item_idx.shape[1]] = top.item_idx
            scores[start:stop, : top.scores.shape[1]] = top.scores
        return decode_ids(self.catalog_, item_idx), scores

    def _query_chunks(self, n_queries: int, n_items: int) -> Iterator[tuple[int, int]]:
        n_columns = n_items if self._needs_whole_rows else min(n_items, _CHUNK_ITEMS)
        step = max(1, _CHUNK_SCORES // max(1, n_columns))
        for start in range(0, n_queries, step):
            yield start, min(start + step, n_queries)

    def _scored_chunks(self, histories: Histories, union: np.ndarray | None):
        """Return chunks of items, as slices or positions, with their scores for every history."""
        n_items = self.catalog_.n_items if union is None else len(union)
        step = max(n_items, 1) if self._needs_whole_rows else _CHUNK_ITEMS
        is_empty = histories.lengths == 0
        queries = self._prepare(histories)
        for start in range(0, n_items, step):
            chunk = slice(start, min(start + step, n_items))
            items = chunk if union is None else union[chunk]
            scores = self._score(queries, items)
            if is_empty.any():
                scores[is_empty] = self.popularity_[items]
            yield items, scores


def _positions(items) -> np.ndarray:
    return np.arange(items.start, items.stop) if isinstance(items, slice) else items
