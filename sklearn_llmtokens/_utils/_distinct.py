"""Find equal texts, so that each distinct one is cut, embedded or looked up once."""

from collections.abc import Sequence
from itertools import compress

import numpy as np


def distinct(texts: Sequence[str]) -> tuple[list[str], np.ndarray]:
    """Return the distinct texts in order of first appearance, and the index of each text among them.

    Parameters
    ----------
    texts : sequence of str
        The texts.

    Returns
    -------
    distinct : list of str
        Each text once.
    inverse : ndarray of shape (n_texts,), dtype=intp
        ``[distinct[i] for i in inverse]`` gives `texts` again.

    Examples
    --------
    >>> distinct(["好", "坏", "好"])
    (['好', '坏'], array([0, 1, 0]))
    """
    first = first_places(texts)
    is_first = first == np.arange(len(first))
    return list(compress(texts, is_first)), (is_first.cumsum(dtype=np.intp) - 1)[first]


def first_places(texts: Sequence[str | None]) -> np.ndarray:
    """Return the index of the first text equal to each.

    A dict of all texts would take some hundred bytes per text. Sorted hashes, of 8 bytes, show which texts may have a
    duplicate; only these go through a dict.

    Parameters
    ----------
    texts : sequence of str or None
        The texts.

    Returns
    -------
    ndarray of shape (n_texts,), dtype=intp
        ``texts[first[i]] == texts[i]`` for every i, and no smaller number would do.

    Examples
    --------
    >>> first_places(["好", "坏", "好"])
    array([0, 1, 0])
    """
    first = np.arange(len(texts))
    hashes = np.fromiter(map(hash, texts), np.int64, len(texts))
    hashes.sort()
    repeated = set(hashes[1:][hashes[1:] == hashes[:-1]].tolist())
    del hashes
    if repeated:
        seen: dict[str | None, int] = {}
        for i, text in enumerate(texts):
            if hash(text) in repeated:
                first[i] = seen.setdefault(text, i)
    return first
