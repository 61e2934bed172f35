"""Blocks of features: columns that are weighted as one, and the Gram matrix of each."""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy import sparse

_DENSE = 0.3  # share of entries from which on a dense array is faster


def read_blocks(blocks, n_features: int) -> dict[str, slice]:
    """Return the columns of each block by name.

    Parameters
    ----------
    blocks : mapping of str to int, or None
        The number of columns of each block, in order. None is one block of all columns.
    n_features : int
        Number of columns of all.

    Returns
    -------
    dict of str to slice
        Blocks without a column are left out.

    Raises
    ------
    ValueError
        If the numbers do not add up to `n_features`.

    Examples
    --------
    >>> read_blocks({"words": 3, "meaning": 2}, 5)
    {'words': slice(0, 3, None), 'meaning': slice(3, 5, None)}
    """
    blocks = {"features": n_features} if blocks is None else dict(blocks)
    if sum(blocks.values()) != n_features:
        raise ValueError(f"blocks have {sum(blocks.values())} columns, and X has {n_features}: pass the size of each.")
    ends = np.cumsum([0, *blocks.values()]).tolist()
    return {
        name: slice(start, end) for name, start, end in zip(blocks, ends[:-1], ends[1:], strict=True) if end > start
    }


def read_directions(directions: Mapping | None, n_features: int) -> dict[str, np.ndarray]:
    """Return arrays (n_features, n_directions) of float64 by name; none for None.

    Raises
    ------
    ValueError
        If an array has another shape, or is not finite.
    """
    found = {name: np.asarray(array, dtype=np.float64) for name, array in (directions or {}).items()}
    for name, array in found.items():
        if array.ndim != 2 or len(array) != n_features or not np.isfinite(array).all():
            raise ValueError(
                f"directions[{name!r}] has shape {array.shape} for {n_features} columns: pass finite numbers of shape "
                "(n_features, n_directions)."
            )
    return found


def columns_of(X, columns: slice):
    """Return a block of the rows, float64; dense where few entries are zero."""
    block = X[:, columns].astype(np.float64)
    return block.toarray() if sparse.issparse(block) and block.nnz > _DENSE * np.prod(block.shape) else block


def inner_products(left, right) -> np.ndarray:
    """Return the inner products of two sets of rows, sparse or dense, as a dense array (n_left, n_right)."""
    products = left @ right.T
    return products.toarray() if sparse.issparse(products) else np.asarray(products)


def read_candidates(candidates, names: Sequence[str]) -> np.ndarray:
    """Return shares of the blocks that are compared, one row per candidate, each with the sum 1.

    Parameters
    ----------
    candidates : sequence of mappings of str to float, or None
        A weight for each block; a name that is no block is left out, and a block without a weight has 0.
    names : sequence of str
        The blocks.

    Returns
    -------
    ndarray of shape (n_candidates, n_blocks)
        Equal shares alone where there are no candidates, or none of them has a weight for a block.

    Raises
    ------
    ValueError
        If a weight is negative or not finite.

    Examples
    --------
    >>> read_candidates([{"words": 3, "meaning": 1}, {"meaning": 2}], ["words", "meaning"])
    array([[0.75, 0.25],
           [0.  , 1.  ]])
    """
    if candidates is None:
        return np.full((1, len(names)), 1 / len(names))
    rows = np.array([[_weight(candidate, name) for name in names] for candidate in candidates]).reshape(-1, len(names))
    rows = rows[rows.sum(1) > 0]
    if not len(rows):
        return np.full((1, len(names)), 1 / len(names))
    shares = rows / rows.sum(1, keepdims=True)
    return shares[np.sort(np.unique(shares.round(12), axis=0, return_index=True)[1])]


def _weight(candidate: Mapping[str, float], name: str) -> float:
    weight = float(candidate.get(name, 0))
    if not 0 <= weight < np.inf:
        raise ValueError(f"block_weights has {weight:g} for {name!r}: pass finite numbers that are not negative.")
    return weight
