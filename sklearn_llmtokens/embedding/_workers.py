"""Chunks of texts through joblib, results in order: here, in processes, or on the cluster `parallel_config` names."""

import pickle
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..exceptions import NonFiniteVectorError, OutOfMemoryError, TextTooLongError
from ._encoded import Encoded
from ._encoders import load_encoder
from ._spec import ForwardSpec, Readout
from ._unique_texts import Texts

OF_ONE_TEXT = (TextTooLongError, OutOfMemoryError, NonFiniteVectorError)

# A chunk whose worker is killed is sent again this many times: one that kills every worker is not sent without end.
_RETRIES = 3

_held: ContextVar[dict | None] = ContextVar("held", default=None)


@dataclass(frozen=True)
class Resources:
    """What a forward pass may use; nothing of it changes a vector.

    Attributes
    ----------
    device : str
        A torch device, or "auto", which each process resolves on its own machine.
    batch_tokens : int or "auto"
        Most tokens of a batch.
    n_jobs : int or None
        Workers, as in joblib.
    verbose : int
        Whether a progress bar is shown.
    """

    device: str
    batch_tokens: int | str
    n_jobs: int | None
    verbose: int


@dataclass(frozen=True)
class Chunk:
    """Unique texts that are encoded together.

    Attributes
    ----------
    texts : Texts
        All texts of the call.
    idx : ndarray of shape (n_texts,), dtype=intp
        Those of the chunk.
    """

    texts: Texts
    idx: np.ndarray

    def take(self) -> tuple[list[str], list | None]:
        """Return the texts of the chunk, and their weighted words or None."""
        return self.texts.take(self.idx)

    @contextmanager
    def naming_its_texts(self) -> Iterator[None]:
        """Put the place of the text before the message of an error that says which text it is about."""
        try:
            yield
        except OF_ONE_TEXT as error:
            where = self.texts.where(int(self.idx[error.index]))  # type: ignore[union-attr]
            raise type(error)(f"{where} {error}") from error


class Workers:
    """Where chunks are encoded: this process, or workers that stay for as long as this is open.

    Each worker process loads the model once. It would load it again for every call of `joblib.Parallel` where a backend
    starts new processes for each, as Ray's does: so one call's workers serve all chunks, and `hold_workers` keeps them
    for several calls.

    Parameters
    ----------
    n_jobs : int or None
        As in joblib; None is 1 unless `joblib.parallel_config` says otherwise.
    """

    def __init__(self, n_jobs: int | None):
        from joblib import effective_n_jobs
        from joblib.parallel import get_active_backend

        from .._utils._joblib import is_of_joblib

        self.n_jobs = n_jobs
        self.n_workers = effective_n_jobs(n_jobs)
        # Another library's backend is a cluster, whose machines may have what this one lacks: one chunk goes there too.
        self.on_cluster = n_jobs != 1 and not is_of_joblib(get_active_backend()[0])
        self._parallel: Any = None

    def close(self) -> None:
        """Let the workers go."""
        if self._parallel is not None:
            parallel, self._parallel = self._parallel, None
            parallel.__exit__(None, None, None)

    def run(
        self,
        chunks: Sequence[Chunk],
        forward: ForwardSpec,
        readouts: Sequence[Readout],
        resources: Resources,
        finish: Callable[[np.ndarray, Encoded], None],
        on_batch: Callable[[int, int], None] | None = None,
    ) -> None:
        """Encode chunks, and those of a worker that was lost once more.

        Parameters
        ----------
        chunks : sequence of Chunk
            Unique texts.
        forward : ForwardSpec
            What goes through the model. It travels to the workers with the texts; weights never do.
        readouts : sequence of Readout
            What is taken.
        resources : Resources
            Device and batches.
        finish : callable
            Called with the indices of a chunk and its vectors, in order, as soon as these are there.
        on_batch : callable, default=None
            Called with the numbers of sequences and tokens of each batch that is run in this process.

        Raises
        ------
        TypeError
            If something cannot travel to a worker. Nothing has been sent then: some clusters wait without end for what
            does not arrive.
        """
        if not chunks:
            return
        if not self.on_cluster and (self.n_workers == 1 or len(chunks) < 2):
            encoder = load_encoder(forward, resources.device, resources.batch_tokens)
            for chunk in chunks:
                texts, spans = chunk.take()
                with chunk.naming_its_texts():
                    encoded = encoder.encode(texts, readouts, spans, on_batch)
                finish(chunk.idx, encoded)
            return
        settings = forward, tuple(readouts), resources.device, resources.batch_tokens
        items = [_pack((*chunk.take(), *settings)) for chunk in chunks]
        n_done = n_lost = 0
        results: Iterator | None = None
        try:
            while n_done < len(items):
                try:
                    results = results or self._send(items[n_done:])
                    encoded, error = next(results)
                except Exception as lost:  # what goes wrong with a text comes back as a value
                    n_lost += 1
                    if n_lost > _RETRIES or isinstance(lost, ImportError):
                        raise
                    self._abandon(results)
                    results = None
                    _warn_lost(lost, len(items) - n_done)
                    continue
                if error is not None:
                    with chunks[n_done].naming_its_texts():
                        raise error
                finish(chunks[n_done].idx, encoded)
                n_done, n_lost = n_done + 1, 0
            for _ in results or ():  # workers that are kept are ready for more only after the end
                pass
        except BaseException:
            self._abandon(results)
            raise

    def _send(self, items: Sequence[bytes]) -> Iterator:
        from joblib import Parallel, delayed
        from joblib.parallel import get_active_backend

        if self._parallel is None:
            streams = get_active_backend()[0].supports_return_generator
            parallel = Parallel(
                n_jobs=self.n_jobs, batch_size=1, pre_dispatch="all", return_as="generator" if streams else "list"
            )
            self._parallel = parallel.__enter__()
        return iter(self._parallel(delayed(_work)(item) for item in items))

    def _abandon(self, results: Iterator | None) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # joblib's, that there are results which nobody reads
            getattr(results, "close", lambda: None)()
            self.close()


