"""What stands before every sequence and has been run."""

from dataclasses import dataclass

import torch
from torch import nn
from transformers.cache_utils import DynamicCache


@dataclass(frozen=True)
class Prefix:
    """The first tokens of all sequences, and what the model makes of them.

    Attributes
    ----------
    n_tokens : int
        How many they are.
    states : list of pair of tensor of shape (1, heads, n_tokens, head features)
        Keys and values of each layer that was run.
    hidden : dict of int to tensor of shape (1, n_tokens, features)
        Hidden states by layer.
    packs : bool
        Whether sequences of several lengths that begin with it can be run in one row.
    """

    n_tokens: int
    states: list[tuple[torch.Tensor, torch.Tensor]]
    hidden: dict[int, torch.Tensor]
    packs: bool = False

    def cache(self, model: nn.Module, n_sequences: int) -> DynamicCache:
        """Give a cache that holds the prefix for each of so many sequences."""
        cache = DynamicCache(config=model.config)
        for layer, (keys, values) in zip(cache.layers, self.states, strict=False):
            layer.lazy_initialization(keys, values)
            layer.keys = keys.expand(n_sequences, -1, -1, -1)
            layer.values = values.expand(n_sequences, -1, -1, -1)
        return cache

    def before(self, states: dict[int, torch.Tensor]) -> dict[int, torch.Tensor]:
        """Put its hidden states before those of the sequences that it begins."""
        return {
            layer: torch.cat([self.hidden[layer].expand(len(state), -1, -1), state], dim=1)
            for layer, state in states.items()
        }
