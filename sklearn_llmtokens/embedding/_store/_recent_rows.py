"""Rows that a process has read from a file lately: the folds of a search ask for the same ones a hundred times."""

from collections import OrderedDict
from collections.abc import Iterable, Sequence

from ._rows import ENTRY_BYTES, bytes_from_environment

RECENT_LIMIT_VARIABLE = "SKLEARN_LLMTOKENS_RECENT_BYTES"
DEFAULT_RECENT_BYTES = 64 * 2**20


def recent_limit() -> int:
    """Return the bytes of a file that are kept in memory.

    Returns
    -------
    int
        From the environment, or 64 MiB.
    """
    return bytes_from_environment(RECENT_LIMIT_VARIABLE, DEFAULT_RECENT_BYTES)


class RecentRows:
    """A bounded part of a file in memory; who holds it sees to it that the file still says the same.

    The rows that came first go first: a search comes back to rows in the order in which it read them, which is the
    order in which a least-recently-used bound would drop them as well.
    """

    def __init__(self) -> None:
        self._rows: OrderedDict[bytes, bytes] = OrderedDict()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._rows)

    def take(self, ids: Iterable[bytes]) -> list[bytes | None]:
        """Give the rows that are here, and None for the others.

        Parameters
        ----------
        ids : iterable of bytes
            Row ids.

        Returns
        -------
        list of bytes or None
            One for each id.
        """
        return list(map(self._rows.get, ids))

    def keep(self, ids: Sequence[bytes], blobs: Sequence[bytes]) -> None:
        """Take rows in, and drop the oldest that are too many.

        Parameters
        ----------
        ids : sequence of bytes
            Row ids, each once.
        blobs : sequence of bytes
            Their vectors.
        """
        limit = recent_limit()
        if not self._rows.keys().isdisjoint(ids):
            self.drop(ids)
        if not limit and not self._rows:
            return
        self._rows.update(zip(ids, blobs, strict=True))
        self._bytes += sum(map(len, blobs)) + ENTRY_BYTES * len(blobs)
        while self._bytes > limit:
            _, blob = self._rows.popitem(last=False)
            self._bytes -= len(blob) + ENTRY_BYTES

    def drop(self, ids: Iterable[bytes]) -> None:
        """Drop rows that have changed.

        Parameters
        ----------
        ids : iterable of bytes
            Row ids, here or not.
        """
        for row_id in ids:
            blob = self._rows.pop(row_id, None)
            if blob is not None:
                self._bytes -= len(blob) + ENTRY_BYTES

    def clear(self) -> None:
        """Drop all rows."""
        self._rows.clear()
        self._bytes = 0
