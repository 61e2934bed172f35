"""What a `Readout` takes from the hidden states of a batch: the mean of layers, the pooling, and what follows it."""

from collections.abc import Sequence

import numpy as np
import torch

from .._spec import Readout
from ._batch import TokenGroup
from ._head import Step
from ._pooling import POOLING
from ._sequences import Sequence_
from ._strategy import HiddenStates


def pool(group: TokenGroup, hidden: HiddenStates, readout: Readout) -> torch.Tensor:
    """Pool the sequences of a group: (n_sequences, n_pooled) of float32."""
    states = mean_of_layers(hidden, readout.layers)
    return torch.cat([POOLING[name](states, group.pooled, group.weights) for name in readout.pooling], dim=1)


def mean_of_layers(hidden: HiddenStates, layers: Sequence[int]) -> torch.Tensor:
    """Average hidden states (n_sequences, length, features), in float32 where there are several."""
    if len(layers) == 1:
        return hidden[layers[0]]
    total = hidden[layers[0]].float()
    for layer in layers[1:]:
        total = total + hidden[layer].float()
    return total / len(layers)


def mean_of_windows(pooled: torch.Tensor, sequences: Sequence[Sequence_], n_texts: int) -> torch.Tensor:
    """Mean over the windows of each text, weighted by their tokens: (n_texts, n_pooled)."""
    if len(sequences) == n_texts:
        return pooled
    row = torch.tensor([sequence.row for sequence in sequences])
    share = torch.tensor([float(sequence.share) for sequence in sequences])
    total = torch.zeros(n_texts).index_add(0, row, share)
    share = share / total[row]
    return torch.zeros(n_texts, pooled.shape[1]).index_add(0, row, pooled * share.unsqueeze(1))


def finish(pooled: torch.Tensor, readout: Readout, head: Sequence[Step]) -> np.ndarray:
    """Apply head, truncation and scaling to unit length: (n_texts, n_features) of float32."""
    return np.ascontiguousarray(finish_rows(pooled, readout, head).numpy(), dtype=np.float32)


def finish_rows(pooled: torch.Tensor, readout: Readout, head: Sequence[Step]) -> torch.Tensor:
    """Apply head, truncation and scaling to unit length: (n_texts, n_features) of float64, on the CPU."""
    vectors = pooled.double()
    if readout.head:
        for layer in head:
            vectors = layer(vectors)
    if readout.truncate_dim is not None:
        vectors = vectors[:, : readout.truncate_dim]
    if readout.normalize:
        vectors = torch.nn.functional.normalize(vectors, dim=1)
    return vectors
