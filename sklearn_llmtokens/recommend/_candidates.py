"""Candidates of a re-ranking: ids as codes, scores on one scale, lists grown one item at a time."""

from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np
from sklearn.utils import check_scalar

from ._ids import encode_lists, item_index


@dataclass(frozen=True)
class Candidates:
    """Items to choose from, for each query.

    Attributes
    ----------
    codes : ndarray of shape (n_queries, n_candidates)
        Positions in the catalogue, -1 where a row is short.
    relevance : ndarray of shape (n_queries, n_candidates)
        Scores, scaled to 0..1 within a row; 0 where a row is short.
    """

    codes: np.ndarray
    relevance: np.ndarray


def read_candidates(recommended, scores, items, k, weights: dict[str, float]) -> Candidates:
    """Check the arguments that re-rankers share.

    Parameters
    ----------
    recommended : array-like of shape (n_queries, n_candidates), or sequence of sequences
        Item ids, best first; None fills short rows.
    scores : array-like of shape (n_queries, n_candidates), or sequence of sequences
        Their scores; what stands beside a None is not read.
    items : Catalog or array-like of shape (n_items,)
        The catalogue, or its ids.
    k : int
        How many are chosen.
    weights : dict of str to float
        Parameters between 0 and 1, by name.

    Returns
    -------
    Candidates
        The candidates.

    Raises
    ------
    ValueError
        If an argument is out of range, shapes differ, or a score is not finite.
    """
    check_scalar(k, "k", Integral, min_val=1)
    for name, weight in weights.items():
        check_scalar(weight, name, Real, min_val=0, max_val=1)
    codes, _ = encode_lists(recommended, item_index(items))
    return Candidates(codes, scaled(read_scores(scores, codes), codes >= 0))


def choose_greedily(candidates: Candidates, k: int, gain: Callable, update: Callable) -> np.ndarray:
    """Grow the lists of all queries by the candidate with the largest gain, k times; the first of equals wins.

    Parameters
    ----------
    candidates : Candidates
        The candidates.
    k : int
        Length of the lists.
    gain : callable
        ``gain(step)`` returns what each candidate would add, shape (n_queries, n_candidates).
    update : callable
        ``update(columns)`` is called with the chosen columns, shape (n_queries,).

    Returns
    -------
    ndarray of shape (n_queries, min(k, n_candidates))
        Positions in the catalogue, -1 where a row is short.
    """
    n_queries, n_columns = candidates.codes.shape
    is_open = candidates.codes >= 0
    rows = np.arange(n_queries)
    chosen = np.full((n_queries, min(k, n_columns)), -1, dtype=np.int64)
    for step in range(chosen.shape[1]):
        columns = np.where(is_open, gain(step), -np.inf).argmax(axis=1)
        chosen[:, step] = np.where(is_open[rows, columns], candidates.codes[rows, columns], -1)
        is_open[rows, columns] = False
        update(columns)
    return chosen


def read_scores(scores, codes: np.ndarray) -> np.ndarray:
    """Return the scores of candidates, shape (n_queries, n_candidates), 0 for none; all are finite."""
    rows = [list(row)[: codes.shape[1]] for row in scores]
    if len(rows) != len(codes):
        raise ValueError(
            f"scores has {len(rows)} rows and recommended has {len(codes)}: one score for each item is needed."
        )
    table = np.zeros(codes.shape)
    for i, (row, n_items) in enumerate(zip(rows, (codes >= 0).sum(axis=1).tolist(), strict=True)):
        if len(row) < n_items:
            raise ValueError(f"scores[{i}] has {len(row)} scores for {n_items} items.")
        table[i, :n_items] = row[:n_items]
    if not np.isfinite(table).all():
        i, j = np.argwhere(~np.isfinite(table))[0].tolist()
        raise ValueError(f"scores[{i}][{j}] is {table[i, j]}: finite scores are needed.")
    return table


def scaled(scores: np.ndarray, shown: np.ndarray) -> np.ndarray:
    """Scale the scores of each row to 0..1; equal scores are all 1.

    Examples
    --------
    >>> scaled(np.array([[4.0, 3.0, 2.0], [7.0, 7.0, 0.0]]), np.array([[True, True, True], [True, True, False]]))
    array([[1. , 0.5, 0. ],
           [1. , 1. , 0. ]])
    """
    if not scores.shape[1]:
        return scores
    low = np.where(shown, scores, np.inf).min(axis=1, keepdims=True)
    high = np.where(shown, scores, -np.inf).max(axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):
        scaled = np.where(high > low, (scores - low) / np.where(high > low, high - low, 1.0), 1.0)
    return np.where(shown, scaled, 0.0)
