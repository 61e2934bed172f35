"""How many rows are embedded at once, so that what is kept every few seconds is never far behind."""

from collections.abc import Sequence

_SECONDS = 2.5
# A text costs its characters, up to what most models read, and something for itself.
_TEXT_COST, _MOST_CHARACTERS = 16, 2_000
_FIRST_COST = 512
_MOST_GROWTH = 4
# The slowest slice of late bounds the next one: texts that came from a cache say nothing of those to come.
_SECONDS_AT_THE_SLOWEST, _FORGET = 6.0, 0.9


class Pace:
    """Cut rows into slices that take two or three seconds each, whatever the model and the lengths of the texts."""

    def __init__(self) -> None:
        self._budget = float(_FIRST_COST)
        self._slowest: float | None = None  # seconds per unit of cost; unknown until the model is loaded

    def cut(self, columns: Sequence[Sequence], start: int) -> tuple[int, int]:
        """Choose the next slice.

        Parameters
        ----------
        columns : sequence of sequence of str or None
            The texts of the rows, by column.
        start : int
            The first row of the slice.

        Returns
        -------
        stop : int
            One past the last row of the slice, which has at least one.
        cost : int
            What its distinct texts cost.
        """
        seen, cost, n_rows = set[str](), 0, len(columns[0])
        for row in range(start, n_rows):
            texts = {column[row] for column in columns if isinstance(column[row], str)} - seen
            more = sum(_TEXT_COST + min(len(text), _MOST_CHARACTERS) for text in texts)
            if row > start and cost + more > self._budget:
                return row, cost
            seen |= texts
            cost += more
        return n_rows, cost

    def learn(self, cost: int, seconds: float) -> None:
        """Set the size of the next slices by the time that one took.

        Parameters
        ----------
        cost : int
            From `cut`.
        seconds : float
            What it took.
        """
        pace = max(seconds, 1e-6) / max(cost, 1)
        is_first = self._slowest is None
        self._slowest = 0.0 if is_first else max(pace, _FORGET * (self._slowest or 0.0))
        if cost < self._budget / 2 and seconds < _SECONDS:
            return  # the end of a batch: too little to learn from
        most = _SECONDS_AT_THE_SLOWEST / self._slowest if self._slowest else self._budget * _MOST_GROWTH
        self._budget = max(1.0, min(_SECONDS / pace, most, self._budget * _MOST_GROWTH))
