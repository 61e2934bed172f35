"""What a regression from the events before each event onto that event needs: two matrices of items by items.

Every event but the first of a sequence is a row: a weighted sum of the events before it, and the item that it is of.
The rows are never written down, because they are as many numbers as the square of the lengths. Weights that decay from
event to event have closed forms, which a loop over distances adds up.
"""

import numpy as np
from scipy import sparse
from scipy.linalg import solve_banded

from ._histories import Histories

_MOST_DISTANT = 1000  # events, as in other models of pairs: one visitor who opened every page is a million pairs
_NEGLIGIBLE = 1e-3  # weight beside that of the latest event
_MOST_DENSE = 5000  # items, of which a dense table of float64 is 200 MB
_ENTRIES_AT_ONCE = 8_000_000


def prefix_products(
    sequences: Histories,
    n_items: int,
    decay: float,
    session_weight: float = 1.0,
    session_gap: float | None = None,
    *,
    row_weights: np.ndarray | None = None,
    again: bool = False,
) -> tuple[sparse.csr_array, sparse.csr_array]:
    """Compute ``S^T S`` and ``S^T T`` of the rows "events so far, next item".

    In the row of event `t`, an earlier event `p` has the weight ``decay ** (t - p - 1)``, times `session_weight` if `t`
    is of a later session. `T` has 1 at the item of `t`. Where events have weights, both are multiplied with them.

    Parameters
    ----------
    sequences : Histories
        Training sequences.
    n_items : int
        Number of items.
    decay : float
        In (0, 1].
    session_weight : float, default=1.0
        Weight of an event of an earlier session than that of the next item.
    session_gap : float, default=None
        Time between two events after which a session begins; None, or no times: everything is one session.
    row_weights : ndarray of shape (n_events,), default=None
        How much the row of each event counts in both products; None is 1.
    again : bool, default=False
        Whether an item that comes again counts as following itself.

    Returns
    -------
    gram : sparse array of shape (n_items, n_items), dtype=float64
        ``S^T S``, symmetric.
    targets : sparse array of shape (n_items, n_items), dtype=float64
        ``S^T T``, column `j` of those that followed by item `j`.

    Examples
    --------
    >>> gram, targets = prefix_products(Histories(np.array([0, 3]), np.array([0, 1, 2])), 3, 0.5)
    >>> gram.toarray()  # of the rows (1, 0, 0) and (0.5, 1, 0)
    array([[1.25, 0.5 , 0.  ],
           [0.5 , 1.  , 0.  ],
           [0.  , 0.  , 0.  ]])
    >>> targets.toarray()  # of their next items 1 and 2
    array([[0. , 1. , 0.5],
           [0. , 0. , 1. ],
           [0. , 0. , 0. ]])
    """
    items, sessions = sequences.item_idx, _sessions(sequences, session_gap)
    n_events, n_before, n_after = len(items), -sequences.ages - 1, sequences.ages
    n_before = n_before + np.repeat(sequences.lengths, sequences.lengths)
    weights = np.ones(n_events) if sequences.weights is None else sequences.weights
    row_weights = np.ones(n_events) if row_weights is None else row_weights
    whole = _later_rows(row_weights, n_after[:-1] > 0, decay)
    own = _later_rows(row_weights, np.diff(sessions) == 0, decay)
    later = 1.0 if session_gap is None or sequences.times is None else float(session_weight)
    bonus = 1.0 - later  # of an event of the same session
    gram, targets = _Table(n_items), _Table(n_items)
    for distance in range(min(_reach(decay), int(n_before.max(initial=-1)) + 1)):
        second = np.flatnonzero(n_before >= distance)
        first = second - distance
        same = sessions[first] == sessions[second]
        factor = decay**distance * weights[first] * weights[second]
        shared = later**2 * whole[second] + bonus * (later * (1 + same) + bonus * same) * own[second]
        gram.add(items[first], items[second], factor * shared)
        if distance:
            gram.add(items[second], items[first], factor * shared)
            counts = again | (items[first] != items[second])
            values = factor / decay * (later + bonus * same) * row_weights[second]
            targets.add(items[first][counts], items[second][counts], values[counts])
    return gram.matrix(), targets.matrix()


def _reach(decay: float) -> int:
    """Return at what distance the weight of an event is negligible."""
    return _MOST_DISTANT if decay == 1 else min(_MOST_DISTANT, 1 + int(np.ceil(np.log(_NEGLIGIBLE) / np.log(decay))))


def _sessions(sequences: Histories, gap: float | None) -> np.ndarray:
    """Return the number of the session of each event; no two sequences share one."""
    starts = np.zeros(len(sequences.item_idx), dtype=bool)
    starts[sequences.indptr[:-1][sequences.lengths > 0]] = True
    if gap is not None and sequences.times is not None:
        with np.errstate(invalid="ignore"):
            starts[1:] |= np.diff(sequences.times) > gap  # False where a time is not known
    return np.cumsum(starts)


def _later_rows(row_weights: np.ndarray, is_joined: np.ndarray, decay: float) -> np.ndarray:
    """Return the squared weights of each event, summed over the rows of those that come after it.

    Parameters
    ----------
    row_weights : ndarray of shape (n_events,)
        How much the row of each event counts.
    is_joined : ndarray of shape (n_events - 1,), dtype=bool
        Whether the event and the next one are of one sequence, or of one session.
    decay : float
        Factor by which an event weighs less from row to row.

    Returns
    -------
    ndarray of shape (n_events,), dtype=float64
        The sums: ``sums[p] = row_weights[p + 1] + decay ** 2 * sums[p + 1]`` where both are joined, and 0 elsewhere.

    Examples
    --------
    >>> _later_rows(np.array([1.0, 1.0, 3.0, 1.0]), np.array([True, True, False]), 0.5)
    array([1.75, 3.  , 0.  , 0.  ])
    """
    sums = np.zeros(len(row_weights))
    if len(sums) > 1:
        bands = np.ones((2, len(sums)))
        bands[0, 1:] = -(decay**2) * is_joined
        sums[:-1] = is_joined * solve_banded((0, 1), bands, row_weights)[1:]
    return sums


class _Table:
    """A square matrix that numbers are added to: dense for few items, sparse for many."""

    def __init__(self, n_items: int):
        self._n_items = n_items
        self._dense = np.zeros(n_items * n_items) if n_items <= _MOST_DENSE else None
        self._waiting: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        self._n_waiting = 0
        self._total = sparse.csr_array((n_items, n_items), dtype=np.float64)

    def add(self, rows: np.ndarray, columns: np.ndarray, values: np.ndarray) -> None:
        if self._dense is not None:
            np.add.at(self._dense, rows * self._n_items + columns, values)
            return
        self._waiting.append((rows, columns, values))
        self._n_waiting += len(values)
        if self._n_waiting > _ENTRIES_AT_ONCE:
            self._merge()

    def matrix(self) -> sparse.csr_array:
        if self._dense is not None:
            return sparse.csr_array(self._dense.reshape(self._n_items, self._n_items))
        self._merge()
        return self._total

    def _merge(self) -> None:
        if self._waiting:
            rows, columns, values = (np.concatenate(part) for part in zip(*self._waiting, strict=True))
            added = sparse.csr_array((values, (rows, columns)), shape=self._total.shape)
            self._total = sparse.csr_array(self._total + added)
            self._waiting, self._n_waiting = [], 0
