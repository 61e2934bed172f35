"""A bar of rows that is drawn each second, also while one call of the model takes longer."""

import threading
import time
from contextvars import copy_context
from typing import Any

# A run that is over before this has no bar.
DELAY_SECONDS = 1.0
_TICK_SECONDS = 1.0


class RowsBar:
    """Count rows; a thread draws the bar.

    Parameters
    ----------
    n_rows : int
        Rows in all.
    n_done : int
        Rows that an earlier run has done.
    verbose : int
        Whether a bar is shown.
    """

    def __init__(self, n_rows: int, n_done: int, verbose: int):
        self._n_rows, self._n_done, self._n = n_rows, n_done, float(n_done)
        self._is_shown = bool(verbose) and n_done < n_rows
        self._start = time.monotonic()
        self._end = threading.Event()
        self._thread = threading.Thread(target=copy_context().run, args=(self._draw_each_second,), daemon=True)

    def __enter__(self) -> "RowsBar":
        if self._is_shown:
            self._thread.start()
        return self

    def __exit__(self, *error) -> None:
        if self._is_shown:
            self._end.set()
            self._thread.join()

    def set(self, n_rows: float) -> None:
        """Set how many rows are done, a part of a slice included."""
        self._n = n_rows

    @property
    def n(self) -> float:
        """Rows that are done."""
        return self._n

    def _draw_each_second(self) -> None:
        from tqdm.auto import tqdm

        is_over = self._end.wait(DELAY_SECONDS)
        if is_over and time.monotonic() - self._start < DELAY_SECONDS:
            return
        bar: Any = None
        try:
            # tqdm keeps its lock where a write fails: the bar is drawn without it, by this thread alone.
            bar = tqdm(total=self._n_rows, initial=self._n_done, desc="embedding", unit="row", delay=1e-9)
            bar.start_t -= time.monotonic() - self._start
            while True:
                bar.n = int(self._n)
                bar.refresh(nolock=True)
                if is_over:
                    break
                is_over = self._end.wait(_TICK_SECONDS)
            bar.close()
        except OSError:  # nobody reads standard error any more: the work goes on without a bar
            if bar is not None:
                bar.disable = True
