"""How much exposure each item gets: the places it holds in the lists, each with its worth."""

from collections.abc import Callable

import numpy as np

from .._utils._messages import shorten

_POSITION_WEIGHTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "uniform": np.ones_like,
    "log": lambda ranks: 1 / np.log2(ranks + 1),
}


def exposures(codes: np.ndarray, n_items: int, position_weights: str) -> np.ndarray:
    """Sum the worth of the places of each item.

    Parameters
    ----------
    codes : ndarray of shape (n_queries, n_columns)
        Positions in the catalogue, -1 where a row is short.
    n_items : int
        Number of items.
    position_weights : {"uniform", "log"}
        What a place is worth: 1, or 1 / log2(rank + 1).

    Returns
    -------
    ndarray of shape (n_items,), dtype float64
        Exposure of each item.

    Raises
    ------
    ValueError
        If `position_weights` is not known.

    Examples
    --------
    >>> exposures(np.array([[0, 1], [1, -1]]), 3, "uniform")
    array([1., 2., 0.])
    """
    if position_weights not in _POSITION_WEIGHTS:
        raise ValueError(f"position_weights={shorten(position_weights)} is not known; choose 'uniform' or 'log'.")
    ranks = np.arange(1.0, codes.shape[1] + 1)
    worth = np.broadcast_to(_POSITION_WEIGHTS[position_weights](ranks), codes.shape)
    shown = codes >= 0
    return np.bincount(codes[shown], weights=worth[shown], minlength=n_items)
