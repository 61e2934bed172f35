"""Distinct texts -> look-up -> shards of misses -> the model -> store -> rows."""

import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ..exceptions import NonFiniteVectorError, OutOfMemoryError, TextTooLongError, TruncationWarning
from ._batches import total_order
from ._sharding import run_shards
from ._spec import EmbeddingSpec, ForwardSpec, Readout, text_key
from ._store import Store

if TYPE_CHECKING:
    from ._torch import TextTokens

# A shard is what is computed, stored and perhaps sent to a worker at once: an interrupted run loses no more than one.
_SHARD_TEXTS = 1024
_SHARD_CHARACTERS = 1 << 20

_OF_ONE_TEXT = (TextTooLongError, OutOfMemoryError, NonFiniteVectorError)


@dataclass(frozen=True)
class Texts:
    """Distinct texts on their way to vectors.

    Attributes
    ----------
    texts : sequence of str of length n_texts
        Each text once.
    spans : sequence of length n_texts, or None
        Weighted words of each text, where they change its vector.
    where : callable
        Gives the place of a text in the user's input, for messages.
    """

    texts: Sequence[str]
    spans: Sequence[tuple] | None
    where: Callable[[int], str]

    def keys(self) -> list[bytes]:
        """Give the key of each text in a store."""
        if self.spans is None:
            return [text_key(text) for text in self.texts]
        return [text_key(text, spans) for text, spans in zip(self.texts, self.spans, strict=True)]

    def take(self, idx: Sequence[int]) -> tuple[list[str], list | None]:
        """Give the texts at `idx`, and their spans."""
        return [self.texts[i] for i in idx], None if self.spans is None else [self.spans[i] for i in idx]


