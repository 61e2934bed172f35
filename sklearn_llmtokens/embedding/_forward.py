"""Distinct texts -> look-up -> shards of misses -> the model -> store -> rows."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ..exceptions import NonFiniteVectorError, OutOfMemoryError, TextTooLongError
from ._batches import total_order
from ._cells import Texts
from ._progress import Progress
from ._sharding import Workers, open_workers, run_shards
from ._spec import EmbeddingSpec, ForwardSpec, Readout
from ._store import Store
from ._unread import Unread

if TYPE_CHECKING:
    from ._torch import Encoded, TextTokens

# A shard is what is computed, stored and perhaps sent to a worker at once: an interrupted run loses no more than one.
_SHARD_TEXTS = 1024
_SHARD_CHARACTERS = 1 << 20
_READ_ROWS = 4096

_OF_ONE_TEXT = (TextTooLongError, OutOfMemoryError, NonFiniteVectorError)


@dataclass(frozen=True)
class Resources:
    """What a forward pass may use; nothing of it changes a vector.

    Attributes
    ----------
    device : str
        A torch device, or "auto", which each process settles for its own machine.
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


def embed_distinct(
    texts: Texts, spec: EmbeddingSpec, store: Store, resources: Resources, out: np.ndarray, homes: np.ndarray
) -> None:
    """Write the vectors of distinct texts, from the store where it has them and from the model where it has not.

    Parameters
    ----------
    texts : Texts
        The texts.
    spec : EmbeddingSpec
        Everything that changes a vector.
    store : Store
        Where vectors are kept.
    resources : Resources
        Device, batches, workers.
    out : ndarray of shape (n_rows, n_features)
        Gets the vectors; nothing else of their size is held in memory.
    homes : ndarray of shape (n_texts,)
        The row of `out` for each text.

    Raises
    ------
    TextTooLongError, OutOfMemoryError, NonFiniteVectorError
        If a text cannot be embedded; the message names its place.

    Warns
    -----
    TruncationWarning, UnknownTokenWarning
        Once each, with the number of texts that were cut, and of those that are mostly unknown to the vocabulary.
    """
    namespace = spec.digest()

    def look_up(idx: Sequence[int], keys: Sequence[bytes], again: bool = False) -> np.ndarray:
        return _read(store, namespace, keys, out, homes[idx], again, texts, idx)

    is_missing = np.ones(len(texts.texts), dtype=bool)
    for start in range(0, len(is_missing), _READ_ROWS):
        idx = range(start, min(start + _READ_ROWS, len(is_missing)))
        is_missing[start : idx.stop] = ~look_up(idx, texts.keys(idx))
    missing = np.flatnonzero(is_missing)
    look_again = partial(look_up, again=True)
    for shard, encoded in _embed_missing(texts, missing, spec.forward, [spec.readout], store, resources, look_again):
        _write(out, homes[shard], encoded.vectors[0], texts, shard)


def embed_into(
    texts: Texts, forward: ForwardSpec, readouts: Sequence[Readout], store: Store, resources: Resources
) -> tuple[int, int]:
    """Put into a store what several readouts take from one forward pass per text.

    Parameters
    ----------
    texts : Texts
        Distinct texts.
    forward : ForwardSpec
        What goes through the model.
    readouts : sequence of Readout
        What is taken. A text goes through the model if one of them is not in the store.
    store : Store
        Where vectors are kept.
    resources : Resources
        Device, batches, workers.

    Returns
    -------
    n_encoded, n_tokens : int
        Texts and tokens that went through the model.

    Raises
    ------
    TextTooLongError, OutOfMemoryError, NonFiniteVectorError
        If a text cannot be embedded; the message names its place.

    Warns
    -----
    TruncationWarning, UnknownTokenWarning
        Once each, with the number of texts that were cut, and of those that are mostly unknown to the vocabulary.
    """
    namespaces = [EmbeddingSpec(forward, readout).digest() for readout in readouts]

    def look_up(idx: Sequence[int], keys: Sequence[bytes]) -> np.ndarray:
        return np.all(store.contains(namespaces, keys), axis=0)

    n_encoded = n_tokens = 0
    everything = np.arange(len(texts.texts))
    for shard, encoded in _embed_missing(texts, everything, forward, readouts, store, resources, look_up):
        n_encoded += len(shard)
        n_tokens += encoded.n_tokens
    return n_encoded, n_tokens


def embed_tokens(texts: Texts, spec: EmbeddingSpec, resources: Resources) -> "list[TextTokens]":
    """Give the vectors of the tokens of distinct texts; a text that is too long is cut, or refused.

    Parameters
    ----------
    texts : Texts
        The texts.
    spec : EmbeddingSpec
        Everything that changes a vector.
    resources : Resources
        Device, batches.

    Returns
    -------
    list of TextTokens
        One a text.

    Raises
    ------
    TextTooLongError, OutOfMemoryError, NonFiniteVectorError
        If a text cannot be embedded; the message names its place.

    Warns
    -----
    TruncationWarning, UnknownTokenWarning
        Once each, with the number of texts that were cut, and of those that are mostly unknown to the vocabulary.
    """
    from ._torch import encode_tokens

    whole = replace(spec.forward, long_text="error" if spec.forward.long_text == "error" else "truncate")
    try:
        found, unread = encode_tokens(texts.texts, whole, spec.readout.layers, resources.device, resources.batch_tokens)
    except _OF_ONE_TEXT as error:
        raise type(error)(f"{texts.where(error.index)} {error}") from error  # type: ignore[union-attr]
    unread.warn(spec.forward.max_length)
    return found


