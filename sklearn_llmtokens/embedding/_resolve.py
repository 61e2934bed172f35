"""From the parameters of the estimator and the conventions of a checkpoint to the spec of the vectors."""

import warnings
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from .._utils._messages import shorten
from ..exceptions import CheckpointError
from ._checkpoint import UNIT_LENGTH, Checkpoint, Conventions, fingerprint, read_conventions
from ._prompts import SLOT, Prompt, resolve_prompt
from ._spec import POOLING_NAMES, WEIGHTED_POOLING_NAMES, EmbeddingSpec, ForwardSpec, Readout

if TYPE_CHECKING:
    from ._torch import ModelFacts

_DEFAULT_MAX_LENGTH = 512
_MOST_SPECIAL_TOKENS = 8  # around a text; a token of the prompt has a byte of UTF-8 at least


@dataclass(frozen=True)
class Resolved:
    """What ``fit`` has settled.

    Attributes
    ----------
    spec : EmbeddingSpec
        Everything that changes a vector.
    n_features : int
        Features of a vector.
    prompt : str or None
        The template; None for the bare text.
    """

    spec: EmbeddingSpec
    n_features: int
    prompt: str | None


def resolve_spec(embedder, checkpoint: Checkpoint) -> Resolved:
    """Settle everything that changes a vector.

    Parameters
    ----------
    embedder : LLMTokenEmbedder
        Its parameters are read.
    checkpoint : Checkpoint
        The checkpoint; its configuration is read, its weights are not loaded.

    Returns
    -------
    Resolved
        The spec and the number of features.

    Raises
    ------
    ValueError
        If a parameter does not suit the checkpoint.
    CheckpointError
        If the configuration cannot be read.

    Warns
    -----
    UserWarning
        If no pooling is a mean, which `word_weights` could weight.
    """
    digest = fingerprint(checkpoint, code=embedder.trust_remote_code)
    if checkpoint.is_static:
        from ._static import resolve_static

        return Resolved(*resolve_static(embedder, checkpoint, digest))
    from ._torch import check_room, choose_device, choose_dtype

    conventions, facts = _read(checkpoint, digest, embedder.trust_remote_code)
    prompt = _prompt(embedder.prompt, conventions)
    pooling = _pooling(embedder.pooling, prompt, conventions, facts.causal)
    if embedder.word_weights is not None and set(WEIGHTED_POOLING_NAMES).isdisjoint(pooling):
        warnings.warn(
            f"word_weights changes nothing with pooling={pooling}: it weights the tokens of a mean. Add 'mean' to the "
            "pooling, or leave word_weights out.",
            UserWarning,
            stacklevel=3,
        )
    layers = _layers(embedder.layer, conventions, facts.n_layers)
    head = bool(conventions.head) and embedder.pooling == "auto" and layers == (facts.n_layers,) and not prompt.pooling
    width = facts.hidden_size * len(pooling)
    if head:
        width = _head_width(conventions, width)
    truncate_dim: int | None
    if embedder.truncate_dim is not None:
        truncate_dim = int(embedder.truncate_dim)
    else:
        truncate_dim = conventions.truncate_dim and min(conventions.truncate_dim, width)
    if truncate_dim is not None and truncate_dim > width:
        raise ValueError(
            f"truncate_dim={truncate_dim} is larger than the {width} features that this model and pooling give."
        )
    forward = ForwardSpec(
        folder=str(checkpoint.folder),
        fingerprint=digest,
        template=prompt.template,
        pool_scope=prompt.pool_scope
        or ("all" if conventions.include_prompt or prompt.template == SLOT else "after_prompt"),
        max_length=_max_length(embedder.max_length, conventions, facts.max_positions),
        long_text=str(embedder.long_text),
        lowercase=conventions.lowercase,
        causal=facts.causal,
        weighted=embedder.word_weights is not None,
        dtype=choose_dtype(embedder.dtype, choose_device(embedder.device), facts.dtype),
        trust_remote_code=bool(embedder.trust_remote_code),
    )
    if len(prompt.template.encode()) + _MOST_SPECIAL_TOKENS > forward.max_length:
        check_room(checkpoint, forward)
    normalize = conventions.normalize if embedder.normalize == "auto" else bool(embedder.normalize)
    if embedder.normalize == "auto" and head and embedder.truncate_dim is None and conventions.head[-1] == UNIT_LENGTH:
        normalize = False  # sentence-transformers cuts vectors of unit length and does not scale them again
    readout = Readout(layers, pooling, head, truncate_dim, normalize)
    return Resolved(
        EmbeddingSpec(forward, readout), truncate_dim or width, None if prompt.template == SLOT else prompt.template
    )


@lru_cache(maxsize=32)
def _read(checkpoint: Checkpoint, digest: str, trust_remote_code: bool) -> "tuple[Conventions, ModelFacts]":
    """Read what a checkpoint says; the files that say it are part of its fingerprint, so that once is enough."""
    from ._torch import describe

    return read_conventions(checkpoint), describe(checkpoint, trust_remote_code)


def _prompt(prompt: str | None, conventions: Conventions) -> Prompt:
    if prompt == "auto" and conventions.template is not None:
        return Prompt(conventions.template, None, conventions.pool_scope)
    return resolve_prompt(prompt, conventions.prompts, conventions.default_prompt)


def _pooling(pooling, prompt: Prompt, conventions: Conventions, causal: bool) -> tuple[str, ...]:
    if pooling == "auto":
        if prompt.pooling is not None:
            return (prompt.pooling,)
        return conventions.pooling or (("weighted_mean",) if causal else ("mean",))
    names = (pooling,) if isinstance(pooling, str) else tuple(pooling)
    wrong = [name for name in names if name not in POOLING_NAMES]
    if wrong or not names:
        raise ValueError(
            f"pooling={shorten(pooling)} is neither 'auto' nor one or a tuple of {', '.join(POOLING_NAMES)}."
        )
    return tuple(map(str, names))


def _head_width(conventions: Conventions, width: int) -> int:
    """Return how many features the head makes of `width` pooled ones."""
    for layer in conventions.dense:
        if layer.n_in != width:
            raise CheckpointError(
                f"{layer.file}: 'in_features' in its config.json is {layer.n_in}; what comes before it gives {width}."
            )
        width = layer.n_out
    return width


def _layers(layer, conventions: Conventions, n_layers: int) -> tuple[int, ...]:
    if layer == -1 and conventions.layer is not None:
        return conventions.layer
    asked = tuple(layer) if isinstance(layer, tuple) else (layer,)
    if not asked:
        raise ValueError("layer=() names no hidden state.")
    for k in asked:
        if isinstance(k, bool) or not hasattr(k, "__index__") or not -n_layers - 1 <= k <= n_layers:
            raise ValueError(
                f"layer={shorten(layer)}: this model's hidden states are numbered 0 (the embeddings) to {n_layers}, or "
                f"-1 (the last) to {-n_layers - 1}."
            )
    return tuple(sorted(int(k) % (n_layers + 1) for k in asked))


def _max_length(max_length: int | None, conventions: Conventions, max_positions: int | None) -> int:
    if max_length is not None and max_positions is not None and max_length > max_positions:
        raise ValueError(f"max_length={max_length} is more than the {max_positions} positions that this model has.")
    limits = [limit for limit in (conventions.max_length, max_positions) if limit is not None]
    if max_length is not None:
        return int(max_length)
    return min(limits) if limits else _DEFAULT_MAX_LENGTH
