"""One bar of texts, with tokens a second and the share that came from the store."""

import time
from typing import Any


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
        self.start = time.perf_counter()

    def __enter__(self) -> "Progress":
        if self.verbose:
            from tqdm.auto import tqdm

            self.bar = tqdm(total=self.n_texts, initial=self.n_found, desc="embedding", unit="text")
            self.bar.set_postfix_str(self._postfix())
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
        if self.bar is not None:
            self.bar.set_postfix_str(self._postfix(), refresh=False)
            self.bar.update(n_texts)

    def _postfix(self) -> str:
        rate = self.n_tokens / max(time.perf_counter() - self.start, 1e-9)
        return f"{rate:,.0f} tokens/s, {self.n_found / max(1, self.n_texts):.0%} from the cache"
