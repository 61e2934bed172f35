"""Work items through joblib, results in order: here, in processes, or on the cluster that `parallel_config` names."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ._spec import ForwardSpec, Readout

if TYPE_CHECKING:
    from ._torch import Encoded


def run_shards(
    shards: Sequence[tuple[Sequence[str], Sequence | None]],
    forward: ForwardSpec,
    readouts: Sequence[Readout],
    *,
    device: str,
    batch_tokens: int | str,
    n_jobs: int | None,
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
    device : str
        A torch device.
    batch_tokens : int or "auto"
        Most tokens of a batch.
    n_jobs : int or None
        As in joblib; None is 1 unless `joblib.parallel_config` says otherwise.
    on_batch : callable, optional
        Called with the numbers of sequences and tokens of each batch where the work is done in this process.

    Yields
    ------
    Encoded
        The vectors of each shard, in order.
    """
    from joblib import Parallel, delayed, effective_n_jobs

    if effective_n_jobs(n_jobs) == 1 or len(shards) < 2:
        for texts, spans in shards:
            yield _encode(texts, spans, forward, readouts, device, batch_tokens, on_batch)
        return
    parallel = Parallel(n_jobs=n_jobs, return_as="generator")
    yield from parallel(
        delayed(_encode)(texts, spans, forward, readouts, device, batch_tokens) for texts, spans in shards
    )


def _encode(texts, spans, forward, readouts, device, batch_tokens, on_batch=None):
    from ._torch import encode

    return encode(texts, spans, forward, readouts, device, batch_tokens, on_batch)
