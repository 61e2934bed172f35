"""Re-ranking for variety: maximal marginal relevance."""

import numpy as np
from scipy import sparse

from ._candidates import Candidates, choose_greedily, read_candidates
from ._ids import decode_ids, ids_of
from .metrics._diversity import unit_vectors

_CELLS_A_CHUNK = 4_000_000  # numbers of candidates' vectors at a time: 32 MB


def mmr_rerank(recommended, scores, *, items, vectors, k=10, lambda_=0.7):
    r"""Choose k of the candidates of each query so that they are relevant and unlike each other.

    Maximal marginal relevance [1]_: one after the other, the candidate is taken that has the largest
    :math:`\lambda r - (1 - \lambda) \max_{j} \cos(v, v_j)`, r being its score, scaled to 0..1 within the query, and j
    running over what has been taken.

    Parameters
    ----------
    recommended : array-like of shape (n_queries, n_candidates), or sequence of sequences
        Candidates, best first, as ``recommend(X, k=100, return_scores=True)`` gives them; None fills short rows.
    scores : array-like of shape (n_queries, n_candidates), or sequence of sequences
        Their scores.
    items : Catalog or array-like of shape (n_items,)
        The catalogue, or its ids.
    vectors : array-like or sparse matrix of shape (n_items, n_features)
        One vector for each item, in the order of `items`.
    k : int, default=10
        How many are chosen.
    lambda_ : float, default=0.7
        The :math:`\lambda` of [1]_, the weight of relevance: from 0 (variety alone) to 1 (the order of the scores).

    Returns
    -------
    ndarray of shape (n_queries, min(k, n_candidates)), dtype=object
        Item ids, best first; None at the end where rows are short.

    Raises
    ------
    ValueError
        If an argument is out of range, shapes differ, an item is not in the catalogue or twice in a list, or a score
        is not finite.

    References
    ----------
    .. [1] Jaime Carbonell, Jade Goldstein. "The use of MMR, diversity-based reranking for reordering documents and
       producing summaries". SIGIR 1998.

    Examples
    --------
    >>> from sklearn_llmtokens.recommend import mmr_rerank
    >>> vectors = [[1.0, 0.0], [1.0, 0.1], [0.0, 1.0]]
    >>> mmr_rerank([["a", "b", "c"]], [[3.0, 2.9, 2.0]], items=["a", "b", "c"], vectors=vectors, k=2, lambda_=0.4)
    array([['a', 'c']], dtype=object)
    """
    candidates = read_candidates(recommended, scores, items, k, {"lambda_": lambda_})
    units = unit_vectors(vectors, len(ids_of(items)))
    n_queries, n_columns = candidates.codes.shape
    n_rows = max(1, _CELLS_A_CHUNK // max(1, n_columns * units.shape[1]))
    chosen = [
        _rerank(Candidates(candidates.codes[i : i + n_rows], candidates.relevance[i : i + n_rows]), units, k, lambda_)
        for i in range(0, n_queries, n_rows)
    ]
    return decode_ids(items, np.concatenate(chosen or [candidates.codes[:, :k]]))


def _rerank(candidates: Candidates, units, k: int, lambda_: float) -> np.ndarray:
    vectors = _gather(units, candidates.codes)  # (n_queries, n_candidates, n_features)
    rows = np.arange(len(vectors))
    nearest = np.full(candidates.codes.shape, -np.inf)

    def gain(step):
        closeness = nearest if step else 0.0
        return lambda_ * candidates.relevance - (1 - lambda_) * closeness

    def update(columns):
        cosine = np.einsum("qcd,qd->qc", vectors, vectors[rows, columns])
        np.maximum(nearest, cosine, out=nearest)

    return choose_greedily(candidates, k, gain, update)


def _gather(units, codes: np.ndarray) -> np.ndarray:
    """Return the vector of each candidate, dense, shape (n_queries, n_candidates, n_features)."""
    flat = units[np.maximum(codes, 0).ravel()]
    dense = flat.toarray() if sparse.issparse(flat) else flat
    return dense.reshape(*codes.shape, units.shape[1])
