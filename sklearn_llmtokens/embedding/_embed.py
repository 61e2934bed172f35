"""Unique texts -> cache look-up -> chunks of uncached texts -> the model -> cache -> rows.

A text that cannot be embedded raises `TextTooLongError`, `OutOfMemoryError` or `NonFiniteVectorError`, whose message
names its place. Each call warns once of texts that were cut, and once of those that the vocabulary mostly lacks, with
their number.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from ..exceptions import NonFiniteVectorError
from ._batches import total_order
from ._cache import Cache
from ._encoded import Encoded, TextTokens
from ._encoders import load_encoder
from ._progress import Progress
from ._spec import EmbeddingSpec, ForwardSpec, Readout
from ._unique_texts import Texts
from ._unread import Unread
from ._workers import Chunk, Resources, open_workers

# A chunk is what is computed, cached and perhaps sent to a worker at once: an interrupted run loses no more than one.
_CHUNK_TEXTS = 1024
_CHUNK_CHARACTERS = 1 << 20
_CHUNKS_PER_WORKER = 4
_READ_ROWS = 4096


@dataclass(frozen=True)
class OutputRows:
    """Rows of a result, one for each unique text.

    Attributes
    ----------
    array : ndarray of shape (n_rows, n_features), float32 or float16
        The result; nothing else of its size is held in memory.
    rows : ndarray of shape (n_texts,), dtype=intp
        The row of each text, rising.
    """

    array: np.ndarray
    rows: np.ndarray

    def read(self, cache: Cache, namespace: bytes, texts: Texts, idx: np.ndarray) -> np.ndarray:
        """Read the vectors of the texts at `idx` from the cache; return which of them were found, bool (n_idx,)."""
        keys, rows = texts.keys(idx), self.rows[idx]
        first, n_rows = int(rows[0]), len(rows)
        if self.array.dtype == np.float32 and rows[-1] - first + 1 == n_rows and (np.diff(rows) == 1).all():
            return cache.read(namespace, keys, self.array[first : first + n_rows])
        scratch = np.empty((n_rows, self.array.shape[1]), dtype=np.float32)
        found = cache.read(namespace, keys, scratch)
        self.write(texts, idx[found], scratch[found])
        return found

    def write(self, texts: Texts, idx: np.ndarray, vectors: np.ndarray) -> None:
        """Write the vectors of the texts at `idx`; half precision must not turn them into infinity in silence."""
        with np.errstate(over="ignore"):
            copied = vectors.astype(self.array.dtype, copy=False)
        if self.array.dtype == np.float16 and not (is_finite := np.isfinite(copied).all(axis=1)).all():
            raise NonFiniteVectorError(
                f"{texts.where(int(idx[int(is_finite.argmin())]))} has a value that float16 cannot hold: pass a "
                "float32 array as out, or set normalize=True."
            )
        self.array[self.rows[idx]] = copied


def result_array(out, shape: tuple[int, int]) -> np.ndarray:
    """Return the array that gets the rows: a new one, or `out` if it can hold them in place."""
    if out is None:
        return np.empty(shape, dtype=np.float32)
    if not isinstance(out, np.ndarray) or out.dtype not in (np.float32, np.float16):
        raise TypeError(
            f"out must be an ndarray of float32 or float16, not {getattr(out, 'dtype', type(out).__name__)}."
        )
    if out.shape != shape:
        raise ValueError(f"out must be of shape {shape}, and is of {out.shape}.")
    if not out.flags.c_contiguous or not out.flags.writeable:
        raise ValueError("out must be writeable, with its rows one after the other (C-contiguous).")
    return out


def embed(
    texts: Texts,
    forward: ForwardSpec,
    readouts: Sequence[Readout],
    cache: Cache,
    resources: Resources,
    output: OutputRows | None,
) -> None:
    """Take the readouts of unique texts from the cache where it has them, and from one forward pass otherwise.

    Each text is encoded by the one who claims it first. What another thread or process has claimed is waited for and
    read; where that one fails, it is claimed here.

    Parameters
    ----------
    texts : Texts
        The texts.
    forward : ForwardSpec
        What goes through the model.
    readouts : sequence of Readout
        What is taken. A text goes through the model if one of them is not in the cache.
    cache : Cache
        Where vectors are kept.
    resources : Resources
        Device, batches, workers.
    output : OutputRows or None
        Where the vectors of the one readout are written to; None fills the cache alone, with any number of readouts.
    """
    namespaces = [EmbeddingSpec(forward, readout).digest() for readout in readouts]
    unread = Unread()

    def look_up(idx: np.ndarray) -> np.ndarray:
        if output is None:
            return np.all(cache.contains(namespaces, texts.keys(idx)), axis=0)
        return output.read(cache, namespaces[0], texts, idx)

    def finish(idx: np.ndarray, encoded: Encoded) -> None:
        nonlocal unread
        cache.write(namespaces, texts.keys(idx), encoded.vectors)
        if output is not None:
            output.write(texts, idx, encoded.vectors[0])
        progress.chunk(len(idx), encoded.n_tokens)
        unread += encoded.unread

    parts = [np.arange(start, min(start + _READ_ROWS, len(texts))) for start in range(0, len(texts), _READ_ROWS)]
    uncached = np.concatenate([part[~look_up(part)] for part in parts] or [np.arange(0)])
    if not len(uncached):
        return
    with (
        Progress(len(texts), len(texts) - len(uncached), resources.verbose) as progress,
        open_workers(resources.n_jobs) as workers,
    ):
        for wave in _waves(texts.texts, uncached, workers.n_workers):
            is_damaged = False
            while wave:
                idx = np.concatenate(wave)
                with cache.claim(namespaces, texts.keys(idx)) as claim:
                    mine = dict(zip(idx.tolist(), (claim.mine | is_damaged).tolist(), strict=True))
                    chunks = [Chunk(texts, part) for part in _where(wave, mine, True)]
                    workers.run(chunks, forward, readouts, resources, finish, progress.batch)
                wave = _where(wave, mine, False)
                if wave:
                    claim.wait_for_others()
                    others = np.concatenate(wave)
                    found = dict(zip(others.tolist(), look_up(others).tolist(), strict=True))
                    progress.found(sum(found.values()))
                    wave = _where(wave, found, False)
                    is_damaged = not claim.others  # what is stored, and cannot be read, is computed again
    unread.warn(forward.max_length, forward.fingerprint)


def embed_tokens(texts: Texts, spec: EmbeddingSpec, resources: Resources) -> list[TextTokens]:
    """Return the vectors of the tokens of unique texts; a text that is too long is cut, or refused.

    Parameters
    ----------
    texts, resources
        As in `embed`.
    spec : EmbeddingSpec
        Everything that changes a vector.

    Returns
    -------
    list of TextTokens
        One for each text.
    """
    whole = replace(spec.forward, long_text="error" if spec.forward.long_text == "error" else "truncate")
    encoder = load_encoder(whole, resources.device, resources.batch_tokens)
    with Chunk(texts, np.arange(len(texts))).naming_its_texts():
        tokens, unread = encoder.encode_tokens(texts.texts, spec.readout.layers)
    unread.warn(spec.forward.max_length, spec.forward.fingerprint)
    return tokens


def _where(chunks: Sequence[np.ndarray], values: dict[int, bool], value: bool) -> list[np.ndarray]:
    """Keep in each chunk the texts that have this value, and the chunks in which some are left."""
    kept = (chunk[[values[i] is value for i in chunk.tolist()]] for chunk in chunks)
    return [chunk for chunk in kept if len(chunk)]


def _waves(texts: Sequence[str], uncached: np.ndarray, n_workers: int) -> Iterator[list[np.ndarray]]:
    """Cut the uncached texts into chunks of about equal length, and these into rounds that keep all workers busy."""
    order = total_order(texts, uncached)
    starts, n_characters = [0], 0
    for at, i in enumerate(order):
        length = len(texts[i])
        if at - starts[-1] >= _CHUNK_TEXTS or (at > starts[-1] and n_characters + length > _CHUNK_CHARACTERS):
            starts.append(at)
            n_characters = 0
        n_characters += length
    chunks = [order[start:stop] for start, stop in pairwise([*starts, len(order)])]
    if n_workers > 1 and len(chunks) < n_workers:
        chunks = [part for part in (order[k::n_workers] for k in range(n_workers)) if len(part)]
    n_at_once = _CHUNKS_PER_WORKER * n_workers if n_workers > 1 else 1
    for start in range(0, len(chunks), n_at_once):
        yield chunks[start : start + n_at_once]
