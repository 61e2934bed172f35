"""Group requests to embedders into the fewest forward passes, and estimate their cost."""

import os
import time
from dataclasses import dataclass, field

import numpy as np
from joblib import effective_n_jobs

from ..embedding._for_precompute import (
    STORE_LIMIT_VARIABLE,
    Cache,
    ForwardSpec,
    Readout,
    Resources,
    Texts,
    embed,
    encoding_of,
    load_encoder,
    namespace_of,
    open_cache,
    row_bytes,
    total_order,
)
from ..exceptions import StoreError
from ._receipt import Receipt
from ._recording import Request

# What a prediction is made from: texts whose tokens are counted, texts that are run, and the rate of the store's file.
_COUNTED_TEXTS, _TIMED_TEXTS = 20_000, 256
_WRITTEN_BYTES_A_SECOND = 60e6


@dataclass
class Pass:
    """All that a search wants from texts that go through the model in one way.

    Attributes
    ----------
    cache : str or path-like
        The folder of the store.
    forward : ForwardSpec
        What goes through the model.
    resources : Resources
        Device, batches, workers.
    n_features : dict of Readout to int
        What is taken, and the features of a vector.
    texts : dict of bytes to (Texts, int)
        By key, where each distinct text stands among those of a request.
    wanted : dict of Readout to set of bytes
        The keys of the texts from which it is taken.
    """

    cache: str | os.PathLike
    forward: ForwardSpec
    resources: Resources
    n_features: dict[Readout, int] = field(default_factory=dict)
    texts: dict[bytes, tuple[Texts, int]] = field(default_factory=dict)
    wanted: dict[Readout, set[bytes]] = field(default_factory=dict)

    def opened(self) -> Cache:
        """Open the cache."""
        return open_cache(self.cache, self.forward.fingerprint)

    def n_bytes(self, counts: dict[Readout, int]) -> int:
        """Compute the bytes of so many vectors of each readout."""
        return sum(n * row_bytes(self.n_features[readout]) for readout, n in counts.items())


@dataclass(frozen=True)
class Work:
    """Texts of a pass from which the same readouts are missing.

    Attributes
    ----------
    texts : Texts
        The texts.
    readouts : tuple of Readout
        What is missing of each.
    """

    texts: Texts
    readouts: tuple[Readout, ...]


def plan_passes(requests: list[Request]) -> list[Pass]:
    """Gather requests by what goes through the model.

    Parameters
    ----------
    requests : list of Request
        What embedders were asked for.

    Returns
    -------
    list of Pass
        One for each different (store, checkpoint, prompt, limits, precision).
    """
    passes: dict[tuple, Pass] = {}
    for request in requests:
        embedder, texts = request.embedder, request.texts
        encoding, cache = encoding_of(embedder), os.fspath(embedder.cache)
        one = passes.setdefault((cache, encoding.forward), Pass(cache, encoding.forward, encoding.resources))
        one.n_features[encoding.readout] = encoding.n_features
        keys = texts.keys(range(len(texts.texts)))
        one.wanted.setdefault(encoding.readout, set()).update(keys)
        for i, key in enumerate(keys):
            one.texts.setdefault(key, (texts, i))
    return list(passes.values())


def check_bounds(passes: list[Pass]) -> None:
    """Refuse a search whose vectors would push each other out of their store.

    Parameters
    ----------
    passes : list of Pass
        What is wanted.

    Raises
    ------
    StoreError
        If a store is too small; the message has the size that is needed.
    """
    needed: dict[tuple[str | os.PathLike, str], int] = {}
    for one in passes:
        place = (one.cache, one.forward.fingerprint)
        counts = {readout: len(keys) for readout, keys in one.wanted.items()}
        needed[place] = needed.get(place, 0) + one.n_bytes(counts)
    for (cache, fingerprint), n_bytes in needed.items():
        limit = open_cache(cache, fingerprint).info().max_bytes
        if limit is not None and n_bytes > limit:
            raise StoreError(
                f"The vectors of this search take {n_bytes:,} bytes, and the store in {cache} is bounded to {limit:,}: "
                f"they would push each other out and be computed again. Set the environment variable "
                f"{STORE_LIMIT_VARIABLE}={n_bytes * 5 // 4}, or search over fewer layers and poolings."
            )


