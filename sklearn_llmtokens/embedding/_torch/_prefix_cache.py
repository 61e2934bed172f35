"""What a prompt puts before every text, run once: in a causal model it is the same whatever follows it.

The keys and values of these tokens are kept beside the model, and a batch runs the rest of its sequences alone:
``benchmarks/prompts.py`` measures what that brings.
"""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from transformers import PreTrainedModel
from transformers.cache_utils import DynamicCache, DynamicLayer

from .._prompts import SLOT
from .._spec import ForwardSpec
from ._batch import TokenGroup, equal_length_groups
from ._hidden import hidden_states
from ._precision import agree
from ._sequences import Sequence_
from ._tokenizer import TextTokenizer
from ._transformer import Transformer
from ._unpadded import Unpadded

# Fewer tokens than this are not worth the copies of their keys and values.
MIN_TOKENS = 4
_CLOSE = 1e-3  # of the largest value: what a model gives that caches nothing, against one that does


@dataclass(frozen=True)
class _Prefix:
    """The first tokens of all sequences, and what the model makes of them.

    Attributes
    ----------
    token_ids : tuple of int
        The tokens.
    keys_values : list of pair of tensor of shape (1, heads, n_tokens, head features)
        Keys and values of each layer that was run.
    hidden : dict of int to tensor of shape (1, n_tokens, features)
        Hidden states by layer.
    """

    token_ids: tuple[int, ...]
    keys_values: list[tuple[torch.Tensor, torch.Tensor]]
    hidden: dict[int, torch.Tensor]

    def cache(self, model: PreTrainedModel, n_sequences: int) -> DynamicCache:
        """Build a cache that holds the prefix for each of `n_sequences` sequences."""
        cache = DynamicCache(config=model.config)
        for layer, (keys, values) in zip(cache.layers, self.keys_values, strict=False):
            assert isinstance(layer, DynamicLayer)  # as in `find_prefix_cached`
            layer.lazy_initialization(keys, values)
            layer.keys = keys.expand(n_sequences, -1, -1, -1)
            layer.values = values.expand(n_sequences, -1, -1, -1)
        return cache

    def before(self, states: dict[int, torch.Tensor]) -> dict[int, torch.Tensor]:
        """Put the hidden states of the prefix before those of the sequences."""
        return {
            layer: torch.cat([self.hidden[layer].expand(len(state), -1, -1), state], dim=1)
            for layer, state in states.items()
        }


class PrefixCached:
    """Run the tokens that follow a prefix which has been run.

    Parameters
    ----------
    transformer : Transformer
        A causal model.
    prefix : _Prefix
        The tokens that sequences begin with, and what the model makes of them.
    unpadded : Unpadded or None
        Runs sequences of several lengths in one row; None where the model cannot.
    """

    def __init__(self, transformer: Transformer, prefix: _Prefix, unpadded: Unpadded | None):
        self.transformer, self.prefix, self.unpadded = transformer, prefix, unpadded
        self.mixes_lengths = unpadded is not None

    def accepts(self, token_ids: Sequence[int]) -> bool:
        first = self.prefix.token_ids
        return len(token_ids) > len(first) and tuple(token_ids[: len(first)]) == first

    def groups(self, sequences: Sequence[Sequence_]) -> list[TokenGroup]:
        return equal_length_groups(sequences)

    def states(self, groups: Sequence[TokenGroup], layers: Sequence[int]) -> list[dict[int, torch.Tensor]]:
        n_before = len(self.prefix.token_ids)
        rest = [group.token_ids[:, n_before:] for group in groups]
        if self.unpadded is not None:
            found = self.unpadded.row_states(rest, layers, n_before, self.prefix.keys_values)
        else:
            found = [self._continued(token_ids, layers) for token_ids in rest]
        return [self.prefix.before(states) for states in found]

    def _continued(self, token_ids: torch.Tensor, layers: Sequence[int]) -> dict[int, torch.Tensor]:
        """Compute the hidden states of the tokens (n_sequences, length) that follow the prefix."""
        cache = self.prefix.cache(self.transformer.model, len(token_ids))
        return hidden_states(self.transformer, token_ids, None, layers, more=_as_input(self.transformer.model, cache))


def shared_token_ids(tokenizer: TextTokenizer, spec: ForwardSpec) -> tuple[int, ...]:
    """Return the tokens with which the sequences of a spec begin, without those that may merge with the text.

    Parameters
    ----------
    tokenizer : TextTokenizer
        The tokenizer.
    spec : ForwardSpec
        Names the template, and says whether the model is causal.

    Returns
    -------
    tuple of int
        Empty where nothing can be shared: in encoders and for short prompts.
    """
    before = spec.template.partition(SLOT)[0]
    if not spec.causal or not before:
        return ()
    ids = (*tokenizer.prefix, *tokenizer.backend.encode(before, add_special_tokens=False).ids[:-1])
    return ids if len(ids) >= MIN_TOKENS else ()


@torch.inference_mode()
def find_prefix_cached(
    transformer: Transformer, unpadded: Unpadded | None, token_ids: tuple[int, ...], layers: Sequence[int]
) -> PrefixCached | None:
    """Run the tokens that sequences begin with, and check that sequences can go on from there.

    Parameters
    ----------
    transformer : Transformer
        A causal model on the CPU.
    unpadded : Unpadded or None
        The model's unpadded strategy, if it has one.
    token_ids : tuple of int
        The first tokens.
    layers : sequence of int
        Hidden states that will be asked for.

    Returns
    -------
    PrefixCached or None
        None where no layer is run, or the model keeps other states than keys and values of all tokens.
    """
    model = transformer.model
    try:
        cache = DynamicCache(config=model.config)
        ids = torch.tensor([token_ids], device=transformer.device)
        hidden = hidden_states(transformer, ids, None, layers, more=_as_input(model, cache))
        kept = [layer for layer in cache.layers if type(layer) is DynamicLayer]
        keys_values = [(k.keys, k.values) for k in kept if k.keys is not None and k.values is not None]
        if not keys_values or len(kept) < len(cache.layers):
            return None
    except (AttributeError, KeyError, TypeError, ValueError):  # a model that keeps its states in its own form
        return None
    strategy = PrefixCached(transformer, _Prefix(token_ids, keys_values, hidden), unpadded)
    return strategy if _is_right(strategy, ids, layers) else None


def _is_right(strategy: PrefixCached, ids: torch.Tensor, layers: Sequence[int]) -> bool:
    """Compare two groups that go on from the prefix with whole sequences."""
    whole = [torch.cat([ids, ids[:, :3]], dim=1), torch.cat([ids, ids[:, :2]], dim=1).repeat(2, 1)]
    groups = [TokenGroup(part, None, part > 0, None) for part in whole]
    try:
        found = strategy.states(groups, layers)
    except (AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError):  # it cannot be run this way
        return False
    expected = [hidden_states(strategy.transformer, part, None, layers) for part in whole]
    return all(agree(a[layer], b[layer], _CLOSE) for a, b in zip(found, expected, strict=True) for layer in layers)


def _as_input(model: PreTrainedModel, cache: DynamicCache) -> dict:
    return {_cache_name(type(model).forward): cache, "use_cache": True}


@lru_cache
def _cache_name(forward: Callable) -> str:
    """Return the name that this release of transformers and this model have for a cache."""
    names = inspect.signature(forward).parameters
    name = "cache" if "cache" in names else "past_key_values"
    if name not in names:
        raise TypeError(f"{forward.__qualname__} takes no cache")
    return name
