"""Attention among packed sequences of several lengths, a few lengths at a time.

Products of one length alone are small where each text has its own, and their bookkeeping takes longer than they do.
Short sequences are padded to the next multiple of 8 tokens, whatever else is in the batch: a row depends on its own
length alone.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

import torch
from torch.nn.functional import pad, scaled_dot_product_attention

_SHORT = 64  # tokens of a sequence up to which plain products are no slower than torch's attention
_PLACES = 512  # tokens of a product, padding included: more would not stay in the cache of a core
_STEP = 8  # lengths between two multiples share a product
_LANES = 8  # a head of other than a multiple of these gives sums whose last bits depend on its place in memory


class _Places(NamedTuple):
    """Where the tokens of several sequences stand once these are padded to one length."""

    tokens: torch.Tensor  # (n * length,): the token of each place, the last one of a sequence in its padding
    places: torch.Tensor  # (n_tokens,): the place of each token


class _Part(NamedTuple):
    """Neighbouring sequences that attend in one product."""

    start: int
    stop: int
    n: int
    length: int
    places: _Places | None  # None where nothing is padded, and for a single sequence, whose padding follows it
    scores: torch.Tensor | None  # (n * n_heads or 1, 1, length): 0, and minus infinity in the padding


class PackedAttention:
    """Let every sequence of a batch attend to itself.

    Parameters
    ----------
    shapes : sequence of (n_sequences, length)
        The groups of the batch, in the order of their tokens.
    n_heads : int
        Heads of the attention.
    head_size : int
        Features of a head.
    dtype : torch.dtype
        Of the states.
    """

    def __init__(self, shapes: Sequence[tuple[int, int]], n_heads: int, head_size: int, dtype: torch.dtype):
        self._n_heads, self._dtype = n_heads, dtype
        self._has_lanes = head_size % _LANES == 0
        self._parts = list(self._cut(shapes))

    def __call__(self, qkv: torch.Tensor) -> torch.Tensor:
        """Map queries, keys and values (tokens, 3 * features) to what is attended (tokens, features)."""
        if len(self._parts) == 1 and self._parts[0].places is None:
            return self._attend_whole(qkv, self._parts[0])
        out = qkv.new_empty(len(qkv), qkv.shape[1] // 3)
        for part in self._parts:
            states, target = qkv[part.start : part.stop], out[part.start : part.stop]
            if part.places is None:
                target.copy_(self._attend_whole(states, part))
            else:
                attended = self._attend(states.index_select(0, part.places.tokens), part)
                torch.index_select(attended, 0, part.places.places, out=target)
        return out

    def _cut(self, shapes: Sequence[tuple[int, int]]) -> Iterator[_Part]:
        start = 0
        for padded, group in groupby(shapes, key=lambda shape: self._padded_length(shape[1])):
            every = [length for n, length in group for _ in range(n)]
            most = max(1, _PLACES // padded)
            for lengths in (every[k : k + most] for k in range(0, len(every), most)):
                n_tokens, n = sum(lengths), len(lengths)
                is_padded = n_tokens < padded * n
                places = _place(lengths, padded) if is_padded and n > 1 else None
                scores = _mask(lengths, padded, self._n_heads, self._dtype) if is_padded else None
                yield _Part(start, start + n_tokens, n, padded, places, scores)
                start += n_tokens

    def _padded_length(self, length: int) -> int:
        is_short = length <= _SHORT and self._has_lanes
        return -(-length // _STEP) * _STEP if is_short else length

    def _attend_whole(self, states: torch.Tensor, part: _Part) -> torch.Tensor:
        """Attend where no places have to be looked up: padding, if any, follows the last token."""
        n_added = part.n * part.length - len(states)
        return self._attend(pad(states, (0, 0, 0, n_added)) if n_added else states, part)[: len(states)]

    def _attend(self, states: torch.Tensor, part: _Part) -> torch.Tensor:
        # (n * length, 3 * features) -> three of (n, heads, length, features of a head)
        apart = states.view(part.n, part.length, 3, self._n_heads, -1).permute(2, 0, 3, 1, 4)
        if part.length > _SHORT or not self._has_lanes:
            attended = scaled_dot_product_attention(*apart)
        else:
            attended = _attend_short(apart, part.scores)
        return attended.transpose(1, 2).reshape(part.n * part.length, -1)


def _place(lengths: Sequence[int], padded: int) -> _Places:
    column, length = torch.arange(padded), torch.tensor(lengths).unsqueeze(1)
    first = length.cumsum(0) - length
    return _Places(
        tokens=(first + torch.minimum(column, length - 1)).flatten(),
        places=(column < length).flatten().nonzero().squeeze(1),
    )


def _mask(lengths: Sequence[int], padded: int, n_heads: int, dtype: torch.dtype) -> torch.Tensor:
    if len(lengths) == 1:
        return pad(torch.zeros(1, 1, lengths[0], dtype=dtype), (0, padded - lengths[0]), value=-torch.inf)
    is_token = torch.arange(padded) < torch.tensor(lengths).unsqueeze(1)
    scores = torch.zeros(is_token.shape, dtype=dtype).masked_fill_(~is_token, -torch.inf)
    return scores.repeat_interleave(n_heads, dim=0).unsqueeze(1)


def _attend_short(states: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
    """Attend by plain products, many heads at once: torch's fused kernel takes one at a time, and its threads wait."""
    shape = states.shape[1:]
    query, key, value = states.reshape(3, -1, *shape[2:])
    added = states.new_empty(1, 1, 1) if mask is None else mask
    scores = torch.baddbmm(added, query, key.mT, beta=0 if mask is None else 1, alpha=shape[-1] ** -0.5)
    shares = scores.float().softmax(dim=-1).to(value.dtype)  # torch's softmax in half precision is slower
    return torch.bmm(shares, value).view(shape)
