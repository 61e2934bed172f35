"""EASE: which items predict which, by one ridge regression for each item, all of them solved at once."""

from numbers import Integral, Real

import numpy as np
from scipy import sparse
from scipy.linalg import lapack

from .._utils._sklearn import Interval
from .._utils._unit_rows import unit_of_measure
from ._base import SHARED_CONSTRAINTS, BaseRecommender
from ._catalog import Catalog
from ._histories import Histories
from ._item_item import (
    ItemItemMixin,
    ItemWeights,
    as_float32,
    cooccurrence,
    largest_entries,
    latest_events,
    presence,
    repeats,
    with_diagonal,
)
from ._profiles import PROFILE_CONSTRAINTS

_TILE = 1024
# of what is inverted to `l2`: from here on in double precision, and refused
_SINGLE_RATIO, _DOUBLE_RATIO = 1e6, 1e14


class EASERecommender(ItemItemMixin, BaseRecommender):
    """Recommend by the closed-form item-item model of Steck [1]_.

    Each item is predicted from all others by a ridge regression over the training sequences. Items without a training
    sequence have the score 0.

    Parameters
    ----------
    catalog : Catalog
        The items.
    l2 : float, default=50.0
        Penalty of the squared weights, in sequences. More of it trusts pairs that were seen seldom less.
    profile : {"harmonic", "last", "mean"} or float, default=0.8
        Weight of the events of a query from the latest one backwards: 1, 1/2, 1/3, ...; the latest alone; equal, as in
        the paper; or the powers of a factor in (0, 1].
    max_dense_items : int, default=20000
        Up to this number of items with clicks, the exact solution is computed: 4 bytes a pair of items, and a time that
        grows with the third power. Beyond, each item is predicted from its `n_neighbors` nearest items alone.
    n_neighbors : int, default=200
        Number of items that an item is predicted from in the approximation.
    unknown : {"error", "ignore"}, default="error"
        Whether an id that is not in the catalogue is an error in histories, `y`, `candidates` and `exclude`, or is left
        out. If no id has the type of the catalogue's ids, it is an error always.
    filter_seen : bool, default=True
        Whether items of the history are left out of what is recommended. If False, an item predicts itself as well, by
        a ridge regression of being there twice on being there.

    Attributes
    ----------
    catalog_ : Catalog
        The catalogue as it is now, with items that were added since ``fit``.
    active_ : ndarray of shape (n_items,), dtype=bool
        False for items that were removed.
    popularity_ : ndarray of shape (n_items,), dtype=float32
        Number of training sequences that have each item, which ranks items for an empty history.
    is_dense_ : bool
        Whether the exact solution was computed.

    Notes
    -----
    An item that a sequence has several times counts once; where events have weights, it counts by the largest. With
    ``filter_seen=False`` the weight of an item for itself is ``r / (n + l2)``: n sequences have it, r of them twice or
    more. Weights of other items do not change by this.

    In the approximation the neighbours of an item are those with the highest cosine between both columns of the
    sequences, where `l2` is added to the squared length of each, and the regression on them is solved exactly. The
    columns are independent of each other, as in [2]_. Of a sequence of more than 1,000 events the latest 1,000 are
    read: pairs are as many as the square, and one visitor that opened every page would make all items neighbours of
    all.

    References
    ----------
    .. [1] Harald Steck. "Embarrassingly Shallow Autoencoders for Sparse Data". WWW 2019. arXiv:1905.03375.
    .. [2] Xia Ning, George Karypis. "SLIM: Sparse Linear Methods for Top-N Recommender Systems". ICDM 2011.

    Examples
    --------
    >>> from sklearn_llmtokens.recommend import Catalog, EASERecommender
    >>> histories = [["tea", "pot"], ["tea", "pot", "cup"], ["novel", "lamp"], ["novel", "lamp"]]
    >>> recommender = EASERecommender(Catalog(["tea", "pot", "cup", "novel", "lamp"]), l2=1.0).fit(histories)
    >>> recommender.recommend([["tea"], ["lamp"]], k=1)
    array([['pot'],
           ['novel']], dtype=object)
    """

    _parameter_constraints: dict = {
        "catalog": [Catalog],
        "l2": [Interval(Real, 0, None, closed="neither")],
        "profile": PROFILE_CONSTRAINTS,
        "max_dense_items": [Interval(Integral, 0, None, closed="left")],
        "n_neighbors": [Interval(Integral, 1, None, closed="left")],
        **SHARED_CONSTRAINTS,
    }

    def __init__(
        self,
        catalog,
        *,
        l2=50.0,
        profile=0.8,
        max_dense_items=20_000,
        n_neighbors=200,
        unknown="error",
        filter_seen=True,
    ):
        self.catalog = catalog
        self.l2 = l2
        self.profile = profile
        self.max_dense_items = max_dense_items
        self.n_neighbors = n_neighbors
        self.unknown = unknown
        self.filter_seen = filter_seen

    def _fit(self, sequences: Histories) -> None:
        known = np.unique(sequences.item_idx)
        self.is_dense_ = len(known) <= self.max_dense_items
        read = sequences if self.is_dense_ else latest_events(sequences)
        gram = cooccurrence(presence(read, self.catalog_.n_items)[:, known])
        weights = (
            dense_ease(gram, float(self.l2)) if self.is_dense_ else sparse_ease(gram, float(self.l2), self.n_neighbors)
        )
        if not self.filter_seen:
            n_again = repeats(read, self.catalog_.n_items)[known]
            weights = with_diagonal(weights, n_again / (gram.diagonal() + float(self.l2)))
        self._item_weights = ItemWeights(known, weights, self.catalog_.n_items)


