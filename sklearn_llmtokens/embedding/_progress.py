"""One bar of texts, with tokens a second and the share that came from the cache."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

# A call that is over before this has no bar.
DELAY_SECONDS = 1.0

_listener: ContextVar[Callable[[float], None] | None] = ContextVar("listener", default=None)


@contextmanager
def listen(hear: Callable[[float], None]) -> Iterator[None]:
    """Call `hear` with the share of the texts that are done, from 0 to 1, after each batch of calls in this context.

    Parameters
    ----------
    hear : callable
        Gets a float.
    """
    token = _listener.set(hear)
    try:
        yield
    finally:
        _listener.reset(token)


class Progress:
    """A progress bar that is silent unless asked for.

    Parameters
    ----------
    n_texts : int
        Distinct texts in all.
    n_found : int
        Those that the store had.
    verbose : int
        Whether a bar is shown.
    """

    def __init__(self, n_texts: int, n_found: int, verbose: int):
        self.n_texts, self.n_found, self.n_tokens = n_texts, n_found, 0
        self.verbose, self.shown = verbose, 0
        self.bar: Any = None
        self.n_done, self.hear = n_found, _listener.get()
        self.start = time.perf_counter()

    def __enter__(self) -> "Progress":
        if self.verbose:
            from tqdm.auto import tqdm

            options = {"desc": "embedding", "unit": "text", "delay": DELAY_SECONDS}
            self.bar = tqdm(total=self.n_texts, initial=self.n_found, **options)
        return self

    def __exit__(self, *error) -> None:
        if self.bar is not None:
            self.bar.close()

    def batch(self, n_sequences: int, n_tokens: int) -> None:
        """Count a batch that was run in this process."""
        self.n_tokens += n_tokens
        self.shown += n_sequences
        self._advance(n_sequences)

    def chunk(self, n_texts: int, n_tokens: int) -> None:
        """Count what no batch has counted: a shard that a worker did, or texts without a sequence of their own."""
        if not self.shown:
            self.n_tokens += n_tokens
        self._advance(n_texts - self.shown)
        self.shown = 0

    def found(self, n_texts: int) -> None:
        """Count texts that another thread or process has stored in the meantime."""
        self.n_found += n_texts
        self._advance(n_texts)

    def _advance(self, n_texts: int) -> None:
        self.n_done += n_texts
        if self.hear is not None:
            self.hear(min(1.0, self.n_done / max(1, self.n_texts)))
        if self.bar is not None:
            self.bar.set_postfix_str(self._postfix(), refresh=False)
            self.bar.update(n_texts)

    def _postfix(self) -> str:
        rate = self.n_tokens / max(time.perf_counter() - self.start, 1e-9)
        return f"{rate:,.0f} tokens/s, {self.n_found / max(1, self.n_texts):.0%} from the cache"
