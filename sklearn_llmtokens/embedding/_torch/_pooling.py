"""From the hidden states of a batch to one vector a sequence.

Every function takes ``hidden`` (batch, length, features), ``mask`` (batch, length) of bool that is True on the tokens
to be pooled, and ``weights`` (batch, length) of float32 or None, and gives (batch, features) of float32. Sequences are
padded on the right, so that the column of a token is its position in the sequence.
"""

from collections.abc import Callable

import torch


def mean(hidden: torch.Tensor, mask: torch.Tensor, weights: torch.Tensor | None) -> torch.Tensor:
    """Mean of the tokens, weighted where there are weights."""
    return _weighted_sum(hidden, _token_weights(mask, weights), normalise=True)


def weighted_mean(hidden: torch.Tensor, mask: torch.Tensor, weights: torch.Tensor | None) -> torch.Tensor:
    """Mean weighted by position, 1 for the first token (Muennighoff 2022, "SGPT", arXiv:2202.08904)."""
    position = torch.arange(1, mask.shape[1] + 1, device=mask.device, dtype=torch.float32)
    return _weighted_sum(hidden, _token_weights(mask, weights) * position, normalise=True)


def mean_sqrt_len(hidden: torch.Tensor, mask: torch.Tensor, weights: torch.Tensor | None) -> torch.Tensor:
    """Sum of the tokens over the square root of their number."""
    total = _token_weights(mask, weights)
    return _weighted_sum(hidden, total, normalise=False) / total.sum(1, keepdim=True).clamp(min=1e-9).sqrt()


def cls(hidden: torch.Tensor, mask: torch.Tensor, weights: torch.Tensor | None) -> torch.Tensor:
    """First token, where BERT keeps its [CLS]."""
    first = mask.to(torch.int32).argmax(dim=1)
    return hidden[torch.arange(len(hidden), device=hidden.device), first].float()


def last(hidden: torch.Tensor, mask: torch.Tensor, weights: torch.Tensor | None) -> torch.Tensor:
    """Last token, the only one that has seen the whole text in a causal model."""
    position = torch.arange(mask.shape[1], device=mask.device)
    final = torch.where(mask, position, -1).amax(dim=1).clamp(min=0)
    return hidden[torch.arange(len(hidden), device=hidden.device), final].float()


def max_(hidden: torch.Tensor, mask: torch.Tensor, weights: torch.Tensor | None) -> torch.Tensor:
    """Largest value of each feature over the tokens."""
    return hidden.masked_fill(~mask.unsqueeze(-1), -torch.inf).amax(dim=1).float()


POOLING: dict[str, Callable[[torch.Tensor, torch.Tensor, torch.Tensor | None], torch.Tensor]] = {
    "mean": mean,
    "cls": cls,
    "max": max_,
    "last": last,
    "weighted_mean": weighted_mean,
    "mean_sqrt_len": mean_sqrt_len,
}


def _token_weights(mask: torch.Tensor, weights: torch.Tensor | None) -> torch.Tensor:
    """Weights of the pooled tokens; where a text has no weight at all (stop words alone), its tokens count alike."""
    plain = mask.float()
    if weights is None:
        return plain
    weighted = plain * weights
    return torch.where(weighted.sum(dim=1, keepdim=True) > 0, weighted, plain)


def _weighted_sum(hidden: torch.Tensor, weights: torch.Tensor, *, normalise: bool) -> torch.Tensor:
    if normalise:
        weights = weights / weights.sum(dim=1, keepdim=True).clamp(min=1e-9)
    # The order of a sum depends on the padding of its batch: in float64 that does not reach the rounded result.
    wide = torch.float64 if hidden.device.type == "cpu" else torch.float32
    # (batch, 1, length) @ (batch, length, features) -> (batch, features)
    return torch.bmm(weights.to(wide).unsqueeze(1), hidden.to(wide)).squeeze(1).float()
