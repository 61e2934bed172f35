"""Rows of a text file in batches that fit into memory, and the texts that are missing in them."""

from collections.abc import Callable, Iterator
from typing import Any

_ROWS = 16_384
_CHARACTERS = 1 << 26


def batched(rows: Iterator[tuple[int, Any]], size: Callable[[Any], int]) -> Iterator[list[tuple[int, Any]]]:
    """Gather rows until they are many or long.

    Parameters
    ----------
    rows : iterator of (int, row)
        The number of a line, and the row that ends there.
    size : callable
        Returns the number of characters of a row.

    Yields
    ------
    list of (int, row)
        At least one.
    """
    batch: list[tuple[int, Any]] = []
    n_characters = 0
    for line, row in rows:
        batch.append((line, row))
        n_characters += size(row)
        if len(batch) == _ROWS or n_characters > _CHARACTERS:
            yield batch
            batch, n_characters = [], 0
    if batch:
        yield batch


def count_missing(missing: dict[str, tuple[int, int]], name: str, texts: list, lines: list[int]) -> None:
    """Add the missing texts of a batch to those before it.

    Parameters
    ----------
    missing : dict of str to (int, int)
        By column, the number of missing texts and the line of the first.
    name : str
        The column.
    texts : list of str or None
        Its texts.
    lines : list of int
        Their lines.
    """
    n_missing = texts.count(None)
    if n_missing:
        before, first = missing.get(name, (0, lines[texts.index(None)]))
        missing[name] = (before + n_missing, first)
