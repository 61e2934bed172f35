"""Texts in, pooled vectors out: sequences, batches, the model, poolings, the head."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import torch

from ...exceptions import NonFiniteVectorError, OutOfMemoryError
from .._batches import token_budget_batches
from .._spec import ForwardSpec, Readout
from .._unread import Unread
from ._continued import begins_with, continued_states, find_prefix, shared_ids
from ._hidden import hidden_states
from ._model import LoadedModel, load, running
from ._packed import find_offset, packed_states
from ._pooling import POOLING
from ._prefix import Prefix
from ._tokenizer import Sequence_, Spans, make_sequences

# Tokens of a batch: on a CPU as many as keep a layer's activations in the cache, on an accelerator enough to fill it.
_BATCH_TOKENS = {"cpu": 2048}
_BATCH_TOKENS_ACCELERATOR = 32768


@dataclass(frozen=True)
class Encoded:
    """Vectors of some texts, and what it took.

    Attributes
    ----------
    vectors : tuple of ndarray of shape (n_texts, n_features), dtype=float32
        One array a readout.
    unread : Unread
        Texts that were not read whole.
    n_tokens : int
        Tokens that went through the model.
    """

    vectors: tuple[np.ndarray, ...]
    unread: Unread
    n_tokens: int


@dataclass(frozen=True)
class TextTokens:
    """Tokens of one text and their vectors.

    Attributes
    ----------
    tokens : list of str of length n_tokens
        The pieces of the tokenizer.
    offsets : ndarray of shape (n_tokens, 2), dtype=int64
        First character and the one after the last, in the text.
    vectors : ndarray of shape (n_tokens, n_features), dtype=float32
        Hidden states.
    """

    tokens: list[str]
    offsets: np.ndarray
    vectors: np.ndarray


def encode(
    texts: Sequence[str],
    spans: Sequence[Spans] | None,
    forward: ForwardSpec,
    readouts: Sequence[Readout],
    device: str,
    batch_tokens: int | str,
    on_batch: Callable[[int, int], None] | None = None,
) -> Encoded:
    """Run `texts` through the model once and take every readout from that pass.

    Parameters
    ----------
    texts : sequence of str of length n_texts
        Distinct texts.
    spans : sequence of length n_texts, or None
        Weighted words of each text.
    forward : ForwardSpec
        What goes through the model.
    readouts : sequence of Readout
        What is taken.
    device : str
        A torch device.
    batch_tokens : int or "auto"
        Most tokens of a batch.
    on_batch : callable, optional
        Called after each batch with its numbers of sequences and tokens.

    Returns
    -------
    Encoded
        The vectors.

    Raises
    ------
    OutOfMemoryError
        If one text alone does not fit.
    NonFiniteVectorError
        If a vector has NaN or infinity.
    TextTooLongError
        If a text is too long and the spec says that this is an error.
        All three carry the index of the text as ``index``.
    """
    loaded = load(forward, device)
    sequences, unread = make_sequences(loaded.tokenizer, forward, texts, spans)
    pooled = _pool_sequences(loaded, sequences, forward, readouts, batch_tokens, on_batch)
    vectors = tuple(
        _finish(loaded, _mean_of_windows(rows, sequences, len(texts)), readout)
        for rows, readout in zip(pooled, readouts, strict=True)
    )
    without_tokens = [sequence.row for sequence in sequences if not sequence.token_ids]
    for rows in vectors:
        rows[without_tokens] = 0
    _check_finite(vectors)
    return Encoded(vectors, unread, sum(len(sequence.token_ids) for sequence in sequences))


def encode_tokens(
    texts: Sequence[str], forward: ForwardSpec, layers: tuple[int, ...], device: str, batch_tokens: int | str
) -> tuple[list[TextTokens], Unread]:
    """Give the hidden states of the tokens of each text, without special tokens and without the prompt's.

    Parameters
    ----------
    texts : sequence of str
        Distinct texts.
    forward : ForwardSpec
        What goes through the model; a text of several windows is an error.
    layers : tuple of int
        Hidden states that are averaged.
    device : str
        A torch device.
    batch_tokens : int or "auto"
        Most tokens of a batch.

    Returns
    -------
    tokens : list of TextTokens
        One a text.
    unread : Unread
        Texts that were not read whole.

    Raises
    ------
    OutOfMemoryError, NonFiniteVectorError, TextTooLongError
        As in `encode`.
    """
    loaded = load(forward, device)
    sequences, unread = make_sequences(loaded.tokenizer, forward, texts, None, locate=True)
    empty = torch.zeros(1, loaded.hidden_size)
    vectors = [empty.expand(len(sequence.token_ids), -1) for sequence in sequences]

    def run(chosen: Sequence[Sequence_]) -> list[torch.Tensor]:
        found = []
        for hidden, _, _ in _forward(loaded, chosen, forward, layers, plan):
            mean = sum(hidden[layer].float() for layer in layers) / len(layers)
            found += mean.cpu()
        return found

    plan = _make_plan(loaded, forward, layers)
    for rows in _batches(sequences, batch_tokens, plan):
        for part, states in _run_within_memory(loaded, sequences, rows, run):
            for i, state in zip(part, states, strict=True):
                vectors[i] = state
    found = [
        TextTokens(
            [loaded.tokenizer.backend.id_to_token(sequence.token_ids[k]) for k in sequence.columns],
            sequence.offsets,
            state[sequence.columns].numpy(),
        )
        for sequence, state in zip(sequences, vectors, strict=True)
    ]
    _check_finite([np.array([[np.abs(tokens.vectors).sum()] for tokens in found]).reshape(-1, 1)])
    return found, unread


def _pool_sequences(
    loaded: LoadedModel,
    sequences: Sequence[Sequence_],
    forward: ForwardSpec,
    readouts: Sequence[Readout],
    batch_tokens: int | str,
    on_batch: Callable[[int, int], None] | None,
) -> list[torch.Tensor]:
    """Pool every sequence for every readout: tensors (n_sequences, n_pooled) of float32 on the CPU."""
    plan = _make_plan(loaded, forward, sorted({layer for readout in readouts for layer in readout.layers}))

    def run(chosen: Sequence[Sequence_]) -> list[torch.Tensor]:
        return _pool_batch(loaded, chosen, forward, readouts, plan)

    out = [torch.zeros(len(sequences), loaded.hidden_size * len(readout.pooling)) for readout in readouts]
    for rows in _batches(sequences, batch_tokens, plan):
        for part, pooled in _run_within_memory(loaded, sequences, rows, run):
            for target, vectors in zip(out, pooled, strict=True):
                target[part] = vectors
        if on_batch is not None:
            on_batch(len(rows), sum(len(sequences[i].token_ids) for i in rows))
    return out


@dataclass(frozen=True)
class _Plan:
    """How the sequences of a call are run.

    On a CPU none is padded, because padding changes the rounding of attention, and a text must give the same row in any
    company. An accelerator needs large batches to be busy, and pads.

    Attributes
    ----------
    device : str
        Where.
    shared : tuple of int
        Tokens that many sequences begin with.
    prefix : Prefix or None
        What the model makes of them, run once for all; None where that cannot be shared.
    offset : int or None
        Position of a first token where texts of several lengths can be run in one row.
    pad : int
        Token id of padding.
    """

    device: str
    shared: tuple[int, ...]
    prefix: Prefix | None
    offset: int | None
    pad: int

    @property
    def pads(self) -> bool:
        return not self.device.startswith("cpu")

    def way(self, token_ids: list[int]) -> str:
        """Tell how a sequence is run."""
        if self.prefix is not None and begins_with(token_ids, self.shared):
            return "continued"
        # Where positions begin behind the padding index, a text that has this very token has positions of its own.
        if self.offset is None or (self.offset and self.pad in token_ids):
            return "alike"
        return "packed"

    def mixes(self, way: str) -> bool:
        """Tell whether a batch of sequences that are run in this way may hold several lengths."""
        return self.pads or way == "packed" or (way == "continued" and self.prefix is not None and self.prefix.packs)


def _make_plan(loaded: LoadedModel, forward: ForwardSpec, layers: Sequence[int]) -> _Plan:
    shared = shared_ids(loaded.tokenizer, forward, loaded.device)
    with running():
        prefix = find_prefix(loaded, shared, layers) if shared else None
    return _Plan(loaded.device, shared, prefix, find_offset(loaded), loaded.tokenizer.pad)


def _batches(sequences: Sequence[Sequence_], batch_tokens: int | str, plan: _Plan) -> Iterator[list[int]]:
    """Cut the sequences that have tokens into batches, those that are run in one way together."""
    if batch_tokens == "auto":
        batch_tokens = _BATCH_TOKENS.get(plan.device.partition(":")[0], _BATCH_TOKENS_ACCELERATOR)
    ways: dict[str, list[int]] = {}
    for i, sequence in enumerate(sequences):
        if sequence.token_ids:
            ways.setdefault(plan.way(sequence.token_ids), []).append(i)
    for way, idx in ways.items():
        lengths = [len(sequences[i].token_ids) for i in idx]
        for batch in token_budget_batches(lengths, int(batch_tokens), equal=not plan.mixes(way)):
            yield [idx[i] for i in batch]


def _run_within_memory(
    loaded: LoadedModel, sequences: Sequence[Sequence_], rows: list[int], run: Callable[[Sequence[Sequence_]], list]
) -> Iterator[tuple[list[int], list]]:
    """Run a batch; where it does not fit into memory, its halves, down to a single sequence."""
    try:
        results = run([sequences[i] for i in rows])
    except (RuntimeError, MemoryError) as error:
        if not _is_out_of_memory(error):
            raise
        results = None
    if results is not None:  # outside of the handler, so that the failed pass is freed first
        yield rows, results
        return
    if len(rows) == 1:
        sequence = sequences[rows[0]]
        error = OutOfMemoryError(
            f"has {len(sequence.token_ids)} tokens, and does not fit into the memory of {loaded.device} even alone: "
            "set a smaller max_length, or long_text='chunk'."
        )
        error.index = sequence.row  # type: ignore[attr-defined]
        raise error
    if loaded.device.startswith("cuda"):
        torch.cuda.empty_cache()
    half = len(rows) // 2
    yield from _run_within_memory(loaded, sequences, rows[:half], run)
    yield from _run_within_memory(loaded, sequences, rows[half:], run)


def _is_out_of_memory(error: Exception) -> bool:
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or "can't allocate memory" in str(error)


@torch.inference_mode()
def _pool_batch(
    loaded: LoadedModel, sequences: Sequence[Sequence_], forward: ForwardSpec, readouts: Sequence[Readout], plan: _Plan
) -> list[torch.Tensor]:
    layers = sorted({layer for readout in readouts for layer in readout.layers})
    groups = _forward(loaded, sequences, forward, layers, plan)
    return [torch.cat([_pool(*group, readout) for group in groups]).cpu() for readout in readouts]


def _pool(hidden: dict, mask: torch.Tensor, weights: torch.Tensor | None, readout: Readout) -> torch.Tensor:
    states = hidden[readout.layers[0]]
    if len(readout.layers) > 1:
        states = sum(hidden[layer].float() for layer in readout.layers) / len(readout.layers)
    return torch.cat([POOLING[name](states, mask, weights) for name in readout.pooling], dim=1)


def _forward(
    loaded: LoadedModel, sequences: Sequence[Sequence_], forward: ForwardSpec, layers: Sequence[int], plan: _Plan
) -> list[tuple[dict[int, torch.Tensor], torch.Tensor, torch.Tensor | None]]:
    """Run a batch: for each group, hidden states by layer, mask of pooled tokens, weights of tokens.

    Without padding a group is the sequences of one length, which stand together; with it, the whole batch.
    """
    groups = [list(sequences)]
    if not plan.pads:
        groups = [list(group) for _, group in groupby(sequences, key=lambda sequence: len(sequence.token_ids))]
    # No token of a causal model sees what follows it, so that padding needs no mask; any token will do for it.
    pad = sequences[0].token_ids[0] if forward.causal else plan.pad
    ids = [_token_ids(group, pad).to(plan.device) for group in groups]
    with running():
        states = _run_groups(loaded, groups, ids, forward, layers, plan)
    return [
        (hidden, _pooled_tokens(group).to(plan.device), _batch_weights(group, part.shape[1], plan.device))
        for hidden, group, part in zip(states, groups, ids, strict=True)
    ]


def _run_groups(
    loaded: LoadedModel,
    groups: Sequence[Sequence[Sequence_]],
    ids: Sequence[torch.Tensor],
    forward: ForwardSpec,
    layers: Sequence[int],
    plan: _Plan,
) -> list[dict[int, torch.Tensor]]:
    way, prefix = plan.way(groups[0][0].token_ids), plan.prefix
    if way == "continued" and prefix is not None:
        rest = [part[:, prefix.n_tokens :] for part in ids]
        if prefix.packs and plan.offset is not None:
            return packed_states(loaded, rest, layers, plan.offset, prefix)
        return [continued_states(loaded, prefix, part, layers) for part in rest]
    if way == "packed" and plan.offset is not None and (len(groups) > 1 or loaded.lean is not None):
        return packed_states(loaded, ids, layers, plan.offset)
    return [_run_group(loaded, group, part, forward, layers, plan) for group, part in zip(groups, ids, strict=True)]


def _run_group(
    loaded: LoadedModel,
    sequences: Sequence[Sequence_],
    ids: torch.Tensor,
    forward: ForwardSpec,
    layers: Sequence[int],
    plan: _Plan,
) -> dict[int, torch.Tensor]:
    lengths = torch.tensor([[len(sequence.token_ids)] for sequence in sequences])
    attention = None
    if not forward.causal and int(lengths.min()) < ids.shape[1]:
        attention = (torch.arange(ids.shape[1]) < lengths).long().to(plan.device)
    return hidden_states(loaded, ids, attention, layers)


def _token_ids(sequences: Sequence[Sequence_], pad: int) -> torch.Tensor:
    """Give the token ids, padded on the right: (sequences, longest)."""
    longest = max(len(sequence.token_ids) for sequence in sequences)
    return torch.tensor([[*s.token_ids, *[pad] * (longest - len(s.token_ids))] for s in sequences])


def _pooled_tokens(sequences: Sequence[Sequence_]) -> torch.Tensor:
    position = np.arange(max(len(sequence.token_ids) for sequence in sequences))
    start, stop = np.array([[s.start, s.stop] for s in sequences]).T[:, :, None]
    return torch.from_numpy((position >= start) & (position < stop))


def _batch_weights(sequences: Sequence[Sequence_], longest: int, device: str) -> torch.Tensor | None:
    if all(sequence.weights is None for sequence in sequences):
        return None
    weights = torch.ones(len(sequences), longest)
    for row, sequence in zip(weights, sequences, strict=True):
        if sequence.weights is not None:
            row[: len(sequence.weights)] = torch.from_numpy(sequence.weights)
    return weights.to(device)


def _mean_of_windows(pooled: torch.Tensor, sequences: Sequence[Sequence_], n_texts: int) -> torch.Tensor:
    """Mean over the windows of each text, weighted by their tokens: (n_texts, n_pooled)."""
    if len(sequences) == n_texts:
        return pooled
    row = torch.tensor([sequence.row for sequence in sequences])
    share = torch.tensor([float(sequence.share) for sequence in sequences])
    total = torch.zeros(n_texts).index_add(0, row, share)
    share = share / total[row]
    return torch.zeros(n_texts, pooled.shape[1]).index_add(0, row, pooled * share.unsqueeze(1))


@torch.inference_mode()
def _finish(loaded: LoadedModel, pooled: torch.Tensor, readout: Readout) -> np.ndarray:
    """Head, truncation, unit length: (n_texts, n_features) of float32."""
    vectors = pooled.double()
    if readout.head:
        for layer in loaded.head:
            vectors = layer(vectors)
    if readout.truncate_dim is not None:
        vectors = vectors[:, : readout.truncate_dim]
    if readout.normalize:
        vectors = torch.nn.functional.normalize(vectors, dim=1)
    return np.ascontiguousarray(vectors.numpy(), dtype=np.float32)


def _check_finite(vectors: Sequence[np.ndarray]) -> None:
    for rows in vectors:
        bad = np.flatnonzero(~np.isfinite(rows).all(axis=1))
        if len(bad):
            error = NonFiniteVectorError(
                "gave NaN or infinity: the precision overflowed, or the weights are damaged. Use dtype='float32'."
            )
            error.index = int(bad[0])  # type: ignore[attr-defined]
            raise error
