"""Contributions of any model, approximately: how its scores change once a word is taken out."""

from collections.abc import Callable, Sequence

import numpy as np


def occlude(
    compute: Callable[[list[tuple[str, ...]]], np.ndarray], texts: Sequence[str], units: Sequence[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Score a row with each of its words taken out, in one batch.

    Parameters
    ----------
    compute : callable
        Takes a list of variants, each a tuple of the texts of the row, and returns the scores (n_variants, n_outputs).
    texts : sequence of str
        The texts of the row.
    units : sequence of ndarray of shape (n_units, 2)
        The words of each text.

    Returns
    -------
    contributions : ndarray of shape (n_units of all texts, n_outputs)
        Score of the row less that without the word (Zeiler and Fergus 2014, arXiv:1311.2901).
    scores : ndarray of shape (n_outputs,)
        The scores of the row.

    Examples
    --------
    >>> compute = lambda variants: np.array([[len(text)] for text, in variants])
    >>> occlude(compute, ["abc de"], [np.array([[0, 3], [4, 6]])])
    (array([[3],
           [2]]), array([6]))
    """
    variants = [tuple(texts)]
    for i, spans in enumerate(units):
        for start, end in spans.tolist():
            without = texts[i][:start] + texts[i][end:]
            variants.append((*texts[:i], without, *texts[i + 1 :]))
    found = compute(variants)
    return found[0] - found[1:], found[0]
