"""Texts of several lengths in one pass without padding: their tokens in one row, attention for one length at a time.

A pass costs some milliseconds whatever it holds, and products of few rows run below the machine's rate: few texts, each
of its own length, make full batches this way. No text sees another and none is padded, so that its row is the same in
any company.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from weakref import WeakKeyDictionary

import torch
from torch import nn
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface

from ._hidden import hidden_states
from ._loaded import LoadedModel
from ._precision import agree
from ._prefix import Prefix

_NAME = "sklearn_llmtokens_packed"

_offsets: WeakKeyDictionary[nn.Module, int | None] = WeakKeyDictionary()
_shapes: list[tuple[int, int]] = []  # (sequences, length) of the groups in the row that is run, under the lock of runs
_before: list[tuple[torch.Tensor, torch.Tensor]] = []  # keys and values, a layer each, of what all of them begin with
_changed: list[tuple] = []  # the configuration of the model that runs, and what it said before


def find_offset(loaded: LoadedModel) -> int | None:
    """Tell how positions are numbered for packed texts, found out at the first call for this model.

    Parameters
    ----------
    loaded : LoadedModel
        The model. The lock of runs is held.

    Returns
    -------
    int or None
        The position of a first token: 0, or that behind the padding index. None where the model cannot be run packed:
        on an accelerator, with attention of its own kind, or with windows.
    """
    if loaded.lean is not None:
        return loaded.lean.offset
    if loaded.model not in _offsets:
        pad = getattr(loaded.model.config, "pad_token_id", None) or 0
        candidates = dict.fromkeys((0, pad + 1)) if loaded.device.startswith("cpu") else ()
        _offsets[loaded.model] = next((offset for offset in candidates if _is_right(loaded, offset, pad)), None)
    return _offsets[loaded.model]


@torch.inference_mode()
def packed_states(
    loaded: LoadedModel,
    groups: Sequence[torch.Tensor],
    layers: Iterable[int],
    offset: int,
    prefix: Prefix | None = None,
) -> list[dict[int, torch.Tensor]]:
    """Compute hidden states of several groups of sequences in one pass.

    Parameters
    ----------
    loaded : LoadedModel
        The model.
    groups : sequence of tensor of shape (sequences, length)
        Token ids without padding; each group has a length of its own.
    layers : iterable of int
        As in `hidden_states`.
    offset : int
        As from `find_offset`.
    prefix : Prefix, optional
        What stands before every sequence and has been run.

    Returns
    -------
    list of dict of int to tensor of shape (sequences, length, features)
        For each group, what `hidden_states` gives for it alone, those of the prefix first where there is one.
    """
    if loaded.lean is not None:
        return loaded.lean.states(groups, set(layers))
    shapes = [(len(ids), ids.shape[1]) for ids in groups]
    row = torch.cat([ids.reshape(-1) for ids in groups]).unsqueeze(0)
    first = offset + (prefix.n_tokens if prefix else 0)
    positions = torch.cat([torch.arange(first, first + length).repeat(n) for n, length in shapes]).unsqueeze(0)
    with _packed_attention(loaded.model, shapes, prefix.states if prefix else ()):
        states = hidden_states(loaded, row, None, layers, more={"position_ids": positions})
    sizes = [n * length for n, length in shapes]
    parts = {layer: state[0].split(sizes) for layer, state in states.items()}
    found = [
        {layer: parts[layer][k].unflatten(0, shape) for layer in parts}  # (sequences, length, features)
        for k, shape in enumerate(shapes)
    ]
    return [prefix.before(states) for states in found] if prefix else found


@contextmanager
def _packed_attention(
    model: nn.Module, shapes: list[tuple[int, int]], before: Sequence[tuple[torch.Tensor, torch.Tensor]] = ()
) -> Iterator[None]:
    _changed.append((model.config, model.config._attn_implementation))
    _shapes[:] = shapes
    _before[:] = before
    model.config._attn_implementation = _NAME
    try:
        yield
    finally:
        _restore()


def _restore() -> None:
    """Give back its attention to the model that ran; also in a child forked meanwhile, in which that run never ends."""
    while _changed:
        config, before = _changed.pop()
        config._attn_implementation = before
    _shapes.clear()
    _before.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_restore)


def _attend(module, query, key, value, attention_mask, dropout=0.0, scaling=None, **kwargs):
    """Let the sequences of each group attend to themselves; query, key and value are (1, heads, tokens, features)."""
    unknown = ("sliding_window", "position_bias", "softcap", "s_aux")
    if attention_mask is not None or any(kwargs.get(name) is not None for name in unknown):
        raise ValueError("this attention cannot be packed")
    causal = kwargs.get("is_causal")
    causal = bool(getattr(module, "is_causal", False) if causal is None else causal)
    shared_keys = query.shape[1] != key.shape[1]
    out = query.new_empty(query.shape[2], query.shape[1], value.shape[3])
    start = 0
    for n, length in _shapes:
        stop = start + n * length
        # (heads, sequences * length, features) -> (sequences, heads, length, features)
        q, k, v = (x[0, :, start:stop].unflatten(1, (n, length)).transpose(0, 1) for x in (query, key, value))
        seen = None
        if _before:
            shared = _before[module.layer_idx]
            k, v = (torch.cat([s.expand(n, -1, -1, -1), x], dim=2) for s, x in zip(shared, (k, v), strict=True))
            seen = torch.ones(length, k.shape[2], dtype=torch.bool).tril(k.shape[2] - length)
        found = scaled_dot_product_attention(
            q, k, v, attn_mask=seen, is_causal=causal and seen is None, scale=scaling, enable_gqa=shared_keys
        )
        out[start:stop].unflatten(0, (n, length)).copy_(found.transpose(1, 2))
        start = stop
    return out.unsqueeze(0), None


AttentionInterface.register(_NAME, _attend)


@torch.inference_mode()
def _is_right(loaded: LoadedModel, offset: int, pad: int) -> bool:
    """Compare two groups in one row with each in a pass of its own."""
    if loaded.layers is None or _rescales_positions(loaded.model.config):
        return False
    layers = (loaded.n_layers - 1, loaded.n_layers)
    try:
        n_ids = len(loaded.model.get_input_embeddings().weight)
        known = [k for k in range(min(n_ids, 12)) if k != pad]
        groups = [torch.tensor([known[:5]]), torch.tensor([known[2:5], known[5:8]])]
        found = packed_states(loaded, groups, layers, offset)
        expected = [hidden_states(loaded, ids, None, layers) for ids in groups]
    except (AttributeError, IndexError, KeyError, NotImplementedError, RuntimeError, TypeError, ValueError):
        return False  # it cannot be run this way
    return all(agree(a[layer], b[layer]) for a, b in zip(found, expected, strict=True) for layer in layers)


def _rescales_positions(config) -> bool:
    """Tell whether rotations depend on the longest sequence of a pass, and so on a text's company."""
    text = config.get_text_config()
    rope = str([getattr(text, name, None) for name in ("rope_parameters", "rope_scaling")])
    return "dynamic" in rope or "longrope" in rope