def _read(
    store: Store,
    namespace: bytes,
    keys: Sequence[bytes],
    out: np.ndarray,
    rows: np.ndarray,
    again: bool,
    texts: Texts,
    idx: Sequence[int],
) -> np.ndarray:
    """Read vectors into `rows` of `out`, in place where these stand together."""
    first, n_rows = int(rows[0]), len(rows)
    if out.dtype == np.float32 and rows[-1] - first + 1 == n_rows and (np.diff(rows) == 1).all():
        return store.read(namespace, keys, out[first : first + n_rows], again=again)
    scratch = np.empty((n_rows, out.shape[1]), dtype=np.float32)
    found = store.read(namespace, keys, scratch, again=again)
    _write(out, rows[found], scratch[found], texts, np.asarray(idx)[found])
    return found


def _write(out: np.ndarray, rows: np.ndarray, vectors: np.ndarray, texts: Texts, idx: Sequence[int]) -> None:
    """Copy the vectors of the texts at `idx`; half precision must not make infinity of them in silence."""
    with np.errstate(over="ignore"):
        copied = vectors.astype(out.dtype, copy=False)
    if out.dtype == np.float16 and not (is_finite := np.isfinite(copied).all(axis=1)).all():
        raise NonFiniteVectorError(
            f"{texts.where(int(idx[int(is_finite.argmin())]))} has a value that float16 cannot hold: pass a float32 "
            "array as out, or set normalize=True."
        )
    out[rows] = copied


def _embed_missing(
    texts: Texts,
    missing: np.ndarray,
    forward: ForwardSpec,
    readouts: Sequence[Readout],
    store: Store,
    resources: Resources,
    look_up: Callable[[Sequence[int], Sequence[bytes]], np.ndarray],
) -> "Iterator[tuple[list[int], Encoded]]":
    """Encode and store the texts at `missing`, but for those that another thread or process is first to store."""
    namespaces = [EmbeddingSpec(forward, readout).digest() for readout in readouts]
    unread = Unread()
    with (
        Progress(len(texts.texts), len(texts.texts) - len(missing), resources.verbose) as progress,
        open_workers(resources.n_jobs) as workers,
    ):
        for wave in _waves(texts.texts, missing, workers.n_workers):
            idx = [i for shard in wave for i in shard]
            keys = texts.keys(idx)
            with store.flight(namespaces[0], keys, *namespaces[1:]):
                done = {i for i, found in zip(idx, look_up(idx, keys), strict=True) if found}
                progress.found(len(done))
                shards = [rest for shard in wave if (rest := [i for i in shard if i not in done])]
                for shard, encoded in _encode(texts, shards, forward, readouts, workers, resources, progress):
                    store.write_each(namespaces, texts.keys(shard), encoded.vectors)
                    unread += encoded.unread
                    yield shard, encoded
    unread.warn(forward.max_length)


def _waves(texts: Sequence[str], missing: np.ndarray, workers: int) -> Iterator[list[list[int]]]:
    """Cut the texts that are missing into shards of about equal length, and these into rounds of four a worker."""
    order = total_order(texts, missing)
    starts, n_characters = [0], 0
    for at, i in enumerate(order):
        length = len(texts[i])
        if at - starts[-1] >= _SHARD_TEXTS or (at > starts[-1] and n_characters + length > _SHARD_CHARACTERS):
            starts.append(at)
            n_characters = 0
        n_characters += length
    shards = np.split(order, starts[1:]) if len(order) else []
    if workers > 1 and len(shards) < workers:
        shards = [part for part in (order[k::workers] for k in range(workers)) if len(part)]
    for start in range(0, len(shards), 4 * workers if workers > 1 else 1):
        yield [shard.tolist() for shard in shards[start : start + (4 * workers if workers > 1 else 1)]]


def _encode(
    texts: Texts,
    shards: list[list[int]],
    forward: ForwardSpec,
    readouts: Sequence[Readout],
    workers: Workers,
    resources: Resources,
    progress: Progress,
):
    """Encode shards; yield the indices and vectors of each, and name the text in a complaint."""
    results = run_shards(
        [texts.take(shard) for shard in shards],
        forward,
        readouts,
        workers,
        device=resources.device,
        batch_tokens=resources.batch_tokens,
        on_batch=progress.batch,
    )
    for shard in shards:
        try:
            encoded = next(results)
        except _OF_ONE_TEXT as error:
            raise type(error)(f"{texts.where(shard[error.index])} {error}") from error  # type: ignore[union-attr]
        progress.shard(len(shard), encoded.n_tokens)
        yield shard, encoded
    next(results, None)  # to its end: workers that are held are ready for more only then