def dense_ease(gram: sparse.csr_array, l2: float) -> np.ndarray:
    """Return ``B = I - P / diag(P)`` with ``P`` the inverse of ``gram + l2 I`` (eq. 8 of Steck 2019).

    Parameters
    ----------
    gram : sparse array of shape (n_items, n_items)
        Co-occurrence counts, symmetric.
    l2 : float
        Penalty.

    Returns
    -------
    ndarray of shape (n_items, n_items), dtype=float32
        Weights with a diagonal of zeros, column `j` those that predict item `j`.

    Examples
    --------
    >>> dense_ease(sparse.csr_array(np.array([[2.0, 1.0], [1.0, 2.0]])), 1.0).round(4)
    array([[0.    , 0.3333],
           [0.3333, 0.    ]], dtype=float32)
    """
    if not gram.shape[0]:
        return np.empty((0, 0), dtype=np.float32)
    ratio = _ratio(gram, l2)
    unit = unit_of_measure(float(gram.diagonal().max()) + l2)  # it leaves the weights as they are
    gram = gram * unit if unit != 1 else gram
    inverse = _inverse(gram, l2 * unit, np.float32) if 1 / _SINGLE_RATIO < ratio < _SINGLE_RATIO else None
    if inverse is None:  # rounding made it indefinite, or would decide what comes out
        inverse = _inverse(gram, l2 * unit, np.float64)
    if inverse is None:
        raise ValueError(f"The co-occurrence matrix is singular for l2={l2}: pass a larger l2.")
    inverse /= -np.diag(inverse).copy()
    np.fill_diagonal(inverse, 0.0)
    return as_float32(inverse, f"Weights with l2={l2}")


def _ratio(gram: sparse.csr_array, l2: float) -> float:
    """Return how many times `l2` the largest eigenvalue of `gram` is at most; raise if rounding would drown `l2`."""
    largest = float(abs(gram).sum(axis=1, dtype=np.float64).max())
    if largest > _DOUBLE_RATIO * l2:
        raise ValueError(
            f"l2={l2} is lost beside co-occurrences that add up to {largest:.1e}: pass a larger l2, or divide the "
            "weights of all events by one number."
        )
    return largest / l2


def _inverse(gram: sparse.csr_array, l2: float, dtype) -> np.ndarray | None:
    """Invert in place by a Cholesky factorisation; None if there is none."""
    matrix = gram.astype(dtype).toarray()
    matrix[np.diag_indices_from(matrix)] += dtype(l2)
    factor, invert = (lapack.spotrf, lapack.spotri) if dtype is np.float32 else (lapack.dpotrf, lapack.dpotri)
    # symmetric, so that the transpose, which LAPACK wants in its order of columns, is the matrix itself
    factored, info = factor(matrix.T, lower=False, overwrite_a=True, clean=False)
    if info != 0:
        return None
    inverse, info = invert(factored, lower=False, overwrite_c=True)
    if info != 0:
        return None
    matrix = inverse.T
    _mirror(matrix)
    return matrix


