"""How hidden states are computed: the strategies for sequences of several lengths, and which one suits a model.

On a CPU no sequence is padded to the length of another, because that changes the rounding of attention: the vector of a
text must not depend on the other texts of its batch. An accelerator needs large batches to be busy, and pads.
"""

from collections.abc import Sequence
from typing import Protocol

import torch

from ._batch import TokenGroup, equal_length_groups, padded_group
from ._hidden import hidden_states
from ._sequences import Sequence_
from ._transformer import Transformer

HiddenStates = dict[int, torch.Tensor]
"""Hidden states (n_sequences, longest, features) of a group by layer."""


class Strategy(Protocol):
    """Computes the hidden states of a batch.

    Attributes
    ----------
    mixes_lengths : bool
        Whether a batch may hold sequences of several lengths.
    """

    mixes_lengths: bool

    def accepts(self, token_ids: Sequence[int]) -> bool:
        """Check whether a sequence can be run; one that cannot is run among sequences of its own length."""

    def groups(self, sequences: Sequence[Sequence_]) -> list[TokenGroup]:
        """Arrange a batch, whose equal lengths stand together, into matrices."""

    def states(self, groups: Sequence[TokenGroup], layers: Sequence[int]) -> list[HiddenStates]:
        """Compute the hidden states of each group, numbered as transformers numbers them."""


class EqualLengths:
    """Run sequences of one length together, without padding.

    Parameters
    ----------
    transformer : Transformer
        The model.
    """

    mixes_lengths = False

    def __init__(self, transformer: Transformer):
        self.transformer = transformer

    def accepts(self, token_ids: Sequence[int]) -> bool:
        return True

    def groups(self, sequences: Sequence[Sequence_]) -> list[TokenGroup]:
        return equal_length_groups(sequences)

    def states(self, groups: Sequence[TokenGroup], layers: Sequence[int]) -> list[HiddenStates]:
        return [hidden_states(self.transformer, group.token_ids, None, layers) for group in groups]


class Padded:
    """Pad the sequences of a batch to the longest of them.

    Parameters
    ----------
    transformer : Transformer
        The model.
    pad : int
        Token id of padding.
    causal : bool
        Whether a token sees only those before it.
    """

    mixes_lengths = True

    def __init__(self, transformer: Transformer, pad: int, causal: bool):
        self.transformer, self.pad, self.causal = transformer, pad, causal

    def accepts(self, token_ids: Sequence[int]) -> bool:
        return True

    def groups(self, sequences: Sequence[Sequence_]) -> list[TokenGroup]:
        return [padded_group(sequences, self.pad, self.transformer.device, causal=self.causal)]

    def states(self, groups: Sequence[TokenGroup], layers: Sequence[int]) -> list[HiddenStates]:
        return [hidden_states(self.transformer, group.token_ids, group.attention_mask, layers) for group in groups]
