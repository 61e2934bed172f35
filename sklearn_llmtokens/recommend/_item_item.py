"""What recommenders share that multiply a history with a matrix of items by items."""

import numpy as np
from scipy import sparse

from .._utils._top_k import top_columns
from ._histories import Histories
from ._interactions import LARGEST_WEIGHT
from ._profiles import event_weights

_ROWS, _CELLS = 1024, 2_097_152  # that are selected from at once


def presence(sequences: Histories, n_items: int) -> sparse.csr_array:
    """Return the largest weight of each item's events, of shape (n_sequences, n_items).

    It is float64, because products of weights leave the range of float32; without weights it is 1, float32.
    """
    weights = np.ones(len(sequences.item_idx), np.float32) if sequences.weights is None else sequences.weights
    order = np.lexsort((-weights, sequences.item_idx, sequences.row_idx))
    rows, items = sequences.row_idx[order], sequences.item_idx[order]
    first = np.ones(len(order), dtype=bool)
    first[1:] = (np.diff(rows) != 0) | (np.diff(items) != 0)
    entries = weights[order][first], (rows[first], items[first])
    return sparse.csr_array(entries, shape=(sequences.n_histories, n_items))


def repeats(sequences: Histories, n_items: int) -> np.ndarray:
    """Return how often each item was there again: the products of its two largest weights, summed, shape (n_items,).

    Without weights this is the number of sequences that have the item twice or more.

    Examples
    --------
    >>> repeats(Histories(np.array([0, 3, 5]), np.array([1, 0, 1, 0, 2])), 3)
    array([0., 1., 0.])
    """
    weights = np.ones(len(sequences.item_idx)) if sequences.weights is None else sequences.weights.astype(np.float64)
    order = np.lexsort((-weights, sequences.item_idx, sequences.row_idx))
    rows, items, weights = sequences.row_idx[order], sequences.item_idx[order], weights[order]
    same = np.zeros(len(order), dtype=bool)
    same[1:] = (rows[1:] == rows[:-1]) & (items[1:] == items[:-1])
    second = np.flatnonzero(same & ~np.roll(same, 1))
    return np.bincount(items[second], weights[second - 1] * weights[second], minlength=n_items)


def with_diagonal(matrix, diagonal: np.ndarray):
    """Return a matrix, dense or sparse, whose diagonal of zeros is replaced."""
    if not sparse.issparse(matrix):
        np.fill_diagonal(matrix, diagonal)
        return matrix
    own = sparse.dia_array((diagonal[np.newaxis], [0]), shape=matrix.shape, dtype=matrix.dtype)
    return sparse.csr_array(matrix + own)


def latest_events(sequences: Histories, n: int = 1000) -> Histories:
    """Return the latest `n` events of each sequence: pairs of them are as many as the square.

    Examples
    --------
    >>> latest_events(Histories(np.array([0, 3, 4]), np.array([5, 6, 7, 8])), 2).item_idx
    array([6, 7, 8])
    """
    if (sequences.lengths <= n).all():
        return sequences
    lengths = np.minimum(sequences.lengths, n)
    return sequences.select(np.flatnonzero(sequences.ages < n), np.concatenate([[0], np.cumsum(lengths)]))


def strongest(matrix: sparse.csr_array, n: int) -> sparse.csr_array:
    """Keep the `n` largest absolute values of each row, equal ones by column, of a matrix with sorted columns."""
    kept = largest_entries(np.abs(matrix.data), matrix.indptr, n)
    indptr = np.concatenate([[0], np.cumsum(np.minimum(np.diff(matrix.indptr), n))])
    return sparse.csr_array((matrix.data[kept], matrix.indices[kept], indptr), shape=matrix.shape)