def work_of(one: Pass) -> list[Work]:
    """Find what is not in the store yet.

    Parameters
    ----------
    one : Pass
        What is wanted.

    Returns
    -------
    list of Work
        Disjoint texts: each goes through the model once.
    """
    keys, readouts = list(one.texts), list(one.wanted)
    wanted = np.array([[key in one.wanted[readout] for key in keys] for readout in readouts], bool)
    there = one.opened().contains([namespace_of(one.forward, readout) for readout in readouts], keys)
    missing = wanted & ~there
    patterns, pattern_of = np.unique(missing, axis=1, return_inverse=True)
    return [
        Work(
            _texts_at(one, [keys[i] for i in np.flatnonzero(pattern_of == k)]),
            tuple(readout for readout, is_missing in zip(readouts, pattern, strict=True) if is_missing),
        )
        for k, pattern in enumerate(patterns.T)
        if pattern.any()
    ]


def run_pass(one: Pass) -> None:
    """Fill the store.

    Parameters
    ----------
    one : Pass
        What is wanted.
    """
    for work in work_of(one):
        embed(work.texts, one.forward, work.readouts, one.opened(), one.resources, output=None)


def estimate(passes: list[Pass]) -> Receipt:
    """Predict what the passes will cost, from a sample of the texts that is run now and not kept.

    Parameters
    ----------
    passes : list of Pass
        What is wanted.

    Returns
    -------
    Receipt
        Texts, tokens, passes, seconds, bytes.
    """
    n_encoded = n_tokens = n_passes = n_bytes = 0
    seconds = 0.0
    for one in passes:
        works = work_of(one)
        n_passes += bool(works)
        for work in works:
            tokens = _count_tokens(one, work.texts)
            n_encoded += len(work.texts.texts)
            n_tokens += tokens
            n_bytes += one.n_bytes(dict.fromkeys(work.readouts, len(work.texts.texts)))
            seconds += _seconds_a_token(one, work) * tokens / _workers(one, work)
    n_texts = sum(len(one.texts) for one in passes)
    return Receipt(n_texts, n_encoded, n_tokens, n_passes, seconds + n_bytes / _WRITTEN_BYTES_A_SECOND, n_bytes)


def _texts_at(one: Pass, keys: list[bytes]) -> Texts:
    places = [one.texts[key] for key in keys]
    spans = [texts.spans[i] for texts, i in places if texts.spans is not None]

    def where(k: int) -> str:
        texts, i = places[k]
        return texts.where(i)

    return Texts([texts.texts[i] for texts, i in places], spans or None, where)


def _sample(texts: Texts, n: int) -> tuple[list[str], list | None]:
    """Take texts of all lengths."""
    order = total_order(texts.texts)
    # The middle of each of n equal parts, so that the longest are not taken for more than they are.
    idx = (np.arange(min(n, len(order))) + 0.5) * len(order) / min(n, len(order))
    return texts.take([order[int(i)] for i in idx])


def _count_tokens(one: Pass, texts: Texts) -> int:
    some, spans = _sample(texts, _COUNTED_TEXTS)
    n_tokens = load_encoder(one.forward, one.resources).count_tokens(some, spans)
    return round(n_tokens * len(texts.texts) / len(some))


def _seconds_a_token(one: Pass, work: Work) -> float:
    encoder = load_encoder(one.forward, one.resources)

    def run(n_texts: int) -> float:
        texts, spans = _sample(work.texts, n_texts)
        start = time.perf_counter()
        encoded = encoder.encode(texts, work.readouts, spans)
        return (time.perf_counter() - start) / max(1, encoded.n_tokens)

    run(8)  # loads the model, and whatever else the first run does
    return run(_TIMED_TEXTS)


def _workers(one: Pass, work: Work) -> int:
    return min(effective_n_jobs(one.resources.n_jobs), len(work.texts.texts))
