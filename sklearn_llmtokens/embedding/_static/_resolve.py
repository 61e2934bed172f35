"""From the parameters of the estimator and the files of a static checkpoint to the spec of the vectors."""

from functools import lru_cache

from ..._utils._messages import shorten
from .._checkpoint import Checkpoint
from .._prompts import PRESETS, SLOT, resolve_prompt
from .._spec import EmbeddingSpec, ForwardSpec, Readout
from ._files import StaticFiles, read_static

# What does not apply to vectors that depend on no other token, with the values that change nothing, and why.
_FIXED = {
    "pooling": (("auto", "mean", ("mean",)), "its vectors are made for the mean: use 'auto' or 'mean'"),
    "layer": ((-1, 0, (-1,), (0,)), "it has no layers: leave layer at -1"),
    "word_weights": ((None,), "its vectors carry the weights of their tokens: use None"),
    "dtype": (("auto", "float32"), "its vectors are summed in float32: use 'auto'"),
    "device": (("auto", "cpu"), "it runs on the CPU: use 'auto'"),
}


def resolve_static(embedder, checkpoint: Checkpoint, digest: str) -> tuple[EmbeddingSpec, int, str | None]:
    """Settle everything that changes a vector of a static checkpoint.

    Parameters
    ----------
    embedder : LLMTokenEmbedder
        Its parameters are read.
    checkpoint : Checkpoint
        The checkpoint; its vectors are not loaded.
    digest : str
        Its fingerprint.

    Returns
    -------
    spec : EmbeddingSpec
        The spec.
    n_features : int
        Features of a vector.
    prompt : str or None
        The template; None for the bare text.

    Raises
    ------
    ValueError
        If a parameter does not suit a static checkpoint.
    CheckpointError
        If its files cannot be read.
    """
    for name, (accepted, why) in _FIXED.items():
        value = getattr(embedder, name)
        if not any(type(value) is type(one) and value == one for one in accepted):
            raise ValueError(f"{name}={shorten(value)} does not apply to the static checkpoint {checkpoint}; {why}.")
    if isinstance(embedder.prompt, str) and embedder.prompt in PRESETS:
        raise ValueError(
            f"prompt={shorten(embedder.prompt)} does not apply to the static checkpoint {checkpoint}; it asks a "
            "language model, and here each token has one vector: use None."
        )
    files = _read(checkpoint, digest)
    template = resolve_prompt(embedder.prompt, files.prompts, files.default_prompt).template
    forward = ForwardSpec(
        folder=str(checkpoint.folder),
        fingerprint=digest,
        template=template,
        pool_scope="all",
        max_length=files.max_length if embedder.max_length is None else int(embedder.max_length),
        long_text=str(embedder.long_text),
        lowercase=False,
        causal=False,
        weighted=False,
        dtype="float32",
        trust_remote_code=bool(embedder.trust_remote_code),
    )
    readout, n_features = _readout(embedder, files)
    return EmbeddingSpec(forward, readout), n_features, None if template == SLOT else template


@lru_cache(maxsize=32)
def _read(checkpoint: Checkpoint, digest: str) -> StaticFiles:
    """Read the files once; they are part of the fingerprint."""
    return read_static(checkpoint)


def _readout(embedder, files: StaticFiles) -> tuple[Readout, int]:
    width, own = files.n_features, files.truncate_dim
    if embedder.truncate_dim is not None and embedder.truncate_dim > width:
        raise ValueError(
            f"truncate_dim={embedder.truncate_dim} is larger than the {width} features of this static checkpoint."
        )
    normalize = files.normalize if embedder.normalize == "auto" else bool(embedder.normalize)
    if embedder.truncate_dim is not None or own is None:
        kept = None if embedder.truncate_dim is None else int(embedder.truncate_dim)
        return Readout((0,), ("mean",), False, kept, normalize), kept or width
    # sentence-transformers cuts vectors of unit length and does not scale them again
    head = files.normalize and embedder.normalize == "auto"
    return Readout((0,), ("mean",), head, min(own, width), normalize and not head), min(own, width)