def largest_entries(values: np.ndarray, indptr: np.ndarray, n: int) -> np.ndarray:
    """Return which values are among the `n` largest of their row of a CSR matrix, shape (n_entries,), dtype=bool.

    Examples
    --------
    >>> largest_entries(np.array([3.0, 1.0, 3.0, 0.0, 2.0]), np.array([0, 4, 5]), 2)
    array([ True, False,  True, False,  True])
    """
    lengths = np.diff(indptr)
    kept = np.ones(len(values), dtype=bool)
    longer = np.flatnonzero(lengths > n)
    longer = longer[np.argsort(lengths[longer], kind="stable")]  # rows of like lengths, one below the other
    while len(longer):
        rows = longer[: max(1, min(_ROWS, _CELLS // lengths[longer[-1]]))]
        longer = longer[len(rows) :]
        starts, places = indptr[rows][:, np.newaxis], np.arange(lengths[rows[-1]])
        is_entry = places < lengths[rows][:, np.newaxis]
        entries = (starts + places)[is_entry]
        table = np.full(is_entry.shape, -np.inf, dtype=values.dtype)
        table[is_entry] = values[entries]
        kept[entries] = False
        kept[starts + top_columns(table, n)] = True
    return kept


def as_float32(values: np.ndarray, what: str) -> np.ndarray:
    """Return learnt weights as float32; raise if all of them are too small for it, or one is too large.

    Parameters
    ----------
    values : ndarray of any shape
        The weights.
    what : str
        Their name, and what made them so, for the message.

    Returns
    -------
    ndarray of the same shape, dtype=float32
        The weights.

    Raises
    ------
    ValueError
        If the largest magnitude is beyond 1e30, or below 1e-30 and not 0.
    """
    largest = float(max(values.max(initial=0.0), -values.min(initial=0.0)))  # no copy: they may be a large table
    if not (largest == 0 or 1 / LARGEST_WEIGHT <= largest <= LARGEST_WEIGHT):
        raise ValueError(
            f"{what} are of magnitude {largest:.1e}, beyond single precision: multiply the weights of all events by "
            "one number, so that the largest is about 1, or change this parameter."
        )
    return values.astype(np.float32, copy=False)


def cooccurrence(matrix: sparse.csr_array) -> sparse.csr_array:
    """Return the product of the columns, shape (n_items, n_items), of the same dtype, sorted."""
    gram = sparse.csr_array(matrix.T @ matrix)
    gram.sort_indices()
    return gram


class ItemWeights:
    """A matrix of items by items, dense or sparse, over those items that were learnt from.

    Parameters
    ----------
    item_idx : ndarray of shape (n_known,), dtype=intp
        Ascending positions of the items that have a row and a column.
    weights : ndarray or sparse array of shape (n_known, n_known), dtype=float32
        The score of each column's item for an event of each row's item.
    n_items : int
        Number of items of the catalogue in ``fit``; later ones are unknown.
    """

    def __init__(self, item_idx: np.ndarray, weights, n_items: int):
        self.item_idx = item_idx
        self.weights = weights
        self.column_of = np.full(n_items, -1, dtype=np.intp)
        self.column_of[item_idx] = np.arange(len(item_idx))

    def columns(self, idx: np.ndarray) -> np.ndarray:
        """Return the columns of items, -1 for unknown ones."""
        known = idx < len(self.column_of)
        return (
            np.where(known, self.column_of[np.where(known, idx, 0)], -1)
            if len(self.column_of)
            else np.full(len(idx), -1)
        )

    def queries(self, histories: Histories, values: np.ndarray) -> sparse.csr_array:
        """Return the values of the events of known items as a matrix of shape (n_histories, n_known)."""
        columns = self.columns(histories.item_idx)
        known = columns >= 0
        entries = np.asarray(values, np.float32)[known], (histories.row_idx[known], columns[known])
        return sparse.csr_array(entries, shape=(histories.n_histories, len(self.item_idx)))  # sums an item's events

    def scores(self, queries: sparse.csr_array, items) -> np.ndarray:
        """Return the scores of `items`, a slice or positions, float32; 0 for unknown ones."""
        positions = np.arange(items.start, items.stop) if isinstance(items, slice) else items
        columns = self.columns(positions)
        known = columns >= 0
        if not known.any():
            return np.zeros((queries.shape[0], len(positions)), dtype=np.float32)
        scores = self._known_scores(queries, columns[known])
        if known.all():
            return scores
        out = np.zeros((queries.shape[0], len(positions)), dtype=np.float32)
        out[:, known] = scores
        return out

    def _known_scores(self, queries: sparse.csr_array, columns: np.ndarray) -> np.ndarray:
        whole = columns[-1] - columns[0] + 1 == len(columns)
        part = slice(columns[0], columns[-1] + 1) if whole else columns
        if sparse.issparse(self.weights):  # a slice of its columns would copy it, and a query needs few of its rows
            return (queries @ self.weights)[:, part].toarray()
        return queries @ self.weights[:, part]

    def pairs(self, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Return the weight of each pair of items, float64; 0 for unknown ones."""
        rows, columns = self.columns(rows), self.columns(columns)
        known = (rows >= 0) & (columns >= 0)
        out = np.zeros(len(rows))
        if known.any():
            found = self.weights[rows[known], columns[known]]
            out[known] = found.toarray().ravel() if sparse.issparse(found) else np.asarray(found).ravel()
        return out


class ItemItemMixin:
    """Hooks of recommenders whose score is a sum over events: they set ``_item_weights`` and have a `profile`."""

    _item_weights: ItemWeights
    profile: str | float

    def _prepare(self, histories: Histories) -> sparse.csr_array:
        return self._item_weights.queries(histories, event_weights(histories, self.profile))

    def _score(self, queries: sparse.csr_array, items) -> np.ndarray:
        return self._item_weights.scores(queries, items)

    def _contributions(self, histories: Histories, items: np.ndarray) -> np.ndarray:
        asked = items[histories.row_idx]  # (n_events, k)
        pairs = self._item_weights.pairs(np.repeat(histories.item_idx, asked.shape[1]), asked.ravel())
        return event_weights(histories, self.profile)[:, np.newaxis] * pairs.reshape(asked.shape)