def _mirror(matrix: np.ndarray) -> None:
    """Copy the lower triangle of a C-ordered matrix to the upper one, by tiles."""
    n = len(matrix)
    for i in range(0, n, _TILE):
        rows = slice(i, i + _TILE)
        for j in range(0, i, _TILE):
            columns = slice(j, j + _TILE)
            matrix[columns, rows] = matrix[rows, columns].T
        tile = matrix[rows, rows]
        upper = np.triu_indices(len(tile), 1)
        tile[upper] = tile.T[upper]


def sparse_ease(gram: sparse.csr_array, l2: float, n_neighbors: int) -> sparse.csr_array:
    """Predict each item from its nearest items alone: a small ridge regression for each.

    Parameters
    ----------
    gram : sparse array of shape (n_items, n_items)
        Co-occurrence counts, symmetric.
    l2 : float
        Penalty.
    n_neighbors : int
        Number of items that an item is predicted from.

    Returns
    -------
    sparse array of shape (n_items, n_items), dtype=float32
        Weights, column `j` those that predict item `j`.

    Examples
    --------
    >>> sparse_ease(sparse.csr_array(np.array([[2.0, 1.0], [1.0, 2.0]])), 1.0, 5).toarray().round(4)
    array([[0.    , 0.3333],
           [0.3333, 0.    ]], dtype=float32)
    """
    n_items = gram.shape[0]
    if n_items:
        _ratio(gram, l2)
    is_near = _neighbours(gram, np.sqrt(gram.diagonal() + l2), n_neighbors)
    place = np.full(n_items, -1, dtype=np.intp)
    rows, values = [], []
    for j in range(n_items):
        at = slice(gram.indptr[j], gram.indptr[j + 1])
        near, counts = gram.indices[at][is_near[at]], gram.data[at][is_near[at]]
        rows.append(near)
        values.append(_ridge(gram, near, counts, l2, place))
    indptr = np.concatenate([[0], np.cumsum([len(part) for part in rows])])
    data = as_float32(np.concatenate([*values, np.empty(0)]), f"Weights with l2={l2}")
    columns = sparse.csc_array(
        (data, np.concatenate([*rows, np.empty(0, int)]).astype(np.int32), indptr), shape=gram.shape
    )
    return sparse.csr_array(columns)


def _neighbours(gram: sparse.csr_array, scale: np.ndarray, n: int) -> np.ndarray:
    """Return which entries of `gram` are those of the nearest items of their row, shape (n_entries,), dtype=bool."""
    is_own = np.repeat(np.arange(gram.shape[0]), np.diff(gram.indptr)) == gram.indices
    nearness = np.abs(gram.data) / scale[gram.indices]
    nearness[is_own] = -1
    return largest_entries(nearness, gram.indptr, n) & ~is_own


def _ridge(gram: sparse.csr_array, near: np.ndarray, counts: np.ndarray, l2: float, place: np.ndarray) -> np.ndarray:
    """Solve ``(gram[near, near] + l2 I) w = counts``; `place` is room for positions, all -1."""
    n = len(near)
    if not n:
        return np.empty(0)
    place[near] = np.arange(n)
    lengths = gram.indptr[near + 1] - gram.indptr[near]
    ends = np.cumsum(lengths)
    entries = np.repeat(gram.indptr[near] - ends + lengths, lengths) + np.arange(ends[-1])
    columns = place[gram.indices[entries]]
    inside = np.flatnonzero(columns >= 0)
    matrix = np.zeros(n * n)
    matrix[np.repeat(np.arange(0, n * n, n), lengths)[inside] + columns[inside]] = gram.data[entries[inside]]
    matrix[:: n + 1] += l2
    place[near] = -1
    _, solution, info = lapack.dposv(matrix.reshape(n, n).T, counts.astype(np.float64), overwrite_a=True)
    if info != 0:
        raise ValueError(f"The co-occurrence matrix is singular for l2={l2}: pass a larger l2.")
    return solution
