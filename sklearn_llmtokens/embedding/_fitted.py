"""What a fitted embedder stands on, found again where it is used: texts, checkpoint, spec, cache and resources.

A pickle holds none of them, and may come from elsewhere: what does not agree with ``fit`` is refused.
"""

from dataclasses import replace

from .._utils._messages import shorten
from .._utils._text_table import TextTable
from .._utils._texts import validate_texts
from ..exceptions import FingerprintMismatchError
from ._cache import Cache, open_cache
from ._checkpoint import Checkpoint, is_fingerprint, pinned_name, recall
from ._spec import EmbeddingSpec
from ._workers import Resources


def read_cells(embedder, X, *, reset: bool) -> TextTable:
    """Read the texts of `X`; set the number and names of columns, or compare with those of ``fit``."""
    return validate_texts(embedder, X, reset=reset, missing="keep" if embedder.missing == "zero" else "error")


def checkpoint_of(embedder) -> Checkpoint:
    """Find the checkpoint again, and make sure that it is the one of ``fit``."""
    checkpoint, found = recall(pinned_name(embedder.model, embedder.revision_), code=embedder.trust_remote_code)
    if found != embedder.fingerprint_:
        raise FingerprintMismatchError(
            f"This embedder was fitted with model={shorten(embedder.model)} of fingerprint {embedder.fingerprint_}, "
            f"and the checkpoint found at {checkpoint.folder} has {found}: put the same checkpoint there, or fit again."
        )
    return checkpoint


def spec_of(embedder) -> EmbeddingSpec:
    """Return the spec of ``fit`` for this machine; which code may run is for the parameter alone to say."""
    spec = EmbeddingSpec.from_dict(embedder.spec_)
    if spec.forward.trust_remote_code != embedder.trust_remote_code:
        raise ValueError(
            f"trust_remote_code is {embedder.trust_remote_code}, and was {spec.forward.trust_remote_code} in fit: fit "
            "again."
        )
    checkpoint = checkpoint_of(embedder)
    if spec.forward.fingerprint != embedder.fingerprint_:
        raise FingerprintMismatchError("spec_ and fingerprint_ are of two checkpoints: fit again.")
    folder = str(checkpoint.folder)
    return spec if spec.forward.folder == folder else replace(spec, forward=replace(spec.forward, folder=folder))


def cache_of(embedder) -> Cache:
    """Open the cache; its file is named after the fingerprint."""
    if not is_fingerprint(embedder.fingerprint_):
        raise FingerprintMismatchError(f"fingerprint_ is {shorten(embedder.fingerprint_)}, which is none: fit again.")
    return open_cache(embedder.cache, embedder.fingerprint_)


def resources_of(embedder) -> Resources:
    """Return what a forward pass may use."""
    return Resources(embedder.device, embedder.batch_tokens, embedder.n_jobs, embedder.verbose)