@contextmanager
def hold_workers() -> Iterator[None]:
    """Keep the workers of all calls inside the block, and their models with them, until its end."""
    with ExitStack() as stack:
        token = _held.set({"stack": stack})
        try:
            yield
        finally:
            _held.reset(token)


@contextmanager
def open_workers(n_jobs: int | None) -> Iterator[Workers]:
    """Open workers for the length of the block, or take those that `hold_workers` keeps.

    Parameters
    ----------
    n_jobs : int or None
        As in joblib.

    Yields
    ------
    Workers
        The workers.
    """
    held = _held.get()
    if held is None:
        with closing(Workers(n_jobs)) as workers:
            yield workers
        return
    if n_jobs not in held:
        held[n_jobs] = held["stack"].enter_context(closing(Workers(n_jobs)))
    yield held[n_jobs]


def _pack(arguments: tuple) -> bytes:
    try:
        return pickle.dumps(arguments, protocol=pickle.HIGHEST_PROTOCOL)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise TypeError(
            f"The work cannot be sent to other processes ({str(error)[:200]}): texts, settings and the weights of "
            "words must be plain values. Use n_jobs=1 to do it in this process."
        ) from error


def _work(item: bytes) -> tuple:
    """Encode a chunk in a worker; return its vectors or the error."""
    try:
        return _encode(*pickle.loads(item)), None
    except Exception as error:
        return None, _portable(error)


def _encode(texts, spans, forward, readouts, device, batch_tokens) -> Encoded:
    return load_encoder(forward, device, batch_tokens).encode(texts, readouts, spans)


def _portable(error: Exception) -> Exception:
    """Return an exception that survives the way back, with the place where it was raised as a note."""
    where = f"In a worker:\n{''.join(traceback.format_exception(error))}"
    try:
        copy = pickle.loads(pickle.dumps(error))
    except Exception:
        copy = RuntimeError(f"{type(error).__name__}: {error}")
    copy.add_note(where)
    return copy


def _warn_lost(error: Exception, n_items: int) -> None:
    reason = str(error).partition("\n")[0]
    warnings.warn(
        f"A worker was lost ({type(error).__name__}: {reason}); {n_items} chunk(s) of texts are sent again.",
        RuntimeWarning,
        stacklevel=3,
    )
