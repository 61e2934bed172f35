"""What a prompt puts before every text, run once: in a causal model it is the same whatever follows it.

The keys and values of these tokens are kept beside the model, and a batch runs the rest of its sequences alone.
"""

import inspect
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from weakref import WeakKeyDictionary

import torch
from torch import nn
from transformers.cache_utils import DynamicCache, DynamicLayer

from .._prompts import SLOT
from .._spec import ForwardSpec
from ._hidden import hidden_states
from ._loaded import LoadedModel
from ._packed import find_offset, packed_states
from ._precision import agree
from ._prefix import Prefix
from ._tokenizer import TextTokenizer

# Fewer tokens than this are not worth the copies of their keys and values.
MIN_TOKENS = 4
_CLOSE = 1e-3  # of the largest value: what a model gives that shares nothing, against one that does


_known: WeakKeyDictionary[nn.Module, dict[tuple, Prefix | None]] = WeakKeyDictionary()


def shared_ids(tokenizer: TextTokenizer, spec: ForwardSpec, device: str) -> tuple[int, ...]:
    """Give the tokens with which sequences of `spec` begin, but for those that may merge with the text.

    Parameters
    ----------
    tokenizer : TextTokenizer
        The tokenizer.
    spec : ForwardSpec
        Names the template, and says whether the model is causal.
    device : str
        Where the model lies.

    Returns
    -------
    tuple of int
        Empty where nothing is shared: in encoders, on accelerators, and for short prompts.
    """
    before = spec.template.partition(SLOT)[0]
    if not spec.causal or not before or not device.startswith("cpu"):
        return ()
    ids = (*tokenizer.prefix, *tokenizer.backend.encode(before, add_special_tokens=False).ids[:-1])
    return ids if len(ids) >= MIN_TOKENS else ()


def begins_with(token_ids: Sequence[int], shared: tuple[int, ...]) -> bool:
    """Tell whether a sequence begins with the shared tokens and goes on."""
    return bool(shared) and len(token_ids) > len(shared) and tuple(token_ids[: len(shared)]) == shared


def find_prefix(loaded: LoadedModel, shared: tuple[int, ...], layers: Sequence[int]) -> Prefix | None:
    """Run the shared tokens, at the first call for this model; later calls give what was found.

    Parameters
    ----------
    loaded : LoadedModel
        A causal model.
    shared : tuple of int
        Tokens.
    layers : sequence of int
        Hidden states that will be asked for.

    Returns
    -------
    Prefix or None
        None where no layer is run, or the model keeps other states than keys and values of all tokens.
    """
    known = _known.setdefault(loaded.model, {})
    key = (shared, tuple(sorted(set(layers))))
    if key not in known:
        known[key] = _run(loaded, shared, layers)
    return known[key]


@torch.inference_mode()
def continued_states(
    loaded: LoadedModel, prefix: Prefix, token_ids: torch.Tensor, layers: Sequence[int]
) -> dict[int, torch.Tensor]:
    """Compute the hidden states of sequences of which the prefix has been run.

    Parameters
    ----------
    loaded : LoadedModel
        The model.
    prefix : Prefix
        Their first tokens.
    token_ids : tensor of shape (batch, length)
        Those that follow, without padding.
    layers : sequence of int
        As in `hidden_states`.

    Returns
    -------
    dict of int to tensor of shape (batch, prefix.n_tokens + length, features)
        Of the whole sequences.
    """
    cache = prefix.cache(loaded.model, len(token_ids))
    return prefix.before(hidden_states(loaded, token_ids, None, layers, more=_as_input(loaded.model, cache)))


@torch.inference_mode()
def _run(loaded: LoadedModel, shared: tuple[int, ...], layers: Sequence[int]) -> Prefix | None:
    try:
        cache = DynamicCache(config=loaded.model.config)
        ids = torch.tensor([shared], device=loaded.device)
        hidden = hidden_states(loaded, ids, None, layers, more=_as_input(loaded.model, cache))
        states = [(layer.keys, layer.values) for layer in cache.layers if layer.is_initialized]
        if not states or any(type(layer) is not DynamicLayer for layer in cache.layers):
            return None
        prefix = Prefix(len(shared), states, hidden)
        whole = torch.cat([ids, ids[:, :3]], dim=1)
        expected = hidden_states(loaded, whole, None, layers)
        found = continued_states(loaded, prefix, whole[:, len(shared) :], layers)
    except (AttributeError, KeyError, TypeError, ValueError):  # a model that keeps its states in a way of its own
        return None
    same = all(agree(found[layer], expected[layer], _CLOSE) for layer in expected)
    return replace(prefix, packs=_packs(loaded, prefix, ids, layers)) if same else None


def _packs(loaded: LoadedModel, prefix: Prefix, ids: torch.Tensor, layers: Sequence[int]) -> bool:
    """Compare two groups in one row with each in a pass of its own."""
    offset = find_offset(loaded)
    if offset is None:
        return False
    groups = [ids[:, :3], ids[:, :2].repeat(2, 1)]
    try:
        found = packed_states(loaded, groups, layers, offset, prefix)
    except (AttributeError, IndexError, RuntimeError, TypeError, ValueError):  # it does not number its layers, say
        return False
    expected = [continued_states(loaded, prefix, group, layers) for group in groups]
    return all(agree(a[layer], b[layer], _CLOSE) for a, b in zip(found, expected, strict=True) for layer in layers)


def _as_input(model: nn.Module, cache: DynamicCache) -> dict:
    return {_cache_name(type(model)): cache, "use_cache": True}


@lru_cache
def _cache_name(model_class: type) -> str:
    """Give the name that this release of transformers and this model have for a cache."""
    names = inspect.signature(model_class.forward).parameters
    name = "cache" if "cache" in names else "past_key_values"
    if name not in names:
        raise TypeError(f"{model_class.__name__} takes no cache")
    return name
