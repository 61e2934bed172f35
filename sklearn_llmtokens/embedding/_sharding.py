"""Work items through joblib, results in order: here, in processes, or on the cluster that `parallel_config` names."""

import pickle
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from ._spec import ForwardSpec, Readout

if TYPE_CHECKING:
    from ._torch import Encoded

# A shard during which its worker is killed is sent again this many times; what kills every worker is not sent for ever.
_RETRIES = 3

_held: ContextVar[dict | None] = ContextVar("held", default=None)


class Workers:
    """Where shards are encoded: this process, or workers that stay for as long as this is open.

    Each worker process loads the model once. It would load it again for every call of `joblib.Parallel` where a backend
    starts new processes for each, as Ray's does: so one call's workers serve all shards, and `hold_workers` keeps them
    for several calls.

    Parameters
    ----------
    n_jobs : int or None
        As in joblib; None is 1 unless `joblib.parallel_config` says otherwise.
    """

    def __init__(self, n_jobs: int | None):
        from joblib import effective_n_jobs
        from joblib.parallel import get_active_backend

        self.n_jobs = n_jobs
        self.n_workers = effective_n_jobs(n_jobs)
        # Another library's backend is a cluster, whose machines may have what this one lacks: one shard goes there too.
        self.elsewhere = n_jobs != 1 and not type(get_active_backend()[0]).__module__.startswith("joblib._parallel")
        self._parallel = None

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, *error) -> None:
        self.close()

    def close(self) -> None:
        """Let the workers go."""
        if self._parallel is not None:
            parallel, self._parallel = self._parallel, None
            parallel.__exit__(None, None, None)

    def run(self, items: Sequence[bytes]) -> Iterator:
        """Do work items, and those of a worker that was lost once more.

        Parameters
        ----------
        items : sequence of bytes
            Pickled arguments of ``_encode``.

        Yields
        ------
        Encoded
            One an item, in order.
        """
        from joblib import delayed

        n_done = retries = 0
        while n_done < len(items):
            results: Iterator = iter(())
            try:
                results = iter(self._open()(delayed(_work)(item) for item in items[n_done:]))
                # What goes wrong with a text comes back as a value: what is raised here is the loss of a worker.
                for value, error in results:
                    n_done, retries = n_done + 1, 0
                    if error is not None:
                        raise _Failed(error)
                    yield value
            except BaseException as error:
                self._abandon(results)
                if isinstance(error, _Failed):
                    raise error.error from None
                retries += 1
                if retries > _RETRIES or isinstance(error, ImportError) or not isinstance(error, Exception):
                    raise
                _warn_lost(error, len(items) - n_done)

    def _abandon(self, results: Iterator) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # joblib's, that there are results which nobody reads
            getattr(results, "close", lambda: None)()
            self.close()

    def _open(self):
        if self._parallel is None:
            from joblib import Parallel
            from joblib.parallel import get_active_backend

            streams = get_active_backend()[0].supports_return_generator
            parallel = Parallel(
                n_jobs=self.n_jobs, batch_size=1, pre_dispatch="all", return_as="generator" if streams else "list"
            )
            self._parallel = parallel.__enter__()
        return self._parallel


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
    """Give workers for the length of the block, or those that `hold_workers` holds.

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
        with Workers(n_jobs) as workers:
            yield workers
        return
    if n_jobs not in held:
        held[n_jobs] = held["stack"].enter_context(Workers(n_jobs))
    yield held[n_jobs]


def run_shards(
    shards: Sequence[tuple[Sequence[str], Sequence | None]],
    forward: ForwardSpec,
    readouts: Sequence[Readout],
    workers: Workers,
    *,
    device: str,
    batch_tokens: int | str,
    on_batch=None,
) -> "Iterator[Encoded]":
    """Encode shards of texts.

    Parameters
    ----------
    shards : sequence of (texts, spans)
        Distinct texts, and the weighted words of each or None.
    forward : ForwardSpec
        What goes through the model. It travels to the workers with the texts; weights never do.
    readouts : sequence of Readout
        What is taken.
    workers : Workers
        Who does it.
    device : str
        A torch device, or "auto", which each worker settles for its own machine.
    batch_tokens : int or "auto"
        Most tokens of a batch.
    on_batch : callable, optional
        Called with the numbers of sequences and tokens of each batch where the work is done in this process.

    Yields
    ------
    Encoded
        The vectors of each shard, in order.

    Raises
    ------
    TypeError
        If something cannot travel to a worker. Nothing has been sent then: some clusters wait for ever for what does
        not arrive.
    """
    if not workers.elsewhere and (workers.n_workers == 1 or len(shards) < 2):
        for texts, spans in shards:
            yield _encode(texts, spans, forward, readouts, device, batch_tokens, on_batch)
        return
    yield from workers.run([_pack((texts, spans, forward, readouts, device, batch_tokens)) for texts, spans in shards])


def _pack(arguments: tuple) -> bytes:
    try:
        return pickle.dumps(arguments, protocol=pickle.HIGHEST_PROTOCOL)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise TypeError(
            f"The work cannot be sent to other processes ({str(error)[:200]}): texts, settings and the weights of "
            "words must be plain values. Use n_jobs=1 to do it in this process."
        ) from error


def _work(item: bytes) -> tuple:
    """Encode a shard in a worker; give its vectors or the complaint."""
    try:
        return _encode(*pickle.loads(item)), None
    except Exception as error:
        return None, _portable(error)


def _encode(texts, spans, forward, readouts, device, batch_tokens, on_batch=None):
    from ._torch import encode

    return encode(texts, spans, forward, readouts, device, batch_tokens, on_batch)


def _portable(error: Exception) -> Exception:
    """Give an exception that survives the way back, with the place where it was raised as a note."""
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
        f"A worker was lost ({type(error).__name__}: {reason}); {n_items} shard(s) of texts are sent again.",
        RuntimeWarning,
        stacklevel=2,
    )


class _Failed(Exception):
    """Carries the complaint of a shard past those of the engine."""

    def __init__(self, error: Exception):
        super().__init__(str(error))
        self.error = error
