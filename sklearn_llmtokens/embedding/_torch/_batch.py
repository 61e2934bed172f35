"""From sequences to the matrices of token ids that a model reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import torch

from ._sequences import Sequence_


@dataclass(frozen=True)
class TokenGroup:
    """Sequences that go through a model as one matrix.

    Attributes
    ----------
    token_ids : tensor of shape (n_sequences, longest)
        Padded on the right.
    attention_mask : tensor of shape (n_sequences, longest), int64, or None
        1 on tokens, 0 on padding; None where no token sees padding.
    pooled : tensor of shape (n_sequences, longest), bool
        True on the tokens that are pooled.
    weights : tensor of shape (n_sequences, longest), float32, or None
        Weight of each token in a mean; None where all weigh the same.
    """

    token_ids: torch.Tensor
    attention_mask: torch.Tensor | None
    pooled: torch.Tensor
    weights: torch.Tensor | None


def equal_length_groups(sequences: Sequence[Sequence_]) -> list[TokenGroup]:
    """Group neighbours of one length, which need no padding.

    Parameters
    ----------
    sequences : sequence of Sequence_
        Sequences of one length stand together.

    Returns
    -------
    list of TokenGroup
        In the order of `sequences`.
    """
    groups = (list(group) for _, group in groupby(sequences, key=lambda sequence: len(sequence.token_ids)))
    return [
        TokenGroup(torch.tensor([s.token_ids for s in group]), None, _pooled_tokens(group), _weights(group))
        for group in groups
    ]


def padded_group(sequences: Sequence[Sequence_], pad: int, device: str, *, causal: bool) -> TokenGroup:
    """Pad sequences on the right to the longest of them.

    Parameters
    ----------
    sequences : sequence of Sequence_
        Sequences of any lengths.
    pad : int
        Token id of padding.
    device : str
        Where the tensors are put.
    causal : bool
        True where no token sees what follows it: padding then needs no mask, and any token of the vocabulary will do.

    Returns
    -------
    TokenGroup
        One group of all sequences.
    """
    lengths = torch.tensor([[len(sequence.token_ids)] for sequence in sequences])
    longest = int(lengths.max())
    fill = sequences[0].token_ids[0] if causal else pad
    token_ids = torch.tensor([[*s.token_ids, *[fill] * (longest - len(s.token_ids))] for s in sequences])
    mask = None if causal or int(lengths.min()) == longest else (torch.arange(longest) < lengths).long().to(device)
    weights = _weights(sequences)
    return TokenGroup(
        token_ids.to(device),
        mask,
        _pooled_tokens(sequences).to(device),
        None if weights is None else weights.to(device),
    )


def _pooled_tokens(sequences: Sequence[Sequence_]) -> torch.Tensor:
    position = np.arange(max(len(sequence.token_ids) for sequence in sequences))
    start, stop = np.array([[s.start, s.stop] for s in sequences]).T[:, :, None]
    return torch.from_numpy((position >= start) & (position < stop))


def _weights(sequences: Sequence[Sequence_]) -> torch.Tensor | None:
    if all(sequence.weights is None for sequence in sequences):
        return None
    weights = torch.ones(len(sequences), max(len(sequence.token_ids) for sequence in sequences))
    for row, sequence in zip(weights, sequences, strict=True):
        if sequence.weights is not None:
            row[: len(sequence.weights)] = torch.from_numpy(sequence.weights)
    return weights
