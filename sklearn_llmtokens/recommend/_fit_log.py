"""What a fit is doing and how long it took, as lines on standard error, where `verbose` asks for it."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class FitLog:
    """Lines of one fit.

    Attributes
    ----------
    verbose : int
        0 for no lines.
    name : str
        What is fitted, at the beginning of each line.
    """

    verbose: int
    name: str

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """Write what begins, and its seconds once it has ended."""
        start = time.perf_counter()
        self._write(f"{what} ...")
        yield
        self._write(f"{what}: {time.perf_counter() - start:.1f} s")

    def _write(self, line: str) -> None:
        if self.verbose:
            from tqdm.auto import tqdm

            tqdm.write(f"[{self.name}] {line}", file=sys.stderr)  # beside the bars of embedders
