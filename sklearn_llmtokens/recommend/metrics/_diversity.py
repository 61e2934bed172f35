"""Intra-list diversity: how far apart the items of one list are."""

import numpy as np
from scipy import sparse
from sklearn.utils import check_array

from ..._utils._unit_rows import unit_rows
from .._ids import encode_lists, item_index
from ._hits import summarise

_ROWS_A_CHUNK = 4096


def intra_list_diversity(recommended, items, vectors, k=10, *, average=True):
    """Compute the mean cosine distance between two items of a list.

    Parameters
    ----------
    recommended : array-like of shape (n_queries, n_columns), or sequence of sequences
        Item ids, best first, as ``recommend`` gives them; None fills short rows.
    items : Catalog or array-like of shape (n_items,)
        The catalogue, or its ids.
    vectors : array-like or sparse matrix of shape (n_items, n_features)
        One vector for each item, in the order of `items`. The cosine with a zero vector is 0.
    k : int, default=10
        How many of each list count.
    average : bool, default=True
        Whether to average over the queries.

    Returns
    -------
    float or ndarray of shape (n_queries,)
        Between 0 (the same thing k times) and 2; one value for each query if `average` is False. A list of fewer than
        two items has NaN, and the mean leaves it out.

    Raises
    ------
    ValueError
        If `k` is less than 1, a recommended item is not in the catalogue, `vectors` has another number of rows than
        the catalogue, all lists are too short, or a list holds an item twice.

    References
    ----------
    .. [1] Cai-Nicolas Ziegler et al. "Improving recommendation lists through topic diversification". WWW 2005.

    Examples
    --------
    >>> from sklearn_llmtokens.recommend import intra_list_diversity
    >>> vectors = [[1.0, 0.0], [2.0, 0.0], [0.0, 1.0]]
    >>> intra_list_diversity([["a", "b"], ["a", "c"]], ["a", "b", "c"], vectors, average=False)
    array([0., 1.])
    """
    index = item_index(items)
    codes, _ = encode_lists(recommended, index, k)
    units = unit_vectors(vectors, len(index))
    n_shown = (codes >= 0).sum(axis=1)
    similarity = np.concatenate(
        [_pair_sums(codes[i : i + _ROWS_A_CHUNK], units) for i in range(0, len(codes), _ROWS_A_CHUNK)] or [np.zeros(0)]
    )
    n_pairs = n_shown * (n_shown - 1) / 2
    mean = np.divide(similarity, n_pairs, out=np.full(len(codes), np.nan), where=n_pairs > 0)
    return summarise(np.maximum(1 - mean, 0.0), average)


def unit_vectors(vectors, n_items: int):
    """Check the vectors of a catalogue and scale them to length 1.

    Parameters
    ----------
    vectors : array-like or sparse matrix of shape (n_items, n_features)
        One vector for each item.
    n_items : int
        Number of items of the catalogue.

    Returns
    -------
    ndarray or sparse matrix of shape (n_items, n_features), dtype float64
        Vectors of length 1; zero vectors stay zero.

    Raises
    ------
    ValueError
        If the number of rows is not `n_items`.
    """
    vectors = check_array(vectors, accept_sparse="csr", dtype=np.float64, input_name="vectors")
    if vectors.shape[0] != n_items:
        raise ValueError(
            f"vectors has {vectors.shape[0]} rows for {n_items} items: one vector for each item is needed. Those of "
            "items that were added are in what ContentRecommender.item_vectors() returns."
        )
    return unit_rows(vectors)


def _pair_sums(codes: np.ndarray, units) -> np.ndarray:
    """Sum the cosines over the pairs of each row: (|sum of vectors|^2 - sum of |vectors|^2) / 2, shape (n_rows,)."""
    rows, columns = np.nonzero(codes >= 0)
    shown = sparse.csr_array((np.ones(len(rows)), (rows, codes[rows, columns])), shape=(len(codes), units.shape[0]))
    sums, own = shown @ units, _squares(units)
    return (_squares(sums) - shown @ own) / 2


def _squares(rows) -> np.ndarray:
    """Squared length of each row, dense or sparse, shape (n_rows,)."""
    if sparse.issparse(rows):
        return np.asarray(rows.multiply(rows).sum(axis=1)).ravel()
    return np.einsum("ij,ij->i", rows, rows)