@dataclass(frozen=True)
class Resources:
    """What a forward pass may use; nothing of it changes a vector.

    Attributes
    ----------
    device : str
        A torch device.
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
    texts: Texts, spec: EmbeddingSpec, n_features: int, store: Store, resources: Resources
) -> np.ndarray:
    """Give the vectors of distinct texts, from the store where it has them and from the model where it has not.

    Parameters
    ----------
    texts : Texts
        The texts.
    spec : EmbeddingSpec
        Everything that changes a vector.
    n_features : int
        Features of a vector.
    store : Store
        Where vectors are kept.
    resources : Resources
        Device, batches, workers.

    Returns
    -------
    ndarray of shape (n_texts, n_features), dtype=float32
        A row a text.

    Raises
    ------
    TextTooLongError, OutOfMemoryError, NonFiniteVectorError
        If a text cannot be embedded; the message names its place.

    Warns
    -----
    TruncationWarning
        Once, with the number of texts that were cut.
    """
    keys, namespace = texts.keys(), spec.digest()
    out = np.zeros((len(keys), n_features), dtype=np.float32)
    found = store.read(namespace, keys, out)
    n_truncated = 0
    with _Progress(len(keys), int(found.sum()), resources.verbose) as progress:
        for wave in _waves(texts.texts, np.flatnonzero(~found), resources.n_jobs):
            idx = [i for shard in wave for i in shard]
            with store.flight(namespace, [keys[i] for i in idx]):
                missing = _look_up_again(store, namespace, keys, wave, out)
                progress.found(len(idx) - sum(map(len, missing)))
                for shard, encoded in _encode(texts, missing, spec.forward, [spec.readout], resources, progress):
                    (vectors,) = encoded.vectors
                    out[shard] = vectors
                    store.write(namespace, [keys[i] for i in shard], vectors)
                    n_truncated += encoded.n_truncated
    if n_truncated:
        _warn_truncated(n_truncated, spec.forward.max_length)
    return out


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
    TruncationWarning
        Once, with the number of texts that were cut.
    """
    keys = texts.keys()
    namespaces = [EmbeddingSpec(forward, readout).digest() for readout in readouts]
    n_encoded = n_tokens = n_truncated = 0
    with _Progress(len(keys), 0, resources.verbose) as progress:
        for wave in _waves(texts.texts, np.arange(len(keys)), resources.n_jobs):
            idx = [i for shard in wave for i in shard]
            with store.flight(namespaces[0], [keys[i] for i in idx], *namespaces[1:]):
                there = np.flatnonzero(store.contains(namespaces, [keys[i] for i in idx]).all(axis=0))
                missing = _leave_out(wave, {idx[k] for k in there})
                progress.found(len(there))
                for shard, encoded in _encode(texts, missing, forward, readouts, resources, progress):
                    for namespace, vectors in zip(namespaces, encoded.vectors, strict=True):
                        store.write(namespace, [keys[i] for i in shard], vectors)
                    n_encoded += len(shard)
                    n_tokens += encoded.n_tokens
                    n_truncated += encoded.n_truncated
    if n_truncated:
        _warn_truncated(n_truncated, forward.max_length)
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
    TruncationWarning
        Once, with the number of texts that were cut.
    """
    from ._torch import encode_tokens

    whole = replace(spec.forward, long_text="error" if spec.forward.long_text == "error" else "truncate")
    try:
        found, n_truncated = encode_tokens(
            texts.texts, whole, spec.readout.layers, resources.device, resources.batch_tokens
        )
    except _OF_ONE_TEXT as error:
        raise type(error)(f"{texts.where(error.index)} {error}") from error  # type: ignore[union-attr]
    if n_truncated:
        _warn_truncated(n_truncated, spec.forward.max_length)
    return found


def _waves(texts: Sequence[str], missing: np.ndarray, n_jobs: int | None) -> Iterator[list[list[int]]]:
    """Cut the texts that are missing into shards of about equal length, and these into rounds of one a worker."""
    from joblib import effective_n_jobs

    order = [int(missing[i]) for i in total_order([texts[j] for j in missing])]
    shards: list[list[int]] = []
    size = 0
    for i in order:
        if not shards or len(shards[-1]) >= _SHARD_TEXTS or size + len(texts[i]) > _SHARD_CHARACTERS:
            shards.append([])
            size = 0
        shards[-1].append(i)
        size += len(texts[i])
    workers = effective_n_jobs(n_jobs)
    if workers > 1 and len(shards) < workers:
        shards = [part for part in (order[k::workers] for k in range(workers)) if part]
    for start in range(0, len(shards), 4 * workers if workers > 1 else 1):
        yield shards[start : start + (4 * workers if workers > 1 else 1)]


def _look_up_again(store: Store, namespace: bytes, keys, wave, out: np.ndarray) -> list[list[int]]:
    """Leave out of `wave` what another thread or process has stored in the meantime."""
    idx = [i for shard in wave for i in shard]
    rows = np.empty((len(idx), out.shape[1]), dtype=np.float32)
    found = store.read(namespace, [keys[i] for i in idx], rows)
    out[np.asarray(idx)[found]] = rows[found]
    return _leave_out(wave, {i for i, hit in zip(idx, found, strict=True) if hit})


def _leave_out(wave: list[list[int]], done: set[int]) -> list[list[int]]:
    remaining = [[i for i in shard if i not in done] for shard in wave]
    return [shard for shard in remaining if shard]


def _encode(
    texts: Texts,
    shards: list[list[int]],
    forward: ForwardSpec,
    readouts: Sequence[Readout],
    resources: Resources,
    progress: "_Progress",
):
    """Encode shards; yield the indices and vectors of each, and name the text in a complaint."""
    results = run_shards(
        [texts.take(shard) for shard in shards],
        forward,
        readouts,
        device=resources.device,
        batch_tokens=resources.batch_tokens,
        n_jobs=resources.n_jobs,
        on_batch=progress.batch,
    )
    for shard in shards:
        try:
            encoded = next(results)
        except _OF_ONE_TEXT as error:
            raise type(error)(f"{texts.where(shard[error.index])} {error}") from error  # type: ignore[union-attr]
        progress.shard(len(shard), encoded.n_tokens)
        yield shard, encoded


def _warn_truncated(count: int, max_length: int) -> None:
    warnings.warn(
        f"{count} distinct text(s) had more than {max_length} tokens, which is all that is read, and were cut: set "
        "long_text='chunk' to read the whole of each, or a larger max_length if the model allows it.",
        TruncationWarning,
        stacklevel=4,
    )


class _Progress:
    """One bar of texts, with tokens a second and the share that came from the store; silent unless asked for."""

    def __init__(self, n_texts: int, n_found: int, verbose: int):
        self.n_texts, self.n_found, self.n_tokens = n_texts, n_found, 0
        self.verbose, self.bar, self.shown = verbose, None, 0
        self.start = time.perf_counter()

    def __enter__(self) -> "_Progress":
        if self.verbose:
            from tqdm.auto import tqdm

            self.bar = tqdm(total=self.n_texts, initial=self.n_found, desc="embedding", unit="text")
            self.bar.set_postfix_str(self._postfix())
        return self

    def __exit__(self, *error) -> None:
        if self.bar is not None:
            self.bar.close()

    def batch(self, n_sequences: int, n_tokens: int) -> None:
        self.n_tokens += n_tokens
        self.shown += n_sequences
        self._advance(n_sequences)

    def shard(self, n_texts: int, n_tokens: int) -> None:
        """Count what no batch has counted: a shard that a worker did, or texts without a sequence of their own."""
        if not self.shown:
            self.n_tokens += n_tokens
        self._advance(n_texts - self.shown)
        self.shown = 0

    def found(self, n_texts: int) -> None:
        self.n_found += n_texts
        self._advance(n_texts)

    def _advance(self, n_texts: int) -> None:
        if self.bar is not None:
            self.bar.set_postfix_str(self._postfix(), refresh=False)
            self.bar.update(n_texts)

    def _postfix(self) -> str:
        rate = self.n_tokens / max(time.perf_counter() - self.start, 1e-9)
        return f"{rate:,.0f} tokens/s, {self.n_found / max(1, self.n_texts):.0%} from the cache"
